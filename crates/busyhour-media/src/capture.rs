//! Captures: the UDP packets of a file, ready to be sent again.

/// Packets with their moments. Parsed once and shared by all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// In order of time.
    pub packets: Vec<CapturedPacket>,
    /// All payloads, one after the other.
    pub bytes: Vec<u8>,
    /// What was left out, for a note to the user.
    pub skipped: Skipped,
}

/// One UDP payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CapturedPacket {
    /// When, µs after the first.
    pub offset_us: u64,
    /// How far its destination port is above the lowest of the file: 0 for RTP, 1 for its RTCP.
    pub port_offset: u16,
    /// First byte in [`Capture::bytes`].
    pub start: u32,
    /// Number of bytes.
    pub len: u16,
}

/// Packets of a file that are not played.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Neither IPv4 nor IPv6, or not UDP.
    pub not_udp: u64,
    /// Fragments of IP packets.
    pub fragments: u64,
}

impl Capture {
    /// The payload of a packet.
    pub fn payload(&self, packet: &CapturedPacket) -> &[u8] {
        &self.bytes[packet.start as usize..packet.start as usize + usize::from(packet.len)]
    }
}
