//! Random arrivals.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::Exp1;

/// Arrival times with exponential gaps, in µs. The sum is kept as an integer and a fraction, so it does not lose
/// precision with time.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    rng: SmallRng,
    mean_gap_us: f64,
    at_us: u64,
    fraction_us: f64,
}

impl Arrivals {
    pub(super) fn new(per_second: f64, seed: u64) -> Arrivals {
        let mean_gap_us = if per_second > 0.0 { 1e6 / per_second } else { f64::INFINITY };
        Arrivals { rng: SmallRng::seed_from_u64(seed), mean_gap_us, at_us: 0, fraction_us: 0.0 }
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let gap: f64 = self.rng.sample(Exp1);
        let sum = gap * self.mean_gap_us + self.fraction_us;
        if sum.is_nan() || sum >= 1e18 {
            return None;
        }
        self.fraction_us = sum.fract();
        self.at_us = self.at_us.checked_add(sum as u64)?;
        Some(self.at_us)
    }
}
