//! A line: one medium of one call, with its port, its peer, its keys, and what it sends.
//!
//! Two things can play on it at a time: a capture (or digits), and a stream (sound or pattern). Its moments are those of
//! the next packet, the next report, and the next visit of its port, which comes every 20 ms.

use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_wire::sdp::Medium;

use crate::command::Remote;
use crate::ear::Ear;
use crate::hear::Listening;
use crate::ports::PortRef;
use crate::session::keys::Keys;
use crate::session::outbox::Outbox;
use crate::session::phase::Phase;
use crate::session::replay::{Replay, Verbatim};
use crate::session::report::Reports;
use crate::session::stream::Stream;
use crate::session::timeline::Timeline;
use crate::srtp::Policy;
use crate::time::Time;

/// The state of one medium of a call. Its order is that of use, as a packet finds all of it cold: what a received packet
/// needs stands first, then what a sent one needs, then what either does at times.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Line {
    pub(super) ear: Arc<Ear>,
    pub(super) keys: Option<Box<Keys>>,
    /// Position of its call.
    pub(crate) call: u32,
    pub(crate) medium: Medium,
    pub(super) echo: bool,
    /// The keys agreed on can't be used: rather nothing is sent than anything in the clear.
    pub(super) muted: bool,
    pub(super) phase: Phase,
    pub(super) read_due: Time,
    pub(super) peer: Option<Peer>,
    pub(super) stream: Option<Stream>,
    pub(super) timeline: Timeline,
    pub(crate) port: Option<PortRef>,
    /// Packets sent that the listening has not been told of.
    pub(super) unsaid: u32,
    pub(super) replay: Option<Replay>,
    pub(super) reports: Reports,
    /// When the call is judged, if it has ended.
    closing: Option<Time>,
    pub(super) verbatim: Option<Verbatim>,
    /// The driver reads the port by itself.
    watched: bool,
    /// An SDP has said where to send, even if it was taken back.
    had_peer: bool,
}

/// The far end of a medium.
#[derive(Debug, Clone)]
#[repr(C)]
pub(crate) struct Peer {
    pub(crate) rtp: SocketAddr,
    pub(crate) rtcp: SocketAddr,
    /// Payload types and their clocks, Hz.
    pub(super) clocks: Box<[(u8, u32)]>,
}

impl Peer {
    pub(crate) fn new(remote: &Remote) -> Peer {
        let clocks = remote.formats.iter().map(|format| (format.payload_type, format.clock_hz)).collect();
        Peer { rtp: remote.rtp, rtcp: remote.rtcp, clocks }
    }
}

impl Line {
    pub(crate) fn new(call: u32, medium: Medium, ear: &Arc<Ear>, phase: Phase, ssrc: u32) -> Line {
        ear.lock(medium).get_or_insert_with(|| Box::new(Listening::new(ear.keep_first_payload)));
        Line {
            call,
            medium,
            ear: Arc::clone(ear),
            port: None,
            watched: false,
            echo: false,
            peer: None,
            had_peer: false,
            keys: None,
            muted: false,
            phase,
            read_due: Time::MAX,
            timeline: Timeline::new(ssrc),
            replay: None,
            stream: None,
            verbatim: None,
            reports: Reports::NONE,
            unsaid: 0,
            closing: None,
        }
    }

    /// SSRC of the call's own stream.
    pub(crate) fn ssrc(&self) -> u32 {
        self.timeline.ssrc()
    }

    /// True if something was sent.
    pub(crate) fn has_sent(&self) -> bool {
        self.timeline.begun() || self.verbatim.is_some()
    }

    /// Remembers from now on what it sends, for [`Line::is_echo`].
    pub(crate) fn remember_sent(&mut self) {
        self.timeline.remember_sent();
    }

    /// True if the packet is what the line has just sent on its own stream, back from where it was sent to.
    pub(crate) fn is_echo(&self, received: Time, from: SocketAddr, bytes: &[u8]) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.rtp == from || peer.rtcp == from)
            && self.timeline.has_sent(received, bytes)
    }

    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.peer.as_ref()
    }

    /// True once an SDP has said where to send.
    pub(crate) fn had_peer(&self) -> bool {
        self.had_peer
    }

    /// True while a sound or a pattern plays, even if it rests.
    pub(crate) fn streams(&self) -> bool {
        self.stream.is_some()
    }

    /// Takes a port; returns the one before.
    pub(crate) fn set_port(&mut self, now: Time, port: PortRef, out: &mut Outbox) -> Option<PortRef> {
        let rested = self.rests();
        let before = self.port.replace(port);
        self.set_watched(now, false);
        self.connected(now, rested, out);
        before
    }

    /// Whether the driver reads the port by itself.
    pub(crate) fn set_watched(&mut self, now: Time, watched: bool) {
        self.watched = watched;
        let reads = !watched && self.port.is_some();
        self.read_due = if reads { self.phase.point_from(now) } else { Time::MAX };
    }

    /// Takes the far end from an SDP; returns the one before.
    pub(crate) fn set_peer(
        &mut self,
        now: Time,
        remote: Option<&Remote>,
        answered: Time,
        out: &mut Outbox,
    ) -> Option<Peer> {
        let rested = self.rests();
        let before = std::mem::replace(&mut self.peer, remote.map(Peer::new));
        self.had_peer |= remote.is_some();
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            listening.set_remote(remote, answered);
        }
        self.connected(now, rested, out);
        before
    }

    /// What streams goes on if it rested, and reports begin.
    fn connected(&mut self, now: Time, rested: bool, out: &mut Outbox) {
        if rested && !self.rests() {
            self.wake_stream(now);
        }
        let can_report = self.port.is_some() && self.peer.is_some() && self.medium != Medium::Image;
        if can_report && self.reports.due == Time::MAX {
            self.reports.due = out.reporter.first(now);
        }
    }

    /// The first moment at which something new can be played: in this line's phase, and not on top of the packet before.
    pub(crate) fn next_start(&self, now: Time) -> Time {
        let after_last = if self.timeline.begun() { self.timeline.last() + 1 } else { now };
        // A stream that ran ahead of the time (a file's last packet) does not hold back the next one.
        self.phase.point_from(now.max(after_last.min(now + 20_000)))
    }

    pub(crate) fn play_replay(&mut self, replay: Replay) {
        self.replay = Some(replay);
    }

    /// Plays a stream, or nothing; returns the one before, which is to be judged.
    pub(crate) fn play_stream(&mut self, stream: Option<Stream>) -> Option<Stream> {
        std::mem::replace(&mut self.stream, stream)
    }

    pub(crate) fn pause(&mut self, now: Time, paused: bool) {
        let rested = self.rests();
        if let Some(stream) = &mut self.stream {
            stream.paused = paused;
        }
        if rested && !self.rests() {
            self.wake_stream(now);
        }
    }

    pub(crate) fn set_echo(&mut self, on: bool) {
        self.echo = on;
    }

    pub(crate) fn echoes(&self) -> bool {
        self.echo
    }

    /// Takes the keys of both directions. False: some can't be used, and nothing is sent until there are others.
    pub(crate) fn secure(&mut self, now: Time, send: Option<Policy>, receive: Option<Policy>) -> bool {
        let rested = self.rests();
        if send.is_none() && receive.is_none() {
            self.keys = None;
            self.muted = false;
        } else {
            self.muted = self.keys.get_or_insert_default().update(send, receive).is_err();
        }
        if rested && !self.rests() {
            self.wake_stream(now);
        }
        !self.muted
    }

    /// True if a stream would not be sent now.
    pub(super) fn rests(&self) -> bool {
        self.muted
            || self.port.is_none()
            || self.peer.is_none()
            || self.stream.as_ref().is_some_and(|stream| stream.paused)
    }

    fn wake_stream(&mut self, now: Time) {
        let point = self.phase.point_from(now);
        if let Some(stream) = &mut self.stream {
            stream.go_on_at(point);
        }
    }

    /// True if the driver reads the port by itself.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// A datagram for it was sent back by the echo of the whole process.
    pub(crate) fn note_echoed(&mut self) {
        self.unsaid += 1;
    }

    /// When something is to be done; [`Time::MAX`]: never.
    pub(crate) fn due(&self) -> Time {
        if let Some(closing) = self.closing {
            return closing;
        }
        let stream = self.stream.as_ref().filter(|_| !self.rests()).map_or(Time::MAX, |stream| stream.due);
        let replay = self.replay.as_ref().map_or(Time::MAX, |replay| replay.due().unwrap_or(Time::ZERO));
        self.read_due.min(stream).min(replay).min(self.report_due())
    }

    pub(super) fn report_due(&self) -> Time {
        let reports = self.port.is_some() && self.peer.is_some() && !self.muted;
        if reports { self.reports.due } else { Time::MAX }
    }

    /// The call has ended: nothing is sent any more but BYE, and the port is read for the last time before the call is
    /// judged at `at`. Returns what streamed.
    pub(crate) fn close(&mut self, now: Time, at: Time, out: &mut Outbox) -> Option<Stream> {
        self.replay = None;
        self.echo = false;
        if self.has_sent() && self.reports.due != Time::MAX {
            self.report(now, true, out);
        }
        if let Some(port) = self.port {
            out.reads.push_back(port.id);
        }
        self.tell_sent();
        self.closing = Some(at);
        self.stream.take()
    }

    /// True once [`Line::close`] was called.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// A line of the processor's cache, bytes.
    const CACHE_LINE: usize = 64;

    #[test]
    fn packets_touch_few_cache_lines() {
        assert!(size_of::<Line>() <= 6 * CACHE_LINE, "{}", size_of::<Line>());
        // Of a received packet the address of the peer is the last.
        let rtp = offset_of!(Line, peer) + offset_of!(Peer, rtp);
        assert!(rtp + size_of::<SocketAddr>() <= CACHE_LINE, "{rtp}");
        // Of a sent one the end of the call is.
        assert!(offset_of!(Line, verbatim) <= 5 * CACHE_LINE, "{}", offset_of!(Line, verbatim));
    }
}
