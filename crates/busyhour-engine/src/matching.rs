//! From a received message to the step that takes it (spec-engine §3.2–§3.5, §5).

use busyhour_scenario::program::{DialogSlot, Expect, Optional, Recv, SendStart, StepKind};
use busyhour_wire::{Message, Start};

use crate::call::{Call, Fate, WAITING_MAX, Waiting};
use crate::call_id;
use crate::context::Context;
use crate::dead_call::Ending;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::step;
use crate::transport::Source;
use crate::unexpected;

/// Delivers a message to a dialog of its call.
pub(crate) fn receive(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    slot: DialogSlot,
    source: &Source,
    message: &Message<'_>,
) -> Fate {
    context.received = source.received;
    let current = prepared.program.steps.get(call.step as usize);
    if context.settings.ignore_messages_in_pause
        && current.is_some_and(|step| matches!(step.kind, StepKind::Pause(_)))
    {
        context.statistics.counters.ignored_in_pause += 1;
        return Fate::Waits;
    }
    if current.is_some_and(|step| matches!(step.kind, StepKind::Nop)) {
        // Only a scenario that loops without waiting is met at a nop.
        wait_for_recv(context, call, slot, source, message);
        return Fate::Waits;
    }
    let before = call.slot;
    context.switch_dialog(call, slot);
    let fate = receive_in_dialog(prepared, context, call, source, message);
    fate.unwrap_or_else(|| {
        context.switch_dialog(call, before);
        Fate::Waits
    })
}

/// The same for the dialog in hand. `None`: the message changes nothing.
fn receive_in_dialog(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    source: &Source,
    message: &Message<'_>,
) -> Option<Fate> {
    if message.method() == Some(b"ACK")
        && context.settings.behaviors.check_ack_cseq
        && call.dialog.invite_cseq != 0
        && message.cseq_number() != Some(call.dialog.invite_cseq)
    {
        return Some(wrong_ack(context, call, message));
    }
    if message.to().is_none() {
        return Some(unexpected::unexpected(prepared, context, call, message));
    }
    let hash = hash_of(message, context.settings.loose_duplicate_check);
    if call.flags.datagrams && context.settings.retransmit && is_repeated(prepared, context, call, hash) {
        return None;
    }
    let mut repeats_invite = false;
    match message.start() {
        Start::Response { code: 0 } => {
            return Some(unexpected::unexpected(prepared, context, call, message));
        }
        Start::Response { .. } => step::note_peer_tag(context, call, message),
        Start::Request { method, .. } => {
            if method == b"INVITE" {
                repeats_invite =
                    call.dialog.last.any && Some(call.dialog.invite_cseq) == message.cseq_number();
                call.dialog.invite_cseq = message.cseq_number().unwrap_or(0);
            }
            step::note_reply_path(call, message, source.path);
        }
    }
    match search(prepared, context, call, message, hash) {
        Found::Step { index, forward } => {
            let taken = step::take(prepared, context, call, index, message, hash, forward);
            Some(taken.unwrap_or_else(|| step::run(prepared, context, call)))
        }
        Found::AckAgain(index) => {
            step::repeat_step(prepared, context, call, index);
            None
        }
        Found::Old => None,
        // Several exchanges old, so that its answer is no longer remembered.
        Found::Nothing if repeats_invite => {
            context.statistics.counters.messages_received += 1;
            None
        }
        Found::Nothing => unmatched(prepared, context, call, source, message),
    }
}

/// Delivers a message that waited for a recv.
pub(crate) fn receive_waiting(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    waiting: &Waiting,
) -> Option<Fate> {
    match Message::parse(&waiting.bytes) {
        Ok(message) => Some(receive(prepared, context, call, waiting.slot, &waiting.source, &message)),
        // It was parsed before it was put there.
        Err(_) => None,
    }
}

/// Keeps a message until the call comes to a recv. Where too many wait it is dropped: those before it are what the call
/// will come to first.
pub(crate) fn wait_for_recv(
    context: &mut Context,
    call: &mut Call,
    slot: DialogSlot,
    source: &Source,
    message: &Message<'_>,
) {
    if call.extra().waiting.len() >= WAITING_MAX {
        context.statistics.counters.waiting_dropped += 1;
        context.warn(|| too_many_wait(call, message));
        return;
    }
    call.extra().waiting.push_back(Waiting { slot, source: *source, bytes: message.bytes().to_vec() });
}

fn too_many_wait(call: &Call, message: &Message<'_>) -> Vec<u8> {
    let mut text = format!("{WAITING_MAX} messages wait for a receive of Call-Id '").into_bytes();
    text.extend_from_slice(call.id.as_bytes());
    text.extend_from_slice(b"' already, dropped '");
    text.extend_from_slice(message.bytes());
    text.push(b'\'');
    text
}

enum Found {
    Step {
        index: u32,
        forward: bool,
    },
    /// The ACK of this step is to be made and sent again.
    AckAgain(u32),
    /// Of an exchange that is over: ignored.
    Old,
    Nothing,
}

/// Looks for the step that takes a message: forward over optional steps, then backward (spec-engine §3.4).
fn search(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    message: &Message<'_>,
    hash: u64,
) -> Found {
    let steps = &prepared.program.steps;
    for (index, step) in steps.iter().enumerate().skip(call.step as usize) {
        if matches(prepared, call, index, message) {
            return Found::Step { index: index as u32, forward: true };
        }
        if !is_optional(&step.kind) {
            break;
        }
    }
    let mut contiguous = true;
    let mut old = false;
    for index in (0..(call.step as usize).min(steps.len())).rev() {
        let StepKind::Recv(recv) = &steps[index].kind else {
            contiguous = false;
            continue;
        };
        let fits = matches(prepared, call, index, message);
        if fits && ((contiguous && recv.optional != Optional::No) || recv.optional == Optional::Global) {
            return Found::Step { index: index as u32, forward: false };
        }
        if fits {
            if let Some(found) = repair(prepared, context, call, recv, index, message, hash) {
                return found;
            }
            old |= is_harmless_when_old(message);
        }
        if recv.optional == Optional::No {
            contiguous = false;
        }
    }
    if old {
        return Found::Old;
    }
    Found::Nothing
}

/// What a message for an old step may still ask for.
fn repair(
    prepared: &Prepared,
    context: &mut Context,
    call: &Call,
    recv: &Recv,
    index: usize,
    message: &Message<'_>,
    hash: u64,
) -> Option<Found> {
    if let Some(transaction) = recv.response_transaction {
        let state = call.extra.as_ref()?.transactions.get(transaction as usize)?;
        if message.status().is_some_and(|status| status < 200) {
            return Some(Found::Old);
        }
        if state.ack_step > 0 {
            return Some(Found::AckAgain(state.ack_step - 1));
        }
        if state.final_response == hash {
            context.warn(|| b"repeated final response of an ended transaction is ignored".to_vec());
            return Some(Found::Old);
        }
        return None;
    }
    let next = index + 1;
    let acknowledges = prepared.messages.get(next).is_some_and(|message| message.is_ack);
    (message.status().is_some() && message.cseq_method() == b"INVITE" && acknowledges)
        .then_some(Found::AckAgain(next as u32))
}

/// Late provisional responses and repeated ACKs harm nobody (spec-3.8 B §3.4).
fn is_harmless_when_old(message: &Message<'_>) -> bool {
    message.status().is_some_and(|status| status < 200) || message.method() == Some(b"ACK")
}

pub(crate) fn is_optional(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Recv(recv) if recv.optional != Optional::No)
}

/// Whether step `index` takes this message of the dialog in hand (spec-engine §3.3).
fn matches(prepared: &Prepared, call: &Call, index: usize, message: &Message<'_>) -> bool {
    prepared.program.steps[index].dialog == call.slot && expects(prepared, call, index, message)
}

/// The same, whatever the dialog.
pub(crate) fn expects(prepared: &Prepared, call: &Call, index: usize, message: &Message<'_>) -> bool {
    let StepKind::Recv(recv) = &prepared.program.steps[index].kind else { return false };
    match (&recv.expect, message.start()) {
        (Expect::Request(wanted), Start::Request { method, .. }) => wanted.as_bytes() == method,
        (Expect::RequestMatching(_), Start::Request { method, .. }) => {
            prepared.expected[index].as_ref().is_some_and(|regex| regex.borrow_mut().is_match(method))
        }
        (Expect::Response(wanted), Start::Response { code }) => {
            *wanted == code && is_answer(recv, call, index, message)
        }
        (Expect::ResponseMatching(_), Start::Response { code }) => {
            let digits = [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
            prepared.expected[index].as_ref().is_some_and(|regex| regex.borrow_mut().is_match(&digits))
                && is_answer(recv, call, index, message)
        }
        _ => false,
    }
}

/// Whether a response belongs to a request that comes before this recv.
fn is_answer(recv: &Recv, call: &Call, index: usize, message: &Message<'_>) -> bool {
    if let Some(transaction) = recv.response_transaction {
        let branch = message.top_branch().map_or(0, call_id::hash);
        return call
            .extra
            .as_ref()
            .and_then(|extra| extra.transactions.get(transaction as usize))
            .is_some_and(|state| state.branch != 0 && state.branch == branch);
    }
    let (methods, method) = (recv.methods_sent_before.as_bytes(), message.cseq_method());
    index == 0
        || (!methods.is_empty()
            && (methods.starts_with(method) || memchr::memmem::find(methods, method).is_some()))
}

/// Recognises what was received before, and answers it again if it was answered.
fn is_repeated(prepared: &Prepared, context: &mut Context, call: &mut Call, hash: u64) -> bool {
    if is_repeated_in_transaction(prepared, context, call, hash) {
        return true;
    }
    if call.dialog.received.answered == hash {
        let step = call.dialog.received.answered_step;
        let lost_percent = prepared.program.steps[step as usize].lost_percent;
        if !context.loses(call, lost_percent) {
            context.step(call, step).retransmissions += 1;
            let answer_step = call.dialog.received.answer_step;
            step::send_stored(prepared, context, call, answer_step, true);
        }
        return true;
    }
    if call.dialog.received.unanswered == hash {
        let step = call.dialog.received.unanswered_step;
        context.step(call, step).retransmissions += 1;
        return true;
    }
    false
}

fn is_repeated_in_transaction(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    hash: u64,
) -> bool {
    let transactions = call.extra.as_ref().map_or(&[][..], |extra| &extra.server_transactions);
    let Some(at) = transactions.iter().position(|transaction| transaction.hash == hash) else {
        return false;
    };
    let (step, answered) = (transactions[at].step, !transactions[at].answer.is_empty());
    let lost_percent = prepared.program.steps[step as usize].lost_percent;
    if !context.loses(call, lost_percent) {
        context.step(call, step).retransmissions += 1;
        if answered {
            step::answer_again(prepared, context, call, at);
        }
    }
    true
}

fn unmatched(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    source: &Source,
    message: &Message<'_>,
) -> Option<Fate> {
    let Some(target) = prepared.program.unexpected_main else {
        return changed(unexpected::handle(prepared, context, call, source, message));
    };
    if !unexpected::enter_subroutine(prepared, context, call, target) {
        return changed(unexpected::unexpected(prepared, context, call, message));
    }
    wait_for_recv(context, call, call.slot, source, message);
    Some(step::run(prepared, context, call))
}

/// An unexpected message that does not end its call changes nothing.
fn changed(fate: Fate) -> Option<Fate> {
    (fate != Fate::Waits).then_some(fate)
}

fn wrong_ack(context: &mut Context, call: &Call, message: &Message<'_>) -> Fate {
    context.warn(|| {
        let mut text = b"ACK with a CSeq that is not the INVITE's ends Call-Id '".to_vec();
        text.extend_from_slice(call.id.as_bytes());
        text.extend_from_slice(b"', received '");
        text.extend_from_slice(message.bytes());
        text.push(b'\'');
        text
    });
    Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::AckCseq))
}

/// Hash of the whole message, or of what `-rtcheck loose` looks at. Never 0.
fn hash_of(message: &Message<'_>, loose: bool) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = foldhash::fast::FixedState::with_seed(0x7274_6368_6563_6b00).build_hasher();
    if loose {
        for name in [&b"To"[..], b"From", b"Call-ID", b"CSeq"] {
            hasher.write(message.header(name).next().unwrap_or_default());
        }
        if message.status().is_some() {
            hasher.write(message.bytes().split(|&byte| byte == b'\r').next().unwrap_or_default());
            hasher.write(message.body());
        }
    } else {
        hasher.write(message.bytes());
    }
    hasher.finish().max(1)
}

/// What a step waits for, in a few words, for warnings.
pub(crate) fn expectation(prepared: &Prepared, index: u32) -> String {
    let Some(step) = prepared.program.steps.get(index as usize) else {
        return format!("while ending (index {index})");
    };
    match &step.kind {
        StepKind::Recv(recv) => match &recv.expect {
            Expect::Request(method) => format!("while expecting '{method}' (index {index})"),
            Expect::Response(code) => format!("while expecting '{code}' (index {index})"),
            Expect::RequestMatching(pattern) | Expect::ResponseMatching(pattern) => {
                format!("while expecting '{}' (index {index})", pattern.source)
            }
            Expect::Nothing => format!("while expecting nothing (index {index})"),
        },
        StepKind::Send(send) => match &send.start {
            SendStart::Request(method) => format!("while sending '{method}' (index {index})"),
            SendStart::Response(code) => format!("while sending '{code}' (index {index})"),
        },
        StepKind::Pause(_) => format!("while pausing (index {index})"),
        StepKind::SendCmd(_) => format!("while sending command (index {index})"),
        StepKind::RecvCmd(_) => format!("while expecting command (index {index})"),
        StepKind::Nop => format!("in nop (index {index})"),
    }
}
