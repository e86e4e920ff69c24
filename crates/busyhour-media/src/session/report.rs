//! RTCP that we send (RFC 3550 §6): one compound for each medium of a call, every five seconds or so.

use busyhour_wire::rtcp::{self, ReportBlock, SenderInfo};

use crate::SplitMix64;
use crate::hear::Listening;
use crate::session::replay::Verbatim;
use crate::session::timeline::Timeline;
use crate::time::Time;

/// Mean interval between reports, µs (RFC 3550 §6.2).
const INTERVAL_US: u64 = 5_000_000;
/// Mean time before the first, µs: half of it.
const FIRST_US: u64 = INTERVAL_US / 2;

/// Writes the reports of all lines of a media thread.
#[derive(Debug)]
pub(crate) struct Reporter {
    enabled: bool,
    cname: Vec<u8>,
    wall_start_us: u64,
    random: SplitMix64,
    blocks: Vec<ReportBlock>,
}

/// What a line remembers between its reports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reports {
    /// When the next is due; [`Time::MAX`]: never.
    pub(crate) due: Time,
    /// Packets of our stream, and of a capture's, at the last report.
    own: u32,
    verbatim: u32,
}

impl Reports {
    pub(crate) const NONE: Reports = Reports { due: Time::MAX, own: 0, verbatim: 0 };
}

impl Reporter {
    pub(crate) fn new(enabled: bool, cname: &str, wall_start_us: u64, seed: u64) -> Reporter {
        Reporter {
            enabled,
            cname: cname.as_bytes().to_vec(),
            wall_start_us,
            random: SplitMix64(seed),
            blocks: Vec::with_capacity(rtcp::BLOCKS_MAX),
        }
    }

    /// When a line that may begin to report at `now` does so; never with `-no_rtcp`.
    pub(crate) fn first(&mut self, now: Time) -> Time {
        if self.enabled { now + self.vary(FIRST_US) } else { Time::MAX }
    }

    /// Wall clock at `moment` as NTP.
    pub(crate) fn ntp(&self, moment: Time) -> u64 {
        rtcp::ntp(self.wall_start_us.saturating_add(moment.as_micros()))
    }

    /// Appends a compound: a report of each source of ours, what we hear, our name, and BYE at the end.
    #[expect(clippy::too_many_arguments, reason = "the parts of a line that a report is about")]
    pub(crate) fn write(
        &mut self,
        now: Time,
        reports: &mut Reports,
        timeline: &Timeline,
        verbatim: Option<&Verbatim>,
        listening: Option<&mut Listening>,
        bye: bool,
        out: &mut Vec<u8>,
    ) {
        self.blocks.clear();
        if let Some(listening) = listening {
            listening.report_blocks(now, &mut self.blocks);
        }
        let ntp = self.ntp(now);
        let own_sends = timeline.packets() != reports.own;
        let verbatim_sends = verbatim.is_some_and(|verbatim| verbatim.packets != reports.verbatim);
        if own_sends || !verbatim_sends {
            let info = SenderInfo {
                ntp,
                timestamp: timeline.stamp_of(now),
                packets: timeline.packets(),
                bytes: timeline.bytes(),
            };
            rtcp::write_report(out, timeline.ssrc(), own_sends.then_some(&info), &self.blocks);
            self.blocks.clear();
        }
        if let Some(verbatim) = verbatim
            && verbatim_sends
        {
            let info = SenderInfo {
                ntp,
                timestamp: verbatim.stamp_of(now),
                packets: verbatim.packets,
                bytes: verbatim.bytes,
            };
            rtcp::write_report(out, verbatim.ssrc, Some(&info), &self.blocks);
        }
        for ssrc in ours(own_sends || !verbatim_sends, timeline, verbatim) {
            rtcp::write_description(out, ssrc, &self.cname);
        }
        if bye {
            for ssrc in ours(timeline.begun(), timeline, verbatim) {
                rtcp::write_bye(out, ssrc);
            }
        }
        (reports.own, reports.verbatim) =
            (timeline.packets(), verbatim.map_or(0, |verbatim| verbatim.packets));
        reports.due = now + self.vary(INTERVAL_US);
    }

    /// A time between half of `mean` and one and a half of it (RFC 3550 §6.3.1).
    fn vary(&mut self, mean: u64) -> u64 {
        mean / 2 + self.random.draw() % mean
    }
}

/// Our sources: the call's stream if it is wanted, and that of captures.
fn ours<'a>(
    own: bool,
    timeline: &'a Timeline,
    verbatim: Option<&'a Verbatim>,
) -> impl Iterator<Item = u32> + 'a {
    let own = own.then(|| timeline.ssrc());
    own.into_iter().chain(verbatim.map(|verbatim| verbatim.ssrc).filter(move |ssrc| own != Some(*ssrc)))
}

#[cfg(test)]
mod tests {
    use busyhour_wire::rtcp::Packet;

    use super::*;

    fn compound(timeline: &Timeline, reports: &mut Reports, bye: bool) -> Vec<u8> {
        let mut reporter = Reporter::new(true, "busyhour-1@127.0.0.1", 1_700_000_000_000_000, 1);
        let mut out = Vec::new();
        reporter.write(Time::from_millis(1000), reports, timeline, None, None, bye, &mut out);
        out
    }

    #[test]
    fn sender_reports_while_we_send_then_receiver_reports() {
        let mut timeline = Timeline::new(9);
        let stamp = timeline.stamp_at(Time::from_millis(500), 8000);
        timeline.note(Time::from_millis(500), 0, stamp, 160);
        let mut reports = Reports::NONE;
        let out = compound(&timeline, &mut reports, false);
        let mut packets = rtcp::packets(&out);
        let Some(Packet::Report(report)) = packets.next() else { panic!("no report") };
        let info = report.sender.unwrap();
        assert_eq!((report.ssrc, info.packets, info.bytes, info.timestamp), (9, 1, 160, 8000));
        assert_eq!(
            packets.next(),
            Some(Packet::Description { ssrc: 9, cname: Some(b"busyhour-1@127.0.0.1") })
        );
        assert_eq!(packets.next(), None);
        let out = compound(&timeline, &mut reports, true);
        let mut packets = rtcp::packets(&out);
        let Some(Packet::Report(report)) = packets.next() else { panic!("no report") };
        assert_eq!(report.sender, None);
        assert_eq!(packets.last(), Some(Packet::Bye(Some(9))));
    }

    #[test]
    fn intervals_vary_around_five_seconds() {
        let mut reporter = Reporter::new(true, "x", 0, 7);
        let all: Vec<u64> = (0..1000).map(|_| reporter.vary(INTERVAL_US)).collect();
        assert!(all.iter().all(|us| (2_500_000..7_500_000).contains(us)));
        let mean = all.iter().sum::<u64>() / 1000;
        assert!((4_800_000..5_200_000).contains(&mean), "{mean}");
        assert_eq!(Reporter::new(false, "x", 0, 7).first(Time::ZERO), Time::MAX);
    }
}
