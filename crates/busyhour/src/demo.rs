//! `busyhour demo`: callers against callees, both in this process, over loopback, with speech both ways.

mod speech;

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::{Run, Settings};
use busyhour_engine::{Event, Protocol, Snapshot, Time};
use busyhour_net::BindOptions;
use busyhour_report::clock::Clock as Calendar;
use busyhour_report::live::{Live, Target};
use busyhour_report::sipp::error_summary::ErrorSummary;
use busyhour_report::summary::{PeakRate, Summary};
use busyhour_report::{Style, dropped_text, media_text};
use busyhour_scenario::program::Program;

use crate::exit::{ABORT_LEVEL, CALLS_FAILED, FATAL, Fatal, SUCCESS};
use crate::media::{MediaPlan, Room};
use crate::run::{Ended, Opened, Running};
use crate::scenario::{self, MediaFiles};
use crate::signals::{Signal, SignalQueue};
use crate::sipp::random_seed;
use crate::terminal::{say, takes_colour};
use crate::watch::Watch;

/// Calls per second at the end of the ramp. With [`HOLD_MS`] some 400 calls speak at a time, both ways: 40 000 packets
/// a second to send and as many to hear, about half of a core, with some 3500 descriptors: ports rest between calls.
pub(crate) const RATE: f64 = 200.0;
/// Calls per second at its start.
const FIRST_RATE: f64 = 10.0;
/// How long an answered call is held, ms.
const HOLD_MS: u64 = 2000;
/// Media ports of the two sides: below those that the system gives to anybody.
const CALLER_PORTS: (u16, u16) = (12_000, 21_999);
const CALLEE_PORTS: (u16, u16) = (22_000, 31_999);
/// Descriptors of one side that are no sockets of calls.
const OTHER_DESCRIPTORS: u64 = 32;

const CALLER: &str = include_str!("demo/caller.xml");
const CALLEE: &str = include_str!("demo/callee.xml");

/// Longest time in which nobody looks at signals and the end.
const TURN: Duration = Duration::from_millis(10);
/// One line a second.
const LINE_US: u64 = 1_000_000;
/// How much later than planned the last call may start.
const STALL_US: u64 = 10_000_000;
/// Time in which open calls must have ended by themselves: a call whose messages are lost gives up after 32 s.
const FINISH_US: u64 = 40_000_000;
/// Time in which aborted calls must have ended.
const ABORT_US: u64 = 5_000_000;

/// Plays the demo: a rate that rises for so long up to so many calls per second, with so many workers on each side.
/// Returns 0 only if no call failed and none is left.
pub(crate) fn run(duration: Duration, rate: f64, workers: usize) -> u8 {
    match play(duration, rate, workers) {
        Ok(status) => status,
        Err(fatal) => {
            let _ = writeln!(io::stderr(), "error: {fatal}");
            FATAL
        }
    }
}

fn play(duration: Duration, rate: f64, workers: usize) -> Result<u8, Fatal> {
    let signals =
        SignalQueue::open().map_err(|error| Fatal::new(format!("signals can't be received: {error}")))?;
    let library = Arc::new(speech::library());
    let files = MediaFiles { library: &library, default_payload: MediaPlan::default().default_payload };
    let caller = scenario::from_text("caller", CALLER, &Default::default(), files)?;
    let callee = scenario::from_text("callee", CALLEE, &Default::default(), files)?;
    let localhost = IpAddr::from([127, 0, 0, 1]);
    let bind = BindOptions { ip: localhost, port: Some(0), workers, ..BindOptions::default() };
    let room = Room {
        workers,
        // Half for each side.
        descriptors: busyhour_net::raise_descriptor_limit().ok().map(|(soft, _)| soft / 2),
        others: OTHER_DESCRIPTORS + 4 * workers as u64,
        call_sockets: 0,
    };
    let settings = Settings { seed: random_seed(), ..Settings::default() };
    let mut server = Opened::open(Run::receiving(callee), settings.clone(), &bind)?;
    server.open_media(&media(CALLEE_PORTS), Arc::clone(&library), localhost, &room)?;
    let target = SocketAddr::new(localhost, server.local_port());
    let over_us = duration.as_micros() as u64;
    let plan = Plan::Ramp { from: FIRST_RATE.min(rate), to: rate, over_us };
    let client_settings = Settings {
        // The ramp's calls and not one more, however late this thread is to end it.
        calls_max: Some(plan.due(over_us)),
        remote: Some(target),
        remote_host: localhost.to_string(),
        pause_ms: HOLD_MS,
        plan,
        // Far more than the ramp needs: a stall of ours shows as lateness, not as calls left out.
        limit: Some((rate * 60.0) as u64 + 1000),
        ..settings
    };
    let mut client = Opened::open(Run::placing(Arc::clone(&caller)), client_settings, &bind)?;
    client.open_media(&media(CALLER_PORTS), library, localhost, &room)?;
    if let Some(note) = client.small_buffer() {
        let _ = writeln!(io::stderr(), "{note}");
    }
    say(&format!(
        "Callers on 127.0.0.1:{} call callees on {target}, in this process.\n\
         {:.0} to {rate:.0} calls/s in {:.1} s, each held {:.1} s; both sides speak all the time,\n\
         listen, and score what they hear.\n",
        client.local_port(),
        FIRST_RATE.min(rate),
        duration.as_secs_f64(),
        HOLD_MS as f64 / 1000.0
    ));
    let server = server.start(&[])?;
    let client = client.start(&[])?;
    let mut demo = Demo {
        program: &caller,
        target,
        watch: Watch::new(Protocol::Udp),
        errors: ErrorSummary::default(),
        calendar: Calendar::local(client.clock.wall_start_us(), false),
        terminal: io::stdout().is_terminal(),
        line_open: false,
        line_at: Time::from_micros(LINE_US),
        previous: Snapshot::empty([&*caller]),
        peak_rate: PeakRate::default(),
        phase: "ramp up",
        interrupted: false,
        client,
        server,
    };
    demo.ramp(Time::from_micros(over_us), &signals);
    demo.finish(&signals);
    Ok(demo.close())
}

/// Media on these ports, with all else as it is by default.
fn media((port_min, port_max): (u16, u16)) -> MediaPlan {
    MediaPlan { port_min, port_max, ..MediaPlan::default() }
}

struct Demo<'a> {
    program: &'a Program,
    target: SocketAddr,
    client: Running,
    server: Running,
    watch: Watch,
    errors: ErrorSummary,
    calendar: Calendar,
    terminal: bool,
    /// A live line waits for being written over.
    line_open: bool,
    /// When the next live line is due.
    line_at: Time,
    /// Sum of the client's workers at the last line.
    previous: Snapshot,
    peak_rate: PeakRate,
    phase: &'static str,
    /// A second signal came: everything ends at once.
    interrupted: bool,
}

impl Demo<'_> {
    /// Lets calls start until all of the ramp's have, or until the first signal.
    fn ramp(&mut self, end: Time, signals: &SignalQueue) {
        while self.client.shared.quit_level() == 0 && self.client.clock.now() < end + STALL_US {
            if signals.wait(TURN).is_some_and(ends) {
                self.end_line();
                say("No new calls; waiting for the open ones. Once more: stop at once.\n");
                return;
            }
            self.look();
        }
    }

    /// Lets open calls end: first those placed, then what the server still waits for.
    fn finish(&mut self, signals: &SignalQueue) {
        self.phase = "last calls";
        self.wait_for(true, signals);
        if self.server.shared.open() > 0 && !self.interrupted {
            self.end_line();
            say("All calls have ended. The callees wait half a second for late repeats.\n");
        }
        self.wait_for(false, signals);
    }

    /// Lets the calls of one side end by themselves, or aborts them when that takes too long.
    fn wait_for(&mut self, client: bool, signals: &SignalQueue) {
        self.side(client).shared.begin_quit();
        self.side(client).workers.wake_all();
        let start = self.client.clock.now();
        while !self.interrupted && !self.side(client).workers.is_finished() {
            let elapsed = self.client.clock.now().micros_since(start);
            if elapsed > FINISH_US + ABORT_US {
                break;
            }
            if elapsed > FINISH_US && self.side(client).shared.quit_level() < ABORT_LEVEL {
                self.side(client).shared.raise_quit(ABORT_LEVEL);
                self.side(client).workers.wake_all();
            }
            self.interrupted = signals.wait(TURN).is_some_and(ends);
            if client {
                self.look();
            }
        }
    }

    fn side(&self, client: bool) -> &Running {
        if client { &self.client } else { &self.server }
    }

    /// Takes events, and prints a line if it is time for one.
    fn look(&mut self) {
        let events = self.client.workers.try_events();
        note(&mut self.errors, &self.calendar, self.client.clock.wall_start_us(), &events);
        let events = self.server.workers.try_events();
        note(&mut self.errors, &self.calendar, self.server.clock.wall_start_us(), &events);
        let now = self.client.clock.now();
        if now < self.line_at {
            return;
        }
        self.line_at = now + (LINE_US - now.as_micros() % LINE_US);
        let mut workers = self.client.workers.snapshots();
        let whole = self.client.sum(&workers);
        workers.extend(self.server.workers.snapshots());
        let limited = self.watch.observe(workers);
        let live = Live {
            phase: Some(self.phase),
            target: Target::Rate,
            previous: &self.previous,
            now: &whole,
            program: 0,
            limited,
        };
        if self.terminal {
            say(&format!("\r\x1b[K{}", live.terminal()));
            self.line_open = true;
        } else {
            say(&format!("{}\n", live.plain()));
        }
        self.peak_rate.observe(&self.previous, &whole);
        self.previous = whole;
    }

    /// Leaves the live line on a terminal.
    fn end_line(&mut self) {
        if std::mem::take(&mut self.line_open) {
            say("\n");
        }
    }

    /// Prints the summary, and returns the exit status.
    fn close(mut self) -> u8 {
        self.end_line();
        let (client_start, server_start) =
            (self.client.clock.wall_start_us(), self.server.clock.wall_start_us());
        let client = self.client.end();
        let server = self.server.end();
        note(&mut self.errors, &self.calendar, client_start, &client.events);
        note(&mut self.errors, &self.calendar, server_start, &server.events);
        let mut workers = client.workers.clone();
        workers.extend(server.workers.iter().cloned());
        self.watch.observe(workers);
        let heard = media_text("\nMedia of the callees", &server.whole);
        let dropped = dropped_text("\nDropped, refused or skipped by the callees", &server.whole);
        let summary = Summary {
            title: "callers",
            target: &format!("callees on {} over UDP", self.target),
            programs: &[self.program],
            total: &client.whole,
            workers: client.workers.len(),
            peak_rate: self.peak_rate,
            other_side: &(heard + &dropped),
            verdict: &self.watch.verdict(),
            style: if takes_colour(&io::stdout()) { Style::Colour } else { Style::Plain },
        };
        say(&format!("\n{}", summary.text()));
        let mut closing = self.errors.closing(None);
        for trouble in [&client, &server].into_iter().filter_map(Ended::trouble) {
            closing.extend_from_slice(trouble.as_bytes());
            closing.push(b'\n');
        }
        let _ = io::stderr().write_all(&closing);
        if is_good(&client) && is_good(&server) { SUCCESS } else { CALLS_FAILED }
    }
}

/// No call failed, none is left, each has heard the other side, no worker crashed.
fn is_good(side: &Ended) -> bool {
    let counters = &side.whole.counters;
    let deaf = side.whole.media.as_ref().is_none_or(|media| media.counters.one_way > 0);
    counters.failed_total() == 0 && counters.open == 0 && !deaf && !side.crashed
}

fn ends(signal: Signal) -> bool {
    matches!(signal, Signal::Stop | Signal::Quit)
}

fn note(errors: &mut ErrorSummary, calendar: &Calendar, start_us: u64, events: &[Event]) {
    for event in events {
        if let Event::Warning { at, text } = event {
            errors.note(calendar, start_us.saturating_add(at.as_micros()), text);
        }
    }
}
