//! A rate that changes from interval to interval.

use super::{CALL, Plan, saturate, scaled};

/// The calls of [`Plan::Steps`].
pub(super) struct Stairs {
    calls: i128,
    increase: i128,
    pub(super) interval_us: u64,
    /// The first interval at which the rate would be above `max`; `u64::MAX` if there is none.
    pub(super) capped_from: u64,
    /// The first interval before `capped_from` at which the rate would be below 0; else `u64::MAX`.
    zero_from: u64,
    max: i128,
    /// What makes one call: the sum of the rate over microseconds.
    call: i128,
}

impl Stairs {
    pub(super) fn new(plan: &Plan) -> Option<Stairs> {
        let Plan::Steps { calls, period_us, increase, interval_us, max } = plan else { return None };
        let calls = i128::from(scaled(*calls));
        let increase =
            if *increase < 0.0 { -i128::from(scaled(-increase)) } else { scaled(*increase).into() };
        let cap = max.map(|max| i128::from(scaled(max)));
        let capped_from = match cap {
            Some(max) if calls + increase > max && increase != 0 => 1,
            Some(max) if increase > 0 => saturate(((max - calls) / increase + 1).unsigned_abs()),
            _ => u64::MAX,
        };
        let falls = increase < 0 && capped_from == u64::MAX;
        let zero_from = if falls { saturate((calls / -increase + 1).unsigned_abs()) } else { u64::MAX };
        Some(Stairs {
            calls,
            increase,
            interval_us: (*interval_us).max(1),
            capped_from,
            zero_from,
            max: cap.unwrap_or(0),
            call: i128::from((*period_us).max(1)) * CALL as i128,
        })
    }

    /// Rate in an interval.
    pub(super) fn rate(&self, interval: u64) -> i128 {
        if interval >= self.capped_from {
            self.max
        } else if interval >= self.zero_from {
            0
        } else {
            self.increase.saturating_mul(interval.into()).saturating_add(self.calls)
        }
    }

    /// Sum of the rate over the microseconds before an interval.
    fn area_before(&self, interval: u64) -> i128 {
        let rising = i128::from(interval.min(self.capped_from).min(self.zero_from));
        let capped = i128::from(interval.saturating_sub(self.capped_from));
        let increases = rising.saturating_mul((rising - 1).max(0)) / 2;
        rising
            .saturating_mul(self.calls)
            .saturating_add(self.increase.saturating_mul(increases))
            .saturating_add(capped.saturating_mul(self.max))
            .saturating_mul(self.interval_us.into())
    }

    pub(super) fn due(&self, elapsed_us: u64) -> u64 {
        let interval = elapsed_us / self.interval_us;
        let within = i128::from(elapsed_us % self.interval_us);
        let area = self.area_before(interval).saturating_add(self.rate(interval).saturating_mul(within));
        saturate((area / self.call).unsigned_abs())
    }

    /// `hint` is an interval that begins no later than the call is due; it is moved to the one in which it is.
    pub(super) fn time_of(&self, n: u64, hint: &mut u64) -> Option<u64> {
        let needed = i128::from(n).checked_mul(self.call)?;
        let last = u64::MAX / self.interval_us;
        let reached = |interval: u64| self.area_before(interval.saturating_add(1)) >= needed;
        let (mut low, mut high, mut width) = (*hint, *hint, 1);
        while !reached(high) {
            if high >= last {
                return None;
            }
            low = high + 1;
            high = high.saturating_add(width).min(last);
            width = width.saturating_mul(2);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if reached(middle) { high = middle } else { low = middle + 1 }
        }
        *hint = low;
        let missing = (needed - self.area_before(low)).max(0).unsigned_abs();
        let within = match self.rate(low).unsigned_abs() {
            0 => 0,
            rate => missing.div_ceil(rate),
        };
        u64::try_from(within).ok()?.checked_add(low.checked_mul(self.interval_us)?)
    }
}
