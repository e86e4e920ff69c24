//! A capture being played: which packet is next and when it leaves.

use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_wire::rtp::{HEADER_LEN, Header};

use crate::capture::Capture;
use crate::session::outbox::Form;
use crate::session::renumber::Renumbering;
use crate::session::timeline::ticks;
use crate::time::Time;

/// One play of a capture. Each packet is due at the play's start plus its time in the file, so nothing drifts.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) capture: Arc<Capture>,
    next: usize,
    start: Time,
    /// On the call's own stream; `None`: as the file has it.
    pub(crate) renumbering: Option<Box<Renumbering>>,
}

impl Replay {
    pub(crate) fn new(capture: Arc<Capture>, renumbered: bool, start: Time) -> Replay {
        Replay { capture, next: 0, start, renumbering: renumbered.then(Box::default) }
    }

    /// When the next packet leaves; `None` after the last.
    pub(crate) fn due(&self) -> Option<Time> {
        self.capture.packets.get(self.next).map(|packet| self.start + packet.offset_us)
    }

    /// Goes on to the next packet; returns the position of the present one.
    pub(crate) fn advance(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

/// Where a packet of a capture goes, by how far its port was above the lowest of the file: the RTP port, the RTCP port,
/// or a port as far above the RTP port (spec-media §3). The flag: from our RTCP socket. `None`: there is no such port.
pub(crate) fn destination(rtp: SocketAddr, rtcp: SocketAddr, port_offset: u16) -> Option<(SocketAddr, bool)> {
    match port_offset {
        0 => Some((rtp, false)),
        1 => Some((rtcp, rtcp != rtp)),
        further => {
            let mut to = rtp;
            to.set_port(rtp.port().checked_add(further)?);
            Some((to, false))
        }
    }
}

/// What a payload of a capture is.
pub(crate) fn form_of(payload: &[u8]) -> Form {
    if busyhour_wire::rtcp::is_rtcp(payload) {
        Form::Rtcp
    } else if payload.len() >= HEADER_LEN && Header::parse(payload).is_some() {
        Form::Rtp
    } else {
        Form::Other
    }
}

/// The source of captures that are sent as they are, for our sender reports.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verbatim {
    pub(crate) ssrc: u32,
    /// RTP packets and payload bytes sent; both wrap.
    pub(crate) packets: u32,
    pub(crate) bytes: u32,
    stamp: u32,
    stamp_at: Time,
    clock_hz: u32,
}

impl Verbatim {
    /// Begins with a packet.
    pub(crate) fn new(header: &Header, due: Time, clock_hz: u32) -> Verbatim {
        Verbatim { ssrc: header.ssrc, packets: 0, bytes: 0, stamp: header.timestamp, stamp_at: due, clock_hz }
    }

    /// Notes a packet of this source.
    pub(crate) fn note(&mut self, header: &Header, payload_len: usize, due: Time) {
        (self.stamp, self.stamp_at) = (header.timestamp, due);
        self.packets = self.packets.wrapping_add(1);
        self.bytes = self.bytes.wrapping_add(payload_len as u32);
    }

    /// True if it has sent nothing for a second.
    pub(crate) fn is_silent_at(&self, moment: Time) -> bool {
        moment.micros_since(self.stamp_at) > 1_000_000
    }

    /// The timestamp that belongs to `moment`.
    pub(crate) fn stamp_of(&self, moment: Time) -> u32 {
        self.stamp.wrapping_add(ticks(moment.micros_since(self.stamp_at), self.clock_hz))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_the_file() {
        let rtp: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let rtcp: SocketAddr = "192.0.2.2:9".parse().unwrap();
        assert_eq!(destination(rtp, rtcp, 0), Some((rtp, false)));
        assert_eq!(destination(rtp, rtcp, 1), Some((rtcp, true)));
        assert_eq!(destination(rtp, rtp, 1), Some((rtp, false)), "multiplexed");
        assert_eq!(destination(rtp, rtcp, 2), Some(("192.0.2.1:4002".parse().unwrap(), false)));
        assert_eq!(destination(rtp, rtcp, 65_000), None);
    }

    #[test]
    fn forms() {
        assert_eq!(form_of(&[0x80, 200, 0, 0]), Form::Rtcp);
        assert_eq!(form_of(&[0x80; 12]), Form::Rtp);
        assert_eq!(form_of(&[0x80; 11]), Form::Other);
        assert_eq!(form_of(b""), Form::Other);
    }
}
