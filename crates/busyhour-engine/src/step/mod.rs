//! Running steps: a call goes on until it must wait for time or for a message (design §3).

mod command;
mod init;
mod pause;
mod recv;
mod send;

pub(crate) use command::{
    end_if_waiting as end_if_waiting_for_command, is_abort, keep as keep_command, receive as receive_command,
    send_abort as send_twin_abort,
};
pub(crate) use init::run_init;
pub(crate) use recv::{ending_on_close, keep, note_peer_tag, take};
pub(crate) use send::{answer_again, note_reply_path, repeat_step, send_automatic, send_stored};

use busyhour_scenario::program::{Condition, Next, Step, StepKind, TimerId};
use rand::RngExt as _;

use crate::call::{Call, Fate, Timer, Waiting};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::host::{self, Part};
use crate::prepare::Prepared;
use crate::{errand, matching, media, retransmit};
use busyhour_media::Time;

/// Most steps a call runs before others get their turn: a scenario may loop without waiting.
const STEPS_PER_RUN_MAX: u32 = 10_000;

/// Runs a call's steps until it waits or ends.
pub(crate) fn run(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Fate {
    if !call.flags.entered {
        // It gave others their turn; that moment must not remain its deadline.
        call.pause_until = Time::ZERO;
    }
    for _ in 0..STEPS_PER_RUN_MAX {
        if let Some(fate) = errand::hold(context, call) {
            return fate;
        }
        let Some(step) = prepared.program.steps.get(call.step as usize) else {
            return Fate::Ends(Ending::Successful);
        };
        if !call.flags.entered && !condition_holds(prepared, context, call, step.condition) {
            follow(prepared, context, call, step, call.step);
            continue;
        }
        // In actions of all other steps the dialog of the last one counts.
        if matches!(step.kind, StepKind::Send(_) | StepKind::Recv(_)) {
            context.switch_dialog(call, step.dialog);
        }
        let fate = match &step.kind {
            StepKind::Send(send) => send::run(prepared, context, call, step, send),
            StepKind::Recv(recv) => match waiting_message(call) {
                Some(waiting) => matching::receive_waiting(prepared, context, call, &waiting),
                None => match command::take_kept(prepared, context, call) {
                    Some(fate) => fate,
                    None => recv::wait(prepared, context, call, recv),
                },
            },
            StepKind::Pause(pause) => pause::run(prepared, context, call, step, pause),
            StepKind::Nop => nop(prepared, context, call, step),
            StepKind::SendCmd(send) => command::send(prepared, context, call, step, send),
            StepKind::RecvCmd(_) => command::wait(prepared, context, call),
        };
        if let Some(fate) = fate {
            return fate;
        }
    }
    // Goes on a tick later.
    call.pause_until = context.now + 1000;
    Fate::Waits
}

/// What happens when one of the call's deadlines has passed.
pub(crate) fn timeout(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Fate {
    let now = context.now;
    if call.retransmit.at != Time::ZERO
        && call.retransmit.at <= now
        && let Some(fate) = retransmit::timeout(prepared, context, call)
    {
        return fate;
    }
    if call.receive_until != Time::ZERO
        && call.receive_until <= now
        && let Some(fate) = recv::timeout(prepared, context, call)
    {
        return fate;
    }
    if let Some(fate) = media::timeout(prepared, context, call) {
        return fate;
    }
    run(prepared, context, call)
}

fn nop(prepared: &Prepared, context: &mut Context, call: &mut Call, step: &Step) -> Option<Fate> {
    bookkeeping(context, call, step, context.now);
    let index = call.step;
    let outcome = host::act(prepared, context, call, Part::Step(index), &[]);
    leave(prepared, context, call, step, index, outcome)
}

/// Ends a step after its actions: jumps, or follows `next`.
pub(crate) fn leave(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: &Step,
    index: u32,
    outcome: host::Acted,
) -> Option<Fate> {
    if let Some(fate) = outcome.fate {
        return Some(fate);
    }
    match outcome.jump {
        Some(target) => call.go_to(target),
        None => follow(prepared, context, call, step, index),
    }
    None
}

/// Moves to where `next`, `test` and `chance` of step `index` lead.
pub(crate) fn follow(prepared: &Prepared, context: &mut Context, call: &mut Call, step: &Step, index: u32) {
    let target = match step.next {
        Some(next) if branches(prepared, context, call, next) => next.target,
        _ => index + 1,
    };
    call.go_to(target);
}

fn branches(prepared: &Prepared, context: &mut Context, call: &mut Call, next: Next) -> bool {
    if next.test.is_some_and(|variable| !host::is_set(prepared, context, call, variable)) {
        return false;
    }
    next.chance >= 1.0 || (next.chance > 0.0 && context.random(call).random::<f32>() < next.chance)
}

fn condition_holds(
    prepared: &Prepared,
    context: &Context,
    call: &Call,
    condition: Option<Condition>,
) -> bool {
    condition.is_none_or(|condition| {
        host::is_set(prepared, context, call, condition.variable) != condition.inverse
    })
}

/// Counter and timers of a step that runs or matches at `at`.
pub(crate) fn bookkeeping(context: &mut Context, call: &mut Call, step: &Step, at: Time) {
    let statistics = &mut context.statistics.programs[call.program as usize];
    if let Some(counter) = step.counter {
        statistics.counters[counter as usize] += 1;
    }
    for &timer in &step.start_timers {
        let behind_us = call.behind_us;
        if let Some(timer) = timer_of(call, timer) {
            (timer.started, timer.behind_us) = (at, behind_us);
        }
    }
    for &timer in &step.stop_timers {
        let (started, behind_us) = match timer_of(call, timer) {
            Some(timer) => {
                if timer.recorded && !step.repeat_timers {
                    continue;
                }
                timer.recorded = true;
                (timer.started, timer.behind_us)
            }
            None => {
                let bit = 1 << (timer % 64);
                if call.recorded & bit != 0 && !step.repeat_timers {
                    continue;
                }
                call.recorded |= bit;
                (call.created, call.start_behind_us)
            }
        };
        let actual_us = at.micros_since(started);
        statistics.timers[timer as usize].record(actual_us, Some(actual_us + u64::from(behind_us)));
    }
}

fn timer_of(call: &mut Call, timer: TimerId) -> Option<&mut Timer> {
    call.tables.as_mut()?.timers.get_mut(timer as usize)
}

fn waiting_message(call: &mut Call) -> Option<Waiting> {
    call.extra.as_mut()?.waiting.pop_front()
}
