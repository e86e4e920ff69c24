//! The little that workers share: written once a call, never for a message.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// A counter in a cache line of its own, written by one worker.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

/// State shared by the workers of a run.
///
/// Call numbers, `-m`, `-l` and the end of the run are exact over all workers, so they need one place each.
#[derive(Debug)]
pub struct Shared {
    created: AtomicU64,
    quit: AtomicU32,
    paused: AtomicU32,
    ended: Box<[Padded]>,
    /// Global variables by slot; engines of several workers see one value.
    pub globals: Mutex<Vec<Option<Vec<u8>>>>,
}

impl Shared {
    /// For so many workers.
    pub fn new(workers: usize) -> Shared {
        Shared {
            created: AtomicU64::new(0),
            quit: AtomicU32::new(0),
            paused: AtomicU32::new(0),
            ended: (0..workers).map(|_| Padded::default()).collect(),
            globals: Mutex::new(Vec::new()),
        }
    }

    /// Number of workers.
    pub fn workers(&self) -> usize {
        self.ended.len()
    }

    /// Takes the next call number, 1-based, unless `max` calls exist already.
    pub fn next_call(&self, max: Option<u64>) -> Option<u64> {
        let Some(max) = max else { return Some(self.created.fetch_add(1, Relaxed) + 1) };
        self.created.fetch_update(Relaxed, Relaxed, |n| (n < max).then_some(n + 1)).ok().map(|n| n + 1)
    }

    /// Calls created so far, incoming and outgoing.
    pub fn created(&self) -> u64 {
        self.created.load(Relaxed)
    }

    /// Notes that `worker` has ended `total` calls so far.
    pub fn set_ended(&self, worker: usize, total: u64) {
        self.ended[worker].0.store(total, Relaxed);
    }

    /// Calls created and not yet ended, over all workers.
    pub fn open(&self) -> u64 {
        let ended: u64 = self.ended.iter().map(|padded| padded.0.load(Relaxed)).sum();
        self.created().saturating_sub(ended)
    }

    /// The quitting level (spec-engine §1.1): 0 run, 1–10 no new calls, from 11 on abort everything.
    pub fn quit_level(&self) -> u32 {
        self.quit.load(Relaxed)
    }

    /// Raises the quitting level by so much.
    pub fn raise_quit(&self, by: u32) {
        let _ = self.quit.fetch_update(Relaxed, Relaxed, |level| Some(level.saturating_add(by)));
    }

    /// Sets the quitting level to 1 if it is 0.
    pub fn begin_quit(&self) {
        let _ = self.quit.compare_exchange(0, 1, Relaxed, Relaxed);
    }

    /// True while the creation of calls is paused.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Relaxed) != 0
    }

    /// Pauses or resumes the creation of calls.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(u32::from(paused), Relaxed);
    }

    /// True once the run is quitting and no call is open anywhere.
    pub fn is_finished(&self) -> bool {
        self.quit_level() >= 1 && self.open() == 0
    }
}
