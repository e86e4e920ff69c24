//! Measures what it costs to send and receive one packet of media, by way: each call with its own port, and many calls on
//! one. `cargo run --profile test-release -p busyhour-net --example media_paths` (as root for raw sockets).
//!
//! CPU time of the measured thread only; its peer is on the other core and does its part before or after, so nobody is
//! woken by a packet. Loopback: what the kernel does to queue a packet at its receiver is part of sending it.
//! `docs/media-paths.md` has the figures.
#![allow(unsafe_code, reason = "it measures system calls; every block says why it is sound")]

mod raw;
mod uring;
mod ways;

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Sockets on each side.
const SOCKETS: usize = 3000;
/// An RTP packet of 20 ms of G.711.
pub(crate) const PACKET_BYTES: usize = 172;
/// Each way is measured for this long, or so many rounds of one packet a socket.
const LONGEST: Duration = Duration::from_secs(3);
const ROUNDS: usize = 60;

/// Both sides' sockets.
pub(crate) struct Field {
    pub(crate) ours: Vec<UdpSocket>,
    pub(crate) theirs: Vec<UdpSocket>,
    pub(crate) their_addresses: Vec<SocketAddrV4>,
    pub(crate) our_addresses: Vec<SocketAddrV4>,
}

/// A way to send or receive a round of packets.
pub(crate) trait Way {
    /// One packet of each socket; says how many passed.
    fn round(&mut self, field: &Field) -> io::Result<usize>;

    /// How many packets wait at each socket.
    fn waiting(&self) -> usize {
        1
    }
}

fn main() -> io::Result<()> {
    let field = Field::new()?;
    println!(
        "{SOCKETS} sockets a side, packets of {PACKET_BYTES} bytes, median of {ROUNDS} rounds, CPU of one side\n"
    );
    pin(0);
    let mut plain = 0.0;
    for (name, make) in ways::sending() {
        match make(&field) {
            Ok(way) => report(name, measure(&field, way, Direction::Send), &mut plain),
            Err(error) => println!("{name:<58} not here: {error}"),
        }
    }
    println!();
    plain = 0.0;
    for (name, make) in ways::receiving() {
        match make(&field) {
            Ok(way) => report(name, measure(&field, way, Direction::Receive), &mut plain),
            Err(error) => println!("{name:<58} not here: {error}"),
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Send,
    Receive,
}

/// Median ns of CPU for a packet, and how many packets were lost.
fn measure(field: &Field, mut way: Box<dyn Way + '_>, direction: Direction) -> io::Result<(f64, usize)> {
    let (ask, asked) = mpsc::channel::<()>();
    let (done, is_done) = mpsc::channel::<usize>();
    let waiting = way.waiting();
    thread::scope(|scope| {
        scope.spawn(move || {
            pin(1);
            while asked.recv().is_ok() {
                let count = match direction {
                    Direction::Send => field.drain(),
                    Direction::Receive => (0..waiting).map(|_| field.fill()).sum(),
                };
                if done.send(count).is_err() {
                    return;
                }
            }
        });
        let gone = |_| io::Error::other("the peer has gone");
        let peer = || -> io::Result<usize> {
            ask.send(()).map_err(|_| io::Error::other("the peer has gone"))?;
            is_done.recv().map_err(gone)
        };
        let mut costs = Vec::new();
        let mut lost = 0;
        let start = Instant::now();
        while costs.len() < ROUNDS && start.elapsed() < LONGEST {
            let sent = if direction == Direction::Receive { peer()? } else { 0 };
            let before = cpu_time();
            let count = way.round(field)?;
            let cost = cpu_time() - before;
            costs.push(cost.as_nanos() as f64 / count.max(1) as f64);
            let arrived = if direction == Direction::Send { peer()? } else { sent };
            lost += arrived.abs_diff(count);
        }
        // Ends the peer, or the scope would wait for it.
        drop(ask);
        costs.sort_by(f64::total_cmp);
        Ok((costs[costs.len() / 2], lost))
    })
}

/// `plain` is the cost of the first way, with which the others are compared.
fn report(name: &str, result: io::Result<(f64, usize)>, plain: &mut f64) {
    match result {
        Ok((cost, lost)) => {
            if *plain == 0.0 {
                *plain = cost;
            }
            let lost = if lost > 0 { format!("   {lost} packets lost") } else { String::new() };
            println!("{name:<58} {cost:>7.0} ns   {:>5.2}{lost}", cost / *plain);
        }
        Err(error) => println!("{name:<58} failed: {error}"),
    }
}

impl Field {
    fn new() -> io::Result<Field> {
        let open = || -> io::Result<(Vec<UdpSocket>, Vec<SocketAddrV4>)> {
            let mut sockets = Vec::new();
            let mut addresses = Vec::new();
            for _ in 0..SOCKETS {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.set_nonblocking(true)?;
                addresses.push(SocketAddrV4::new(Ipv4Addr::LOCALHOST, socket.local_addr()?.port()));
                sockets.push(socket);
            }
            Ok((sockets, addresses))
        };
        let (ours, our_addresses) = open()?;
        let (theirs, their_addresses) = open()?;
        for socket in &ours {
            ways::stamp(socket);
        }
        Ok(Field { ours, theirs, their_addresses, our_addresses })
    }

    /// The peer takes all that came.
    fn drain(&self) -> usize {
        let mut buffer = [0; 65_536];
        let mut count = 0;
        for socket in &self.theirs {
            while socket.recv(&mut buffer).is_ok() {
                count += 1;
            }
        }
        count
    }

    /// The peer sends a packet to each socket.
    fn fill(&self) -> usize {
        let sent = self.theirs.iter().zip(&self.our_addresses);
        sent.filter(|(socket, to)| socket.send_to(&[0x80; PACKET_BYTES], to).is_ok()).count()
    }
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one live timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Keeps the thread on a core; on a machine with one it stays where it is.
fn pin(core: usize) {
    // SAFETY: the set is zeroed, which is valid, CPU_SET writes inside it, and the kernel only reads it.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
    }
}
