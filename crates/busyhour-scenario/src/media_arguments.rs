//! The arguments of `rtp_stream` and `play_dtmf`: read with the scenario, or when an action with keywords runs.

mod form;

use std::ops::Range;

use busyhour_media::digits::MAX_DIGITS;
use busyhour_media::library::Digits;
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

use crate::program::Stream;
use crate::syntax::number;
pub use form::PACKET_BYTES_MAX;
pub(crate) use form::medium_of;

/// What `rtp_stream=` may be beside a file or a pattern; `wait` is not one of them, for it has an attribute of its own.
const COMMANDS: [(&str, Stream); 6] = [
    ("pause", Stream::Pause(None)),
    ("resume", Stream::Resume(None)),
    ("pauseapattern", Stream::Pause(Some(Medium::Audio))),
    ("resumeapattern", Stream::Resume(Some(Medium::Audio))),
    ("pausevpattern", Stream::Pause(Some(Medium::Video))),
    ("resumevpattern", Stream::Resume(Some(Medium::Video))),
];

/// Reads what `rtp_stream=` says, but for `wait` (spec-media §5, §6).
///
/// # Errors
/// What is wrong and how to mend it, in words.
pub fn stream(text: &str) -> Result<Stream, String> {
    read_stream(text).map_err(BadArgument::in_words)
}

/// Reads what `play_dtmf=` says: `digits[,ms[,payload type]]` (spec-3.8 A5).
///
/// # Errors
/// What is wrong and how to mend it, in words.
pub fn digits(text: &str) -> Result<Digits, String> {
    read_digits(text).map_err(BadArgument::in_words)
}

/// The form of packets of a payload type, with the name that goes with it or the one given: that of a known encoding, such
/// as `PCMU/8000`, or `NAME/CLOCK/BYTES/MS` for any other (spec-media §5, spec-3.8 F).
///
/// # Errors
/// What is wrong and how to mend it, in words.
pub fn packet_form(payload_type: u8, name: Option<&str>) -> Result<PacketForm, String> {
    form::packet_form(payload_type, name).map_err(|bad| format!("{}: {}", bad.what, bad.help))
}

/// What is wrong with an argument list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadArgument {
    /// Where in the list.
    pub(crate) range: Range<usize>,
    /// What is wrong.
    pub(crate) what: String,
    /// What stands there, or should, in a few words.
    pub(crate) label: &'static str,
    /// How to mend it.
    pub(crate) help: String,
    /// It should be a whole number.
    pub(crate) is_no_integer: bool,
}

impl BadArgument {
    fn new(
        range: Range<usize>,
        what: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) -> Self {
        BadArgument { range, what: what.into(), label, help: help.into(), is_no_integer: false }
    }

    fn in_words(self) -> String {
        format!("{}: {}", self.what, self.help)
    }
}

/// An argument and its place in the list.
#[derive(Debug, Clone)]
struct Argument<'a> {
    text: &'a str,
    range: Range<usize>,
}

pub(crate) fn read_stream(text: &str) -> Result<Stream, BadArgument> {
    if let Some((_, command)) = COMMANDS.iter().find(|(name, _)| *name == text) {
        return Ok(command.clone());
    }
    let mut arguments = arguments(text);
    let what = arguments.next().map_or("", |argument| argument.text);
    let first = arguments.next();
    let form = |arguments| payload("rtp_stream", arguments);
    let pattern = match what {
        what if what.starts_with("apattern") => Some(Medium::Audio),
        what if what.starts_with("vpattern") => Some(Medium::Video),
        _ => None,
    };
    if let Some(medium) = pattern {
        let id = match &first {
            Some(id) => match whole_number("rtp_stream pattern id", id)? {
                number @ 1..=6 => number as u8,
                number => {
                    let what = format!("rtp_stream pattern id, there is no pattern {number}");
                    let help = "write for example rtp_stream=\"apattern,1\"";
                    return Err(BadArgument::new(id.range.clone(), what, "expected 1 to 6", help));
                }
            },
            None => 1,
        };
        return Ok(Stream::Pattern { medium, id, form: form(arguments)? });
    }
    if what.is_empty() {
        return Err(BadArgument::new(
            0..text.len(),
            "<exec> rtp_stream, it names no file",
            "no name",
            "write the name of the file",
        ));
    }
    let loops = match &first {
        Some(loops) => match whole_number("rtp_stream loop count", loops)? {
            number if number < 0 => None,
            number => Some(u32::try_from(number).map_err(|_| {
                BadArgument::new(
                    loops.range.clone(),
                    format!("rtp_stream loop count, {number} is too much"),
                    "too large",
                    "write -1 to play it without end",
                )
            })?),
        },
        None => Some(1),
    };
    let form = form(arguments)?;
    let medium = form.as_ref().map_or(Medium::Audio, medium_of);
    Ok(Stream::File { name: what.to_owned(), loops, medium, form })
}

pub(crate) fn read_digits(text: &str) -> Result<Digits, BadArgument> {
    const HELP: &str = "write for example play_dtmf=\"123#,200,101\"";
    let mut parts = arguments(text);
    let digits: String = parts
        .next()
        .map_or("", |argument| argument.text)
        .chars()
        .filter(|digit| "0123456789*#ABCD".contains(*digit))
        .collect();
    let bad = |range: Range<usize>, why: &str, label| {
        BadArgument::new(range, format!("Invalid play_dtmf \"{text}\": {why}"), label, HELP)
    };
    if digits.is_empty() {
        return Err(bad(0..text.len(), "no digit to send (0-9, *, #, A-D)", "no digit"));
    }
    if digits.len() > MAX_DIGITS {
        let why = format!("{} digits are more than {MAX_DIGITS}, the most of one action", digits.len());
        return Err(bad(0..text.find(',').unwrap_or(text.len()), &why, "too many"));
    }
    let mut number = |default: i64, allowed: std::ops::RangeInclusive<i64>, why, label| {
        let Some(argument) = parts.next().filter(|argument| !argument.text.is_empty()) else {
            return Ok(default);
        };
        let number = argument.text.trim_ascii_start().parse().ok();
        number.filter(|number| allowed.contains(number)).ok_or_else(|| bad(argument.range, why, label))
    };
    let tone_ms =
        number(200, 50..=2000, "the tone length is not 50 to 2000 ms (default 200)", "expected 50 to 2000")?;
    let payload_type =
        number(96, 0..=127, "the payload type is not 0 to 127 (default 96)", "expected 0 to 127")?;
    if let Some(more) = parts.next() {
        return Err(bad(more.range, "nothing follows the payload type", "one too many"));
    }
    // Both are within their ranges.
    Ok(Digits { digits, tone_ms: tone_ms as u32, payload_type: payload_type as u8 })
}

/// `what[,payload type[,name]]` of `exec rtp_echo`: the echo itself needs no form of packets.
pub(crate) fn check_echo(text: &str) -> Result<(), BadArgument> {
    let mut arguments = arguments(text);
    arguments.next();
    payload("rtp_echo", arguments).map(|_| ())
}

/// The payload type and its name, at the end of a list; what follows them is not read.
fn payload<'a>(
    action: &str,
    mut arguments: impl Iterator<Item = Argument<'a>>,
) -> Result<Option<PacketForm>, BadArgument> {
    let Some(number) = arguments.next() else { return Ok(None) };
    let payload_type = whole_number(&format!("{action} payload type"), &number)?;
    let cannot = |bad: form::BadForm, range: Range<usize>| {
        BadArgument::new(
            range,
            format!("{} in {action} action - cannot set playback parameters", bad.what),
            "cannot be played",
            bad.help,
        )
    };
    let Some(payload_type) = u8::try_from(payload_type).ok().filter(|&number| number < 128) else {
        return Err(cannot(form::no_payload_type(payload_type), number.range));
    };
    let name = arguments.next().filter(|name| !name.text.is_empty());
    let range = number.range.start..name.as_ref().map_or(number.range.end, |name| name.range.end);
    form::packet_form(payload_type, name.map(|name| name.text)).map(Some).map_err(|bad| cannot(bad, range))
}

fn arguments(text: &str) -> impl Iterator<Item = Argument<'_>> {
    let mut start = 0;
    text.split(',').map(move |part| {
        let range = start..start + part.len();
        start = range.end + 1;
        Argument { text: part, range }
    })
}

fn whole_number(what: &str, argument: &Argument<'_>) -> Result<i64, BadArgument> {
    let text = argument.text;
    number::integer(text, false).ok_or_else(|| {
        let help = match text.trim_ascii() {
            "" => "nothing stands there: write the number, or remove the comma in front of it",
            digits if digits.len() < text.len() && number::integer(digits, false).is_some() => {
                "remove the blank behind the number"
            }
            _ => "write a whole number, such as 8 or 0x60, with a comma between it and the next argument",
        };
        let what = format!("{what}, \"{text}\" is not a valid integer!");
        let mut bad = BadArgument::new(argument.range.clone(), what, "expected a whole number", help);
        bad.is_no_integer = true;
        bad
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (String, Option<u32>, Medium, Option<u8>) {
        match stream(text).unwrap() {
            Stream::File { name, loops, medium, form } => {
                (name, loops, medium, form.map(|form| form.payload_type))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_have_defaults() {
        assert_eq!(file("a.wav"), ("a.wav".to_owned(), Some(1), Medium::Audio, None));
        assert_eq!(file("a.wav,-1"), ("a.wav".to_owned(), None, Medium::Audio, None));
        assert_eq!(file("a.wav,-7,9"), ("a.wav".to_owned(), None, Medium::Audio, Some(9)));
        assert_eq!(file("a b, 0,0"), ("a b".to_owned(), Some(0), Medium::Audio, Some(0)));
        assert_eq!(file("a,2,0x60,H264/90000,more"), ("a".to_owned(), Some(2), Medium::Video, Some(96)));
        assert_eq!(file("pause.wav"), ("pause.wav".to_owned(), Some(1), Medium::Audio, None));
    }

    #[test]
    fn patterns_have_numbers() {
        let pattern = |text: &str| match stream(text).unwrap() {
            Stream::Pattern { medium, id, form } => (medium, id, form.map(|form| form.payload_type)),
            other => panic!("{other:?}"),
        };
        assert_eq!(pattern("apattern"), (Medium::Audio, 1, None));
        assert_eq!(pattern("apattern,6,0"), (Medium::Audio, 6, Some(0)));
        assert_eq!(pattern("vpattern,2,96,H264/90000"), (Medium::Video, 2, Some(96)));
        for bad in ["apattern,0", "apattern,7", "apattern,-1", "apattern,x", "apattern,"] {
            assert!(stream(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn streams_pause_and_resume() {
        assert_eq!(stream("pause"), Ok(Stream::Pause(None)));
        assert_eq!(stream("resumeapattern"), Ok(Stream::Resume(Some(Medium::Audio))));
        assert_eq!(stream("pausevpattern"), Ok(Stream::Pause(Some(Medium::Video))));
    }

    #[test]
    fn what_is_wrong_is_said_and_where() {
        let bad = read_stream("a.wav,1,3x,GSM").unwrap_err();
        assert_eq!((bad.range, bad.is_no_integer), (8..10, true));
        let bad = read_stream("a.wav,1,96,foo").unwrap_err();
        assert_eq!((bad.range, bad.is_no_integer), (8..14, false));
        assert_eq!(read_stream(",1").unwrap_err().range, 0..2);
        assert!(stream("").unwrap_err().contains("it names no file: write the name"));
        assert!(stream("a,4294967296").unwrap_err().contains("too much"));
        assert!(stream("a,1,128").unwrap_err().contains("Invalid rtp payload type 128"));
        assert!(stream("a,1,-1").unwrap_err().contains("Invalid rtp payload type -1"));
    }

    #[test]
    fn digits_have_a_length_and_a_payload_type() {
        let all =
            |digits: &str, tone_ms, payload_type| Digits { digits: digits.to_owned(), tone_ms, payload_type };
        assert_eq!(digits("12#"), Ok(all("12#", 200, 96)));
        assert_eq!(digits("1-2 x*AaD, 050"), Ok(all("12*AD", 50, 96)));
        assert_eq!(digits("1,,127"), Ok(all("1", 200, 127)));
        assert_eq!(digits("1,2000,0"), Ok(all("1", 2000, 0)));
        for bad in
            ["", "x", ",200", "1,49", "1,2001", "1,200 ", "1,0x64", "1,200,128", "1,200,-1", "1,200,96,1"]
        {
            assert!(digits(bad).unwrap_err().contains("Invalid play_dtmf"), "{bad}");
        }
    }
}
