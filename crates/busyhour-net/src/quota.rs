//! How many sockets a run may have.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Counts the sockets of all workers against `-max_socket`.
#[derive(Debug)]
pub(crate) struct Quota {
    open: AtomicUsize,
    max: usize,
}

impl Quota {
    pub(crate) fn new(max: usize) -> Quota {
        Quota { open: AtomicUsize::new(0), max }
    }

    /// Takes one socket, if there is one left; a worker's `first` it gets in any case, for it needs something to share.
    #[must_use]
    pub(crate) fn take(&self, first: bool) -> bool {
        let max = if first { usize::MAX } else { self.max };
        self.open.fetch_update(Relaxed, Relaxed, |open| (open < max).then_some(open + 1)).is_ok()
    }

    /// Gives one back.
    pub(crate) fn give_back(&self) {
        self.open.fetch_sub(1, Relaxed);
    }
}
