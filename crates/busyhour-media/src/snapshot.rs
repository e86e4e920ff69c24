//! Media figures of a whole run, as one value per media thread. Values of several threads add up.

use std::cmp::Ordering;

use hdrhistogram::Histogram;

use crate::heard::Heard;

/// Calls kept in [`MediaSnapshot::worst`].
pub const WORST_MAX: usize = 10;

/// Best MOS of a call by telephone: that of R = 93.2 (G.107 annex B).
const MOS_MAX: f64 = 4.41;

/// Counters and histograms since the start of the run.
#[derive(Debug, Clone)]
pub struct MediaSnapshot {
    /// Counters.
    pub counters: MediaCounters,
    /// MOS (listening) of each stream that ended, in hundredths.
    pub mos: Histogram<u64>,
    /// Loss of each stream that ended, in hundredths of a per cent.
    pub loss: Histogram<u64>,
    /// Highest jitter of each stream that ended, µs.
    pub jitter: Histogram<u64>,
    /// From answer to first packet of each stream that ended, µs.
    pub first_packet: Histogram<u64>,
    /// From a packet's moment to its sending, µs.
    pub lateness: Histogram<u64>,
    /// The calls with the lowest MOS, the worst first, at most [`WORST_MAX`]. One-way calls come first.
    pub worst: Vec<WorstCall>,
}

/// A call that sounded bad.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstCall {
    /// Its Call-ID.
    pub call_id: Box<[u8]>,
    /// The figures of its worst stream.
    pub heard: Heard,
}

/// Counters of one media thread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MediaCounters {
    /// Calls that have media now.
    pub calls_open: u64,
    /// Calls that had media and have ended.
    pub calls_ended: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Their bytes, RTP header included.
    pub bytes_sent: u64,
    /// Of these, packets of captures and digits.
    pub replayed_packets: u64,
    /// Bytes of those.
    pub replayed_bytes: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// Their bytes.
    pub bytes_received: u64,
    /// RTP packets sent back by an echo.
    pub echoed: u64,
    /// RTCP packets sent.
    pub rtcp_sent: u64,
    /// RTCP packets received.
    pub rtcp_received: u64,
    /// Packets lost on the way to us, by sequence numbers, of streams that ended.
    pub lost: u64,
    /// Packets expected, of streams that ended.
    pub expected: u64,
    /// Packets received twice, of streams that ended.
    pub duplicates: u64,
    /// Packets that came late, of streams that ended.
    pub reordered: u64,
    /// Packets that were no stream's: alone with their SSRC, or far off the numbers of all others; of streams that ended.
    pub strays: u64,
    /// Streams that ended after we sent and nothing came.
    pub one_way: u64,
    /// Streams that ended after we sent and nothing was known to be theirs, on a port where something came that could be.
    pub uncertain: u64,
    /// Streams that ended having heard something.
    pub heard: u64,
    /// Of these, streams without MOS: their codec has no published values, or none for loss.
    pub unscored: u64,
    /// Streams that ended after we sent and nothing came, which is no fault: they were too short, the peer was not to
    /// send, or they are T.38.
    pub too_short: u64,
    /// Streams of which nothing came for the last five seconds and more, though the peer had not said that it would stop.
    pub fell_silent: u64,
    /// Datagrams on media ports that are no RTP or RTCP.
    pub not_rtp: u64,
    /// Datagrams that could be of any of several calls on one port, or of none.
    pub unattributed: u64,
    /// SRTP and SRTCP packets whose tag was wrong.
    pub auth_failures: u64,
    /// SRTP and SRTCP packets that had been received before.
    pub replays: u64,
    /// Packets whose sending failed, or was refused by the far end (ICMP).
    pub send_failures: u64,
    /// RTCP packets that could not be sent, or were refused by the far end: it has no RTCP.
    pub rtcp_refused: u64,
    /// Packets not sent because a queue or socket was full.
    pub send_dropped: u64,
    /// Packets not sent because the call has SRTP keys and what they hold can't be protected: it is no RTP or RTCP.
    pub unprotected: u64,
    /// Packets of captures whose moment came while the peer had not said where to send them.
    pub unsent: u64,
    /// RTCP packets in captures that were played on the call's own stream, whose numbers they do not fit.
    pub captured_rtcp_skipped: u64,
    /// Datagrams the kernel dropped because we read too slowly.
    pub kernel_drops: u64,
    /// Packets sent over 10 ms late.
    pub late: u64,
    /// Calls whose pattern check failed (exit status 253).
    pub checks_failed: u64,
    /// Calls refused because a table was full.
    pub calls_refused: u64,
    /// Time spent working, µs.
    pub busy_us: u64,
    /// Time since the thread started, µs.
    pub elapsed_us: u64,
    /// Part of its time that the busiest thread worked, in thousandths.
    pub busiest_per_mille: u64,
}

impl MediaSnapshot {
    /// Makes one in which nothing has happened.
    pub fn empty() -> MediaSnapshot {
        let histogram = |high| {
            // Refused only for bounds under 1:2 or more than five digits: all are constants here.
            Histogram::new_with_bounds(1, high, 3).expect("constant bounds are valid")
        };
        MediaSnapshot {
            counters: MediaCounters::default(),
            mos: histogram(500),
            loss: histogram(10_000),
            jitter: histogram(10_000_000),
            first_packet: histogram(3_600_000_000),
            lateness: histogram(3_600_000_000),
            worst: Vec::new(),
        }
    }

    /// Adds another thread's values.
    pub fn add(&mut self, other: &MediaSnapshot) {
        // In full, so that nothing new is forgotten.
        let MediaSnapshot { counters, mos, loss, jitter, first_packet, lateness, worst } = other;
        self.counters.add(counters);
        for (sum, more) in [
            (&mut self.mos, mos),
            (&mut self.loss, loss),
            (&mut self.jitter, jitter),
            (&mut self.first_packet, first_packet),
            (&mut self.lateness, lateness),
        ] {
            // Refused only for histograms of other bounds: all are made by `empty`.
            let _ = sum.add(more);
        }
        for call in worst {
            self.add_worst(&call.heard, || call.call_id.clone());
        }
    }

    /// Enters a call among the worst, if it is one of them.
    pub(crate) fn add_worst(&mut self, heard: &Heard, call_id: impl FnOnce() -> Box<[u8]>) {
        let place = self.worst.partition_point(|other| badness(&other.heard, heard) != Ordering::Greater);
        if place >= WORST_MAX {
            return;
        }
        self.worst.insert(place, WorstCall { call_id: call_id(), heard: heard.clone() });
        self.worst.truncate(WORST_MAX);
    }
}

impl MediaCounters {
    fn add(&mut self, other: &MediaCounters) {
        // In full, so that nothing new is forgotten.
        let MediaCounters {
            calls_open,
            calls_ended,
            packets_sent,
            bytes_sent,
            replayed_packets,
            replayed_bytes,
            packets_received,
            bytes_received,
            echoed,
            rtcp_sent,
            rtcp_received,
            lost,
            expected,
            duplicates,
            reordered,
            strays,
            one_way,
            uncertain,
            heard,
            unscored,
            too_short,
            fell_silent,
            not_rtp,
            unattributed,
            auth_failures,
            replays,
            send_failures,
            rtcp_refused,
            send_dropped,
            unprotected,
            unsent,
            captured_rtcp_skipped,
            kernel_drops,
            late,
            checks_failed,
            calls_refused,
            busy_us,
            elapsed_us,
            busiest_per_mille,
        } = other;
        self.calls_open += calls_open;
        self.calls_ended += calls_ended;
        self.packets_sent += packets_sent;
        self.bytes_sent += bytes_sent;
        self.replayed_packets += replayed_packets;
        self.replayed_bytes += replayed_bytes;
        self.packets_received += packets_received;
        self.bytes_received += bytes_received;
        self.echoed += echoed;
        self.rtcp_sent += rtcp_sent;
        self.rtcp_received += rtcp_received;
        self.lost += lost;
        self.expected += expected;
        self.duplicates += duplicates;
        self.reordered += reordered;
        self.strays += strays;
        self.one_way += one_way;
        self.uncertain += uncertain;
        self.heard += heard;
        self.unscored += unscored;
        self.too_short += too_short;
        self.fell_silent += fell_silent;
        self.not_rtp += not_rtp;
        self.unattributed += unattributed;
        self.auth_failures += auth_failures;
        self.replays += replays;
        self.send_failures += send_failures;
        self.rtcp_refused += rtcp_refused;
        self.send_dropped += send_dropped;
        self.unprotected += unprotected;
        self.unsent += unsent;
        self.captured_rtcp_skipped += captured_rtcp_skipped;
        self.kernel_drops += kernel_drops;
        self.late += late;
        self.checks_failed += checks_failed;
        self.calls_refused += calls_refused;
        self.busy_us += busy_us;
        self.elapsed_us += elapsed_us;
        self.busiest_per_mille = self.busiest_per_mille.max(*busiest_per_mille);
    }
}

/// Orders streams, the worst first: one-way ones, then by MOS, then by loss. Where the codec has no published values, the
/// place is that of a MOS which falls with the loss about as that of G.711 does, so that no lossy stream is hidden.
pub(crate) fn badness(a: &Heard, b: &Heard) -> Ordering {
    let mos = |heard: &Heard| {
        heard.mos.unwrap_or_else(|| 1.0 + (MOS_MAX - 1.0) * (1.0 - heard.loss.clamp(0.0, 1.0)).powi(8))
    };
    b.one_way.cmp(&a.one_way).then_with(|| mos(a).total_cmp(&mos(b))).then_with(|| b.loss.total_cmp(&a.loss))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(one_way: bool, mos: Option<f64>, loss: f64) -> Heard {
        Heard { one_way, mos, loss, ..Heard::default() }
    }

    #[test]
    fn worst_come_first_and_are_few() {
        let mut sum = MediaSnapshot::empty();
        let mut other = MediaSnapshot::empty();
        for n in 0..30 {
            let half = if n % 2 == 0 { &mut sum } else { &mut other };
            half.add_worst(&heard(false, Some(4.4 - 0.1 * f64::from(n)), 0.0), || Box::new([n]));
        }
        sum.add_worst(&heard(false, None, 0.5), || Box::new([100]));
        sum.add_worst(&heard(true, None, 0.0), || Box::new([101]));
        sum.add_worst(&heard(false, Some(1.5), 0.2), || Box::new([102]));
        sum.add(&other);
        let order: Vec<u8> = sum.worst.iter().map(|call| call.call_id[0]).collect();
        // Half of a stream that has no MOS is lost: that is among the worst.
        assert_eq!(order[..5], [101, 100, 102, 29, 28]);
        assert_eq!(order.len(), WORST_MAX);
    }

    #[test]
    fn histograms_and_counters_add_up() {
        let mut sum = MediaSnapshot::empty();
        let mut other = MediaSnapshot::empty();
        sum.mos.record(440).unwrap();
        other.mos.record(120).unwrap();
        other.counters.packets_sent = 7;
        sum.counters.packets_sent = 5;
        sum.add(&other);
        assert_eq!((sum.mos.len(), sum.mos.min(), sum.counters.packets_sent), (2, 120, 12));
    }
}
