//! Once warm, a message costs no allocation.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use busyhour_engine::Protocol;
use busyhour_net::BindOptions;
use common::Setup;

/// Counts the allocations of the workers' threads.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// The tests count with one counter.
static ALONE: Mutex<()> = Mutex::new(());

thread_local! {
    static COUNTED: bool = std::thread::current().name().is_some_and(|name| name.starts_with("worker-"));
}

fn count() {
    thread_local!(static ASKING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    // To ask for the thread's name may allocate.
    if ASKING.try_with(|asking| asking.replace(true)).unwrap_or(true) {
        return;
    }
    if COUNTED.try_with(|&counted| counted).unwrap_or(false) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    }
    let _ = ASKING.try_with(|asking| asking.set(false));
}

// SAFETY: everything is passed on to the system's allocator.
#[allow(unsafe_code, reason = "an allocator can't be written without")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the memory came from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn rounds(clients: &[UdpSocket], to: std::net::SocketAddr, count: usize) {
    let mut buffer = [0; 2048];
    for round in 0..count {
        for (c, client) in clients.iter().enumerate() {
            for n in 0..8 {
                let len = 400 + (n * 7 + c) % 3;
                let mut message = [b'.'; 512];
                message[..8].copy_from_slice(b"owner: 0");
                message[7] = b'0' + ((round + c) % 2) as u8;
                client.send_to(&message[..len], to).unwrap();
            }
        }
        for client in clients {
            for _ in 0..8 {
                client.recv_from(&mut buffer).unwrap();
            }
        }
    }
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
        rounds(&clients, rig.local, 50);
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        assert!(before > 0, "nothing is counted at all");
        rounds(&clients, rig.local, 500);
        let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
        // 32 000 messages; a buffer may still grow once when a turn is larger than all before.
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
    let mut round = || {
        for stream in &mut streams {
            for _ in 0..8 {
                stream.write_all(message.as_bytes()).unwrap();
            }
        }
        for stream in &mut streams {
            let mut back = vec![0; 8 * message.len()];
            stream.read_exact(&mut back).unwrap();
        }
    };
    (0..50).for_each(|_| round());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..500).for_each(|_| round());
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(allocations <= 8, "{allocations} allocations");
    rig.finish();
}
