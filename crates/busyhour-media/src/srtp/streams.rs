//! What is remembered of each SSRC: its rollover counter and what has come of it (RFC 3711 §3.2.3, §3.3).

use super::Refused;

/// SSRCs that one [`super::Protector`] or [`super::Unprotector`] remembers.
///
/// One more pushes out the one that has been silent longest. Its rollover counter and its replay list are
/// then lost: if it comes back, it counts as new.
pub const STREAMS_MAX: usize = 16;

/// Packet indices have 48 bits: the rollover counter and the sequence number.
const INDEX_MASK: u64 = (1 << 48) - 1;

/// A small table by SSRC, the most recent first.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams<T> {
    entries: Vec<(u32, T)>,
    pushed_out: u64,
}

impl<T: Default> Streams<T> {
    /// The state of `ssrc` if it is known.
    pub(super) fn get(&mut self, ssrc: u32) -> Option<&mut T> {
        let at = self.entries.iter().position(|(known, _)| *known == ssrc)?;
        self.entries[..=at].rotate_right(1);
        Some(&mut self.entries[0].1)
    }

    /// The state of `ssrc`, new if need be.
    pub(super) fn get_or_insert(&mut self, ssrc: u32) -> &mut T {
        if self.get(ssrc).is_none() {
            if self.entries.len() == STREAMS_MAX {
                self.entries.pop();
                self.pushed_out += 1;
            }
            // Nearly every call has one SSRC: room for four would be wasted.
            self.entries.reserve_exact(1);
            self.entries.insert(0, (ssrc, T::default()));
        }
        &mut self.entries[0].1
    }

    /// The states of all SSRCs.
    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().map(|(_, state)| state)
    }

    /// How many SSRCs had to make room since the beginning.
    pub(super) fn pushed_out(&self) -> u64 {
        self.pushed_out
    }
}

/// The last 64 indices of one sender.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    newest: u64,
    /// Bit n: `newest - n` has come. 0: nothing has.
    seen: u64,
}

impl Window {
    /// The highest index that has come.
    pub(super) fn newest(&self) -> Option<u64> {
        (self.seen != 0).then_some(self.newest)
    }

    /// Refuses what has come before or lies before the window.
    pub(super) fn check(&self, index: u64) -> Result<(), Refused> {
        if self.seen == 0 || index > self.newest {
            return Ok(());
        }
        let age = self.newest - index;
        if age >= 64 || self.seen >> age & 1 != 0 { Err(Refused::Replay) } else { Ok(()) }
    }

    /// Notes an index that [`Window::check`] let pass and whose tag was right.
    pub(super) fn note(&mut self, index: u64) {
        if self.seen == 0 {
            *self = Window { newest: index, seen: 1 };
        } else if index > self.newest {
            let step = index - self.newest;
            self.seen = if step < 64 { self.seen << step | 1 } else { 1 };
            self.newest = index;
        } else {
            self.seen |= 1_u64.checked_shl((self.newest - index) as u32).unwrap_or(0);
        }
    }
}

/// The index that a packet most likely has when `newest` is the highest so far (RFC 3711 §3.3.1, appendix A).
/// Before the first rollover nothing is taken to be from before it.
pub(super) fn estimate(newest: u64, sequence: u16) -> u64 {
    let (rollovers, last) = (newest >> 16, newest as u16);
    let rollovers = if last < 0x8000 {
        if sequence > last && sequence - last > 0x8000 { rollovers.saturating_sub(1) } else { rollovers }
    } else if last - 0x8000 > sequence {
        rollovers + 1
    } else {
        rollovers
    };
    (rollovers << 16 | u64::from(sequence)) & INDEX_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_follow_the_wrap_both_ways() {
        assert_eq!(estimate(65_535, 0), 65_536);
        assert_eq!(estimate(65_530, 20), 65_536 + 20);
        assert_eq!(estimate(65_536 + 3, 65_534), 65_534);
        assert_eq!(estimate(3, 65_534), 65_534);
        assert_eq!(estimate(0x2_1000, 0x9000), 0x2_9000);
        assert_eq!(estimate(0x2_1000, 0x9001), 0x1_9001);
        assert_eq!(estimate(0x2_9000, 0x1000), 0x2_1000);
        assert_eq!(estimate(0x2_9000, 0x0fff), 0x3_0fff);
        assert_eq!(estimate(INDEX_MASK, 0), 0);
    }

    #[test]
    fn window_holds_64() {
        let mut window = Window::default();
        assert_eq!(window.newest(), None);
        for index in [0, 100, 37, 99, 163] {
            assert_eq!(window.check(index), Ok(()));
            window.note(index);
            assert_eq!(window.check(index), Err(Refused::Replay));
        }
        assert_eq!(window.newest(), Some(163));
        assert_eq!(window.check(98), Err(Refused::Replay));
        assert_eq!(window.check(100), Err(Refused::Replay));
        assert_eq!(window.check(101), Ok(()));
        window.note(1_000);
        assert_eq!(window.check(163), Err(Refused::Replay));
        assert_eq!(window.check(937), Ok(()));
        assert_eq!(window.check(936), Err(Refused::Replay));
    }

    #[test]
    fn seventeenth_pushes_out_the_most_silent() {
        let mut streams = Streams::<u8>::default();
        for ssrc in 0..16 {
            *streams.get_or_insert(ssrc) = 1;
        }
        assert!(streams.get(0).is_some());
        *streams.get_or_insert(99) = 1;
        assert_eq!(streams.pushed_out(), 1);
        assert_eq!(streams.get(0), Some(&mut 1));
        assert_eq!(streams.get(1), None);
        assert_eq!(*streams.get_or_insert(1), 0);
        assert_eq!(streams.pushed_out(), 2);
    }
}
