//! The retransmission timer of the last message sent (spec-engine §6).

use busyhour_wire::{Message, Start};

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::step;
use crate::unexpected;
use busyhour_media::Time;

/// The timer has fired: repeats the message, or gives up.
pub(crate) fn timeout(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Fate> {
    let index = call.sent_step;
    let settings = &context.settings;
    let is_invite = prepared.messages[index as usize].is_invite;
    let most = if is_invite { settings.invite_retrans_max } else { settings.non_invite_retrans_max };
    if call.retransmit.repeats >= most.min(settings.retrans_max) {
        return exhausted(prepared, context, call, index);
    }
    let doubled = call.retransmit.interval_ms.saturating_mul(2);
    // Timer B has no ceiling, timer F has T2 (RFC 3261 §17.1).
    let interval_ms = if is_invite { doubled } else { u64::from(doubled).min(settings.t2_ms) as u32 };
    call.retransmit.repeats += 1;
    call.retransmit.interval_ms = interval_ms;
    call.retransmit.at = context.now + u64::from(interval_ms) * 1000;
    step::send_stored(prepared, context, call, index, false);
    None
}

fn exhausted(prepared: &Prepared, context: &mut Context, call: &mut Call, index: u32) -> Option<Fate> {
    context.step(call, index).timeouts += 1;
    call.stop_retransmission(&mut context.pool);
    let steps = &prepared.program.steps;
    match steps[index as usize].on_timeout {
        Some(target) if (target as usize) < steps.len() => {
            call.go_to(target);
            None
        }
        _ => {
            context.warn(|| {
                let mut text = b"aborting call on UDP retransmission timeout for Call-Id '".to_vec();
                text.extend_from_slice(call.id.as_bytes());
                text.push(b'\'');
                text
            });
            Some(unexpected::release(prepared, context, call, FailureKind::MaxUdpRetrans))
        }
    }
}

/// Stops or stretches the timer when a message is matched at step `index` (spec-engine §6.3).
///
/// What is found forward from the current step answers the last send, even where a loop has put the recv before it in
/// the file; what is found backward only if its step comes after the send.
pub(crate) fn stop_by(
    context: &mut Context,
    call: &mut Call,
    index: u32,
    message: &Message<'_>,
    forward: bool,
) {
    if call.retransmit.at == Time::ZERO || !(forward || index > call.sent_step) {
        return;
    }
    let stops = match message.start() {
        Start::Response { code } => code >= 200 || message.cseq_method() == b"INVITE",
        Start::Request { method, .. } => matches!(method, b"ACK" | b"PRACK" | b"BYE" | b"CANCEL"),
    };
    if stops {
        call.stop_retransmission(&mut context.pool);
    } else if message.status().is_some() {
        // A provisional response to another request: from now on every T2 (RFC 3261 §17.1.2.2).
        call.retransmit.at = context.now + context.settings.t2_ms * 1000;
        call.retransmit.interval_ms = u32::try_from(context.settings.t2_ms).unwrap_or(u32::MAX);
    }
}
