//! A run under simulation: its engines, and the driver's part without sockets.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use busyhour_engine::pacing::Plan;
use busyhour_engine::transport::{Batch, CommandEnd, Opened};
use busyhour_engine::{
    CallRef, Command, Engine, Errand, ErrandResult, Event, Handover, Path, Routing, Run, Settings, Shared,
    Snapshot, SocketId, SocketRequest, Source, Time,
};
use busyhour_scenario::program::Program;
use busyhour_scenario::source::Source as File;

use crate::media::Books;
use crate::network::Network;
use crate::threads::Threads;

/// One run: one address, any number of workers.
#[derive(Debug)]
pub struct Node {
    run: Run,
    settings: Settings,
    workers: usize,
    pub(crate) address: SocketAddr,
    engines: Vec<Engine>,
    shared: Option<Arc<Shared>>,
    /// Sockets of single calls, by their address, and whose they are.
    sockets: HashMap<SocketAddr, SocketId>,
    /// How a command of `exec verify` ends, and after how many ms.
    command: fn(&str) -> (u64, CommandEnd),
    /// The address of a name, and after how many ms it is known.
    name: fn(&str) -> (u64, Option<IpAddr>),
    /// After how many ms a media file has been read.
    load_ms: fn(&str) -> u64,
    /// What errands have come to, and when and to whom it will be said.
    answers: Vec<(Time, usize, CallRef, ErrandResult)>,
    media: Books,
    /// Real media threads; `None`: only the books are kept.
    threads: Option<Threads>,
    /// What media threads will say, and when.
    media_events: Vec<(Time, busyhour_media::Event)>,
    /// Everything the engines said.
    pub events: Vec<Event>,
    /// Commands that scenarios have run, in order.
    pub commands: Vec<String>,
}

/// Compiles an embedded scenario, or else a scenario's text.
///
/// # Panics
/// If it does not compile: a test's own mistake.
pub fn program(name_or_text: &str) -> Arc<Program> {
    let text = busyhour_scenario::embedded(name_or_text).unwrap_or(name_or_text);
    let file = File::from_bytes("scenario.xml", text.as_bytes());
    let loaded = busyhour_scenario::load(&file, &busyhour_scenario::Options::default());
    Arc::new(
        loaded.program.unwrap_or_else(|| panic!("the scenario does not load: {:#?}", loaded.diagnostics)),
    )
}

impl Node {
    /// A server with this scenario.
    pub fn server(scenario: &str) -> Node {
        Node::new(Run::receiving(program(scenario)), Settings::default())
    }

    /// A client with this scenario, 100 calls a second to `remote` if `change` does not say otherwise.
    pub fn client(scenario: &str, remote: SocketAddr, change: impl FnOnce(&mut Settings)) -> Node {
        let mut settings = Settings {
            remote: Some(remote),
            remote_host: remote.ip().to_string(),
            plan: Plan::Constant { calls: 100.0, period_us: 1_000_000 },
            ..Settings::default()
        };
        change(&mut settings);
        Node::new(Run::placing(program(scenario)), settings)
    }

    /// The same programs, of which no call is placed: peers start them, by messages or by 3PCC commands.
    pub fn as_follower(mut self) -> Node {
        self.run.placed.clear();
        self.run.received = Some(0);
        self
    }

    /// Any run. Address and pid are given by the world.
    pub fn new(run: Run, settings: Settings) -> Node {
        Node {
            run,
            settings,
            workers: 1,
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            engines: Vec::new(),
            shared: None,
            sockets: HashMap::new(),
            command: |_| (0, CommandEnd::Exited(0)),
            name: |_| (0, None),
            load_ms: |_| 0,
            answers: Vec::new(),
            media: Books::default(),
            threads: None,
            media_events: Vec::new(),
            events: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Commands of `exec verify` end like this, after so many ms; without, they end well at once.
    pub fn commands(mut self, end: fn(&str) -> (u64, CommandEnd)) -> Node {
        self.command = end;
        self
    }

    /// Names have these addresses, found after so many ms; without, none has any.
    pub fn names(mut self, find: fn(&str) -> (u64, Option<IpAddr>)) -> Node {
        self.name = find;
        self
    }

    /// Media files whose names come up in the run are read after so many ms; without, at once.
    pub fn files_take(mut self, ms: fn(&str) -> u64) -> Node {
        self.load_ms = ms;
        self
    }

    /// Streams of `rtp_stream` end after so many ms; without, they never do.
    pub fn streams_end(mut self, ms: u64) -> Node {
        self.media.streams_end_ms = Some(ms);
        self
    }

    /// With real media threads, as many as the settings say: packets cross the network.
    ///
    /// # Panics
    /// If the run has no media settings.
    pub fn media_threads(mut self) -> Node {
        let media = self.settings.media.as_ref().expect("the run has media");
        let settings = busyhour_media::Settings { echo_on: Arc::clone(&media.echo_on), ..Default::default() };
        self.threads = Some(Threads::new(media.threads, &settings));
        self
    }

    /// What its media threads were told since this was last asked, in words.
    pub fn media_told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.media.told)
    }

    /// How many calls' media have begun, and ended.
    pub fn media_calls(&self) -> (usize, usize) {
        (self.media.begun, self.media.ended)
    }

    /// With so many workers.
    pub fn workers(mut self, workers: usize) -> Node {
        self.workers = workers;
        self
    }

    /// With changed settings.
    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Node {
        change(&mut self.settings);
        self
    }

    pub(crate) fn place(&mut self, address: SocketAddr, seed: u64) {
        self.address = address;
        self.settings.local_ip = address.ip();
        self.settings.local_port = address.port();
        self.settings.pid = u32::from(address.port());
        self.settings.seed = seed;
        let shared = Arc::new(Shared::new(self.workers, &self.run));
        let settings = Arc::new(self.settings.clone());
        self.engines = (0..self.workers)
            .map(|worker| Engine::new(&self.run, Arc::clone(&settings), Arc::clone(&shared), worker))
            .collect();
        self.engines[0].run_init(Time::ZERO);
        self.shared = Some(shared);
    }

    /// The state its workers share.
    ///
    /// # Panics
    /// If the node is not in a world.
    pub fn shared(&self) -> &Shared {
        self.shared.as_ref().expect("the node is in a world")
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.shared().is_finished()
    }

    pub(crate) fn next_timeout(&self) -> Option<Time> {
        let events = self.media_events.iter().map(|&(at, _)| at);
        let media = self.threads.as_ref().and_then(Threads::next_timeout);
        // When the calls have ended, their media are not yet judged.
        if self.is_finished() {
            return media;
        }
        let answers = self.answers.iter().map(|&(at, ..)| at).chain(events).chain(media);
        self.engines.iter().filter_map(Engine::next_timeout).chain(answers).min()
    }

    pub(crate) fn has_socket(&self, address: SocketAddr) -> bool {
        let media = || self.threads.as_ref().is_some_and(|threads| threads.has_port(address.port()));
        self.address == address
            || self.sockets.contains_key(&address)
            || (self.address.ip() == address.ip() && media())
    }

    /// A datagram arrives at the first worker, as with one port and one peer; others get it handed over.
    pub(crate) fn receive(&mut self, now: Time, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some(threads) = &mut self.threads
            && to != self.address
            && !self.sockets.contains_key(&to)
        {
            return threads.receive(now, to.port(), from, bytes.to_vec());
        }
        let socket = self.sockets.get(&to).copied().unwrap_or(SocketId::MAIN);
        let source = Source { path: Path { peer: from, socket }, received: now };
        let first = socket.worker().unwrap_or(0);
        if let Routing::BelongsTo(owner) = self.engines[first].handle_message(now, &source, bytes) {
            let again = self.engines[owner].handle_message(now, &source, bytes);
            assert_eq!(again, Routing::Handled, "workers disagree about the owner");
        }
    }

    pub(crate) fn command(&mut self, now: Time, command: &Command) {
        for engine in &mut self.engines {
            engine.handle_command(now, command);
        }
    }

    /// A 3PCC command arrives, which belongs to the worker that owns its Call-ID.
    pub(crate) fn receive_command(&mut self, now: Time, bytes: Vec<u8>) {
        let owner = busyhour_engine::command_owner(&bytes, self.settings.keep_call_id_prefix, self.shared());
        self.engines[owner.unwrap_or(0)].handle_command(now, &Command::Twin(bytes));
    }

    pub(crate) fn timeout(&mut self, now: Time) {
        while let Some(at) = self.answers.iter().position(|&(due, ..)| due <= now) {
            let (_, worker, call, result) = self.answers.remove(at);
            self.engines[worker].handle_errand(now, call, result);
        }
        if let Some(threads) = &mut self.threads {
            threads.timeout(now);
        }
        while let Some(at) = self.media_events.iter().position(|&(due, _)| due <= now) {
            let (_, event) = self.media_events.remove(at);
            self.engines[usize::from(event.call.worker)].handle_media(now, event);
        }
        for engine in &mut self.engines {
            if engine.next_timeout().is_some_and(|at| at <= now) {
                engine.handle_timeout(now);
            }
        }
    }

    /// Everything engines want done, until none wants anything.
    pub(crate) fn drain(&mut self, now: Time, network: &mut Network, next_port: &mut u16) {
        let mut batch = Batch::default();
        loop {
            let mut handovers: Vec<(usize, Handover)> = Vec::new();
            let mut idle = true;
            for (worker, engine) in self.engines.iter_mut().enumerate() {
                while let Some(request) = engine.poll_socket() {
                    idle = false;
                    match request {
                        SocketRequest::Open { call, .. } => {
                            *next_port = next_port.wrapping_add(1).max(10_000);
                            let socket = SocketId::new(worker, u64::from(*next_port));
                            let address = SocketAddr::new(self.address.ip(), *next_port);
                            self.sockets.insert(address, socket);
                            engine.handle_opened(now, call, Ok(Opened { socket, local_port: *next_port }));
                        }
                        SocketRequest::Close { socket, .. } => self.sockets.retain(|_, open| *open != socket),
                    }
                }
                while let Some(send) = engine.poll_twin() {
                    idle = false;
                    if !network.send_command(now, self.address, send.to, &send.bytes) {
                        engine.handle_twin_failure(now, send.call);
                    }
                }
                while let Some(handover) = engine.poll_handover() {
                    handovers.push(handover);
                }
                while let Some(command) = engine.poll_media() {
                    let settings = self.settings.media.as_ref().expect("media without media settings");
                    let unused = self.media.enter(&command);
                    match &mut self.threads {
                        Some(threads) => threads.handle_command(now, command),
                        None => {
                            unused.into_iter().for_each(|port| settings.ports.give_back(port));
                            self.media_events.extend(self.media.answer(now, &command));
                        }
                    }
                }
                while let Some(errand) = engine.poll_errand() {
                    match errand {
                        Errand::Run { command } => {
                            self.commands.push(String::from_utf8_lossy(&command).into_owned());
                        }
                        Errand::Verify { call, command } => {
                            let text = String::from_utf8_lossy(&command).into_owned();
                            let (ms, end) = (self.command)(&text);
                            self.commands.push(text);
                            let result = ErrandResult::Command { command, end };
                            self.answers.push((now + ms * 1000, worker, call, result));
                        }
                        Errand::Resolve { call, host } => {
                            let (ms, address) = (self.name)(&host);
                            let result = ErrandResult::Resolved { host, address };
                            self.answers.push((now + ms * 1000, worker, call, result));
                        }
                        Errand::Load { call, number, library, file } => {
                            let (took_ms, result) = ((self.load_ms)(file.name()), library.load(&file));
                            let result = ErrandResult::Loaded { number, file, result, took_ms };
                            self.answers.push((now + took_ms * 1000, worker, call, result));
                        }
                    }
                }
                self.events.extend(std::iter::from_fn(|| engine.poll_event()));
                if engine.poll_transmit(&mut batch) {
                    idle = false;
                    let mut order: Vec<_> = batch.transmits.iter().collect();
                    order.sort_by_key(|transmit| transmit.rank);
                    for transmit in order {
                        let from = match transmit.path.socket {
                            SocketId::MAIN => self.address,
                            socket => SocketAddr::new(self.address.ip(), socket.serial() as u16),
                        };
                        network.send(now, from, transmit.path.peer, batch.message(transmit));
                    }
                    batch.clear();
                }
            }
            if let (Some(threads), Some(media)) = (&mut self.threads, &self.settings.media) {
                for event in threads.drain(now, self.address.ip(), network, &media.ports) {
                    idle = false;
                    self.engines[usize::from(event.call.worker)].handle_media(now, event);
                }
            }
            for (worker, handover) in handovers {
                idle = false;
                self.engines[worker].handle_handover(now, &handover);
            }
            if idle {
                return;
            }
        }
    }

    pub(crate) fn snapshot(&mut self, now: Time) -> Snapshot {
        let mut sum: Option<Snapshot> = None;
        for engine in &mut self.engines {
            let one = engine.snapshot(now);
            match &mut sum {
                Some(sum) => sum.add(&one),
                None => sum = Some(one),
            }
        }
        let mut sum = sum.expect("a node has at least one worker");
        sum.media = self.threads.as_mut().map(|threads| Box::new(threads.snapshot()));
        sum
    }
}
