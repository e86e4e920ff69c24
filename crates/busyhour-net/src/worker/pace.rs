//! How long a turn lasts: under load, long enough for messages to gather and leave, and be received, in batches.

use busyhour_engine::Time;

/// Shortest turn, µs: what a message waits for others when there is little to do.
const TURN_US_MIN: u64 = 100;
/// Longest turn, µs.
const TURN_US_MAX: u64 = 1000;
/// Messages, received and sent, that a turn is to gather. More make it no cheaper.
const MESSAGES_PER_TURN: f64 = 48.0;
/// From this many messages a second on, a turn may be as long as it wants; below, it is shorter in proportion: where
/// there is CPU time to spare, latency counts.
const BUSY_PER_SECOND: f64 = 15_000.0;

/// Measures the load and sets the length of turns by it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    messages: u64,
    since: Time,
    per_second: f64,
}

impl Pace {
    /// Notes the messages of a turn that ended now.
    pub(crate) fn note(&mut self, now: Time, messages: u64) {
        self.messages += messages;
        let elapsed_us = now.micros_since(self.since);
        if elapsed_us < TURN_US_MIN {
            return;
        }
        let present = self.messages as f64 * 1e6 / elapsed_us as f64;
        self.per_second += (present - self.per_second) / 4.0;
        (self.messages, self.since) = (0, now);
    }

    /// How long a turn lasts at this load, µs.
    pub(crate) fn turn_us(&self) -> u64 {
        let gathers = MESSAGES_PER_TURN * 1e6 / self.per_second.max(1.0);
        let longest = TURN_US_MAX as f64 * (self.per_second / BUSY_PER_SECOND);
        (gathers.min(longest).round() as u64).clamp(TURN_US_MIN, TURN_US_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn_us_at(per_second: u64) -> u64 {
        let mut pace = Pace::default();
        for ms in 1..100 {
            pace.note(Time::from_millis(ms), per_second / 1000);
        }
        pace.turn_us()
    }

    #[test]
    fn turns_are_short_when_idle_long_when_busy_and_short_again_when_batches_are_full() {
        assert_eq!(turn_us_at(1000), 100);
        assert!((990..=1000).contains(&turn_us_at(15_000)));
        assert!((750..850).contains(&turn_us_at(60_000)));
        assert!((350..450).contains(&turn_us_at(120_000)));
        assert_eq!(turn_us_at(1_000_000), 100);
    }
}
