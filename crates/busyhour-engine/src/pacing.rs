//! Pacing as a pure value: how many calls are due after so much time.
//!
//! The plan is never edited by what happens. A call that could not start is counted as suppressed or late by whoever
//! asks; a change of rate is a new plan with a new start.
//!
//! All but Poisson arrivals are computed with integers, so that no plan drifts, however many calls it has made: rates
//! are taken to a billionth of a call per period (a ramp's to a millionth of a call per second), and times are rounded
//! up to the next microsecond.

mod constant;
mod poisson;
mod ramp;
mod steps;

use constant::Line;
use poisson::Arrivals;
use ramp::Slope;
use steps::Stairs;

/// When calls start, relative to the plan's own start. A rate that is negative or no number is 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Nothing is ever due.
    Idle,
    /// `calls` evenly spread over each period; the first one period/calls after the start (spec-engine §9.1).
    Constant {
        /// Calls per period, fractions allowed.
        calls: f64,
        /// Length of the period.
        period_us: u64,
    },
    /// The rate rises (or falls) in a straight line, then stays. At most ten million calls per second and 10^12 µs
    /// (11 days); what is more is cut to that.
    Ramp {
        /// Calls per second at the start.
        from: f64,
        /// Calls per second at the end.
        to: f64,
        /// How long it takes.
        over_us: u64,
    },
    /// `-rate_increase`: a constant rate that rises by `increase` each interval, up to `max`.
    Steps {
        /// Calls per period at first.
        calls: f64,
        /// Length of the period.
        period_us: u64,
        /// Added to `calls` after each interval.
        increase: f64,
        /// Length of the interval.
        interval_us: u64,
        /// Highest number of calls per period, if any.
        max: Option<f64>,
    },
    /// Random arrivals with independent, exponentially distributed gaps.
    Poisson {
        /// Mean calls per second.
        per_second: f64,
        /// Where the draws come from.
        seed: u64,
    },
}

impl Plan {
    /// Number of calls due up to and including `elapsed_us` after the plan's start. O(1), but for Poisson arrivals O(n):
    /// a [`Schedule`] follows those.
    pub fn due(&self, elapsed_us: u64) -> u64 {
        match self {
            Plan::Idle => 0,
            Plan::Constant { calls, period_us } => Line::new(*calls, *period_us).due(elapsed_us),
            Plan::Ramp { from, to, over_us } => Slope::new(*from, *to, *over_us).due(elapsed_us),
            Plan::Steps { .. } => Stairs::new(self).map_or(0, |stairs| stairs.due(elapsed_us)),
            Plan::Poisson { per_second, seed } => {
                Arrivals::new(*per_second, *seed).take_while(|us| *us <= elapsed_us).count() as u64
            }
        }
    }

    /// When the `n`-th call, 1-based, is due, in µs after the plan's start: the first microsecond for which
    /// [`Plan::due`] is at least `n`. `None` if it never is. The 0th is due at 0.
    pub fn time_of(&self, n: u64) -> Option<u64> {
        if n == 0 {
            return Some(0);
        }
        match self {
            Plan::Idle => None,
            Plan::Constant { calls, period_us } => Line::new(*calls, *period_us).time_of(n),
            Plan::Ramp { from, to, over_us } => Slope::new(*from, *to, *over_us).time_of(n),
            Plan::Steps { .. } => Stairs::new(self)?.time_of(n, &mut 0),
            Plan::Poisson { per_second, seed } => {
                Arrivals::new(*per_second, *seed).nth(usize::try_from(n - 1).ok()?)
            }
        }
    }

    /// Target in calls per second at `elapsed_us` after the plan's start.
    pub fn rate(&self, elapsed_us: u64) -> f64 {
        self.calls_per_period(elapsed_us) * 1e6 / self.period_us() as f64
    }

    /// Target in calls per [period](Plan::period_us) at `elapsed_us` after the plan's start.
    pub fn calls_per_period(&self, elapsed_us: u64) -> f64 {
        match self {
            Plan::Idle => 0.0,
            Plan::Constant { calls, .. } => calls.max(0.0),
            Plan::Ramp { from, to, over_us } => {
                let (from, to) = (from.max(0.0), to.max(0.0));
                if elapsed_us >= *over_us {
                    to
                } else {
                    from + (to - from) * elapsed_us as f64 / *over_us as f64
                }
            }
            Plan::Steps { .. } => Stairs::new(self)
                .map_or(0.0, |stairs| stairs.rate(elapsed_us / stairs.interval_us) as f64 / CALL as f64),
            Plan::Poisson { per_second, .. } => per_second.max(0.0),
        }
    }

    /// Length of the period in which calls are counted: one second where the plan has none of its own.
    pub fn period_us(&self) -> u64 {
        match self {
            Plan::Constant { period_us, .. } | Plan::Steps { period_us, .. } => (*period_us).max(1),
            Plan::Idle | Plan::Ramp { .. } | Plan::Poisson { .. } => 1_000_000,
        }
    }

    /// When an increase of [`Plan::Steps`] would exceed its `max`, in µs after the plan's start: the rate stays at `max`
    /// from then on, and SIPp quits (spec-engine §9.4). `None` if that never happens.
    pub fn is_exceeded_at(&self) -> Option<u64> {
        let stairs = Stairs::new(self)?;
        (stairs.capped_from < u64::MAX).then(|| stairs.capped_from.checked_mul(stairs.interval_us))?
    }
}

/// Follows a plan call by call. Each step is O(1), and deterministic for Poisson arrivals too.
#[derive(Debug, Clone)]
pub struct Schedule {
    plan: Plan,
    taken: u64,
    next: Option<u64>,
    /// The interval of [`Plan::Steps`] in which the next call is due.
    interval: u64,
    arrivals: Option<Arrivals>,
}

impl Schedule {
    /// Stands before the plan's first call.
    pub fn new(plan: Plan) -> Schedule {
        let arrivals = match &plan {
            Plan::Poisson { per_second, seed } => Some(Arrivals::new(*per_second, *seed)),
            _ => None,
        };
        let mut schedule = Schedule { plan, taken: 0, next: None, interval: 0, arrivals };
        schedule.next = schedule.find();
        schedule
    }

    /// The plan that is followed.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Number of calls taken with [`Schedule::pop`].
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// When the next call is due, in µs after the plan's start. `None` if there is none.
    pub fn peek(&self) -> Option<u64> {
        self.next
    }

    /// Takes the next call and returns when it is due, in µs after the plan's start.
    pub fn pop(&mut self) -> Option<u64> {
        let due = self.next?;
        self.taken += 1;
        self.next = self.find();
        Some(due)
    }

    fn find(&mut self) -> Option<u64> {
        match (&mut self.arrivals, &self.plan) {
            (Some(arrivals), _) => arrivals.next(),
            (None, Plan::Steps { .. }) => {
                Stairs::new(&self.plan)?.time_of(self.taken + 1, &mut self.interval)
            }
            (None, plan) => plan.time_of(self.taken + 1),
        }
    }
}

/// Units of a call in which rates per period are counted.
const CALL: u128 = 1_000_000_000;

/// A rate per period in units of 1/[`CALL`].
fn scaled(calls: f64) -> u64 {
    (calls * CALL as f64).round() as u64
}

fn saturate(calls: u128) -> u64 {
    calls.try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn constant(calls: f64) -> Plan {
        Plan::Constant { calls, period_us: SECOND }
    }

    fn steps(calls: f64, increase: f64, max: Option<f64>) -> Plan {
        Plan::Steps { calls, period_us: SECOND, increase, interval_us: 10 * SECOND, max }
    }

    fn first(plan: &Plan, n: usize) -> Vec<Option<u64>> {
        let mut schedule = Schedule::new(plan.clone());
        (0..n).map(|_| schedule.pop()).collect()
    }

    #[test]
    fn first_call_is_due_one_gap_after_the_start() {
        assert_eq!(first(&constant(10.0), 3), [Some(100_000), Some(200_000), Some(300_000)]);
        assert_eq!(constant(10.0).due(99_999), 0);
    }

    #[test]
    fn decimal_rates_are_exact() {
        assert_eq!(constant(0.3).time_of(3), Some(10 * SECOND));
        assert_eq!(Plan::Constant { calls: 1.0, period_us: 3 * SECOND }.due(9 * SECOND), 3);
    }

    #[test]
    fn does_not_drift_over_a_billion_calls() {
        let plan = constant(19_999.9);
        let n = 1_999_990_000;
        assert_eq!(plan.time_of(n), Some(100_000 * SECOND));
        assert_eq!(plan.due(100_000 * SECOND), n);
        assert_eq!(plan.due(100_000 * SECOND - 1), n - 1);
    }

    #[test]
    fn no_rate_means_no_call() {
        for plan in [Plan::Idle, constant(0.0), constant(-3.0), constant(f64::NAN), steps(0.0, 0.0, None)] {
            assert_eq!((plan.due(u64::MAX), plan.time_of(1)), (0, None), "{plan:?}");
            assert_eq!(Schedule::new(plan).peek(), None);
        }
        let poisson = Plan::Poisson { per_second: 0.0, seed: 1 };
        assert_eq!((poisson.due(u64::MAX), poisson.time_of(1)), (0, None));
    }

    #[test]
    fn absurd_values_do_no_harm() {
        for value in [f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, -1.0] {
            for us in [0, 1, u64::MAX] {
                for plan in [
                    Plan::Constant { calls: value, period_us: us },
                    Plan::Ramp { from: value, to: 1.0, over_us: us },
                    Plan::Ramp { from: 0.0, to: value, over_us: us },
                    Plan::Steps { calls: value, period_us: us, increase: 1.0, interval_us: us, max: None },
                    Plan::Steps {
                        calls: 1.0,
                        period_us: us,
                        increase: value,
                        interval_us: us,
                        max: Some(7.0),
                    },
                    Plan::Steps {
                        calls: 9.0,
                        period_us: us,
                        increase: -value,
                        interval_us: us,
                        max: Some(value),
                    },
                ] {
                    plan.due(u64::MAX);
                    plan.rate(u64::MAX);
                    plan.is_exceeded_at();
                    plan.time_of(u64::MAX);
                    let mut schedule = Schedule::new(plan);
                    for _ in 0..3 {
                        schedule.pop();
                    }
                }
            }
        }
    }

    #[test]
    fn ramp_has_the_area_under_its_rate() {
        let plan = Plan::Ramp { from: 0.0, to: 100.0, over_us: 20 * SECOND };
        assert_eq!(plan.due(20 * SECOND), 1000);
        assert_eq!(plan.due(10 * SECOND), 250);
        assert_eq!(plan.due(30 * SECOND), 2000);
        assert_eq!(plan.time_of(250), Some(10 * SECOND));
        assert_eq!((plan.rate(5 * SECOND), plan.rate(50 * SECOND)), (25.0, 100.0));
        let down = Plan::Ramp { from: 100.0, to: 0.0, over_us: 20 * SECOND };
        assert_eq!((down.time_of(1000), down.time_of(1001)), (Some(20 * SECOND), None));
    }

    #[test]
    fn steps_rise_up_to_the_highest() {
        let plan = steps(10.0, 5.0, Some(20.0));
        assert_eq!(plan.due(10 * SECOND), 100);
        assert_eq!(plan.due(20 * SECOND), 250);
        assert_eq!(plan.due(40 * SECOND), 650);
        assert_eq!([0, 10, 29, 35].map(|s| plan.rate(s * SECOND)), [10.0, 15.0, 20.0, 20.0]);
        // 20 is not above the highest; 25, after 30 s, would be.
        assert_eq!(plan.is_exceeded_at(), Some(30 * SECOND));
        assert_eq!(steps(30.0, 5.0, Some(20.0)).is_exceeded_at(), Some(10 * SECOND));
        assert_eq!(steps(30.0, 5.0, None).is_exceeded_at(), None);
        assert_eq!(steps(30.0, 0.0, Some(20.0)).is_exceeded_at(), None);
        assert_eq!(constant(30.0).is_exceeded_at(), None);
    }

    #[test]
    fn falling_steps_end_at_none() {
        let plan = steps(10.0, -5.0, None);
        assert_eq!(
            (plan.due(u64::MAX), plan.time_of(150), plan.time_of(151)),
            (150, Some(20 * SECOND), None)
        );
    }

    #[test]
    fn rate_counts_seconds() {
        let plan = Plan::Constant { calls: 10.0, period_us: 500_000 };
        assert_eq!((plan.rate(0), plan.calls_per_period(0)), (20.0, 10.0));
    }

    #[test]
    fn poisson_has_its_mean_and_variance() {
        let plan = Plan::Poisson { per_second: 1000.0, seed: 7 };
        let mut schedule = Schedule::new(plan.clone());
        let times: Vec<u64> =
            std::iter::repeat_with(|| schedule.pop()).take(100_000).map_while(|us| us).collect();
        assert!(times.is_sorted());
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 1000.0).abs() < 15.0, "{mean}");
        assert!((variance.sqrt() - 1000.0).abs() < 20.0, "{variance}");
        assert_eq!(plan.time_of(1000), Some(times[999]));
        assert!(plan.due(times[999]) >= 1000 && plan.due(times[999] - 1) < 1000);
    }

    fn plans() -> impl Strategy<Value = Plan> {
        let rate =
            || prop_oneof![Just(0.0), 0.001..1.0f64, 0.0..100_000.0f64, (0..1000u32).prop_map(f64::from)];
        let us = || prop_oneof![1..1000u64, 1_000..100_000_000u64, 1..100_000_000_000u64];
        prop_oneof![
            (rate(), us()).prop_map(|(calls, period_us)| Plan::Constant { calls, period_us }),
            (rate(), rate(), us()).prop_map(|(from, to, over_us)| Plan::Ramp { from, to, over_us }),
            (rate(), us(), -100.0..1000.0f64, us(), proptest::option::of(rate())).prop_map(
                |(calls, period_us, increase, interval_us, max)| Plan::Steps {
                    calls,
                    period_us,
                    increase,
                    interval_us,
                    max
                }
            ),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn due_and_time_of_agree(plan in plans(), n in prop_oneof![1..100u64, 1..1_000_000_000_000u64]) {
            if let Some(us) = plan.time_of(n) {
                prop_assert!(plan.due(us) >= n);
                prop_assert!(us == 0 || plan.due(us - 1) < n);
            } else {
                prop_assert!(plan.due(u64::MAX / 1000) < n);
            }
        }

        #[test]
        fn schedule_agrees_with_time_of(plan in plans()) {
            let mut schedule = Schedule::new(plan.clone());
            for n in 1..200 {
                prop_assert_eq!(schedule.peek(), plan.time_of(n));
                schedule.pop();
            }
        }
    }
}
