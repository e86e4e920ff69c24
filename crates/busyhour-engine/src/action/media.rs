//! Media actions (spec-scenario §7.2, spec-media, spec-3.8 A5, dynamic-pcap.md).

use std::sync::Arc;

use busyhour_media::command::Media;
use busyhour_media::library::Wanted;
use busyhour_media::{Source, What};
use busyhour_scenario::media_arguments;
use busyhour_scenario::program::{Argument, EchoChange, MediaAction, Stream, Variable};
use busyhour_scenario::template::Template;
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

use super::{Host, Input, Outcome, arithmetic, claim};
use crate::media::FilePlay;
use crate::snapshot::FailureKind;
use crate::variables::Value;

/// Why an action could not be carried out: what the call fails as. A warning has said more.
type Failed = FailureKind;

/// Runs a media action. One that cannot be carried out ends the call: what follows would be spoken into silence.
pub(super) fn run(action: &MediaAction, input: Input<'_>, host: &mut impl Host) -> Outcome {
    if let MediaAction::EchoAll(on) = action {
        let on = arithmetic::operand("rtp_echo", *on, input, host) != 0.0;
        host.switch_echo(on);
        return Outcome::Done;
    }
    if let Err(why) = host.media() {
        host.warn(|| format!("a media action can't be carried out: {why}").into_bytes());
        return Outcome::EndCall(FailureKind::MediaPort);
    }
    let done = match action {
        MediaAction::PlayCapture { medium, file, renumbered } => {
            play_capture(*medium, file, *renumbered, host)
        }
        MediaAction::PlayDigits(digits) => argument("play_dtmf", digits, media_arguments::digits, host)
            .and_then(|digits| {
                let library = host.media().map(|media| Arc::clone(&media.library));
                let capture = library.map_err(|_| FailureKind::MediaPort)?.digits(&digits);
                host.play(Medium::Audio, Source::Capture { capture, renumbered: true })
            }),
        MediaAction::Stream(stream) => argument("rtp_stream", stream, media_arguments::stream, host)
            .and_then(|stream| self::stream(stream, host)),
        MediaAction::Wait { timeout_ms } => {
            host.wait_for_streams(*timeout_ms);
            Ok(())
        }
        MediaAction::Echo { medium, change } => match change {
            EchoChange::Start => host.tell_media(Some(*medium), What::Echo { medium: *medium, on: true }),
            EchoChange::Stop => host.tell_media(Some(*medium), What::Echo { medium: *medium, on: false }),
            // The keys of an answer count from that answer on.
            EchoChange::Update => Ok(()),
        },
        // Carried out above.
        MediaAction::EchoAll(_) => Ok(()),
        MediaAction::Statistics { medium, packets, payload_type, payload } => {
            statistics(*medium, *packets, *payload_type, *payload, host);
            Ok(())
        }
        MediaAction::HeardDigits { to, payload_type } => {
            heard_digits(*to, *payload_type, host);
            Ok(())
        }
        MediaAction::Quality { to, medium, figure } => {
            let figure = claim::value(*figure, &host.heard(*medium));
            host.update(*to, |value| match figure {
                Some(figure) => *value = Value::Number(figure),
                None => value.clear(),
            });
            Ok(())
        }
        MediaAction::Assert { claims } => claim::assert(claims, host),
    };
    done.map_or_else(Outcome::EndCall, |()| Outcome::Done)
}

fn play_capture(
    medium: Medium,
    file: &Template,
    renumbered: bool,
    host: &mut impl Host,
) -> Result<(), Failed> {
    let file = Wanted::Capture(text(file, host)?);
    host.play_file(FilePlay { medium, file, renumbered, loops: None })
}

fn stream(stream: Stream, host: &mut impl Host) -> Result<(), Failed> {
    match stream {
        Stream::File { loops: Some(0), .. } => Ok(()),
        Stream::File { name, loops, medium, form } => {
            let form = form_or_default(form, host)?;
            let file = Wanted::Sound(name, form);
            host.play_file(FilePlay { medium, file, renumbered: false, loops })
        }
        Stream::Pattern { medium, id, form } => {
            let form = form_or_default(form, host)?;
            host.play(medium, Source::Pattern { id, form })
        }
        Stream::Pause(medium) => host.tell_media(None, What::Pause(which(medium))),
        Stream::Resume(medium) => host.tell_media(None, What::Resume(which(medium))),
    }
}

fn which(medium: Option<Medium>) -> Media {
    medium.map_or(Media::All, Media::Only)
}

/// The form of packets that was written, else that of `-rtp_payload`.
fn form_or_default(form: Option<PacketForm>, host: &mut impl Host) -> Result<PacketForm, Failed> {
    let payload_type = host.media().map_or(0, |media| media.default_payload);
    match form.map_or_else(|| media_arguments::packet_form(payload_type, None), Ok) {
        Ok(form) => Ok(form),
        Err(why) => Err(fail(host, &format!("-rtp_payload {payload_type}: {why}"))),
    }
}

/// An argument list, read now if it holds keywords.
fn argument<T: Clone>(
    action: &str,
    argument: &Argument<T>,
    read: impl FnOnce(&str) -> Result<T, String>,
    host: &mut impl Host,
) -> Result<T, Failed> {
    match argument {
        Argument::Known(known) => Ok(known.clone()),
        Argument::Text(template) => {
            let text = text(template, host)?;
            read(&text).map_err(|why| fail(host, &format!("{action}: {why}")))
        }
    }
}

fn text(template: &Template, host: &mut impl Host) -> Result<String, Failed> {
    let mut text = Vec::new();
    host.render(template, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn fail(host: &mut impl Host, why: &str) -> Failed {
    let text = format!("{why}: the call fails, Call-Id '{}'", String::from_utf8_lossy(host.call_id()));
    host.warn(|| text.into_bytes());
    FailureKind::MediaFile
}

fn statistics(
    medium: Medium,
    packets: Variable,
    payload_type: Option<Variable>,
    payload: Option<Variable>,
    host: &mut impl Host,
) {
    let heard = host.heard(medium);
    host.update(packets, |value| *value = Value::Number(heard.packets as f64));
    if let Some(variable) = payload_type {
        let number = heard.first_payload_type.map_or(-1.0, f64::from);
        host.update(variable, |value| *value = Value::Number(number));
    }
    if let Some(variable) = payload {
        let digits: String = heard.first_payload.iter().map(|byte| format!("{byte:02x}")).collect();
        host.update(variable, |value| value.set_text(digits.as_bytes()));
    }
}

fn heard_digits(to: Variable, payload_type: u8, host: &mut impl Host) {
    let heard = host.heard(Medium::Audio);
    let digits = heard.digits.iter().filter(|digit| digit.payload_type == Some(payload_type));
    let digits: Vec<u8> = digits.map(|digit| digit.digit).collect();
    host.update(to, |value| value.set_text(&digits));
}

#[cfg(test)]
mod tests {
    use busyhour_media::Heard;
    use busyhour_media::heard::Digit;
    use busyhour_scenario::program::{Action, Figure, Operand};

    use super::super::fake::*;
    use super::*;
    use crate::settings::MediaSettings;

    fn host() -> FakeHost {
        FakeHost { media: Some(MediaSettings::default()), ..FakeHost::default() }
    }

    fn act(host: &mut FakeHost, action: MediaAction) -> Outcome {
        host.run(&[Action::Media(action)])
    }

    #[test]
    fn arguments_with_keywords_are_read_now() {
        let mut host = host();
        host.put(A, Value::Text(b"no such thing,,,".to_vec()));
        let action = MediaAction::Stream(Argument::Text(template("", A)));
        assert_eq!(act(&mut host, action), Outcome::EndCall(FailureKind::MediaFile));
        assert!(host.warnings[0].starts_with("rtp_stream: "), "{:?}", host.warnings);
    }

    #[test]
    fn patterns_pauses_and_echoes_are_told() {
        let mut host = host();
        let form = PacketForm::telephone(0, "PCMU");
        for stream in [
            Stream::Pattern { medium: Medium::Video, id: 3, form: Some(form) },
            Stream::Pause(None),
            Stream::Resume(Some(Medium::Audio)),
        ] {
            assert_eq!(act(&mut host, MediaAction::Stream(Argument::Known(stream))), Outcome::Done);
        }
        for change in [EchoChange::Start, EchoChange::Update, EchoChange::Stop] {
            let action = MediaAction::Echo { medium: Medium::Audio, change };
            assert_eq!(act(&mut host, action), Outcome::Done);
        }
        let begins =
            ["Play { medium: Video", "Pause(All)", "Resume(Only(Audio))", "Echo { medium: Audio, on: true"];
        assert!(host.told.iter().zip(begins).all(|(told, begin)| told.starts_with(begin)), "{:?}", host.told);
        assert_eq!(host.told.len(), 5);
        act(&mut host, MediaAction::Wait { timeout_ms: 70 });
        assert_eq!(host.waits, [70]);
    }

    #[test]
    fn nothing_is_played_no_times() {
        let mut host = host();
        let stream = Stream::File { name: "x".to_owned(), loops: Some(0), medium: Medium::Audio, form: None };
        assert_eq!(act(&mut host, MediaAction::Stream(Argument::Known(stream))), Outcome::Done);
        assert!(host.told.is_empty() && host.warnings.is_empty());
    }

    #[test]
    fn echo_of_the_process_is_switched() {
        let mut host = host();
        act(&mut host, MediaAction::EchoAll(Operand::Value(0.0)));
        host.put(A, Value::Number(1.0));
        act(&mut host, MediaAction::EchoAll(Operand::Variable(A)));
        assert_eq!(host.echoes, [false, true]);
    }

    #[test]
    fn what_is_heard_goes_into_variables() {
        let mut host = host();
        let digit = |digit, payload_type| Digit { digit, payload_type };
        host.heard.insert(
            Medium::Audio,
            Heard {
                packets: 12,
                first_payload_type: Some(8),
                first_payload: vec![0xd5, 0x00],
                digits: vec![digit(b'1', Some(101)), digit(b'2', None), digit(b'#', Some(101))],
                mos: Some(4.25),
                ..Heard::default()
            },
        );
        let statistics =
            |medium| MediaAction::Statistics { medium, packets: A, payload_type: Some(B), payload: Some(C) };
        act(&mut host, statistics(Medium::Audio));
        assert_eq!(
            (host.get(A), host.get(B), host.get(C)),
            (Value::Number(12.0), Value::Number(8.0), Value::Text(b"d500".to_vec()))
        );
        act(&mut host, statistics(Medium::Video));
        assert_eq!(
            (host.get(A), host.get(B), host.get(C)),
            (Value::Number(0.0), Value::Number(-1.0), Value::Text(Vec::new()))
        );
        act(&mut host, MediaAction::HeardDigits { to: A, payload_type: 101 });
        assert_eq!(host.get(A), Value::Text(b"1#".to_vec()));
        act(&mut host, MediaAction::Quality { to: A, medium: Medium::Audio, figure: Figure::Mos });
        act(&mut host, MediaAction::Quality { to: B, medium: Medium::Audio, figure: Figure::Rtt });
        assert_eq!((host.get(A), host.get(B)), (Value::Number(4.25), Value::Unset));
    }

    #[test]
    fn a_run_without_media_says_so() {
        let mut host = FakeHost::default();
        assert_eq!(
            act(&mut host, MediaAction::Wait { timeout_ms: 0 }),
            Outcome::EndCall(FailureKind::MediaPort)
        );
        assert!(host.warnings[0].contains("no media"));
    }
}
