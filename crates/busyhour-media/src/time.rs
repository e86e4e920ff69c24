//! Time as the engine sees it: an input, never asked for.

use std::ops::{Add, Sub};

/// A moment, in microseconds since the run started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than everything.
    pub const MAX: Time = Time(u64::MAX);

    /// So many microseconds after the start.
    pub const fn from_micros(us: u64) -> Time {
        Time(us)
    }

    /// So many milliseconds after the start.
    pub const fn from_millis(ms: u64) -> Time {
        Time(ms.saturating_mul(1000))
    }

    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1000
    }

    /// Microseconds from `earlier` to here; 0 if it is not earlier.
    pub const fn micros_since(self, earlier: Time) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Adds microseconds.
impl Add<u64> for Time {
    type Output = Time;

    fn add(self, us: u64) -> Time {
        Time(self.0.saturating_add(us))
    }
}

/// Subtracts microseconds, down to 0.
impl Sub<u64> for Time {
    type Output = Time;

    fn sub(self, us: u64) -> Time {
        Time(self.0.saturating_sub(us))
    }
}
