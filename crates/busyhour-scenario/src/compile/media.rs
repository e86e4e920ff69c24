//! Media actions: each is checked as SIPp checks it while loading, and runs later (spec-scenario §7.2; spec-3.8 A5, F).

use std::ops::Range;

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::Action;
use crate::syntax::number;
use crate::xml::{Attribute, Element};

/// Media of `<rtp_stats>`.
const MEDIA: &[(&str, ())] = &[("audio", ()), ("video", ())];

/// What `rtp_echo=` begins with.
const ECHO: &[&str] = &["startaudio", "updateaudio", "stopaudio", "startvideo", "updatevideo", "stopvideo"];

/// What `rtp_stream=` may be beside a file or a pattern.
const STREAM_COMMANDS: &[&str] =
    &["pause", "resume", "pauseapattern", "resumeapattern", "pausevpattern", "resumevpattern", "wait"];

/// `-rtp_payload` unless it is given.
const DEFAULT_PAYLOAD: i64 = 8;

impl Compiler<'_> {
    /// `exec play_pcap_…=`: the name of a file, or a whole `[name]` that `-key` gives. Files are not opened here.
    pub(crate) fn play_pcap(&mut self, attribute: &Attribute) -> Option<Action> {
        let value = attribute.value.as_str();
        let key = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        if let Some(key) = key
            && !self.options.keys.iter().any(|(known, _)| known == key)
        {
            let keys = self.options.keys.iter().map(|(key, _)| key.as_str());
            let help = self.findings.suggest(
                key,
                keys,
                &format!(
                    "give it with -key {key} FILE; other keywords are not expanded in the name of a capture"
                ),
            );
            return self.bad_media(
                value_span(attribute),
                format!(
                    "{} \"{value}\" looks like a keyword value, but keyword not supplied!",
                    attribute.name
                ),
                "not a key",
                &help,
            );
        }
        if value.is_empty() {
            return self.no_file(attribute);
        }
        Some(not_available(&format!("exec {}", attribute.name)))
    }

    /// `exec play_dtmf="digits[,ms[,payload type]]"`. What holds keywords is checked when it runs.
    pub(crate) fn play_dtmf(&mut self, attribute: &Attribute) -> Option<Action> {
        self.template_of(attribute);
        let value = attribute.value.as_str();
        if !value.contains('[') {
            let mut parts = value.splitn(3, ',');
            let has_digit = |digits: &str| digits.contains(|c| "0123456789*#ABCD".contains(c));
            let within = |text: Option<&str>, range: std::ops::RangeInclusive<i64>| {
                text.is_none_or(|text| {
                    text.is_empty() || decimal(text).is_some_and(|number| range.contains(&number))
                })
            };
            let why = if !parts.next().is_some_and(has_digit) {
                Some("no digit to send (0-9, *, #, A-D)")
            } else if !within(parts.next(), 50..=2000) {
                Some("the tone length is not 50 to 2000 ms (default 200)")
            } else if !within(parts.next(), 0..=127) {
                Some("the payload type is not 0 to 127 (default 96)")
            } else {
                None
            };
            if let Some(why) = why {
                return self.bad_media(
                    value_span(attribute),
                    format!("Invalid play_dtmf \"{value}\": {why}"),
                    "expected digits, or digits,milliseconds,payload type",
                    "write for example play_dtmf=\"123#,200,101\"",
                );
            }
        }
        Some(not_available("exec play_dtmf"))
    }

    /// `exec rtp_stream=`: a command, a pattern or a file, with its arguments.
    pub(crate) fn rtp_stream(&mut self, element: &Element, attribute: &Attribute) -> Option<Action> {
        self.template_of(attribute);
        let value = attribute.value.as_str();
        let is_wait = value == "wait";
        if let Some(timeout) = element.attribute("timeout") {
            if !is_wait {
                self.no_effect(timeout, "only rtp_stream=\"wait\" has a timeout", "remove it");
            } else if self.integer_of(element, timeout)? < 0 {
                return self.bad_media(
                    value_span(timeout),
                    "rtp_stream wait timeout must not be negative".to_owned(),
                    "expected 0 or more",
                    "write milliseconds; 0 waits without a limit",
                );
            }
        }
        // With a keyword in it, all of it is read only when it runs.
        if !STREAM_COMMANDS.contains(&value) && !value.contains('[') {
            self.stream_arguments(attribute)?;
        }
        Some(not_available("exec rtp_stream"))
    }

    /// `exec rtp_echo="startaudio[,payload type[,name]]"` and the like.
    pub(crate) fn exec_rtp_echo(&mut self, attribute: &Attribute) -> Option<Action> {
        let value = attribute.value.as_str();
        let mut parts = value.split(',');
        let command = parts.next().unwrap_or("");
        if !ECHO.iter().any(|known| command.starts_with(known)) {
            let help =
                self.findings.suggest(command, ECHO.iter().copied(), &format!("write {}", ECHO.join(" or ")));
            return self.bad_media(
                value_span(attribute),
                format!("exec rtp_echo, \"{value}\" is an unknown action"),
                "starts, updates or stops nothing",
                &help,
            );
        }
        self.payload("rtp_echo", attribute, parts.next(), parts.next())?;
        Some(not_available("exec rtp_echo"))
    }

    /// `<rtp_echo>`.
    pub(crate) fn rtp_echo(&mut self, element: &Element) -> Option<Action> {
        self.operand(element, "variable")?;
        Some(not_available("rtp_echo"))
    }

    /// `<rtp_stats>`.
    pub(crate) fn rtp_stats(&mut self, element: &Element) -> Option<Action> {
        let assign_to = self.required(element, "assign_to");
        let variables = assign_to.map(|attribute| (attribute, self.variable_list(attribute).len()));
        if let Some(media) = element.attribute("media") {
            self.one_of(element, media, MEDIA)?;
        }
        let (attribute, number) = variables?;
        if number > 3 {
            return self.bad_media(
                value_span(attribute),
                format!("rtp_stats assigns one to three variables, not {number}"),
                "too many",
                "name variables for the packets, and for the payload type and the payload of the first",
            );
        }
        Some(not_available("rtp_stats"))
    }

    /// `<rtp_dtmf>`.
    pub(crate) fn rtp_dtmf(&mut self, element: &Element) -> Option<Action> {
        let variable = self.required_variable(element, "assign_to");
        if let Some(attribute) = element.attribute("payload_type") {
            let payload_type = self.integer_of(element, attribute)?;
            if !(0..=127).contains(&payload_type) {
                return self.bad_media(
                    value_span(attribute),
                    format!("rtp_dtmf payload_type must be from 0 to 127, not {payload_type}"),
                    "expected 0 to 127",
                    "write the payload type of telephone-event, as in the SDP; 96 is the default",
                );
            }
        }
        variable?;
        Some(not_available("rtp_dtmf"))
    }

    /// The arguments of a file or pattern.
    fn stream_arguments(&mut self, attribute: &Attribute) -> Option<()> {
        let mut parts = attribute.value.split(',');
        let what = parts.next().unwrap_or("");
        let (first, payload_type, name) = (parts.next(), parts.next(), parts.next());
        if what.starts_with("apattern") || what.starts_with("vpattern") {
            if let Some(id) = first {
                let number = self.whole_number("rtp_stream pattern id", attribute, id)?;
                if !(1..=6).contains(&number) {
                    return self.bad_media(
                        value_span(attribute),
                        format!("rtp_stream pattern id, there is no pattern {number}"),
                        "expected 1 to 6",
                        "write for example rtp_stream=\"apattern,1\"",
                    );
                }
            }
        } else {
            if what.is_empty() {
                return self.no_file(attribute);
            }
            if let Some(loops) = first {
                self.whole_number("rtp_stream loop count", attribute, loops)?;
            }
        }
        self.payload("rtp_stream", attribute, payload_type, name)
    }

    /// A payload type and its name, which must be one whose packets can be made.
    fn payload(
        &mut self,
        action: &str,
        attribute: &Attribute,
        payload_type: Option<&str>,
        name: Option<&str>,
    ) -> Option<()> {
        let span = value_span(attribute);
        let number = match payload_type {
            Some(text) => self.whole_number(&format!("{action} payload type"), attribute, text)?,
            None => DEFAULT_PAYLOAD,
        };
        let default_name = match number {
            0 => Some("PCMU/8000"),
            8 => Some("PCMA/8000"),
            9 => Some("G722/8000"),
            18 => Some("G729/8000"),
            _ => None,
        };
        let name = name.filter(|name| !name.is_empty()).or(default_name);
        let Some(name) = name else {
            return self.bad_media(
                span,
                format!("Missing mandatory payload_name parameter in {action} action"),
                "which payload?",
                "payload type 13 and those from 96 on need a name behind them: H264/90000, iLBC/8000",
            );
        };
        let (message, help) = match number {
            0 | 8 | 9 | 18 if default_name == Some(name) || action == "rtp_echo" => return Some(()),
            0 | 8 | 9 | 18 => (
                format!("payload type {number} is not {name}"),
                format!("write {} or no name", default_name.unwrap_or_default()),
            ),
            13 => return Some(()),
            96..=127 if matches!(name, "H264/90000" | "iLBC/8000") => return Some(()),
            96..=127 => (
                format!("Unknown dynamic rtp payload type {number}"),
                "dynamic ones are H264/90000 and iLBC/8000".to_owned(),
            ),
            1..=95 => (
                format!("Unknown static rtp payload type {number}"),
                "static ones are 0, 8, 9, 13 and 18".to_owned(),
            ),
            _ => (
                format!("Invalid rtp payload type {number}"),
                "payload types are numbers from 0 to 127".to_owned(),
            ),
        };
        self.bad_media(span, format!("{message} - cannot set playback parameters"), "cannot be played", &help)
    }

    fn whole_number(&mut self, what: &str, attribute: &Attribute, text: &str) -> Option<i64> {
        let number = number::integer(text, self.options.compat.octal_numbers);
        if number.is_none() {
            let help = match text.trim_ascii() {
                "" => "nothing stands there: write the number, or remove the comma in front of it",
                digits if digits.len() < text.len() && number::integer(digits, false).is_some() => {
                    "remove the blank behind the number"
                }
                _ => "write a whole number, such as 8 or 0x60, with a comma between it and the next argument",
            };
            self.findings.add(
                codes::BAD_INTEGER,
                value_span(attribute),
                format!("{what}, \"{text}\" is not a valid integer!"),
                "expected a whole number",
                help,
            );
        }
        number
    }

    fn no_file<T>(&mut self, attribute: &Attribute) -> Option<T> {
        self.bad_media(
            value_span(attribute),
            format!("<exec> {}, it names no file", attribute.name),
            "empty",
            "write the name of the file",
        )
    }

    fn bad_media<T>(&mut self, span: Range<usize>, message: String, label: &str, help: &str) -> Option<T> {
        self.findings.add(codes::BAD_VALUE, span, message, label, help);
        None
    }
}

fn not_available(name: &str) -> Action {
    Action::NotAvailable { name: name.to_owned() }
}

/// A decimal number, blanks in front allowed.
fn decimal(text: &str) -> Option<i64> {
    text.trim_ascii_start().parse().ok()
}
