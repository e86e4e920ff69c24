//! The control loop of a SIPp run: events into files, screens, statistics, limits of time, signals, and the end.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use busyhour_engine::{Event, Settings, Snapshot, Time};
use busyhour_report::clock::Clock as Calendar;
use busyhour_report::sipp::{Context, Load};

use super::files::Files;
use super::programs::Programs;
use super::screen::Screen;
use super::settings::RunPlan;
use crate::exit::{ABORT_LEVEL, CALLS_FAILED, FATAL, MEDIA_CHECK_FAILED, NOTHING_DONE, SUCCESS};
use crate::run::Running;
use crate::signals::{Signal, SignalQueue};
use crate::watch::Watch;

/// Longest time in which nobody looks at events, signals and the end of the run.
const TURN: Duration = Duration::from_millis(10);
/// Period of the look at the generator itself.
const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// Time that received calls of a mixed run have to end when all placed ones have and no more come: as long as a peer may go
/// on repeating a request (RFC 3261, 64·T1). SIPp gives them none.
const RECEIVED_GRACE: Duration = Duration::from_secs(32);
/// Time in which aborted calls must have ended.
const ABORT_GRACE: Duration = Duration::from_secs(5);

/// Controls the run until it has ended, writes the final report, and returns the exit status.
pub(super) fn run(
    plan: &RunPlan,
    programs: &Programs,
    running: Running,
    files: Files,
    signals: &SignalQueue,
    calendar: Calendar,
) -> u8 {
    let settings = Arc::clone(&running.settings);
    let others = programs.others();
    let context = Context {
        program: &programs.main,
        position: 0,
        clock: calendar,
        start_us: running.clock.wall_start_us(),
        load: load(&settings, plan),
    };
    let mut control = Control {
        plan,
        context,
        screen: Screen::new(context, &others, &settings),
        watch: Watch::new(settings.protocol),
        running,
        files,
        is_mixed: programs.is_mixed(),
        forced_at: None,
    };
    let end = control.until_the_end(signals);
    control.close(&end)
}

/// What screens and statistics count as the target.
fn load(settings: &Settings, plan: &RunPlan) -> Load {
    match settings.users {
        Some(_) => Load::Users,
        None => Load::Rate { period_ms: plan.rate_period_ms },
    }
}

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// All calls have ended, or SIGINT or SIGTERM came.
    Normal,
    /// `-timeout` came, and the calls were aborted.
    TimedOut,
    /// `<error>`, `stop_now`, or `-timeout` with `-timeout_error`.
    Stopped(u8),
}

struct Control<'a> {
    plan: &'a RunPlan,
    context: Context<'a>,
    screen: Screen<'a>,
    watch: Watch,
    running: Running,
    files: Files,
    /// Calls are placed and received.
    is_mixed: bool,
    /// When open calls were told to abort.
    forced_at: Option<Time>,
}

impl Control<'_> {
    fn until_the_end(&mut self, signals: &SignalQueue) -> End {
        let start = Time::ZERO;
        let mut screens = Periodic::new(self.plan.screen_period.filter(|_| self.screen.is_live()), start);
        let mut rows =
            Periodic::new(Some(self.plan.statistics_period).filter(|_| self.files.has_statistics()), start);
        let mut watch = Periodic::new(Some(WATCH_PERIOD), start + WATCH_PERIOD.as_micros() as u64);
        let mut time_limit = Once::new(self.plan.time_limit.map(|limit| limit.after));
        let mut rate_limit = Once::new(self.plan.quit_at);
        let mut end = End::Normal;
        let mut placed_ended = None;
        loop {
            if let Some(status) = self.take_events() {
                return End::Stopped(status);
            }
            self.files.write();
            if self.running.workers.is_finished() {
                return end;
            }
            let now = self.running.clock.now();
            let (screen, row, look) = (screens.is_due(now), rows.is_due(now), watch.is_due(now));
            if screen || row || look {
                self.show(screen, row, look);
            }
            if rate_limit.is_due(now) {
                self.quit(10);
            }
            if let Some(limit) = self.plan.time_limit
                && time_limit.is_due(now)
            {
                if limit.is_error {
                    let text = format!(
                        "{} timed out after '{:.3}' seconds",
                        self.context.program.base_name,
                        limit.after.as_secs_f64()
                    );
                    self.files.error(now.as_micros(), text.as_bytes());
                    return End::Stopped(FATAL);
                }
                self.quit(ABORT_LEVEL);
                end = End::TimedOut;
            }
            let shared = &self.running.shared;
            if self.is_mixed && (1..ABORT_LEVEL).contains(&shared.quit_level()) && shared.open_placed() == 0 {
                let since = *placed_ended.get_or_insert(now);
                if now.micros_since(since) > RECEIVED_GRACE.as_micros() as u64 {
                    self.quit(ABORT_LEVEL);
                }
            }
            if self.running.shared.quit_level() >= ABORT_LEVEL {
                let since = *self.forced_at.get_or_insert(now);
                if now.micros_since(since) > ABORT_GRACE.as_micros() as u64 {
                    return end;
                }
            }
            match signals.wait(TURN) {
                Some(Signal::Stop) => return end,
                Some(Signal::Quit) => self.quit(10),
                Some(Signal::DumpScreens) => self.dump_screens(),
                None => {}
            }
        }
    }

    /// Raises the quitting level by so much.
    fn quit(&mut self, by: u32) {
        self.running.shared.raise_quit(by);
        self.running.workers.wake_all();
    }

    /// Takes what the engines tell. Returns the exit status if one of them ends the run.
    fn take_events(&mut self) -> Option<u8> {
        let events = self.running.workers.try_events();
        note(&events, false, &mut self.files)
    }

    /// Draws, writes and looks, as far as it is time for each.
    fn show(&mut self, screen: bool, row: bool, look: bool) {
        let workers = self.running.workers.snapshots();
        let whole = self.running.sum(&workers);
        if row {
            self.files.statistics_row(&self.context, &whole);
        }
        if screen {
            self.screen.draw(whole, &self.running.shared, self.files.last_error().as_deref());
        }
        if look {
            self.watch.observe(workers);
        }
    }

    /// Adds all screens as they are now to the screen file.
    fn dump_screens(&mut self) {
        let now = self.running.sum(&self.running.workers.snapshots());
        let text = self.screen.dump(&now, &self.running.shared, self.files.last_error().as_deref());
        self.files.screens(&self.context.program.base_name, &text);
    }

    /// Ends the threads and reports. Returns the exit status.
    fn close(self, end: &End) -> u8 {
        let Control { context, screen, mut watch, running, mut files, .. } = self;
        let ended = running.end();
        let stopped = note(&ended.events, matches!(end, End::Stopped(_)), &mut files);
        // SIPp writes the end twice: when traffic ends, and at exit.
        files.statistics_row(&context, &ended.whole);
        files.statistics_row(&context, &ended.whole);
        let crash = ended.trouble();
        watch.observe(ended.workers);
        screen.close(&ended.whole, &watch.verdict(), files.last_error().as_deref());
        let mut summary = files.closing();
        if let Some(trouble) = crash {
            summary.extend_from_slice(trouble.as_bytes());
            summary.push(b'\n');
        }
        let _ = io::stderr().write_all(&summary);
        match (end, stopped) {
            _ if ended.crashed => FATAL,
            (End::Normal | End::TimedOut, Some(status)) => status,
            _ => status(end, &ended.whole),
        }
    }
}

/// Writes events down. Returns the exit status of the first event that ends the run. After that one
/// (`stopped`: it came before) calls go on for a moment until they are told, and only their messages are written down:
/// the last error stays the one that ended the run.
fn note(events: &[Event], stopped: bool, files: &mut Files) -> Option<u8> {
    let mut status = None;
    for event in events {
        if (stopped || status.is_some()) && !matches!(event, Event::Message { .. } | Event::Command { .. }) {
            continue;
        }
        files.event(event);
        if let Event::Stop { exit_status, .. } = event {
            status = Some(*exit_status);
        }
    }
    status
}

/// The exit status (spec-engine §14). Unlike SIPp's, it is about all scenarios, not only the one on the screen.
fn status(end: &End, last: &Snapshot) -> u8 {
    let failed = last.programs.iter().any(|program| program.calls.failed_total() > 0);
    let nothing_done = last.programs.iter().all(|program| program.calls.successful == 0);
    let media_failed = last.media.as_ref().is_some_and(|media| media.counters.checks_failed > 0);
    match end {
        End::Stopped(status) => *status,
        _ if media_failed => MEDIA_CHECK_FAILED,
        End::TimedOut if !failed && nothing_done => NOTHING_DONE,
        _ if failed => CALLS_FAILED,
        _ => SUCCESS,
    }
}

/// Something that is due again and again, without drift. Late turns are left out, not made up for.
struct Periodic {
    period_us: Option<u64>,
    next: Time,
}

impl Periodic {
    fn new(period: Option<Duration>, first: Time) -> Periodic {
        let period_us = period.map(|period| u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1));
        Periodic { period_us, next: first }
    }

    fn is_due(&mut self, now: Time) -> bool {
        let Some(period_us) = self.period_us else { return false };
        if now < self.next {
            return false;
        }
        let missed = now.micros_since(self.next) / period_us;
        self.next = self.next + (missed + 1).saturating_mul(period_us);
        true
    }
}

/// Something that is due once.
struct Once(Option<Time>);

impl Once {
    fn new(after: Option<Duration>) -> Once {
        Once(after.map(|after| Time::from_micros(u64::try_from(after.as_micros()).unwrap_or(u64::MAX))))
    }

    fn is_due(&mut self, now: Time) -> bool {
        let due = self.0.is_some_and(|at| now >= at);
        if due {
            self.0 = None;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use busyhour_engine::snapshot::{CallCounters, DurationStatistics, ProgramStatistics};
    use busyhour_media::MediaSnapshot;

    use super::*;

    #[test]
    fn periods_do_not_drift_and_skip_what_was_missed() {
        let mut periodic = Periodic::new(Some(Duration::from_millis(10)), Time::ZERO);
        assert!(periodic.is_due(Time::ZERO));
        assert!(!periodic.is_due(Time::from_millis(9)));
        assert!(periodic.is_due(Time::from_millis(12)));
        assert!(periodic.is_due(Time::from_millis(20)));
        assert!(periodic.is_due(Time::from_millis(55)));
        assert!(!periodic.is_due(Time::from_millis(59)));
        assert!(periodic.is_due(Time::from_millis(60)));
        assert!(!Periodic::new(None, Time::ZERO).is_due(Time::MAX));
    }

    #[test]
    fn once_is_once() {
        let mut once = Once::new(Some(Duration::from_millis(5)));
        assert!(!once.is_due(Time::from_millis(4)));
        assert!(once.is_due(Time::from_millis(6)));
        assert!(!once.is_due(Time::from_millis(7)));
    }

    fn statistics() -> ProgramStatistics {
        ProgramStatistics {
            steps: Vec::new(),
            timers: Vec::new(),
            counters: Vec::new(),
            call_length: DurationStatistics::new(Vec::new()),
            unexpected_codes: Vec::new(),
            calls: CallCounters::default(),
        }
    }

    #[test]
    fn exit_statuses() {
        let mut last = Snapshot::empty([]);
        last.programs = vec![statistics(), statistics()];
        assert_eq!(status(&End::Normal, &last), SUCCESS);
        assert_eq!(status(&End::TimedOut, &last), NOTHING_DONE);
        last.programs[0].calls.successful = 1;
        assert_eq!(status(&End::TimedOut, &last), SUCCESS);
        last.programs[1].calls.failed[0] = 1;
        assert_eq!(status(&End::Normal, &last), CALLS_FAILED, "of any scenario");
        assert_eq!(status(&End::TimedOut, &last), CALLS_FAILED);
        assert_eq!(status(&End::Stopped(97), &last), 97);
        last.media.get_or_insert_with(|| Box::new(MediaSnapshot::empty())).counters.checks_failed = 1;
        assert_eq!(status(&End::Normal, &last), MEDIA_CHECK_FAILED, "goes before failed calls");
        assert_eq!(status(&End::Stopped(97), &last), 97);
    }
}
