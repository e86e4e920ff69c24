//! tshark and busyhour read the same impaired stream: packets as they arrived, in a capture and at a media thread.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_media::command::{Begin, Format, Remote};
use busyhour_media::generate::write_pcap;
use busyhour_media::{Capture, Command, Ear, Heard, Media, MediaCall, PortId, PortRef, Settings, Time, What};
use busyhour_wire::rtp::Header;
use busyhour_wire::sdp::Medium;

use crate::peers::read_capture;

/// Packets of a stream: 100 seconds.
const PACKETS: u32 = 5_000;
const PACKET_US: u64 = 20_000;
const BEFORE_US: u64 = 1_000_000;

/// What happens to packets on their way. Ratios from 0 to 1.
#[derive(Clone, Copy)]
struct Way {
    loss: f64,
    /// Mean length of a run of losses (a Gilbert channel); 0: each packet for itself.
    mean_burst: f64,
    duplicate: f64,
    jitter_us: u64,
    /// Of the first packet; the stream wraps after 65535.
    first_sequence: u16,
}

const CLEAN: Way = Way { loss: 0.0, mean_burst: 0.0, duplicate: 0.0, jitter_us: 0, first_sequence: 1 };

impl Way {
    /// The packets in the order of their arrival, µs.
    fn arrivals(self) -> Vec<(u64, Vec<u8>)> {
        let mut random = Random(7);
        let mut bad = false;
        let mut arrivals = Vec::new();
        for n in 0..PACKETS {
            bad = match (self.mean_burst > 0.0, bad) {
                (false, _) => random.chance(self.loss),
                (true, true) => !random.chance(1.0 / self.mean_burst),
                (true, false) => random.chance(self.loss / self.mean_burst / (1.0 - self.loss)),
            };
            // Losses before the first packet and after the last are nobody's to know.
            if bad && n > 0 && n + 1 < PACKETS {
                continue;
            }
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: self.first_sequence.wrapping_add(n as u16),
                timestamp: (u32::MAX - 100_000).wrapping_add(n * 160),
                ssrc: 7,
            };
            let packet = [&header.to_bytes()[..], &[0x55; 160]].concat();
            for _ in 0..1 + u32::from(random.chance(self.duplicate)) {
                let late = random.below(self.jitter_us + 1);
                arrivals.push((BEFORE_US + u64::from(n) * PACKET_US + late, packet.clone()));
            }
        }
        arrivals.sort_by_key(|(at, _)| *at);
        arrivals
    }
}

/// What was heard at the end, and the jitter after each packet.
fn hear(arrivals: &[(u64, Vec<u8>)]) -> (Heard, Vec<f64>) {
    let mut media = Media::new(Settings::default());
    let (ear, port) = (Arc::new(Ear::new(false)), PortId(40_002));
    let from = SocketAddr::from(([192, 0, 2, 1], 40_000));
    let format = Format { payload_type: 0, encoding: "PCMU".to_owned(), clock_hz: 8_000 };
    let remote = Remote { rtp: from, rtcp: from, formats: vec![format], sends: true };
    let begin = Begin { call_id: (*b"a").into(), number: 1, ear: Arc::clone(&ear) };
    let medium = Medium::Audio;
    for what in [
        What::Begin(Box::new(begin)),
        What::Listen { medium, port: PortRef { id: port, port: 40_002 } },
        What::Remote { medium, to: Some(Box::new(remote)), answered: Time::ZERO },
    ] {
        let call = MediaCall { worker: 0, token: 1 };
        media.handle_command(Time::ZERO, Command { thread: 0, call, what });
    }
    let mut jitter = Vec::new();
    for (at, packet) in arrivals {
        let at = Time::from_micros(*at);
        media.handle_datagram(at, port, false, from, &mut packet.clone());
        jitter.push(ear.heard(medium, at).unwrap().jitter_ms);
    }
    let last = arrivals.last().map_or(0, |(at, _)| *at);
    (ear.heard(medium, Time::from_micros(last)).unwrap(), jitter)
}

/// tshark's figures of the only stream.
#[derive(Debug)]
struct Stream {
    packets: i64,
    lost: i64,
    mean_jitter: f64,
    max_jitter: f64,
}

fn tshark(arrivals: &[(u64, Vec<u8>)]) -> Stream {
    let mut capture = Capture::default();
    for (at, packet) in arrivals {
        capture.push(*at, 0, packet);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("arrived.pcap");
    fs::write(&file, write_pcap(&capture)).unwrap();
    let text = read_capture(&file, &["-d", "udp.port==40002,rtp", "-q", "-z", "rtp,streams"]);
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("0x00000007")).collect();
    let [line] = lines[..] else { panic!("one stream is expected:\n{text}") };
    // Start, end, both addresses with ports, SSRC, payload, packets, lost, (per cent), three deltas, jitter: min, mean,
    // max.
    let fields: Vec<&str> = line.split_whitespace().collect();
    let number = |at: usize| fields[at].parse::<f64>().unwrap_or_else(|_| panic!("field {at} of {line}"));
    Stream {
        packets: number(8) as i64,
        lost: number(9) as i64,
        mean_jitter: number(15),
        max_jitter: number(16),
    }
}

#[track_caller]
fn compare(way: Way) -> (Heard, Stream) {
    let arrivals = way.arrivals();
    let (heard, jitter) = hear(&arrivals);
    let theirs = tshark(&arrivals);
    assert_eq!(theirs.packets, heard.packets as i64);
    // tshark counts as RFC 3550 A.3 does: duplicates make up for losses.
    assert_eq!(theirs.lost, heard.lost as i64 - heard.duplicates as i64, "{theirs:?} {heard:?}");
    if heard.duplicates == 0 {
        let mean = jitter.iter().sum::<f64>() / jitter.len() as f64;
        near(mean, theirs.mean_jitter, 0.01);
        near(heard.jitter_max_ms, theirs.max_jitter, 0.005);
    }
    (heard, theirs)
}

#[track_caller]
fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "found {found}, expected {expected} ± {by}");
}

#[test]
fn random_losses_are_those_that_tshark_counts() {
    for loss in [0.0, 0.01, 0.03, 0.1] {
        for first_sequence in [1, 65_000] {
            let (heard, _) = compare(Way { loss, first_sequence, ..CLEAN });
            near(heard.loss, loss, 3.0 * (loss * (1.0 - loss) / f64::from(PACKETS)).sqrt());
        }
    }
}

#[test]
fn bursts_of_losses_are_those_that_tshark_counts() {
    let (heard, _) = compare(Way { loss: 0.05, mean_burst: 4.0, ..CLEAN });
    // 4·(1 − 0.05); about 63 bursts, so 3 deviations are 3·√12/√63.
    near(heard.burst_ratio, 3.8, 1.3);
}

#[test]
fn jitter_is_that_of_tshark() {
    for (loss, jitter_us) in [(0.0, 15_000), (0.03, 15_000), (0.0, 40_000), (0.03, 40_000)] {
        let (heard, theirs) = compare(Way { loss, jitter_us, ..CLEAN });
        assert_eq!(heard.reordered > 0, jitter_us > PACKET_US, "{heard:?}");
        assert!(theirs.mean_jitter > jitter_us as f64 / 5e3, "{theirs:?}");
    }
}

#[test]
fn duplicates_are_those_that_tshark_takes_for_packets() {
    let (heard, _) = compare(Way { loss: 0.03, duplicate: 0.05, jitter_us: 15_000, ..CLEAN });
    let part = 0.05 * 0.97_f64;
    near(heard.duplicates as f64 / f64::from(PACKETS), part, 3.0 * (part / f64::from(PACKETS)).sqrt());
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn chance(&mut self, ratio: f64) -> bool {
        ((self.draw() >> 11) as f64 / (1_u64 << 53) as f64) < ratio
    }

    fn below(&mut self, end: u64) -> u64 {
        self.draw() % end
    }
}
