//! Events on their way to whoever writes them down.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use busyhour_engine::{Event, Time};

use super::Core;
use crate::endpoint::Endpoint;

/// Events of all workers, bounded by their bytes.
#[derive(Debug)]
pub(crate) struct EventQueue {
    lanes: Box<[Lane]>,
    bytes_max: usize,
}

/// One worker's events, so that workers don't wait for each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<(Time, Event)>,
    bytes: usize,
}

impl EventQueue {
    /// For so many workers, of which each may have so many bytes waiting.
    pub(crate) fn new(workers: usize, bytes_max: usize) -> EventQueue {
        EventQueue { lanes: (0..workers).map(|_| Lane::default()).collect(), bytes_max }
    }

    /// Takes what the engine has to tell; what doesn't fit is counted and dropped, but never an [`Event::Stop`].
    pub(super) fn collect<E: Endpoint>(&self, worker: usize, core: &mut Core<E>) {
        let Some(first) = core.engine.poll_event() else { return };
        let lane = &self.lanes[worker];
        let mut waiting = lane.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = Some(first);
        while let Some(event) = next {
            let size = size_of_event(&event);
            if waiting.bytes + size <= self.bytes_max || matches!(event, Event::Stop { .. }) {
                waiting.bytes += size;
                waiting.events.push_back((core.now, event));
            } else {
                lane.dropped.fetch_add(1, Ordering::Relaxed);
            }
            next = core.engine.poll_event();
        }
    }

    /// Takes all events, in the order of their turns.
    pub(crate) fn take(&self) -> Vec<Event> {
        let mut all = Vec::new();
        for lane in &self.lanes {
            let taken = std::mem::take(&mut *lane.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            all.extend(taken.events);
        }
        if self.lanes.len() > 1 {
            all.sort_by_key(|&(at, _)| at);
        }
        all.into_iter().map(|(_, event)| event).collect()
    }

    /// How many events of this worker were dropped.
    pub(crate) fn dropped(&self, worker: usize) -> u64 {
        self.lanes[worker].dropped.load(Ordering::Relaxed)
    }
}

/// Memory that an event takes, roughly.
pub(crate) fn size_of_event(event: &Event) -> usize {
    let held = match event {
        Event::Message { bytes, .. } | Event::Command { bytes, .. } => bytes.capacity(),
        Event::Warning { text, .. } | Event::Log { text } => text.capacity(),
        Event::Stop { text, .. } => text.as_ref().map_or(0, Vec::capacity),
        Event::VoluntaryLoss { .. } => 0,
    };
    held + size_of::<(Time, Event)>()
}
