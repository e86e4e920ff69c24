//! The media threads of a run.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use busyhour_media::{Command, Event, Happening, Media, MediaSnapshot, Settings, Time};
use mio::Poll;

use super::endpoint::MediaEndpoint;
use super::inbox::MediaInbox;
use super::ports::MediaPorts;
use super::thread::{MediaThread, Seat, TOKEN_WAKER};
use crate::clock::Clock;
use crate::inbox::{Inbox, Request};

/// Most lines for people that wait: about panics, and about calls whose worker has ended.
const NOTES_MAX: usize = 1000;

/// What media need of a run, for [`Bound::add_media`](crate::Bound::add_media).
#[derive(Debug, Clone)]
pub struct MediaSetup {
    /// The ports, the same that engines ask.
    pub ports: Arc<MediaPorts>,
    /// What is the same for all calls. `wall_start_us` is filled in at the start; the first thread alone has `echo_ports`,
    /// and each has random numbers of its own.
    pub settings: Settings,
    /// Number of threads, at least 1; the same as engines believe.
    pub threads: u16,
}

/// Snapshots on their way, by thread.
pub(crate) type MediaAnswers = mpsc::Receiver<(usize, MediaSnapshot)>;

/// How media threads run.
#[derive(Debug, Clone)]
pub(crate) struct MediaThreadOptions {
    /// Thread n is kept on core `pin[n % pin.len()]`.
    pub(crate) pin: Option<Vec<usize>>,
    /// Each packet leaves by itself.
    pub(crate) single_packets: bool,
}

/// The media threads as others see them. They end when all workers have ended.
#[derive(Debug)]
pub(crate) struct MediaThreads {
    ports: Arc<MediaPorts>,
    inboxes: Box<[MediaInbox]>,
    /// Where events go.
    workers: Arc<[Inbox]>,
    /// Workers that have not ended.
    workers_open: AtomicUsize,
    /// Leave, whatever workers do.
    leave: AtomicBool,
    /// Tells the workers to leave at once.
    stop: Arc<AtomicBool>,
    ended: AtomicUsize,
    panics: AtomicU64,
    /// A thread came to its end by bugs.
    gave_up: AtomicBool,
    notes: Mutex<Vec<busyhour_engine::Event>>,
}

impl MediaThreads {
    /// Prepares threads; [`MediaThreads::start`] needs the polls.
    pub(crate) fn new(
        ports: Arc<MediaPorts>,
        threads: u16,
        workers: Arc<[Inbox]>,
        stop: Arc<AtomicBool>,
    ) -> io::Result<(Arc<MediaThreads>, Vec<Poll>)> {
        let mut polls = Vec::new();
        let mut inboxes = Vec::new();
        for _ in 0..threads.max(1) {
            let poll = Poll::new()?;
            inboxes.push(MediaInbox::new(poll.registry(), TOKEN_WAKER)?);
            polls.push(poll);
        }
        let threads = MediaThreads {
            ports,
            inboxes: inboxes.into(),
            workers_open: AtomicUsize::new(workers.len()),
            workers,
            leave: AtomicBool::new(false),
            stop,
            ended: AtomicUsize::new(0),
            panics: AtomicU64::new(0),
            gave_up: AtomicBool::new(false),
            notes: Mutex::default(),
        };
        Ok((Arc::new(threads), polls))
    }

    /// Starts the threads and adds them to `handles`.
    pub(crate) fn start(
        self: &Arc<MediaThreads>,
        settings: &Settings,
        polls: Vec<Poll>,
        clock: Clock,
        options: &MediaThreadOptions,
        handles: &mut Vec<JoinHandle<()>>,
    ) -> io::Result<()> {
        let make = |index: usize| {
            let mut settings = settings.clone();
            settings.wall_start_us = clock.wall_start_us();
            settings.seed = settings.seed.wrapping_add(index as u64);
            if index > 0 {
                settings.echo_ports.clear();
            }
            Media::new(settings)
        };
        self.start_with(make, polls, clock, options, handles)
    }

    /// The same for any streams.
    pub(super) fn start_with<M: MediaEndpoint>(
        self: &Arc<MediaThreads>,
        mut make: impl FnMut(usize) -> M,
        polls: Vec<Poll>,
        clock: Clock,
        options: &MediaThreadOptions,
        handles: &mut Vec<JoinHandle<()>>,
    ) -> io::Result<()> {
        for (index, poll) in polls.into_iter().enumerate() {
            let pin = options.pin.as_ref().filter(|cores| !cores.is_empty());
            let pin = pin.map(|cores| cores[index % cores.len()]);
            let seat = Seat { index, poll, clock, pin, runs: !options.single_packets };
            let (media, common) = (make(index), Arc::clone(self));
            handles.push(thread::Builder::new().name(format!("media-{index}")).spawn(move || {
                let mut ending = Ending { index, common: Arc::clone(&common), last: None, well: false };
                let (last, well) = MediaThread::new(seat, media, common).run();
                (ending.last, ending.well) = (Some(last), well);
            })?);
        }
        Ok(())
    }

    /// Number of threads.
    pub(crate) fn count(&self) -> usize {
        self.inboxes.len()
    }

    /// Puts commands into a thread's inbox, leaving `commands` empty; says how many had no room.
    pub(crate) fn put(&self, thread: usize, commands: &mut Vec<Command>) -> u64 {
        self.inboxes[thread].put(commands)
    }

    /// A worker has ended: it says nothing more.
    pub(crate) fn worker_ended(&self) {
        self.workers_open.fetch_sub(1, Ordering::AcqRel);
        self.inboxes.iter().for_each(MediaInbox::wake);
    }

    /// Tells the threads to leave now.
    pub(crate) fn leave(&self) {
        self.leave.store(true, Ordering::Release);
        self.inboxes.iter().for_each(MediaInbox::wake);
    }

    /// True once all threads have ended.
    pub(crate) fn is_finished(&self) -> bool {
        self.ended.load(Ordering::Acquire) == self.count()
    }

    /// Panics of all threads.
    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// True once a thread has come to its end by bugs, not by the run's.
    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up.load(Ordering::Acquire)
    }

    /// Takes what people should read.
    pub(crate) fn take_notes(&self) -> Vec<busyhour_engine::Event> {
        std::mem::take(&mut *self.notes())
    }

    /// Asks every thread for a snapshot; [`MediaThreads::collect`] waits for the answers.
    pub(crate) fn ask(&self) -> MediaAnswers {
        let (sender, receiver) = mpsc::channel();
        for inbox in &self.inboxes {
            // One that has ended gives its last.
            inbox.ask(sender.clone());
        }
        receiver
    }

    /// The sum of all threads' snapshots. One that a bug holds past the deadline gives none.
    pub(crate) fn collect(&self, answers: &MediaAnswers, deadline: Instant) -> MediaSnapshot {
        let mut found: Vec<Option<MediaSnapshot>> = self.inboxes.iter().map(|_| None).collect();
        let left = || deadline.saturating_duration_since(Instant::now());
        while let Ok((thread, snapshot)) = answers.recv_timeout(left()) {
            found[thread] = Some(snapshot);
        }
        let mut sum = MediaSnapshot::empty();
        for (found, inbox) in found.into_iter().zip(&self.inboxes) {
            if let Some(snapshot) = found.or_else(|| inbox.last()) {
                sum.add(&snapshot);
            }
        }
        sum
    }

    pub(super) fn ports(&self) -> &Arc<MediaPorts> {
        &self.ports
    }

    pub(super) fn inbox(&self, thread: usize) -> &MediaInbox {
        &self.inboxes[thread]
    }

    /// Whether no worker says anything more.
    pub(super) fn is_over(&self) -> bool {
        self.workers_open.load(Ordering::Acquire) == 0 || self.leave.load(Ordering::Acquire)
    }

    /// Tells a call's engine; if its worker has ended, whoever reads the warnings.
    pub(super) fn tell(&self, now: Time, event: Event) {
        let Some(inbox) = self.workers.get(usize::from(event.call.worker)) else { return };
        let text = match &event.happening {
            Happening::Warning(text) | Happening::CheckFailed(text) if inbox.is_closed() => {
                Some(text.clone())
            }
            _ => None,
        };
        if !inbox.put(Request::Media(event))
            && let Some(text) = text
        {
            self.note(now, text);
        }
    }

    pub(super) fn note_panic(&self, thread: usize, now: Time, what: &str) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        self.note(
            now,
            format!("a bug in busyhour: media thread {thread} panicked ({what}); streams may be cut short"),
        );
    }

    fn note(&self, at: Time, text: String) {
        let mut notes = self.notes();
        if notes.len() < NOTES_MAX {
            notes.push(busyhour_engine::Event::Warning { at, text: text.into_bytes() });
        }
    }

    fn notes(&self) -> MutexGuard<'_, Vec<busyhour_engine::Event>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a thread has ended, however that came.
struct Ending {
    index: usize,
    common: Arc<MediaThreads>,
    last: Option<MediaSnapshot>,
    well: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.well {
            // A bug took the thread down: without its media the figures of the run mean nothing.
            self.common.gave_up.store(true, Ordering::Release);
            self.common.stop.store(true, Ordering::SeqCst);
            self.common.workers.iter().for_each(Inbox::wake);
        }
        self.common.inboxes[self.index].close(self.last.take());
        self.common.ended.fetch_add(1, Ordering::Release);
    }
}
