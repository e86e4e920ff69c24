//! Media that nobody will hear.

use std::ops::Range;

use busyhour_wire::sdp::Medium;

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::{Scene, StepScene, value_span};
use crate::program::{Action, Argument, MediaAction, SendStart, StepKind, Stream};
use crate::syntax::names;
use crate::template::{Keyword, Piece, Template};
use crate::xml::Element;

/// Reports what is played in a medium, or with a payload type, that our SDP does not offer, before any SDP can have come,
/// and right before the end of the call.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if !scene.steps.iter().any(|step| plays_of(step).next().is_some()) {
        return;
    }
    not_offered(scene, findings);
    too_early(scene, findings);
    too_late(scene, findings);
}

/// An action that plays.
struct Play<'a> {
    element: &'a Element,
    action: &'a MediaAction,
}

impl Play<'_> {
    fn span(&self) -> Range<usize> {
        let attribute = names::EXEC.iter().find_map(|name| self.element.attribute(name));
        attribute.map_or_else(|| self.element.name_span.clone(), value_span)
    }

    /// The medium, where it is known before it runs.
    fn medium(&self) -> Option<Medium> {
        match self.action {
            MediaAction::PlayCapture { medium, .. }
            | MediaAction::Stream(Argument::Known(
                Stream::File { medium, .. } | Stream::Pattern { medium, .. },
            )) => Some(*medium),
            MediaAction::PlayDigits(_) => Some(Medium::Audio),
            _ => None,
        }
    }
}

/// The actions of a step that play something.
fn plays_of<'a>(step: &StepScene<'a>) -> impl Iterator<Item = Play<'a>> {
    let pairs = step.actions().zip(&step.step.actions);
    pairs.filter_map(|(element, action)| match action {
        Action::Media(action) if plays(action) => Some(Play { element, action }),
        _ => None,
    })
}

fn plays(action: &MediaAction) -> bool {
    match action {
        MediaAction::PlayCapture { .. } | MediaAction::PlayDigits(_) => true,
        MediaAction::Stream(Argument::Known(stream)) => {
            matches!(stream, Stream::File { .. } | Stream::Pattern { .. })
        }
        MediaAction::Stream(Argument::Text(_)) => true,
        _ => false,
    }
}

fn not_offered(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(offered) = Offered::of(scene) else { return };
    let mut reported = [false; Medium::COUNT];
    for play in scene.steps.iter().flat_map(plays_of) {
        let Some(medium) = play.medium() else { continue };
        if !offered.media[medium.index()] {
            if !std::mem::replace(&mut reported[medium.index()], true) {
                let name = medium.name();
                findings.add(
                    codes::MEDIUM_NOT_OFFERED,
                    play.span(),
                    format!("{name} is played, but no message sent here has SDP with an m={name} line"),
                    "nobody expects it",
                    format!("add m={name} [media_port] RTP/AVP … to the SDP of the INVITE or of its answer"),
                );
            }
        } else if let MediaAction::PlayDigits(Argument::Known(digits)) = play.action
            && let Some(types) = &offered.audio_types
            && !types.contains(&u32::from(digits.payload_type))
        {
            let number = digits.payload_type;
            findings.add(
                codes::DIGITS_NOT_OFFERED,
                play.span(),
                format!("the digits have payload type {number}, which is in no m=audio line sent here"),
                "not understood",
                "name the payload type of telephone-event behind the length of the tones, as in play_dtmf=\"12,200,101\"",
            );
        }
    }
}

/// What the SDP that we send offers.
struct Offered {
    media: [bool; Medium::COUNT],
    /// The payload types of all m=audio lines; `None` if a keyword stands among them.
    audio_types: Option<Vec<u32>>,
}

impl Offered {
    /// `None` if some of it comes from keywords.
    fn of(scene: &Scene<'_>) -> Option<Offered> {
        let mut offered = Offered { media: [false; Medium::COUNT], audio_types: Some(Vec::new()) };
        for step in &scene.steps {
            if let StepKind::Send(send) = &step.step.kind {
                offered.add(&send.template)?;
            }
        }
        Some(offered)
    }

    fn add(&mut self, template: &Template) -> Option<()> {
        for line in skeleton(template)?.split(|&byte| byte == b'\n') {
            let Some(value) = line.trim_ascii().strip_prefix(b"m=") else { continue };
            let mut words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            // A keyword for the medium may give any.
            let medium = words.next().filter(|word| !word.contains(&HOLE))?;
            let Some(medium) = Medium::from_name(medium) else { continue };
            self.media[medium.index()] = true;
            if medium != Medium::Audio {
                continue;
            }
            // The port and the transport stand in front.
            for word in words.skip(2) {
                let number = str::from_utf8(word).ok().and_then(|word| word.parse().ok());
                match (number, &mut self.audio_types) {
                    (Some(number), Some(types)) => types.push(number),
                    (None, types) => *types = None,
                    (Some(_), None) => {}
                }
            }
        }
        Some(())
    }
}

/// Stands for a keyword in a skeleton.
const HOLE: u8 = 0;

/// The text of a message with a hole for each keyword; `None` if one of them may hold lines of SDP: one whose text comes from
/// elsewhere, in the body, or as a line of its own.
fn skeleton(template: &Template) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let mut in_body = false;
    for piece in &template.pieces {
        match piece {
            Piece::Literal(bytes) => {
                let overlap = text.len().saturating_sub(3);
                text.extend_from_slice(bytes);
                in_body |= memchr::memmem::find(&text[overlap..], b"\r\n\r\n").is_some();
            }
            Piece::Keyword(keyword) => {
                if may_hold_lines(keyword) && (in_body || text.last().is_none_or(|&last| last == b'\n')) {
                    return None;
                }
                text.push(HOLE);
            }
        }
    }
    Some(text)
}

fn may_hold_lines(keyword: &Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Variable(_)
            | Keyword::Field { .. }
            | Keyword::File(_)
            | Keyword::LastMessage
            | Keyword::Fill { .. }
    )
}

/// Captures and digits go nowhere before the peer's SDP has come; a stream waits for it.
fn too_early(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(graph) = &scene.graph else { return };
    let receives = |index: usize| {
        scene
            .steps
            .get(index)
            .is_some_and(|step| matches!(step.step.kind, StepKind::Recv(_)) && !step.step.ignore_sdp)
    };
    let Some(known) = graph.flow(false, |index, before| *before || receives(index)) else { return };
    for (index, step) in scene.steps.iter().enumerate() {
        // A step that no call comes to has a finding of its own.
        if known[index] != Some(false) || receives(index) {
            continue;
        }
        for play in plays_of(step).filter(|play| !matches!(play.action, MediaAction::Stream(_))) {
            findings.add(
                codes::PLAYED_TOO_EARLY,
                play.span(),
                "this is played before any message of the peer can have said where to: nothing is sent",
                "too early",
                "move it behind the <recv> of the message with the peer's SDP, which must not have ignoresdp",
            );
        }
    }
}

fn too_late(scene: &Scene<'_>, findings: &mut Findings) {
    for pair in scene.steps.windows(2) {
        let [step, next] = pair else { continue };
        let goes_on = step.step.next.is_none() && !step.step.actions.iter().any(waits_or_jumps);
        if !goes_on || !ends_call(next) {
            continue;
        }
        // What is played before something else in its place is another matter.
        if let Some(play) = plays_of(step).last() {
            findings.add(
                codes::PLAYED_TOO_LATE,
                play.span(),
                "this plays while the call goes on, and the next step ends the call",
                "cut off at once",
                "put a <pause> between them, or for a stream <exec rtp_stream=\"wait\"/> behind it",
            );
        }
    }
}

fn waits_or_jumps(action: &Action) -> bool {
    matches!(
        action,
        Action::Media(MediaAction::Wait { .. })
            | Action::ExecVerify(_)
            | Action::Jump(_)
            | Action::PauseRestore(_)
    )
}

fn ends_call(step: &StepScene<'_>) -> bool {
    match &step.step.kind {
        StepKind::Send(send) => {
            step.step.condition.is_none()
                && matches!(&send.start, SendStart::Request(method) if method == "BYE")
        }
        _ => false,
    }
}
