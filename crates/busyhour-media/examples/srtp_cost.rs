//! What SRTP costs: CPU time for a packet of 20 ms of G.711 (172 bytes), for each suite, beside a plain copy, and
//! the memory of a call in its two directions.
//!
//! `cargo run --release -p busyhour-media --example srtp_cost`

use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

use busyhour_media::srtp::{OVERHEAD_MAX, Policy, Protector, Suite, Unprotector};
use busyhour_testing::Counting;

const PACKET_LEN: usize = 172;
const PACKETS: u32 = 400_000;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting =
    Counting(|given_back, taken| IN_USE.set((IN_USE.get() + taken).saturating_sub(given_back)));

fn main() {
    println!("AES in hardware: {}", aes::hardware_accelerated());
    println!("{:26} {:>10} {:>10} {:>10} {:>12}", "suite", "send ns", "receive ns", "RTCP ns", "bytes/call");
    let mut packet = Vec::with_capacity(PACKET_LEN + OVERHEAD_MAX);
    let copy = per_packet(|sequence| fill(&mut packet, sequence));
    println!("{:26} {copy:>10.0}", "(copy alone)");
    for suite in Suite::ALL {
        measure(suite, copy);
    }
}

fn measure(suite: Suite, copy: f64) {
    let policy = Policy::new(suite, vec![0x5a; suite.key_len() + suite.salt_len()]);
    let before = IN_USE.get();
    let (mut protector, mut unprotector) = ends(&policy);
    let mut packet = Vec::with_capacity(PACKET_LEN + OVERHEAD_MAX);
    let both = per_packet(|sequence| {
        fill(&mut packet, sequence);
        make(protector.protect(&mut packet, 0));
        make(unprotector.unprotect(&mut packet));
    });
    let send = per_packet(|sequence| {
        fill(&mut packet, sequence);
        make(protector.protect(&mut packet, 0));
        black_box(&packet);
    });
    let mut report = Vec::with_capacity(PACKET_LEN + OVERHEAD_MAX);
    let rtcp = per_packet(|_| {
        report.clear();
        report.extend_from_slice(&[0x80, 200, 0, 6, 0, 0, 0, 9]);
        report.resize(28, 0);
        make(protector.protect_rtcp(&mut report, 0));
    });
    let memory = IN_USE.get() - before - report.capacity() - packet.capacity();
    let (send, receive) = (send - copy, both - send);
    println!("{:26} {send:>10.0} {receive:>10.0} {rtcp:>10.0} {memory:>12}", suite.name());
}

fn ends(policy: &Policy) -> (Box<Protector>, Box<Unprotector>) {
    (Box::new(make(Protector::new(policy))), Box::new(make(Unprotector::new(policy))))
}

/// Writes a packet as a sender of plain RTP does.
fn fill(packet: &mut Vec<u8>, sequence: u16) {
    static SOUND: [u8; PACKET_LEN - 12] = [0xd5; PACKET_LEN - 12];
    packet.resize(PACKET_LEN, 0);
    packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet[12..PACKET_LEN].copy_from_slice(black_box(&SOUND));
    black_box(packet);
}

/// Nanoseconds for one, the best of five runs.
fn per_packet(mut each: impl FnMut(u16)) -> f64 {
    let mut sequence = 0_u16;
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..PACKETS / 5 {
            each(sequence);
            sequence = sequence.wrapping_add(1);
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(PACKETS / 5));
    }
    best
}

fn make<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("a right packet and a right key")
}
