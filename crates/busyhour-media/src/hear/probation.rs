//! New sources on probation (RFC 3550 A.1): one packet with another SSRC is no source, two in sequence are.

/// Sources that are on probation at a time; a further one takes the place of any of them.
const CANDIDATES_MAX: usize = 4;

/// Sources that are not followed, and packets that were no source's.
#[derive(Debug, Clone, Default)]
pub(super) struct Probation {
    candidates: [Candidate; CANDIDATES_MAX],
    strays: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    ssrc: u32,
    /// The number that makes it a source.
    next: u16,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// There is none in this place.
    #[default]
    Free,
    /// No two packets in sequence have come.
    Waiting,
    /// A source for which there was no room.
    Valid,
}

/// What a packet with an SSRC that is not followed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// It belongs to no source so far.
    Stray,
    /// It is the second in sequence: this is a source.
    New,
    /// It is of a source that was found to be one before.
    Known,
}

impl Probation {
    /// Takes a packet of a source that is not followed.
    pub(super) fn take(&mut self, ssrc: u32, number: u16) -> Finding {
        let next = number.wrapping_add(1);
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.is(ssrc)) {
            if candidate.standing == Standing::Valid {
                return Finding::Known;
            }
            if candidate.next == number {
                candidate.standing = Standing::Valid;
                // The one before was none.
                self.strays = self.strays.saturating_sub(1);
                return Finding::New;
            }
            candidate.next = next;
        } else {
            let free = self.candidates.iter().position(|candidate| candidate.standing == Standing::Free);
            let place = free.unwrap_or_else(|| self.any_place());
            self.candidates[place] = Candidate { ssrc, next, standing: Standing::Waiting };
        }
        self.note_strays(1);
        Finding::Stray
    }

    /// The source is followed from now on.
    pub(super) fn release(&mut self, ssrc: u32) {
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.is(ssrc)) {
            candidate.standing = Standing::Free;
        }
    }

    /// Notes packets that turned out to be no source's.
    pub(super) fn note_strays(&mut self, packets: u64) {
        self.strays = self.strays.saturating_add(u32::try_from(packets).unwrap_or(u32::MAX));
    }

    /// Packets that were no source's.
    pub(super) fn strays(&self) -> u64 {
        u64::from(self.strays)
    }

    /// Any of the places, each as often as the others: in a fixed order, sources that take turns would push each
    /// other out for ever.
    fn any_place(&self) -> usize {
        const { assert!(CANDIDATES_MAX == 4) };
        // Multiples of 2^32 over the golden ratio are spread evenly.
        (self.strays.wrapping_mul(0x9e37_79b9) >> 30) as usize
    }
}

impl Candidate {
    fn is(&self, ssrc: u32) -> bool {
        self.standing != Standing::Free && self.ssrc == ssrc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_sequence_are_a_source_even_over_the_wrap() {
        let mut probation = Probation::default();
        for number in [7, 9, 8, 65_535] {
            assert_eq!(probation.take(0, number), Finding::Stray);
        }
        assert_eq!(probation.take(1, 0), Finding::Stray);
        assert_eq!(probation.strays(), 5);
        assert_eq!(probation.take(0, 0), Finding::New);
        assert_eq!((probation.take(0, 500), probation.strays()), (Finding::Known, 4));
        probation.release(0);
        assert_eq!(probation.take(0, 501), Finding::Stray);
    }

    #[test]
    fn strays_without_end_neither_grow_nor_keep_a_source_out() {
        let mut probation = Probation::default();
        let mut found = Vec::new();
        for n in 0..1_000_u32 {
            for stray in 0..3 {
                let ssrc = (n * 3 + stray).wrapping_mul(0x9e37_79b9) | 1;
                assert_eq!(probation.take(ssrc, n as u16), Finding::Stray);
            }
            found.push(probation.take(2, n as u16));
        }
        assert!(found[..50].contains(&Finding::New), "{:?}", &found[..50]);
    }
}
