//! What other threads put before a media thread.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use busyhour_media::{Command, MediaSnapshot, What};

/// Most commands that wait at a time; the thread takes all of them each turn. Those without which a call's media would
/// never begin or end, or the call wait for ever, come on top: there are but a few of them for each open call.
const COMMANDS_MAX: usize = 1 << 20;

/// Who wants a snapshot: the answer holds the thread's number.
pub(super) type Asking = mpsc::Sender<(usize, MediaSnapshot)>;

/// A media thread's inbox and alarm clock.
#[derive(Debug)]
pub(super) struct MediaInbox {
    waker: mio::Waker,
    /// True while the thread sleeps so long that a command is worth waking it.
    sleeping: AtomicBool,
    filled: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    commands: Vec<Command>,
    asking: Vec<Asking>,
    /// The thread has ended; its last snapshot stays here.
    closed: bool,
    last: Option<MediaSnapshot>,
}

impl MediaInbox {
    pub(super) fn new(registry: &mio::Registry, token: mio::Token) -> io::Result<MediaInbox> {
        Ok(MediaInbox {
            waker: mio::Waker::new(registry, token)?,
            sleeping: AtomicBool::new(false),
            filled: AtomicBool::new(false),
            waiting: Mutex::default(),
        })
    }

    /// Takes all of `commands`, leaving it empty; says how many were dropped for want of room.
    pub(super) fn put(&self, commands: &mut Vec<Command>) -> u64 {
        let mut waiting = self.waiting();
        let mut dropped = 0;
        if waiting.closed {
            // The run is over for this thread, and all calls' media with it.
            commands.clear();
            return 0;
        }
        if waiting.commands.len() + commands.len() <= COMMANDS_MAX {
            waiting.commands.append(commands);
        } else {
            for command in commands.drain(..) {
                if waiting.commands.len() < COMMANDS_MAX || is_vital(&command.what) {
                    waiting.commands.push(command);
                } else {
                    dropped += 1;
                }
            }
        }
        drop(waiting);
        self.filled.store(true, Ordering::Release);
        self.wake();
        dropped
    }

    /// Asks for a snapshot; false if the thread has ended.
    pub(super) fn ask(&self, asking: Asking) -> bool {
        let mut waiting = self.waiting();
        if waiting.closed {
            return false;
        }
        waiting.asking.push(asking);
        drop(waiting);
        self.filled.store(true, Ordering::Release);
        self.wake();
        true
    }

    /// Swaps what waits into these, which must be empty.
    pub(super) fn take(&self, commands: &mut Vec<Command>, asking: &mut Vec<Asking>) {
        if self.filled.load(Ordering::Relaxed) && self.filled.swap(false, Ordering::AcqRel) {
            let mut waiting = self.waiting();
            std::mem::swap(&mut waiting.commands, commands);
            std::mem::swap(&mut waiting.asking, asking);
        }
    }

    /// Nothing is taken from here any more.
    pub(super) fn close(&self, last: Option<MediaSnapshot>) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.commands = Vec::new();
        waiting.asking.clear();
        waiting.last = last.or(waiting.last.take());
    }

    /// The snapshot with which the thread ended.
    pub(super) fn last(&self) -> Option<MediaSnapshot> {
        self.waiting().last.clone()
    }

    /// Wakes the thread if it sleeps. What it shall see must have been written before.
    pub(super) fn wake(&self) {
        // Pairs with the fence in `fall_asleep`: either the thread sees what we wrote, or we see that it sleeps.
        fence(Ordering::SeqCst);
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
            // It fails only if the descriptor is gone, and then so is the thread.
            let _ = self.waker.wake();
        }
    }

    /// Announces that the thread will sleep; it must look once more after this whether something waits.
    pub(super) fn fall_asleep(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Whether something waits in here.
    pub(super) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Relaxed)
    }

    pub(super) fn wake_up(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call could not begin, end or go on without it.
fn is_vital(what: &What) -> bool {
    match what {
        What::Begin(_) | What::Listen { .. } | What::Remote { .. } | What::Secure { .. } => true,
        What::TellStreamsEnd(_) | What::End { .. } => true,
        What::Play { .. } | What::Pause(_) | What::Resume(_) | What::StopStream(_) | What::Echo { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use busyhour_media::MediaCall;
    use busyhour_media::command::Media;

    fn command(what: What) -> Command {
        Command { thread: 0, call: MediaCall { worker: 0, token: 0 }, what }
    }

    #[test]
    fn a_full_inbox_still_takes_the_ends_of_calls() {
        let poll = mio::Poll::new().unwrap();
        let inbox = MediaInbox::new(poll.registry(), mio::Token(0)).unwrap();
        let mut full: Vec<_> = (0..COMMANDS_MAX).map(|_| command(What::Pause(Media::All))).collect();
        assert_eq!(inbox.put(&mut full), 0);
        let mut more = vec![command(What::Resume(Media::All)), command(What::End { failed: false })];
        assert_eq!(inbox.put(&mut more), 1);
        assert!(more.is_empty());
        let mut taken = Vec::new();
        inbox.take(&mut taken, &mut Vec::new());
        assert_eq!(taken.len(), COMMANDS_MAX + 1);
        assert!(matches!(taken.last().unwrap().what, What::End { .. }));
        inbox.close(None);
        assert_eq!(inbox.put(&mut vec![command(What::End { failed: false })]), 0);
    }
}
