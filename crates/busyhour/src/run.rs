//! Putting a run together: sockets, engines, threads. SIPp's front and the native commands both start here.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use busyhour_engine::settings::{Run, Settings};
use busyhour_engine::{Engine, Event, Protocol, Shared, Snapshot};
use busyhour_media::Library;
use busyhour_net::{BindOptions, Bound, Clock, StartOptions, Twins, Workers};
use busyhour_scenario::program::Role;

use crate::exit::{ADDRESS_IN_USE, FATAL, Fatal};
use crate::media::{Media, MediaPlan, Room};
use crate::read_file::FileReader;

/// Receive buffer below which bursts at high rates get lost, in bytes.
const RECEIVE_BUFFER_SMALL: usize = 4 << 20;

/// Time that workers have to leave their loop when told to.
const END_GRACE: Duration = Duration::from_secs(10);

/// Time in which the last commands of the scenario must have been started.
const COMMANDS_GRACE: Duration = Duration::from_secs(2);

/// A run with its port open and nothing sent yet.
#[derive(Debug)]
pub(crate) struct Opened {
    run: Run,
    settings: Settings,
    bound: Bound,
    workers: usize,
    buffer_asked: Option<usize>,
}

/// A run that goes.
#[derive(Debug)]
pub(crate) struct Running {
    /// The threads.
    pub(crate) workers: Workers,
    /// What they share.
    pub(crate) shared: Arc<Shared>,
    /// The run's time.
    pub(crate) clock: Clock,
    /// The settings as they were in the end.
    pub(crate) settings: Arc<Settings>,
    run: Run,
}

impl Opened {
    /// Opens the main sockets, and fills in what only they can tell.
    pub(crate) fn open(run: Run, mut settings: Settings, options: &BindOptions) -> Result<Opened, Fatal> {
        let bound = busyhour_net::bind(options).map_err(|error| Fatal {
            status: if error.address_in_use() { ADDRESS_IN_USE } else { FATAL },
            text: error.to_string(),
        })?;
        settings.local_port = bound.local_addr().port();
        settings.bound_ip = bound.local_addr().ip();
        settings.pid = std::process::id();
        settings.read_file = Arc::new(FileReader::default());
        let (workers, buffer_asked) = (options.workers, options.buffer_bytes);
        Ok(Opened { run, settings, bound, workers, buffer_asked })
    }

    /// Local port.
    pub(crate) fn local_port(&self) -> u16 {
        self.settings.local_port
    }

    /// What to say if the kernel gave a small receive buffer for datagrams.
    pub(crate) fn small_buffer(&self) -> Option<String> {
        let granted = self.bound.receive_buffer_bytes();
        let small = granted < self.buffer_asked.unwrap_or(RECEIVE_BUFFER_SMALL);
        (small && self.settings.protocol == Protocol::Udp).then(|| {
            format!(
                "note: the system grants a receive buffer of {} KiB. What a burst brings beyond it is lost and \
                 counted; sysctl -w net.core.rmem_max=8388608 allows more.",
                granted / 1024
            )
        })
    }

    /// Opens media ports on `ip` and gives the run its media, if it needs any.
    pub(crate) fn open_media(
        &mut self,
        plan: &MediaPlan,
        library: Arc<Library>,
        ip: IpAddr,
        room: &Room,
    ) -> Result<(), Fatal> {
        if let Some(media) = Media::open(plan, &self.run, &self.settings, library, ip, room)? {
            self.settings.media_port = media.port;
            self.settings.media = Some(media.engine);
            self.bound.add_media(media.setup);
        }
        Ok(())
    }

    /// Gives the run its connections for 3PCC commands.
    pub(crate) fn add_twins(&mut self, twins: Twins) {
        self.bound.add_twins(twins);
    }

    /// Starts the clock and the threads, and the connection that all calls share if there is one. `globals` are names
    /// and texts of global variables that a program declares.
    pub(crate) fn start(mut self, globals: &[(String, String)]) -> Result<Running, Fatal> {
        let shared = Arc::new(Shared::new(self.workers, &self.run));
        for (name, text) in globals {
            // Whoever fills in `globals` has looked the names up in the program.
            shared.set_global(name, text);
        }
        let target = self.settings.send_to.or(self.settings.remote);
        if self.settings.protocol == Protocol::Tcp
            && !self.settings.socket_per_call
            && sends_to_target(&self.run)
            && let Some(target) = target
        {
            self.settings.shared_socket = self.bound.connect_shared(target);
        }
        let clock = Clock::start();
        self.settings.wall_start_us = clock.wall_start_us();
        let local = busyhour_report::Clock::local(clock.wall_start_us(), self.settings.rfc3339);
        self.settings.utc_offset_s = local.utc_offset_s;
        if self.settings.calls_max == Some(0) {
            shared.begin_quit();
        }
        let settings = Arc::new(self.settings);
        let mut engines: Vec<Engine> = (0..self.workers)
            .map(|worker| Engine::new(&self.run, Arc::clone(&settings), Arc::clone(&shared), worker))
            .collect();
        if let Some(first) = engines.first_mut() {
            first.run_init(clock.now());
        }
        let options = StartOptions {
            hidden_environment: vec![crate::background::MARKER.to_owned()],
            ..StartOptions::default()
        };
        let workers = self
            .bound
            .start(engines, Arc::clone(&shared), clock, &options)
            .map_err(|error| Fatal::new(error.to_string()))?;
        Ok(Running { workers, shared, clock, settings, run: self.run })
    }
}

impl Running {
    /// One snapshot of each worker, added up.
    pub(crate) fn sum(&self, workers: &[Snapshot]) -> Snapshot {
        sum(&self.run, workers)
    }

    /// Ends the threads, if they have not ended by themselves, and gives all that they leave behind. A thread that does
    /// not leave its loop is left to the end of the process: the others' figures are worth a report.
    pub(crate) fn end(self) -> Ended {
        let Running { workers, run, .. } = self;
        workers.stop_now();
        let deadline = Instant::now() + END_GRACE;
        while !workers.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        workers.finish_commands(COMMANDS_GRACE);
        // Of those that have ended, these are the last figures and events, also of one that a bug has taken down.
        let last = workers.snapshots();
        let events = workers.try_events();
        let whole = sum(&run, &last);
        let media_crashed = workers.is_finished() && workers.media_gave_up();
        let crashed = media_crashed
            || !workers.is_finished()
            || catch_unwind(AssertUnwindSafe(|| workers.join())).is_err();
        Ended { workers: last, whole, events, crashed }
    }
}

/// What a run leaves behind.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Last figures of each worker.
    pub(crate) workers: Vec<Snapshot>,
    /// Their sum.
    pub(crate) whole: Snapshot,
    /// Events nobody has taken.
    pub(crate) events: Vec<Event>,
    /// A worker or media thread came to its end by a bug, not by the run's, or to none.
    pub(crate) crashed: bool,
}

impl Ended {
    /// One line about a thread that crashed, if one did.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        self.crashed.then_some(
            "A worker or media thread came down or hangs by a bug in busyhour; its last figures are missing above.",
        )
    }
}

fn sum(run: &Run, parts: &[Snapshot]) -> Snapshot {
    let mut whole = Snapshot::empty(run.programs.iter().map(|program| &**program));
    parts.iter().for_each(|part| whole.add(part));
    whole
}

/// True if calls send to the target, not back to where a request came from. Those that a 3PCC peer starts may do so too.
fn sends_to_target(run: &Run) -> bool {
    let placed = run.placed.iter().map(|placed| placed.program);
    placed
        .chain(run.received)
        .filter_map(|program| run.programs.get(usize::from(program)))
        .any(|program| program.sending == Role::Client)
}
