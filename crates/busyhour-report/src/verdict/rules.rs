//! The rules of the verdict, one function each.
//!
//! Losses of any size are reasons, as each may look like a fault of the target. Lateness is one only if it touches a
//! share of the events, so that a single slow turn of a loop is not: a threshold, a share and a least number together.

use busyhour_engine::snapshot::{FailureKind, duration_histogram};
use busyhour_engine::transport::Protocol;
use busyhour_engine::{Snapshot, Time};
use busyhour_media::snapshot::MediaCounters;
use hdrhistogram::Histogram;

use super::{Cause, Reason};
use crate::interval::histogram_since;

/// A call start, timer or RTP packet later than this is too late: 10 ms, the order of a fast target's response times, and
/// half of the time between two packets.
pub const LATE_US: u64 = 10_000;
/// Share of late events from which they are a reason: with 1 % the 99th percentile is above [`LATE_US`].
pub const LATE_SHARE: f64 = 0.01;
/// Fewest late events that are a reason.
pub const LATE_EVENTS_MIN: u64 = 5;
/// At the start of a run, lateness is excused for so long: caches are cold and sockets are being set up.
pub const SETTLE_US: u64 = 200_000;
/// A worker is busy when it works for more than this share of its time.
pub const BUSY_SHARE: f64 = 0.97;
/// Being busy or robbed of CPU time is a reason from so long on, in µs.
pub const BUSY_FOR_US: u64 = 2_000_000;
/// ... if meanwhile a 99th percentile of lateness is above this, in µs.
pub const STRAINED_US: u64 = 1_000;
/// Share of stolen CPU time that counts.
pub const STOLEN_SHARE: f64 = 0.05;
/// Share of sent datagrams that had to wait for the socket, from which it is a reason.
pub const CONGESTED_SHARE: f64 = 0.01;

/// Fewest datagrams that had to wait; fewer are a passing burst.
const CONGESTED_MIN: u64 = 10;
/// So many events are judged at once; fewer wait for the next interval's.
const EVENTS_JUDGED: u64 = 100;

/// Sums over the workers of what is new in an interval.
pub(super) struct Interval {
    pub(super) from: Time,
    to: Time,
    datagrams: bool,
    sent: u64,
    kernel_drops: u64,
    ring_overflows: u64,
    congested: u64,
    calls_refused: u64,
    panics: u64,
    start_lateness: Histogram<u64>,
    timer_lateness: Histogram<u64>,
    media_lateness: Histogram<u64>,
    media_kernel_drops: u64,
    media_send_dropped: u64,
    media_calls_refused: u64,
    media_ports: u64,
    workers: Vec<Worker>,
    stolen_share: Option<f64>,
}

/// One worker in an interval.
struct Worker {
    busy_us: u64,
    elapsed_us: u64,
    strained: bool,
}

impl Interval {
    pub(super) fn between(
        previous: &[Snapshot],
        now: &[Snapshot],
        protocol: Protocol,
        stolen_share: Option<f64>,
    ) -> Interval {
        let latest =
            |snapshots: &[Snapshot]| snapshots.iter().map(|snapshot| snapshot.at).max().unwrap_or_default();
        let sum = |value: fn(&Snapshot) -> u64| {
            now.iter().enumerate().map(|(worker, now)| since(now, previous.get(worker), value)).sum()
        };
        let of_media = |value: fn(&MediaCounters) -> u64| {
            let of = |snapshot: &Snapshot| snapshot.media.as_ref().map_or(0, |media| value(&media.counters));
            let before = |worker| previous.get(worker).map_or(0, of);
            now.iter().enumerate().map(|(worker, now)| of(now).saturating_sub(before(worker))).sum()
        };
        let mut interval = Interval {
            from: latest(previous),
            to: latest(now),
            datagrams: protocol == Protocol::Udp,
            sent: sum(|snapshot| snapshot.counters.messages_sent),
            kernel_drops: sum(|snapshot| snapshot.generator.kernel_drops),
            ring_overflows: sum(|snapshot| snapshot.generator.ring_overflows),
            congested: sum(|snapshot| snapshot.generator.congested),
            calls_refused: sum(|snapshot| snapshot.counters.calls_refused),
            panics: sum(|snapshot| snapshot.counters.panics),
            start_lateness: duration_histogram(),
            timer_lateness: duration_histogram(),
            media_lateness: duration_histogram(),
            media_kernel_drops: of_media(|media| media.kernel_drops),
            media_send_dropped: of_media(|media| media.send_dropped),
            media_calls_refused: of_media(|media| media.calls_refused),
            media_ports: sum(|snapshot| snapshot.counters.failed[FailureKind::MediaPort.index()]),
            workers: Vec::with_capacity(now.len()),
            stolen_share,
        };
        for (position, now) in now.iter().enumerate() {
            let before = previous.get(position);
            let new = |value: fn(&Snapshot) -> &Histogram<u64>| match before {
                Some(before) => histogram_since(value(now), value(before)),
                None => value(now).clone(),
            };
            let starts = new(|snapshot| &snapshot.start_lateness);
            let timers = new(|snapshot| &snapshot.timer_lateness);
            // All are made by `duration_histogram`, so their bounds are the same and none is refused.
            let _ = interval.start_lateness.add(&starts);
            let _ = interval.timer_lateness.add(&timers);
            if let Some(media) = &now.media {
                let before = before.and_then(|before| before.media.as_deref());
                let packets = match before {
                    Some(before) => histogram_since(&media.lateness, &before.lateness),
                    None => media.lateness.clone(),
                };
                // Of the same bounds as all durations.
                let _ = interval.media_lateness.add(&packets);
            }
            interval.workers.push(Worker {
                busy_us: since(now, before, |snapshot| snapshot.generator.busy_us),
                elapsed_us: since(now, before, |snapshot| snapshot.generator.elapsed_us),
                strained: is_strained(&starts) || is_strained(&timers),
            });
        }
        interval
    }
}

fn since(now: &Snapshot, before: Option<&Snapshot>, value: fn(&Snapshot) -> u64) -> u64 {
    value(now).saturating_sub(before.map_or(0, value))
}

fn is_strained(lateness: &Histogram<u64>) -> bool {
    lateness.len() >= LATE_EVENTS_MIN && lateness.value_at_quantile(0.99) > STRAINED_US
}

/// Rules that need one interval only.
pub(super) const RULES: &[fn(&Interval) -> Option<Cause>] = &[
    panics,
    kernel_drops,
    ring_overflows,
    calls_refused,
    congestion,
    media_drops,
    media_refused,
    media_ports,
];

fn panics(interval: &Interval) -> Option<Cause> {
    (interval.panics > 0).then_some(Cause::Panics { calls: interval.panics })
}

fn kernel_drops(interval: &Interval) -> Option<Cause> {
    (interval.kernel_drops > 0).then_some(Cause::KernelDrops { datagrams: interval.kernel_drops })
}

fn ring_overflows(interval: &Interval) -> Option<Cause> {
    (interval.ring_overflows > 0).then_some(Cause::RingOverflows { messages: interval.ring_overflows })
}

fn calls_refused(interval: &Interval) -> Option<Cause> {
    (interval.calls_refused > 0).then_some(Cause::CallsRefused { calls: interval.calls_refused })
}

fn media_drops(interval: &Interval) -> Option<Cause> {
    let (received, sent) = (interval.media_kernel_drops, interval.media_send_dropped);
    (received + sent > 0).then_some(Cause::MediaDrops { received, sent })
}

fn media_refused(interval: &Interval) -> Option<Cause> {
    let calls = interval.media_calls_refused;
    (calls > 0).then_some(Cause::MediaCallsRefused { calls })
}

/// A peer has no part in it: ports, descriptors and addresses are this machine's.
fn media_ports(interval: &Interval) -> Option<Cause> {
    let calls = interval.media_ports;
    (calls > 0).then_some(Cause::MediaPorts { calls })
}

/// Datagrams only: a full stream waits for the peer, which is the peer's doing.
fn congestion(interval: &Interval) -> Option<Cause> {
    let (waited, sent) = (interval.congested, interval.sent);
    let is_many = waited >= CONGESTED_MIN && waited as f64 >= sent as f64 * CONGESTED_SHARE;
    (interval.datagrams && is_many).then_some(Cause::Congestion { waited, sent: sent.max(waited) })
}

/// Events seen since lateness was last judged.
#[derive(Debug)]
pub(super) struct Lateness {
    from: Time,
    events: Histogram<u64>,
    excused: u64,
}

impl Lateness {
    pub(super) fn new() -> Lateness {
        Lateness { from: Time::ZERO, events: duration_histogram(), excused: 0 }
    }

    /// Returns since when, the 99th percentile in µs and the number of late events, if they are a reason.
    fn judge(&mut self, new: &Histogram<u64>, from: Time, to: Time) -> Option<(Time, u64, u64)> {
        if new.is_empty() {
            return None;
        }
        if self.events.is_empty() {
            self.from = from;
        }
        let _ = self.events.add(new);
        // Events are taken to be spread evenly over the interval in which the run starts.
        let settling_us = to.min(Time::from_micros(SETTLE_US)).micros_since(from);
        let interval_us = to.micros_since(from).max(1);
        self.excused += (new.len() as f64 * settling_us as f64 / interval_us as f64).ceil() as u64;

        let late = self.events.count_between(LATE_US + 1, u64::MAX).saturating_sub(self.excused);
        let is_reason = late >= LATE_EVENTS_MIN && late as f64 >= self.events.len() as f64 * LATE_SHARE;
        let found = is_reason.then(|| (self.from, self.events.value_at_quantile(0.99), late));
        if is_reason || self.events.len() >= EVENTS_JUDGED {
            self.events.reset();
            self.excused = 0;
        }
        found
    }
}

pub(super) fn start_lateness(starts: &mut Lateness, interval: &Interval) -> Option<Reason> {
    let (from, p99_us, late) = starts.judge(&interval.start_lateness, interval.from, interval.to)?;
    Some(Reason { from, cause: Cause::StartLateness { p99_us, late } })
}

pub(super) fn timer_lateness(timers: &mut Lateness, interval: &Interval) -> Option<Reason> {
    let (from, p99_us, late) = timers.judge(&interval.timer_lateness, interval.from, interval.to)?;
    Some(Reason { from, cause: Cause::TimerLateness { p99_us, late } })
}

pub(super) fn media_lateness(packets: &mut Lateness, interval: &Interval) -> Option<Reason> {
    let (from, p99_us, late) = packets.judge(&interval.media_lateness, interval.from, interval.to)?;
    Some(Reason { from, cause: Cause::MediaLateness { p99_us, late } })
}

/// States that are reasons only once they have lasted.
#[derive(Debug, Default)]
pub(super) struct Streaks {
    workers: Vec<Streak>,
    stolen: Streak,
}

/// How long a state has lasted without a break.
#[derive(Debug, Default, Clone)]
struct Streak {
    from: Time,
    us: u64,
    busy_us: u64,
    strained: bool,
}

impl Streak {
    /// Makes it longer by an interval and returns whether it has become a reason.
    fn extend(&mut self, from: Time, us: u64, busy_us: u64, strained: bool) -> bool {
        if self.us == 0 {
            self.from = from;
        }
        self.us += us;
        self.busy_us += busy_us;
        self.strained |= strained;
        self.us >= BUSY_FOR_US && self.strained
    }
}

pub(super) fn busy_workers(streaks: &mut Streaks, interval: &Interval) -> Vec<Reason> {
    let mut found = Vec::new();
    if streaks.workers.len() < interval.workers.len() {
        streaks.workers.resize(interval.workers.len(), Streak::default());
    }
    for (number, (streak, worker)) in streaks.workers.iter_mut().zip(&interval.workers).enumerate() {
        let is_busy = worker.elapsed_us > 0 && worker.busy_us as f64 > worker.elapsed_us as f64 * BUSY_SHARE;
        if !is_busy {
            *streak = Streak::default();
        } else if streak.extend(interval.from, worker.elapsed_us, worker.busy_us, worker.strained) {
            let cause = Cause::Busy { worker: number, for_us: streak.us, busy_us: streak.busy_us };
            found.push(Reason { from: streak.from, cause });
        }
    }
    found
}

pub(super) fn stolen_time(streaks: &mut Streaks, interval: &Interval) -> Option<Reason> {
    let stolen = interval.stolen_share.filter(|share| share.is_finite() && *share >= STOLEN_SHARE);
    let Some(share) = stolen else {
        streaks.stolen = Streak::default();
        return None;
    };
    let strained = interval.workers.iter().any(|worker| worker.strained);
    let lasted = streaks.stolen.extend(interval.from, interval.to.micros_since(interval.from), 0, strained);
    let per_mille = (share.min(1.0) * 1000.0).round() as u64;
    lasted.then_some(Reason { from: streaks.stolen.from, cause: Cause::StolenTime { per_mille } })
}
