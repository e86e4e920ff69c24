//! What SIPp 3.8.0 writes, in its own form.

pub mod error_summary;
pub mod repartition_screen;
pub mod scenario_screen;
pub mod screens;
pub mod stat_file;
pub mod statistics_screen;

use busyhour_engine::Snapshot;
use busyhour_engine::snapshot::{CallCounters, DurationStatistics, ProgramStatistics};
use busyhour_scenario::program::Program;

use crate::clock::Clock;

/// What all of SIPp's outputs need to know of a run beside its snapshots.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The scenario shown: the main one.
    pub program: &'a Program,
    /// Its position in [`Snapshot::programs`].
    pub position: usize,
    /// Form of times.
    pub clock: Clock,
    /// Wall clock at the start of the run, µs since 1970.
    pub start_us: u64,
    /// How calls are started.
    pub load: Load,
}

/// What [`Snapshot::target_rate`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Calls per second; shown per period of so many ms (`-rp`).
    Rate {
        /// `-rp`, ms.
        period_ms: u64,
    },
    /// Users (`-users`).
    Users,
}

impl Context<'_> {
    fn wall_us(&self, snapshot: &Snapshot) -> u64 {
        self.start_us.saturating_add(snapshot.at.as_micros())
    }

    /// `-r` as it is now: calls per period.
    fn calls_per_period(&self, snapshot: &Snapshot) -> f64 {
        match self.load {
            Load::Rate { period_ms } => snapshot.target_rate * period_ms as f64 / 1000.0,
            Load::Users => snapshot.target_rate,
        }
    }

    /// Calls of the scenario shown. Those of the run's other scenarios are not in SIPp's screens and files.
    fn calls(&self, snapshot: &Snapshot) -> CallCounters {
        self.statistics(snapshot).map(|statistics| statistics.calls.clone()).unwrap_or_default()
    }

    fn statistics<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s ProgramStatistics> {
        snapshot.programs.get(self.position)
    }
}

/// Count, sum and sum of squares of a duration, in ms.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: u64,
    sum_ms: u64,
    sum_squares_ms: f64,
}

impl Moments {
    fn of(duration: Option<&DurationStatistics>) -> Moments {
        duration.map_or_else(Moments::default, |duration| Moments {
            count: duration.count,
            sum_ms: duration.sum_ms,
            sum_squares_ms: duration.sum_squares_ms,
        })
    }

    fn since(self, before: Moments) -> Moments {
        Moments {
            count: self.count.saturating_sub(before.count),
            sum_ms: self.sum_ms.saturating_sub(before.sum_ms),
            sum_squares_ms: (self.sum_squares_ms - before.sum_squares_ms).max(0.0),
        }
    }

    /// Mean in whole ms, cut; 0 without samples.
    fn mean_ms(self) -> u64 {
        self.sum_ms.checked_div(self.count).unwrap_or(0)
    }

    /// Standard deviation of a sample (n − 1) in whole ms, cut; 0 with fewer than two samples.
    fn deviation_ms(self) -> u64 {
        if self.count < 2 {
            return 0;
        }
        let (count, sum) = (self.count as f64, self.sum_ms as f64);
        let variance = (self.sum_squares_ms - sum * sum / count) / (count - 1.0);
        variance.max(0.0).sqrt() as u64
    }
}

/// Calls per second as SIPp computes them: created · 1000 / whole ms, 0 if no time passed.
fn call_rate(created: u64, ms: u64) -> f64 {
    if ms == 0 { 0.0 } else { created as f64 * 1000.0 / ms as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(samples: &[u64]) -> Moments {
        Moments {
            count: samples.len() as u64,
            sum_ms: samples.iter().sum(),
            sum_squares_ms: samples.iter().map(|ms| (ms * ms) as f64).sum(),
        }
    }

    #[test]
    fn mean_and_deviation_are_cut_to_whole_ms() {
        assert_eq!((moments(&[1, 2]).mean_ms(), moments(&[1, 2]).deviation_ms()), (1, 0));
        assert_eq!((moments(&[10, 20, 30]).mean_ms(), moments(&[10, 20, 30]).deviation_ms()), (20, 10));
        assert_eq!((moments(&[130]).mean_ms(), moments(&[130]).deviation_ms()), (130, 0));
        assert_eq!((moments(&[]).mean_ms(), moments(&[]).deviation_ms()), (0, 0));
        assert_eq!(moments(&[7; 1000]).deviation_ms(), 0, "rounding never makes a negative variance");
    }
}
