//! RTP packets (RFC 3550 §5.1) and the forms of payloads (RFC 3551, spec-media §5).

/// Shortest RTP packet: its fixed header.
pub const HEADER_LEN: usize = 12;

/// The fixed header, and where the payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The marker bit.
    pub marker: bool,
    /// 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, in the payload's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// Reads a packet: its header and its payload, without extension and padding. `None` if it is no RTP: version not 2,
    /// shorter than it says.
    pub fn parse(packet: &[u8]) -> Option<(Header, &[u8])> {
        let (fixed, mut rest) = packet.split_first_chunk::<HEADER_LEN>()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let sources = usize::from(fixed[0] & 0x0f) * 4;
        rest = rest.get(sources..)?;
        if fixed[0] & 0x10 != 0 {
            let (head, after) = rest.split_first_chunk::<4>()?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            rest = after.get(words * 4..)?;
        }
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*rest.last()?);
            rest = rest.get(..rest.len().checked_sub(padding.max(1))?)?;
        }
        let header = Header {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Some((header, rest))
    }

    /// The bytes of a packet with this header and no extension, padding or contributing sources.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = 0x80;
        bytes[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7f;
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

/// How a payload is cut into packets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PacketForm {
    /// 0 to 127.
    pub payload_type: u8,
    /// Name of the encoding, such as `PCMU`.
    pub encoding: String,
    /// RTP clock, Hz.
    pub clock_hz: u32,
    /// From one packet to the next, ms.
    pub packet_ms: u32,
    /// Payload bytes of a packet; at least 1.
    pub packet_bytes: u32,
    /// Growth of the timestamp from one packet to the next.
    pub ticks: u32,
}

impl PacketForm {
    /// The usual one of an encoding of a byte a sample at 8 kHz, such as `PCMU`: 20 ms a packet (RFC 3551 §4.2).
    pub fn telephone(payload_type: u8, encoding: &str) -> PacketForm {
        let encoding = encoding.to_owned();
        PacketForm { payload_type, encoding, clock_hz: 8000, packet_ms: 20, packet_bytes: 160, ticks: 160 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_read_as_written() {
        let header =
            Header { marker: true, payload_type: 101, sequence: 65_535, timestamp: 7, ssrc: 0xca11_0000 };
        let mut packet = header.to_bytes().to_vec();
        packet.extend_from_slice(b"payload");
        assert_eq!(Header::parse(&packet), Some((header, &b"payload"[..])));
    }

    #[test]
    fn extension_sources_and_padding_are_no_payload() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend_from_slice(&[9; 4]);
        packet.extend_from_slice(&[0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        packet.extend_from_slice(b"ab\0\0\x03");
        assert_eq!(Header::parse(&packet).map(|(_, payload)| payload), Some(&b"ab"[..]));
        for len in 0..packet.len() - 3 {
            // Any prefix is either refused or shorter; none panics.
            let _ = Header::parse(&packet[..len]);
        }
        assert_eq!(Header::parse(&packet[..20]), None);
        assert_eq!(Header::parse(b"OPTIONS sip:a@b SIP/2.0"), None);
    }
}
