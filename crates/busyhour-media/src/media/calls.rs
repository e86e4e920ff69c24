//! The calls and lines of a media thread: slabs, and calls by their names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use busyhour_wire::sdp::Medium;
use hashbrown::HashMap;

use crate::call::MediaCall;
use crate::command::Begin;
use crate::ear::Ear;
use crate::session::Line;
use crate::session::phase::Phase;

/// No line.
const NONE: u32 = u32::MAX;

/// SSRCs of calls without a number, of images and of text are so far from the base. Calls have those up to 2^29, two
/// each, so that of 2^28 calls in a row no two have the same.
const UNNUMBERED: u32 = 1 << 31;
const IMAGE: u32 = 1 << 29;
const TEXT: u32 = 1 << 30;

/// All calls.
#[derive(Debug)]
pub(crate) struct Calls {
    slots: Vec<Option<Call>>,
    free: Vec<u32>,
    /// Calls that have not been ended.
    names: HashMap<MediaCall, u32, foldhash::fast::RandomState>,
    max: usize,
    /// Calls without a number so far, of all media threads.
    unnumbered: Arc<AtomicU64>,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: MediaCall,
    pub(crate) call_id: Box<[u8]>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) phase: Phase,
    /// From the base of all SSRCs to its own.
    ssrcs: u32,
    lines: [u32; Medium::COUNT],
    /// The engine waits for the end of its streams.
    pub(crate) tell_streams_end: Option<u32>,
    /// Something has been said about it; more would only repeat it.
    pub(crate) warned: bool,
    /// A check of it has failed.
    pub(crate) check_failed: bool,
}

impl Calls {
    /// Room for at most `max` calls.
    pub(crate) fn new(max: usize, unnumbered: Arc<AtomicU64>) -> Calls {
        Calls {
            slots: Vec::new(),
            free: Vec::new(),
            names: HashMap::default(),
            max: max.min(NONE as usize / 8),
            unnumbered,
        }
    }

    /// Takes a new call. False: it is there already, or there is no room.
    pub(crate) fn begin(&mut self, name: MediaCall, begin: Begin) -> bool {
        if self.names.contains_key(&name) || self.len() >= self.max {
            return false;
        }
        let (number, apart) = match begin.number {
            0 => (self.unnumbered.fetch_add(1, Ordering::Relaxed), UNNUMBERED),
            number => (number, 0),
        };
        let call = Call {
            name,
            call_id: begin.call_id,
            ear: begin.ear,
            phase: Phase::of(number),
            ssrcs: apart | (number as u32) << 1 & (IMAGE - 1),
            lines: [NONE; Medium::COUNT],
            tell_streams_end: None,
            warned: false,
            check_failed: false,
        };
        let position = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // There are fewer than `max`.
            (self.slots.len() - 1) as u32
        });
        self.slots[position as usize] = Some(call);
        self.names.insert(name, position);
        true
    }

    /// Where the call is, unless it has ended.
    pub(crate) fn find(&self, name: MediaCall) -> Option<u32> {
        self.names.get(&name).copied()
    }

    /// Forgets the call's name: commands for it are ignored from now on.
    pub(crate) fn forget_name(&mut self, name: MediaCall) {
        self.names.remove(&name);
    }

    /// Some call that has not been ended.
    pub(crate) fn any_name(&self) -> Option<MediaCall> {
        self.names.keys().next().copied()
    }

    pub(crate) fn get(&mut self, position: u32) -> Option<&mut Call> {
        self.slots.get_mut(position as usize)?.as_mut()
    }

    /// Takes a call out.
    pub(crate) fn remove(&mut self, position: u32) -> Option<Call> {
        let call = self.slots.get_mut(position as usize)?.take()?;
        self.free.push(position);
        Some(call)
    }

    /// Positions in use are below this.
    pub(crate) fn places(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Calls that have not been taken out.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl Call {
    /// Its line of a medium.
    pub(crate) fn line(&self, medium: Medium) -> Option<u32> {
        Some(self.lines[medium.index()]).filter(|line| *line != NONE)
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = u32> + use<> {
        self.lines.into_iter().filter(|line| *line != NONE)
    }

    pub(crate) fn set_line(&mut self, medium: Medium, line: u32) {
        self.lines[medium.index()] = line;
    }

    /// SSRC of its stream in a medium: as SIPp numbers them for audio and video (spec-media §5).
    pub(crate) fn ssrc(&self, medium: Medium, base: u32) -> u32 {
        let medium = match medium {
            Medium::Audio => 0,
            Medium::Video => 1,
            Medium::Image => IMAGE,
            Medium::Text => TEXT,
        };
        base.wrapping_add(self.ssrcs | medium)
    }
}

/// All lines. Their positions are those of their timers.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    slots: Vec<Option<Box<Line>>>,
    free: Vec<u32>,
}

impl Lines {
    pub(crate) fn insert(&mut self, line: Line) -> u32 {
        let position = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // At most four for each call.
            (self.slots.len() - 1) as u32
        });
        self.slots[position as usize] = Some(Box::new(line));
        position
    }

    pub(crate) fn get(&mut self, position: u32) -> Option<&mut Line> {
        self.slots.get_mut(position as usize)?.as_deref_mut()
    }

    pub(crate) fn remove(&mut self, position: u32) -> Option<Box<Line>> {
        let line = self.slots.get_mut(position as usize)?.take()?;
        self.free.push(position);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_lines_have_the_same_ssrc() {
        // Two media threads, and the calls of four workers on each.
        let unnumbered = Arc::default();
        let mut threads = [(); 2].map(|()| Calls::new(1 << 20, Arc::clone(&unnumbered)));
        let mut seen = HashSet::new();
        for index in 0..40_000 {
            for worker in 0..4 {
                let number = if worker < 2 { 0 } else { index * 2 + u64::from(worker) };
                let ear = Arc::default();
                let begin = Begin { call_id: Box::default(), number, ear };
                let name = MediaCall { worker, token: 3 << 32 | index };
                let calls = &mut threads[usize::from(worker) % 2];
                assert!(calls.begin(name, begin));
                let position = calls.find(name).unwrap();
                let call = calls.get(position).unwrap();
                for medium in Medium::ALL {
                    assert!(seen.insert(call.ssrc(medium, 0xca11_0000)), "{name:?} {medium:?}");
                }
            }
        }
        assert!(seen.contains(&(0xca11_0000 + 4)) && seen.contains(&(0xca11_0000 + 5)), "as in SIPp");
    }
}
