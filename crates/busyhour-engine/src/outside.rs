//! Messages whose Call-ID no open call has (spec-engine §3.1, spec-3.8 B §3.1).

use busyhour_scenario::program::StepKind;
use busyhour_wire::Message;

use crate::adoption;
use crate::call::{Call, Fate};
use crate::circuits;
use crate::dead_call::Ending;
use crate::engine::Engine;
use crate::matching;
use crate::step;
use crate::transport::{Path, Source};
use crate::unexpected;

/// Decides what becomes of such a message.
pub(crate) fn receive(engine: &mut Engine, source: &Source, message: &Message<'_>, id: &[u8], hash: u64) {
    let now = engine.context.now;
    if let Some(ending) = engine.dead.hit(now, hash) {
        return dead(engine, message, id, ending);
    }
    let Some(method) = message.method() else { return out_of_call(engine, message) };
    if engine.adoption.is_possible()
        && let Some(found) = engine.adoption.find(&mut engine.calls, &engine.programs, message)
    {
        adoption::adopt(&mut engine.calls, &engine.context, found, message.call_id(), id);
        return engine.deliver_to(found.0, found.1, source, message);
    }
    let auto_answered =
        engine.context.settings.auto_answer && matches!(method, b"INFO" | b"NOTIFY" | b"OPTIONS" | b"UPDATE");
    if auto_answered && engine.out_of_call.is_none() {
        return answer(engine, source, message, id, hash);
    }
    if let Some(program) = engine.received {
        // A server takes no more calls once it quits; in a mixed run the receiving side goes on as long as the other does.
        let shared = &engine.context.shared;
        let level = shared.quit_level();
        if level == 0 || (engine.places && level < 11 && shared.open_placed() > 0) {
            return incoming(engine, source, message, id, hash, program);
        }
    }
    if let Some(program) = engine.out_of_call {
        return automatic(engine, source, message, id, hash, program);
    }
    out_of_call(engine, message);
}

fn dead(engine: &mut Engine, message: &Message<'_>, id: &[u8], ending: Ending) {
    if matches!(ending, Ending::Aborted(..)) && answers_a_release(message) {
        engine.context.statistics.counters.messages_received += 1;
        return;
    }
    engine.context.statistics.counters.dead_call += 1;
    engine.context.warn(|| {
        let reason = match ending {
            Ending::Successful => "successful".to_owned(),
            Ending::Failed(step, kind) => format!("failed at index {step}: {}", kind.text()),
            Ending::Aborted(step, _) => format!("aborted at index {step}"),
        };
        let mut text = b"Dead call ".to_vec();
        text.extend_from_slice(id);
        text.extend_from_slice(format!(" ({reason}), received '").as_bytes());
        text.extend_from_slice(message.bytes());
        text.push(b'\'');
        text
    });
}

/// What comes back for the BYE or CANCEL that ended a call: it was to be expected (spec-3.8 B §8).
fn answers_a_release(message: &Message<'_>) -> bool {
    match message.status() {
        Some(487) => message.cseq_method() == b"INVITE",
        Some(_) => matches!(message.cseq_method(), b"BYE" | b"CANCEL"),
        None => false,
    }
}

fn out_of_call(engine: &mut Engine, message: &Message<'_>) {
    engine.context.statistics.counters.out_of_call += 1;
    engine.context.warn(|| {
        let mut text = b"Discarding message which can't be mapped to a known call:\n".to_vec();
        text.extend_from_slice(message.bytes());
        text
    });
}

fn incoming(engine: &mut Engine, source: &Source, message: &Message<'_>, id: &[u8], hash: u64, program: u8) {
    if engine.calls.is_full() {
        engine.context.statistics.counters.calls_refused += 1;
        engine.context.warn(|| b"the table of calls is full, an incoming call is refused".to_vec());
        return;
    }
    // In a mixed run only placed calls count (spec-engine §9.6).
    let calls_max = engine.context.settings.calls_max.filter(|_| !engine.places);
    let Some(number) = engine.context.shared.next_call(calls_max) else {
        engine.context.shared.begin_quit();
        return out_of_call(engine, message);
    };
    if calls_max.is_some_and(|max| number >= max) {
        engine.context.shared.begin_quit();
    }
    engine.context.statistics.count_incoming(program, false);
    let mut call = made_for(engine, source, id, hash, program);
    call.number = number;
    begin(engine, call, source, message);
}

fn automatic(engine: &mut Engine, source: &Source, message: &Message<'_>, id: &[u8], hash: u64, program: u8) {
    if engine.calls.is_full() {
        engine.context.statistics.counters.calls_refused += 1;
        return;
    }
    engine.context.statistics.counters.auto_answered += 1;
    engine.context.warn(|| b"automatic response to a message outside calls".to_vec());
    let mut call = made_for(engine, source, id, hash, program);
    engine.context.statistics.count_incoming(program, true);
    call.flags.automatic = true;
    begin(engine, call, source, message);
}

fn begin(engine: &mut Engine, call: Call, source: &Source, message: &Message<'_>) {
    let automatic = call.flags.automatic;
    let index = engine.enter(call);
    if !automatic && !circuits::claim(engine, index) {
        return;
    }
    engine.context.received = source.received;
    engine.work(index, |prepared, context, call| {
        if matches!(prepared.program.steps.first().map(|step| &step.kind), Some(StepKind::Nop)) {
            // What comes before the nops have run is for the first recv after them (spec-engine §3.2).
            matching::wait_for_recv(context, call, 0, source, message);
            return step::run(prepared, context, call);
        }
        match step::run(prepared, context, call) {
            Fate::Waits => matching::receive(prepared, context, call, 0, source, message),
            ends => ends,
        }
    });
}

fn answer(engine: &mut Engine, source: &Source, message: &Message<'_>, id: &[u8], hash: u64) {
    let mut call = made_for(engine, source, id, hash, 0);
    call.local_port = engine.context.settings.local_port;
    let prepared = &engine.programs[0];
    unexpected::answer(prepared, &mut engine.context, &mut call, message, source);
    call.recycle(&mut engine.context.pool);
}

/// A call whose messages go back to where this one came from, or to `-rsa`.
fn made_for(engine: &mut Engine, source: &Source, id: &[u8], hash: u64, program: u8) -> Call {
    let path = match engine.context.settings.send_to {
        Some(peer) => Path { peer, socket: engine.context.settings.shared_socket },
        None => source.path,
    };
    let now = engine.context.now;
    let mut call = Call::new(&mut engine.context.pool, id, hash, path, now);
    call.program = program;
    call.flags.received = true;
    call
}
