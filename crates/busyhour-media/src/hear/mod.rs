//! Listening to one medium of one call: what arrived, in which order, how late, how loud, which digits.

use busyhour_wire::rtcp::ReportBlock;
use busyhour_wire::rtp::Header;

use crate::command::Remote;
use crate::heard::Heard;
use crate::time::Time;

/// What is kept of one medium while it is listened to. The media thread tells it all that comes and goes; engines read
/// [`Listening::heard`].
#[derive(Debug, Default)]
pub struct Listening {
    heard: Heard,
}

impl Listening {
    /// Makes one that has heard nothing. `keep_first_payload`: `rtp_stats` wants the payload of the first packet.
    pub fn new(keep_first_payload: bool) -> Listening {
        let _ = keep_first_payload;
        Listening::default()
    }

    /// The SDP said where the peer is and what it speaks, in an answer that came or went at `answered`. The first one
    /// starts "time to the first packet"; later ones change the formats only. `None`: no such medium any more.
    pub fn set_remote(&mut self, remote: Option<&Remote>, answered: Time) {
        let _ = (remote, answered);
    }

    /// Takes an RTP packet. `from_elsewhere`: not from the address that the SDP named. `analyse`: listen to the payload
    /// too.
    pub fn packet(
        &mut self,
        received: Time,
        from_elsewhere: bool,
        header: &Header,
        payload: &[u8],
        analyse: bool,
    ) {
        let _ = (received, from_elsewhere, header, payload, analyse);
        self.heard.packets += 1;
    }

    /// A datagram came that is neither RTP nor RTCP.
    pub fn not_rtp(&mut self) {
        self.heard.not_rtp += 1;
    }

    /// SRTP refused a packet: tag, replay, or too short.
    pub fn refused(&mut self) {
        self.heard.refused += 1;
    }

    /// We have sent so many RTP packets since the last time this was said.
    pub fn sent(&mut self, packets: u64) {
        self.heard.sent += packets;
    }

    /// Takes an RTCP compound, decrypted. `ntp` is the wall clock at `received` as in our own sender reports
    /// ([`busyhour_wire::rtcp::ntp`]). `ours` says which SSRCs are those we send with.
    pub fn rtcp(&mut self, received: Time, ntp: u64, compound: &[u8], ours: impl Fn(u32) -> bool) {
        let _ = (received, ntp, compound, ours(0));
    }

    /// Appends what our report says of the sources heard since the last one (RFC 3550 §6.4.1), at most
    /// [`SOURCES_MAX`].
    pub fn report_blocks(&mut self, now: Time, blocks: &mut Vec<ReportBlock>) {
        let _ = (now, blocks);
    }

    /// The figures up to now.
    pub fn heard(&self, now: Time) -> Heard {
        let _ = now;
        self.heard.clone()
    }
}

/// Sources (SSRC) of one medium that are told apart; packets of further ones are counted only.
pub const SOURCES_MAX: usize = 4;
