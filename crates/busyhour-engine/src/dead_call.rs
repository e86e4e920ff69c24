//! Calls that have ended and whose late messages are to be recognised for a while (spec-engine §2).
//!
//! Only the Call-ID's 64-bit hash is kept: a message that hits it brings the text along.

use std::collections::VecDeque;

use hashbrown::HashTable;

use crate::snapshot::FailureKind;
use busyhour_media::Time;

/// The remembered calls of one worker.
#[derive(Debug)]
pub(crate) struct DeadCalls {
    table: HashTable<DeadCall>,
    /// Hashes with the expiry they had when noted, oldest first. One whose call lives longer by now is put back.
    order: VecDeque<(u64, Time)>,
    wait_us: u64,
    capacity: usize,
    /// Calls forgotten early because the table was full.
    pub(crate) evicted: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct DeadCall {
    hash: u64,
    expires: Time,
    pub(crate) ending: Ending,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Successful,
    /// Counted as failed at this step.
    Failed(u32, FailureKind),
    /// Counted as failed at this step and released on the wire.
    Aborted(u32, FailureKind),
}

impl Ending {
    /// The call failed before its end, and the other party of a 3PCC does not know it yet.
    pub(crate) fn is_news_to_twin(self) -> bool {
        match self {
            Ending::Successful => false,
            Ending::Failed(_, kind) | Ending::Aborted(_, kind) => {
                !matches!(kind, FailureKind::TwinAborted | FailureKind::CmdNotSent)
            }
        }
    }
}

impl DeadCalls {
    pub(crate) fn new(wait_ms: u64, capacity: usize) -> DeadCalls {
        DeadCalls {
            table: HashTable::new(),
            order: VecDeque::new(),
            wait_us: wait_ms * 1000,
            capacity,
            evicted: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    pub(crate) fn remember(&mut self, now: Time, hash: u64, ending: Ending) {
        if self.wait_us == 0 || self.capacity == 0 {
            return;
        }
        self.expire(now);
        if self.table.len() >= self.capacity
            && let Some((oldest, _)) = self.order.pop_front()
        {
            self.remove(oldest);
            self.evicted += 1;
        }
        let expires = now + self.wait_us;
        self.table.entry(hash, |dead| dead.hash == hash, |dead| dead.hash).insert(DeadCall {
            hash,
            expires,
            ending,
        });
        self.order.push_back((hash, expires));
    }

    /// The dead call that a message with this Call-ID hash belongs to; it is then remembered anew.
    pub(crate) fn hit(&mut self, now: Time, hash: u64) -> Option<Ending> {
        if self.table.is_empty() {
            return None;
        }
        self.expire(now);
        let dead = self.table.find_mut(hash, |dead| dead.hash == hash)?;
        dead.expires = now + self.wait_us;
        Some(dead.ending)
    }

    /// Forgets what has expired. Called now and then; a bounded number of entries a time.
    pub(crate) fn expire(&mut self, now: Time) {
        for _ in 0..64 {
            let Some(&(hash, noted)) = self.order.front() else { return };
            if noted > now {
                return;
            }
            self.order.pop_front();
            match self.table.find(hash, |dead| dead.hash == hash).map(|dead| dead.expires) {
                Some(expires) if expires > now => self.order.push_back((hash, expires)),
                _ => self.remove(hash),
            }
        }
    }

    fn remove(&mut self, hash: u64) {
        if let Ok(entry) = self.table.find_entry(hash, |dead| dead.hash == hash) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_renews_the_memory() {
        let mut dead = DeadCalls::new(100, 10);
        dead.remember(Time::ZERO, 1, Ending::Successful);
        assert_eq!(dead.hit(Time::from_millis(90), 1), Some(Ending::Successful));
        assert_eq!(dead.hit(Time::from_millis(150), 1), Some(Ending::Successful));
        assert_eq!(dead.hit(Time::from_millis(260), 1), None);
        assert_eq!(dead.len(), 0);
    }

    #[test]
    fn the_table_is_bounded_and_says_so() {
        let mut dead = DeadCalls::new(1000, 3);
        for hash in 0..5 {
            dead.remember(Time::ZERO, hash, Ending::Aborted(2, FailureKind::Aborted));
        }
        assert_eq!((dead.len(), dead.evicted), (3, 2));
        assert_eq!(dead.hit(Time::ZERO, 0), None);
        assert_eq!(dead.hit(Time::ZERO, 4), Some(Ending::Aborted(2, FailureKind::Aborted)));
    }
}
