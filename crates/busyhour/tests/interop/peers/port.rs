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

/// Waits until the process has bound the port; false if it ended before.
///
/// # Panics
/// If neither happens in time.
pub(crate) fn wait_until_bound(process: &mut Process, transport: Transport, port: u16) -> bool {
    let deadline = Instant::now() + SOON;
    while Instant::now() < deadline {
        if is_bound(transport, port, process.id()) {
            return true;
        }
        if process.ended().is_some() {
            return false;
        }
        sleep(Duration::from_millis(5));
    }
    panic!("{} has not bound port {port} in {SOON:?}\n{}", process.name(), process.logs());
}

/// Whether the kernel lists the port as bound (UDP) or listening (TCP) by that process. Another one may have been quicker.
fn is_bound(transport: Transport, port: u16, process: u32) -> bool {
    let (files, state) = match transport {
        Transport::Udp => (["/proc/net/udp", "/proc/net/udp6"], "07"),
        Transport::Tcp => (["/proc/net/tcp", "/proc/net/tcp6"], "0A"),
    };
    let suffix = format!(":{port:04X}");
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).any(|table| {
        table.lines().skip(1).any(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, found, _, _, _, _, _, inode, ..] = columns[..] else { return false };
            local.ends_with(&suffix) && found == state && has_socket(process, inode)
        })
    })
}

fn has_socket(process: u32, inode: &str) -> bool {
    let socket = format!("socket:[{inode}]");
    let files = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    files
        .filter_map(|file| fs::read_link(file.path()).ok())
        .any(|target| target.as_os_str() == socket.as_str())
}
