//! All connections to peers while a run goes, as workers and the controller see them.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};
use std::{fmt, io};

use busyhour_engine::{CallRef, Command, Event, Shared, TwinSend};
use socket2::SockRef;

use super::{Connect, Loss, TwinOptions, Twins, accept, connect_all, receive, send};
use crate::clock::Clock;
use crate::inbox::{Inbox, Request};

/// Most commands that wait for one connection; a call that wants to send one more fails.
const WAITING_MAX: usize = 4096;

/// How long a command waits for room in its worker's inbox before it tries again.
const FULL_PAUSE: Duration = Duration::from_millis(1);

/// Most notes that wait for the controller.
const NOTES_MAX: usize = 1024;

/// How long the last commands of a run may take to leave.
const CLOSE_GRACE: Duration = Duration::from_secs(1);

/// Connections to peers.
pub(crate) struct Lines {
    pub(super) options: TwinOptions,
    inboxes: Arc<[Inbox]>,
    shared: Arc<Shared>,
    clock: Clock,
    /// By position of the peer; `None` while there is no connection to it.
    outlets: Box<[Mutex<Option<SyncSender<Outgoing>>>]>,
    /// A second handle, as a thread blocks on it.
    listener: Option<TcpListener>,
    /// What threads block on too, and hold as long as they run.
    streams: Mutex<Vec<Weak<TcpStream>>>,
    /// Connections that have come in and not gone.
    pub(super) incoming: AtomicUsize,
    /// Threads that still have commands to send.
    pub(super) sending: AtomicUsize,
    /// Peers connected to us, so that we have connected to them.
    reached: AtomicBool,
    closing: AtomicBool,
    dropped: AtomicU64,
    notes: Mutex<Vec<Event>>,
}

/// A command on its way out, and whose it is.
pub(super) struct Outgoing {
    pub(super) worker: usize,
    pub(super) call: CallRef,
    pub(super) bytes: Vec<u8>,
}

impl Lines {
    /// Starts the threads of what is open.
    pub(crate) fn start(
        twins: Twins,
        inboxes: Arc<[Inbox]>,
        shared: Arc<Shared>,
        clock: Clock,
    ) -> io::Result<Arc<Lines>> {
        let Twins { options, listener, connections } = twins;
        let lines = Arc::new(Lines {
            outlets: options.peers.iter().map(|_| Mutex::new(None)).collect(),
            listener: listener.as_ref().map(TcpListener::try_clone).transpose()?,
            options,
            inboxes,
            shared,
            clock,
            streams: Mutex::default(),
            incoming: AtomicUsize::new(0),
            sending: AtomicUsize::new(0),
            reached: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            notes: Mutex::default(),
        });
        for (peer, stream) in connections {
            lines.start_threads(Some(peer), stream, false)?;
        }
        if let Some(listener) = listener {
            let lines = Arc::clone(&lines);
            thread::Builder::new()
                .name("twin-accept".to_owned())
                .spawn(move || accept::run(&lines, &listener))?;
        }
        Ok(lines)
    }

    /// Queues a command. False if there is no connection to its addressee, or it takes in too slowly.
    pub(crate) fn send(&self, worker: usize, send: TwinSend) -> bool {
        let Some(outlet) = self.outlets.get(usize::from(send.to)) else { return false };
        let outgoing = Outgoing { worker, call: send.call, bytes: send.bytes };
        lock(outlet).as_ref().is_some_and(|outlet| outlet.try_send(outgoing).is_ok())
    }

    /// Commands that were dropped: too long, or their worker had ended.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// What there is to tell a person.
    pub(crate) fn take_notes(&self) -> Vec<Event> {
        std::mem::take(&mut lock(&self.notes))
    }

    /// Lets the last commands leave, and closes everything.
    pub(crate) fn close(&self) {
        if self.closing.swap(true, Ordering::SeqCst) {
            return;
        }
        // None comes after this, and those that have come have their outlets.
        let streams = std::mem::take(&mut *lock(&self.streams));
        for outlet in &self.outlets {
            *lock(outlet) = None;
        }
        let deadline = Instant::now() + CLOSE_GRACE;
        while self.sending.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        if let Some(listener) = &self.listener {
            // Wakes the thread that accepts; if it fails there is none.
            let _ = SockRef::from(listener).shutdown(Shutdown::Both);
        }
        for stream in streams.iter().filter_map(Weak::upgrade) {
            // One that the peer has closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Counts commands that are lost.
    pub(super) fn note_dropped(&self, commands: u64) {
        self.dropped.fetch_add(commands, Ordering::Relaxed);
    }

    /// Adds a line for a person.
    pub(super) fn note(&self, text: String) {
        let mut notes = lock(&self.notes);
        if notes.len() < NOTES_MAX {
            notes.push(Event::Warning { at: self.clock.now(), text: text.into_bytes() });
        }
    }

    /// Gives a received command to the worker that owns its call; one without a Call-ID to the first, which says so.
    pub(super) fn deliver(&self, command: &[u8]) {
        let keep_prefix = self.options.keep_call_id_prefix;
        let owner = busyhour_engine::command_owner(command, keep_prefix, &self.shared);
        let inbox = &self.inboxes[owner.unwrap_or(0)];
        // Meanwhile nothing is read, so that TCP holds the peer back.
        while !inbox.put(Request::Command(Command::Twin(command.to_vec()))) {
            if inbox.is_closed() || self.is_closing() {
                return self.note_dropped(1);
            }
            thread::sleep(FULL_PAUSE);
        }
    }

    /// Tells a call that its command was not sent.
    pub(super) fn not_sent(&self, outgoing: &Outgoing) {
        // A worker that takes it not has ended, and so has the call.
        let _ = self.inboxes[outgoing.worker].put(Request::TwinFailure(outgoing.call));
    }

    /// A connection has ended, by its peer or by the network. `peer`: it was the one on which we send to this peer.
    pub(super) fn lost(&self, peer: Option<u16>, what: &str) {
        if let Some(outlet) = peer.and_then(|peer| self.outlets.get(usize::from(peer))) {
            *lock(outlet) = None;
        }
        if self.is_closing() {
            return;
        }
        let follows = match self.options.loss {
            Loss::NoNewCalls => {
                self.shared.begin_quit();
                "no new calls are made"
            }
            Loss::EndsCalls => {
                self.shared.raise_quit(20);
                "the run ends"
            }
        };
        self.note(format!("a 3PCC peer has ended ({what}): {follows}"));
        for inbox in self.inboxes.iter() {
            // A worker that takes it not has ended.
            let _ = inbox.put(Request::Command(Command::TwinLost));
        }
    }

    /// Connects to the peers once the first of them has connected to us, if that is when we do.
    pub(super) fn reach_peers(self: &Arc<Self>) {
        if self.options.connect != Connect::AtFirstPeer || self.reached.swap(true, Ordering::SeqCst) {
            return;
        }
        match connect_all(&self.options) {
            Ok(connections) => {
                for (peer, stream) in connections {
                    self.begin(Some(peer), stream, false);
                }
            }
            Err(error) => self.lost(None, &error.to_string()),
        }
    }

    /// Begins to use a connection. `peer`: commands for this peer leave on it.
    pub(super) fn begin(self: &Arc<Self>, peer: Option<u16>, stream: TcpStream, incoming: bool) {
        if incoming {
            self.incoming.fetch_add(1, Ordering::SeqCst);
        }
        if let Err(error) = self.start_threads(peer, stream, incoming) {
            if incoming {
                self.incoming.fetch_sub(1, Ordering::SeqCst);
            }
            self.lost(peer, &error.to_string());
        }
    }

    fn start_threads(
        self: &Arc<Self>,
        peer: Option<u16>,
        stream: TcpStream,
        incoming: bool,
    ) -> io::Result<()> {
        let stream = Arc::new(stream);
        let mut streams = lock(&self.streams);
        if self.is_closing() {
            return Err(io::Error::other("the run ends"));
        }
        streams.retain(|stream| stream.strong_count() > 0);
        streams.push(Arc::downgrade(&stream));
        if let Some((peer, outlet)) = peer.and_then(|peer| Some((peer, self.outlets.get(usize::from(peer))?)))
        {
            let (sender, waiting) = sync_channel(WAITING_MAX);
            let (lines, stream) = (Arc::clone(self), Arc::clone(&stream));
            self.sending.fetch_add(1, Ordering::AcqRel);
            let thread = thread::Builder::new().name(format!("twin-send-{peer}"));
            let spawned = thread.spawn(move || {
                send::run(&lines, peer, &stream, &waiting);
                lines.sending.fetch_sub(1, Ordering::AcqRel);
            });
            if let Err(error) = spawned {
                self.sending.fetch_sub(1, Ordering::AcqRel);
                return Err(error);
            }
            *lock(outlet) = Some(sender);
        }
        let lines = Arc::clone(self);
        thread::Builder::new().name("twin-receive".to_owned()).spawn(move || {
            receive::run(&lines, peer, &stream);
            if incoming {
                lines.incoming.fetch_sub(1, Ordering::SeqCst);
            }
        })?;
        Ok(())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("options", &self.options).finish_non_exhaustive()
    }
}

/// Everything behind a lock is whole after every change, so a panic elsewhere has not broken it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
