//! What SRTP must know of a packet's shape: where the payload begins, and who sent it.

use busyhour_wire::rtp::HEADER_LEN;

use super::Refused;

/// Bytes of an RTCP packet that stay readable: its first header and the sender's SSRC (RFC 3711 §3.4).
pub(super) const RTCP_CLEAR_LEN: usize = 8;

/// An RTP packet's clear part.
#[derive(Debug, Clone, Copy)]
pub(super) struct RtpShape {
    /// Where the payload begins: behind the header, the contributing sources and the extension (RFC 3711
    /// §3.1).
    pub(super) payload: usize,
    pub(super) sequence: u16,
    pub(super) ssrc: u32,
}

impl RtpShape {
    /// Reads the shape of a packet that may end with a tag.
    pub(super) fn of(packet: &[u8]) -> Result<RtpShape, Refused> {
        let (fixed, _) = packet.split_first_chunk::<HEADER_LEN>().ok_or(Refused::Malformed)?;
        if fixed[0] >> 6 != 2 {
            return Err(Refused::Malformed);
        }
        let mut payload = HEADER_LEN + usize::from(fixed[0] & 0x0f) * 4;
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(payload + 2..payload + 4).ok_or(Refused::Malformed)?;
            payload += 4 + usize::from(u16::from_be_bytes([words[0], words[1]])) * 4;
        }
        if payload > packet.len() {
            return Err(Refused::Malformed);
        }
        Ok(RtpShape {
            payload,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        })
    }
}

/// The SSRC of the sender of a compound RTCP packet.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Result<u32, Refused> {
    let (clear, _) = packet.split_first_chunk::<RTCP_CLEAR_LEN>().ok_or(Refused::Malformed)?;
    if clear[0] >> 6 != 2 {
        return Err(Refused::Malformed);
    }
    Ok(u32::from_be_bytes([clear[4], clear[5], clear[6], clear[7]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_begins_behind_sources_and_extension() {
        let mut packet = vec![0x92, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend_from_slice(&[9; 8]);
        packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        for len in 0..packet.len() {
            assert_eq!(RtpShape::of(&packet[..len]).err(), Some(Refused::Malformed), "{len}");
        }
        let shape = RtpShape::of(&packet).expect("a packet without payload");
        assert_eq!((shape.payload, shape.sequence, shape.ssrc), (packet.len(), 7, 3));
        packet[0] = 0x52;
        assert_eq!(RtpShape::of(&packet).err(), Some(Refused::Malformed));
    }
}
