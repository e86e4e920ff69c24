//! The calls and lines of a media thread: slabs, and calls by their names.

use std::sync::Arc;

use busyhour_wire::sdp::Medium;
use hashbrown::HashMap;

use crate::call::MediaCall;
use crate::command::Begin;
use crate::ear::Ear;
use crate::session::Line;
use crate::session::phase::Phase;

/// No line.
const NONE: u32 = u32::MAX;

/// All calls.
#[derive(Debug)]
pub(crate) struct Calls {
    slots: Vec<Option<Call>>,
    free: Vec<u32>,
    /// Calls that have not been ended.
    names: HashMap<MediaCall, u32, foldhash::fast::RandomState>,
    max: usize,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) name: MediaCall,
    pub(crate) call_id: Box<[u8]>,
    pub(crate) ear: Arc<Ear>,
    pub(crate) phase: Phase,
    /// Tells its SSRCs from those of other calls.
    pub(crate) number: u64,
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
    pub(crate) fn new(max: usize) -> Calls {
        Calls {
            slots: Vec::new(),
            free: Vec::new(),
            names: HashMap::default(),
            max: max.min(NONE as usize / 8),
        }
    }

    /// Takes a new call. False: it is there already, or there is no room.
    pub(crate) fn begin(&mut self, name: MediaCall, begin: Begin) -> bool {
        if self.names.contains_key(&name) || self.len() >= self.max {
            return false;
        }
        // Calls without a number are told apart by their tokens.
        let number = if begin.number == 0 { name.token.rotate_left(16) } else { begin.number };
        let call = Call {
            name,
            call_id: begin.call_id,
            ear: begin.ear,
            phase: Phase::of(number),
            number,
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
        let own = base.wrapping_add((self.number as u32).wrapping_mul(2));
        match medium {
            Medium::Audio => own,
            Medium::Video => own.wrapping_add(1),
            Medium::Image => own ^ 0x2000_0000,
            Medium::Text => own ^ 0x4000_0000,
        }
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
