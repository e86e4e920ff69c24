//! Link layers: from a captured frame to the IP packet in it. Numbers are those of the registry of link types
//! (draft-ietf-opsawg-pcaplinktype).

/// The IP packet of a frame: `None` if it carries something else.
///
/// # Errors
/// The link type, if it is not known.
pub(super) fn ip_packet(link: u16, frame: &[u8]) -> Result<Option<&[u8]>, u16> {
    match link {
        0 | 108 => Ok(loopback(frame)),
        1 => Ok(ethernet(frame)),
        9 | 50 => Ok(ppp(frame)),
        12 | 14 | 101 | 228 | 229 => Ok(Some(frame)),
        105 => Ok(wireless(frame, false)),
        113 => Ok(cooked(frame)),
        127 => Ok(radiotap(frame)),
        276 => Ok(cooked_2(frame)),
        other => Err(other),
    }
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

fn ethernet(frame: &[u8]) -> Option<&[u8]> {
    protocol_at(frame, 12)
}

/// Linux cooked capture, version 1: the protocol is the last field of 16 bytes.
fn cooked(frame: &[u8]) -> Option<&[u8]> {
    protocol_at(frame, 14)
}

/// Linux cooked capture, version 2: the protocol comes first of 20 bytes.
fn cooked_2(frame: &[u8]) -> Option<&[u8]> {
    of_type(be16(frame, 0)?, frame.get(20..)?)
}

/// The address family, in the byte order of the machine that recorded (0) or big-endian (108): 2 is IPv4
/// everywhere, IPv6 has a number of each system.
fn loopback(frame: &[u8]) -> Option<&[u8]> {
    let (family, packet) = frame.split_first_chunk::<4>()?;
    let family = u32::from_le_bytes(*family).min(u32::from_be_bytes(*family));
    matches!(family, 2 | 10 | 23 | 24 | 28 | 30).then_some(packet)
}

/// PPP, with or without the address and control bytes of HDLC framing (RFC 1662 §3.1).
fn ppp(frame: &[u8]) -> Option<&[u8]> {
    let frame = frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame);
    match frame.first()? {
        // A compressed protocol field (RFC 1661 §6.5).
        0x21 | 0x57 => frame.get(1..),
        _ => matches!(be16(frame, 0)?, 0x0021 | 0x0057).then(|| frame.get(2..))?,
    }
}

/// The header of radiotap.org, which says how long it is and whether the 802.11 header is padded.
fn radiotap(frame: &[u8]) -> Option<&[u8]> {
    let len = usize::from(u16::from_le_bytes([*frame.get(2)?, *frame.get(3)?]));
    let header = frame.get(..len)?;
    let padded = radiotap_flags(header).is_some_and(|flags| flags & 0x20 != 0);
    wireless(frame.get(len..)?, padded)
}

fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let word = |at: usize| {
        header.get(at..at + 4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    };
    let present = word(4)?;
    let mut at = 8;
    let mut last = present;
    while last & 0x8000_0000 != 0 {
        last = word(at)?;
        at += 4;
    }
    if present & 0b10 == 0 {
        return None;
    }
    if present & 0b01 != 0 {
        // The time of the MAC layer, eight bytes, aligned.
        at = at.next_multiple_of(8) + 8;
    }
    header.get(at).copied()
}

/// IEEE 802.11 §9.2: data frames with LLC and SNAP. Encrypted and aggregated ones cannot be read.
fn wireless(frame: &[u8], padded: bool) -> Option<&[u8]> {
    let (control, flags) = (*frame.first()?, *frame.get(1)?);
    let (data, null) = (control & 0x0c == 0x08, control & 0x40 != 0);
    let encrypted = flags & 0x40 != 0;
    if !data || null || encrypted {
        return None;
    }
    let mut len = 24;
    if flags & 0x03 == 0x03 {
        len += 6;
    }
    if control & 0x80 != 0 {
        if *frame.get(len)? & 0x80 != 0 {
            return None;
        }
        len += 2;
        if flags & 0x80 != 0 {
            len += 4;
        }
    }
    if padded {
        len = len.next_multiple_of(4);
    }
    snap(frame.get(len..)?)
}

/// Logical link control with the subnetwork access protocol (IEEE 802.2, RFC 1042): a type as of Ethernet.
fn snap(packet: &[u8]) -> Option<&[u8]> {
    match packet.get(..6)? {
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8] => protocol_at(packet, 6),
        _ => None,
    }
}

fn protocol_at(frame: &[u8], at: usize) -> Option<&[u8]> {
    of_type(be16(frame, at)?, frame.get(at + 2..)?)
}

/// What an EtherType announces, through VLAN tags, MPLS labels and PPPoE.
fn of_type(mut kind: u16, mut packet: &[u8]) -> Option<&[u8]> {
    loop {
        match kind {
            IPV4 | IPV6 => return Some(packet),
            // IEEE 802.1Q, 802.1ad and what was used before it.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                kind = be16(packet, 2)?;
                packet = packet.get(4..)?;
            }
            // PPPoE session (RFC 2516 §4).
            0x8864 => return ppp(packet.get(6..)?),
            // MPLS (RFC 3032 §2.1): up to the label at the bottom.
            0x8847 | 0x8848 => {
                let bottom = packet.get(2)? & 1 == 1;
                packet = packet.get(4..)?;
                if bottom {
                    return Some(packet);
                }
            }
            // A length (IEEE 802.3), not a type.
            0..=1500 => return snap(packet),
            _ => return None,
        }
    }
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IP: &[u8] = &[0x45, 0, 0, 20];

    fn with(head: &[u8]) -> Vec<u8> {
        [head, IP].concat()
    }

    fn found(link: u16, head: &[u8]) -> bool {
        ip_packet(link, &with(head)) == Ok(Some(IP))
    }

    #[test]
    fn ethernet_and_what_it_carries() {
        let mac = [0; 12];
        let after = |rest: &[u8]| [&mac[..], rest].concat();
        assert!(found(1, &after(&[0x08, 0])));
        assert!(found(1, &after(&[0x86, 0xdd])));
        assert!(found(1, &after(&[0x81, 0, 0, 7, 0x08, 0])));
        assert!(found(1, &after(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 0x08, 0])));
        assert!(found(1, &after(&[0, 50, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0])));
        assert!(found(1, &after(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 22, 0, 0x21])));
        assert!(found(1, &after(&[0x88, 0x47, 0, 1, 0x20, 64, 0, 1, 0x21, 64])));
        assert_eq!(ip_packet(1, &with(&after(&[0x08, 0x06]))), Ok(None));
        assert_eq!(ip_packet(1, &mac), Ok(None));
    }

    #[test]
    fn cooked_loopback_ppp_and_raw() {
        assert!(found(113, &[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x08, 0]));
        assert!(found(276, &[0x08, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0]));
        assert!(found(0, &[2, 0, 0, 0]));
        assert!(found(0, &[0, 0, 0, 2]));
        assert!(found(108, &[0, 0, 0, 30]));
        assert!(!found(0, &[5, 0, 0, 0]));
        assert!(found(9, &[0, 0x21]));
        assert!(found(9, &[0x21]));
        assert!(found(50, &[0xff, 3, 0, 0x57]));
        for raw in [12, 14, 101, 228, 229] {
            assert!(found(raw, &[]));
        }
        assert_eq!(ip_packet(147, IP), Err(147));
    }

    #[test]
    fn wireless_frames() {
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0];
        let plain = [&[0x08, 0x01][..], &[0; 22], &snap].concat();
        let qos = [&[0x88, 0x02][..], &[0; 24], &snap].concat();
        let four = [&[0x88, 0x83][..], &[0; 34], &snap].concat();
        assert!(found(105, &plain));
        assert!(found(105, &qos));
        assert!(found(105, &four));
        let encrypted = [&[0x08, 0x41][..], &[0; 22], &snap].concat();
        assert!(!found(105, &encrypted));
        assert!(!found(105, &[0x80, 0]));
        assert!(found(127, &[&[0, 0, 8, 0, 0, 0, 0, 0][..], &plain].concat()));
        // A time and flags that say "padded"; the header of 26 bytes then takes 28.
        let padded = [&[0x88, 0x02][..], &[0; 26], &snap].concat();
        let head = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[0; 8], &[0x20]].concat();
        assert!(found(127, &[&head[..], &padded].concat()));
    }
}
