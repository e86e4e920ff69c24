//! The summary at the end of a run, for people.

use std::fmt::Write as _;

use busyhour_engine::Snapshot;
use busyhour_engine::snapshot::FailureKind;
use busyhour_scenario::program::{Expect, Program, SendStart, StepKind};
use hdrhistogram::Histogram;

use crate::dropped::dropped;
use crate::figures::{duration, per_second, rate_per_s, share};
use crate::media::media;
pub use crate::page::Style;
use crate::page::{Page, QUANTILES};
use crate::verdict::Verdict;

/// What a summary is made of. All its lines fit into 80 columns, given a title and a target of reasonable length.
#[derive(Debug, Clone, Copy)]
pub struct Summary<'a> {
    /// What was run, e.g. `uac`.
    pub title: &'a str,
    /// Against what, e.g. `127.0.0.1:5060 over UDP`.
    pub target: &'a str,
    /// Programs of the run, in the order of [`Snapshot::programs`].
    pub programs: &'a [&'a Program],
    /// The last snapshot, merged over all workers.
    pub total: &'a Snapshot,
    /// Number of workers.
    pub workers: usize,
    /// Highest rate of call starts, see [`PeakRate`].
    pub peak_rate: PeakRate,
    /// Sections of the other side's figures, each with an empty line before it, for where both are in this process.
    pub other_side: &'a str,
    /// The verdict on the generator.
    pub verdict: &'a Verdict,
    /// With colours or without.
    pub style: Style,
}

/// The highest number of calls started in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PeakRate {
    /// Calls per second; 0 before any interval was seen.
    pub calls_per_s: f64,
}

impl PeakRate {
    /// Looks at an interval between two merged snapshots. Ones shorter than half a second are left out: a few calls
    /// within a moment are no rate.
    pub fn observe(&mut self, previous: &Snapshot, now: &Snapshot) {
        let us = now.at.micros_since(previous.at);
        if us >= 500_000 {
            let started = now.counters.created().saturating_sub(previous.counters.created());
            self.calls_per_s = self.calls_per_s.max(per_second(started, us));
        }
    }
}

impl Summary<'_> {
    /// Returns the summary, with its last line end.
    pub fn text(&self) -> String {
        let mut page = Page::new(self.style);
        let heading =
            format!("{} against {}, {}", self.title, self.target, duration(self.total.at.as_micros()));
        page.heading(&heading);
        self.calls(&mut page);
        self.response_times(&mut page);
        self.messages(&mut page);
        media(&mut page, self.total);
        self.generator(&mut page);
        self.dropped(&mut page);
        page.text.push_str(self.other_side);
        page.text.push('\n');
        page.verdict(self.verdict);
        page.text
    }

    fn calls(&self, page: &mut Page) {
        let counters = &self.total.counters;
        let (created, failed) = (counters.created(), counters.failed_total());
        page.section("Calls");
        let us = self.total.at.as_micros();
        let mean = |calls| format!("{} on average", rate_per_s(per_second(calls, us)));
        if counters.outgoing > 0 || counters.incoming == 0 {
            page.line("placed", counters.outgoing, &mean(counters.outgoing));
        }
        if counters.incoming > 0 {
            page.line("received", counters.incoming, &mean(counters.incoming));
        }
        page.line("succeeded", counters.successful, &share(counters.successful, created));
        page.alarm_if(failed > 0, |page| page.line("failed", failed, &share(failed, created)));
        let mut reasons: Vec<(u64, FailureKind)> =
            FailureKind::ALL.iter().map(|kind| (counters.failed[kind.index()], *kind)).collect();
        reasons.retain(|(calls, _)| *calls > 0);
        reasons.sort_by_key(|(calls, _)| std::cmp::Reverse(*calls));
        for (calls, kind) in reasons {
            page.line(&format!("  {}", kind.text()), calls, &share(calls, created));
        }
        if counters.open > 0 {
            page.line("still open", counters.open, &share(counters.open, created));
        }
        if self.peak_rate.calls_per_s > 0.0 {
            page.entry("highest rate", &rate_per_s(self.peak_rate.calls_per_s), "");
        }
        let when = format!("after {}", duration(counters.open_peak_at.as_micros()));
        page.line("most open at a time", counters.open_peak, if counters.open_peak > 0 { &when } else { "" });
        // For scripts: the plain number, alone on its line.
        let _ = writeln!(page.text, "Successful calls: {}", counters.successful);
    }

    fn response_times(&self, page: &mut Page) {
        page.quantile_section("Response times");
        for (position, program) in self.programs.iter().enumerate() {
            let Some(statistics) = self.total.programs.get(position) else { continue };
            let prefix =
                if self.programs.len() > 1 { format!("{}: ", program.base_name) } else { String::new() };
            for (timer, name) in program.timers.iter().enumerate() {
                let Some(times) = statistics.timers.get(timer) else { continue };
                let what = if measures_setup(program, timer) { ", call setup" } else { "" };
                page.quantiles(&format!("{prefix}timer {name}{what}"), &times.actual);
                if differs(&times.actual, &times.planned) {
                    page.quantiles("  from when it was planned", &times.planned);
                }
            }
            page.quantiles(&format!("{prefix}call length"), &statistics.call_length.actual);
        }
    }

    fn messages(&self, page: &mut Page) {
        let (counters, us) = (&self.total.counters, self.total.at.as_micros());
        page.section("Messages");
        let mean = |messages| rate_per_s(per_second(messages, us));
        page.line("sent", counters.messages_sent, &mean(counters.messages_sent));
        page.line("received", counters.messages_received, &mean(counters.messages_received));
        let of_sent = if counters.retransmissions > 0 {
            format!("{} of those sent", share(counters.retransmissions, counters.messages_sent))
        } else {
            String::new()
        };
        page.line("retransmissions", counters.retransmissions, &of_sent);
        if counters.auto_answered > 0 {
            page.line("answered automatically", counters.auto_answered, "");
        }
    }

    fn generator(&self, page: &mut Page) {
        let workers =
            if self.workers == 1 { "of 1 worker".to_owned() } else { format!("of {} workers", self.workers) };
        measured_of_itself(page, self.total, &workers);
    }

    /// Counters of what was dropped, refused or skipped; the section is left out if all are 0.
    fn dropped(&self, page: &mut Page) {
        let all = dropped(self.total);
        if all.is_empty() {
            return;
        }
        page.section("Dropped, refused or skipped");
        for (what, value) in all {
            page.line(what, value, "");
        }
    }
}

/// Returns what the generator measured of itself, as an empty line and a section for the end of SIPp's report.
pub fn generator_text(total: &Snapshot) -> String {
    let mut page = Page::new(Style::Plain);
    measured_of_itself(&mut page, total, "");
    page.text
}

fn measured_of_itself(page: &mut Page, total: &Snapshot, workers: &str) {
    let generator = &total.generator;
    page.quantile_section("Generator");
    if total.counters.outgoing > 0 {
        page.quantiles("lateness of call starts", &total.start_lateness);
    }
    page.quantiles("lateness of timers", &total.timer_lateness);
    if let Some(media) = &total.media {
        page.quantiles("lateness of media packets", &media.lateness);
    }
    let busy = |busy_us: u64, elapsed_us: u64| share(busy_us.min(elapsed_us), elapsed_us);
    page.entry("CPU busy", &busy(generator.busy_us, generator.elapsed_us), workers);
    if let Some(media) = &total.media {
        let counters = &media.counters;
        let busiest = format!("busiest thread {}", share(counters.busiest_per_mille.min(1000), 1000));
        page.entry("CPU busy with media", &busy(counters.busy_us, counters.elapsed_us), &busiest);
    }
}

/// True if the timer runs from an INVITE that is sent to a 200 that is received.
fn measures_setup(program: &Program, timer: usize) -> bool {
    let starts = program.steps.iter().position(|step| {
        let is_invite = matches!(&step.kind, StepKind::Send(send)
            if matches!(&send.start, SendStart::Request(method) if method == "INVITE"));
        is_invite && step.start_timers.iter().any(|id| usize::from(*id) == timer)
    });
    let stops =
        program.steps.iter().position(|step| step.stop_timers.iter().any(|id| usize::from(*id) == timer));
    let (Some(starts), Some(stops)) = (starts, stops) else { return false };
    let is_ok = matches!(&program.steps[stops].kind, StepKind::Recv(recv) if matches!(recv.expect, Expect::Response(200)));
    // A 200 behind another INVITE or a BYE would be the answer to that one.
    let sends_between =
        program.steps[starts..stops].iter().filter(|step| matches!(step.kind, StepKind::Send(_)));
    is_ok && sends_between.count() == 1
}

/// True if what is measured from the plan is worth a line of its own: off by more than 5 % and 50 µs anywhere.
fn differs(actual: &Histogram<u64>, planned: &Histogram<u64>) -> bool {
    let is_off = |actual: u64, planned: u64| actual.abs_diff(planned) > (actual / 20).max(50);
    !planned.is_empty()
        && (is_off(actual.max(), planned.max())
            || QUANTILES.iter().any(|q| is_off(actual.value_at_quantile(*q), planned.value_at_quantile(*q))))
}
