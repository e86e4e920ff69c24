//! Digits as telephone events (RFC 4733), made as a capture: what `play_dtmf` plays (spec-3.8 F, spec-media
//! §4).

use busyhour_wire::rtp;

use crate::capture::Capture;
use crate::library::Digits;

/// The most digits that one action plays; what follows is left out.
pub const MAX_DIGITS: usize = 512;
/// Shortest and longest tone, ms.
pub const TONE_MS: std::ops::RangeInclusive<u32> = 50..=2000;
/// Payload type of the packets before the first digit.
pub const FILLER_PAYLOAD_TYPE: u8 = 97;

/// Packets before the first digit: they open the way through address translators.
const FILLERS: u32 = 20;
/// From one packet to the next, ms.
const PACKET_MS: u32 = 20;
/// From one of the last packets of an event to the next, ms.
const END_MS: u32 = 1;
/// How often an event's end is told (RFC 4733 §2.5.1.4).
const ENDS: u32 = 3;
/// RTP clock ticks of a millisecond.
const TICKS: u32 = 8;
/// Power of a tone: 10 is −10 dBm0 (RFC 4733 §2.3.3).
const VOLUME: u8 = 10;

/// The events of these digits. Sequence numbers and timestamps begin at 0 and the SSRC is 0: they are to be
/// renumbered. Timestamps are those of the moment (8 kHz): an event's is the one of its beginning in all its
/// packets.
///
/// With tones of at most 2000 ms a duration is at most 16000 ticks, so that no event needs to be split (RFC
/// 4733 §2.5.1.3).
pub(crate) fn capture(digits: &Digits) -> Capture {
    let mut stream = Stream::default();
    for filler in 0..FILLERS {
        let at = filler * PACKET_MS;
        stream.push(
            at,
            rtp::Header { payload_type: FILLER_PAYLOAD_TYPE, timestamp: at * TICKS, ..HEADER },
            [0; 4],
        );
    }
    let tone_ms = digits.tone_ms.clamp(*TONE_MS.start(), *TONE_MS.end());
    let mut begin = FILLERS * PACKET_MS;
    for code in digits.digits.chars().filter_map(event_code).take(MAX_DIGITS) {
        begin += 2 * tone_ms;
        stream.push_event(begin, code, tone_ms, digits.payload_type);
    }
    stream.capture
}

/// One event alone, from its first packet on.
pub(crate) fn event(digit: char, tone_ms: u32, payload_type: u8) -> Option<Capture> {
    let mut stream = Stream::default();
    stream.push_event(0, event_code(digit)?, tone_ms.clamp(*TONE_MS.start(), *TONE_MS.end()), payload_type);
    Some(stream.capture)
}

/// The event of a digit (RFC 4733 §3.2); `None` if it is none. Letters are upper-case only, as in SIPp.
pub fn event_code(digit: char) -> Option<u8> {
    match digit {
        '0'..='9' => Some(digit as u8 - b'0'),
        '*' => Some(10),
        '#' => Some(11),
        'A'..='D' => Some(digit as u8 - b'A' + 12),
        _ => None,
    }
}

/// The digit of an event; `None` for events that are no digits.
pub fn event_digit(code: u8) -> Option<char> {
    b"0123456789*#ABCD".get(usize::from(code)).map(|&digit| char::from(digit))
}

const HEADER: rtp::Header =
    rtp::Header { marker: false, payload_type: 0, sequence: 0, timestamp: 0, ssrc: 0 };

#[derive(Debug, Default)]
struct Stream {
    capture: Capture,
    sequence: u16,
}

impl Stream {
    fn push_event(&mut self, begin: u32, code: u8, tone_ms: u32, payload_type: u8) {
        let header = rtp::Header { payload_type, timestamp: begin.wrapping_mul(TICKS), ..HEADER };
        for elapsed in (0..tone_ms).step_by(PACKET_MS as usize) {
            let marker = elapsed == 0;
            self.push(begin + elapsed, rtp::Header { marker, ..header }, event_payload(code, false, elapsed));
        }
        for end in 0..ENDS {
            self.push(begin + tone_ms + end * END_MS, header, event_payload(code, true, tone_ms));
        }
    }

    fn push(&mut self, at_ms: u32, header: rtp::Header, payload: [u8; 4]) {
        let mut packet = [0; rtp::HEADER_LEN + 4];
        packet[..rtp::HEADER_LEN]
            .copy_from_slice(&rtp::Header { sequence: self.sequence, ..header }.to_bytes());
        packet[rtp::HEADER_LEN..].copy_from_slice(&payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.capture.push(u64::from(at_ms) * 1000, 0, &packet);
    }
}

/// RFC 4733 §2.3: event, end bit, a reserved bit that is 0, volume, duration.
fn event_payload(code: u8, end: bool, elapsed_ms: u32) -> [u8; 4] {
    let [high, low] = u16::try_from(elapsed_ms * TICKS).unwrap_or(u16::MAX).to_be_bytes();
    [code, u8::from(end) << 7 | VOLUME, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packets(capture: &Capture) -> Vec<(u64, rtp::Header, [u8; 4])> {
        let read = |packet| {
            let (header, payload) = rtp::Header::parse(capture.payload(packet)).expect("RTP");
            (packet.offset_us / 1000, header, payload.try_into().expect("four bytes"))
        };
        capture.packets.iter().map(read).collect()
    }

    fn wish(digits: &str, tone_ms: u32) -> Digits {
        Digits { digits: digits.to_owned(), tone_ms, payload_type: 96 }
    }

    #[test]
    fn fillers_then_events() {
        let all = packets(&capture(&wish("5#", 60)));
        let times: Vec<u64> = all.iter().map(|packet| packet.0).collect();
        let fillers: Vec<u64> = (0..20).map(|n| n * 20).collect();
        assert_eq!(times[..20], fillers);
        assert_eq!(times[20..], [520, 540, 560, 580, 581, 582, 640, 660, 680, 700, 701, 702]);
        for (n, (at, header, payload)) in all.iter().enumerate() {
            assert_eq!(usize::from(header.sequence), n);
            assert_eq!(header.marker, n == 20 || n == 26);
            if n < 20 {
                assert_eq!((header.payload_type, header.timestamp, *payload), (97, *at as u32 * 8, [0; 4]));
            }
        }
        assert!(all[20..26].iter().all(|packet| packet.1.timestamp == 520 * 8));
        assert!(all[26..].iter().all(|packet| packet.1.timestamp == 640 * 8 && packet.1.payload_type == 96));
        assert_eq!(all[21].2, [5, 10, 0, 160]);
        assert_eq!(all[23].2, [5, 0x8a, 1, 224]);
        assert_eq!(all[31].2, [11, 0x8a, 1, 224]);
    }

    #[test]
    fn the_longest_tone_needs_no_split() {
        let all = packets(&capture(&wish("1", 9999)));
        assert_eq!(all.last().map(|packet| packet.2), Some([1, 0x8a, 0x3e, 0x80]));
        assert_eq!(all.len(), 20 + 100 + 3);
    }

    #[test]
    fn what_is_no_digit_is_left_out() {
        assert_eq!(capture(&wish("a x\u{e9}", 100)).packets.len(), 20);
        assert_eq!(capture(&wish(&"1".repeat(2000), 50)).packets.len(), 20 + MAX_DIGITS * 6);
    }

    proptest! {
        #[test]
        fn events_give_the_digits_back(digits in "[0-9*#A-D]{0,40}", tone_ms in 50_u32..=2000) {
            let mut heard = String::new();
            let mut last = None;
            for (at, header, [code, flags, high, low]) in packets(&capture(&wish(&digits, tone_ms))) {
                if header.payload_type != 96 {
                    continue;
                }
                let duration = u32::from(u16::from_be_bytes([high, low]));
                prop_assert_eq!(flags & 0x7f, 10);
                prop_assert!(at as u32 * 8 >= header.timestamp + duration);
                prop_assert!(at as u32 * 8 <= header.timestamp + duration + 16);
                if flags & 0x80 != 0 {
                    prop_assert_eq!(duration, tone_ms * 8);
                    if last.replace(header.timestamp) != Some(header.timestamp) {
                        heard.extend(event_digit(code));
                    }
                }
            }
            prop_assert_eq!(heard, digits);
        }
    }
}
