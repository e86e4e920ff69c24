//! The digits of a medium, in the order in which they were heard, each once.

use crate::heard::Digit;
use crate::time::Time;

/// Digits that are kept.
pub const DIGITS_MAX: usize = 256;

/// An event is the same digit as a tone heard this shortly before: the tone that a gateway lets through until
/// it has recognised it itself.
const SAME_DIGIT_US: u64 = 200_000;

/// Digits heard so far.
#[derive(Debug, Clone, Default)]
#[repr(C)]
pub(super) struct Digits {
    /// Asked for each packet, so it stands first.
    events: bool,
    dropped: u32,
    kept: Vec<Digit>,
    /// The last digit that was a tone, and when, if nothing came after it.
    last_tone: Option<(u8, Time)>,
}

impl Digits {
    /// Takes a digit that came as an event.
    pub(super) fn event(&mut self, received: Time, digit: u8, payload_type: u8) {
        self.events = true;
        let heard = Digit { digit, payload_type: Some(payload_type) };
        match (self.last_tone.take(), self.kept.last_mut()) {
            (Some((tone, at)), Some(last))
                if tone == digit && self.dropped == 0 && received.micros_since(at) < SAME_DIGIT_US =>
            {
                *last = heard;
            }
            _ => self.keep(heard),
        }
    }

    /// Takes a digit that came as a tone.
    pub(super) fn tone(&mut self, received: Time, digit: u8) {
        self.last_tone = Some((digit, received));
        self.keep(Digit { digit, payload_type: None });
    }

    /// Whether tones are to be looked for: not once events have come, which say the same digits better.
    pub(super) fn want_tones(&self) -> bool {
        !self.events
    }

    pub(super) fn kept(&self) -> &[Digit] {
        &self.kept
    }

    /// Digits beyond [`DIGITS_MAX`].
    pub(super) fn dropped(&self) -> u64 {
        u64::from(self.dropped)
    }

    fn keep(&mut self, digit: Digit) {
        if self.kept.len() < DIGITS_MAX {
            self.kept.push(digit);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
