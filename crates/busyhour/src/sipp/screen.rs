//! SIPp's screens on a terminal, and its final report.

use std::io::{self, IsTerminal};

use busyhour_engine::{Settings, Shared, Snapshot};
use busyhour_report::Verdict;
use busyhour_report::sipp::Context;
use busyhour_report::sipp::scenario_screen::scenario_screen;
use busyhour_report::sipp::screens::{Status, View, final_report, screen_dump};

use crate::terminal::say;

/// Cursor home, everything cleared (ECMA-48).
const HOME_AND_CLEAR: &str = "\x1b[H\x1b[2J";

/// Draws for one run.
#[derive(Debug)]
pub(super) struct Screen<'a> {
    context: Context<'a>,
    settings: &'a Settings,
    others: &'a [(usize, &'a str)],
    remote: String,
    terminal: bool,
    /// Snapshot of the screen before.
    previous: Option<Snapshot>,
}

impl<'a> Screen<'a> {
    /// For stdout, if that is a terminal. `others` are positions and names of the scenarios that screens don't show.
    pub(super) fn new(
        context: Context<'a>,
        others: &'a [(usize, &'a str)],
        settings: &'a Settings,
    ) -> Screen<'a> {
        let remote =
            settings.send_to.or(settings.remote).map(|remote| remote.to_string()).unwrap_or_default();
        Screen { context, settings, others, remote, terminal: io::stdout().is_terminal(), previous: None }
    }

    /// True if somebody sees periodic screens.
    pub(super) fn is_live(&self) -> bool {
        self.terminal
    }

    /// Draws the scenario screen anew.
    pub(super) fn draw(&mut self, now: Snapshot, shared: &Shared, last_error: Option<&str>) {
        let view = self.view(status(shared), last_error);
        let text = scenario_screen(&view, &now, self.previous.as_ref().unwrap_or(&now));
        say(&format!("{HOME_AND_CLEAR}{text}"));
        self.previous = Some(now);
    }

    /// All screens, as SIGUSR2 wants them.
    pub(super) fn dump(&self, now: &Snapshot, shared: &Shared, last_error: Option<&str>) -> String {
        let view = self.view(status(shared), last_error);
        screen_dump(&view, now, self.previous.as_ref().unwrap_or(now))
    }

    /// Prints what stays at the end of the run.
    pub(super) fn close(&self, last: &Snapshot, verdict: &Verdict, last_error: Option<&str>) {
        let view = self.view(Status::Terminated, last_error);
        let text = final_report(&view, last, verdict);
        let clear = if self.previous.is_some() { HOME_AND_CLEAR } else { "" };
        say(&format!("{clear}{text}"));
    }

    fn view<'v>(&'v self, status: Status, last_error: Option<&'v str>) -> View<'v> {
        View {
            context: self.context,
            pause_ms: self.settings.pause_ms,
            local_port: self.settings.local_port,
            remote: &self.remote,
            transport: self.settings.protocol.name(),
            calls_max: self.settings.calls_max,
            auto_answer: self.settings.auto_answer,
            loss: self.settings.lost_percent > 0.0,
            status,
            last_error,
            others: self.others,
        }
    }
}

fn status(shared: &Shared) -> Status {
    match (shared.quit_level(), shared.is_paused()) {
        (0, false) => Status::Running,
        (0, true) => Status::Paused,
        (1..=10, _) => Status::Quitting,
        _ => Status::ForcedQuit,
    }
}
