//! A running set of workers, as its controller sees it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use busyhour_engine::{Command, Event, Shared, Snapshot};
use mio::Poll;

use crate::bind::Bound;
use crate::clock::Clock;
use crate::endpoint::Endpoint;
use crate::errands::{ErrandOptions, Errands};
use crate::inbox::{Inbox, Request};
use crate::media::{MediaAnswers, MediaSetup, MediaThreadOptions, MediaThreads};
use crate::post::Post;
use crate::quota::Quota;
use crate::sys;
use crate::twin::Lines;
use crate::worker::{Common, EventQueue, Seat, TOKEN_WAKER, Worker};

/// How long a worker may take to answer. Its turns last a millisecond or so.
const ANSWER_GRACE: Duration = Duration::from_secs(10);

/// How workers run.
#[derive(Debug, Clone)]
pub struct StartOptions {
    /// Bytes of events of each worker that wait for [`Workers::try_events`] at most; more are dropped and counted in
    /// `counters.events_dropped`.
    pub event_bytes_max: usize,
    /// Keeps worker n on core `pin[n % pin.len()]`; `None` or none given: wherever the system likes.
    pub pin: Option<Vec<usize>>,
    /// Variables of the environment that scenarios' commands (`exec`) don't see.
    pub hidden_environment: Vec<String>,
}

impl Default for StartOptions {
    /// 64 MiB of events, no pinning.
    fn default() -> StartOptions {
        StartOptions { event_bytes_max: 64 << 20, pin: None, hidden_environment: Vec::new() }
    }
}

/// Workers on their threads. They end by themselves once the run is quitting and no call is open anywhere
/// ([`Shared::is_finished`]). Dropped without [`Workers::join`], they are told to stop and run out by themselves.
#[derive(Debug)]
pub struct Workers {
    common: Arc<Common>,
    threads: Vec<JoinHandle<Option<Snapshot>>>,
    media: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(crate) fn start<E: Endpoint>(
        mut bound: Bound,
        engines: Vec<E>,
        shared: Arc<Shared>,
        clock: Clock,
        options: &StartOptions,
    ) -> io::Result<Workers> {
        let count = engines.len();
        let mut polls = Vec::with_capacity(count);
        let mut inboxes = Vec::with_capacity(count);
        for _ in 0..count {
            let poll = Poll::new()?;
            inboxes.push(Inbox::new(poll.registry(), TOKEN_WAKER)?);
            polls.push(poll);
        }
        let inboxes: Arc<[Inbox]> = inboxes.into();
        let posts = Post::connect(&inboxes);
        let start_lines = |twins| Lines::start(twins, Arc::clone(&inboxes), Arc::clone(&shared), clock);
        let twins = bound.twins.take().map(start_lines).transpose()?;
        let pin = options.pin.as_deref().filter(|cores| !cores.is_empty());
        let errands = ErrandOptions {
            local: bound.local.ip(),
            hidden_environment: options.hidden_environment.clone(),
            cores: pin.and_then(|_| sys::affinity().ok()),
        };
        let stop = Arc::new(AtomicBool::new(false));
        let setup = bound.media.take();
        let prepare = |setup: &MediaSetup| {
            MediaThreads::new(
                Arc::clone(&setup.ports),
                setup.threads,
                Arc::clone(&inboxes),
                Arc::clone(&stop),
            )
        };
        let (media, media_polls) = setup.as_ref().map(prepare).transpose()?.unzip();
        let common = Arc::new(Common {
            shared,
            inboxes: Arc::clone(&inboxes),
            events: EventQueue::new(count, options.event_bytes_max),
            errands: Errands::new(&inboxes, errands),
            quota: Quota::new(bound.options.max_sockets),
            twins,
            media,
            stop,
            leaving: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
        });
        let Bound { options: bind_options, local, sockets, mut connections, .. } = bound;
        // If a thread can't be started, the drop of `workers` stops those that run already.
        let mut workers = Workers { common, threads: Vec::with_capacity(count), media: Vec::new() };
        if let (Some(setup), Some(polls), Some(media)) = (setup, media_polls, &workers.common.media) {
            let options = MediaThreadOptions {
                pin: pin.map(<[usize]>::to_vec),
                single_packets: bind_options.single_packets,
            };
            media.start(&setup.settings, polls, clock, &options, &mut workers.media)?;
        }
        let (ready, all_ready) = mpsc::channel();
        let parts = sockets.into_iter().zip(polls).zip(posts).zip(engines);
        for (index, (((main, poll), post), engine)) in parts.enumerate() {
            let seat = Seat {
                index,
                protocol: bind_options.protocol,
                local,
                buffer_bytes: bind_options.buffer_bytes,
                single_packets: bind_options.single_packets,
                main,
                connections: std::mem::take(&mut connections),
                poll,
                post,
                pin: pin.map(|cores| cores[index % cores.len()]),
            };
            workers.threads.push(spawn(seat, engine, clock, Arc::clone(&workers.common), ready.clone())?);
        }
        drop(ready);
        // As above, one that couldn't begin stops the others.
        all_ready.into_iter().collect::<io::Result<()>>()?;
        Ok(workers)
    }

    /// Number of workers.
    pub fn count(&self) -> usize {
        self.threads.len()
    }

    /// Gives a command to one worker's engine, and returns whether it will hear it: one that has ended, doesn't exist,
    /// or has 65 536 requests waiting does not.
    #[must_use = "a command that is not taken is lost"]
    pub fn command(&self, worker: usize, command: Command) -> bool {
        self.common.inboxes.get(worker).is_some_and(|inbox| inbox.put(Request::Command(command)))
    }

    /// Wakes all workers, so that they look at [`Shared`] at once.
    pub fn wake_all(&self) {
        for inbox in self.common.inboxes.iter() {
            // One that takes no more has been woken, or has ended.
            let _ = inbox.put(Request::Command(Command::Wake));
        }
    }

    /// Waits until every command of `exec command` has been started, at most so long; what still waits then never runs,
    /// and is counted in `errands_refused`. To be called when the workers have ended. Commands that run are left alone.
    pub fn finish_commands(&self, longest: Duration) {
        self.common.errands.finish(longest);
    }

    /// Asks every worker for a snapshot, `generator` filled in, and waits for all; in the workers' order. A worker that
    /// has ended gives its last one. One that a bug holds for ten seconds gives none, so that whoever asks goes on.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        let (sender, receiver) = mpsc::channel();
        for inbox in self.common.inboxes.iter() {
            // One that takes none gives its last snapshot below.
            let _ = inbox.put(Request::Snapshot(sender.clone()));
        }
        drop(sender);
        let media = self.common.media.as_ref().map(|media| media.ask());
        let mut found: Vec<Option<Snapshot>> = self.common.inboxes.iter().map(|_| None).collect();
        // The channel ends when every request was answered, or thrown away by a worker that ended.
        let deadline = Instant::now() + ANSWER_GRACE;
        let left = || deadline.saturating_duration_since(Instant::now());
        while let Ok((worker, snapshot)) = receiver.recv_timeout(left()) {
            found[worker] = Some(snapshot);
        }
        let mut snapshots: Vec<Snapshot> = found
            .into_iter()
            .zip(self.common.inboxes.iter())
            .filter_map(|(found, inbox)| found.or_else(|| inbox.last()))
            .collect();
        self.add_errands(&mut snapshots);
        if let Some(answers) = &media {
            self.add_media(&mut snapshots, answers, deadline);
        }
        snapshots
    }

    /// Takes the events of all workers since the last time, in the order of the turns in which they happened.
    pub fn try_events(&self) -> Vec<Event> {
        let mut events = self.common.events.take();
        if let Some(twins) = &self.common.twins {
            events.extend(twins.take_notes());
        }
        if let Some(media) = &self.common.media {
            events.extend(media.take_notes());
        }
        events
    }

    /// True once all workers, and then the media threads, have ended.
    pub fn is_finished(&self) -> bool {
        self.common.ended.load(Ordering::Acquire) == self.count()
            && self.common.media.as_ref().is_none_or(|media| media.is_finished())
    }

    /// True if a media thread has come to its end by bugs: figures of media are those up to then.
    pub fn media_gave_up(&self) -> bool {
        self.common.media.as_ref().is_some_and(|media| media.gave_up())
    }

    /// Tells all workers to leave at once, whatever is open.
    pub fn stop_now(&self) {
        self.common.stop.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    /// Errands belong to all workers, so the first one's snapshot has them.
    fn add_errands(&self, snapshots: &mut [Snapshot]) {
        if let Some(first) = snapshots.first_mut() {
            let counters = self.common.errands.counters();
            first.generator.commands_run = counters.commands_run;
            first.generator.commands_failed = counters.commands_failed;
            first.generator.errands_refused = counters.refused;
        }
    }

    /// Media belong to all workers, so the first one's snapshot has them.
    fn add_media(&self, snapshots: &mut [Snapshot], answers: &MediaAnswers, deadline: Instant) {
        if let (Some(media), Some(first)) = (&self.common.media, snapshots.first_mut()) {
            first.media = Some(Box::new(media.collect(answers, deadline)));
            first.counters.panics += media.panics();
        }
    }

    /// Waits until all workers and media threads have ended; the workers' last snapshots in the workers' order. Remaining events can be
    /// taken before: nothing is lost when [`Workers::is_finished`] is true.
    ///
    /// # Panics
    /// When a worker panicked, with its panic.
    pub fn join(mut self) -> Vec<Snapshot> {
        let mut snapshots = Vec::with_capacity(self.threads.len());
        let mut panic = None;
        for thread in self.threads.drain(..) {
            match thread.join() {
                Ok(snapshot) => snapshots.extend(snapshot),
                Err(payload) => panic = Some(payload),
            }
        }
        if let Some(payload) = panic {
            std::panic::resume_unwind(payload);
        }
        for thread in self.media.drain(..) {
            // A thread that panicked has said so when it ended, and stopped the run.
            let _ = thread.join();
        }
        self.add_errands(&mut snapshots);
        if let Some(media) = &self.common.media {
            self.add_media(&mut snapshots, &media.ask(), Instant::now());
        }
        snapshots
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(twins) = &self.common.twins {
            twins.close();
        }
        self.stop_now();
        if let Some(media) = &self.common.media {
            media.leave();
        }
    }
}

fn spawn<E: Endpoint>(
    seat: Seat,
    engine: E,
    clock: Clock,
    common: Arc<Common>,
    ready: mpsc::Sender<io::Result<()>>,
) -> io::Result<JoinHandle<Option<Snapshot>>> {
    thread::Builder::new().name(format!("worker-{}", seat.index)).spawn(move || {
        let mut ending = Ending { index: seat.index, common: Arc::clone(&common), last: None, well: false };
        // Nobody waits for the answer any more if another worker couldn't begin.
        let worker = match Worker::new(seat, engine, clock, common) {
            Ok(worker) => {
                let _ = ready.send(Ok(()));
                drop(ready);
                worker
            }
            Err(error) => {
                let _ = ready.send(Err(error));
                return None;
            }
        };
        let snapshot = worker.run();
        ending.last = Some(snapshot.clone());
        ending.well = true;
        Some(snapshot)
    })
}

/// Says that a worker has ended, however that came.
struct Ending {
    index: usize,
    common: Arc<Common>,
    last: Option<Snapshot>,
    well: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.well {
            // A bug took the worker down: the others can't finish without it.
            self.common.stop.store(true, Ordering::SeqCst);
            self.common.inboxes.iter().for_each(Inbox::wake);
        }
        self.common.inboxes[self.index].close(self.last.take());
        if let Some(media) = &self.common.media {
            media.worker_ended();
        }
        self.common.ended.fetch_add(1, Ordering::Release);
    }
}
