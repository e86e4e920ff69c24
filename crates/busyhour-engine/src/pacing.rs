//! Pacing as a pure value: how many calls are due after so much time.
//!
//! The plan is never edited by what happens. A call that could not start is counted as suppressed or late by whoever
//! asks; a change of rate is a new plan with a new start.

/// When calls start, relative to the plan's own start.
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
    /// The rate rises (or falls) in a straight line, then stays.
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
