//! SIPp's outputs, beside what SIPp 3.8.0 wrote for the same numbers.

mod common;

use busyhour_engine::snapshot::FailureKind;
use busyhour_engine::transport::Protocol;
use busyhour_engine::{Direction, Snapshot, Time};
use busyhour_media::snapshot::MediaSnapshot;
use busyhour_report::clock::Clock;
use busyhour_report::sipp::error_summary::ErrorSummary;
use busyhour_report::sipp::scenario_screen::scenario_screen;
use busyhour_report::sipp::screens::{Status, View, final_report, screen_dump};
use busyhour_report::sipp::stat_file::Form;
use busyhour_report::sipp::{Context, Load, stat_file};
use busyhour_report::trace::{errors, messages};
use busyhour_report::verdict::Verdict;
use busyhour_scenario::program::{
    Distribution, Expect, PauseLength, Program, Role, Scope, StepKind, Variable,
};
use common::{program, record_alternately, recv, send, uac_full, uac_full_done, uac_full_failed, uas};

const STAT: &str = include_str!("data/stat_3.8.0.csv");
const FINAL_UAC: &str = include_str!("data/final_stdout_uac_3.8.0.txt");
const FINAL_FAILED: &str = include_str!("data/final_stdout_failed_3.8.0.txt");
const FINAL_UAS: &str = include_str!("data/final_stdout_uas_tcp_3.7.7.txt");
const DUMP: &str = include_str!("data/trace_screen_3.8.0.log");
const MESSAGES: &[u8] = include_bytes!("data/messages_head_3.8.0.log");
const ERRORS: &[u8] = include_bytes!("data/errors_3.8.0.log");
const STDERR: &[u8] = include_bytes!("data/final_stderr_failed_3.8.0.txt");

fn context(program: &Program, start_us: u64) -> Context<'_> {
    Context { program, position: 0, clock: Clock::default(), start_us, load: Load::Rate { period_ms: 1000 } }
}

fn view(program: &Program, start_us: u64) -> View<'_> {
    View {
        context: context(program, start_us),
        pause_ms: 100,
        local_port: 5948,
        remote: "127.0.0.1:5949",
        transport: "UDP",
        calls_max: None,
        auto_answer: false,
        loss: false,
        status: Status::Running,
        last_error: None,
        others: &[],
    }
}

const FORM: Form<'_> = Form { delimiter: ";", plain_repartition: false };

/// Compares line by line, but for lines that begin with one of these: they hold what the capture's run alone had.
#[track_caller]
fn assert_same_but(ours: &str, theirs: &str, but: &[&str]) {
    let (mut ours, mut theirs) = (ours.lines(), theirs.lines());
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return,
            (Some(a), Some(b)) if but.iter().any(|start| a.starts_with(start) && b.starts_with(start)) => {}
            (a, b) => assert_eq!(a, b),
        }
    }
}

#[test]
fn statistics_header_is_that_of_3_8_0() {
    let header = stat_file::header(&uac_full(), FORM);
    assert_eq!(header.trim_end(), STAT.lines().next().unwrap());
    assert!(header.ends_with(";\n"), "the last column has its delimiter too");
}

#[test]
fn statistics_row_is_that_of_3_8_0() {
    let program = uac_full();
    let start_us = 1_795_344_276_107_922;
    let mut previous = Snapshot::empty([&program]);
    previous.at = Time::from_micros(1_795_344_278_112_615 - start_us);
    let statistics = &mut previous.programs[0];
    statistics.calls.outgoing = 40;
    statistics.calls.successful = 37;
    statistics.counters = vec![39, 39];
    record_alternately(&mut statistics.timers[0], 39, 1, 1);
    record_alternately(&mut statistics.timers[1], 37, 124, 134);
    record_alternately(&mut statistics.timers[2], 39, 1, 1);
    record_alternately(&mut statistics.timers[3], 37, 0, 0);
    record_alternately(&mut statistics.call_length, 37, 125, 135);

    let mut now = previous.clone();
    now.at = Time::from_micros(1_795_344_279_115_024 - start_us);
    now.target_rate = 20.0;
    let statistics = &mut now.programs[0];
    statistics.calls.outgoing = 60;
    statistics.calls.successful = 57;
    statistics.counters = vec![60, 60];
    record_alternately(&mut statistics.timers[0], 21, 1, 1);
    record_alternately(&mut statistics.timers[1], 20, 125, 135);
    record_alternately(&mut statistics.timers[2], 21, 1, 1);
    record_alternately(&mut statistics.timers[3], 20, 0, 0);
    record_alternately(&mut statistics.call_length, 20, 127, 137);

    let row = stat_file::row(&context(&program, start_us), &now, &previous, FORM);
    assert_eq!(row.trim_end(), STAT.lines().nth(4).unwrap());
}

#[test]
fn first_row_is_all_zero_and_obeys_the_options() {
    let program = uac_full();
    let mut context = context(&program, 1_795_344_276_107_922);
    context.clock.rfc3339 = true;
    context.load = Load::Users;
    let mut now = Snapshot::empty([&program]);
    now.target_rate = 25.0;
    let row = stat_file::row(&context, &now, &now, Form { delimiter: ",", ..FORM });
    let time = "2026-11-22T10:44:36.107922Z";
    assert!(row.starts_with(&format!("{time},{time},{time},00:00:00,00:00:00,25,0.000,0.000,0,0,")), "{row}");
    assert_eq!(row.matches(',').count(), STAT.lines().next().unwrap().matches(';').count());
}

#[test]
fn kinds_that_share_a_column_are_summed() {
    let program = program(Role::Client, Vec::new());
    let mut now = Snapshot::empty([&program]);
    let failed = &mut now.programs[0].calls.failed;
    failed[FailureKind::CannotSendMessage.index()] = 2;
    failed[FailureKind::Unreachable.index()] = 3;
    failed[FailureKind::Aborted.index()] = 4;
    let header = stat_file::header(&program, FORM);
    let row = stat_file::row(&context(&program, 0), &now, &now, FORM);
    let column =
        |name: &str| row.split(';').nth(header.split(';').position(|column| column == name).unwrap());
    assert_eq!(column("FailedCall(C)"), Some("9"));
    assert_eq!(column("FailedCannotSendMessage(C)"), Some("5"));
    assert_eq!(column("FailedCannotSendMessage(P)"), Some("0"));
    assert!(!header.contains("Repartition"), "no borders, no columns");
}

#[test]
fn repartition_columns_of_3_7_have_no_period() {
    let program = uac_full();
    let form = Form { delimiter: ";", plain_repartition: true };
    let header = stat_file::header(&program, form);
    assert!(
        header.contains(";CallLengthRepartition;CallLengthRepartition_<10;CallLengthRepartition_<50;"),
        "{header}"
    );
    assert!(header.ends_with(";CallLengthRepartition_>=10000;\n"), "{header}");
    let now = uac_full_done(&program);
    let row = stat_file::row(&context(&program, 0), &now, &now, form);
    assert!(row.ends_with(";;0;0;0;60;0;0;0;0;\n"), "in all, not since the row before: {row}");
    assert_eq!(row.matches(';').count(), header.matches(';').count());
}

#[test]
fn files_and_screens_count_the_main_scenario_and_the_report_names_the_others() {
    let (uac, uas) = (uac_full(), uas());
    let mut now = Snapshot::empty([&uac, &uas]);
    now.counters.outgoing = 3;
    now.counters.incoming = 2;
    now.counters.successful = 4;
    now.programs[0].calls.outgoing = 3;
    now.programs[0].calls.successful = 3;
    let received = &mut now.programs[1].calls;
    (received.incoming, received.successful) = (2, 1);
    received.failed[FailureKind::TimeoutOnRecv.index()] = 1;
    let (header, row) = (stat_file::header(&uac, FORM), stat_file::row(&context(&uac, 0), &now, &now, FORM));
    let column =
        |name: &str| row.split(';').nth(header.split(';').position(|column| column == name).unwrap());
    let names = ["TotalCallCreated", "IncomingCall(C)", "CurrentCall", "SuccessfulCall(C)", "FailedCall(C)"];
    assert_eq!(names.map(|name| column(name).unwrap()), ["3", "0", "0", "3", "0"]);
    let others = [(1, "uas")];
    let report = final_report(&View { others: &others, ..view(&uac, 0) }, &now, &Verdict::Clean);
    assert!(report.contains("  Successful call        |        0                  |        3 "), "{report}");
    let ours = "
Other scenarios
  uas: calls                                          2
  uas: succeeded                                      1
  uas: failed                                         1
    receive timeout                                   1
";
    assert!(report.contains(ours), "{report}");
}

#[test]
fn sections_of_ours_stand_apart() {
    let program = uas();
    let mut now = Snapshot::empty([&program]);
    now.media = Some(Box::new(busyhour_media::snapshot::MediaSnapshot::empty()));
    now.generator.kernel_drops = 1;
    let report = final_report(&view(&program, 0), &now, &Verdict::Clean);
    for section in ["Media\n", "Generator  ", "Dropped, refused or skipped\n", "Generator verdict"] {
        assert!(report.contains(&format!("\n\n{section}")), "{section}: {report}");
    }
    assert!(!report.contains("\n\n\n"), "{report}");
}

/// SIPp's part of a final report, after a look at ours: what the generator measured of itself, and the verdict.
#[track_caller]
fn screens_of(report: &str) -> &str {
    let at = report.find("\nGenerator  ").unwrap();
    let (screens, ours) = report.split_at(at);
    assert!(ours.contains("\n  lateness of timers ") && ours.contains("\n  CPU busy "), "{ours}");
    assert!(ours.ends_with("Generator verdict: clean\n"), "{ours}");
    screens
}

#[test]
fn final_report_of_good_calls_is_that_of_3_8_0() {
    let program = uac_full();
    let mut view = view(&program, 1_795_344_276_107_922);
    view.calls_max = Some(60);
    let report = final_report(&view, &uac_full_done(&program), &Verdict::Clean);
    let screens = screens_of(&report);
    assert_same_but(screens, FINAL_UAC, &["  Last Reset Time", "  Current Time"]);
}

#[test]
fn final_report_of_failed_calls_is_that_of_3_8_0() {
    let program = uac_full();
    let mut view = view(&program, 1_795_344_309_946_249);
    view.calls_max = Some(3);
    view.last_error = Some("not shown when closing");
    let report = final_report(&view, &uac_full_failed(&program), &Verdict::Clean);
    let screens = screens_of(&report);
    let but = ["  Last Reset Time", "  Current Time", "  0 Running", "  1 Running"];
    let theirs =
        FINAL_FAILED.replace("  1 Running, 6 Paused, 3 Woken up", "  0 Running, 6 Paused, 0 Woken up");
    assert_same_but(screens, &theirs, &but);
}

#[test]
fn final_report_shows_what_was_dropped() {
    let program = uas();
    let mut now = Snapshot::empty([&program]);
    now.generator.kernel_drops = 1_234;
    now.counters.warnings_suppressed = 5;
    let report = final_report(&view(&program, 0), &now, &Verdict::Clean);
    let dropped = "
Dropped, refused or skipped
  datagrams dropped by this kernel                1 234
  warnings not shown: too many                        5

Generator verdict: clean
";
    assert!(report.ends_with(dropped), "{report}");
}

#[test]
fn final_report_of_a_server_is_sipps() {
    let program = uas();
    let mut now = Snapshot::empty([&program]);
    now.at = Time::from_micros(6_216_000);
    now.programs[0].calls.incoming = 6;
    now.programs[0].calls.successful = 6;
    now.counters.open_peak = 6;
    now.counters.open_peak_at = Time::from_millis(1100);
    now.counters.dead_calls_kept = 7;
    for step in &mut now.programs[0].steps {
        step.messages = 6;
    }
    let mut view = view(&program, 1_795_342_345_113_058);
    view.local_port = 15_095;
    view.calls_max = Some(6);
    let report = final_report(&view, &now, &Verdict::Clean);
    let screens = screens_of(&report);
    // 3.7.7 repeats the socket line where RTP's belongs, and shows the periodic time as the cumulative one; 3.8.0 does
    // neither.
    let theirs = FINAL_UAS
        .replace("  0 Running, 7 Paused, 27 Woken up", "  0 Running, 7 Paused, 0 Woken up")
        .replacen(
            "  Elapsed Time           | 00:00:00:000000           | 00:00:00:000000",
            "  Elapsed Time           | 00:00:00:000000           | 00:00:06:216000",
            1,
        );
    let rtp = "  0 Total RTP pckts sent                  0.000 last period RTP rate (kB/s)";
    let sockets = "  0 open sockets                          0/0/0 UDP errors (send/recv/cong)";
    let theirs = theirs.replacen(&format!("{sockets}\n{sockets}"), &format!("{sockets}\n{rtp}"), 1);
    assert_same_but(screens, &theirs, &["  Last Reset Time", "  Current Time"]);
}

#[test]
fn screen_dump_is_that_of_3_8_0() {
    let program = uac_full();
    let mut view = view(&program, 1_795_344_276_107_922);
    view.calls_max = Some(60);
    view.status = Status::Quitting;
    let now = uac_full_done(&program);
    let theirs = DUMP.replace("194 Woken up", "0 Woken up");
    assert_same_but(&screen_dump(&view, &now, &now), &theirs, &["  Last Reset Time", "  Current Time"]);
}

#[test]
fn screens_count_packets_of_captures_first() {
    let program = uac_full();
    let mut media = Box::new(MediaSnapshot::empty());
    media.counters.packets_sent = 100;
    media.counters.bytes_sent = 17_200;
    media.counters.replayed_packets = 100;
    media.counters.replayed_bytes = 17_200;
    let mut now = uac_full_done(&program);
    now.media = Some(media);
    let previous = Snapshot { at: now.at - 1_000_000, media: None, ..now.clone() };
    let text = |now: &Snapshot| scenario_screen(&view(&program, 0), now, &previous);
    let captures = "  100 Total RTP pckts sent                17.200 last period RTP rate (kB/s)\n\n";
    assert!(text(&now).contains(captures), "{}", text(&now));
    let counters = &mut now.media.as_mut().unwrap().counters;
    // Of these, 7 by echo, which has its own line.
    counters.packets_sent += 57;
    counters.bytes_sent += 8_600;
    counters.packets_received = 10;
    counters.bytes_received = 1_720;
    counters.echoed = 7;
    let all = "  100 Total RTP pckts sent                17.200 last period RTP rate (kB/s)
  50 Total stream RTP pckts sent          8.600 last period RTP rate (kB/s)
  10 Total RTP pckts received             1.720 last period RTP rate (kB/s)
  7 Total echo RTP pckts
";
    assert!(text(&now).contains(all), "{}", text(&now));
}

#[test]
fn a_running_client_shows_its_load_and_last_error() {
    let program = uac_full();
    let mut view = view(&program, 0);
    let long = format!("{}\nsecond line", "x".repeat(70));
    view.last_error = Some(&long);
    view.auto_answer = true;
    view.loss = true;
    let previous = Snapshot::empty([&program]);
    let mut now = uac_full_done(&program);
    now.programs[0].calls.successful = 58;
    now.generator.turns = 100;
    now.generator.sockets = 3;
    now.programs[0].steps[0].lost = 4;
    let screen = scenario_screen(&view, &now, &previous);
    let lines: Vec<&str> = screen.lines().collect();
    assert_eq!(lines[4].trim_end(), "  60 new calls during 3.125 s period      31 ms scheduler resolution");
    assert_eq!(lines[5], "  2 calls (limit 60)                      Peak was 3 calls, after 0 s");
    assert!(lines.contains(&"  0 requests auto-answered"));
    assert!(lines.contains(&"  3 open sockets                          0/0/0 UDP errors (send/recv/cong)"));
    assert!(lines.contains(&"                                 Messages  Retrans   Timeout   Unexp.    Lost"));
    assert!(
        lines.contains(
            &"0 :      INVITE ---------->  B-RTD1 60        0         0                   4        "
        )
    );
    assert_eq!(lines[lines.len() - 2], format!("Last Error: {}...", "x".repeat(60)));
    assert_eq!(
        lines[lines.len() - 1],
        "------ [+|-|*|/]: Adjust rate ---- [q]: Soft exit ---- [p]: Pause traffic -----"
    );
}

#[test]
fn users_hidden_steps_and_variables() {
    let mut program = program(Role::Client, vec![send("OPTIONS", 0), recv(Expect::Nothing)]);
    program.variables.call.push("wait".to_owned());
    let length = PauseLength::Variable(Variable { scope: Scope::Call, slot: 0 });
    program.steps.push(common::pause(length));
    program.steps[1].display.hidden = true;
    let mut view = view(&program, 0);
    view.context.load = Load::Users;
    let mut now = Snapshot::empty([&program]);
    now.target_rate = 25.0;
    let screen = scenario_screen(&view, &now, &now);
    assert!(screen.contains(
        "  Users (length)   Port   Total-time  Total-calls  Remote-host\n  25 (100 ms)   5948       0.00 s            0  127.0.0.1:5949(UDP)\n"
    ));
    assert!(screen.contains("\n0 :     OPTIONS ---------->         0         0 "));
    assert!(screen.contains("\n2 :       Pause [    $wait]         0  "));
    assert!(!screen.contains("\n1 :"));
}

#[test]
fn rows_are_those_of_3_8_0_whatever_the_step() {
    // Rows that 3.8.0 drew for a scenario of one step of each kind.
    let theirs = "\
0 :     OPTIONS ---------->  B-RTD1 20        0         0                   1        
1 :         200 <----------  E-RTD1 19        0         1         0                  

2 :       Pause [      5ms]         20                            0        
3 :       Pause [N(20ms,3ms)]       20                            0        
4 :       Pause [LN(2ms,0.10ms)]    20                            0        
5 :       Pause [Exp(2.50ms)]       20                            0        
6 :       Pause [Wb(3ms,4ms)]       20                            0        
7 :       Pause [P(1ms,2ms)]        20                            0        
8 :       Pause [P(1ms,2ms,3ms)]    20                            0        
9 :       Pause [G(3ms,2ms)]        20                            0        
10:       Pause [NB(0.10ms,2ms)]    20                            0        
11:       Pause [      0ms]         20                            0        
12:              [ NOP ]              

13: abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz
";
    let mut steps = vec![send("OPTIONS", 500), recv(Expect::Response(200))];
    let pauses = [
        Distribution::Fixed(5.0),
        Distribution::Normal { mean: 20.0, stdev: 3.0 },
        Distribution::LogNormal { mean: 2.0, stdev: 0.1 },
        Distribution::Exponential { mean: 2.5 },
        Distribution::Weibull { lambda: 3.0, k: 4.0 },
        Distribution::Pareto { k: 1.0, x_m: 2.0 },
        Distribution::GPareto { shape: 1.0, scale: 2.0, location: 3.0 },
        Distribution::Gamma { k: 3.0, theta: 2.0 },
        Distribution::NegBin { p: 0.1, n: 2.0 },
        Distribution::Fixed(0.0),
    ];
    steps.extend(pauses.map(|drawn| common::pause(PauseLength::Drawn(drawn))));
    steps.push(common::step(StepKind::Nop));
    steps.push(common::step(StepKind::Nop));
    steps[0].start_timers = vec![0];
    steps[0].lost_percent = Some(1.0);
    steps[0].display.text = Some("hello".to_owned());
    steps[1].stop_timers = vec![0];
    steps[1].display.blank_line = true;
    steps[2].start_timers = vec![1];
    steps[2].display.text = Some("pz".to_owned());
    steps[12].display.blank_line = true;
    steps[13].display.text = Some("abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz".to_owned());
    let mut program = program(Role::Client, steps);
    program.has_loss = true;
    let mut now = Snapshot::empty([&program]);
    let counters = &mut now.programs[0].steps;
    for counted in counters.iter_mut() {
        counted.messages = 20;
    }
    counters[0].lost = 1;
    counters[1].messages = 19;
    counters[1].timeouts = 1;
    let screen = scenario_screen(&view(&program, 0), &now, &now);
    let rows = screen.split_once("Unexp.    Lost\n").unwrap().1;
    let rows = &rows[..rows.find("------ [").unwrap()];
    assert_eq!(rows, theirs);
}

#[test]
fn message_log_is_that_of_3_8_0() {
    // Read the first three records of the capture and write them again.
    let text = std::str::from_utf8(MESSAGES).unwrap();
    let marks: Vec<usize> =
        text.match_indices("-----------------------------------------------").map(|(at, _)| at).collect();
    let clock = Clock::default();
    for (record, (us, direction)) in [
        (1_795_344_276_162_230, Direction::Sent),
        (1_795_344_276_162_488, Direction::Received),
        (1_795_344_276_163_686, Direction::Received),
    ]
    .into_iter()
    .enumerate()
    {
        let theirs = &text[marks[record]..marks[record + 1]];
        let message = theirs.splitn(4, '\n').nth(3).unwrap().strip_suffix('\n').unwrap();
        let mut ours = Vec::new();
        messages::record(&mut ours, &clock, us, direction, Protocol::Udp, message.as_bytes());
        assert_eq!(String::from_utf8(ours).unwrap(), theirs);
    }
    let mut ours = Vec::new();
    messages::record(&mut ours, &clock, 0, Direction::Received, Protocol::Tcp, b"A\0B");
    assert!(ours.ends_with(b"\nTCP message received [3] bytes:\n\nA\n"));
    ours.clear();
    messages::voluntary_loss(&mut ours, &clock, 0);
    assert!(String::from_utf8(ours).unwrap().contains("1970-01-01T00:00:00.000000Z\nMessage voluntary lost"));
}

#[test]
fn error_log_and_closing_summary_are_those_of_3_8_0() {
    let clock = Clock { rfc3339: true, ..Clock::default() };
    let body = ERRORS.strip_prefix(errors::FIRST_LINE).unwrap();
    let mut ours = Vec::new();
    let mut summary = ErrorSummary::default();
    let body = std::str::from_utf8(body).unwrap();
    for (us, record) in [1_795_344_310_000_238, 1_795_344_310_051_310, 1_795_344_310_099_899]
        .into_iter()
        .zip(body.split_inclusive("\r\n'\n"))
    {
        let text = record.split_once(": ").unwrap().1.strip_suffix('\n').unwrap();
        errors::record(&mut ours, &clock, us, text.as_bytes());
        summary.note(&clock, us, text.as_bytes());
    }
    assert_eq!(String::from_utf8(ours).unwrap(), body);
    let resolving = b"Resolving remote host '127.0.0.1'... Done.\n";
    let theirs = STDERR.strip_prefix(resolving).unwrap();
    assert_eq!(summary.closing(Some("fail_err.log")), theirs);
}
