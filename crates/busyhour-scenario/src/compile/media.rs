//! Media actions (spec-scenario §7.2; spec-3.8 A5, F; `dynamic-pcap.md`). What holds no keyword is read here, the rest
//! when the action runs.

use std::ops::Range;

use busyhour_wire::sdp::Medium;

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::compile::claim;
use crate::media_arguments::{BadArgument, check_echo, read_digits, read_stream};
use crate::program::{Action, Argument, EchoChange, MediaAction, MediaFile, Stream};
use crate::syntax::located::Located;
use crate::template::{Piece, Template};
use crate::xml::{Attribute, Element};

/// Media of `<rtp_stats>`.
const STREAMED: &[(&str, Medium)] = &[("audio", Medium::Audio), ("video", Medium::Video)];

/// Media of `<rtp_quality>`.
const MEDIA: &[(&str, Medium)] =
    &[("audio", Medium::Audio), ("video", Medium::Video), ("image", Medium::Image), ("text", Medium::Text)];

/// What `exec rtp_echo=` begins with.
const ECHO: &[(&str, EchoChange, Medium)] = &[
    ("startaudio", EchoChange::Start, Medium::Audio),
    ("updateaudio", EchoChange::Update, Medium::Audio),
    ("stopaudio", EchoChange::Stop, Medium::Audio),
    ("startvideo", EchoChange::Start, Medium::Video),
    ("updatevideo", EchoChange::Update, Medium::Video),
    ("stopvideo", EchoChange::Stop, Medium::Video),
];

/// Payload type of `<rtp_dtmf>` unless it is given.
const EVENTS: i32 = 96;

impl Compiler<'_> {
    /// `exec play_pcap_…=` and `exec play_dyn_pcap_audio=`: the name of a file, in which keywords are filled in.
    pub(crate) fn play_pcap(&mut self, attribute: &Attribute) -> Option<Action> {
        let (medium, renumbered) = match attribute.name.as_str() {
            "play_pcap_video" => (Medium::Video, false),
            "play_pcap_image" => (Medium::Image, false),
            "play_pcap_text" => (Medium::Text, false),
            "play_dyn_pcap_audio" => (Medium::Audio, true),
            _ => (Medium::Audio, false),
        };
        if attribute.value.is_empty() {
            return self.bad_media(
                value_span(attribute),
                format!("<exec> {}, it names no file", attribute.name),
                "empty",
                "write the name of the file",
            );
        }
        let file = self.file_name_of(attribute);
        if let Some(name) = literal(&file) {
            self.media_files.push(MediaFile { name, span: value_span(attribute), medium, sound: None });
        }
        Some(Action::Media(MediaAction::PlayCapture { medium, file, renumbered }))
    }

    /// `exec play_dtmf="digits[,ms[,payload type]]"`.
    pub(crate) fn play_dtmf(&mut self, attribute: &Attribute) -> Option<Action> {
        let argument = self.argument(attribute, read_digits)?;
        Some(Action::Media(MediaAction::PlayDigits(argument)))
    }

    /// `exec rtp_stream=`: a command, a pattern or a file, with its arguments.
    pub(crate) fn rtp_stream(&mut self, element: &Element, attribute: &Attribute) -> Option<Action> {
        let is_wait = attribute.value == "wait";
        let mut timeout_ms = 0;
        if let Some(timeout) = element.attribute("timeout") {
            if !is_wait {
                self.no_effect(timeout, "only rtp_stream=\"wait\" has a timeout", "remove it");
            } else {
                let Ok(ms) = u64::try_from(self.integer_of(element, timeout)?) else {
                    return self.bad_media(
                        value_span(timeout),
                        "rtp_stream wait timeout must not be negative".to_owned(),
                        "expected 0 or more",
                        "write milliseconds; 0 waits without a limit",
                    );
                };
                timeout_ms = ms;
            }
        }
        if is_wait {
            return Some(Action::Media(MediaAction::Wait { timeout_ms }));
        }
        let argument = self.argument(attribute, read_stream)?;
        if let Argument::Known(Stream::File { name, medium, form, .. }) = &argument {
            let file = MediaFile {
                name: name.clone(),
                span: value_span(attribute),
                medium: *medium,
                sound: Some(form.clone()),
            };
            self.media_files.push(file);
        }
        Some(Action::Media(MediaAction::Stream(argument)))
    }

    /// `exec rtp_echo="startaudio[,payload type[,name]]"` and the like.
    pub(crate) fn exec_rtp_echo(&mut self, attribute: &Attribute) -> Option<Action> {
        let value = attribute.value.as_str();
        let command = value.split(',').next().unwrap_or("");
        let Some((_, change, medium)) = ECHO.iter().find(|(known, _, _)| command.starts_with(known)) else {
            let names: Vec<&str> = ECHO.iter().map(|(name, _, _)| *name).collect();
            let otherwise = format!("write {}", names.join(" or "));
            let help = self.findings.suggest(command, names, &otherwise);
            return self.bad_media(
                value_span(attribute),
                format!("exec rtp_echo, \"{value}\" is an unknown action"),
                "starts, updates or stops nothing",
                &help,
            );
        };
        if let Err(bad) = check_echo(value) {
            return self.bad_argument(attribute, bad, true);
        }
        Some(Action::Media(MediaAction::Echo { medium: *medium, change: *change }))
    }

    /// `exec rtp_assert=` (ours).
    pub(crate) fn rtp_assert(&mut self, attribute: &Attribute) -> Option<Action> {
        let claims = self.claims(attribute)?;
        Some(Action::Media(MediaAction::Assert { claims }))
    }

    /// `<rtp_echo>`.
    pub(crate) fn rtp_echo(&mut self, element: &Element) -> Option<Action> {
        self.operand(element, "variable").map(|on| Action::Media(MediaAction::EchoAll(on)))
    }

    /// `<rtp_stats>`.
    pub(crate) fn rtp_stats(&mut self, element: &Element) -> Option<Action> {
        let assign_to = self.required(element, "assign_to");
        let variables = assign_to.map(|attribute| (attribute, self.variable_list(attribute)));
        let medium = self.medium_of(element, STREAMED)?;
        let (attribute, variables) = variables?;
        let [packets, more @ ..] = &variables[..] else { return None };
        if more.len() > 2 {
            return self.bad_media(
                value_span(attribute),
                format!("rtp_stats assigns one to three variables, not {}", variables.len()),
                "too many",
                "name variables for the packets, and for the payload type and the payload of the first",
            );
        }
        Some(Action::Media(MediaAction::Statistics {
            medium,
            packets: *packets,
            payload_type: more.first().copied(),
            payload: more.get(1).copied(),
        }))
    }

    /// `<rtp_dtmf>`.
    pub(crate) fn rtp_dtmf(&mut self, element: &Element) -> Option<Action> {
        let to = self.required_variable(element, "assign_to");
        let number = match element.attribute("payload_type") {
            Some(attribute) => self.integer_of(element, attribute)?,
            None => EVENTS,
        };
        let payload_type = u8::try_from(number).ok().filter(|&number| number < 128);
        match (payload_type, element.attribute("payload_type")) {
            (Some(payload_type), _) => {
                Some(Action::Media(MediaAction::HeardDigits { to: to?, payload_type }))
            }
            (None, Some(attribute)) => self.bad_media(
                value_span(attribute),
                format!("rtp_dtmf payload_type must be from 0 to 127, not {number}"),
                "expected 0 to 127",
                "write the payload type of telephone-event, as in the SDP; 96 is the default",
            ),
            (None, None) => None,
        }
    }

    /// `<rtp_quality>` (ours).
    pub(crate) fn rtp_quality(&mut self, element: &Element) -> Option<Action> {
        let to = self.required_variable(element, "assign_to");
        let medium = self.medium_of(element, MEDIA);
        let attribute = self.required(element, "figure")?;
        let Some(figure) = claim::figure(attribute.value.trim_ascii()) else {
            let names: Vec<&str> = claim::figure_names().collect();
            let otherwise = format!("write one of {}", names.join(", "));
            let help = self.findings.suggest(&attribute.value, names, &otherwise);
            return self.bad_media(
                value_span(attribute),
                format!("<rtp_quality> figure, there is none called \"{}\"", attribute.value),
                "unknown figure",
                &help,
            );
        };
        Some(Action::Media(MediaAction::Quality { to: to?, medium: medium?, figure }))
    }

    /// The name of a capture. One in brackets that `-key` gives is that, whatever other keywords begin like it.
    fn file_name_of(&mut self, attribute: &Attribute) -> Template {
        let key = attribute.value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
        match key.and_then(|key| self.options.keys.iter().find(|(known, _)| known == key)) {
            Some((_, name)) => Template { pieces: vec![Piece::Literal(name.clone().into_bytes())] },
            None => self.template_of(attribute),
        }
    }

    /// `media=`; audio without it.
    fn medium_of(&mut self, element: &Element, media: &[(&str, Medium)]) -> Option<Medium> {
        match element.attribute("media") {
            Some(attribute) => self.one_of(element, attribute, media),
            None => Some(Medium::Audio),
        }
    }

    /// A list of arguments: read now if it holds no keyword.
    fn argument<T>(
        &mut self,
        attribute: &Attribute,
        read: fn(&str) -> Result<T, BadArgument>,
    ) -> Option<Argument<T>> {
        let template = self.template_of(attribute);
        let Some(text) = literal(&template) else { return Some(Argument::Text(template)) };
        match read(&text) {
            Ok(known) => Some(Argument::Known(known)),
            // What a key or an escape stands for has no place of its own.
            Err(bad) => self.bad_argument(attribute, bad, text == attribute.value),
        }
    }

    fn bad_argument<T>(&mut self, attribute: &Attribute, bad: BadArgument, as_written: bool) -> Option<T> {
        let located = Located::from_attribute(self.text, attribute);
        let has_place = as_written && !bad.range.is_empty();
        let span = if has_place { located.span(bad.range) } else { value_span(attribute) };
        let code = if bad.is_no_integer { codes::BAD_INTEGER } else { codes::BAD_VALUE };
        self.findings.add(code, span, bad.what, bad.label, bad.help);
        None
    }

    fn bad_media<T>(&mut self, span: Range<usize>, message: String, label: &str, help: &str) -> Option<T> {
        self.findings.add(codes::BAD_VALUE, span, message, label, help);
        None
    }
}

/// The text of a template without keywords.
fn literal(template: &Template) -> Option<String> {
    match &template.pieces[..] {
        [] => Some(String::new()),
        [Piece::Literal(bytes)] => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}
