//! What people read: the summary at the end and the line while a run goes on.

mod common;

use busyhour_engine::snapshot::FailureKind;
use busyhour_engine::transport::Protocol;
use busyhour_engine::{Snapshot, Time};
use busyhour_report::Style;
use busyhour_report::live::{Live, Target};
use busyhour_report::summary::{PeakRate, Summary};
use busyhour_report::verdict::Judge;
use common::{summary, uac_full, uac_full_done};

fn assert_narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "too long: {line}");
        assert_eq!(line.trim_end(), line, "blanks at the end of a line");
    }
}

#[test]
fn the_other_side_stands_before_the_verdict() {
    let program = uac_full();
    let other_side = "\nMedia of the callees\n  streams\n";
    let text = Summary { other_side, ..summary(&[&program], &uac_full_done(&program)) }.text();
    assert!(text.ends_with("\n\nMedia of the callees\n  streams\n\nGenerator verdict: clean\n"), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn summary_of_a_clean_run() {
    let program = uac_full();
    let mut total = uac_full_done(&program);
    total.at = Time::from_millis(20_000);
    total.start_lateness.saturating_record_n(40, 60);
    total.timer_lateness.saturating_record_n(500, 180);
    total.generator.busy_us = 2_460_000;
    total.generator.elapsed_us = 40_000_000;
    let text =
        Summary { workers: 2, peak_rate: PeakRate { calls_per_s: 21.0 }, ..summary(&[&program], &total) }
            .text();
    let expected = "\
uac against 127.0.0.1:5060 over UDP, 20.0 s

Calls
  placed                                             60   3/s on average
  succeeded                                          60   100 %
  failed                                              0   0 %
  highest rate                                     21/s
  most open at a time                                 3   after 400 ms
Successful calls: 60

Response times                              p50        p90        p99        max
  timer invite, call setup               1.1 ms     1.1 ms     1.1 ms     1.1 ms
    from when it was planned             1.2 ms     1.2 ms     1.2 ms     1.2 ms
  timer whole                            128 ms     128 ms     128 ms     128 ms
  timer 2                                1.0 ms     1.0 ms     1.0 ms     1.0 ms
  timer bye                              250 µs     250 µs     250 µs     250 µs
  call length                            131 ms     131 ms     131 ms     131 ms

Messages
  sent                                              180   9/s
  received                                          180   9/s
  retransmissions                                     0

Generator                                   p50        p90        p99        max
  lateness of call starts                 40 µs      40 µs      40 µs      40 µs
  lateness of timers                     500 µs     500 µs     500 µs     500 µs
  CPU busy                                       6.15 %   of 2 workers

Generator verdict: clean
";
    assert_eq!(text, expected);
    assert_narrow(&text);
}

#[test]
fn summary_of_a_bad_run_says_what_failed_and_was_dropped() {
    let program = uac_full();
    let mut total = Snapshot::empty([&program]);
    total.at = Time::from_millis(20_000);
    total.counters.outgoing = 12_345;
    total.counters.successful = 12_000;
    total.counters.failed[FailureKind::TimeoutOnRecv.index()] = 5;
    total.counters.failed[FailureKind::MaxUdpRetrans.index()] = 339;
    total.counters.open = 1;
    total.counters.messages_sent = 50_000;
    total.counters.retransmissions = 2_373;
    total.counters.suppressed_by_limit = 7;
    total.generator.kernel_drops = 1_234;
    total.programs[0].steps[0].lost = 3;
    let mut judge = Judge::new(Protocol::Udp);
    judge.observe(&[], std::slice::from_ref(&total), None);
    let verdict = judge.verdict();
    let programs = [&program];
    let target = "[2001:db8::1]:5060 over TCP";
    let mut summary = Summary { target, verdict: &verdict, ..summary(&programs, &total) };
    let text = summary.text();
    assert_narrow(&text);
    let calls = "\
Calls
  placed                                         12 345   617/s on average
  succeeded                                      12 000   97.2 %
  failed                                            344   2.79 %
    no answer after all retransmissions             339   2.75 %
    receive timeout                                   5   0.04 %
  still open                                          1   <0.01 %
  most open at a time                                 0
Successful calls: 12000
";
    assert!(text.contains(calls), "{text}");
    let rest = "  retransmissions                                 2 373   4.75 % of those sent\n";
    assert!(text.contains(rest), "{text}");
    let dropped = "
Dropped, refused or skipped
  calls not started: limit of open calls              7
  datagrams dropped by this kernel                1 234
  messages lost on purpose                            3

Generator verdict: generator-limited from 0.0 s
";
    assert!(text.contains(dropped), "{text}");
    assert!(text.contains("  timer invite, call setup                  n/a        n/a"));
    assert!(text.contains("  CPU busy                                          n/a   of 1 worker\n"));

    summary.style = Style::Colour;
    let coloured = summary.text();
    assert!(
        coloured
            .contains("\x1b[31m  failed                                            344   2.79 %\x1b[0m\n")
    );
    assert!(coloured.contains("\x1b[33mGenerator verdict: generator-limited from 0.0 s\x1b[0m\n"));
    assert!(coloured.contains("\nSuccessful calls: 12000\n"), "scripts find it in colour too");
    let mut bare = coloured;
    for code in ["0", "1", "31", "32", "33"] {
        bare = bare.replace(&format!("\x1b[{code}m"), "");
    }
    assert_eq!(bare, text);
}

#[test]
fn nothing_happened() {
    let total = Snapshot::empty([]);
    let text = summary(&[], &total).text();
    assert!(
        text.contains("  placed                                              0   n/a on average\n"),
        "{text}"
    );
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
}

#[test]
fn peak_rate_leaves_moments_out() {
    let mut peak = PeakRate::default();
    let zero = Snapshot::empty([]);
    let mut now = zero.clone();
    now.counters.outgoing = 100;
    now.at = Time::from_millis(100);
    peak.observe(&zero, &now);
    assert_eq!(peak, PeakRate::default());
    now.at = Time::from_millis(1000);
    peak.observe(&zero, &now);
    assert_eq!(peak.calls_per_s, 100.0);
}

#[test]
fn status_line() {
    let program = uac_full();
    let previous = Snapshot::empty([&program]);
    let mut now = uac_full_done(&program);
    now.at = Time::from_millis(1000);
    now.counters.open = 3_012;
    let mut live = Live {
        phase: Some("ramp up"),
        target: Target::Rate,
        previous: &previous,
        now: &now,
        program: 0,
        limited: false,
    };
    assert_eq!(live.terminal(), "00:01 | ramp up | 60/s of 20 | 3 012 open | 60 ok | 0 failed | p99 128 ms");
    assert_eq!(live.plain(), "1 s: ramp up, 60 of 20 calls/s, open 3 012, ok 60, failed 0, p99 128 ms");
    live.limited = true;
    live.phase = None;
    live.target = Target::Users;
    assert_eq!(
        live.terminal(),
        "00:01 | LIMITED | 20 users 60/s | 3 012 open | 60 ok | 0 failed | p99 128 ms"
    );
    assert!(live.plain().ends_with(", generator-limited"));
    live.target = Target::Server;
    live.previous = live.now;
    assert_eq!(live.terminal(), "00:01 | LIMITED | n/a | 3 012 open | 60 ok | 0 failed | p99 n/a");
}

#[test]
fn status_line_fits_a_terminal_whatever_the_numbers() {
    let program = uac_full();
    let previous = Snapshot::empty([&program]);
    let mut now = uac_full_done(&program);
    now.at = Time::from_millis(1000);
    now.target_rate = 150_000.0;
    now.counters.outgoing = 150_123;
    now.counters.open = 1_000_123;
    now.counters.successful = 123_456_789;
    now.counters.failed[0] = 123_456;
    let live = Live {
        phase: Some("a phase with a long name"),
        target: Target::Rate,
        previous: &previous,
        now: &now,
        program: 0,
        limited: true,
    };
    let line = live.terminal();
    assert_eq!(line, "00:01  LIMITED  150k/s of 150k  1.00M open  123M ok  123k failed  p99 128 ms");
}
