//! IPv4 and IPv6 packets, and the UDP datagrams in them.

use etherparse::{IpNumber, LaxIpSlice};

/// What an IP packet turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A datagram, whole.
    Udp {
        /// Where it went.
        destination_port: u16,
        /// What it carries.
        payload: &'a [u8],
    },
    /// UDP, but a part of it was not captured.
    Cut,
    /// A part of a fragmented packet.
    Fragment,
    /// UDP by its IP header, but its lengths contradict each other.
    Damaged,
    /// Something else, or nothing that can be read.
    Other,
}

/// Length of the UDP header (RFC 768).
const UDP_HEADER: usize = 8;

/// Looks into an IP packet. `cut`: less of the frame was captured than there was. What follows the IP packet
/// (padding and checksums of the link) is not looked at.
pub(super) fn udp(packet: &[u8], cut: bool) -> Found<'_> {
    let Ok((ip, trouble)) = LaxIpSlice::from_slice(packet) else { return Found::Other };
    let inside = match ip {
        LaxIpSlice::Ipv4(v4) => v4.payload().clone(),
        LaxIpSlice::Ipv6(v6) => v6.payload().clone(),
    };
    if inside.fragmented {
        return Found::Fragment;
    }
    if inside.ip_number != IpNumber::UDP || trouble.is_some() {
        return Found::Other;
    }
    let broken = if cut { Found::Cut } else { Found::Damaged };
    let Some((header, rest)) = inside.payload.split_first_chunk::<UDP_HEADER>() else { return broken };
    let payload = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        // Left to the IP header by senders that let the network card cut their data.
        0 => Some(rest).filter(|_| !inside.incomplete),
        len => len.checked_sub(UDP_HEADER).and_then(|len| rest.get(..len)),
    };
    match payload {
        Some(payload) => Found::Udp { destination_port: u16::from_be_bytes([header[2], header[3]]), payload },
        None => broken,
    }
}
