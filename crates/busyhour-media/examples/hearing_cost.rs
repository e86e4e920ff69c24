//! What listening costs: nanoseconds for each packet, with and without analysis of the sound.
//!
//! `cargo run --release -p busyhour-media --example hearing_cost`
//!
//! The packets are G.711 of 20 ms: speech, digits as tones for 1.5 % of the time, and silence. Each is given
//! to one of many calls in turn, as a media thread does, so caches are as cold as they are there. Reading the
//! bytes from memory is part of the figure; receiving them is not.

use std::hint::black_box;

use busyhour_media::codec::g711;
use busyhour_media::hear::Listening;
use busyhour_media::{Time, generate};
use busyhour_wire::rtp::Header;

const CALLS: usize = 3_000;
const PACKETS: usize = 400;

fn main() {
    let speech = generate::speech(7, 60_000, 8_000);
    let mut digits = generate::speech(8, 60_000, 8_000);
    for (n, second) in digits.chunks_exact_mut(8_000).enumerate().step_by(4) {
        let tone = generate::digits_inband("5", 60, 8_000);
        let at = n * 97 % 6_000;
        second[at..at + 480].copy_from_slice(&tone[..480]);
    }
    let silence = vec![0; 480_000];
    println!("{CALLS} calls, {PACKETS} packets each");
    for (name, samples) in [("speech", &speech), ("speech, 1.5 % digits", &digits), ("silence", &silence)] {
        let encoded: Vec<u8> = samples.iter().map(|sample| g711::encode_alaw(*sample)).collect();
        let counting = cost(&encoded, false);
        let analysing = cost(&encoded, true);
        println!("{name:22} counted {counting:6.1} ns   analysed {analysing:6.1} ns");
    }
    talk_off();
}

/// Nanoseconds for a packet.
fn cost(sound: &[u8], analyse: bool) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let mut calls: Vec<_> = (0..CALLS).map(|_| Box::new(Listening::new(false))).collect();
        let start = on_cpu_ns();
        for n in 0..PACKETS {
            for (call, listening) in calls.iter_mut().enumerate() {
                let header = Header {
                    marker: n == 0,
                    payload_type: 8,
                    sequence: n as u16,
                    timestamp: n as u32 * 160,
                    ssrc: call as u32,
                };
                let received = Time::from_micros(n as u64 * 20_000 + call as u64 * 6);
                // Calls are not all at the same place of the sound.
                let at = (n + call * 37) % (sound.len() / 160) * 160;
                listening.packet(received, false, &header, &sound[at..at + 160], analyse);
            }
        }
        let spent = on_cpu_ns() - start;
        black_box(&calls);
        best = best.min(spent as f64 / (CALLS * PACKETS) as f64);
    }
    best
}

/// What this thread has spent on a processor, whatever else runs there (Linux).
fn on_cpu_ns() -> u64 {
    let figures = std::fs::read_to_string("/proc/self/schedstat").expect("Linux shows it");
    figures.split(' ').next().and_then(|first| first.parse().ok()).expect("it begins with a number")
}

/// Digits that are heard in speech without any.
fn talk_off() {
    let (mut minutes, mut heard) = (0, 0);
    for seed in 1_000..1_120 {
        let mut listening = Listening::new(false);
        let speech = generate::speech(seed, 60_000, 8_000);
        for (n, samples) in speech.chunks_exact(160).enumerate() {
            let payload: Vec<u8> = samples.iter().map(|sample| g711::encode_ulaw(*sample)).collect();
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: n as u16,
                timestamp: n as u32 * 160,
                ssrc: 1,
            };
            listening.packet(Time::from_millis(n as u64 * 20), false, &header, &payload, true);
        }
        minutes += 1;
        heard += listening.heard(Time::ZERO).digits.len();
    }
    println!("{heard} digits heard in {minutes} minutes of speech without any");
}
