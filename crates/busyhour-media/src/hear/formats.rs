//! What the payload types of a medium mean.

use super::level::Law;
use crate::command::Format;
use crate::quality::Codec;

/// Formats of one medium that are kept; further ones count as not agreed on.
const FORMATS_MAX: usize = 32;

/// A payload type's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// 0 to 127.
    pub(super) payload_type: u8,
    /// The SDP names it, or no SDP has named any.
    pub(super) agreed: bool,
    /// Telephone events (RFC 4733).
    pub(super) events: bool,
    /// No SDP and no table says what it is.
    pub(super) unknown: bool,
    /// G.711.
    pub(super) law: Option<Law>,
    /// For the score.
    pub(super) codec: Option<Codec>,
    /// RTP clock, Hz; 0: not known.
    pub(super) clock_hz: u32,
}

/// The payload types that both sides know.
#[derive(Debug, Clone, Default)]
pub(super) struct Formats {
    agreed: Vec<Meaning>,
}

impl Formats {
    /// Reads those of the SDP.
    pub(super) fn new(formats: &[Format]) -> Formats {
        let agreed = formats
            .iter()
            .take(FORMATS_MAX)
            .map(|format| meaning(format.payload_type, &format.encoding, format.clock_hz, true))
            .collect();
        Formats { agreed }
    }

    /// The meaning of a payload type: by the SDP, else by RFC 3551's table.
    pub(super) fn of(&self, payload_type: u8) -> Meaning {
        if let Some(agreed) = self.agreed.iter().find(|agreed| agreed.payload_type == payload_type) {
            return *agreed;
        }
        let agreed = self.agreed.is_empty();
        match STATIC.iter().find(|(number, ..)| *number == payload_type) {
            Some((_, encoding, clock_hz)) => meaning(payload_type, encoding, *clock_hz, agreed),
            None => Meaning { unknown: true, ..meaning(payload_type, "", 0, agreed) },
        }
    }

    /// Clock of the first format that is no telephone event: of what we send, unless the call changes it. Hz.
    pub(super) fn clock_hz(&self) -> Option<u32> {
        self.agreed.iter().find(|format| !format.events && format.clock_hz > 0).map(|format| format.clock_hz)
    }
}

fn meaning(payload_type: u8, encoding: &str, clock_hz: u32, agreed: bool) -> Meaning {
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    // G.711 at another clock than 8000 Hz is not searched for tones at the wrong pitch.
    let law = match clock_hz {
        8_000 if is("PCMU") => Some(Law::Mu),
        8_000 if is("PCMA") => Some(Law::A),
        _ => None,
    };
    Meaning {
        payload_type,
        agreed,
        events: is("telephone-event"),
        unknown: false,
        law,
        codec: Codec::of(encoding, clock_hz),
        clock_hz,
    }
}

/// RFC 3551 §6, tables 4 and 5. G.722's clock is 8000 Hz there, though it samples at 16 000.
const STATIC: [(u8, &str, u32); 23] = [
    (0, "PCMU", 8_000),
    (3, "GSM", 8_000),
    (4, "G723", 8_000),
    (5, "DVI4", 8_000),
    (6, "DVI4", 16_000),
    (7, "LPC", 8_000),
    (8, "PCMA", 8_000),
    (9, "G722", 8_000),
    (10, "L16", 44_100),
    (11, "L16", 44_100),
    (12, "QCELP", 8_000),
    (13, "CN", 8_000),
    (14, "MPA", 90_000),
    (15, "G728", 8_000),
    (16, "DVI4", 11_025),
    (17, "DVI4", 22_050),
    (18, "G729", 8_000),
    (25, "CelB", 90_000),
    (26, "JPEG", 90_000),
    (31, "H261", 90_000),
    (32, "MPV", 90_000),
    (33, "MP2T", 90_000),
    (34, "H263", 90_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn format(payload_type: u8, encoding: &str, clock_hz: u32) -> Format {
        Format { payload_type, encoding: encoding.to_owned(), clock_hz }
    }

    #[test]
    fn the_sdp_wins_over_the_table() {
        let formats = Formats::new(&[format(8, "pcma", 8_000), format(101, "Telephone-Event", 8_000)]);
        assert_eq!(formats.of(8).law, Some(Law::A));
        assert!(formats.of(101).events && formats.of(101).agreed);
        assert!(!formats.of(0).agreed && formats.of(0).law == Some(Law::Mu));
        assert!(formats.of(96).unknown && !formats.of(96).agreed);
        assert_eq!(formats.clock_hz(), Some(8_000));
    }

    #[test]
    fn without_sdp_everything_is_agreed() {
        let formats = Formats::default();
        assert!(formats.of(96).agreed);
        assert_eq!((formats.of(9).clock_hz, formats.of(34).clock_hz), (8_000, 90_000));
        assert_eq!(formats.clock_hz(), None);
    }
}
