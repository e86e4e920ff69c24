//! Messages that no step takes, and calls that end before their time (spec-engine §7, §8, §9.4 of spec-scenario).

use busyhour_scenario::program::Role;
use busyhour_wire::Message;

use crate::automatic::Kind;
use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::host;
use crate::matching::expectation;
use crate::prepare::Prepared;
use crate::snapshot::{FailureKind, UNEXPECTED_CODES_MAX};
use crate::step::{self, send_automatic};
use crate::transport::Source;
use crate::variables::Value;
use busyhour_media::Time;

/// Decides by method what becomes of a message that matches nothing (spec-engine §7.1).
pub(crate) fn handle(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    source: &Source,
    message: &Message<'_>,
) -> Fate {
    let reply_to = Some(source.path);
    match message.method() {
        Some(b"BYE" | b"CANCEL") => {
            let index = call.step;
            note_unexpected(prepared, context, call, index);
            step::keep(prepared, context, call, message);
            let behaviors = context.settings.behaviors;
            warn(prepared, context, call, message, behaviors.abort_unexpected);
            if !behaviors.abort_unexpected {
                return Fate::Waits;
            }
            if behaviors.bye {
                send_automatic(prepared, context, call, Kind::Ok, reply_to);
            }
            Fate::EndsForgotten(Ending::Failed(index, FailureKind::UnexpectedMessage))
        }
        Some(b"PING") => {
            if context.settings.behaviors.ping_reply {
                answer(prepared, context, call, message, source);
            } else {
                warn(prepared, context, call, message, false);
            }
            Fate::Waits
        }
        Some(b"INFO" | b"NOTIFY" | b"OPTIONS" | b"UPDATE") if context.settings.auto_answer => {
            answer(prepared, context, call, message, source);
            Fate::Waits
        }
        _ => unexpected(prepared, context, call, message),
    }
}

/// Answers a request with 200 and leaves the call as it was.
pub(crate) fn answer(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    message: &Message<'_>,
    source: &Source,
) {
    let last = std::mem::take(&mut call.dialog.last);
    step::keep(prepared, context, call, message);
    send_automatic(prepared, context, call, Kind::Ok, Some(source.path));
    context.pool.give(std::mem::replace(&mut call.dialog.last, last).kept);
    context.statistics.counters.auto_answered += 1;
}

/// An unexpected message ends its call, unless `abortunexp` is off (spec-engine §7.3).
pub(crate) fn unexpected(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    message: &Message<'_>,
) -> Fate {
    note_unexpected(prepared, context, call, call.step);
    let aborts = context.settings.behaviors.abort_unexpected;
    warn(prepared, context, call, message, aborts);
    if let Some(code) = message.status() {
        let codes = &mut context.statistics.programs[call.program as usize].unexpected_codes;
        if codes.len() < UNEXPECTED_CODES_MAX {
            codes.push(code);
        }
    }
    if !aborts {
        return Fate::Waits;
    }
    step::keep(prepared, context, call, message);
    if message.status() == Some(200) && message.cseq_method() == b"INVITE" {
        call.dialog.ack_pending = true;
    }
    release(prepared, context, call, FailureKind::UnexpectedMessage)
}

/// Ends a call as failed, and releases it on the wire if `bye` is on.
pub(crate) fn release(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    kind: FailureKind,
) -> Fate {
    if !context.settings.behaviors.bye {
        return Fate::EndsForgotten(Ending::Failed(call.step, kind));
    }
    send_release(prepared, context, call);
    Fate::Ends(Ending::Aborted(call.step, kind))
}

/// Sends what ends an unfinished call, in the dialog in hand and then in the others (spec-engine §8, spec-3.8 B, K).
pub(crate) fn send_release(prepared: &Prepared, context: &mut Context, call: &mut Call) {
    release_dialog(prepared, context, call);
    for slot in call.other_slots() {
        context.switch_dialog(call, slot);
        release_dialog(prepared, context, call);
    }
}

fn release_dialog(prepared: &Prepared, context: &mut Context, call: &mut Call) {
    let dialog = &call.dialog;
    if !dialog.last.any {
        return;
    }
    // A scenario that a command starts still opens its dialog itself if it sends first.
    let places = prepared.program.creation == Role::Client
        || (prepared.program.first_command.is_some() && prepared.program.sending == Role::Client);
    if !call.dialog_is_ours().unwrap_or(places) {
        // Before the ACK there is no dialog that a server could end (RFC 3261 §15).
        if dialog.established {
            send_automatic(prepared, context, call, Kind::Bye, None);
        }
        return;
    }
    if call.step == 0 {
        return;
    }
    if dialog.sent_invite && !dialog.established {
        if !dialog.last.is_request && dialog.last.status >= 300 {
            send_automatic(prepared, context, call, Kind::Ack, None);
        } else if dialog.ack_pending {
            send_automatic(prepared, context, call, Kind::AckOk, None);
            send_automatic(prepared, context, call, Kind::Bye, None);
        } else {
            let kind = if dialog.last.is_request { Kind::CancelOwn } else { Kind::Cancel };
            send_automatic(prepared, context, call, kind, None);
        }
    } else {
        send_automatic(prepared, context, call, Kind::Bye, None);
    }
}

/// Goes to `_unexp.main`, unless the call is inside it already (spec-scenario §9.4).
pub(crate) fn enter_subroutine(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    target: u32,
) -> bool {
    if let Some(variable) = prepared.program.unexpected_return {
        if host::number(prepared, context, call, variable) != 0.0 {
            return false;
        }
        host::assign(prepared, context, call, variable, Value::Number(f64::from(call.step)));
    }
    if let Some(variable) = prepared.program.unexpected_paused
        && call.pause_until != Time::ZERO
    {
        let deadline_ms = call.pause_until.as_millis() as f64;
        host::assign(prepared, context, call, variable, Value::Number(deadline_ms));
    }
    call.go_to(target);
    true
}

fn note_unexpected(prepared: &Prepared, context: &mut Context, call: &Call, index: u32) {
    if (index as usize) < prepared.program.steps.len() {
        context.step(call, index).unexpected += 1;
    }
}

fn warn(prepared: &Prepared, context: &mut Context, call: &Call, message: &Message<'_>, aborts: bool) {
    let index = call.step;
    context.warn(|| {
        let mut text = if aborts { b"Aborting".to_vec() } else { b"Continuing".to_vec() };
        text.extend_from_slice(b" call on unexpected message for Call-Id '");
        text.extend_from_slice(call.id.as_bytes());
        text.extend_from_slice(b"': ");
        text.extend_from_slice(expectation(prepared, index).as_bytes());
        text.extend_from_slice(b", received '");
        text.extend_from_slice(message.bytes());
        text.push(b'\'');
        text
    });
}
