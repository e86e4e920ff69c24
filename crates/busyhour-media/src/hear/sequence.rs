//! Sequence numbers (RFC 3550 A.1, A.3): what was expected, what came, twice, late or never, and how losses
//! cluster.

/// Packets back from the highest that can still come, or be told from duplicates: RFC 3550 A.1's MAX_MISORDER, which is
/// 100 there.
pub(super) const WINDOW: u16 = 128;

/// A step forward of this many or more is a restart, not a loss (RFC 3550 A.1, MAX_DROPOUT: a minute of 20 ms
/// packets).
const DROPOUT_MAX: u16 = 3000;

/// What a packet's sequence number says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The first, or the first after a restart.
    First,
    /// So many after the highest before; 1: the next.
    Ahead(u16),
    /// Late, but it can still be played.
    Late,
    /// It came before.
    Duplicate,
    /// Too far from all others, and alone so far: it changes nothing, but a second one in its sequence is a
    /// restart.
    Stray,
}

/// The sequence numbers of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequence {
    /// Bit n: the packet n before the highest came.
    window: u128,
    /// Extended by the number of wraps; begins at 65536 plus the first, so that late ones stay positive.
    highest: u64,
    /// Extended number of the first one, or of one that came late and belongs before it.
    base: u64,
    /// The number that makes a stray one a restart.
    restart: Option<u16>,
    /// Expected before the last restart.
    expected_before: u64,
    /// Packets that came, each counted once.
    distinct: u64,
    duplicates: u32,
    reordered: u32,
    strays: u32,
    /// Runs of losses that are final: they left the window.
    bursts: u32,
    /// Whether the last packet that left the window was lost.
    in_burst: bool,
}

impl Sequence {
    /// Takes a packet's number.
    pub(super) fn take(&mut self, number: u16) -> Order {
        if self.window == 0 {
            self.begin(u64::from(number) + 0x1_0000, 1);
            return Order::First;
        }
        let ahead = number.wrapping_sub(self.highest as u16);
        if ahead == 1 {
            self.advance_one();
            return Order::Ahead(1);
        }
        let behind = ahead.wrapping_neg();
        if behind < WINDOW {
            return self.take_late(behind);
        }
        if ahead < DROPOUT_MAX {
            let steps = ahead.min(2 * WINDOW);
            for _ in 1..steps {
                self.step(0);
            }
            // After two windows of losses all that leave are losses of the burst that is open by then.
            self.highest += u64::from(ahead - steps);
            self.step(1);
            self.distinct += 1;
            self.restart = None;
            return Order::Ahead(ahead);
        }
        if self.restart == Some(number) {
            self.end();
            // The stray one before this one came as well.
            self.strays = self.strays.saturating_sub(1);
            self.begin(u64::from(number) + 0x1_0000, 2);
            return Order::First;
        }
        self.restart = Some(number.wrapping_add(1));
        self.strays = self.strays.saturating_add(1);
        Order::Stray
    }

    /// Packets that should have come.
    pub(super) fn expected(&self) -> u64 {
        self.expected_before + if self.window == 0 { 0 } else { self.highest - self.base + 1 }
    }

    /// Packets that came, each counted once. Later than [`WINDOW`] is too late.
    pub(super) fn distinct(&self) -> u64 {
        self.distinct
    }

    /// Packets that did not come (yet).
    pub(super) fn lost(&self) -> u64 {
        self.expected() - self.distinct
    }

    /// Packets that came again.
    pub(super) fn duplicates(&self) -> u64 {
        u64::from(self.duplicates)
    }

    /// Packets that came late, but in time.
    pub(super) fn reordered(&self) -> u64 {
        u64::from(self.reordered)
    }

    /// Packets too far from all others, of which no next one came.
    pub(super) fn strays(&self) -> u64 {
        u64::from(self.strays)
    }

    /// Runs of consecutive losses, those that could still be mended included.
    pub(super) fn bursts(&self) -> u64 {
        let mut whole = self.clone();
        whole.end();
        u64::from(whole.bursts)
    }

    /// Highest number received, and its wraps above (RFC 3550 §6.4.1).
    pub(super) fn extended_highest(&self) -> u32 {
        (self.highest.wrapping_sub(0x1_0000)) as u32
    }

    fn begin(&mut self, highest: u64, came: u64) {
        self.window = (1 << came) - 1;
        self.highest = highest;
        self.base = highest - (came - 1);
        self.restart = None;
        self.in_burst = false;
        self.distinct += came;
    }

    /// Ends what is judged as one sequence: all that is missing is lost.
    fn end(&mut self) {
        if self.window != 0 {
            self.expected_before = self.expected();
            for _ in 0..WINDOW {
                self.step(0);
            }
        }
        self.window = 0;
        self.in_burst = false;
    }

    fn advance_one(&mut self) {
        // Most of the time the packet that leaves came.
        if self.window >> (WINDOW - 1) == 1 {
            self.in_burst = false;
            self.window = self.window << 1 | 1;
            self.highest += 1;
        } else {
            self.step(1);
        }
        self.distinct += 1;
        self.restart = None;
    }

    /// Moves the window on by a packet that came (1) or not (0), and judges the one that leaves it.
    fn step(&mut self, came: u128) {
        let leaves = self.highest.saturating_sub(u64::from(WINDOW) - 1);
        if leaves >= self.base {
            let lost = self.window >> (WINDOW - 1) == 0;
            if lost && !self.in_burst {
                self.bursts = self.bursts.saturating_add(1);
            }
            self.in_burst = lost;
        }
        self.window = self.window << 1 | came;
        self.highest += 1;
    }

    fn take_late(&mut self, behind: u16) -> Order {
        let bit = 1_u128 << behind;
        if self.window & bit != 0 {
            self.duplicates = self.duplicates.saturating_add(1);
            return Order::Duplicate;
        }
        let number = self.highest - u64::from(behind);
        self.base = self.base.min(number);
        self.window |= bit;
        self.distinct += 1;
        self.reordered = self.reordered.saturating_add(1);
        Order::Late
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn after(numbers: impl IntoIterator<Item = u16>) -> Sequence {
        let mut sequence = Sequence::default();
        for number in numbers {
            sequence.take(number);
        }
        sequence
    }

    #[test]
    fn an_unbroken_stream_loses_nothing_over_wraps() {
        let sequence = after((0..200_000_u32).map(|n| (n + 65_000) as u16));
        assert_eq!((sequence.expected(), sequence.distinct(), sequence.lost()), (200_000, 200_000, 0));
        assert_eq!((sequence.duplicates(), sequence.reordered(), sequence.bursts()), (0, 0, 0));
        assert_eq!(sequence.extended_highest(), 65_000 + 199_999);
    }

    #[test]
    fn losses_over_a_wrap_come_in_bursts() {
        // 65534, 65535, 0 and 3 are missing.
        let sequence = after([65_532, 65_533, 1, 2, 4, 5]);
        assert_eq!((sequence.expected(), sequence.lost(), sequence.bursts()), (10, 4, 2));
    }

    #[test]
    fn a_late_packet_is_no_loss_and_a_second_one_is_a_duplicate() {
        let mut sequence = after([10, 12, 13]);
        assert_eq!((sequence.lost(), sequence.bursts()), (1, 1));
        assert_eq!(sequence.take(11), Order::Late);
        assert_eq!(sequence.take(11), Order::Duplicate);
        assert_eq!(sequence.take(13), Order::Duplicate);
        assert_eq!((sequence.lost(), sequence.bursts(), sequence.reordered()), (0, 0, 1));
        assert_eq!(sequence.duplicates(), 2);
        // One that belongs before the first.
        assert_eq!(sequence.take(8), Order::Late);
        assert_eq!((sequence.expected(), sequence.lost()), (6, 1));
    }

    #[test]
    fn a_far_jump_is_believed_at_the_second_packet() {
        let mut sequence = after(100..200);
        assert_eq!(sequence.take(40_000), Order::Stray);
        assert_eq!(sequence.take(200), Order::Ahead(1));
        assert_eq!(sequence.take(50_000), Order::Stray);
        assert_eq!(sequence.take(50_001), Order::First);
        assert_eq!(sequence.take(50_003), Order::Ahead(2));
        assert_eq!((sequence.expected(), sequence.distinct(), sequence.lost()), (105, 104, 1));
        assert_eq!(sequence.strays(), 1, "that of 40 000");
    }

    #[test]
    fn a_long_outage_is_one_burst() {
        let mut sequence = after(0..300);
        assert_eq!(sequence.take(300 + 2_000), Order::Ahead(2_001));
        assert_eq!((sequence.lost(), sequence.bursts()), (2_000, 1));
        let sequence = {
            for number in 2_301..3_000 {
                sequence.take(number);
            }
            sequence
        };
        assert_eq!((sequence.expected(), sequence.lost(), sequence.bursts()), (3_000, 2_000, 1));
    }

    proptest! {
        /// Against sets: any loss, duplication and reordering that keeps packets within the window.
        #[test]
        fn agrees_with_a_naive_model(
            start in any::<u16>(),
            fates in prop::collection::vec((0_u8..10, 0_usize..40), 1..2_000),
        ) {
            // (when it arrives, number)
            let mut arrivals = Vec::new();
            for (index, (fate, delay)) in fates.iter().enumerate() {
                let number = u64::from(start) + index as u64;
                match fate {
                    0 => {}
                    1 => arrivals.extend([(index, number), (index + delay, number)]),
                    2 => arrivals.push((index + delay, number)),
                    _ => arrivals.push((index, number)),
                }
            }
            arrivals.sort_by_key(|(when, _)| *when);
            let mut sequence = Sequence::default();
            let (mut seen, mut highest, mut late, mut twice) = (HashSet::new(), 0, 0, 0);
            for (_, number) in &arrivals {
                sequence.take(*number as u16);
                if !seen.insert(*number) {
                    twice += 1;
                } else if *number < highest {
                    late += 1;
                }
                highest = highest.max(*number);
            }
            let Some(lowest) = seen.iter().min().copied() else { return Ok(()) };
            let (mut bursts, mut came_before) = (0, true);
            for number in lowest..=highest {
                let came = seen.contains(&number);
                bursts += u64::from(!came && came_before);
                came_before = came;
            }
            prop_assert_eq!(sequence.expected(), highest - lowest + 1);
            prop_assert_eq!(sequence.distinct(), seen.len() as u64);
            prop_assert_eq!(sequence.lost(), highest - lowest + 1 - seen.len() as u64);
            prop_assert_eq!(sequence.duplicates(), twice);
            prop_assert_eq!(sequence.reordered(), late);
            prop_assert_eq!(sequence.bursts(), bursts);
        }

        #[test]
        fn any_numbers_keep_the_sums(numbers in prop::collection::vec(any::<u16>(), 0..3_000)) {
            let sequence = after(numbers.iter().copied());
            prop_assert!(sequence.distinct() <= sequence.expected());
            prop_assert!(sequence.bursts() <= sequence.lost());
        }
    }
}
