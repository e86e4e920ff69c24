//! What other threads put before a worker.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use busyhour_engine::{CallRef, Command, ErrandResult, Snapshot};

/// A controller's wish.
#[derive(Debug)]
pub(crate) enum Request {
    /// For the engine.
    Command(Command),
    /// A 3PCC command of this call was not sent.
    TwinFailure(CallRef),
    /// What an errand of one of its calls has come to.
    Errand(CallRef, ErrandResult),
    /// What has happened to the media of one of its calls.
    Media(busyhour_media::Event),
    /// Answer with a snapshot and the worker's number.
    Snapshot(mpsc::Sender<(usize, Snapshot)>),
}

impl Request {
    /// True if calls would wait for ever without it.
    fn is_awaited(&self) -> bool {
        match self {
            Request::TwinFailure(_) | Request::Errand(..) | Request::Command(Command::TwinLost) => true,
            Request::Media(event) => !matches!(event.happening, busyhour_media::Happening::Warning(_)),
            Request::Command(_) | Request::Snapshot(_) => false,
        }
    }
}

/// A worker's inbox and alarm clock.
#[derive(Debug)]
pub(crate) struct Inbox {
    waker: mio::Waker,
    /// True while the worker sleeps, or is about to and will look at its rings once more.
    sleeping: AtomicBool,
    filled: AtomicBool,
    requests: Mutex<Requests>,
}

#[derive(Debug, Default)]
struct Requests {
    waiting: Vec<Request>,
    /// The worker has ended; its last snapshot stays here.
    closed: bool,
    last: Option<Snapshot>,
}

impl Inbox {
    /// Most requests that wait at a time; a worker takes all of them each turn. What must not be lost comes on top, for
    /// it is bounded by what gives rise to it.
    const REQUESTS_MAX: usize = 65_536;

    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Inbox> {
        Ok(Inbox {
            waker: mio::Waker::new(registry, token)?,
            sleeping: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            requests: Mutex::default(),
        })
    }

    /// Puts a request in, and returns whether it is in: a worker that has ended, or has [`Inbox::REQUESTS_MAX`] waiting,
    /// takes none. The latter takes what calls wait for all the same: there is no more of it than errands, commands on
    /// their way, connections and streams.
    #[must_use]
    pub(crate) fn put(&self, request: Request) -> bool {
        let mut requests = self.requests();
        if requests.closed || (requests.waiting.len() >= Inbox::REQUESTS_MAX && !request.is_awaited()) {
            return false;
        }
        requests.waiting.push(request);
        drop(requests);
        self.filled.store(true, Ordering::Release);
        self.wake();
        true
    }

    /// Swaps the waiting requests into `into`, which must be empty.
    pub(crate) fn take(&self, into: &mut Vec<Request>) {
        if self.filled.load(Ordering::Relaxed) && self.filled.swap(false, Ordering::AcqRel) {
            std::mem::swap(&mut self.requests().waiting, into);
        }
    }

    /// Nothing is taken from here any more.
    pub(crate) fn close(&self, last: Option<Snapshot>) {
        let mut requests = self.requests();
        requests.closed = true;
        requests.waiting.clear();
        requests.last = last.or(requests.last.take());
    }

    /// True once the worker has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.requests().closed
    }

    /// The snapshot with which the worker ended.
    pub(crate) fn last(&self) -> Option<Snapshot> {
        self.requests().last.clone()
    }

    /// Wakes the worker if it sleeps. What it shall see must have been written before.
    pub(crate) fn wake(&self) {
        // Pairs with the fence in `fall_asleep`: either the worker sees what we wrote, or we see that it sleeps.
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
            // It fails only if the descriptor is gone, and then so is the worker.
            let _ = self.waker.wake();
        }
    }

    /// Announces that the worker will sleep; it must look at its rings once more after this.
    pub(crate) fn fall_asleep(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Whether something waits in here.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    pub(crate) fn wake_up(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use busyhour_engine::transport::CommandEnd;

    #[test]
    fn a_full_inbox_still_takes_what_calls_wait_for() {
        let poll = mio::Poll::new().unwrap();
        let inbox = Inbox::new(poll.registry(), mio::Token(0)).unwrap();
        for _ in 0..Inbox::REQUESTS_MAX {
            assert!(inbox.put(Request::Command(Command::Wake)));
        }
        assert!(!inbox.put(Request::Command(Command::Wake)));
        let end = CommandEnd::Exited(0);
        let awaited = [
            Request::Errand(CallRef::default(), ErrandResult::Command { command: Vec::new(), end }),
            Request::TwinFailure(CallRef::default()),
            Request::Command(Command::TwinLost),
        ];
        awaited.into_iter().for_each(|request| assert!(inbox.put(request)));
        let mut taken = Vec::new();
        inbox.take(&mut taken);
        assert_eq!(taken.len(), Inbox::REQUESTS_MAX + 3);
        inbox.close(None);
        assert!(!inbox.put(Request::TwinFailure(CallRef::default())));
    }
}
