//! Ports that the kernel chooses, and seeing that a program has bound one without disturbing it.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Process, SOON};

/// What a port carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Datagrams.
    Udp,
    /// A listening stream socket.
    Tcp,
}

/// A loopback port that is free for both UDP and TCP. It is not held: another program may take it first, so servers are
/// started again with another port if theirs is taken.
pub(crate) fn free_port() -> u16 {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("bind a UDP port");
        let port = udp.local_addr().expect("a bound socket has an address").port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port free for both UDP and TCP after 100 tries");
}

/// Waits until somebody has bound the port; false if the process ended before.
///
/// # Panics
/// If neither happens in time.
pub(crate) fn wait_until_bound(process: &mut Process, transport: Transport, port: u16) -> bool {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        if is_bound(transport, port) {
            return true;
        }
        if process.ended().is_some() {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("{} has not bound port {port} in {SOON:?}\n{}", process.name(), process.logs());
}

/// Whether the kernel lists the port as bound (UDP) or listening (TCP).
fn is_bound(transport: Transport, port: u16) -> bool {
    let (files, state) = match transport {
        Transport::Udp => (["/proc/net/udp", "/proc/net/udp6"], "07"),
        Transport::Tcp => (["/proc/net/tcp", "/proc/net/tcp6"], "0A"),
    };
    let suffix = format!(":{port:04X}");
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).any(|table| {
        table.lines().skip(1).any(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let local = columns.next().unwrap_or_default();
            local.ends_with(&suffix) && columns.nth(1) == Some(state)
        })
    })
}
