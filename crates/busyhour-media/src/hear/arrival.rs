//! When packets arrive: interarrival jitter (RFC 3550 §6.4.1, A.8) and the longest gap.

use crate::time::Time;

/// A pause longer than this is the sender's own if its timestamps grew as much: silence that it does not
/// send.
const SILENCE_US: u64 = 100_000;

/// A step of the transit time beyond this is a jump of the sender's timestamps, not of the network; a tenth
/// of it where the marker says that a talkspurt begins (RFC 3551 §4.1).
const JUMP_US: f32 = 2_000_000.0;

/// Arrivals of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Arrival {
    last: Option<Last>,
    /// The last packet that counts for jitter: not a telephone event, whose timestamps stand still.
    steady: Option<Last>,
    jitter_us: f32,
    jitter_max_us: f32,
    gap_max_us: u64,
    /// Growth of the timestamp between the last two packets in sequence.
    ticks: u32,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Time,
    timestamp: u32,
    clock_hz: u32,
}

/// A packet that was not received before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arriving {
    /// When.
    pub(super) at: Time,
    /// Its timestamp.
    pub(super) timestamp: u32,
    /// Of its payload type, Hz; 0: not known, so it says nothing of jitter.
    pub(super) clock_hz: u32,
    /// The marker bit.
    pub(super) marker: bool,
    /// A telephone event.
    pub(super) event: bool,
    /// It is the one after the last, none between.
    pub(super) next: bool,
}

impl Arrival {
    /// Takes a packet in the order of arrival. Duplicates are not to be told.
    pub(super) fn take(&mut self, packet: Arriving) {
        let now = Last { at: packet.at, timestamp: packet.timestamp, clock_hz: packet.clock_hz };
        if let Some(last) = self.last {
            let gap = now.at.micros_since(last.at);
            if gap > self.gap_max_us {
                let silent = packet.next && gap > SILENCE_US && grown_us(last, now) * 2.0 >= gap as f32;
                if !silent {
                    self.gap_max_us = gap;
                }
            }
        }
        self.last = Some(now);
        if packet.event || packet.clock_hz == 0 {
            return;
        }
        if let Some(steady) = self.steady
            && steady.clock_hz == now.clock_hz
        {
            if packet.next {
                self.ticks = now.timestamp.wrapping_sub(steady.timestamp);
            }
            let apart = now.at.as_micros() as i64 - steady.at.as_micros() as i64;
            let transit = (apart as f32 - grown_us(steady, now)).abs();
            if transit < if packet.marker { JUMP_US / 10.0 } else { JUMP_US } {
                self.jitter_us += (transit - self.jitter_us) / 16.0;
                self.jitter_max_us = self.jitter_max_us.max(self.jitter_us);
            }
        }
        self.steady = Some(now);
    }

    /// The sender has begun anew: what comes next is not compared with what came before.
    pub(super) fn restart(&mut self) {
        self.steady = None;
    }

    /// Interarrival jitter now, µs.
    pub(super) fn jitter_us(&self) -> f64 {
        f64::from(self.jitter_us)
    }

    /// Its highest value so far, µs.
    pub(super) fn jitter_max_us(&self) -> f64 {
        f64::from(self.jitter_max_us)
    }

    /// Jitter in units of the timestamp, for reports.
    pub(super) fn jitter_ticks(&self) -> u32 {
        let clock = self.steady.map_or(0, |last| last.clock_hz);
        (self.jitter_us() * f64::from(clock) / 1e6) as u32
    }

    /// Longest time between two packets, µs. Silence that the sender did not send, and counts in its
    /// timestamps, is none.
    pub(super) fn gap_max_us(&self) -> u64 {
        self.gap_max_us
    }

    /// The last packet's arrival.
    pub(super) fn last(&self) -> Option<Time> {
        self.last.map(|last| last.at)
    }

    /// What the last packet in sequence lasts, µs; 0 if it is not known.
    pub(super) fn packet_us(&self) -> f64 {
        let clock = self.steady.map_or(0, |last| last.clock_hz);
        if clock == 0 { 0.0 } else { f64::from(self.ticks) * 1e6 / f64::from(clock) }
    }
}

/// How far the timestamp has come between two packets, µs; negative if it went back.
fn grown_us(from: Last, to: Last) -> f32 {
    if to.clock_hz == 0 {
        return 0.0;
    }
    to.timestamp.wrapping_sub(from.timestamp) as i32 as f32 * (1e6 / to.clock_hz as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(at_us: u64, timestamp: u32) -> Arriving {
        Arriving {
            at: Time::from_micros(at_us),
            timestamp,
            clock_hz: 8000,
            marker: false,
            event: false,
            next: true,
        }
    }

    #[test]
    fn an_even_stream_has_no_jitter_even_when_timestamps_wrap() {
        let mut arrival = Arrival::default();
        for n in 0..100_u32 {
            arrival.take(packet(u64::from(n) * 20_000, (u32::MAX - 5_000).wrapping_add(n * 160)));
        }
        assert_eq!((arrival.jitter_us(), arrival.gap_max_us()), (0.0, 20_000));
        assert_eq!(arrival.packet_us(), 20_000.0);
    }

    /// Packets alternately 8 ms late: each transit differs by 8 ms from the one before, so J tends to 8 ms.
    #[test]
    fn jitter_by_hand() {
        let mut arrival = Arrival::default();
        let mut expected = 0.0;
        for n in 0..300_u64 {
            arrival.take(packet(n * 20_000 + n % 2 * 8_000, n as u32 * 160));
            if n > 0 {
                expected += (8_000.0 - expected) / 16.0;
            }
            assert!((arrival.jitter_us() - expected).abs() < 1.0);
        }
        assert!((arrival.jitter_us() - 8_000.0).abs() < 5.0);
        assert_eq!(arrival.jitter_ticks(), 63);
        assert_eq!(arrival.gap_max_us(), 28_000);
    }

    #[test]
    fn unsent_silence_is_neither_jitter_nor_gap() {
        let mut arrival = Arrival::default();
        arrival.take(packet(0, 0));
        arrival.take(packet(20_000, 160));
        arrival.take(Arriving { marker: true, ..packet(1_020_000, 8_160) });
        assert_eq!((arrival.jitter_us(), arrival.gap_max_us()), (0.0, 20_000));
        // Lost packets within the same pause are a gap.
        arrival.take(Arriving { next: false, ..packet(2_020_000, 16_160) });
        assert_eq!(arrival.gap_max_us(), 1_000_000);
        // So is one that is simply late.
        arrival.take(packet(3_540_000, 16_320));
        assert_eq!(arrival.gap_max_us(), 1_520_000);
    }

    #[test]
    fn events_and_jumps_of_the_clock_leave_jitter_alone() {
        let mut arrival = Arrival::default();
        arrival.take(packet(0, 0));
        for n in 1..10 {
            arrival.take(Arriving { event: true, ..packet(n * 20_000, 160) });
        }
        arrival.take(packet(200_000, 1_600));
        assert_eq!(arrival.jitter_us(), 0.0);
        arrival.take(packet(220_000, 900_000_000));
        arrival.take(packet(240_000, 900_000_160));
        assert_eq!((arrival.jitter_us(), arrival.gap_max_us()), (0.0, 20_000));
    }
}
