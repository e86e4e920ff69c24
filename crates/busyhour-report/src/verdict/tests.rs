use busyhour_engine::snapshot::FailureKind;
use busyhour_media::MediaSnapshot;

use super::*;

/// A run of one worker, second by second.
struct Run {
    judge: Judge,
    previous: Vec<Snapshot>,
    now: Snapshot,
}

impl Run {
    fn new() -> Run {
        Run { judge: Judge::new(Protocol::Udp), previous: Vec::new(), now: Snapshot::empty([]) }
    }

    /// Lets `ms` pass in which 1000 calls start and 1000 timers fire in time, and whatever `what` does happens.
    fn pass(&mut self, ms: u64, stolen: Option<f64>, what: impl Fn(&mut Snapshot)) -> bool {
        self.now.at = self.now.at + ms * 1000;
        self.now.counters.messages_sent += 1000;
        self.now.generator.elapsed_us += ms * 1000;
        self.now.start_lateness.saturating_record_n(50, 1000);
        self.now.timer_lateness.saturating_record_n(50, 1000);
        what(&mut self.now);
        let now = vec![self.now.clone()];
        let limited = self.judge.observe(&self.previous, &now, stolen);
        self.previous = now;
        limited
    }

    fn second(&mut self, what: impl Fn(&mut Snapshot)) -> bool {
        self.pass(1000, None, what)
    }

    fn causes(&self) -> Vec<Cause> {
        match self.judge.verdict() {
            Verdict::Clean => Vec::new(),
            Verdict::GeneratorLimited { reasons, .. } => {
                reasons.into_iter().map(|reason| reason.cause).collect()
            }
        }
    }
}

fn media(now: &mut Snapshot) -> &mut MediaSnapshot {
    now.media.get_or_insert_with(|| Box::new(MediaSnapshot::empty()))
}

#[test]
fn late_packets_are_a_reason_when_they_are_many() {
    let mut run = Run::new();
    let packets = |late: u64| {
        move |now: &mut Snapshot| {
            media(now).lateness.saturating_record_n(100, 10_000 - late);
            media(now).lateness.saturating_record_n(15_000, late);
        }
    };
    assert!(!run.second(packets(0)));
    assert!(!run.second(packets(90)), "fewer than one in a hundred");
    assert!(run.second(packets(200)));
    let causes = run.causes();
    assert!(matches!(causes[..], [Cause::MediaLateness { late: 200, p99_us: 14_000..16_000 }]), "{causes:?}");
    assert!(run.judge.verdict().text().contains("-media_threads"));
}

#[test]
fn a_quiet_run_is_clean() {
    let mut run = Run::new();
    for _ in 0..5 {
        assert!(!run.second(|_| {}));
    }
    assert!(run.judge.verdict().is_clean());
    assert_eq!(run.judge.verdict().text(), "Generator verdict: clean\n");
}

#[test]
fn losses_of_any_size_count_from_the_interval_that_shows_them() {
    type Change = fn(&mut Snapshot);
    let rules: [(Change, Cause); 8] = [
        (|now| now.generator.kernel_drops += 1, Cause::KernelDrops { datagrams: 2 }),
        (|now| now.generator.ring_overflows += 1, Cause::RingOverflows { messages: 2 }),
        (|now| now.counters.calls_refused += 1, Cause::CallsRefused { calls: 2 }),
        (|now| now.counters.panics += 1, Cause::Panics { calls: 2 }),
        (|now| media(now).counters.kernel_drops += 1, Cause::MediaDrops { received: 2, sent: 0 }),
        (|now| media(now).counters.send_dropped += 1, Cause::MediaDrops { received: 0, sent: 2 }),
        (|now| media(now).counters.calls_refused += 1, Cause::MediaCallsRefused { calls: 2 }),
        (|now| now.counters.failed[FailureKind::MediaPort.index()] += 1, Cause::MediaPorts { calls: 2 }),
    ];
    for (change, cause) in rules {
        let mut run = Run::new();
        run.second(|_| {});
        assert!(run.second(change));
        assert!(!run.second(|_| {}));
        assert!(run.second(change));
        let from = Time::from_millis(1000);
        let reasons = vec![Reason { from, cause }];
        assert_eq!(run.judge.verdict(), Verdict::GeneratorLimited { from, reasons });
    }
}

#[test]
fn a_full_socket_counts_over_udp_from_one_percent_on() {
    for (protocol, waited, limited) in
        [(Protocol::Udp, 9, false), (Protocol::Udp, 10, true), (Protocol::Tcp, 900, false)]
    {
        let mut run = Run::new();
        run.judge = Judge::new(protocol);
        assert_eq!(run.second(|now| now.generator.congested += waited), limited, "{protocol:?} {waited}");
    }
}

#[test]
fn lateness_counts_from_one_percent_on() {
    let mut run = Run::new();
    run.second(|_| {});
    assert!(!run.second(|now| now.start_lateness.saturating_record_n(20_000, 9)));
    assert!(run.second(|now| now.start_lateness.saturating_record_n(20_000, 30)));
    assert!(run.second(|now| now.timer_lateness.saturating_record_n(40_000, 30)));
    let causes = run.causes();
    assert!(matches!(causes[0], Cause::StartLateness { late: 30, p99_us: 20_000..20_100 }), "{causes:?}");
    assert!(matches!(causes[1], Cause::TimerLateness { late: 30, p99_us: 40_000..40_100 }), "{causes:?}");
    assert_eq!(run.judge.verdict().headline(), "generator-limited from 2.0 s");
}

#[test]
fn a_late_start_of_the_run_is_excused() {
    let mut run = Run::new();
    assert!(!run.second(|now| now.start_lateness.saturating_record_n(50_000, 200)), "200 ms of 1000 calls");
    let mut run = Run::new();
    assert!(run.second(|now| now.start_lateness.saturating_record_n(50_000, 600)));
    let mut run = Run::new();
    assert!(!run.pass(200, None, |now| now.timer_lateness.saturating_record_n(50_000, 1000)));
}

#[test]
fn few_events_are_judged_together() {
    let mut judge = Judge::new(Protocol::Udp);
    let mut now = vec![Snapshot::empty([])];
    let mut limited = Vec::new();
    for second in 1..=12 {
        let before = if second == 1 { Vec::new() } else { now.clone() };
        now[0].at = Time::from_millis(second * 1000);
        now[0].start_lateness.saturating_record(50_000);
        limited.push(judge.observe(&before, &now, None));
    }
    assert!(!limited[3], "four late calls of four are too few");
    assert!(limited.contains(&true));
    assert_eq!(judge.verdict().headline(), "generator-limited from 0.0 s");
}

#[test]
fn a_busy_worker_counts_after_two_seconds_and_only_if_it_is_late() {
    let busy = |now: &mut Snapshot| now.generator.busy_us += 980_000;
    let busy_and_late = |now: &mut Snapshot| {
        now.generator.busy_us += 980_000;
        now.timer_lateness.saturating_record_n(2_000, 100);
    };
    let mut run = Run::new();
    assert!(!run.second(busy) && !run.second(busy) && !run.second(busy));
    let mut run = Run::new();
    run.second(|_| {});
    assert!(!run.second(busy_and_late));
    assert!(run.second(busy));
    assert!(run.second(busy));
    assert_eq!(run.causes(), [Cause::Busy { worker: 0, for_us: 3_000_000, busy_us: 2_940_000 }]);
    assert_eq!(run.judge.verdict().headline(), "generator-limited from 1.0 s");
    let mut run = Run::new();
    assert!(!run.second(busy_and_late) && !run.second(|_| {}) && !run.second(busy_and_late));
}

#[test]
fn stolen_time_counts_after_two_seconds_and_only_with_lateness() {
    let late = |now: &mut Snapshot| now.timer_lateness.saturating_record_n(2_000, 100);
    let mut run = Run::new();
    assert!(!run.pass(1000, Some(0.3), |_| {}) && !run.pass(1000, Some(0.3), |_| {}));
    assert!(run.pass(1000, Some(0.2), late));
    assert_eq!(run.causes(), [Cause::StolenTime { per_mille: 200 }]);
    let mut run = Run::new();
    assert!(!run.pass(1000, Some(0.01), late) && !run.pass(1000, Some(f64::NAN), late));
}

#[test]
fn the_text_says_since_when_why_and_the_way_out() {
    let mut run = Run::new();
    run.second(|_| {});
    run.second(|now| now.generator.kernel_drops += 1234);
    run.second(|now| now.counters.panics += 1);
    let expected = "\
Generator verdict: generator-limited from 1.0 s
  Figures from then on may be this machine's doing and not the target's.
  - from 1.0 s: 1 234 datagrams arrived here and were dropped by this machine's
    kernel, because busyhour did not read fast enough. Way out: raise the
    kernel's limit (sysctl net.core.rmem_max=16777216), use more workers, or
    lower the rate.
  - from 2.0 s: 1 call was taken down by a bug in busyhour. Way out: please
    report it, with the scenario and the text on stderr.
";
    assert_eq!(run.judge.verdict().text(), expected);
}

#[test]
fn every_cause_reads_well_and_fits() {
    let causes = [
        Cause::KernelDrops { datagrams: 1 },
        Cause::RingOverflows { messages: 20 },
        Cause::Congestion { waited: 20, sent: 1000 },
        Cause::StartLateness { p99_us: 12_000, late: 20 },
        Cause::TimerLateness { p99_us: 12_000, late: 1 },
        Cause::Busy { worker: 1, for_us: 3_000_000, busy_us: 2_990_000 },
        Cause::StolenTime { per_mille: 120 },
        Cause::CallsRefused { calls: 7 },
        Cause::MediaLateness { p99_us: 15_000, late: 200 },
        Cause::MediaDrops { received: 1, sent: 2_000 },
        Cause::MediaCallsRefused { calls: 3 },
        Cause::MediaPorts { calls: 8 },
        Cause::Panics { calls: 2 },
    ];
    let reasons: Vec<Reason> = causes.into_iter().map(|cause| Reason { from: Time::ZERO, cause }).collect();
    let text = Verdict::GeneratorLimited { from: Time::ZERO, reasons }.text();
    assert!(text.lines().all(|line| line.chars().count() <= 79), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("Way out: ").count(), 13);
    assert!(text.contains("worker 1 was busy for 99.7 % of 3.0 s and fell behind."));
}
