//! Capture files.

use busyhour_wire::rtp::{Header, PacketForm};
use etherparse::PacketBuilder;

use crate::capture::Capture;
use crate::digits;

/// A capture of encoded bytes in RTP, as a sender with these packets makes it: an incomplete last packet is
/// left out. `first` is the first packet's header; its marker, sequence number, timestamp and SSRC are taken
/// from there.
pub fn rtp_capture(encoded: &[u8], form: &PacketForm, first: Header) -> Capture {
    let mut capture = Capture::default();
    let mut header = Header { payload_type: form.payload_type, ..first };
    let mut at_us = 0;
    for payload in encoded.chunks_exact(form.packet_bytes.max(1) as usize) {
        capture.push(at_us, 0, &[&header.to_bytes(), payload].concat());
        at_us += u64::from(form.packet_ms) * 1000;
        header.marker = false;
        header.sequence = header.sequence.wrapping_add(1);
        header.timestamp = header.timestamp.wrapping_add(form.ticks);
    }
    capture
}

/// A pcap file of each digit as an RFC 4733 event of 140 ms: seven packets and three of its end for one
/// digit. Several digits are 300 ms apart. What is no digit (`0`–`9`, `*`, `#`, `A`–`D`) is left out.
pub fn digit_capture(digits: &str, payload_type: u8) -> Vec<u8> {
    const TONE_MS: u32 = 140;
    const APART_MS: u64 = 300;
    let mut all = Capture::default();
    let mut sequence = 1_u16;
    for (n, event) in
        digits.chars().filter_map(|digit| digits::event(digit, TONE_MS, payload_type)).enumerate()
    {
        let begin_us = n as u64 * APART_MS * 1000;
        for packet in &event.packets {
            let mut bytes = event.payload(packet).to_vec();
            if let Some((header, payload)) = Header::parse(&bytes) {
                // 32 bits of the clock's ticks, as they wrap in RTP.
                let timestamp = (begin_us / 125) as u32;
                bytes = [&Header { sequence, timestamp, ssrc: 0xb05e_0001, ..header }.to_bytes(), payload]
                    .concat();
            }
            sequence = sequence.wrapping_add(1);
            all.push(begin_us + packet.offset_us, 0, &bytes);
        }
    }
    write_pcap(&all)
}

/// A pcap file (Ethernet, IPv4, µs) of a capture's packets: from port 40000 of 192.0.2.1 to port 40002 of
/// 192.0.2.2 and those above it.
pub fn write_pcap(capture: &Capture) -> Vec<u8> {
    const START_SECONDS: u64 = 1_700_000_000;
    const PORT: u16 = 40_002;
    let mut file = Vec::with_capacity(24 + capture.bytes.len() + capture.packets.len() * 58);
    file.extend_from_slice(&0xa1b2_c3d4_u32.to_le_bytes());
    file.extend_from_slice(&[2, 0, 4, 0]);
    file.extend_from_slice(&[0; 8]);
    file.extend_from_slice(&262_144_u32.to_le_bytes());
    file.extend_from_slice(&1_u32.to_le_bytes());
    for packet in &capture.packets {
        let payload = capture.payload(packet);
        let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
            .udp(40_000, PORT.saturating_add(packet.port_offset));
        let mut frame = Vec::with_capacity(builder.size(payload.len()));
        if builder.write(&mut frame, payload).is_err() {
            // Only what is longer than IP allows, and a captured packet is not.
            continue;
        }
        let (seconds, us) = (START_SECONDS + packet.offset_us / 1_000_000, packet.offset_us % 1_000_000);
        for field in [seconds as u32, us as u32, frame.len() as u32, frame.len() as u32] {
            file.extend_from_slice(&field.to_le_bytes());
        }
        file.extend_from_slice(&frame);
    }
    file
}
