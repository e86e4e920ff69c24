//! Captures on a call's own RTP stream (dynamic-pcap.md): sequence numbers, timestamps and SSRC of the file are replaced so
//! that play after play is one stream.
//!
//! All sources (SSRC) of a file become the one of the call. Gaps and reordering within a play stay as captured, and so
//! do timestamps relative to each other; packets that the file holds twice stay twice. Where a file's numbers jump (by
//! more than [`JUMP_MAX`]) or another source begins, the stream goes on with the next number and by the time that has
//! passed. A call that begins with a capture begins with the numbers that SIPp gives to digits (spec-3.8 F).

use busyhour_wire::rtp::{HEADER_LEN, Header};

use crate::session::timeline::Timeline;
use crate::time::Time;

/// What a call begins with if nothing was sent on its stream before.
const FIRST_SEQUENCE: u16 = 1200;
const FIRST_STAMP: u32 = 24_000;
/// The largest gap in a file's sequence numbers that is kept.
const JUMP_MAX: i16 = 1000;
/// Sources of one file that are told apart at a time.
const SOURCES: usize = 4;

/// How one play of a capture is renumbered.
#[derive(Debug, Default)]
pub(crate) struct Renumbering {
    sources: [Option<Source>; SOURCES],
    next_slot: u8,
    first_out: Option<u16>,
}

/// One source of the file.
#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    /// Highest sequence number in the file so far, and what became of it.
    highest_in: u16,
    highest_out: u16,
    /// Our timestamps less those of the file.
    shift: u32,
}

impl Renumbering {
    /// Rewrites the RTP packet `packet`, which [`Header::parse`] has read, due at `due`, and notes it as sent.
    pub(crate) fn apply(
        &mut self,
        packet: &mut [u8],
        header: &Header,
        payload_len: usize,
        due: Time,
        clock_hz: u32,
        timeline: &mut Timeline,
    ) {
        let marker = header.marker || self.first_out.is_none() && timeline.is_silent_before(due);
        let (sequence, stamp) = self.place(header, due, clock_hz, timeline);
        self.first_out.get_or_insert(sequence);
        let fixed =
            Header { marker, sequence, timestamp: stamp, ssrc: timeline.ssrc(), ..*header }.to_bytes();
        // The first byte stays: it tells of extension, padding and contributing sources.
        if let Some(head) = packet.get_mut(1..HEADER_LEN) {
            head.copy_from_slice(&fixed[1..]);
        }
        timeline.note(due, sequence, stamp, payload_len);
    }

    /// The packet's sequence number and timestamp on the call's stream.
    fn place(&mut self, header: &Header, due: Time, clock_hz: u32, timeline: &mut Timeline) -> (u16, u32) {
        let known = self.sources.iter_mut().flatten().find(|source| source.ssrc == header.ssrc);
        let Some(source) = known else { return self.begin(header, due, clock_hz, timeline) };
        let step = header.sequence.wrapping_sub(source.highest_in) as i16;
        let sequence = if !(-JUMP_MAX..=JUMP_MAX).contains(&step) {
            return self.begin(header, due, clock_hz, timeline);
        } else if step > 0 {
            let sequence = timeline.next_sequence().wrapping_add(step as u16 - 1);
            (source.highest_in, source.highest_out) = (header.sequence, sequence);
            sequence
        } else {
            source.highest_out.wrapping_add_signed(step)
        };
        let before_play = self.first_out.is_some_and(|first| (sequence.wrapping_sub(first) as i16) < 0);
        let stamp = header.timestamp.wrapping_add(source.shift);
        // One that the file has before the first must not take a number of the play before.
        (if before_play { timeline.next_sequence() } else { sequence }, stamp)
    }

    fn begin(&mut self, header: &Header, due: Time, clock_hz: u32, timeline: &mut Timeline) -> (u16, u32) {
        let (sequence, stamp) = if timeline.begun() {
            (timeline.next_sequence(), timeline.stamp_at(due, clock_hz))
        } else {
            timeline.begin_at(due, FIRST_STAMP, clock_hz);
            (FIRST_SEQUENCE, FIRST_STAMP)
        };
        let source = Source {
            ssrc: header.ssrc,
            highest_in: header.sequence,
            highest_out: sequence,
            shift: stamp.wrapping_sub(header.timestamp),
        };
        let slot = self.sources.iter().position(|slot| slot.is_some_and(|known| known.ssrc == header.ssrc));
        let slot = slot.unwrap_or_else(|| {
            let next = usize::from(self.next_slot);
            self.next_slot = ((next + 1) % SOURCES) as u8;
            next
        });
        self.sources[slot] = Some(source);
        (sequence, stamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays (sequence, timestamp, ssrc) 20 ms apart from `start`.
    fn play(timeline: &mut Timeline, start_ms: u64, packets: &[(u16, u32, u32)]) -> Vec<Header> {
        let mut renumbering = Renumbering::default();
        let mut sent = Vec::new();
        for (n, (sequence, timestamp, ssrc)) in packets.iter().enumerate() {
            let header = Header {
                marker: false,
                payload_type: 101,
                sequence: *sequence,
                timestamp: *timestamp,
                ssrc: *ssrc,
            };
            let mut packet = header.to_bytes().to_vec();
            packet.extend_from_slice(&[1, 2, 3, 4]);
            let due = Time::from_millis(start_ms + 20 * n as u64);
            renumbering.apply(&mut packet, &header, 4, due, 8000, timeline);
            let (header, payload) = Header::parse(&packet).unwrap();
            assert_eq!(payload, [1, 2, 3, 4]);
            sent.push(header);
        }
        sent
    }

    fn sequences(sent: &[Header]) -> Vec<u16> {
        sent.iter().map(|header| header.sequence).collect()
    }

    fn stamps(sent: &[Header]) -> Vec<u32> {
        sent.iter().map(|header| header.timestamp).collect()
    }

    #[test]
    fn two_plays_are_one_stream() {
        let mut timeline = Timeline::new(7);
        let file = [(0, 77, 5), (1, 237, 5), (2, 397, 5), (3, 397, 5)];
        let first = play(&mut timeline, 0, &file);
        assert_eq!(
            (sequences(&first), stamps(&first)),
            (vec![1200, 1201, 1202, 1203], vec![24_000, 24_160, 24_320, 24_320])
        );
        assert!(first[0].marker && !first[1].marker && first.iter().all(|header| header.ssrc == 7));
        let second = play(&mut timeline, 1000, &file);
        assert_eq!(
            (sequences(&second), stamps(&second)),
            (vec![1204, 1205, 1206, 1207], vec![32_000, 32_160, 32_320, 32_320])
        );
        assert!(second[0].marker);
    }

    #[test]
    fn gaps_duplicates_and_order_stay() {
        let mut timeline = Timeline::new(7);
        play(&mut timeline, 0, &[(9, 0, 1)]);
        let sent =
            play(&mut timeline, 1000, &[(65_535, 0, 5), (1, 320, 5), (0, 160, 5), (1, 320, 5), (4, 800, 5)]);
        assert_eq!(sequences(&sent), [1201, 1203, 1202, 1203, 1206]);
        assert_eq!(stamps(&sent), [32_000, 32_320, 32_160, 32_320, 32_800]);
    }

    #[test]
    fn packets_sent_again_keep_their_number() {
        // As in the captures of digits that SIPp's users have: an event's three end packets are one packet, three times.
        let mut timeline = Timeline::new(7);
        let file = [(8, 640, 5), (9, 640, 5), (10, 640, 5), (10, 640, 5), (10, 640, 5)];
        play(&mut timeline, 0, &file);
        let sent = play(&mut timeline, 1000, &file);
        assert_eq!(sequences(&sent), [1203, 1204, 1205, 1205, 1205]);
        assert_eq!(stamps(&sent), [32_000; 5]);
    }

    #[test]
    fn what_precedes_the_first_takes_no_earlier_number() {
        let mut timeline = Timeline::new(7);
        play(&mut timeline, 0, &[(9, 0, 1)]);
        let sent = play(&mut timeline, 1000, &[(5, 160, 5), (4, 0, 5), (6, 320, 5)]);
        assert_eq!(sequences(&sent), [1201, 1202, 1203]);
    }

    #[test]
    fn other_sources_and_jumps_go_on() {
        let mut timeline = Timeline::new(7);
        let sent = play(
            &mut timeline,
            0,
            &[
                (100, 0, 1),
                (900, 777, 2),
                (101, 320, 1),
                (901, 937, 2),
                (30_000, 9, 1),
                (100, 0, 1),
                (1, 1, 3),
                (1, 1, 4),
                (1, 1, 5),
                (1, 1, 6),
                (102, 160, 1),
            ],
        );
        assert_eq!(sequences(&sent), (1200..=1210).collect::<Vec<_>>());
        assert_eq!(
            stamps(&sent)[..6].iter().map(|stamp| stamp - 24_000).collect::<Vec<_>>(),
            [0, 160, 320, 320, 640, 800]
        );
        assert!(sent.iter().all(|header| header.ssrc == 7));
    }
}
