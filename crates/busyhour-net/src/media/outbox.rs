//! A worker's commands to media threads, gathered for a turn.

use std::sync::Arc;

use busyhour_media::Command;

use super::threads::MediaThreads;

/// One worker's.
#[derive(Debug)]
pub(crate) struct MediaOutbox {
    threads: Option<Arc<MediaThreads>>,
    /// By thread.
    waiting: Vec<Vec<Command>>,
}

impl MediaOutbox {
    /// For these threads, if the run has any.
    pub(crate) fn new(threads: Option<Arc<MediaThreads>>) -> MediaOutbox {
        let count = threads.as_ref().map_or(0, |threads| threads.count());
        MediaOutbox { threads, waiting: (0..count).map(|_| Vec::new()).collect() }
    }

    /// Takes a command; false if there is no such thread.
    #[must_use]
    pub(crate) fn push(&mut self, command: Command) -> bool {
        match self.waiting.get_mut(usize::from(command.thread)) {
            Some(waiting) => {
                waiting.push(command);
                true
            }
            None => false,
        }
    }

    /// Hands all of them over; says how many had no room.
    pub(crate) fn flush(&mut self) -> u64 {
        let Some(threads) = &self.threads else { return 0 };
        let mut dropped = 0;
        for (thread, waiting) in
            self.waiting.iter_mut().enumerate().filter(|(_, waiting)| !waiting.is_empty())
        {
            dropped += threads.put(thread, waiting);
        }
        dropped
    }
}
