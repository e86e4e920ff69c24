//! An endpoint that echoes what it receives and does what a test tells it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};

use busyhour_engine::{
    Batch, CallRef, Command, Event, Handover, Opened, Path, Routing, Run, Shared, Snapshot, SocketId,
    SocketRequest, Source, Time, Transmit, Trouble, TwinSend,
};
use busyhour_net::media::MediaSetup;
use busyhour_net::{BindOptions, Clock, Endpoint, StartOptions, Twins, Workers, bind};

/// What a test wants an endpoint to do.
pub(crate) enum Action {
    /// Send these messages in one batch, with their ranks.
    Send(Vec<(Path, u8, Vec<u8>)>),
    Open(SocketAddr),
    Close(SocketId),
    Handover(usize, Handover),
    Event(Event),
    Twin(TwinSend),
    Media(busyhour_media::Command),
    /// Hold the worker between two waits at this.
    Hold(Arc<Barrier>),
}

/// What an endpoint has seen.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) received: Vec<(Source, Time, Vec<u8>)>,
    pub(crate) closed: Vec<(SocketId, Trouble)>,
    pub(crate) failures: Vec<Trouble>,
    pub(crate) unreachable: Vec<(Vec<u8>, Trouble)>,
    pub(crate) opened: Vec<Result<Opened, Trouble>>,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) commands: Vec<Vec<u8>>,
    pub(crate) commands_not_sent: u64,
    pub(crate) media: Vec<busyhour_media::Event>,
}

/// One endpoint, as the test sees it.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) log: Mutex<Log>,
    pub(crate) actions: Mutex<VecDeque<Action>>,
    pub(crate) count: AtomicU64,
}

pub(crate) struct Echo {
    worker: usize,
    workers: usize,
    desk: Arc<Desk>,
    /// Keep what is received; else only count it.
    keep: bool,
    /// Send what is received back.
    echo: bool,
    batch: Batch,
    requests: VecDeque<SocketRequest>,
    handovers: VecDeque<(usize, Handover)>,
    events: VecDeque<Event>,
    twin_sends: VecDeque<TwinSend>,
    media: VecDeque<busyhour_media::Command>,
}

impl Echo {
    fn log(&self, write: impl FnOnce(&mut Log)) {
        write(&mut self.desk.log.lock().unwrap());
    }

    fn push(&mut self, path: Path, rank: u8, bytes: &[u8]) {
        let start = self.batch.bytes.len() as u32;
        self.batch.bytes.extend_from_slice(bytes);
        let call = CallRef::default();
        self.batch.transmits.push(Transmit { start, len: bytes.len() as u32, rank, call, path });
    }
}

/// `owner: N` anywhere says which worker a message belongs to.
fn owner_of(bytes: &[u8]) -> usize {
    let key = b"owner: ";
    bytes
        .windows(key.len() + 1)
        .find(|window| window.starts_with(key))
        .map_or(0, |window| usize::from(window[key.len()] - b'0'))
}

impl Endpoint for Echo {
    fn handle_errand(&mut self, _: Time, _: CallRef, _: busyhour_engine::ErrandResult) {}

    fn handle_twin_failure(&mut self, _: Time, _: CallRef) {
        self.log(|log| log.commands_not_sent += 1);
    }

    fn poll_errand(&mut self) -> Option<busyhour_engine::Errand> {
        None
    }

    fn poll_twin(&mut self) -> Option<TwinSend> {
        self.twin_sends.pop_front()
    }

    fn handle_message(&mut self, now: Time, source: &Source, bytes: &[u8]) -> Routing {
        let owner = if self.workers > 1 { owner_of(bytes) } else { 0 };
        if owner != self.worker {
            return Routing::BelongsTo(owner);
        }
        if self.keep {
            self.log(|log| log.received.push((*source, now, bytes.to_vec())));
        }
        if self.echo {
            self.push(source.path, 0, bytes);
        }
        self.desk.count.fetch_add(1, Ordering::Relaxed);
        Routing::Handled
    }

    fn handle_command(&mut self, _: Time, command: &Command) {
        if let Command::Twin(bytes) = command {
            return self.log(|log| log.commands.push(bytes.clone()));
        }
        let desk = Arc::clone(&self.desk);
        while let Some(action) = desk.actions.lock().unwrap().pop_front() {
            match action {
                Action::Send(messages) => {
                    for (path, rank, bytes) in messages {
                        self.push(path, rank, &bytes);
                    }
                }
                Action::Open(peer) => {
                    self.requests.push_back(SocketRequest::Open { call: CallRef::default(), peer });
                }
                Action::Close(socket) => {
                    self.requests.push_back(SocketRequest::Close { call: CallRef::default(), socket });
                }
                Action::Handover(to, handover) => self.handovers.push_back((to, handover)),
                Action::Event(event) => self.events.push_back(event),
                Action::Media(command) => self.media.push_back(command),
                Action::Twin(send) => self.twin_sends.push_back(send),
                Action::Hold(barrier) => {
                    barrier.wait();
                    barrier.wait();
                }
            }
        }
    }

    fn handle_handover(&mut self, _: Time, handover: &Handover) {
        self.log(|log| log.handovers.push(*handover));
    }

    fn handle_timeout(&mut self, _: Time) {}

    fn handle_opened(&mut self, _: Time, _: CallRef, result: Result<Opened, Trouble>) {
        self.log(|log| log.opened.push(result));
    }

    fn handle_closed(&mut self, _: Time, socket: SocketId, trouble: Trouble) {
        self.log(|log| log.closed.push((socket, trouble)));
    }

    fn handle_send_failure(&mut self, _: Time, _: CallRef, trouble: Trouble) {
        self.log(|log| log.failures.push(trouble));
    }

    fn handle_unreachable(&mut self, _: Time, original: &[u8], trouble: Trouble) -> Routing {
        self.log(|log| log.unreachable.push((original.to_vec(), trouble)));
        Routing::Handled
    }

    fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        std::mem::swap(&mut self.batch, batch);
        !batch.transmits.is_empty()
    }

    fn poll_socket(&mut self) -> Option<SocketRequest> {
        self.requests.pop_front()
    }

    fn poll_handover(&mut self) -> Option<(usize, Handover)> {
        self.handovers.pop_front()
    }

    fn handle_media(&mut self, _: Time, event: busyhour_media::Event) {
        self.log(|log| log.media.push(event));
    }

    fn poll_media(&mut self) -> Option<busyhour_media::Command> {
        self.media.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn next_timeout(&self) -> Option<Time> {
        None
    }

    fn snapshot(&mut self, now: Time) -> Snapshot {
        let mut snapshot = Snapshot::empty([]);
        snapshot.at = now;
        snapshot
    }
}

/// Running echo workers.
pub(crate) struct Rig {
    pub(crate) local: SocketAddr,
    pub(crate) desks: Vec<Arc<Desk>>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) workers: Option<Workers>,
    pub(crate) shared_socket: Option<SocketId>,
}

/// How to set a rig up.
pub(crate) struct Setup {
    pub(crate) options: BindOptions,
    pub(crate) keep: bool,
    pub(crate) echo: bool,
    pub(crate) connect: Option<SocketAddr>,
    pub(crate) start: StartOptions,
    pub(crate) twins: Option<Twins>,
    pub(crate) media: Option<MediaSetup>,
}

impl Default for Setup {
    fn default() -> Setup {
        let options = BindOptions { ip: [127, 0, 0, 1].into(), port: Some(0), ..BindOptions::default() };
        Setup {
            options,
            keep: true,
            echo: true,
            connect: None,
            start: StartOptions::default(),
            twins: None,
            media: None,
        }
    }
}

impl Setup {
    pub(crate) fn start(self) -> Rig {
        let mut bound = bind(&self.options).unwrap();
        let local = bound.local_addr();
        let count = self.options.workers;
        if let Some(twins) = self.twins {
            bound.add_twins(twins);
        }
        if let Some(media) = self.media {
            bound.add_media(media);
        }
        let shared_socket = self.connect.map(|remote| bound.connect_shared(remote));
        let desks: Vec<Arc<Desk>> = (0..count).map(|_| Arc::default()).collect();
        let engines = desks.iter().enumerate().map(|(worker, desk)| Echo {
            worker,
            workers: count,
            desk: Arc::clone(desk),
            keep: self.keep,
            echo: self.echo,
            batch: Batch::default(),
            requests: VecDeque::new(),
            handovers: VecDeque::new(),
            events: VecDeque::new(),
            twin_sends: VecDeque::new(),
            media: VecDeque::new(),
        });
        let shared = Arc::new(Shared::new(count, &Run::default()));
        let workers =
            bound.start(engines.collect(), Arc::clone(&shared), Clock::start(), &self.start).unwrap();
        Rig { local, desks, shared, workers: Some(workers), shared_socket }
    }
}

impl Rig {
    pub(crate) fn workers(&self) -> &Workers {
        self.workers.as_ref().unwrap()
    }

    /// Lets one endpoint do something.
    pub(crate) fn act(&self, worker: usize, action: Action) {
        self.desks[worker].actions.lock().unwrap().push_back(action);
        assert!(self.workers().command(worker, Command::Wake));
    }

    /// Does something while all workers stand still, so that they meet all of it in one turn.
    pub(crate) fn held(&self, act: impl FnOnce()) {
        let barrier = Arc::new(Barrier::new(self.desks.len() + 1));
        for worker in 0..self.desks.len() {
            self.act(worker, Action::Hold(Arc::clone(&barrier)));
        }
        barrier.wait();
        act();
        barrier.wait();
    }

    /// Waits until something holds for a log.
    pub(crate) fn wait(&self, worker: usize, what: &str, holds: impl Fn(&Log) -> bool) {
        let holds = || holds(&self.desks[worker].log.lock().unwrap());
        eventually(what, holds);
    }

    /// Ends the run and gives the last snapshots.
    pub(crate) fn finish(mut self) -> Vec<Snapshot> {
        self.shared.begin_quit();
        let workers = self.workers.take().unwrap();
        workers.wake_all();
        eventually("the workers to end", || workers.is_finished());
        workers.join()
    }
}

/// Waits until something holds, at most 20 s.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
