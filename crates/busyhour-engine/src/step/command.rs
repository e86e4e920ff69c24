//! `sendCmd` and `recvCmd` (spec-engine §12).

use busyhour_scenario::program::{DefaultMessage, Optional, SendCmd, Step, StepKind};
use busyhour_scenario::template::{Keyword, Piece, Template};
use busyhour_wire::{COMMAND_BYTES_MAX, COMMAND_END};

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::event::Direction;
use crate::host::{self, Part};
use crate::media::{self, Keys};
use crate::prepare::Prepared;
use crate::render::{self, Unrenderable};
use crate::snapshot::FailureKind;
use crate::transport::TwinSend;
use crate::unexpected;
use busyhour_media::Time;

/// Most commands that a call keeps until it comes to their steps; more are dropped and counted.
pub(crate) const COMMANDS_MAX: usize = 64;

/// Most commands that wait for the driver; a call that wants to send one more fails.
const TWIN_SENDS_MAX: usize = 65_536;

/// Runs a `sendCmd` step, unless the last message's retransmission timer still runs.
pub(super) fn send(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: &Step,
    send: &SendCmd,
) -> Option<Fate> {
    if call.retransmit.at != Time::ZERO {
        return Some(Fate::Waits);
    }
    let index = call.step;
    super::bookkeeping(context, call, step, context.now);
    let text = media::prepare_text(prepared, context, call, &send.template)
        .and_then(|keys| render(prepared, context, call, &send.template, &keys));
    let text = match text {
        Ok(text) => text,
        Err(trouble) => {
            warn(context, call, &format!("command could not be made: {}", trouble.text));
            return Some(unexpected::release(prepared, context, call, trouble.kind));
        }
    };
    let to = addressee(context, send.destination.as_deref())
        .and_then(|to| obstacle(context, &text).map_or(Ok(to), Err));
    let to = match to {
        Ok(to) => to,
        Err(problem) => return Some(not_sent(context, call, &problem)),
    };
    push(context, to, text);
    context.step(call, index).messages += 1;
    let acted = host::act(prepared, context, call, Part::Step(index), &[]);
    super::leave(prepared, context, call, step, index, acted)
}

/// Waits at a `recvCmd` step, or takes a command that has come before.
pub(super) fn wait(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Fate> {
    call.flags.entered = true;
    take_kept(prepared, context, call).unwrap_or(Some(Fate::Waits))
}

/// Takes the first command that came too early, if it can be taken now; ends a call that waits for one when none comes
/// any more. `None`: neither.
pub(super) fn take_kept(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Option<Fate>> {
    if let Some(command) = call.extra.as_mut().and_then(|extra| extra.commands.pop_front()) {
        match search(prepared, context, call, &command) {
            Found::Later => call.extra().commands.push_front(command),
            found => return Some(found.or_reject(prepared, context, call, &command)),
        }
    }
    (context.twin_lost && waits(prepared, call)).then(|| Some(forsake(prepared, context, call)))
}

/// The line to the other party is gone: ends the call if it waits for a command.
pub(crate) fn end_if_waiting(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Fate {
    if call.waits_outside() || !waits(prepared, call) {
        return Fate::Waits;
    }
    forsake(prepared, context, call)
}

/// True if a call can't go on without a command: it stands at a `recvCmd`, or at optional steps before one.
fn waits(prepared: &Prepared, call: &Call) -> bool {
    let mut steps = prepared.program.steps.iter().skip(call.step as usize).map(|step| &step.kind);
    let decides = steps.find(|kind| match kind {
        StepKind::Recv(recv) => recv.optional == Optional::No,
        StepKind::RecvCmd(recv) => recv.optional == Optional::No,
        _ => true,
    });
    matches!(decides, Some(StepKind::RecvCmd(_)))
}

fn forsake(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Fate {
    warn(context, call, "aborted, for no command can come any more: the line to the other party is gone");
    unexpected::release(prepared, context, call, FailureKind::TwinAborted)
}

/// Delivers a command to its call (spec-engine §12.4).
pub(crate) fn receive(prepared: &Prepared, context: &mut Context, call: &mut Call, command: &[u8]) -> Fate {
    if is_abort(command) {
        warn(context, call, "aborted by the other party");
        return unexpected::release(prepared, context, call, FailureKind::TwinAborted);
    }
    let overtakes = call.extra.as_ref().is_some_and(|extra| !extra.commands.is_empty());
    let found = if overtakes { Found::Later } else { search(prepared, context, call, command) };
    if matches!(found, Found::Later) {
        keep(context, call, command);
        return Fate::Waits;
    }
    found.or_reject(prepared, context, call, command).unwrap_or_else(|| super::run(prepared, context, call))
}

/// Keeps a command until the call comes to its step.
pub(crate) fn keep(context: &mut Context, call: &mut Call, command: &[u8]) {
    let commands = &mut call.extra().commands;
    if commands.len() < COMMANDS_MAX {
        commands.push_back(command.to_vec());
        return;
    }
    context.statistics.counters.commands_dropped += 1;
    warn(context, call, "command dropped: too many came before the scenario waits for them");
}

/// True for a command by which the other party gives the call up.
pub(crate) fn is_abort(command: &[u8]) -> bool {
    const NAME: &[u8] = b"internal-cmd:";
    let Some(at) = memchr::memmem::find(command, NAME) else { return false };
    let value = command[at + NAME.len()..].trim_ascii_start();
    value.split(u8::is_ascii_whitespace).next() == Some(b"abort_call")
}

/// Tells the twin that this call is given up (spec-engine §7.2), or it would wait for ever. Extended third-party call
/// control has no such command, and of automatic calls the twin knows nothing.
pub(crate) fn send_abort(prepared: &Prepared, context: &mut Context, call: &Call) {
    let is_twin = context.settings.third_party.as_ref().is_some_and(|third_party| third_party.name.is_none());
    if !is_twin || call.step == 0 || call.flags.automatic || context.twin_lost {
        return;
    }
    let mut own = prepared.program.default_messages.iter();
    let own = own.find(|(of, _)| *of == DefaultMessage::ThirdPartyAbort).map(|(_, template)| template);
    let rendered = match own {
        Some(template) => render(prepared, context, call, template, Keys::NONE),
        None => render(prepared, context, call, &abort_template(), Keys::NONE),
    };
    match rendered {
        Ok(text) => match obstacle(context, &text) {
            None => push(context, 0, text),
            Some(why) => {
                context.statistics.counters.commands_dropped += 1;
                warn(context, call, &format!("3pcc_abort dropped: {why}"));
            }
        },
        Err(trouble) => warn(context, call, &format!("3pcc_abort could not be made: {}", trouble.text)),
    }
}

fn abort_template() -> Template {
    let literal = |text: &str| Piece::Literal(text.as_bytes().to_vec());
    let end = literal("\r\ninternal-cmd: abort_call\r\n\r\n");
    Template { pieces: vec![literal("call-id: "), Piece::Keyword(Keyword::CallId), end] }
}

/// What a command meets from the current step on.
enum Found {
    /// This step takes it.
    Step(u32),
    /// Its step comes later: it waits in the call.
    Later,
    /// Its `From` is not the `src` of the step that waits.
    Stranger,
    /// The call neither waits for a command nor will soon.
    Nothing,
}

impl Found {
    /// Takes the command, or ends the call.
    fn or_reject(
        self,
        prepared: &Prepared,
        context: &mut Context,
        call: &mut Call,
        command: &[u8],
    ) -> Option<Fate> {
        let what = match self {
            Found::Step(index) => return take(prepared, context, call, index, command),
            Found::Stranger => "Unexpected sender for the received peer message",
            Found::Later | Found::Nothing => "the scenario does not wait for the received peer message",
        };
        let shown = String::from_utf8_lossy(command).into_owned();
        warn(context, call, &format!("{what}\n{shown}\n"));
        Some(Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::CallRejected)))
    }
}

/// Looks for the `recvCmd` that takes a command: from the current step on over optional steps.
///
/// Like SIPp 3.8.0, a call in a pause rejects; steps that wait for a message or a retransmission timer let it wait.
fn search(prepared: &Prepared, context: &Context, call: &Call, command: &[u8]) -> Found {
    for (index, step) in prepared.program.steps.iter().enumerate().skip(call.step as usize) {
        match &step.kind {
            StepKind::RecvCmd(recv) => match &recv.source {
                Some(source) if is_extended(context) && sender(command) != Some(source.as_bytes()) => {
                    if recv.optional == Optional::No {
                        return Found::Stranger;
                    }
                }
                _ => return Found::Step(index as u32),
            },
            StepKind::Recv(recv) if recv.optional != Optional::No => {}
            StepKind::Recv(_) | StepKind::Send(_) | StepKind::SendCmd(_) | StepKind::Nop => {
                return Found::Later;
            }
            StepKind::Pause(_) => return Found::Nothing,
        }
    }
    Found::Nothing
}

/// Takes a command at step `index`. Its actions see the text without a blank line at its end.
fn take(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    index: u32,
    command: &[u8],
) -> Option<Fate> {
    let step = &prepared.program.steps[index as usize];
    call.behind_us = 0;
    super::bookkeeping(context, call, step, context.now);
    context.step(call, index).messages += 1;
    let text = command.strip_suffix(b"\r\n\r\n").unwrap_or(command);
    // As in a recv, a jump has no effect (spec-scenario §7.2).
    let acted = host::act(prepared, context, call, Part::Step(index), text);
    if acted.fate.is_some() {
        return acted.fate;
    }
    super::follow(prepared, context, call, step, index);
    None
}

/// The word after the first `From:`.
fn sender(command: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(command, b"From:")?;
    command[at + 5..].split(u8::is_ascii_whitespace).find(|word| !word.is_empty())
}

fn is_extended(context: &Context) -> bool {
    context.settings.third_party.as_ref().is_some_and(|third_party| third_party.name.is_some())
}

/// Position of a peer by its name; the twin's without one.
fn addressee(context: &Context, name: Option<&str>) -> Result<u16, String> {
    let Some(third_party) = &context.settings.third_party else {
        return Err("this run has no peers".to_owned());
    };
    let at = match name {
        Some(name) if third_party.name.is_some() => third_party.peers.iter().position(|peer| peer == name),
        _ => (!third_party.peers.is_empty()).then_some(0),
    };
    at.and_then(|at| u16::try_from(at).ok())
        .ok_or_else(|| format!("there is no peer \"{}\"", name.unwrap_or_default()))
}

/// Renders a command. As in SIPp, a NUL ends it.
fn render(
    prepared: &Prepared,
    context: &Context,
    call: &Call,
    template: &Template,
    keys: &Keys,
) -> Result<Vec<u8>, Unrenderable> {
    let source = render::Source {
        prepared,
        settings: &context.settings,
        shared: &context.shared,
        call,
        now: context.now,
        branch_index: i64::from(call.step),
        message_index: i64::from(call.step),
        swapped: false,
        keys,
    };
    let mut text = Vec::new();
    source.render(template, &mut text)?;
    text.truncate(memchr::memchr(0, &text).unwrap_or(text.len()));
    Ok(text)
}

/// Why a command can't be sent.
fn obstacle(context: &Context, text: &[u8]) -> Option<String> {
    if text.len() > COMMAND_BYTES_MAX {
        return Some(format!("it has {} bytes, the most is {COMMAND_BYTES_MAX}", text.len()));
    }
    if memchr::memchr(COMMAND_END, text).is_some() {
        return Some("it holds an ESC (0x1b), which would end it there".to_owned());
    }
    (context.twin_sends.len() >= TWIN_SENDS_MAX)
        .then(|| format!("{TWIN_SENDS_MAX} commands wait to be sent already"))
}

fn push(context: &mut Context, to: u16, text: Vec<u8>) {
    context.trace_command(context.now, Direction::Sent, &text);
    context.twin_sends.push_back(TwinSend { call: context.current, to, bytes: text });
}

fn not_sent(context: &mut Context, call: &Call, why: &str) -> Fate {
    warn(context, call, &format!("command could not be sent: {why}"));
    Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::CmdNotSent))
}

fn warn(context: &mut Context, call: &Call, what: &str) {
    context.warn(|| call.warning(what));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_the_word_after_from() {
        assert_eq!(sender(b"Call-ID: 1\r\nFrom: m\r\n\r\n"), Some(&b"m"[..]));
        assert_eq!(sender(b"From:  s1 and more\r\n"), Some(&b"s1"[..]));
        assert_eq!(sender(b"From:\r\n"), None);
        assert_eq!(sender(b"Call-ID: 1\r\n"), None);
    }

    #[test]
    fn aborts_are_known_by_a_whole_word() {
        for text in ["call-id: 1\r\ninternal-cmd: abort_call\r\n\r\n", "internal-cmd:abort_call\n"] {
            assert!(is_abort(text.as_bytes()), "{text:?}");
        }
        for text in ["internal-cmd: abort_calls\r\n", "internal-cmd: x abort_call\r\n", "abort_call\r\n", ""]
        {
            assert!(!is_abort(text.as_bytes()), "{text:?}");
        }
    }
}
