//! Commands from the other processes of a third-party call control (spec-engine §12.4).
//!
//! A command is a text of headers without a start line. Its Call-ID names the call that it is for; where no call has
//! that Call-ID, a scenario that waits for its peers begins one.

use busyhour_wire::command_call_id;

use crate::call::Call;
use crate::call_id;
use crate::circuits;
use crate::engine::Engine;
use crate::event::Direction;
use crate::shared::Shared;
use crate::step;
use crate::transport::SocketRequest;

/// The worker, 0-based, that owns the call of a command; `None` if the command has no Call-ID. `keep_prefix`:
/// [`Settings::keep_call_id_prefix`](crate::Settings).
pub fn command_owner(command: &[u8], keep_prefix: bool, shared: &Shared) -> Option<usize> {
    let id = command_call_id(command)?;
    Some(shared.owner(if keep_prefix { id } else { call_id::without_prefix(id) }))
}

/// Delivers a command to its call, or makes a call for it.
pub(crate) fn receive(engine: &mut Engine, command: &[u8]) {
    let now = engine.context.now;
    engine.context.trace_command(now, Direction::Received, command);
    let Some(id) = command_call_id(command) else {
        engine.context.statistics.counters.no_call_id += 1;
        return warn(engine, b"command without a valid Call-ID: header discarded: '", command);
    };
    let id = engine.significant(id);
    let hash = call_id::hash(id);
    match engine.calls.find(hash, id).map(|(index, _)| index) {
        Some(index) if engine.calls.get_mut(index).is_some_and(|call| call.waits_outside()) => {
            if let Some(call) = engine.calls.get_mut(index) {
                step::keep_command(&mut engine.context, call, command);
            }
        }
        Some(index) => engine
            .work(index, |prepared, context, call| step::receive_command(prepared, context, call, command)),
        None if engine.dead.hit(now, hash).is_some() => {
            engine.context.statistics.counters.dead_call += 1;
            warn(engine, b"Dead call, received command '", command);
        }
        None => begin(engine, id, hash, command),
    }
}

/// Ends the calls that wait for a command, as none comes any more.
pub(crate) fn end_waiting(engine: &mut Engine) {
    for index in engine.calls.indices() {
        engine.work(index, step::end_if_waiting_for_command);
    }
}

/// Begins the call that a command asks for, unless the run makes no new ones.
fn begin(engine: &mut Engine, id: &[u8], hash: u64, command: &[u8]) {
    if engine.context.shared.quit_level() > 0 {
        return out_of_call(engine, command);
    }
    let settings = &engine.context.settings;
    let (calls_max, socket_per_call) = (settings.calls_max, settings.socket_per_call);
    let program = engine.received.filter(|_| settings.third_party.is_some() && !step::is_abort(command));
    let Some(program) = program else { return out_of_call(engine, command) };
    if engine.calls.is_full() {
        engine.context.statistics.counters.calls_refused += 1;
        return warn(engine, b"the table of calls is full, a call is refused for command '", command);
    }
    let Some(number) = engine.context.shared.next_call(calls_max) else {
        engine.context.shared.begin_quit();
        return out_of_call(engine, command);
    };
    if calls_max.is_some_and(|max| number >= max) {
        engine.context.shared.begin_quit();
    }
    engine.context.statistics.count_outgoing(program);
    let path = engine.default_path();
    let mut call = Call::new(&mut engine.context.pool, id, hash, path, engine.context.now);
    call.program = program;
    call.number = number;
    call.flags.opening = socket_per_call;
    call.flags.received = true;
    step::keep_command(&mut engine.context, &mut call, command);
    let index = engine.enter(call);
    if !circuits::claim(engine, index) {
        return;
    }
    if socket_per_call {
        let call = engine.calls.reference(index);
        engine.context.socket_requests.push_back(SocketRequest::Open { call, peer: path.peer });
    } else {
        engine.work(index, step::run);
    }
}

fn out_of_call(engine: &mut Engine, command: &[u8]) {
    engine.context.statistics.counters.out_of_call += 1;
    warn(engine, b"Discarding command which can't be mapped to a known call: '", command);
}

fn warn(engine: &mut Engine, what: &[u8], command: &[u8]) {
    engine.context.warn(|| [what, command, b"'"].concat());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Run;

    #[test]
    fn the_owner_is_that_of_the_part_after_three_slashes() {
        let shared = Shared::new(64, &Run::default());
        let owner = |text: &str, keep| command_owner(text.as_bytes(), keep, &shared);
        assert_eq!(owner("i: 1///a@b\r\n", false), owner("Call-ID: a@b\r\n", true));
        assert_eq!(owner("i: 1///a@b\r\n", true), Some(shared.owner(b"1///a@b")));
        assert_eq!(owner("From: m\r\n", false), None);
    }
}
