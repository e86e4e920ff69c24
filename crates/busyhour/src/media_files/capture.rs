//! What is in a capture.

use std::collections::{BTreeMap, BTreeSet};

use busyhour_media::Capture;
use busyhour_media::digits::event_digit;
use busyhour_report::figures::{count, counted, duration, wrapped};
use busyhour_wire::rtp::Header;
use busyhour_wire::sdp::static_encoding;

use super::line;

/// The most streams that are listed.
const MAX_STREAMS: usize = 20;
/// Columns of a hint.
const WIDTH: usize = 78;

/// Packets of one SSRC to one port.
#[derive(Debug, Default)]
struct Stream {
    packets: u64,
    payload_types: BTreeMap<u8, u64>,
    /// Sequence numbers without wrap-around; the first is 65536.
    seen: BTreeSet<i64>,
    last: Option<i64>,
    /// Events that ended, so that each counts once, with their place in the file.
    ended: BTreeSet<u32>,
    digits: String,
}

/// What is in a capture, as lines; `name` stands in commands.
pub(super) fn text(capture: &Capture, name: &str) -> String {
    let mut streams: BTreeMap<(u16, u32), Stream> = BTreeMap::new();
    let (mut rtcp, mut other) = (0, 0);
    let mut ports = BTreeSet::new();
    for packet in &capture.packets {
        let bytes = capture.payload(packet);
        ports.insert(packet.port_offset);
        // RTCP first: its types are those that RTP leaves free for that (RFC 5761 §4).
        if matches!(bytes, [first, 192..=223, ..] if first >> 6 == 2 && bytes.len() >= 8) {
            rtcp += 1;
        } else if let Some((header, payload)) = Header::parse(bytes) {
            streams.entry((packet.port_offset, header.ssrc)).or_default().take(header, payload);
        } else {
            other += 1;
        }
    }
    let mut text = String::new();
    let packets = capture.packets.len() as u64;
    line(&mut text, "packets that are played", &count(packets), "");
    line(&mut text, "length", &duration(capture.length_us()), "");
    for (label, number) in [("RTCP packets", rtcp), ("packets neither RTP nor RTCP", other)] {
        if number > 0 {
            line(&mut text, label, &count(number), "");
        }
    }
    for ((port, ssrc), stream) in streams.iter().take(MAX_STREAMS) {
        stream.tell(&mut text, *port, *ssrc);
    }
    if streams.len() > MAX_STREAMS {
        text.push_str(&format!("  … and {}\n", counted((streams.len() - MAX_STREAMS) as u64, "more stream")));
    }
    let mut skipped = capture.skipped;
    // Stands above.
    skipped.not_rtp = 0;
    let mut hints: Vec<String> = skipped.note().into_iter().collect();
    if skipped.fragments > 0 {
        hints.push(
            "Fragments are not put together: record where packets are whole, before the MTU of a host or a router cuts \
             them."
                .to_owned(),
        );
    }
    if other > 0 {
        hints.push(format!(
            "Neither RTP nor RTCP: if it is not T.38, the capture took in too much. To keep what went to one port: tshark \
             -r {name} -Y 'udp.dstport == PORT' -F pcap -w one.pcap"
        ));
    }
    for hint in hints {
        text.push_str(&format!("  {}\n", wrapped(&hint, 2, WIDTH)));
    }
    if streams.len() > 1 {
        let hint = format!(
            "Several streams: is this both directions of a call? All of it goes to the far end. Its ports: tshark -r {name} \
             -q -z conv,udp; to keep what went to one of them: tshark -r {name} -Y 'udp.dstport == PORT' -F pcap -w one.pcap"
        );
        text.push_str(&format!("  {}\n", wrapped(&hint, 2, WIDTH)));
    }
    text
}

impl Stream {
    fn take(&mut self, header: Header, payload: &[u8]) {
        self.packets += 1;
        *self.payload_types.entry(header.payload_type).or_default() += 1;
        let sequence = match self.last {
            None => 65_536 + i64::from(header.sequence),
            // The nearest number with these low bits: sequence numbers wrap.
            Some(last) => last + i64::from(header.sequence.wrapping_sub(last as u16) as i16),
        };
        self.last = Some(self.last.map_or(sequence, |last| last.max(sequence)));
        self.seen.insert(sequence);
        // Without a session description an event is told by its form: dynamic type, four bytes, the end bit, no reserved
        // bit, some duration (RFC 4733 §2.3).
        if let ([code, flags, long, short], 96..=127) = (payload, header.payload_type)
            && let Some(digit) = event_digit(*code)
            && flags & 0xc0 == 0x80
            && (*long, *short) != (0, 0)
            && self.ended.insert(header.timestamp)
        {
            self.digits.push(digit);
        }
    }

    fn tell(&self, text: &mut String, port: u16, ssrc: u32) {
        let to = if port == 0 {
            "to the far end's port".to_owned()
        } else {
            format!("to the port {port} above it")
        };
        line(text, &format!("stream {ssrc:#010x}"), &count(self.packets), &format!("packets, {to}"));
        for (payload_type, packets) in &self.payload_types {
            let name = match static_encoding(*payload_type) {
                Some(encoding) => String::from_utf8_lossy(encoding.name).into_owned(),
                None => "dynamic: the session description names it".to_owned(),
            };
            line(text, &format!("  payload type {payload_type}"), &count(*packets), &name);
        }
        let first = self.seen.first().copied().unwrap_or(0);
        let expected = self.last.map_or(0, |last| last - first + 1);
        let missing = expected - self.seen.len() as i64;
        if missing > 0 {
            line(text, "  missing", &count(missing as u64), "the far end will see them as lost");
        }
        let repeated = self.packets - self.seen.len() as u64;
        if repeated > 0 {
            line(text, "  twice", &count(repeated), "was it recorded on two interfaces?");
        }
        if !self.digits.is_empty() {
            text.push_str(&format!("    digits (telephone events): {}\n", self.digits));
        }
    }
}
