//! The open calls of one worker: a slab, an index by Call-ID, and lists of the calls on each stream.

use std::collections::HashMap;

use busyhour_scenario::program::DialogSlot;
use hashbrown::HashTable;

use crate::call::{Call, NONE};
use crate::call_id::without_prefix;
use crate::transport::{CallRef, SocketId};

/// The table of calls.
#[derive(Debug)]
pub(crate) struct Calls {
    entries: Vec<Entry>,
    free: Vec<u32>,
    by_id: HashTable<u32>,
    /// Call-IDs of further dialogs of calls.
    by_other_id: HashMap<Vec<u8>, (u32, DialogSlot), foldhash::fast::FixedState>,
    streams: HashMap<SocketId, u32, foldhash::fast::FixedState>,
    capacity: usize,
}

#[derive(Debug)]
struct Entry {
    generation: u32,
    call: Option<Call>,
}

impl Calls {
    /// For at most `capacity` calls.
    pub(crate) fn new(capacity: usize) -> Calls {
        Calls {
            entries: Vec::new(),
            free: Vec::new(),
            by_id: HashTable::new(),
            by_other_id: HashMap::default(),
            streams: HashMap::default(),
            capacity: capacity.min(NONE as usize - 1),
        }
    }

    /// Makes room for so many calls at once, so that growth does not interrupt the run. Untouched memory costs nothing.
    pub(crate) fn reserve(&mut self, calls: usize) {
        let calls = calls.min(self.capacity);
        self.entries.reserve(calls.saturating_sub(self.entries.len()));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Enters a call. There must be room, and no call of its Call-ID.
    pub(crate) fn insert(&mut self, call: Call) -> CallRef {
        let hash = call.hash;
        let index = match self.free.pop() {
            Some(index) => {
                self.entries[index as usize].call = Some(call);
                index
            }
            None => {
                self.entries.push(Entry { generation: 0, call: Some(call) });
                (self.entries.len() - 1) as u32
            }
        };
        let entries = &self.entries;
        self.by_id.insert_unique(hash, index, |&at| hash_at(entries, at));
        CallRef { index, generation: self.entries[index as usize].generation }
    }

    /// Removes a call from everything.
    pub(crate) fn remove(&mut self, index: u32) -> Option<Call> {
        self.leave_stream(index);
        let call = self.entries.get_mut(index as usize)?.call.take()?;
        let entries = &mut self.entries[index as usize];
        entries.generation = entries.generation.wrapping_add(1);
        if let Ok(entry) = self.by_id.find_entry(call.hash, |&at| at == index) {
            entry.remove();
        }
        for other in call.others() {
            for id in [other.call_id(), without_prefix(other.call_id())] {
                if self.by_other_id.get(id).is_some_and(|&(at, _)| at == index) {
                    self.by_other_id.remove(id);
                }
            }
        }
        self.free.push(index);
        Some(call)
    }

    /// The call with this Call-ID, whose hash is given too, and the dialog that has it.
    pub(crate) fn find(&self, hash: u64, id: &[u8]) -> Option<(u32, DialogSlot)> {
        let is_it = |call: &Call| call.hash == hash && is_significant(call.id.as_bytes(), id);
        let found = self.by_id.find(hash, |&at| self.entries[at as usize].call.as_ref().is_some_and(is_it));
        match found {
            Some(&index) => Some((index, 0)),
            None if self.by_other_id.is_empty() => None,
            None => self.by_other_id.get(id).copied(),
        }
    }

    /// Notes that a further dialog of a call has this Call-ID.
    pub(crate) fn add_dialog(&mut self, index: u32, slot: DialogSlot, id: &[u8]) {
        self.by_other_id.insert(id.to_vec(), (index, slot));
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Call> {
        self.entries.get_mut(index as usize)?.call.as_mut()
    }

    /// Place of a call that is still the same.
    pub(crate) fn resolve(&self, reference: CallRef) -> Option<u32> {
        let entry = self.entries.get(reference.index as usize)?;
        (entry.generation == reference.generation && entry.call.is_some()).then_some(reference.index)
    }

    pub(crate) fn reference(&self, index: u32) -> CallRef {
        let generation = self.entries.get(index as usize).map_or(0, |entry| entry.generation);
        CallRef { index, generation }
    }

    /// Places of all calls.
    pub(crate) fn indices(&self) -> Vec<u32> {
        (0..self.entries.len() as u32).filter(|&at| self.entries[at as usize].call.is_some()).collect()
    }

    /// Notes that a call uses this stream.
    pub(crate) fn join_stream(&mut self, index: u32, socket: SocketId) {
        let first = self.streams.insert(socket, index);
        if let Some(call) = self.get_mut(index) {
            call.stream_previous = NONE;
            call.stream_next = first.unwrap_or(NONE);
        }
        if let Some(next) = first.and_then(|next| self.get_mut(next)) {
            next.stream_previous = index;
        }
    }

    /// A call uses its stream no more.
    pub(crate) fn leave_stream(&mut self, index: u32) {
        let Some(call) = self.get_mut(index) else { return };
        let (socket, previous, next) = (call.path.socket, call.stream_previous, call.stream_next);
        (call.stream_previous, call.stream_next) = (NONE, NONE);
        if let Some(next) = self.get_mut(next) {
            next.stream_previous = previous;
        }
        if let Some(previous) = self.get_mut(previous) {
            previous.stream_next = next;
        } else if self.streams.get(&socket) == Some(&index) {
            if next == NONE {
                self.streams.remove(&socket);
            } else {
                self.streams.insert(socket, next);
            }
        }
    }

    /// Places of all calls on a stream.
    pub(crate) fn on_stream(&self, socket: SocketId) -> Vec<u32> {
        let mut found = Vec::new();
        let mut at = self.streams.get(&socket).copied().unwrap_or(NONE);
        while let Some(call) = self.entries.get(at as usize).and_then(|entry| entry.call.as_ref()) {
            found.push(at);
            at = call.stream_next;
        }
        found
    }
}

/// Whether `id` is the whole stored Call-ID, or what follows its `///`.
fn is_significant(stored: &[u8], id: &[u8]) -> bool {
    stored.ends_with(id) && (stored.len() == id.len() || without_prefix(stored) == id)
}

fn hash_at(entries: &[Entry], index: u32) -> u64 {
    entries[index as usize].call.as_ref().map_or(0, |call| call.hash)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::call_id::hash;
    use crate::pool::Pool;
    use crate::transport::Path;
    use busyhour_media::Time;

    fn call(id: &str, socket: SocketId) -> Call {
        let path = Path { peer: SocketAddr::from(([127, 0, 0, 1], 5060)), socket };
        Call::new(&mut Pool::default(), id.as_bytes(), hash(id.as_bytes()), path, Time::ZERO)
    }

    fn find(calls: &Calls, id: &str) -> Option<u32> {
        calls.find(hash(id.as_bytes()), id.as_bytes()).map(|(index, _)| index)
    }

    #[test]
    fn a_removed_call_is_not_found_and_its_reference_is_stale() {
        let mut calls = Calls::new(10);
        let a = calls.insert(call("a", SocketId::MAIN));
        assert_eq!(find(&calls, "a"), Some(a.index));
        calls.remove(a.index);
        assert_eq!(find(&calls, "a"), None);
        let b = calls.insert(call("b", SocketId::MAIN));
        assert_eq!(a.index, b.index);
        assert_eq!((calls.resolve(a), calls.resolve(b)), (None, Some(b.index)));
        assert_eq!(calls.len(), 1);
    }

    #[test]
    fn many_calls_are_found_after_the_table_has_grown() {
        let mut calls = Calls::new(5000);
        for n in 0..5000 {
            calls.insert(call(&n.to_string(), SocketId::MAIN));
        }
        assert!(calls.is_full());
        assert!((0..5000).all(|n| find(&calls, &n.to_string()).is_some()));
    }

    #[test]
    fn calls_of_a_stream_are_listed_whatever_leaves_first() {
        let socket = SocketId::new(0, 7);
        let mut calls = Calls::new(10);
        let at: Vec<u32> = ["a", "b", "c"]
            .into_iter()
            .map(|id| {
                let index = calls.insert(call(id, socket)).index;
                calls.join_stream(index, socket);
                index
            })
            .collect();
        assert_eq!(calls.on_stream(socket), [at[2], at[1], at[0]]);
        calls.remove(at[1]);
        assert_eq!(calls.on_stream(socket), [at[2], at[0]]);
        calls.remove(at[2]);
        assert_eq!(calls.on_stream(socket), [at[0]]);
        calls.remove(at[0]);
        assert!(calls.on_stream(socket).is_empty());
    }
}
