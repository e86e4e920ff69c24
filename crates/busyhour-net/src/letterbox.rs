//! What other threads put before one that sleeps in a poll, and how they wake it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A polling thread's letterbox and alarm clock. It holds a `T`, and once the thread has ended the `Last` it left.
///
/// To wake a thread is a system call, so it is spared one that is awake. Whoever has something for the thread writes it
/// first, here or elsewhere, and then calls [`Letterbox::wake`]; the thread calls [`Letterbox::fall_asleep`] first, then
/// looks once more whether anything was written, and only then polls. Each side has a fence between its write and its
/// look at the other's, so that at least one of them sees the other: either the thread sees what was written, or the
/// other sees that it sleeps, and wakes it.
#[derive(Debug)]
pub(crate) struct Letterbox<T, Last> {
    waker: mio::Waker,
    /// True while the thread polls, or is about to, for so long that it is worth waking.
    sleeping: AtomicBool,
    filled: AtomicBool,
    contents: Mutex<Contents<T, Last>>,
}

#[derive(Debug)]
struct Contents<T, Last> {
    waiting: T,
    closed: bool,
    last: Option<Last>,
}

impl<T: Default, Last: Clone> Letterbox<T, Last> {
    /// An open box of a thread that polls with `registry`, which reports `token` when the thread is woken.
    pub(crate) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<Self> {
        Ok(Letterbox {
            waker: mio::Waker::new(registry, token)?,
            sleeping: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            contents: Mutex::new(Contents { waiting: T::default(), closed: false, last: None }),
        })
    }

    /// Lets `add` put something to what waits, and wakes the thread if it gives `Some`. Gives `None` too, without
    /// calling it, once the box is closed.
    pub(crate) fn put_with<R>(&self, add: impl FnOnce(&mut T) -> Option<R>) -> Option<R> {
        let mut contents = self.contents();
        if contents.closed {
            return None;
        }
        let added = add(&mut contents.waiting)?;
        drop(contents);
        self.filled.store(true, Ordering::Release);
        self.wake();
        Some(added)
    }

    /// Lets `empty` take what waits, if anything does.
    pub(crate) fn take_with(&self, empty: impl FnOnce(&mut T)) {
        if self.filled.load(Ordering::Relaxed) && self.filled.swap(false, Ordering::AcqRel) {
            empty(&mut self.contents().waiting);
        }
    }

    /// Whether something waits in here.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    /// Nothing is taken from here any more: the thread has ended. A `last` that it left before stays if there is none
    /// now.
    pub(crate) fn close(&self, last: Option<Last>) {
        let mut contents = self.contents();
        contents.closed = true;
        contents.waiting = T::default();
        contents.last = last.or(contents.last.take());
    }

    /// True once the thread has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.contents().closed
    }

    /// What the thread left when it ended.
    pub(crate) fn last(&self) -> Option<Last> {
        self.contents().last.clone()
    }

    /// Wakes the thread if it sleeps. What it shall see must have been written before.
    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
            // It fails only if the descriptor is gone, and then so is the thread.
            let _ = self.waker.wake();
        }
    }

    /// Announces that the thread will sleep; it must look once more after this whether something waits for it.
    pub(crate) fn fall_asleep(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Says that the thread is awake, so that nobody wakes it.
    pub(crate) fn wake_up(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    fn contents(&self) -> MutexGuard<'_, Contents<T, Last>> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
