//! What is measured over long streams: exactly what the link did, and within three standard deviations what it was
//! set to do.

use std::collections::HashSet;

use busyhour_media::{Heard, Settings, Time, What};
use busyhour_wire::rtp::Header;
use busyhour_wire::sdp::Medium;

use crate::link::{Impairment, Link, sound};

const CALLS: u64 = 6;
/// Of each stream, about: 50 packets a second.
const SECONDS: u64 = 200;

/// A stream as it arrived, and what was measured of it.
struct Stream {
    /// When, sequence number (without wraps) and timestamp, in the order of arrival.
    arrivals: Vec<(Time, u64, u32)>,
    heard: Heard,
}

/// Long calls with sound both ways.
fn streams(impairment: Impairment) -> Vec<Stream> {
    let mut link = Link::new(impairment, Settings::default());
    link.arrived = Some(Default::default());
    let ports = |call: u64| [10_000 + 4 * call as u16, 10_002 + 4 * call as u16];
    for call in 1..=CALLS {
        link.call(call, ports(call));
        link.play(0, call, sound(4000, None));
        link.play(1, call, sound(4000, None));
    }
    for _ in 0..SECONDS {
        link.run_ms(1000);
        // Nobody looks at them, and they are many.
        link.ends.iter_mut().for_each(|end| end.sent.clear());
    }
    for call in 1..=CALLS {
        for end in [0, 1] {
            link.command(end, call, What::StopStream(Medium::Audio));
        }
    }
    // What is still on its way comes, and is read.
    link.run_ms(200);
    let all = (1..=CALLS).flat_map(|call| [(0, call), (1, call)]);
    all.map(|(end, call)| {
        let port = crate::link::port(ports(call)[end]).id;
        let arrived = &link.arrived.as_ref().unwrap()[&(end, port)];
        Stream {
            arrivals: unwrapped(arrived.iter().map(|arrival| (arrival.at, &arrival.bytes[..]))),
            heard: link.heard(end, call),
        }
    })
    .collect()
}

fn unwrapped<'a>(arrived: impl Iterator<Item = (Time, &'a [u8])>) -> Vec<(Time, u64, u32)> {
    let mut highest = None;
    arrived
        .map(|(at, bytes)| {
            let (header, _) = Header::parse(bytes).unwrap();
            let last = *highest.get_or_insert(u64::from(header.sequence) + 0x1_0000);
            let step = i64::from(header.sequence.wrapping_sub(last as u16) as i16);
            let number = last.checked_add_signed(step).unwrap();
            highest = Some(last.max(number));
            (at, number, header.timestamp)
        })
        .collect()
}

/// The figures of a stream by their definitions, in the plainest way.
#[derive(Debug, Default, Clone, Copy)]
struct Truth {
    packets: u64,
    expected: u64,
    lost: u64,
    bursts: u64,
    duplicates: u64,
    reordered: u64,
    jitter_ms: f64,
    jitter_max_ms: f64,
}

impl Truth {
    fn of(stream: &Stream) -> Truth {
        let mut truth = Truth { packets: stream.arrivals.len() as u64, ..Truth::default() };
        let (mut seen, mut highest) = (HashSet::new(), 0);
        let mut before: Option<(f64, u32)> = None;
        for &(at, number, timestamp) in &stream.arrivals {
            if !seen.insert(number) {
                truth.duplicates += 1;
                continue;
            }
            truth.reordered += u64::from(number < highest);
            highest = highest.max(number);
            let at_ms = at.as_micros() as f64 / 1e3;
            if let Some((before_ms, ticks)) = before {
                // RFC 3550 §6.4.1, with the 8 kHz clock of G.711.
                let sent_ms = f64::from(timestamp.wrapping_sub(ticks) as i32) / 8.0;
                truth.jitter_ms += ((at_ms - before_ms - sent_ms).abs() - truth.jitter_ms) / 16.0;
                truth.jitter_max_ms = truth.jitter_max_ms.max(truth.jitter_ms);
            }
            before = Some((at_ms, timestamp));
        }
        let lowest = seen.iter().min().copied().unwrap();
        truth.expected = highest - lowest + 1;
        truth.lost = truth.expected - seen.len() as u64;
        let starts =
            (lowest..highest).filter(|number| seen.contains(number) && !seen.contains(&(number + 1)));
        truth.bursts = starts.count() as u64;
        truth
    }

    fn loss(&self) -> f64 {
        self.lost as f64 / self.expected as f64
    }

    fn burst_ratio(&self) -> f64 {
        if self.lost == 0 { 1.0 } else { self.lost as f64 / self.bursts as f64 * (1.0 - self.loss()) }
    }
}

/// Runs streams, compares each one's figures with the truth, and gives both.
fn measured(impairment: Impairment) -> Vec<(Truth, Heard)> {
    let all = streams(impairment).into_iter().map(|stream| {
        let (truth, heard) = (Truth::of(&stream), stream.heard);
        assert!(truth.packets > SECONDS * 40, "{truth:?}");
        let counted = (heard.packets, heard.expected, heard.lost, heard.duplicates, heard.reordered);
        let expected = (truth.packets, truth.expected, truth.lost, truth.duplicates, truth.reordered);
        assert_eq!(counted, expected, "packets, expected, lost, duplicates, reordered");
        near(heard.loss, truth.loss(), 1e-9);
        near(heard.burst_ratio, truth.burst_ratio(), 1e-9);
        near(heard.jitter_ms, truth.jitter_ms, 0.002);
        near(heard.jitter_max_ms, truth.jitter_max_ms, 0.002);
        let r = r_g711(truth.loss() * 100.0, truth.burst_ratio());
        near(heard.r_factor.unwrap(), r, 0.05);
        near(heard.mos.unwrap(), mos(r), 0.003);
        assert!(!heard.one_way);
        (truth, heard)
    });
    all.collect()
}

fn sum(all: &[(Truth, Heard)], of: impl Fn(&Heard) -> u64) -> f64 {
    all.iter().map(|(_, heard)| of(heard)).sum::<u64>() as f64
}

fn mean(all: &[(Truth, Heard)], of: impl Fn(&Heard) -> f64) -> f64 {
    all.iter().map(|(_, heard)| of(heard)).sum::<f64>() / all.len() as f64
}

#[track_caller]
fn near(found: f64, expected: f64, by: f64) {
    assert!((found - expected).abs() <= by, "found {found}, expected {expected} ± {by}");
}

/// R of G.711 with concealment: 93.2 by G.107 with its defaults, less Ie,eff (equation 7-29) with Ie = 0 and
/// Bpl = 25.1 by G.113 table I.4. `loss` in per cent. Ratios under 1 count as 1.
fn r_g711(loss: f64, burst_ratio: f64) -> f64 {
    93.2 - 95.0 * loss / (loss / burst_ratio.max(1.0) + 25.1)
}

/// G.107 Annex B.
fn mos(r: f64) -> f64 {
    1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6
}

/// Loss set, and R and MOS that the E-model has for it, worked out by hand from G.107 and G.113:
/// Ie,eff = 95·1/26.1 = 3.64, 95·3/28.1 = 10.14, 95·10/35.1 = 27.07.
const RANDOM: [(f64, f64, f64); 4] =
    [(0.0, 93.2, 4.409), (0.01, 89.56, 4.328), (0.03, 83.06, 4.134), (0.1, 66.13, 3.411)];

#[test]
fn random_loss_is_measured_and_scored() {
    let mut score_before = f64::MAX;
    for (loss, r, mos) in RANDOM {
        let all = measured(Impairment { loss, ..Impairment::NONE });
        // Binomial.
        let packets = sum(&all, |heard| heard.expected);
        let deviation = (loss * (1.0 - loss) / packets).sqrt();
        near(sum(&all, |heard| heard.lost) / packets, loss, 3.0 * deviation);
        // Runs of losses end with the chance 1 − loss, so their mean has a relative deviation of
        // (loss / runs)^½, and that of the loss comes on top.
        let runs: u64 = all.iter().map(|(truth, _)| truth.bursts).sum();
        let burst_deviation = (loss / runs.max(1) as f64).sqrt() + deviation;
        near(mean(&all, |heard| heard.burst_ratio), 1.0, 3.0 * burst_deviation + 0.002);
        // dR/dPpl is at most 95/25.1 for each per cent. A single stream's burst ratio is over 1 by chance as
        // often as under it, where it counts as 1; so R of lossy streams lies a little above the formula's.
        let spread = 3.0 * deviation * 100.0 * 95.0 / 25.1;
        let (mean_r, mean_mos) =
            (mean(&all, |heard| heard.r_factor.unwrap()), mean(&all, |heard| heard.mos.unwrap()));
        near(mean_r, r, spread + 0.1);
        // dMOS/dR is under 0.027 here.
        near(mean_mos, mos, (spread + 0.1) * 0.027);
        assert!(mean_mos < score_before - 0.05, "falls with loss");
        score_before = mean_mos;
    }
}

/// A Gilbert channel of 5 % in bursts of 4: BurstR = 4·(1 − 0.05) = 3.8, R = 93.2 − 95·5/(5/3.8 + 25.1) = 75.2.
#[test]
fn bursts_are_measured_and_scored() {
    const LOSS: f64 = 0.05;
    const BURST: f64 = 4.0;
    let all = measured(Impairment { loss: LOSS, mean_burst: BURST, ..Impairment::NONE });
    let packets = sum(&all, |heard| heard.expected);
    // Two-state Markov chain: neighbours correlate by 1 − p − q.
    let (q, p) = (1.0 / BURST, LOSS / BURST / (1.0 - LOSS));
    let correlation = 1.0 - p - q;
    let deviation = (LOSS * (1.0 - LOSS) / packets * (1.0 + correlation) / (1.0 - correlation)).sqrt();
    near(sum(&all, |heard| heard.lost) / packets, LOSS, 3.0 * deviation);
    let runs: u64 = all.iter().map(|(truth, _)| truth.bursts).sum();
    // Geometric lengths: variance (1 − q)/q².
    let length_deviation = ((1.0 - q) / (q * q) / runs as f64).sqrt();
    let length = sum(&all, |heard| heard.lost) / runs as f64;
    near(length, BURST, 3.0 * length_deviation);
    near(mean(&all, |heard| heard.burst_ratio), BURST * (1.0 - LOSS), 3.0 * length_deviation + 0.1);
    let spread = 3.0 * deviation * 100.0 * 95.0 / 25.1;
    near(mean(&all, |heard| heard.r_factor.unwrap()), 75.22, spread + 0.3);
    let random = measured(Impairment { loss: LOSS, ..Impairment::NONE });
    let score = |all: &[(Truth, Heard)]| mean(all, |heard| heard.mos.unwrap());
    assert!(score(&all) < score(&random), "bursts are worse than random loss");
}

/// Delays spread evenly over W < 20 ms keep the order; the transit times of neighbours differ by W/3 in the mean.
#[test]
fn jitter_is_measured() {
    for jitter_us in [6_000, 15_000] {
        let all = measured(Impairment { jitter_us, ..Impairment::NONE });
        assert_eq!(sum(&all, |heard| heard.reordered + heard.lost + heard.duplicates), 0.0);
        let width = jitter_us as f64 / 1e3;
        // The estimate is a mean with weights of (15/16)^n: Σ w² = 1/31. |D| has the variance W²/18, and
        // neighbours, which have one delay in common, the covariance W²/180.
        let deviation = width * ((1.0 / 18.0 + 2.0 * 15.0 / 16.0 / 180.0) / 31.0_f64).sqrt();
        near(mean(&all, |heard| heard.jitter_ms), width / 3.0, 3.0 * deviation / (all.len() as f64).sqrt());
        for (_, heard) in &all {
            assert!(heard.jitter_max_ms >= heard.jitter_ms && heard.jitter_max_ms < width, "{heard:?}");
            assert!(heard.gap_max_ms > 20.0 && heard.gap_max_ms <= 20.0 + width + 1.0, "{heard:?}");
            near(heard.mos.unwrap(), 4.409, 0.002);
        }
    }
}

/// 40 ms of jitter let a packet be overtaken by the next one: U > 20 + V of 0 to 40 has the chance 1/8. Nothing
/// counts as lost.
#[test]
fn reordering_is_no_loss() {
    let all = measured(Impairment { jitter_us: 40_000, ..Impairment::NONE });
    assert_eq!(sum(&all, |heard| heard.lost + heard.duplicates), 0.0);
    let packets = sum(&all, |heard| heard.packets);
    let overtaken: f64 = 1.0 / 8.0;
    // Two in a row cannot both be: covariance −1/64.
    let deviation = ((overtaken - 3.0 * overtaken * overtaken) / packets).sqrt();
    near(sum(&all, |heard| heard.reordered) / packets, overtaken, 3.0 * deviation);
    near(mean(&all, |heard| heard.mos.unwrap()), 4.409, 0.002);
}

#[test]
fn duplicates_make_up_for_no_loss() {
    let (loss, duplicate) = (0.03, 0.05);
    let all = measured(Impairment { loss, duplicate, jitter_us: 40_000, ..Impairment::NONE });
    let packets = sum(&all, |heard| heard.expected);
    near(sum(&all, |heard| heard.lost) / packets, loss, 3.0 * (loss * (1.0 - loss) / packets).sqrt());
    let part = duplicate * (1.0 - loss);
    near(sum(&all, |heard| heard.duplicates) / packets, part, 3.0 * (part * (1.0 - part) / packets).sqrt());
}

#[test]
fn a_direction_that_is_cut_off_is_one_way_at_its_end_only() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.cut_off = Some(0);
    link.call(1, [10_000, 10_002]);
    link.play(0, 1, sound(4000, None));
    link.play(1, 1, sound(4000, None));
    link.run_ms(900);
    assert!(!link.heard(0, 1).one_way, "the peer may take a second to start");
    link.run_ms(4_100);
    let [deaf, hearing] = [link.heard(0, 1), link.heard(1, 1)];
    assert!(deaf.one_way && deaf.packets == 0 && deaf.sent >= 248, "{deaf:?}");
    assert_eq!((deaf.mos, deaf.first_packet_ms), (None, None));
    assert!(!hearing.one_way && hearing.packets >= 248 && hearing.lost == 0, "{hearing:?}");
    link.end([1]);
    let one_way = [0, 1].map(|end| link.snapshot(end).counters.one_way);
    assert_eq!(one_way, [1, 0]);
}

#[test]
fn a_direction_that_is_cut_off_later_is_a_gap() {
    let mut link = Link::new(Impairment::NONE, Settings::default());
    link.call(1, [10_000, 10_002]);
    link.play(0, 1, sound(4000, None));
    link.play(1, 1, sound(4000, None));
    link.run_ms(2_000);
    link.cut_off = Some(0);
    link.run_ms(3_000);
    link.cut_off = None;
    link.run_ms(2_000);
    let [gapped, whole] = [link.heard(0, 1), link.heard(1, 1)];
    assert!(!gapped.one_way && !whole.one_way);
    assert!((149..=151).contains(&gapped.lost), "{gapped:?}");
    near(gapped.gap_max_ms, 3_020.0, 21.0);
    assert!(gapped.burst_ratio > 50.0, "one burst: {gapped:?}");
    assert_eq!((whole.lost, whole.burst_ratio), (0, 1.0));
}
