//! Titles, status lines, and what is printed when a run ends (spec-outputs §13, §14).

use std::fmt::Write as _;

use busyhour_engine::{FailureKind, Snapshot};
use busyhour_scenario::program::Role;

use super::Context;
use super::{repartition_screen, scenario_screen, statistics_screen};
use crate::dropped::dropped_text;
use crate::figures::{count, entry};
use crate::media::media_text;
use crate::summary::generator_text;
use crate::verdict::Verdict;

/// What screens show beside the snapshots.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The run.
    pub context: Context<'a>,
    /// `-d`, ms.
    pub pause_ms: u64,
    /// Local port of the main socket.
    pub local_port: u16,
    /// Target as `address:port`; not shown for a server.
    pub remote: &'a str,
    /// Transport's name, e.g. `UDP`.
    pub transport: &'a str,
    /// `-m`.
    pub calls_max: Option<u64>,
    /// `-aa`: automatic answers are shown.
    pub auto_answer: bool,
    /// `-lost`: the loss column is shown even if the scenario has no `lost` attribute.
    pub loss: bool,
    /// Last line of each screen.
    pub status: Status,
    /// Text of the last error without its time, if there was one.
    pub last_error: Option<&'a str>,
    /// The run's other scenarios: position in [`Snapshot::programs`] and name.
    pub others: &'a [(usize, &'a str)],
}

/// State of the run, as the last line of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Traffic flows.
    Running,
    /// No new calls are made for the moment.
    Paused,
    /// No new calls are made any more; open ones end.
    Quitting,
    /// Open calls are aborted.
    ForcedQuit,
    /// The run is over.
    Terminated,
}

/// Width of screens.
pub(super) const WIDTH: usize = 79;

/// Returns what goes to stdout at the end of a run: the scenario screen and the statistics screen, both closing, then
/// what SIPp has not: the calls of the other scenarios, if there are any, what was heard, if there was media, how late the
/// generator was, counters of what was dropped, if any, and the verdict on the generator.
///
/// Periodic values are those since the last refresh, which SIPp makes just before, so they are 0.
pub fn final_report(view: &View<'_>, now: &Snapshot, verdict: &Verdict) -> String {
    let closing = View { status: Status::Terminated, ..*view };
    let mut text = scenario_screen::scenario_screen(&closing, now, now);
    text.push_str(&statistics_screen::statistics_screen(&closing, now, now));
    text.push_str(&others(view, now));
    text.push_str(&media_text("\nMedia", now));
    text.push_str(&generator_text(now));
    text.push_str(&dropped_text("\nDropped, refused or skipped", now));
    text.push('\n');
    text.push_str(&verdict.text());
    text
}

/// Calls of the run's other scenarios; their failures count for the exit status too.
fn others(view: &View<'_>, now: &Snapshot) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: u64| {
        // Writing to a String never fails.
        let _ = writeln!(text, "{}", entry(label, &count(value), ""));
    };
    for (position, name) in view.others {
        let Some(calls) = now.programs.get(*position).map(|statistics| &statistics.calls) else { continue };
        line(&format!("{name}: calls"), calls.created());
        line(&format!("{name}: succeeded"), calls.successful);
        line(&format!("{name}: failed"), calls.failed_total());
        for kind in FailureKind::ALL.iter().filter(|kind| calls.failed[kind.index()] > 0) {
            line(&format!("  {}", kind.text()), calls.failed[kind.index()]);
        }
    }
    if text.is_empty() { text } else { format!("\nOther scenarios\n{text}") }
}

/// Returns what `-trace_screen` writes: the scenario, statistics and repartition screens (spec-outputs §13.6).
pub fn screen_dump(view: &View<'_>, now: &Snapshot, previous: &Snapshot) -> String {
    let mut text = scenario_screen::scenario_screen(view, now, previous);
    text.push_str(&statistics_screen::statistics_screen(view, now, previous));
    for timer in 0..view.context.program.timers.len().max(1) {
        text.push_str(&repartition_screen::repartition_screen(view, now, timer));
    }
    text
}

/// Title line: the name in the middle of dashes, and where the keys lead.
pub(super) fn title(name: &str) -> String {
    const KEYS: &str = " [1-9]: Change Screen --";
    let mut line = "-".repeat(75_usize.saturating_sub(name.len()) / 2);
    line.push(' ');
    line.push_str(name);
    line.push(' ');
    line.push_str(&"-".repeat((WIDTH - KEYS.len()).saturating_sub(line.len())));
    line.push_str(KEYS);
    line.push('\n');
    line
}

/// The lines that end every screen.
pub(super) fn foot(view: &View<'_>) -> String {
    let mut text = String::new();
    let closing = view.status == Status::Terminated;
    if let Some(error) = view.last_error.filter(|_| !closing) {
        let line: String = error.lines().next().unwrap_or_default().chars().take(60).collect();
        text.push_str(&format!("Last Error: {line}...\n"));
    }
    text.push_str(match (view.status, view.context.program.creation) {
        (Status::Terminated, _) => {
            "------------------------------ Test Terminated --------------------------------"
        }
        (Status::Quitting, _) => {
            "------- Waiting for active calls to end. Press [q] again to force exit. -------"
        }
        (Status::ForcedQuit, _) => {
            "-------------------------------- Forcing quit ---------------------------------"
        }
        (Status::Paused, _) => {
            "----------------- Traffic Paused - Press [p] again to resume ------------------"
        }
        (Status::Running, Role::Client) => {
            "------ [+|-|*|/]: Adjust rate ---- [q]: Soft exit ---- [p]: Pause traffic -----"
        }
        (Status::Running, Role::Server) => {
            "------------------------------ SIPp Server Mode -------------------------------"
        }
    });
    text.push('\n');
    text
}
