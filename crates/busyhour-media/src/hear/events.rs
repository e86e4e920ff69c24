//! Digits as telephone events (RFC 4733).

/// Events that are told from new ones when their packets come late.
const REMEMBERED: usize = 4;

/// The longest duration that one timestamp can hold; longer events go on with a new one (RFC 4733 §2.5.1.3).
const DURATION_MAX: u32 = 0xffff;

/// The events of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Events {
    /// The last events, the latest first.
    recent: [Option<Recent>; REMEMBERED],
    /// Sum of the durations of those before [`Events::recent`], in timestamp units.
    ticks_before: u64,
}

#[derive(Debug, Clone, Copy)]
struct Recent {
    code: u8,
    payload_type: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl Events {
    /// Takes the payload of an event packet; gives a digit when its first packet comes, whichever that is:
    /// with the start lost, an update or the end tells as well. Events other than digits (16 and up) give
    /// none, and what has no duration yet waits for the next packet.
    pub(super) fn take(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Option<u8> {
        let &[code, flags, high, low, ..] = payload else { return None };
        let duration = u16::from_be_bytes([high, low]);
        let ended = flags & 0x80 != 0;
        let digit = *DIGITS.get(usize::from(code))?;
        let mut known = self.recent.iter_mut().flatten();
        if let Some(event) =
            known.find(|event| event.timestamp == timestamp && event.payload_type == payload_type)
        {
            if event.code == code {
                event.duration = event.duration.max(duration);
                event.ended |= ended;
            }
            return None;
        }
        if duration == 0 {
            return None;
        }
        let goes_on = self.recent[0].is_some_and(|last| {
            last.code == code
                && last.payload_type == payload_type
                && !last.ended
                && timestamp.wrapping_sub(last.timestamp) == DURATION_MAX
        });
        let oldest = self.recent[REMEMBERED - 1];
        self.ticks_before += oldest.map_or(0, |event| u64::from(event.duration));
        self.recent.rotate_right(1);
        self.recent[0] = Some(Recent { code, payload_type, timestamp, duration, ended });
        (!goes_on).then_some(digit)
    }

    /// How long all events lasted, in timestamp units.
    pub(super) fn ticks(&self) -> u64 {
        self.recent.iter().flatten().fold(self.ticks_before, |sum, event| sum + u64::from(event.duration))
    }
}

/// RFC 4733 §3.2, table 3.
const DIGITS: [u8; 16] = *b"0123456789*#ABCD";

/// Whether a payload of a type that nobody agreed on looks like a digit's event: SIPp's `play_dtmf`, and
/// captures, send them whatever the SDP says. All four bytes are there, the reserved bit is 0, the duration
/// is not.
pub(super) fn looks_like_event(payload: &[u8]) -> bool {
    matches!(payload, [0..16, flags, high, low] if flags & 0x40 == 0 && (*high, *low) != (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(code: u8, end: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [code, u8::from(end) << 7 | 10, high, low]
    }

    #[test]
    fn a_digit_is_heard_once_whatever_is_lost() {
        let packets: Vec<_> =
            [(160, false), (320, false), (480, false), (640, true), (640, true), (640, true)].into();
        for lost in 0..1_u32 << packets.len() {
            let mut events = Events::default();
            let heard: Vec<_> = packets
                .iter()
                .enumerate()
                .filter(|(index, _)| lost >> index & 1 == 0)
                .filter_map(|(_, (duration, end))| events.take(101, 1_000, &event(5, *end, *duration)))
                .collect();
            assert_eq!(heard, if lost == 0x3f { vec![] } else { vec![b'5'] });
        }
    }

    #[test]
    fn the_same_digit_twice_is_two() {
        let mut events = Events::default();
        assert_eq!(events.take(101, 1_000, &event(1, true, 800)), Some(b'1'));
        assert_eq!(events.take(101, 3_000, &event(1, false, 160)), Some(b'1'));
        // A late end of the one before.
        assert_eq!(events.take(101, 1_000, &event(1, true, 800)), None);
        assert_eq!(events.take(101, 3_000, &event(1, true, 800)), None);
        assert_eq!(events.ticks(), 1_600);
    }

    #[test]
    fn a_long_event_goes_on_in_segments() {
        let mut events = Events::default();
        assert_eq!(events.take(101, 100, &event(9, false, 0xffff)), Some(b'9'));
        assert_eq!(events.take(101, 100 + 0xffff, &event(9, false, 160)), None);
        assert_eq!(events.take(101, 100 + 0xffff, &event(9, true, 800)), None);
        assert_eq!(events.take(101, 100 + 2 * 0xffff, &event(9, true, 800)), Some(b'9'));
    }

    #[test]
    fn all_digits_have_names_and_no_others() {
        for (code, digit) in (0..).zip(DIGITS) {
            assert_eq!(Events::default().take(96, 0, &event(code, false, 160)), Some(digit));
        }
        for code in 16..=255 {
            assert_eq!(Events::default().take(96, 0, &event(code, false, 160)), None);
        }
        assert_eq!(Events::default().take(96, 0, &[1, 2, 3]), None);
        assert_eq!(Events::default().take(96, 0, &event(1, false, 0)), None, "a filler of SIPp");
        assert!(looks_like_event(&event(15, true, 1)));
        assert!(!looks_like_event(&event(16, true, 1)));
        assert!(!looks_like_event(&[0; 4]));
    }
}
