//! `send`, and sending again.

use crate::automatic;
use crate::call::{Call, Fate, REPLIES_MAX, Retransmit, Stored};
use crate::call_id;
use crate::context::Context;
use crate::dead_call::Ending;
use crate::errand;
use crate::host::{self, Part};
use crate::media::{self, Keys};
use crate::prepare::{Message, Prepared};
use crate::render;
use crate::snapshot::FailureKind;
use crate::transport::Path;
use crate::unexpected;
use busyhour_media::Time;
use busyhour_scenario::program::{Send, Step};

/// Runs a `send` step, unless the last message's retransmission timer still runs (spec-engine §6.4).
pub(super) fn run(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: &Step,
    send: &Send,
) -> Option<Fate> {
    if call.retransmit.at != Time::ZERO {
        return Some(Fate::Waits);
    }
    let index = call.step;
    if call.flags.no_socket {
        return errand::find_socket(prepared, context, call);
    }
    super::bookkeeping(context, call, step, context.now);
    let message = &prepared.messages[index as usize];
    if message.raises_cseq {
        call.dialog.cseq = call.dialog.cseq.wrapping_add(1);
    }
    if let Some(id) = call.open_dialog(&prepared.program) {
        context.opened_dialogs.push((id, call.slot));
    }
    let start = context.out.bytes.len();
    let rendered = media::prepare(prepared, context, call, &message.needs)
        .and_then(|keys| render_in_transaction(prepared, context, call, index, message, send, &keys));
    if let Err(trouble) = rendered {
        context.out.bytes.truncate(start);
        context.warn(|| unsent(call, &trouble));
        return Some(unexpected::release(prepared, context, call, trouble.kind));
    }
    if prepared.media.has
        && let Err(why) = media::sent(prepared, context, call, message, start)
    {
        context.out.bytes.truncate(start);
        context.warn(|| call.warning(&format!("{why}: the call is rejected")));
        return Some(unexpected::release(prepared, context, call, FailureKind::CallRejected));
    }
    note_transactions(context, call, send, index, start);
    let path = path_for(call, message, &context.out.bytes[start..]);

    store(context, call, send, index, message, start);
    let text =
        if step.actions.is_empty() { Vec::new() } else { context.pool.store(&context.out.bytes[start..]) };
    context.step(call, index).messages += 1;
    if context.loses(call, step.lost_percent) {
        context.out.bytes.truncate(start);
        context.step(call, index).lost += 1;
    } else if !context.transmit(call, path, start) {
        context.warn(|| too_long(call));
        return Some(Fate::EndsForgotten(Ending::Failed(index, FailureKind::CannotSendMessage)));
    }
    call.dialog.sent_invite = message.is_invite;
    if message.is_ack {
        call.dialog.established = true;
        call.dialog.ack_pending = false;
    }
    call.sent_step = index;

    let acted = host::act(prepared, context, call, Part::Step(index), &text);
    context.pool.give(text);
    super::leave(prepared, context, call, step, index, acted)
}

fn render_step(
    prepared: &Prepared,
    context: &mut Context,
    call: &Call,
    index: u32,
    message: &Message,
    keys: &Keys,
) -> Result<(), render::Unrenderable> {
    let source = render::Source {
        prepared,
        settings: &context.settings,
        shared: &context.shared,
        call,
        now: context.now,
        branch_index: i64::from(index),
        message_index: i64::from(index),
        swapped: false,
        keys,
    };
    source.render(&message.template, &mut context.out.bytes)
}

/// Renders the message of a step; a response of a named transaction speaks of that transaction's request, whatever was
/// received since.
fn render_in_transaction(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    index: u32,
    message: &Message,
    send: &Send,
    keys: &Keys,
) -> Result<(), render::Unrenderable> {
    let Some(transaction) = send.response_transaction.map(usize::from) else {
        return render_step(prepared, context, call, index, message, keys);
    };
    exchange_last(call, transaction);
    let rendered = render_step(prepared, context, call, index, message, keys);
    exchange_last(call, transaction);
    rendered
}

/// Exchanges the last message taken with the request of a server transaction.
fn exchange_last(call: &mut Call, transaction: usize) {
    let Some(extra) = &mut call.extra else { return };
    if let Some(state) = extra.server_transactions.get_mut(transaction) {
        std::mem::swap(&mut call.dialog.last, &mut state.request);
    }
}

fn note_transactions(context: &Context, call: &mut Call, send: &Send, index: u32, start: usize) {
    if let Some(transaction) = send.start_transaction {
        let branch = busyhour_wire::Message::parse(&context.out.bytes[start..])
            .ok()
            .and_then(|message| message.top_branch())
            .map_or(0, call_id::hash);
        if let Some(state) = call.extra().transactions.get_mut(transaction as usize) {
            *state = crate::call::TransactionState { branch, ..Default::default() };
        }
    }
    if let Some(transaction) = send.ack_transaction
        && let Some(state) = call.extra().transactions.get_mut(transaction as usize)
    {
        state.ack_step = index + 1;
    }
}

/// Responses go to where the request with their top Via branch came from (spec-3.8 E2); all else to the call's path.
fn path_for(call: &Call, message: &Message, bytes: &[u8]) -> Path {
    let Some(extra) = call.extra.as_ref().filter(|extra| message.is_response && !extra.replies.is_empty())
    else {
        return call.path;
    };
    let branch = busyhour_wire::Message::parse(bytes).ok().and_then(|message| message.top_branch());
    let branch = branch.map_or(0, call_id::hash);
    extra.replies.iter().rev().find(|(of, _)| *of == branch).map_or(call.path, |(_, path)| *path)
}

/// Notes where a request came from, if not from where the call sends to.
pub(crate) fn note_reply_path(call: &mut Call, message: &busyhour_wire::Message<'_>, path: Path) {
    if path == call.path && call.extra.as_ref().is_none_or(|extra| extra.replies.is_empty()) {
        return;
    }
    let Some(branch) = message.top_branch().map(call_id::hash) else { return };
    let replies = &mut call.extra().replies;
    if replies.len() == REPLIES_MAX {
        replies.pop_front();
    }
    replies.push_back((branch, path));
}

/// Sets up the retransmission timer, and notes what to send again when the peer repeats its message (spec-engine §5).
fn store(context: &mut Context, call: &mut Call, send: &Send, index: u32, message: &Message, start: usize) {
    call.stop_retransmission(&mut context.pool);
    if !call.flags.datagrams || !context.settings.retransmit {
        return;
    }
    let transaction = send.response_transaction;
    if let Some(state) =
        transaction.and_then(|transaction| call.extra().server_transactions.get_mut(usize::from(transaction)))
    {
        state.answer.clear();
        state.answer.extend_from_slice(&context.out.bytes[start..]);
        state.answer_step = index;
    }
    let received = &mut call.dialog.received;
    let first_answer = received.unanswered != 0 && transaction.is_none();
    if first_answer {
        received.answered = received.unanswered;
        received.answered_step = received.unanswered_step;
        received.unanswered = 0;
        call.dialog.answered_request = call.dialog.last.is_request;
    }
    let answers = transaction.is_none()
        && (first_answer || (message.is_response && received.answered != 0 && call.dialog.answered_request));
    if answers {
        std::mem::take(&mut received.answer).recycle(&mut context.pool);
        received.answer_step = index;
        received.answer = if message.stable_but_tag {
            Stored::Again
        } else {
            Stored::Bytes(context.pool.store(&context.out.bytes[start..]))
        };
    }
    if send.retrans_ms > 0 {
        call.retransmit = Retransmit {
            at: context.now + u64::from(send.retrans_ms) * 1000,
            interval_ms: send.retrans_ms,
            repeats: 0,
        };
        call.sent = match &received.answer {
            Stored::Bytes(_) if answers => Stored::Answer,
            _ if message.stable && transaction.is_none() => Stored::Again,
            _ => Stored::Bytes(context.pool.store(&context.out.bytes[start..])),
        };
    }
}

/// Sends a stored message again, and leaves the dialog in hand that was so before.
pub(crate) fn send_stored(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: u32,
    answer: bool,
) {
    let before = call.slot;
    context.switch_dialog(call, prepared.program.steps[step as usize].dialog);
    send_stored_in_dialog(prepared, context, call, step, answer);
    context.switch_dialog(call, before);
}

fn send_stored_in_dialog(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: u32,
    answer: bool,
) {
    let lost_percent = prepared.program.steps[step as usize].lost_percent;
    context.step(call, step).retransmissions += 1;
    context.statistics.count_retransmission(call.program);
    if context.loses(call, lost_percent) {
        context.step(call, step).lost += 1;
        return;
    }
    let start = context.out.bytes.len();
    let stored = if answer { &call.dialog.received.answer } else { &call.sent };
    let stored = if matches!(stored, Stored::Answer) { &call.dialog.received.answer } else { stored };
    let message = &prepared.messages[step as usize];
    match stored {
        Stored::Bytes(bytes) => context.out.bytes.extend_from_slice(bytes),
        // What is rendered again was rendered before, from the same values.
        _ => {
            if render_step(prepared, context, call, step, message, Keys::NONE).is_err() {
                context.out.bytes.truncate(start);
                return;
            }
        }
    }
    let path = path_for(call, message, &context.out.bytes[start..]);
    context.transmit(call, path, start);
}

/// Sends the last response of a server transaction again.
pub(crate) fn answer_again(prepared: &Prepared, context: &mut Context, call: &mut Call, transaction: usize) {
    let Some(state) = call.extra.as_ref().and_then(|extra| extra.server_transactions.get(transaction)) else {
        return;
    };
    let step = state.answer_step;
    let start = context.out.bytes.len();
    context.out.bytes.extend_from_slice(&state.answer);
    context.step(call, step).retransmissions += 1;
    context.statistics.count_retransmission(call.program);
    let lost_percent = prepared.program.steps[step as usize].lost_percent;
    if context.loses(call, lost_percent) {
        context.out.bytes.truncate(start);
        context.step(call, step).lost += 1;
        return;
    }
    let path = path_for(call, &prepared.messages[step as usize], &context.out.bytes[start..]);
    context.transmit(call, path, start);
}

/// Renders a step anew and sends it: the ACK of a repeated, not identical, final response.
pub(crate) fn repeat_step(prepared: &Prepared, context: &mut Context, call: &mut Call, step: u32) {
    context.switch_dialog(call, prepared.program.steps[step as usize].dialog);
    context.step(call, step).retransmissions += 1;
    let start = context.out.bytes.len();
    let message = &prepared.messages[step as usize];
    if let Err(trouble) = render_step(prepared, context, call, step, message, Keys::NONE) {
        context.out.bytes.truncate(start);
        context.warn(|| unsent(call, &trouble));
        return;
    }
    context.transmit(call, call.path, start);
}

/// Sends an automatic message, never lost and never repeated. `reply_to`: where a response goes.
pub(crate) fn send_automatic(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    kind: automatic::Kind,
    reply_to: Option<Path>,
) {
    let Some(message) = prepared.automatic.get(&kind) else { return };
    let start = context.out.bytes.len();
    let source = render::Source {
        prepared,
        settings: &context.settings,
        shared: &context.shared,
        call,
        now: context.now,
        branch_index: branch_index(prepared, call, kind),
        message_index: if kind == automatic::Kind::Bye { steps(prepared) } else { -1 },
        swapped: call.dialog.last.is_request && kind != automatic::Kind::Ok,
        keys: Keys::NONE,
    };
    if let Err(trouble) = source.render(&message.template, &mut context.out.bytes) {
        context.out.bytes.truncate(start);
        context.warn(|| unsent(call, &trouble));
        return;
    }
    let path = reply_to.unwrap_or(call.path);
    if !context.transmit(call, path, start) {
        context.warn(|| too_long(call));
    }
}

/// What stands for the step in the branch of an automatic message: of a BYE the number of steps, which no step has; else the step
/// before the one that the call is at.
fn branch_index(prepared: &Prepared, call: &Call, kind: automatic::Kind) -> i64 {
    match kind {
        automatic::Kind::Bye => steps(prepared),
        automatic::Kind::CancelOwn => i64::from(call.sent_step),
        automatic::Kind::AckOk => i64::from(call.step),
        automatic::Kind::Ack | automatic::Kind::Cancel | automatic::Kind::Ok => i64::from(call.step) - 1,
    }
}

fn steps(prepared: &Prepared) -> i64 {
    prepared.program.steps.len() as i64
}

fn unsent(call: &Call, trouble: &render::Unrenderable) -> Vec<u8> {
    let mut text = b"message could not be made, Call-Id '".to_vec();
    text.extend_from_slice(call.id.as_bytes());
    text.extend_from_slice(b"': ");
    text.extend_from_slice(trouble.text.as_bytes());
    text
}

fn too_long(call: &Call) -> Vec<u8> {
    call.warning("message too long for the transport")
}
