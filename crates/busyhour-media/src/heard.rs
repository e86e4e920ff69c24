//! The figures of what a call has heard in one medium.

/// A digit that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digit {
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digit: u8,
    /// Payload type of its events (RFC 4733); `None`: heard in-band.
    pub payload_type: Option<u8>,
}

/// What has been heard of the far end in one medium, and what it says of us. Ratios are from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// RTP packets that arrived, from whomever, duplicates included.
    pub packets: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Packets that we sent.
    pub sent: u64,
    /// Packets that should have come, by the sequence numbers (RFC 3550 A.3).
    pub expected: u64,
    /// Packets that never came; duplicates don't make up for them.
    pub lost: u64,
    /// `lost / expected`; 0 before anything is expected.
    pub loss: f64,
    /// Packets that came twice.
    pub duplicates: u64,
    /// Packets that came after one with a higher sequence number.
    pub reordered: u64,
    /// Packets that are no stream's (RFC 3550 A.1): alone with their SSRC, or far off the numbers of all others, and no
    /// next one came.
    pub strays: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1), ms: as it is now.
    pub jitter_ms: f64,
    /// Its highest value so far, ms.
    pub jitter_max_ms: f64,
    /// Longest time between two packets, ms; or from the last one until now, or until BYE, if that is over a second
    /// in which the peer's SDP let it send.
    pub gap_max_ms: f64,
    /// Time from the last packet until now, or until BYE, in which the peer's SDP let it send, ms. It changes neither
    /// loss nor MOS: a far end may have nothing more to say.
    pub silent_for_ms: f64,
    /// From the answer to the first packet, ms; `None` before it.
    pub first_packet_ms: Option<f64>,
    /// Further SSRCs after the first.
    pub ssrc_changes: u64,
    /// Packets of a payload type that was not agreed on.
    pub wrong_payload_type: u64,
    /// Packets from another address than the SDP says.
    pub from_elsewhere: u64,
    /// Packets that SRTP refused: tag, replay, or too short.
    pub refused: u64,
    /// Datagrams that are no RTP.
    pub not_rtp: u64,
    /// Level of the speech heard, dBm0 (G.711 only); `None` where it is not known.
    pub level_dbm0: Option<f64>,
    /// Part of the time that was dead air: silence below −50 dBm0, or no packets (G.711 only).
    pub dead_air: Option<f64>,
    /// We sent and nothing came, though the SDP lets the peer send.
    pub one_way: bool,
    /// Digits in the order in which they were heard.
    pub digits: Vec<Digit>,
    /// Digits beyond the limit, which are not kept.
    pub digits_dropped: u64,
    /// Burst ratio of the losses (G.107 §3.5): 1 for random loss.
    pub burst_ratio: f64,
    /// R-factor (G.107; G.107.1 for wideband, whose scale ends at 129); `None` where the codec has no published
    /// values.
    pub r_factor: Option<f64>,
    /// Mean opinion score, listening quality (from `r_factor` without delay).
    pub mos: Option<f64>,
    /// Mean opinion score, conversational: only when the delay is known from RTCP.
    pub mos_conversational: Option<f64>,
    /// Round-trip time by RTCP, ms.
    pub rtt_ms: Option<f64>,
    /// Loss that the far end reports of our packets (RTCP).
    pub far_loss: Option<f64>,
    /// Jitter that the far end reports, ms.
    pub far_jitter_ms: Option<f64>,
    /// Payload type of the first packet.
    pub first_payload_type: Option<u8>,
    /// Payload of the first packet, if `rtp_stats` wants it.
    pub first_payload: Vec<u8>,
}
