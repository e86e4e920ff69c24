//! The kernel's floor of media: what it costs to send and receive the packets of calls with ports of their own, when
//! nothing is made of them.
//!
//! Two child processes, a core each, send a packet from each of their ports every 20 ms and take three that have come at
//! every third, the cheapest way that needs no privilege (`docs/media-paths.md`).

use std::io::IoSliceMut;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg};

use super::Bench;
use super::floor::{Load, run_pair};
use super::pair::median;
use super::report::Row;
use crate::workspace::{Outcome, because};

/// First word of the child's command line.
pub(super) const ROLE: &str = "streams";
/// Calls on each side where the cost is measured.
const CALLS: u64 = 1500;
/// Calls where it is measured how late the packets leave.
const MANY_CALLS: u64 = 3000;
/// First ports of the two sides; each call has an even one.
const PORTS: [u16; 2] = [10_000, 35_000];
/// A packet of each call leaves in so many milliseconds.
const INTERVAL_MS: u64 = 20;
/// Bytes of an RTP packet of 20 ms of G.711.
const PACKET: [u8; 172] = [0x80; 172];
/// A port is read at every so many of its packets.
const READ_EVERY: u64 = 3;
/// Most packets taken at once.
const SLOTS: usize = 8;

/// Measures it.
pub(super) fn measure(bench: &Bench) -> Outcome<Vec<Row>> {
    let mut values = Vec::new();
    for _ in 0..bench.repetitions {
        let packets = CALLS * bench.load.as_secs() * 1000 / INTERVAL_MS;
        values.push(run(bench, CALLS)?.cpu_s * 1e6 / packets as f64);
    }
    let value = median(values);
    let calls = 1e6 / value / (1000 / INTERVAL_MS) as f64;
    let late = run(bench, MANY_CALLS)?.output;
    println!("    {value:.2} µs; {MANY_CALLS} calls: {}", late.trim());
    let title = "kernel floor of an RTP packet each way, a port for each call; calls that fill a core";
    Ok(vec![
        Row::new(title, String::new(), format!("{value:.2} µs; {calls:.0} calls")),
        Row::new(
            &format!("the packets of {MANY_CALLS} such calls, by the kernel's floor alone, one core"),
            String::new(),
            late.trim().to_owned(),
        ),
    ])
}

fn run(bench: &Bench, calls: u64) -> Outcome<Load> {
    let words = |own: u16, theirs: u16, seconds: u64| {
        [ROLE.to_owned(), own.to_string(), theirs.to_string(), calls.to_string(), seconds.to_string()]
    };
    let seconds = bench.load.as_secs();
    let load = words(PORTS[0], PORTS[1], seconds);
    // The peer is there before, and until it is ended.
    let peer = words(PORTS[1], PORTS[0], seconds * 3 + 10);
    run_pair(&load, &peer, bench.load)
}

/// The child process: its calls' packets for so many seconds. Prints how late they left.
pub(super) fn exchange(own: u16, theirs: u16, calls: u64, seconds: u64) -> Outcome {
    let port = |first: u16, call: u64| first + 2 * call as u16;
    let mut sockets = Vec::new();
    for call in 0..calls {
        let port = port(own, call);
        let socket = because(format!("port {port}"), UdpSocket::bind((Ipv4Addr::LOCALHOST, port)))?;
        because(format!("port {port}"), socket.set_nonblocking(true))?;
        sockets.push((socket, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)));
    }
    for (call, (_, to)) in sockets.iter_mut().enumerate() {
        to.set_port(port(theirs, call as u64));
    }
    let mut reader = Reader { headers: MultiHeaders::preallocate(SLOTS, None), buffers: [[0; 2048]; SLOTS] };
    let start = Instant::now();
    let mut received = 0;
    let mut late = Vec::new();
    for millisecond in 0..seconds * 1000 {
        let round = millisecond / INTERVAL_MS;
        let due = (millisecond % INTERVAL_MS) as usize;
        late.push(start.elapsed().saturating_sub(Duration::from_millis(millisecond)));
        for (call, (socket, to)) in sockets.iter().enumerate().skip(due).step_by(INTERVAL_MS as usize) {
            // Nobody may listen there yet, or any more.
            let _ = socket.send_to(&PACKET, to);
            if (round + call as u64).is_multiple_of(READ_EVERY) {
                received += reader.take(socket)?;
            }
        }
        if let Some(rest) = Duration::from_millis(millisecond + 1).checked_sub(start.elapsed()) {
            sleep(rest);
        }
    }
    let expected = calls * seconds * 1000 / INTERVAL_MS;
    // The first and the last are still under way, and a peer without a moment to spare falls behind; half would be another
    // measurement.
    if received * 2 < expected {
        return Err(format!("only {received} of {expected} packets came"));
    }
    late.sort();
    println!("p99 {:.2} ms late", late[late.len() * 99 / 100].as_secs_f64() * 1e3);
    Ok(())
}

struct Reader {
    headers: MultiHeaders<SockaddrIn>,
    buffers: [[u8; 2048]; SLOTS],
}

impl Reader {
    /// Takes what waits; says how many packets that was.
    fn take(&mut self, socket: &UdpSocket) -> Outcome<u64> {
        let mut slices = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let flags = MsgFlags::MSG_DONTWAIT;
        match recvmmsg(socket.as_raw_fd(), &mut self.headers, &mut slices, flags, None) {
            Ok(messages) => Ok(messages.count() as u64),
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => Ok(0),
            Err(error) => Err(format!("receiving: {error}")),
        }
    }
}
