use proptest::prelude::*;

use super::*;
use crate::generate;

/// IPv4 and UDP around a payload, to this port.
fn ip(port: u16, payload: &[u8]) -> Vec<u8> {
    let builder = etherparse::PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(4000, port);
    let mut packet = Vec::new();
    builder.write(&mut packet, payload).expect("short enough");
    packet
}

fn rtp_packet(sequence: u16) -> Vec<u8> {
    let header = rtp::Header { marker: false, payload_type: 8, sequence, timestamp: 0, ssrc: 1 };
    [&header.to_bytes()[..], &[0xd5; 20]].concat()
}

/// A pcap file of raw IP packets with times in its own units.
fn pcap(magic: u32, big: bool, packets: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
    let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = long(magic).to_vec();
    file.extend_from_slice(&if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] });
    file.extend([long(0), long(0), long(65_535), long(101)].concat());
    for (seconds, fraction, packet) in packets {
        let len = packet.len() as u32;
        file.extend([long(*seconds), long(*fraction), long(len), long(len)].concat());
        file.extend_from_slice(packet);
    }
    file
}

fn block(kind: u32, big: bool, body: &[u8]) -> Vec<u8> {
    let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let padded = body.len().next_multiple_of(4);
    let len = long(padded as u32 + 12);
    let mut block = [long(kind), len].concat();
    block.extend_from_slice(body);
    block.resize(8 + padded, 0);
    block.extend_from_slice(&len);
    block
}

fn section(big: bool) -> Vec<u8> {
    let body = if big {
        [0x1a, 0x2b, 0x3c, 0x4d, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
    } else {
        [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]
    };
    block(0x0a0d_0d0a, big, &body)
}

fn interface(big: bool, link: u16, options: &[u8]) -> Vec<u8> {
    let link = if big { link.to_be_bytes() } else { link.to_le_bytes() };
    block(1, big, &[&link[..], &[0; 6], options].concat())
}

fn enhanced(big: bool, interface: u32, units: u64, data: &[u8], original: usize) -> Vec<u8> {
    let long = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let head = [interface, (units >> 32) as u32, units as u32, data.len() as u32, original as u32]
        .map(long)
        .concat();
    block(6, big, &[&head[..], data].concat())
}

fn offsets(capture: &Capture) -> Vec<u64> {
    capture.packets.iter().map(|packet| packet.offset_us).collect()
}

#[test]
fn pcap_in_both_byte_orders_and_units() {
    for (magic, unit) in [(0xa1b2_c3d4, 1), (0xa1b2_3c4d, 1000)] {
        for big in [false, true] {
            let packets =
                [(7, 999_990 * unit, ip(6000, &rtp_packet(1))), (8, 10_000 * unit, ip(6001, &rtp_packet(2)))];
            let capture = Capture::parse(&pcap(magic, big, &packets), "x").expect("a capture");
            assert_eq!(offsets(&capture), [0, 10_010]);
            assert_eq!(capture.packets[1].port_offset, 1);
            assert_eq!(capture.payload(&capture.packets[1]), rtp_packet(2));
            assert_eq!(capture.skipped.note(), None);
        }
    }
}

#[test]
fn pcapng_with_sections_interfaces_and_resolutions() {
    for big in [false, true] {
        let data = ip(6000, &rtp_packet(1));
        let option = |code: u8, value: &[u8]| {
            let len = value.len() as u8;
            let head = if big { [0, code, 0, len] } else { [code, 0, len, 0] };
            let mut option = [&head[..], value].concat();
            option.resize(option.len().next_multiple_of(4), 0);
            option
        };
        let cooked = [&[0; 14][..], &[8, 0], &data].concat();
        let shift = if big { 100_i64.to_be_bytes() } else { 100_i64.to_le_bytes() };
        let file = [
            section(big),
            interface(big, 101, &[]),
            interface(big, 113, &option(9, &[9])),
            interface(big, 101, &[option(9, &[0x8a]), option(14, &shift)].concat()),
            block(4, big, b"names that nobody reads"),
            enhanced(big, 0, 100_000_000, &data, data.len()),
            enhanced(big, 1, 100_020_000_000, &cooked, cooked.len()),
            enhanced(big, 2, 512, &data, data.len()),
            // Another section, of the other byte order, knows only its own interfaces.
            section(!big),
            interface(!big, 101, &[]),
            enhanced(!big, 0, 100_600_000, &data, data.len()),
        ]
        .concat();
        let capture = Capture::parse(&file, "x").expect("a capture");
        assert_eq!(offsets(&capture), [0, 20_000, 500_000, 600_000]);
        let lost = [section(big), enhanced(big, 0, 1, &data, data.len())].concat();
        assert!(Capture::parse(&lost, "x").unwrap_err().what.contains("packet 1 is of interface 0"));
    }
}

#[test]
fn simple_and_obsolete_packets() {
    let data = ip(6000, &rtp_packet(1));
    let simple = |len: usize, data: &[u8]| block(3, false, &[&(len as u32).to_le_bytes()[..], data].concat());
    let len = (data.len() as u32).to_le_bytes();
    let obsolete = [&[0; 4][..], &[0; 4], &5000_u32.to_le_bytes(), &len, &len, &data].concat();
    let file = [
        section(false),
        interface(false, 101, &[]),
        block(2, false, &obsolete),
        simple(data.len(), &data),
        enhanced(false, 0, 6000, &data, data.len()),
    ]
    .concat();
    let capture = Capture::parse(&file, "x").expect("a capture");
    assert_eq!(offsets(&capture), [0, 0, 1000]);
    assert_eq!(capture.skipped.untimed, 1);
    let cut = [section(false), interface(false, 101, &[]), simple(200, &data[..40])].concat();
    assert!(Capture::parse(&cut, "x").unwrap_err().what.contains("not captured whole"));
}

#[test]
fn times_that_go_back_are_no_wait() {
    let at = |seconds, us| (seconds, us, ip(6000, &rtp_packet(1)));
    let packets =
        [at(10, 0), at(10, 40_000), at(10, 20_000), at(10, 60_000), at(3, 0), at(3, 20_000), at(2, 900_000)];
    let capture = Capture::parse(&pcap(0xa1b2_c3d4, false, &packets), "x").expect("a capture");
    assert_eq!(offsets(&capture), [0, 40_000, 40_000, 60_000, 60_000, 80_000, 80_000]);
}

#[test]
fn what_is_not_played_is_counted() {
    let whole = ip(6000, &rtp_packet(1));
    let mut fragment = whole.clone();
    fragment[6] = 0x20;
    let mut tcp = whole.clone();
    tcp[9] = 6;
    let mut damaged = whole.clone();
    damaged[25] = 3;
    let stun = ip(6000, b"\0\x01\0\0 not RTP at all");
    let rtcp = ip(6001, &[0x80, 200, 0, 1, 0, 0, 0, 1]);
    let packets = [whole, fragment, tcp, damaged, stun, rtcp].map(|packet| (0, 0, packet));
    let capture = Capture::parse(&pcap(0xa1b2_c3d4, false, &packets), "x").expect("a capture");
    let expected = Skipped { not_udp: 1, fragments: 1, damaged: 1, not_rtp: 1, untimed: 0 };
    assert_eq!((capture.skipped, capture.packets.len()), (expected, 3));
    assert!(capture.skipped.note().is_some_and(|note| note.contains("1 not UDP, left out; 1 fragments")));
}

#[test]
fn ipv6_with_extension_headers() {
    let payload = rtp_packet(9);
    let udp = [&[0x10, 0, 0x20, 0, 0, payload.len() as u8 + 8, 0, 0][..], &payload].concat();
    let with = |next: u8, extensions: &[u8]| {
        let len = (extensions.len() + udp.len()) as u8;
        let mut packet = vec![0x60, 0, 0, 0, 0, len, next, 64];
        packet.extend_from_slice(&[1; 32]);
        [&packet, extensions, &udp].concat()
    };
    let plain = with(17, &[]);
    let hop_by_hop = with(0, &[60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0]);
    let atomic = with(44, &[17, 0, 0, 0, 0, 0, 0, 9]);
    let fragment = with(44, &[17, 0, 0, 1, 0, 0, 0, 9]);
    let packets = [plain, hop_by_hop, atomic, fragment].map(|packet| (0, 0, packet));
    let capture = Capture::parse(&pcap(0xa1b2_c3d4, false, &packets), "x").expect("a capture");
    assert_eq!((capture.packets.len(), capture.skipped.fragments), (3, 1));
    assert!(capture.packets.iter().all(|packet| capture.payload(packet) == payload));
}

#[test]
fn link_trailers_are_no_payload() {
    let frame = |payload: &[u8]| {
        let builder =
            etherparse::PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([1; 4], [2; 4], 9).udp(4, 6000);
        let mut frame = Vec::new();
        builder.write(&mut frame, payload).expect("short enough");
        frame
    };
    let mut padded = frame(b"short");
    padded.resize(60, 0xee);
    let file =
        [section(false), interface(false, 1, &[]), enhanced(false, 0, 0, &padded, padded.len() + 4)].concat();
    let capture = Capture::parse(&file, "x").expect("a capture: only the end of the padding was cut");
    assert_eq!(capture.payload(&capture.packets[0]), b"short");
}

#[test]
fn what_cannot_be_played_says_why() {
    let good =
        pcap(0xa1b2_c3d4, false, &[(0, 0, ip(6000, &rtp_packet(1))), (0, 0, ip(6000, &rtp_packet(2)))]);
    let message = |bytes: &[u8]| Capture::parse(bytes, "f.pcap").unwrap_err().what;
    assert_eq!(message(b""), "f.pcap: an empty file, not a capture");
    assert_eq!(message(&good[..24]), "f.pcap: a capture without any packet");
    assert!(
        message(&good[..good.len() - 1]).contains("ends in the middle of something, after 1 whole packets")
    );
    assert!(message(&good[..10]).contains("after 0 whole packets"));
    assert!(message(b"\x1f\x8b\x08\0").contains("gzip"));
    assert!(message(b"RIFF....WAVE").contains("a sound"));
    assert!(message(b"hello world, this is text").contains("neither pcap nor pcapng"));
    let mut other = good.clone();
    other[20] = 147;
    assert!(message(&other).contains("packet 1 has link type 147"));
    let mut cut = good.clone();
    // The original length of the first packet, and the lengths of IP and UDP in it.
    cut[36] = 160;
    cut[43] = 160;
    cut[65] = 140;
    assert!(message(&cut).contains("packet 1 was not captured whole: 60 of 160 bytes"), "{}", message(&cut));
    let long = pcap(0xa1b2_c3d4, false, &[(0, 0, ip(6000, &[0x80; 1493]))]);
    assert!(message(&long).contains("packet 1 carries 1493 bytes"));
    let longest = pcap(0xa1b2_c3d4, false, &[(0, 0, ip(6000, &[0x80; 1492]))]);
    assert!(Capture::parse(&longest, "x").is_ok());
    let mut tcp = ip(6000, b"");
    tcp[9] = 6;
    assert!(message(&pcap(0xa1b2_c3d4, false, &[(0, 0, tcp)])).contains("no UDP packet"));
    let mut block = [section(false), vec![1, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0]].concat();
    assert!(message(&block).contains("a block of 2147483647 bytes"));
    block.truncate(20);
    assert!(message(&block).contains("ends in the middle"));
}

#[test]
fn what_was_written_is_read_again() {
    let mut capture = Capture::default();
    for n in 0..50 {
        capture.push(u64::from(n) * 20_000, n % 2, &rtp_packet(n));
    }
    assert_eq!(Capture::parse(&generate::write_pcap(&capture), "x"), Ok(capture));
}

fn sane(capture: &Capture, file: usize) {
    assert!(capture.bytes.len() <= file && !capture.packets.is_empty());
    assert!(capture.packets.windows(2).all(|pair| pair[0].offset_us <= pair[1].offset_us));
    assert!(capture.packets.iter().all(|packet| capture.payload(packet).len() <= LONGEST_PAYLOAD));
    assert!(
        capture.length_us() <= LONGEST_US && capture.packets.iter().any(|packet| packet.port_offset == 0)
    );
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(bytes: Vec<u8>, kind in 0..5_usize) {
        let (little, big) = (pcap(0xa1b2_c3d4, false, &[]), pcap(0xa1b2_3c4d, true, &[]));
        let heads = [vec![], little, big, section(false), section(true)];
        let file = [&heads[kind][..], &bytes].concat();
        if let Ok(capture) = Capture::parse(&file, "x") {
            sane(&capture, file.len());
        }
    }

    #[test]
    fn changed_files_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end: prop::sample::Index,
        ng: bool,
        link in prop::sample::select(vec![0_u16, 1, 9, 12, 14, 50, 101, 105, 108, 113, 127, 228, 229, 276]),
    ) {
        let data = ip(6000, &rtp_packet(1));
        let mut file = if ng {
            let packet = enhanced(false, 0, 77, &data, data.len());
            let simple = block(3, false, &[&(data.len() as u32).to_le_bytes()[..], &data].concat());
            let described = interface(false, link, &[9, 0, 1, 0, 9, 0, 0, 0]);
            [section(false), described, packet.clone(), simple, packet].concat()
        } else {
            let mut file = pcap(0xa1b2_c3d4, false, &[(1, 2, data.clone()), (3, 4, data)]);
            file[20..22].copy_from_slice(&link.to_le_bytes());
            file
        };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file.truncate(file.len() - end.index(file.len()) / 4);
        if let Ok(capture) = Capture::parse(&file, "x") {
            sane(&capture, file.len());
        }
    }
}
