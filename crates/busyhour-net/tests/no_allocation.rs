//! Once warm, a message costs no allocation.

mod common;

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use busyhour_engine::Protocol;
use busyhour_net::BindOptions;
use busyhour_testing::Counting;
use common::{Rig, Setup};

/// Of the workers' threads.
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// The tests count with one counter.
static ALONE: Mutex<()> = Mutex::new(());

thread_local! {
    static COUNTED: bool = std::thread::current().name().is_some_and(|name| name.starts_with("worker-"));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting(|_, taken| {
    if taken > 0 {
        count();
    }
});

fn count() {
    thread_local!(static ASKING: Cell<bool> = const { Cell::new(false) });
    // To ask for the thread's name may allocate.
    if ASKING.try_with(|asking| asking.replace(true)).unwrap_or(true) {
        return;
    }
    if COUNTED.try_with(|&counted| counted).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
    let _ = ASKING.try_with(|asking| asking.set(false));
}

/// Messages of a client in one round.
const PER_ROUND: usize = 8;
/// Enough for each of two buffers that take turns to have met the largest turn, whoever had its turn.
const WARM_ROUNDS: usize = 32;

fn rounds(clients: &[UdpSocket], to: SocketAddr, count: usize) {
    for round in 0..count {
        send(clients, to, round);
        receive(clients, PER_ROUND);
    }
}

fn send(clients: &[UdpSocket], to: SocketAddr, round: usize) {
    for (c, client) in clients.iter().enumerate() {
        for n in 0..PER_ROUND {
            let len = 400 + (n * 7 + c) % 3;
            let mut message = [b'.'; 512];
            message[..8].copy_from_slice(b"owner: 0");
            message[7] = b'0' + ((round + c) % 2) as u8;
            client.send_to(&message[..len], to).unwrap();
        }
    }
}

fn receive(clients: &[UdpSocket], messages: usize) {
    let mut buffer = [0; 2048];
    for client in clients {
        for _ in 0..messages {
            client.recv_from(&mut buffer).unwrap();
        }
    }
}

/// Lets the workers meet larger turns than any that may come: how much of a round comes together is up to the kernel
/// and to the load of the machine.
fn warm(rig: &Rig, clients: &[UdpSocket]) {
    rounds(clients, rig.local, 50);
    for round in 0..WARM_ROUNDS {
        rig.held(|| {
            send(clients, rig.local, round);
            send(clients, rig.local, round + 1);
        });
        receive(clients, 2 * PER_ROUND);
    }
    rounds(clients, rig.local, 1);
}

#[test]
fn a_datagram_costs_no_allocation_once_warm() {
    let _alone = ALONE.lock().unwrap();
    for workers in [1, 2] {
        let options = BindOptions { workers, ..Setup::default().options };
        let rig = Setup { options, keep: false, ..Setup::default() }.start();
        let clients: Vec<_> = (0..8).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for client in &clients {
            client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        }
        warm(&rig, &clients);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        assert!(before > 0, "nothing is counted at all");
        rounds(&clients, rig.local, 500);
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        // 32 000 messages; a few buffers may still grow once.
        assert!(allocations <= 8, "{allocations} allocations");
        rig.finish();
    }
}

#[test]
fn a_message_on_a_stream_costs_no_allocation_once_warm() {
    let _alone = ALONE.lock().unwrap();
    let options = BindOptions { protocol: Protocol::Tcp, ..Setup::default().options };
    let rig = Setup { options, keep: false, ..Setup::default() }.start();
    let mut streams: Vec<_> = (0..4).map(|_| TcpStream::connect(rig.local).unwrap()).collect();
    let message = format!("MESSAGE sip:x SIP/2.0\r\nContent-Length: 400\r\n\r\n{}", "x".repeat(400));
    let write = |streams: &mut [TcpStream], messages: usize| {
        for stream in streams {
            for _ in 0..messages {
                stream.write_all(message.as_bytes()).unwrap();
            }
        }
    };
    let read = |streams: &mut [TcpStream], messages: usize| {
        for stream in streams {
            let mut back = vec![0; messages * message.len()];
            stream.read_exact(&mut back).unwrap();
        }
    };
    for _ in 0..WARM_ROUNDS {
        rig.held(|| write(&mut streams, 2 * PER_ROUND));
        read(&mut streams, 2 * PER_ROUND);
    }
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..500 {
        write(&mut streams, PER_ROUND);
        read(&mut streams, PER_ROUND);
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(allocations <= 8, "{allocations} allocations");
    rig.finish();
}
