//! Where in the packet interval a call's packets leave: spread evenly, so that no tick has them all.

use crate::time::Time;

/// The interval over which calls are spread, and in which ports are read, ms.
pub(crate) const INTERVAL_MS: u64 = 20;

/// 2^64 divided by the golden ratio: multiples of it fill a circle evenly, however many there are (Knuth, The Art of
/// Computer Programming, vol. 3, §6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A call's place in the interval, in whole milliseconds: timers have no finer steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phase(u8);

impl Phase {
    /// The place of the call with this number.
    pub(crate) fn of(number: u64) -> Phase {
        let turn = number.wrapping_mul(GOLDEN) >> 32;
        Phase(((turn * INTERVAL_MS) >> 32) as u8)
    }

    /// The first moment of this phase that is not before `moment`.
    pub(crate) fn point_from(self, moment: Time) -> Time {
        let ms = moment.as_micros().div_ceil(1000);
        let behind = (ms + INTERVAL_MS - u64::from(self.0)) % INTERVAL_MS;
        Time::from_millis(if behind == 0 { ms } else { ms + INTERVAL_MS - behind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_the_interval_apart() {
        for number in 0..100 {
            let phase = Phase::of(number);
            for us in (0..45_000).step_by(333) {
                let point = phase.point_from(Time::from_micros(us));
                assert_eq!(point.as_millis() % INTERVAL_MS, u64::from(phase.0));
                assert!((0..20_000).contains(&(point.as_micros() - us)));
            }
            let point = phase.point_from(Time::from_millis(100));
            assert_eq!(phase.point_from(point), point);
            assert_eq!(phase.point_from(point + 1), point + 20_000);
        }
    }

    #[test]
    fn calls_are_spread_evenly() {
        for count in [20u64, 60, 1000] {
            let mut places = [0u64; INTERVAL_MS as usize];
            for number in 1..=count {
                places[usize::from(Phase::of(number).0)] += 1;
            }
            let fair = count / INTERVAL_MS;
            assert!(places.iter().all(|n| (fair.saturating_sub(2)..=fair + 2).contains(n)), "{places:?}");
        }
    }
}
