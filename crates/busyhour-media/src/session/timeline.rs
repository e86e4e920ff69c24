//! A call's own RTP stream in one medium: one SSRC whose sequence numbers and timestamps go on from play to play
//! (RFC 3550 §5.1, dynamic-pcap.md). Sounds, patterns, digits and renumbered captures are all sent on it.

use busyhour_wire::rtp::HEADER_LEN;

use crate::time::Time;

/// After so long without a packet the next one follows silence, µs.
const SILENCE_US: u64 = 100_000;
/// How long after the last packet of the stream one may come back, µs.
const ECHO_US: u64 = 1_000_000;
/// The latest packets that are remembered to be known again: over a second of them.
const SENT_MAX: usize = 64;

/// Where the stream stands.
#[derive(Debug)]
pub(crate) struct Timeline {
    ssrc: u32,
    begun: bool,
    /// Highest sequence number sent.
    highest: u16,
    /// Highest timestamp sent.
    highest_stamp: u32,
    /// A moment, and its timestamp.
    origin: Time,
    origin_stamp: u32,
    clock_hz: u32,
    /// When the last packet was due.
    last: Time,
    packets: u32,
    bytes: u32,
    /// Numbers and timestamps of the latest packets, if wanted: each in the place of its number's remainder.
    sent: Option<Box<[(u16, u32); SENT_MAX]>>,
}

impl Timeline {
    /// Makes one on which nothing has been sent.
    pub(crate) fn new(ssrc: u32) -> Timeline {
        Timeline {
            ssrc,
            begun: false,
            highest: 0,
            highest_stamp: 0,
            origin: Time::ZERO,
            origin_stamp: 0,
            clock_hz: 8000,
            last: Time::ZERO,
            packets: 0,
            bytes: 0,
            sent: None,
        }
    }

    /// Remembers from now on what is sent.
    pub(crate) fn remember_sent(&mut self) {
        // The place of number 0 begins with a number that is not its own.
        self.sent.get_or_insert_with(|| Box::new([(1, 0); SENT_MAX]));
    }

    /// True if a packet that arrived at `moment` is one of the latest of this stream, come back: SSRC, sequence number
    /// and timestamp are those of a packet that was sent. Far ends may number alike, but do so at their own times.
    /// Its protection does not matter: SRTP leaves the header readable.
    pub(crate) fn has_sent(&self, moment: Time, packet: &[u8]) -> bool {
        let (Some(sent), Some(header)) = (&self.sent, packet.first_chunk::<HEADER_LEN>()) else {
            return false;
        };
        let [_, _, s0, s1, t0, t1, t2, t3, ssrc @ ..] = *header;
        let (sequence, stamp) = (u16::from_be_bytes([s0, s1]), u32::from_be_bytes([t0, t1, t2, t3]));
        self.begun
            && u32::from_be_bytes(ssrc) == self.ssrc
            && moment.micros_since(self.last) <= ECHO_US
            && sent[usize::from(sequence) % SENT_MAX] == (sequence, stamp)
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// True once a packet has been sent.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    /// Packets sent; wraps.
    pub(crate) fn packets(&self) -> u32 {
        self.packets
    }

    /// Payload bytes sent; wraps.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Sequence number of the next packet: 0 for the first.
    pub(crate) fn next_sequence(&self) -> u16 {
        if self.begun { self.highest.wrapping_add(1) } else { 0 }
    }

    /// When the last packet was due.
    pub(crate) fn last(&self) -> Time {
        self.last
    }

    /// True if a packet at `moment` would follow silence.
    pub(crate) fn is_silent_before(&self, moment: Time) -> bool {
        !self.begun || moment.micros_since(self.last) > SILENCE_US
    }

    /// The timestamp of something that begins at `moment` in this clock: real time has passed since what was sent
    /// before, and it is later than all of that. The stream's first is the time of the run.
    pub(crate) fn stamp_at(&mut self, moment: Time, clock_hz: u32) -> u32 {
        if !self.begun {
            (self.origin, self.origin_stamp, self.clock_hz) = (Time::ZERO, 0, clock_hz);
            return self.stamp_of(moment);
        }
        let mut stamp = self.stamp_of(moment);
        let mut rebase = clock_hz != self.clock_hz;
        if (stamp.wrapping_sub(self.highest_stamp) as i32) <= 0 {
            stamp = self.highest_stamp.wrapping_add(1);
            rebase = true;
        }
        if rebase {
            (self.origin, self.origin_stamp, self.clock_hz) = (moment, stamp, clock_hz);
        }
        stamp
    }

    /// Begins with a timestamp of somebody else's choice. Only for the first packet.
    pub(crate) fn begin_at(&mut self, moment: Time, stamp: u32, clock_hz: u32) {
        (self.origin, self.origin_stamp, self.clock_hz) = (moment, stamp, clock_hz);
    }

    /// The timestamp that belongs to `moment`, for sender reports.
    pub(crate) fn stamp_of(&self, moment: Time) -> u32 {
        self.origin_stamp.wrapping_add(ticks(moment.micros_since(self.origin), self.clock_hz))
    }

    /// Notes a packet that was due at `moment`.
    pub(crate) fn note(&mut self, moment: Time, sequence: u16, stamp: u32, payload_len: usize) {
        if !self.begun || (sequence.wrapping_sub(self.highest) as i16) > 0 {
            self.highest = sequence;
        }
        if !self.begun || (stamp.wrapping_sub(self.highest_stamp) as i32) > 0 {
            self.highest_stamp = stamp;
        }
        if let Some(sent) = &mut self.sent {
            sent[usize::from(sequence) % SENT_MAX] = (sequence, stamp);
        }
        self.begun = true;
        self.last = self.last.max(moment);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(payload_len as u32);
    }
}

/// Ticks of a clock in so many microseconds; wraps.
pub(crate) fn ticks(us: u64, clock_hz: u32) -> u32 {
    (u128::from(us) * u128::from(clock_hz) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use busyhour_wire::rtp::Header;

    use super::*;

    #[test]
    fn goes_on_by_real_time() {
        let mut timeline = Timeline::new(1);
        assert_eq!((timeline.next_sequence(), timeline.stamp_at(Time::from_millis(100), 8000)), (0, 800));
        timeline.note(Time::from_millis(100), 0, 800, 160);
        assert_eq!(timeline.stamp_at(Time::from_millis(1100), 8000), 8800);
        assert_eq!(timeline.next_sequence(), 1);
        assert!(timeline.is_silent_before(Time::from_millis(1100)));
        assert!(!timeline.is_silent_before(Time::from_millis(120)));
    }

    #[test]
    fn another_clock_begins_where_the_old_one_stands() {
        let mut timeline = Timeline::new(1);
        let first = timeline.stamp_at(Time::ZERO, 8000);
        timeline.note(Time::ZERO, 0, first, 160);
        assert_eq!(timeline.stamp_at(Time::from_millis(1000), 48_000), 8000);
        timeline.note(Time::from_millis(1000), 1, 8000, 160);
        assert_eq!(timeline.stamp_at(Time::from_millis(2000), 48_000), 56_000);
    }

    #[test]
    fn never_goes_back_even_across_the_wrap() {
        let mut timeline = Timeline::new(1);
        timeline.begin_at(Time::ZERO, u32::MAX - 100, 8000);
        timeline.note(Time::ZERO, u16::MAX, u32::MAX - 100, 1);
        // A file whose timestamps ran ahead of the time.
        timeline.note(Time::from_millis(20), 0, 5000, 1);
        assert_eq!(timeline.next_sequence(), 1);
        assert_eq!(timeline.stamp_at(Time::from_millis(40), 8000), 5001);
        assert_eq!(timeline.stamp_at(Time::from_millis(1040), 8000), 13_001);
    }

    #[test]
    fn knows_what_it_has_sent_again() {
        let mut timeline = Timeline::new(7);
        let header = |sequence, timestamp, ssrc| {
            Header { marker: false, payload_type: 0, sequence, timestamp, ssrc }.to_bytes()
        };
        timeline.note(Time::ZERO, 65_500, 0, 160);
        assert!(!timeline.has_sent(Time::ZERO, &header(65_500, 0, 7)), "it was not asked to remember");
        timeline.remember_sent();
        assert!(!timeline.has_sent(Time::ZERO, &header(0, 0, 7)));
        let mut now = Time::ZERO;
        for n in 0..100u16 {
            now = Time::from_millis(20 * u64::from(n));
            timeline.note(now, 65_500_u16.wrapping_add(n), 160 * u32::from(n), 160);
        }
        assert!(timeline.has_sent(now, &header(63, 160 * 99, 7)));
        assert!(timeline.has_sent(now, &header(0, 160 * 36, 7)), "63 packets before");
        for other in [header(63, 160 * 99, 8), header(63, 160 * 98, 7), header(64, 160 * 100, 7)] {
            assert!(!timeline.has_sent(now, &other));
        }
        assert!(!timeline.has_sent(now, &header(65_500, 0, 7)), "too long ago");
        assert!(!timeline.has_sent(now + 1_000_001, &header(63, 160 * 99, 7)));
    }

    #[test]
    fn ticks_of_long_runs() {
        assert_eq!(ticks(20_000, 8000), 160);
        let _ = ticks(u64::MAX, u32::MAX);
    }
}
