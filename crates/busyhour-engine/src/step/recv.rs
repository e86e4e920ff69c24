//! `recv`: waiting, and taking a message that matches.

use busyhour_scenario::program::{Optional, Recv, RecvTimeout, Step, StepKind, TransactionId};
use busyhour_wire::Message;

use crate::call::{Call, Fate, Last, ServerTransaction};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::host::{self, Part};
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::{auth, media, retransmit, routes, unexpected};
use busyhour_media::Time;

/// Waits at a recv: its deadline begins when the call comes to it.
pub(super) fn wait(prepared: &Prepared, context: &mut Context, call: &mut Call, recv: &Recv) -> Option<Fate> {
    if !call.flags.entered {
        call.flags.entered = true;
        let ms = match &recv.timeout {
            RecvTimeout::Default => context.settings.recv_timeout_ms,
            RecvTimeout::Fixed(ms) if *ms <= 0 => {
                call.receive_until = context.now;
                return timeout(prepared, context, call);
            }
            RecvTimeout::Fixed(ms) => *ms as u64,
            RecvTimeout::Rendered(template) => {
                let text = host::text(prepared, context, call, template);
                leading_number(&text).filter(|&ms| ms > 0).unwrap_or(context.settings.recv_timeout_ms)
            }
        };
        call.receive_until = if ms == 0 { Time::ZERO } else { context.now + ms * 1000 };
    }
    Some(Fate::Waits)
}

fn leading_number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..digits]).ok()?.parse().ok()
}

/// The receive timeout of the current step has passed (spec-engine §4.3).
pub(super) fn timeout(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Fate> {
    let index = call.step;
    let step = prepared.program.steps.get(index as usize)?;
    call.receive_until = Time::ZERO;
    context.step(call, index).timeouts += 1;
    let label = step.on_timeout;
    context.warn(|| {
        let mut text = b"receive timeout on message ".to_vec();
        text.extend_from_slice(format!("{}:{index} for Call-Id '", call.program).as_bytes());
        text.extend_from_slice(call.id.as_bytes());
        text.extend_from_slice(match label {
            Some(_) => b"', jumping to the label of ontimeout".as_slice(),
            None => b"', without label: the call fails".as_slice(),
        });
        text
    });
    match label {
        Some(target) if (target as usize) < prepared.program.steps.len() => {
            call.go_to(target);
            None
        }
        _ => Some(unexpected::release(prepared, context, call, FailureKind::TimeoutOnRecv)),
    }
}

/// Takes a message that matches step `index` (spec-engine §3.5). `forward`: found from the current step on.
pub(crate) fn take(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    index: u32,
    message: &Message<'_>,
    hash: u64,
    forward: bool,
) -> Option<Fate> {
    let step: &Step = &prepared.program.steps[index as usize];
    let StepKind::Recv(recv) = &step.kind else { return None };
    if context.loses(call, step.lost_percent) {
        context.step(call, index).lost += 1;
        let at = context.now;
        if context.settings.trace_messages {
            context.emit(crate::Event::VoluntaryLoss { at });
        }
        return Some(Fate::Waits);
    }
    if let Some(transaction) = recv.response_transaction
        && message.status().is_some_and(|status| status >= 200)
        && let Some(state) = call.extra().transactions.get_mut(transaction as usize)
    {
        state.final_response = hash;
    }
    call.behind_us = 0;
    super::bookkeeping(context, call, step, context.received);
    context.step(call, index).messages += 1;
    context.statistics.counters.messages_received += 1;
    // An action may end the call, and what is sent then goes by these.
    if message.status() == Some(200) {
        call.dialog.ack_pending = true;
    }
    if message.method() == Some(b"ACK") {
        call.dialog.established = true;
        call.dialog.ack_pending = false;
    }
    if prepared.media.has
        && !step.ignore_sdp
        && let Err(why) = media::received(prepared, context, call, message)
    {
        context.warn(|| call.warning(&format!("{why}: the call is rejected")));
        keep(prepared, context, call, message);
        return Some(unexpected::release(prepared, context, call, FailureKind::CallRejected));
    }
    let acted = host::act(prepared, context, call, Part::Step(index), message.bytes());
    if let Some(fate) = acted.fate {
        return Some(fate);
    }
    if message.method().is_some() {
        call.dialog.cseq = call.dialog.cseq.max(message.cseq_number().unwrap_or(0));
    }
    retransmit::stop_by(context, call, index, message, forward);
    if recv.record_route_set {
        routes::record(context, call, message);
    }
    if recv.auth && !auth::store(call, message) {
        context.warn(|| auth::missing_challenge(call, message));
        keep(prepared, context, call, message);
        return Some(unexpected::release(prepared, context, call, FailureKind::UnexpectedMessage));
    }
    // Even where the call stays: a send may have waited for the timer that has just been stopped.
    if !recv.advance_state {
        return None;
    }
    match recv.start_transaction {
        Some(transaction) => begin_transaction(prepared, context, call, transaction, index, message, hash),
        None => remember(prepared, context, call, index, message, hash),
    }
    let stays = recv.optional != Optional::No
        && step
            .next
            .and_then(|next| next.test)
            .is_some_and(|variable| !host::is_set(prepared, context, call, variable));
    if stays {
        return None;
    }
    super::follow(prepared, context, call, step, index);
    None
}

/// Makes a request the last message taken, and keeps it for its answers (spec-3.8 A2).
fn begin_transaction(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    transaction: TransactionId,
    index: u32,
    message: &Message<'_>,
    hash: u64,
) {
    keep(prepared, context, call, message);
    let last = &call.dialog.last;
    let request = Last { kept: context.pool.store(&last.kept), ..*last };
    // `Engine::enter` has made room for every transaction of the program.
    let state = &mut call.extra().server_transactions[usize::from(transaction)];
    let before = std::mem::replace(
        state,
        ServerTransaction { request, hash, step: index, ..ServerTransaction::default() },
    );
    context.pool.give(before.request.kept);
    context.pool.give(before.answer);
}

/// Makes a message the last one taken.
pub(crate) fn remember(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    index: u32,
    message: &Message<'_>,
    hash: u64,
) {
    keep(prepared, context, call, message);
    call.dialog.received.unanswered = hash;
    call.dialog.received.unanswered_step = index;
}

/// Keeps a message for `[last_…]` and automatic messages.
pub(crate) fn keep(prepared: &Prepared, context: &mut Context, call: &mut Call, message: &Message<'_>) {
    context.pool.give(std::mem::take(&mut call.dialog.last.kept));
    call.dialog.last = last(prepared, context, message);
}

fn last(prepared: &Prepared, context: &mut Context, message: &Message<'_>) -> Last {
    Last {
        kept: prepared.layout.keep(&mut context.pool, &mut context.scratch, message),
        cseq: message.cseq_number().unwrap_or(0),
        status: message.status().unwrap_or(0),
        is_request: message.status().is_none(),
        any: true,
    }
}

/// A response's To tag becomes the peer's (spec-engine §3.2).
pub(crate) fn note_peer_tag(context: &mut Context, call: &mut Call, message: &Message<'_>) {
    let Some(peer_tag) = message.to_tag() else { return };
    if call.dialog.peer_tag != peer_tag {
        context.pool.give(std::mem::take(&mut call.dialog.peer_tag));
        call.dialog.peer_tag = context.pool.store(peer_tag);
    }
}

/// A response for a call in a final wait, or the call itself, ends well when its connection goes.
pub(crate) fn ending_on_close(prepared: &Prepared, call: &Call) -> Option<Ending> {
    let step = prepared.program.steps.get(call.step as usize)?;
    matches!(&step.kind, StepKind::Pause(pause) if pause.final_wait).then_some(Ending::Successful)
}
