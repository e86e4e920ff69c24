//! The run's clock: the only place where time is asked for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use busyhour_engine::Time;

/// Microseconds since the run started, from the monotonic clock. Copies agree with each other.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    wall_start_us: u64,
}

impl Clock {
    /// Starts the run's time here and now.
    pub fn start() -> Clock {
        Clock { start: Instant::now(), wall_start_us: wall_us() }
    }

    /// The present.
    pub fn now(&self) -> Time {
        Time::from_micros(self.start.elapsed().as_micros() as u64)
    }

    /// Wall clock at the start, in µs since 1970.
    pub fn wall_start_us(&self) -> u64 {
        self.wall_start_us
    }

    /// A converter for the kernel's receive stamps.
    pub fn stamps(&self) -> Stamps {
        Stamps { clock: *self, offset_us: self.wall_start_us, estimated: None }
    }
}

/// Converts the kernel's `CLOCK_REALTIME` stamps to the run's time. The wall clock may be set or slewed during a run,
/// so the offset is estimated anew about once a second.
#[derive(Debug, Clone)]
pub struct Stamps {
    clock: Clock,
    /// Wall clock minus the run's time.
    offset_us: u64,
    estimated: Option<Time>,
}

impl Stamps {
    const ESTIMATE_EVERY: Duration = Duration::from_secs(1);

    /// Estimates the offset if the last estimate is old. Call it once a turn.
    pub fn refresh(&mut self, now: Time) {
        let old = |at| now.micros_since(at) >= Stamps::ESTIMATE_EVERY.as_micros() as u64;
        if self.estimated.is_none_or(old) {
            let before = self.clock.now();
            let wall = wall_us();
            let after = self.clock.now();
            self.offset_us = wall.saturating_sub(before.as_micros().midpoint(after.as_micros()));
            self.estimated = Some(now);
        }
    }

    /// The run's time for a kernel stamp in µs since 1970, never later than `now`. A stamp that is impossible, because the
    /// wall clock jumped, counts as `now`.
    pub fn convert(&self, stamp_us: u64, now: Time) -> Time {
        const OLDEST_US: u64 = 10_000_000;
        let time = Time::from_micros(stamp_us.saturating_sub(self.offset_us)).min(now);
        if now.micros_since(time) > OLDEST_US { now } else { time }
    }
}

fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_of_now_is_now() {
        let clock = Clock::start();
        let mut stamps = clock.stamps();
        std::thread::sleep(Duration::from_millis(2));
        stamps.refresh(clock.now());
        let stamp = wall_us();
        let now = clock.now();
        let time = stamps.convert(stamp, now);
        assert!(time <= now && now.micros_since(time) < 100_000, "{time:?} {now:?}");
    }

    #[test]
    fn an_impossible_stamp_counts_as_now() {
        let stamps = Clock::start().stamps();
        let now = Time::from_millis(60_000);
        assert_eq!(stamps.convert(0, now), now);
        assert_eq!(stamps.convert(u64::MAX, now), now);
    }
}
