//! A rate that changes in a straight line and then stays.

use super::saturate;

/// The calls of a ramp.
pub(super) struct Slope {
    from: i128,
    to: i128,
    over_us: u64,
    /// What makes one call, in units of `at`.
    call: i128,
}

impl Slope {
    const UNITS: f64 = 1e6;
    const RATE_MAX: f64 = 1e7;
    const OVER_MAX: u64 = 1_000_000_000_000;

    pub(super) fn new(from: f64, to: f64, over_us: u64) -> Slope {
        let units = |rate: f64| (rate.min(Self::RATE_MAX) * Self::UNITS).round() as u64;
        let over_us = over_us.clamp(1, Self::OVER_MAX);
        let call = 2 * i128::from(over_us) * 1_000_000 * Self::UNITS as i128;
        Slope { from: units(from).into(), to: units(to).into(), over_us, call }
    }

    /// Twice the area under the rate up to then, times the length of the slope.
    fn area(&self, elapsed_us: u64) -> i128 {
        let over = i128::from(self.over_us);
        let on_slope = i128::from(elapsed_us.min(self.over_us));
        let after = i128::from(elapsed_us) - on_slope;
        let slope = on_slope * (2 * over * self.from + (self.to - self.from) * on_slope);
        slope.saturating_add((2 * over * self.to).saturating_mul(after))
    }

    pub(super) fn due(&self, elapsed_us: u64) -> u64 {
        saturate((self.area(elapsed_us) / self.call).unsigned_abs())
    }

    pub(super) fn time_of(&self, n: u64) -> Option<u64> {
        let needed = i128::from(n).checked_mul(self.call)?;
        let slope_end = self.area(self.over_us);
        if needed > slope_end {
            if self.to == 0 {
                return None;
            }
            let rate = (2 * self.to * i128::from(self.over_us)).unsigned_abs();
            let after = (needed - slope_end).unsigned_abs().div_ceil(rate);
            return u64::try_from(after).ok()?.checked_add(self.over_us);
        }
        Some(self.search(needed))
    }

    /// The first microsecond at which the area is at least `needed`, which the end of the slope is known to reach. The
    /// root of the quadratic in floating point is at most a few microseconds off; the rest is exact.
    fn search(&self, needed: i128) -> u64 {
        let (from, over) = (self.from as f64, self.over_us as f64);
        let bend = (self.to - self.from) as f64;
        let root = ((from * over).powi(2) + bend * needed as f64).max(0.0).sqrt();
        let guess = (needed as f64 / (from * over + root)).clamp(0.0, over) as u64;
        let (mut low, mut high, mut width) = (guess, guess, 1);
        while low > 0 && self.area(low - 1) >= needed {
            low = low.saturating_sub(width);
            width *= 2;
        }
        width = 1;
        while self.area(high) < needed && high < self.over_us {
            high = (high + width).min(self.over_us);
            width *= 2;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.area(middle) >= needed { high = middle } else { low = middle + 1 }
        }
        low
    }
}
