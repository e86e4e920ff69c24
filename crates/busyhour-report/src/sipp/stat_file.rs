//! The statistics file of `-trace_stat` (spec-outputs §3, spec-3.8 §D).
//!
//! Its caller writes [`header`] once, then a [`row`] at the start, after each `-fd`, when traffic ends, and once more
//! at exit. Header and rows come from one list of columns, so they never differ in length.

use std::fmt::{Display, Write as _};

use busyhour_engine::Snapshot;
use busyhour_engine::snapshot::{DurationStatistics, FailureKind};
use busyhour_scenario::program::Program;

use super::{Context, Load, Moments, call_rate};
use crate::clock::{Clock, hms, hmsu};

/// How the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form<'a> {
    /// `-stat_delimiter`: follows each column, the last too.
    pub delimiter: &'a str,
    /// Repartition tables have one column for each range, counted since the start, as before 3.8.0 (`-compat 3.7`).
    pub plain_repartition: bool,
}

/// Returns the header line, with its line end.
pub fn header(program: &Program, form: Form<'_>) -> String {
    let context = Context {
        program,
        position: 0,
        clock: Clock::default(),
        start_us: 0,
        load: Load::Rate { period_ms: 1000 },
    };
    let nothing = Snapshot::empty([program]);
    line(&context, &nothing, &nothing, form, Part::Names)
}

/// Returns one row, with its line end: (C) columns hold `now`, (P) columns what is new in it since `previous`, the
/// snapshot of the row before (for the first row, `now` itself). Both are merged over all workers.
pub fn row(context: &Context<'_>, now: &Snapshot, previous: &Snapshot, form: Form<'_>) -> String {
    line(context, now, previous, form, Part::Values)
}

fn line(context: &Context<'_>, now: &Snapshot, previous: &Snapshot, form: Form<'_>, part: Part) -> String {
    let mut line = Line { text: String::with_capacity(4096), form, part };
    line.run_columns(context, now, previous);
    line.program_columns(context, now, previous);
    line.text.push('\n');
    line.text
}

/// Which of the two kinds of line is written.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Names,
    Values,
}

struct Line<'a> {
    text: String,
    form: Form<'a>,
    part: Part,
}

impl Line<'_> {
    /// Columns 1 to 68, which every scenario has. Calls and retransmissions are those of the scenario; messages outside
    /// calls, automatic answers, warnings and errors are those of the run.
    fn run_columns(&mut self, context: &Context<'_>, now: &Snapshot, previous: &Snapshot) {
        let period_ms = now.at.micros_since(previous.at) / 1000;
        let total_ms = now.at.as_millis();
        let (counters, before) = (&now.counters, &previous.counters);
        let (calls, calls_before) = (context.calls(now), context.calls(previous));
        let created = calls.created();
        self.column("StartTime", context.clock.column(context.start_us));
        self.column("LastResetTime", context.clock.column(context.wall_us(previous)));
        self.column("CurrentTime", context.clock.column(context.wall_us(now)));
        self.column("ElapsedTime(P)", hms(period_ms));
        self.column("ElapsedTime(C)", hms(total_ms));
        let decimals = if context.load == Load::Users { 0 } else { 3 };
        self.column("TargetRate", format_args!("{:.decimals$}", context.calls_per_period(now)));
        let new_calls = created.saturating_sub(calls_before.created());
        self.column("CallRate(P)", format_args!("{:.3}", call_rate(new_calls, period_ms)));
        self.column("CallRate(C)", format_args!("{:.3}", call_rate(created, total_ms)));
        self.both("IncomingCall", calls.incoming, calls_before.incoming);
        self.both("OutgoingCall", calls.outgoing, calls_before.outgoing);
        self.column("TotalCallCreated", created);
        self.column("CurrentCall", calls.open());
        self.both("SuccessfulCall", calls.successful, calls_before.successful);
        self.both("FailedCall", calls.failed_total(), calls_before.failed_total());
        for (position, kind) in FailureKind::ALL.iter().enumerate() {
            let Some(name) = kind.column() else { continue };
            // Several kinds may share a column, which stands where the first of them does.
            if FailureKind::ALL[..position].iter().any(|earlier| earlier.column() == Some(name)) {
                continue;
            }
            let sum = |failed: &[u64; FailureKind::COUNT]| {
                let same = FailureKind::ALL.iter().filter(|other| other.column() == Some(name));
                same.map(|other| failed[other.index()]).sum::<u64>()
            };
            self.both(name, sum(&calls.failed), sum(&calls_before.failed));
        }
        self.both("OutOfCallMsgs", counters.out_of_call, before.out_of_call);
        self.both("DeadCallMsgs", counters.dead_call, before.dead_call);
        self.both("Retransmissions", calls.retransmissions, calls_before.retransmissions);
        self.both("AutoAnswered", counters.auto_answered, before.auto_answered);
        self.both("Warnings", counters.warnings, before.warnings);
        self.both("FatalErrors", counters.fatal_errors, before.fatal_errors);
        // SIPp's watchdog looks for its own overload; here the verdict does that.
        self.both("WatchdogMajor", 0, 0);
        self.both("WatchdogMinor", 0, 0);
    }

    /// Columns named by the scenario's timers, counters and repartition tables.
    fn program_columns(&mut self, context: &Context<'_>, now: &Snapshot, previous: &Snapshot) {
        let program = context.program;
        let (statistics, before) = (context.statistics(now), context.statistics(previous));
        let timers = statistics.map_or(&[][..], |statistics| &statistics.timers);
        let timers_before = before.map_or(&[][..], |before| &before.timers);
        let call_length = statistics.map(|statistics| &statistics.call_length);
        let call_length_before = before.map(|before| &before.call_length);

        for (position, name) in program.timers.iter().enumerate() {
            self.duration("ResponseTime", name, timers.get(position), timers_before.get(position));
        }
        self.duration("CallLength", "", call_length, call_length_before);
        for (position, name) in program.counters.iter().enumerate() {
            let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
            let prefix = if is_number { "GenericCounter" } else { "" };
            let value = |statistics: Option<&[u64]>| {
                statistics.and_then(|counters| counters.get(position)).copied().unwrap_or(0)
            };
            self.both(
                format_args!("{prefix}{name}"),
                value(statistics.map(|statistics| &statistics.counters[..])),
                value(before.map(|before| &before.counters[..])),
            );
        }
        for (position, name) in program.timers.iter().enumerate() {
            let borders = program.response_time_borders.get(position).map_or(&[][..], |borders| borders);
            let title = format!("ResponseTimeRepartition{name}");
            self.repartition(&title, borders, timers.get(position), timers_before.get(position));
        }
        self.repartition(
            "CallLengthRepartition",
            &program.call_length_borders,
            call_length,
            call_length_before,
        );
    }

    fn duration(
        &mut self,
        prefix: &str,
        name: &str,
        now: Option<&DurationStatistics>,
        before: Option<&DurationStatistics>,
    ) {
        let total = Moments::of(now);
        let period = total.since(Moments::of(before));
        self.column(format_args!("{prefix}{name}(P)"), hmsu(period.mean_ms()));
        self.column(format_args!("{prefix}{name}(C)"), hmsu(total.mean_ms()));
        self.column(format_args!("{prefix}{name}StDev(P)"), hmsu(period.deviation_ms()));
        self.column(format_args!("{prefix}{name}StDev(C)"), hmsu(total.deviation_ms()));
    }

    /// A column that is its title only, then all ranges of the period, then all in total. In the old form there is no
    /// period.
    fn repartition(
        &mut self,
        title: &str,
        borders: &[u32],
        now: Option<&DurationStatistics>,
        before: Option<&DurationStatistics>,
    ) {
        let Some(last) = borders.last() else { return };
        self.column(title, "");
        let samples = |duration: Option<&DurationStatistics>, range: usize| {
            duration.and_then(|duration| duration.repartition.get(range)).copied().unwrap_or(0)
        };
        let both = [("(P)", before), ("(C)", None)];
        let parts = if self.form.plain_repartition { &[("", None)][..] } else { &both };
        for &(suffix, before) in parts {
            for (range, border) in borders.iter().enumerate() {
                let value = samples(now, range).saturating_sub(samples(before, range));
                self.column(format_args!("{title}_<{border}{suffix}"), value);
            }
            let value = samples(now, borders.len()).saturating_sub(samples(before, borders.len()));
            self.column(format_args!("{title}_>={last}{suffix}"), value);
        }
    }

    fn both(&mut self, name: impl Display, now: u64, before: u64) {
        self.column(format_args!("{name}(P)"), now.saturating_sub(before));
        self.column(format_args!("{name}(C)"), now);
    }

    fn column(&mut self, name: impl Display, value: impl Display) {
        // Writing to a String never fails.
        let _ = match self.part {
            Part::Names => write!(self.text, "{name}"),
            Part::Values => write!(self.text, "{value}"),
        };
        self.text.push_str(self.form.delimiter);
    }
}
