//! A sound or a pattern being streamed: `rtp_stream` (spec-media §5 and §6).

use std::sync::Arc;

use busyhour_wire::rtp::{Header, PacketForm};

use crate::session::check::Check;
use crate::session::timeline::Timeline;
use crate::sound::Sound;
use crate::time::Time;

/// Largest payload of a packet: what fits into a UDP datagram with header and tag.
const PAYLOAD_MAX: u32 = 65_000;

/// What streams in a medium of a call, packet by packet at a steady pace.
#[derive(Debug)]
pub(crate) struct Stream {
    matter: Matter,
    payload_type: u8,
    clock_hz: u32,
    packet_us: u64,
    packet_bytes: u32,
    ticks: u32,
    /// When the next packet leaves, unless the stream rests.
    pub(crate) due: Time,
    /// Timestamp of the next packet; `None` before the first.
    stamp: Option<u32>,
    /// `pause`.
    pub(crate) paused: bool,
}

#[derive(Debug)]
enum Matter {
    /// A ring of bytes: a packet that crosses its end goes on at its beginning.
    Sound { sound: Arc<Sound>, at: usize, left: Option<u64> },
    /// Boxed: few calls have one.
    Pattern(Box<Check>),
}

impl Stream {
    /// `loops` times a sound, `None`: without end. `None` if that is nothing at all.
    pub(crate) fn sound(
        sound: Arc<Sound>,
        form: &PacketForm,
        loops: Option<u32>,
        due: Time,
    ) -> Option<Stream> {
        let left = loops.map(|loops| u64::from(loops) * sound.bytes.len() as u64);
        if left == Some(0) || sound.bytes.is_empty() {
            return None;
        }
        Some(Stream::new(Matter::Sound { sound, at: 0, left }, form, due))
    }

    /// An endless pattern, whose echo is checked.
    pub(crate) fn pattern(id: u8, form: &PacketForm, due: Time) -> Stream {
        let bytes = form.packet_bytes.clamp(1, PAYLOAD_MAX);
        Stream::new(Matter::Pattern(Box::new(Check::new(id, bytes))), form, due)
    }

    fn new(matter: Matter, form: &PacketForm, due: Time) -> Stream {
        Stream {
            matter,
            payload_type: form.payload_type,
            clock_hz: form.clock_hz.max(1),
            packet_us: u64::from(form.packet_ms.max(1)) * 1000,
            packet_bytes: form.packet_bytes.clamp(1, PAYLOAD_MAX),
            ticks: form.ticks,
            due,
            stamp: None,
            paused: false,
        }
    }

    /// The pattern's check.
    pub(crate) fn check(&mut self) -> Option<&mut Check> {
        match &mut self.matter {
            Matter::Pattern(check) => Some(check),
            Matter::Sound { .. } => None,
        }
    }

    /// Appends the next packet and goes on to the one after it. False: that was the last.
    pub(crate) fn write(&mut self, now: Time, timeline: &mut Timeline, out: &mut Vec<u8>) -> bool {
        let due = self.due;
        let stamp = match self.stamp {
            Some(stamp) => stamp,
            None => timeline.stamp_at(due, self.clock_hz),
        };
        let sequence = timeline.next_sequence();
        let header = Header {
            // Never set, as SIPp does.
            marker: false,
            payload_type: self.payload_type,
            sequence,
            timestamp: stamp,
            ssrc: timeline.ssrc(),
        };
        out.extend_from_slice(&header.to_bytes());
        let len = self.packet_bytes as usize;
        let more = match &mut self.matter {
            Matter::Sound { sound, at, left } => {
                *at = ring(&sound.bytes, *at, len, out);
                if let Some(left) = left {
                    *left = left.saturating_sub(len as u64);
                }
                *left != Some(0)
            }
            Matter::Pattern(check) => {
                out.resize(out.len() + len, check.byte());
                check.sent(now);
                true
            }
        };
        timeline.note(due, sequence, stamp, len);
        self.stamp = Some(stamp.wrapping_add(self.ticks));
        self.due = due + self.packet_us;
        more
    }

    /// The stream has rested and goes on at `due`, if it was to send before: its sound goes on where it stood, its
    /// timestamps by the time that has passed.
    pub(crate) fn go_on_at(&mut self, due: Time) {
        let rested = due.micros_since(self.due);
        if rested == 0 {
            return;
        }
        if let Some(stamp) = &mut self.stamp {
            let ticks = u128::from(rested) * u128::from(self.ticks) / u128::from(self.packet_us);
            *stamp = stamp.wrapping_add(ticks as u32);
        }
        self.due = due;
    }
}

/// Appends `len` bytes of the ring from `at` on; returns where it stands then. `bytes` is not empty.
fn ring(bytes: &[u8], mut at: usize, len: usize, out: &mut Vec<u8>) -> usize {
    let mut missing = len;
    while missing > 0 {
        let piece = &bytes[at..bytes.len().min(at + missing)];
        out.extend_from_slice(piece);
        missing -= piece.len();
        at = (at + piece.len()) % bytes.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(bytes: u32) -> PacketForm {
        PacketForm { packet_bytes: bytes, ..PacketForm::telephone(8, "PCMA") }
    }

    fn all(stream: Option<Stream>, most: usize) -> Vec<(Header, Vec<u8>)> {
        let mut timeline = Timeline::new(3);
        let mut packets = Vec::new();
        let Some(mut stream) = stream else { return packets };
        for _ in 0..most {
            let mut out = Vec::new();
            let more = stream.write(stream.due, &mut timeline, &mut out);
            let (header, payload) = Header::parse(&out).unwrap();
            packets.push((header, payload.to_vec()));
            if !more {
                break;
            }
        }
        packets
    }

    fn sound(len: usize) -> Arc<Sound> {
        Arc::new(Sound { bytes: (0..len).map(|n| n as u8).collect() })
    }

    #[test]
    fn loops_are_a_ring_and_the_last_packet_is_padded_from_its_start() {
        // spec-media §5: 400 bytes twice are five packets of 160.
        let packets = all(Stream::sound(sound(400), &form(160), Some(2), Time::from_millis(100)), 99);
        assert_eq!(packets.len(), 5);
        let bytes: Vec<u8> = packets.iter().flat_map(|(_, payload)| payload.clone()).collect();
        assert!(bytes.iter().enumerate().all(|(n, byte)| *byte == (n % 400) as u8));
        let packets = all(Stream::sound(sound(100), &form(160), Some(1), Time::ZERO), 99);
        assert_eq!(packets[0].1[98..102], [98, 99, 0, 1]);
        assert_eq!(packets.len(), 1);
    }

    #[test]
    fn short_files_and_nothing() {
        assert_eq!(
            all(Stream::sound(sound(3), &form(10), Some(1), Time::ZERO), 9)[0].1,
            [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
        );
        assert!(Stream::sound(sound(3), &form(10), Some(0), Time::ZERO).is_none());
        assert!(Stream::sound(sound(0), &form(10), None, Time::ZERO).is_none());
        assert_eq!(all(Stream::sound(sound(3), &form(0), None, Time::ZERO), 50).len(), 50);
    }

    #[test]
    fn headers_are_those_of_sipp() {
        let packets = all(Stream::sound(sound(400), &form(160), None, Time::from_millis(100)), 3);
        let numbers: Vec<_> =
            packets.iter().map(|(header, _)| (header.sequence, header.timestamp, header.marker)).collect();
        assert_eq!(numbers, [(0, 800, false), (1, 960, false), (2, 1120, false)]);
    }

    #[test]
    fn rest_is_skipped_in_the_timestamps_only() {
        let mut timeline = Timeline::new(3);
        let mut stream = Stream::sound(sound(400), &form(160), None, Time::from_millis(100)).unwrap();
        let mut out = Vec::new();
        stream.write(stream.due, &mut timeline, &mut out);
        stream.go_on_at(Time::from_millis(1120));
        out.clear();
        stream.write(stream.due, &mut timeline, &mut out);
        let (header, payload) = Header::parse(&out).unwrap();
        assert_eq!((header.sequence, header.timestamp, payload[0]), (1, 800 + 1020 * 8, 160));
        assert_eq!(stream.due, Time::from_millis(1140));
    }
}
