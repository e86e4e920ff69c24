//! What a line sends: captures, streams and reports, each when it is due.

use busyhour_wire::rtp::Header;
use busyhour_wire::sdp::Medium;

use crate::session::Line;
use crate::session::outbox::{Form, Outbox, Way};
use crate::session::replay::{Replay, Verbatim, destination, form_of};
use crate::time::Time;

/// Packets of one stream that leave in one go when it is late; the others follow from the next millisecond on. None is
/// skipped.
const BURST_MAX: usize = 5;
/// A port whose reading is so near is read when the line is at it anyway, µs.
const READ_AHEAD_US: u64 = 10_000;
/// The same for reports, µs.
const REPORT_AHEAD_US: u64 = 20_000;

impl Line {
    /// Does what is due; true if a stream has ended.
    pub(crate) fn run(&mut self, now: Time, out: &mut Outbox) -> bool {
        if let Some(port) = self.port
            && self.read_due <= now + READ_AHEAD_US
        {
            out.reads.push_back(port.id);
            self.read_due = self.phase.point_from(self.read_due.max(now) + 1);
        }
        self.run_replay(now, out);
        let ended = self.run_stream(now, out);
        if self.report_due() <= now + REPORT_AHEAD_US {
            self.report(now, false, out);
        }
        self.tell_sent();
        ended
    }

    fn run_stream(&mut self, now: Time, out: &mut Outbox) -> bool {
        if self.rests() {
            return false;
        }
        let (Some(stream), Some(port), Some(peer)) = (&mut self.stream, self.port, &self.peer) else {
            return false;
        };
        let way = Way { port: port.id, from_rtcp: false, to: peer.rtp };
        for _ in 0..BURST_MAX {
            let due = stream.due;
            if due > now {
                break;
            }
            let start = out.begin();
            let more = stream.write(now, &mut self.timeline, out.bytes());
            let protector = self.keys.as_mut().and_then(|keys| keys.protector());
            self.unsaid += u32::from(out.finish(start, Form::Rtp, way, protector));
            out.note_lateness(due, now);
            if !more {
                self.stream = None;
                return true;
            }
        }
        false
    }

    /// Sends all packets of the capture that are due.
    pub(crate) fn catch_up(&mut self, now: Time, out: &mut Outbox) {
        while self.replay.as_ref().and_then(Replay::due).is_some_and(|due| due <= now) {
            self.run_replay(now, out);
        }
    }

    fn run_replay(&mut self, now: Time, out: &mut Outbox) {
        for _ in 0..BURST_MAX {
            let Some(due) = self.replay.as_ref().map(Replay::due) else { return };
            match due {
                None => self.replay = None,
                Some(due) if due > now => return,
                Some(due) => self.send_captured(now, due, out),
            }
        }
    }

    /// Sends the next packet of the capture. While nobody is there to send to, the capture plays on unheard, as it does
    /// in SIPp.
    fn send_captured(&mut self, now: Time, due: Time, out: &mut Outbox) {
        let Some(replay) = &mut self.replay else { return };
        let position = replay.advance();
        let Some(packet) = replay.capture.packets.get(position) else { return };
        let (Some(port), Some(peer), false) = (self.port, &self.peer, self.muted) else {
            out.figures.counters.unsent += 1;
            return;
        };
        let Some((to, from_rtcp)) = destination(peer.rtp, peer.rtcp, packet.port_offset) else {
            out.figures.counters.unsent += 1;
            return;
        };
        let payload = replay.capture.payload(packet);
        let form = form_of(payload);
        if replay.renumbering.is_some() && form == Form::Rtcp {
            // It tells of sequence numbers and times that are not sent.
            out.figures.counters.captured_rtcp_skipped += 1;
            return;
        }
        let start = out.begin();
        out.bytes().extend_from_slice(payload);
        if form == Form::Rtp
            && let Some((header, content)) = Header::parse(payload)
        {
            let clock = clock_of(header.payload_type, &peer.clocks, self.medium);
            match &mut replay.renumbering {
                // Other ports are other sessions: they stay as they are.
                Some(renumbering) if packet.port_offset == 0 => {
                    let written = &mut out.bytes()[start..];
                    renumbering.apply(written, &header, content.len(), due, clock, &mut self.timeline);
                }
                _ => note_verbatim(&mut self.verbatim, &header, content.len(), due, clock),
            }
        }
        let protector = self.keys.as_mut().and_then(|keys| keys.protector());
        if out.finish(start, form, Way { port: port.id, from_rtcp, to }, protector) {
            if form != Form::Rtcp {
                self.unsaid += 1;
            }
            out.figures.counters.replayed_packets += 1;
            out.figures.counters.replayed_bytes += u64::from(packet.len);
        }
        out.note_lateness(due, now);
    }

    pub(super) fn report(&mut self, now: Time, bye: bool, out: &mut Outbox) {
        let (Some(port), Some(peer), false) = (self.port, &self.peer, self.muted) else { return };
        let way = Way { port: port.id, from_rtcp: peer.rtcp != peer.rtp, to: peer.rtcp };
        let start = out.begin();
        {
            let mut listening = self.ear.lock(self.medium);
            let (reporter, bytes) = out.reporting();
            reporter.write(
                now,
                &mut self.reports,
                &self.timeline,
                self.verbatim.as_ref(),
                listening.as_deref_mut(),
                bye,
                bytes,
            );
        }
        let protector = self.keys.as_mut().and_then(|keys| keys.protector());
        out.finish(start, Form::Rtcp, way, protector);
    }

    /// Tells the listening how much we have sent: silence in return is one-way audio.
    pub(super) fn tell_sent(&mut self) {
        if self.unsaid == 0 {
            return;
        }
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            listening.sent(u64::from(self.unsaid));
            self.unsaid = 0;
        }
    }
}

fn note_verbatim(
    verbatim: &mut Option<Verbatim>,
    header: &Header,
    payload_len: usize,
    due: Time,
    clock_hz: u32,
) {
    // Of several sources at a time, reports speak of the first.
    let fresh = match verbatim {
        Some(known) => known.ssrc != header.ssrc && known.is_silent_at(due),
        None => true,
    };
    if fresh {
        *verbatim = Some(Verbatim::new(header, due, clock_hz));
    }
    if let Some(known) = verbatim.as_mut().filter(|known| known.ssrc == header.ssrc) {
        known.note(header, payload_len, due);
    }
}

/// Clock of a payload type: as the SDP says, else as RFC 3551 §6 does, else what is usual for the medium.
fn clock_of(payload_type: u8, clocks: &[(u8, u32)], medium: Medium) -> u32 {
    if let Some((_, clock)) = clocks.iter().find(|(known, clock)| *known == payload_type && *clock > 0) {
        return *clock;
    }
    match (payload_type, medium) {
        (6, _) => 16_000,
        (10 | 11, _) => 44_100,
        (16, _) => 11_025,
        (17, _) => 22_050,
        (14 | 25..=34, _) => 90_000,
        (96.., Medium::Video) => 90_000,
        (96.., Medium::Text) => 1000,
        _ => 8000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        assert_eq!(clock_of(0, &[], Medium::Audio), 8000);
        assert_eq!(clock_of(9, &[], Medium::Audio), 8000);
        assert_eq!(clock_of(34, &[], Medium::Video), 90_000);
        assert_eq!(clock_of(96, &[], Medium::Video), 90_000);
        assert_eq!(clock_of(96, &[], Medium::Audio), 8000);
        assert_eq!(clock_of(96, &[(96, 48_000)], Medium::Audio), 48_000);
        assert_eq!(clock_of(96, &[(96, 0)], Medium::Audio), 8000);
    }
}
