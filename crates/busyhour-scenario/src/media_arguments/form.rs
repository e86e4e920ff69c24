//! How the payloads of encodings are cut into packets (spec-media §5, RFC 3551).

use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::{Medium, static_encoding};

/// Most payload bytes of a packet that `NAME/CLOCK/BYTES/MS` may ask for: with all headers and SRTP it still fits an
/// Ethernet frame.
pub const PACKET_BYTES_MAX: u32 = 1400;

/// Longest packet that `NAME/CLOCK/BYTES/MS` may ask for, ms.
const PACKET_MS_MAX: u32 = 10_000;

/// Characters of a name that an error shows.
const SHOWN_MAX: usize = 40;

/// Why there is no form of packets, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadForm {
    pub(super) what: String,
    pub(super) help: String,
}

/// The packets of an encoding.
struct Known {
    name: &'static str,
    clock_hz: u32,
    packet_ms: u32,
    packet_bytes: u32,
    ticks: u32,
}

/// Encodings whose packets have one length. Where SIPp knows one, the figures are SIPp's: the packets of H264 are 160 ms
/// long and 1280 ticks apart, whatever its clock says.
const KNOWN: &[Known] = &[
    known("PCMU", 8_000, 20, 160, 160),
    known("PCMA", 8_000, 20, 160, 160),
    known("G722", 8_000, 20, 160, 160),
    known("G729", 8_000, 20, 20, 160),
    known("iLBC", 8_000, 30, 50, 240),
    known("H264", 90_000, 160, 1280, 1280),
    known("GSM", 8_000, 20, 33, 160),
    known("G723", 8_000, 30, 24, 240),
    known("G728", 8_000, 20, 40, 160),
    known("G726-16", 8_000, 20, 40, 160),
    known("G726-24", 8_000, 20, 60, 160),
    known("G726-32", 8_000, 20, 80, 160),
    known("G726-40", 8_000, 20, 100, 160),
    known("L16", 8_000, 20, 320, 160),
    known("L16", 16_000, 20, 640, 320),
    known("L16", 44_100, 10, 882, 441),
    known("CN", 8_000, 150, 1, 1200),
    known("telephone-event", 8_000, 20, 4, 160),
];

const fn known(name: &'static str, clock_hz: u32, packet_ms: u32, packet_bytes: u32, ticks: u32) -> Known {
    Known { name, clock_hz, packet_ms, packet_bytes, ticks }
}

impl Known {
    fn form(&self, payload_type: u8) -> PacketForm {
        PacketForm {
            payload_type,
            encoding: self.name.to_owned(),
            clock_hz: self.clock_hz,
            packet_ms: self.packet_ms,
            packet_bytes: self.packet_bytes,
            ticks: self.ticks,
        }
    }
}

/// Comfort noise: any name goes with it (spec-media §5).
const COMFORT_NOISE: u8 = 13;

pub(super) fn packet_form(payload_type: u8, name: Option<&str>) -> Result<PacketForm, BadForm> {
    if payload_type > 127 {
        return Err(no_payload_type(payload_type.into()));
    }
    let usual = static_encoding(payload_type).filter(|usual| usual.channels == 1);
    let usual_name = usual.and_then(|usual| str::from_utf8(usual.name).ok());
    let Some(name) = name.map(str::trim_ascii).filter(|name| !name.is_empty()) else {
        let of_usual = usual.zip(usual_name).and_then(|(usual, name)| find(name, Some(usual.clock_hz)));
        return of_usual.map(|known| known.form(payload_type)).ok_or_else(|| BadForm {
            what: "Missing mandatory payload_name parameter".to_owned(),
            help: format!(
                "payload type {payload_type} does not say which payload it is: write a name behind it, such as \
                 H264/90000 or iLBC/8000"
            ),
        });
    };

    let mut parts = name.split('/');
    let encoding = parts.next().unwrap_or_default();
    if let Some(usual) = usual_name
        && payload_type != COMFORT_NOISE
        && !usual.eq_ignore_ascii_case(encoding)
    {
        return Err(BadForm {
            what: format!(
                "Unknown static rtp payload type {payload_type}: it is {usual}, not {}",
                shown(name)
            ),
            help: format!("write {payload_type},{usual}, or for {} another number", shown(encoding)),
        });
    }
    let numbers: Vec<&str> = parts.collect();
    match numbers[..] {
        [] | [_] => {
            let clock_hz = match numbers.first() {
                Some(text) => Some(number("clock", text, u32::MAX, name)?),
                None => None,
            };
            let is_mono = static_encoding(payload_type).is_none_or(|usual| usual.channels == 1);
            let found = find(encoding, clock_hz).filter(|_| is_mono);
            // The table has it at another clock only, or not at all.
            let found = found.or_else(|| (payload_type == COMFORT_NOISE).then(|| find("CN", None)).flatten());
            found.map(|known| known.form(payload_type)).ok_or_else(|| unknown(payload_type, name, encoding))
        }
        [clock, bytes, ms] => explicit(payload_type, name, encoding, [clock, bytes, ms]),
        _ => Err(unknown(payload_type, name, encoding)),
    }
}

/// That a number is no payload type.
pub(super) fn no_payload_type(number: i64) -> BadForm {
    BadForm {
        what: format!("Invalid rtp payload type {number}"),
        help: "payload types are numbers from 0 to 127".to_owned(),
    }
}

/// Where the packets of a form belong: all encodings with a clock of 90 kHz are video but MPEG audio (RFC 3551 §6).
pub(crate) fn medium_of(form: &PacketForm) -> Medium {
    let is_video = form.clock_hz == 90_000 && !form.encoding.eq_ignore_ascii_case("MPA");
    if is_video { Medium::Video } else { Medium::Audio }
}

/// The encoding of this name, at this clock; without a clock only if there is one of this name.
fn find(name: &str, clock_hz: Option<u32>) -> Option<&'static Known> {
    let mut found = KNOWN.iter().filter(|known| {
        known.name.eq_ignore_ascii_case(name) && clock_hz.is_none_or(|clock| clock == known.clock_hz)
    });
    found.next().filter(|_| found.next().is_none())
}

/// `NAME/CLOCK/BYTES/MS`.
fn explicit(payload_type: u8, name: &str, encoding: &str, numbers: [&str; 3]) -> Result<PacketForm, BadForm> {
    if encoding.is_empty() {
        return Err(unknown(payload_type, name, encoding));
    }
    let [clock, bytes, ms] = numbers;
    let clock_hz = number("clock", clock, u32::MAX, name)?;
    let packet_bytes = number("number of bytes", bytes, PACKET_BYTES_MAX, name)?;
    let packet_ms = number("number of milliseconds", ms, PACKET_MS_MAX, name)?;
    let ticks = u64::from(clock_hz) * u64::from(packet_ms) / 1000;
    let whole = (u64::from(clock_hz) * u64::from(packet_ms)).is_multiple_of(1000);
    let ticks = u32::try_from(ticks).ok().filter(|&ticks| ticks > 0 && whole).ok_or_else(|| BadForm {
        what: format!("{packet_ms} ms are no whole number of ticks of a clock of {clock_hz} Hz"),
        help: "choose milliseconds whose product with the clock is a multiple of 1000".to_owned(),
    })?;
    let encoding = find(encoding, None).map_or(encoding, |known| known.name).to_owned();
    Ok(PacketForm { payload_type, encoding, clock_hz, packet_ms, packet_bytes, ticks })
}

fn number(what: &str, text: &str, max: u32, name: &str) -> Result<u32, BadForm> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=max).contains(number));
    number.ok_or_else(|| BadForm {
        what: format!(
            "the {what} of payload {}, \"{}\", is not a number from 1 to {max}",
            shown(name),
            shown(text)
        ),
        help: "write NAME/CLOCK, or NAME/CLOCK/BYTES/MS, such as opus/48000/160/20".to_owned(),
    })
}

fn unknown(payload_type: u8, name: &str, encoding: &str) -> BadForm {
    let kind = if payload_type < 96 { "static" } else { "dynamic" };
    let mut names: Vec<String> =
        KNOWN.iter().map(|known| format!("{}/{}", known.name, known.clock_hz)).collect();
    let same: Vec<String> = KNOWN
        .iter()
        .filter(|known| known.name.eq_ignore_ascii_case(encoding))
        .map(|known| format!("{}/{}", known.name, known.clock_hz))
        .collect();
    if !same.is_empty() {
        names = same;
    }
    BadForm {
        what: format!(
            "Unknown {kind} rtp payload type {payload_type}: {} is not a known payload",
            shown(name)
        ),
        help: format!(
            "known are {}; for others write NAME/CLOCK/BYTES/MS, such as opus/48000/160/20 for packets of 160 bytes every 20 ms",
            names.join(", ")
        ),
    }
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(payload_type: u8, name: &str) -> (String, u32, u32, u32, u32) {
        let name = Some(name).filter(|name| !name.is_empty());
        let form =
            packet_form(payload_type, name).unwrap_or_else(|bad| panic!("{payload_type} {name:?}: {bad:?}"));
        assert_eq!(form.payload_type, payload_type);
        (form.encoding, form.clock_hz, form.packet_ms, form.packet_bytes, form.ticks)
    }

    fn whys(payload_type: u8, name: &str) -> String {
        packet_form(payload_type, Some(name)).unwrap_err().what
    }

    #[test]
    fn the_table_of_sipp_is_there() {
        for (number, name) in [(0, "PCMU"), (8, "PCMA"), (9, "G722")] {
            assert_eq!(form(number, ""), (name.to_owned(), 8000, 20, 160, 160));
            assert_eq!(form(number, &format!("{name}/8000")), form(number, ""));
            assert_eq!(form(number, name), form(number, ""));
        }
        assert_eq!(form(18, ""), ("G729".to_owned(), 8000, 20, 20, 160));
        for name in ["CN", "anything", "x/1", "CN/8000", ""] {
            assert_eq!(form(13, name), ("CN".to_owned(), 8000, 150, 1, 1200), "{name}");
        }
        assert_eq!(form(97, "iLBC/8000"), ("iLBC".to_owned(), 8000, 30, 50, 240));
        assert_eq!(form(127, "H264/90000"), ("H264".to_owned(), 90_000, 160, 1280, 1280));
    }

    #[test]
    fn known_encodings_go_with_any_number_that_has_no_other() {
        assert_eq!(form(3, ""), ("GSM".to_owned(), 8000, 20, 33, 160));
        assert_eq!(form(4, "g723/8000"), ("G723".to_owned(), 8000, 30, 24, 240));
        assert_eq!(form(11, ""), ("L16".to_owned(), 44_100, 10, 882, 441));
        assert_eq!(form(96, "pcmu"), ("PCMU".to_owned(), 8000, 20, 160, 160));
        assert_eq!(form(35, "G726-24"), ("G726-24".to_owned(), 8000, 20, 60, 160));
        assert_eq!(form(99, "L16/16000"), ("L16".to_owned(), 16_000, 20, 640, 320));
        assert_eq!(form(101, "telephone-event/8000").3, 4);
        assert!(whys(0, "PCMA/8000").contains("it is PCMU, not PCMA/8000"));
        assert!(whys(34, "H264/90000").contains("it is H263"));
    }

    #[test]
    fn other_encodings_say_how_they_are_cut() {
        assert_eq!(form(96, "opus/48000/160/20"), ("opus".to_owned(), 48_000, 20, 160, 960));
        assert_eq!(form(97, "iLBC/8000/38/20"), ("iLBC".to_owned(), 8000, 20, 38, 160));
        assert_eq!(form(0, "pcmu/8000/240/30"), ("PCMU".to_owned(), 8000, 30, 240, 240));
        assert_eq!(form(10, "L16/44100/1400/10").4, 441);
        assert_eq!(form(14, "MPA/90000/417/100").4, 9000);
        assert!(whys(10, "L16/44100").contains("Unknown static rtp payload type 10"));
        assert!(whys(96, "opus/48000/1401/20").contains("1 to 1400"));
        assert!(whys(96, "opus/0/1/20").contains("the clock"));
        assert!(whys(96, "opus/48000/1/10001").contains("milliseconds"));
        assert!(whys(96, "opus/48000/+1/20").contains("bytes"));
        assert!(whys(96, "x/11025/1/1").contains("no whole number of ticks"));
        assert!(whys(96, "x/4294967295/1/10000").contains("no whole number of ticks"));
    }

    #[test]
    fn unknown_encodings_are_refused_with_those_that_are_known() {
        for name in [
            "foo",
            "foo/8000",
            "/8000",
            "/8000/1/20",
            "PCMU/16000",
            "L16",
            "L16/48000",
            "PCMU/8000/160",
            "a/1/2/3/4",
        ] {
            assert!(whys(96, name).contains("Unknown dynamic rtp payload type 96"), "{name}");
        }
        assert!(whys(35, "foo").contains("Unknown static rtp payload type 35"));
        assert!(packet_form(96, Some("L16")).unwrap_err().help.starts_with("known are L16/8000, L16/16000"));
        assert!(packet_form(96, None).unwrap_err().what.contains("Missing mandatory payload_name"));
        assert!(packet_form(96, Some(" ")).unwrap_err().what.contains("Missing mandatory payload_name"));
        assert!(packet_form(31, None).unwrap_err().what.contains("Missing mandatory payload_name"));
        assert!(packet_form(128, None).unwrap_err().what.contains("Invalid rtp payload type 128"));
        assert!(whys(96, "PCMU/x").contains("the clock of payload PCMU/x"));
        assert!(whys(96, &"x".repeat(1000)).len() < 200);
    }

    #[test]
    fn video_is_what_has_a_clock_of_90_khz() {
        let medium = |name: &str| medium_of(&packet_form(96, Some(name)).unwrap());
        assert_eq!(medium("H264/90000"), Medium::Video);
        assert_eq!(medium("VP8/90000/1000/40"), Medium::Video);
        assert_eq!(medium("MPA/90000/417/100"), Medium::Audio);
        assert_eq!(medium("G722"), Medium::Audio);
    }
}
