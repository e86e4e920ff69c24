//! What a line makes of a datagram that is its own.

use std::net::SocketAddr;

use busyhour_wire::rtcp::is_rtcp;
use busyhour_wire::rtp::{HEADER_LEN, Header};

use crate::session::Line;
use crate::session::outbox::{Form, Outbox, Way};
use crate::srtp::Refused;
use crate::time::Time;

/// What is so for all datagrams of a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hearing {
    /// Listen to payloads too.
    pub(crate) analyse: bool,
    /// Echoes send.
    pub(crate) echo_on: bool,
}

impl Line {
    /// Takes a datagram from the RTP socket, or with `rtcp` from the RTCP socket.
    pub(crate) fn receive(
        &mut self,
        received: Time,
        rtcp: bool,
        from: SocketAddr,
        bytes: &mut [u8],
        hearing: Hearing,
        out: &mut Outbox,
    ) {
        if is_rtcp(bytes) && (rtcp || self.is_report(bytes)) {
            self.receive_rtcp(received, bytes, out);
        } else if rtcp {
            self.garbage(out);
        } else {
            self.receive_rtp(received, from, bytes, hearing, out);
        }
    }

    /// Whether what looks like RTCP on the RTP port is: any type if the SDP agreed on one port for both (RFC 5761 §4),
    /// else only the types that stand for reserved payload types (RFC 3551 §6).
    fn is_report(&self, bytes: &[u8]) -> bool {
        let multiplexed = self.peer.as_ref().is_some_and(|peer| peer.rtp == peer.rtcp);
        multiplexed || matches!(bytes.get(1), Some(200..=207))
    }

    fn receive_rtp(
        &mut self,
        received: Time,
        from: SocketAddr,
        bytes: &mut [u8],
        hearing: Hearing,
        out: &mut Outbox,
    ) {
        let len = match self.keys.as_mut().and_then(|keys| keys.unprotector()) {
            None => bytes.len(),
            // What is no RTP was not refused by SRTP.
            Some(_) if bytes.len() < HEADER_LEN || bytes[0] >> 6 != 2 => return self.garbage(out),
            Some(unprotector) => match unprotector.unprotect(bytes) {
                Ok(len) => len,
                Err(refused) => return self.refuse(refused, out),
            },
        };
        let packet = bytes.get(..len).unwrap_or_default();
        let Some((header, payload)) = Header::parse(packet) else { return self.garbage(out) };
        out.figures.counters.packets_received += 1;
        out.figures.counters.bytes_received += packet.len() as u64;
        let from_elsewhere = self.peer.as_ref().is_some_and(|peer| peer.rtp != from);
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            listening.packet(received, from_elsewhere, &header, payload, hearing.analyse);
        }
        if let Some(check) = self.stream.as_mut().and_then(|stream| stream.check()) {
            check.received(payload);
        }
        if self.echo && hearing.echo_on && !self.muted {
            self.send_back(packet, from, out);
        }
    }

    /// Sends a packet back as it came, to the peer, or to its sender while no peer is known.
    fn send_back(&mut self, packet: &[u8], from: SocketAddr, out: &mut Outbox) {
        let Some(port) = self.port else { return };
        let to = self.peer.as_ref().map_or(from, |peer| peer.rtp);
        let start = out.begin();
        out.bytes().extend_from_slice(packet);
        let protector = self.keys.as_mut().and_then(|keys| keys.protector());
        if out.finish(start, Form::Rtp, Way { port: port.id, from_rtcp: false, to }, protector) {
            out.figures.counters.echoed += 1;
            self.unsaid += 1;
        }
    }

    fn receive_rtcp(&mut self, received: Time, bytes: &mut [u8], out: &mut Outbox) {
        let len = match self.keys.as_mut().and_then(|keys| keys.unprotector()) {
            None => bytes.len(),
            Some(unprotector) => match unprotector.unprotect_rtcp(bytes) {
                Ok(len) => len,
                Err(refused) => return self.refuse(refused, out),
            },
        };
        out.figures.counters.rtcp_received += 1;
        let ntp = out.reporter.ntp(received);
        let (own, verbatim) = (self.timeline.ssrc(), self.verbatim.map(|verbatim| verbatim.ssrc));
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            let compound = bytes.get(..len).unwrap_or_default();
            listening.rtcp(received, ntp, compound, |ssrc| ssrc == own || Some(ssrc) == verbatim);
        }
    }

    fn refuse(&mut self, refused: Refused, out: &mut Outbox) {
        match refused {
            Refused::Malformed => out.figures.counters.not_rtp += 1,
            Refused::Authentication => out.figures.counters.auth_failures += 1,
            Refused::Replay => out.figures.counters.replays += 1,
        }
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            listening.refused();
        }
    }

    fn garbage(&mut self, out: &mut Outbox) {
        out.figures.counters.not_rtp += 1;
        if let Some(listening) = self.ear.lock(self.medium).as_mut() {
            listening.not_rtp();
        }
    }
}
