//! What the far end reports of our packets (RTCP, RFC 3550 §6.4).

use busyhour_wire::rtcp::{ReportBlock, ntp_middle};

/// Sources of ours that are told apart: the replay and the stream of a medium.
const OURS_MAX: usize = 2;

/// A round trip beyond this, in 1/65536 s, is a report that makes no sense (other clocks, a wrap): 60 s.
const ROUND_TRIP_MAX: u32 = 60 << 16;

/// The reports about us.
#[derive(Debug, Clone, Default)]
pub(super) struct Far {
    /// The latest of each of our sources.
    latest: [Option<ReportBlock>; OURS_MAX],
    /// What we had sent when the latest came.
    sent: u64,
    /// In 1/65536 s, by the latest report that told it.
    round_trip: Option<u32>,
}

impl Far {
    /// Takes a block about us, which came at the wall clock `ntp` when we had sent so many packets.
    pub(super) fn take(&mut self, block: ReportBlock, ntp: u64, sent: u64) {
        let known = self.latest.iter().position(|old| old.is_some_and(|old| old.ssrc == block.ssrc));
        let free = self.latest.iter().position(Option::is_none);
        self.latest[known.or(free).unwrap_or(0)] = Some(block);
        self.sent = sent;
        if block.last_sr != 0 {
            // RFC 3550 §6.4.1: A − LSR − DLSR.
            let round_trip = ntp_middle(ntp).wrapping_sub(block.last_sr).wrapping_sub(block.delay);
            if round_trip <= ROUND_TRIP_MAX {
                self.round_trip = Some(round_trip);
            } else if round_trip.wrapping_neg() <= 1 << 6 {
                // Less than nothing by less than a millisecond: rounding of a quick answer.
                self.round_trip = Some(0);
            }
        }
    }

    /// Round-trip time by the latest report that told it, ms.
    pub(super) fn rtt_ms(&self) -> Option<f64> {
        self.round_trip.map(|units| f64::from(units) * 1_000.0 / 65_536.0)
    }

    /// Part of our packets that they have lost, 0 to 1, of all that we had sent when they last told.
    pub(super) fn loss(&self) -> Option<f64> {
        self.latest[0]?;
        let lost: i64 = self.latest.iter().flatten().map(|block| i64::from(block.lost)).sum();
        Some(if self.sent == 0 { 0.0 } else { (lost as f64 / self.sent as f64).clamp(0.0, 1.0) })
    }

    /// Their jitter of our packets, ms: the highest of our sources. `clock_hz` is that of our packets.
    pub(super) fn jitter_ms(&self, clock_hz: u32) -> Option<f64> {
        let ticks = self.latest.iter().flatten().map(|block| block.jitter).max()?;
        Some(f64::from(ticks) * 1_000.0 / f64::from(clock_hz.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use busyhour_wire::rtcp::ntp;

    use super::*;

    /// RFC 3550 figure 2: A = 0xb710:8000, LSR = 0xb705:2000, DLSR = 0x0005:4000; RTT 6.125 s.
    #[test]
    fn round_trip_of_the_rfc() {
        let mut far = Far::default();
        let block = ReportBlock { last_sr: 0xb705_2000, delay: 0x0005_4000, ..ReportBlock::default() };
        far.take(block, 0xb44d_b710_8000_0000, 0);
        assert_eq!(far.rtt_ms(), Some(6_125.0));
    }

    #[test]
    fn losses_and_jitter_of_both_sources() {
        let mut far = Far::default();
        assert_eq!((far.loss(), far.jitter_ms(8_000), far.rtt_ms()), (None, None, None));
        far.take(ReportBlock { ssrc: 1, lost: 3, jitter: 80, ..ReportBlock::default() }, ntp(0), 50);
        far.take(ReportBlock { ssrc: 2, lost: -1, jitter: 16, ..ReportBlock::default() }, ntp(0), 100);
        far.take(ReportBlock { ssrc: 1, lost: 6, jitter: 40, ..ReportBlock::default() }, ntp(0), 100);
        assert_eq!(far.loss(), Some(0.05));
        assert_eq!(far.jitter_ms(8_000), Some(5.0));
        assert_eq!(far.rtt_ms(), None, "no sender report of ours was heard");
    }

    #[test]
    fn nonsense_is_no_round_trip() {
        let mut far = Far::default();
        far.take(ReportBlock { last_sr: 1, delay: 0, ..ReportBlock::default() }, 0xffff_0000_u64 << 16, 1);
        assert_eq!(far.rtt_ms(), None);
    }
}
