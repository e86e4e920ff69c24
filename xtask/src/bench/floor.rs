//! The kernel's floor: what sending and receiving the datagrams of a call costs when SIP costs nothing.
//!
//! A child process sends three datagrams a call and receives three, of a call's sizes, at the benchmark's rate, to an echo
//! on the other core: once one system call for each datagram, once with a send and a receive for each run of equal ones.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt, sockopt,
};

use super::pair::{free_port, median};
use super::report::Row;
use super::run::stat;
use super::{Bench, media_floor};
use crate::workspace::{Outcome, because};

/// Calls per second.
const RATE: u64 = 10_000;
/// Calls in one millisecond, the length of a batch.
const CALLS: usize = (RATE / 1000) as usize;
/// Bytes of an INVITE, an ACK and a BYE of the embedded `uac`.
const SIZES: [usize; 3] = [560, 380, 380];
/// Largest datagram, and so the largest run of segments.
const DATAGRAM_MAX: usize = 65_507;

/// Measures both ways of doing it.
pub(super) fn measure(bench: &Bench) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for (way, title) in [
        ("single", "kernel floor of a call, one system call a datagram"),
        ("batched", "kernel floor of a call, in batches (GSO, GRO)"),
    ] {
        let mut values = Vec::new();
        for _ in 0..bench.repetitions {
            let port = free_port()?.to_string();
            let seconds = bench.load.as_secs();
            let words = |role: &str| [role, way, &port, &seconds.to_string()].map(str::to_owned);
            let load = run_pair(&words("load"), &words("echo"), bench.load)?;
            values.push(load.cpu_s * 1e6 / (RATE * seconds) as f64);
        }
        let value = median(values);
        println!("    {way}: {value:.2} µs");
        rows.push(Row::new(title, String::new(), format!("{value:.2} µs")));
    }
    Ok(rows)
}

/// What a load came to.
pub(super) struct Load {
    /// CPU seconds.
    pub(super) cpu_s: f64,
    /// What it printed.
    pub(super) output: String,
}

/// Starts a peer and a load on a core each, as child processes with these words, and waits for the load's end.
pub(super) fn run_pair(load: &[String], peer: &[String], length: Duration) -> Outcome<Load> {
    let program = because("the path of xtask", std::env::current_exe())?;
    let start = |core: &str, words: &[String]| {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(&program).arg("bench-floor").args(words);
        because("taskset", command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn())
    };
    let mut peer = start("1", peer)?;
    sleep(Duration::from_millis(200));
    let mut load = start("0", load)?;
    let deadline = Instant::now() + length * 2 + Duration::from_secs(5);
    let cpu = loop {
        match stat(load.id()) {
            Ok(('Z', cpu)) => break Ok(cpu),
            Ok(_) if Instant::now() < deadline => sleep(Duration::from_millis(5)),
            Ok(_) => break Err("the load does not end".to_owned()),
            Err(reason) => break Err(reason),
        }
    };
    let _ = peer.kill();
    let _ = peer.wait();
    let _ = load.kill();
    let ended = because("the load", load.wait_with_output())?;
    let cpu_s = cpu?;
    if !ended.status.success() {
        return Err(format!("the load ended with {}", ended.status));
    }
    Ok(Load { cpu_s, output: String::from_utf8_lossy(&ended.stdout).into_owned() })
}

/// The child process: `echo|load single|batched PORT SECONDS`, or `streams …`.
pub(crate) fn run_child(arguments: &[String]) -> Outcome {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("`{text}`: {error}"));
    let (role, way, port, seconds) = match arguments {
        [role, way, port, seconds] => (role, way, port, seconds),
        [role, own, theirs, calls, seconds] if role == media_floor::ROLE => {
            let port = |text| number(text).map(|port| u16::try_from(port).unwrap_or(0));
            return media_floor::exchange(port(own)?, port(theirs)?, number(calls)?, number(seconds)?);
        }
        _ => return Err("bench-floor is a part of `cargo xtask bench`".to_owned()),
    };
    let target = SocketAddrV4::new(Ipv4Addr::LOCALHOST, u16::try_from(number(port)?).unwrap_or(0));
    let batched = way == "batched";
    if role == "echo" { echo(target, batched) } else { send_load(target, batched, number(seconds)?) }
}

/// Sends everything back until it is killed.
fn echo(address: SocketAddrV4, batched: bool) -> Outcome {
    let socket = because("the echo's port", UdpSocket::bind(address))?;
    enlarge(&socket);
    let mut buffer = vec![0; DATAGRAM_MAX + 1];
    if !batched {
        loop {
            let (length, source) = because("the echo", socket.recv_from(&mut buffer))?;
            let _ = socket.send_to(&buffer[..length], source);
        }
    }
    coalesce(&socket)?;
    loop {
        if let Some(received) = receive(&socket, &mut buffer, MsgFlags::empty())? {
            let Some(source) = received.source else { continue };
            send(&socket, &buffer[..received.length], received.segment, source)?;
        }
    }
}

/// Sends the calls of each millisecond and takes back what has come.
fn send_load(target: SocketAddrV4, batched: bool, seconds: u64) -> Outcome {
    let socket = because("a UDP port", UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)))?;
    because("a UDP port", socket.set_nonblocking(true))?;
    enlarge(&socket);
    if batched {
        coalesce(&socket)?;
    }
    let runs = SIZES.map(|size| vec![b'x'; size * CALLS]);
    let mut buffer = vec![0; DATAGRAM_MAX + 1];
    let start = Instant::now();
    let (mut sent, mut received) = (0_u64, 0_u64);
    for millisecond in 0..seconds * 1000 {
        for (run, size) in runs.iter().zip(SIZES) {
            if batched {
                send(&socket, run, size, target)?;
            } else {
                for datagram in run.chunks(size) {
                    because("sending", socket.send_to(datagram, SocketAddr::V4(target)))?;
                }
            }
            sent += CALLS as u64;
        }
        received += drain(&socket, &mut buffer, batched)?;
        if let Some(rest) = Duration::from_millis(millisecond + 1).checked_sub(start.elapsed()) {
            sleep(rest);
        }
    }
    sleep(Duration::from_millis(50));
    received += drain(&socket, &mut buffer, batched)?;
    // Some may be lost when the echo's core is taken away for a moment; half would be another measurement.
    if received * 10 < sent * 9 {
        return Err(format!("only {received} of {sent} datagrams came back"));
    }
    Ok(())
}

/// Takes everything that waits; returns how many datagrams that was.
fn drain(socket: &UdpSocket, buffer: &mut [u8], batched: bool) -> Outcome<u64> {
    let mut count = 0;
    loop {
        if batched {
            let Some(received) = receive(socket, buffer, MsgFlags::MSG_DONTWAIT)? else { return Ok(count) };
            count += received.length.div_ceil(received.segment.max(1)) as u64;
        } else {
            match socket.recv_from(buffer) {
                Ok(_) => count += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(count),
                Err(error) => return Err(format!("receiving: {error}")),
            }
        }
    }
}

/// A receive buffer for a moment in which the core is taken away, as far as the system grants it.
fn enlarge(socket: &UdpSocket) {
    let _ = setsockopt(socket, sockopt::RcvBuf, &(4 << 20));
}

fn coalesce(socket: &UdpSocket) -> Outcome {
    setsockopt(socket, sockopt::UdpGroSegment, &true).map_err(|error| format!("UDP_GRO: {error}"))
}

/// A run of datagrams of one length, the last of which may be shorter.
struct Received {
    length: usize,
    segment: usize,
    source: Option<SocketAddrV4>,
}

/// Receives one run; `None` if nothing waits.
fn receive(socket: &UdpSocket, buffer: &mut [u8], flags: MsgFlags) -> Outcome<Option<Received>> {
    let mut space = nix::cmsg_space!(i32);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = match recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut slices, Some(&mut space), flags) {
        Ok(message) => message,
        Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(None),
        Err(error) => return Err(format!("receiving: {error}")),
    };
    let length = message.bytes;
    let mut notes = message.cmsgs().map_err(|error| format!("receiving: {error}"))?;
    let segment = notes.find_map(|note| match note {
        ControlMessageOwned::UdpGroSegments(size) => usize::try_from(size).ok(),
        _ => None,
    });
    let source = message.address.map(|address| SocketAddrV4::new(address.ip(), address.port()));
    Ok(Some(Received { length, segment: segment.unwrap_or(length), source }))
}

/// Sends one run.
fn send(socket: &UdpSocket, run: &[u8], segment: usize, target: SocketAddrV4) -> Outcome {
    let size = u16::try_from(segment).map_err(|error| format!("segments of {segment} bytes: {error}"))?;
    let notes = [ControlMessage::UdpGsoSegments(&size)];
    let notes = if run.len() > segment { &notes[..] } else { &[] };
    let address = SockaddrIn::from(target);
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(run)], notes, MsgFlags::empty(), Some(&address))
        .map(|_| ())
        .map_err(|error| format!("sending: {error}"))
}
