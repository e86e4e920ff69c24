//! `pause` and `timewait`.

use busyhour_scenario::program::{Pause, PauseLength, Step};

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::distribution;
use crate::errand;
use crate::host::{self, Part};
use crate::prepare::Prepared;
use busyhour_media::Time;

/// Longest pause, ms (spec-scenario §3.5).
const PAUSE_MS_MAX: f64 = i32::MAX as f64;

pub(super) fn run(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    step: &Step,
    pause: &Pause,
) -> Option<Fate> {
    let index = call.step;
    if !call.flags.entered {
        call.flags.entered = true;
        super::bookkeeping(context, call, step, context.now);
        context.step(call, index).messages += 1;
        let restored = call.extra.as_mut().and_then(|extra| extra.restored_pause.take());
        call.pause_until = restored.unwrap_or_else(|| match length_ms(prepared, context, call, pause) {
            0 => Time::ZERO,
            ms => context.now + ms * 1000,
        });
        let acted = host::act(prepared, context, call, Part::Step(index), &[]);
        if acted.fate.is_some() || acted.jump.is_some() {
            return super::leave(prepared, context, call, step, index, acted);
        }
    }
    if let Some(fate) = errand::hold(context, call) {
        return Some(fate);
    }
    if call.pause_until > context.now {
        return Some(Fate::Waits);
    }
    if call.pause_until != Time::ZERO {
        call.behind_us = context.now.micros_since(call.pause_until) as u32;
    }
    super::follow(prepared, context, call, step, index);
    None
}

fn length_ms(prepared: &Prepared, context: &mut Context, call: &mut Call, pause: &Pause) -> u64 {
    let ms = match &pause.length {
        PauseLength::Default => return context.settings.pause_ms,
        PauseLength::Variable(variable) => host::number(prepared, context, call, *variable),
        PauseLength::Drawn(drawn) => {
            let mut random = context.random(call);
            distribution::sample(drawn, &mut random)
        }
    };
    // A float that is no number becomes 0.
    ms.clamp(0.0, PAUSE_MS_MAX) as u64
}
