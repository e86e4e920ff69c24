//! Programs and snapshots built by hand, in the shape of the captures in `tests/data`.
#![allow(dead_code, reason = "each test file uses a part")]

use busyhour_engine::snapshot::{DurationStatistics, FailureKind, StepCounters};
use busyhour_engine::{Snapshot, Time};
use busyhour_report::Style;
use busyhour_report::summary::{PeakRate, Summary};
use busyhour_report::verdict::Verdict;
use busyhour_scenario::program::{
    Display, Distribution, Expect, Keep, Optional, Pause, PauseLength, Program, Recv, RecvTimeout, Role,
    Send, SendStart, Step, StepKind, VariableTable,
};
use busyhour_scenario::template::Template;

/// `scenario_uacfull_3.8.0.xml`, as it compiles.
pub(crate) fn uac_full() -> Program {
    let mut steps = vec![
        send("INVITE", 500),
        recv(Expect::Response(100)),
        recv(Expect::Response(180)),
        recv(Expect::Response(200)),
        send("ACK", 0),
        step(StepKind::Nop),
        step(StepKind::Nop),
        pause(PauseLength::Default),
        pause(PauseLength::Drawn(Distribution::Uniform { min: 10.0, max: 30.0 })),
        send("BYE", 500),
        recv(Expect::Response(200)),
    ];
    steps[0].start_timers = vec![0, 1];
    steps[2].start_timers = vec![2];
    steps[3].stop_timers = vec![0];
    steps[3].display.blank_line = true;
    steps[4].stop_timers = vec![2];
    steps[5].display.text = Some("** my nop **".to_owned());
    steps[9].start_timers = vec![3];
    steps[10].stop_timers = vec![3, 1];
    steps[10].display.blank_line = true;
    let mut program = program(Role::Client, steps);
    program.timers = ["invite", "whole", "2", "bye"].map(str::to_owned).to_vec();
    program.counters = ["invites", "1"].map(str::to_owned).to_vec();
    program.response_time_borders = vec![vec![10, 20, 30, 40, 50, 100, 150, 200]; 4];
    program.call_length_borders = vec![10, 50, 100, 500, 1000, 5000, 10_000];
    program
}

/// The summary of a clean run with one worker.
pub(crate) fn summary<'a>(programs: &'a [&'a Program], total: &'a Snapshot) -> Summary<'a> {
    Summary {
        title: "uac",
        target: "127.0.0.1:5060 over UDP",
        programs,
        total,
        workers: 1,
        peak_rate: PeakRate::default(),
        other_side: "",
        verdict: &Verdict::Clean,
        style: Style::Plain,
    }
}

/// The embedded `uas`.
pub(crate) fn uas() -> Program {
    let mut steps = vec![
        recv(Expect::Request("INVITE".to_owned())),
        response(180, 0),
        response(200, 500),
        recv(Expect::Request("ACK".to_owned())),
        recv(Expect::Request("BYE".to_owned())),
        response(200, 0),
        pause(PauseLength::Drawn(Distribution::Fixed(4000.0))),
    ];
    steps[0].display.blank_line = true;
    steps[3].display.blank_line = true;
    steps[3].stop_timers = vec![0];
    let mut program = program(Role::Server, steps);
    program.timers = vec!["1".to_owned()];
    program.response_time_borders = vec![vec![10, 200]];
    program
}

/// A program of these steps without anything else.
pub(crate) fn program(role: Role, steps: Vec<Step>) -> Program {
    Program {
        dialogs: vec![1],
        files: Vec::new(),
        first_command: None,
        title: "by hand".to_owned(),
        base_name: "hand".to_owned(),
        creation: role,
        sending: role,
        steps,
        init: Vec::new(),
        variables: VariableTable::default(),
        timers: Vec::new(),
        counters: Vec::new(),
        transactions: Vec::new(),
        response_time_borders: Vec::new(),
        call_length_borders: Vec::new(),
        default_messages: Vec::new(),
        keep: Keep::Headers(Vec::new()),
        unexpected_main: None,
        unexpected_return: None,
        unexpected_paused: None,
        pause_p99_ms: 0,
        default_pauses: 0,
        media: Default::default(),
        has_loss: false,
    }
}

pub(crate) fn step(kind: StepKind) -> Step {
    Step {
        kind,
        start_timers: Vec::new(),
        stop_timers: Vec::new(),
        repeat_timers: false,
        counter: None,
        next: None,
        condition: None,
        lost_percent: None,
        on_timeout: None,
        actions: Vec::new(),
        ignore_sdp: false,
        dialog: 1,
        display: Display::default(),
        line: 1,
    }
}

pub(crate) fn send(method: &str, retrans_ms: u32) -> Step {
    sending(SendStart::Request(method.to_owned()), retrans_ms)
}

pub(crate) fn response(code: u16, retrans_ms: u32) -> Step {
    sending(SendStart::Response(code), retrans_ms)
}

fn sending(start: SendStart, retrans_ms: u32) -> Step {
    step(StepKind::Send(Send {
        template: Template::default(),
        start,
        retrans_ms,
        timeout_ms: 0,
        start_transaction: None,
        ack_transaction: None,
        response_transaction: None,
    }))
}

pub(crate) fn recv(expect: Expect) -> Step {
    step(StepKind::Recv(Recv {
        expect,
        optional: Optional::No,
        advance_state: true,
        timeout: RecvTimeout::Default,
        record_route_set: false,
        auth: false,
        start_transaction: None,
        response_transaction: None,
        methods_sent_before: String::new(),
    }))
}

pub(crate) fn pause(length: PauseLength) -> Step {
    step(StepKind::Pause(Pause { length, final_wait: false }))
}

/// Sixty calls of [`uac_full`], 3.124 s after the start, as in `final_stdout_uac_3.8.0.txt`.
pub(crate) fn uac_full_done(program: &Program) -> Snapshot {
    let mut now = Snapshot::empty([program]);
    now.at = Time::from_micros(3_124_702);
    now.target_rate = 20.0;
    now.limit = Some(60);
    now.counters.outgoing = 60;
    now.counters.successful = 60;
    now.counters.open_peak = 3;
    now.counters.open_peak_at = Time::from_millis(400);
    now.counters.dead_calls_kept = 62;
    now.counters.messages_sent = 180;
    now.counters.messages_received = 180;
    let statistics = &mut now.programs[0];
    for (index, step) in statistics.steps.iter_mut().enumerate() {
        if ![1, 5, 6].contains(&index) {
            *step = StepCounters { messages: 60, ..StepCounters::default() };
        }
    }
    statistics.counters = vec![60, 60];
    statistics.calls.outgoing = 60;
    statistics.calls.successful = 60;
    for _ in 0..60 {
        statistics.timers[0].record(1_100, Some(1_200));
        statistics.timers[1].record(128_000, Some(128_000));
        statistics.timers[2].record(1_000, Some(1_000));
        statistics.timers[3].record(250, Some(250));
        statistics.call_length.record(130_500, None);
    }
    now
}

/// Three calls of [`uac_full`] that met an unexpected response, as in `final_stdout_failed_3.8.0.txt`.
pub(crate) fn uac_full_failed(program: &Program) -> Snapshot {
    let mut now = Snapshot::empty([program]);
    now.at = Time::from_micros(153_841);
    now.target_rate = 20.0;
    now.limit = Some(60);
    now.counters.outgoing = 3;
    now.counters.failed[FailureKind::UnexpectedMessage.index()] = 3;
    now.counters.open_peak = 1;
    now.counters.dead_calls_kept = 6;
    let statistics = &mut now.programs[0];
    statistics.calls.outgoing = 3;
    statistics.calls.failed[FailureKind::UnexpectedMessage.index()] = 3;
    statistics.steps[0].messages = 3;
    statistics.steps[1].messages = 3;
    statistics.steps[2].unexpected = 3;
    statistics.counters[0] = 3;
    for _ in 0..3 {
        statistics.call_length.record(2_000, None);
    }
    now
}

/// Records `count` samples in turn `low_ms` and `high_ms`, beginning with the first.
pub(crate) fn record_alternately(duration: &mut DurationStatistics, count: usize, low_ms: u64, high_ms: u64) {
    for ms in [low_ms, high_ms].into_iter().cycle().take(count) {
        duration.record(ms * 1000, None);
    }
}
