//! A constant rate.

use super::{CALL, saturate, scaled};

/// The calls of a constant rate.
pub(super) struct Line {
    rate: u128,
    /// What makes one call: the sum of `rate` over the microseconds of `period/calls`.
    call: u128,
}

impl Line {
    pub(super) fn new(calls: f64, period_us: u64) -> Line {
        Line { rate: scaled(calls).into(), call: u128::from(period_us.max(1)) * CALL }
    }

    pub(super) fn due(&self, elapsed_us: u64) -> u64 {
        saturate(u128::from(elapsed_us) * self.rate / self.call)
    }

    pub(super) fn time_of(&self, n: u64) -> Option<u64> {
        if self.rate == 0 {
            return None;
        }
        u64::try_from(u128::from(n).checked_mul(self.call)?.div_ceil(self.rate)).ok()
    }
}
