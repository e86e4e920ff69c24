//! `<init>`: nops that run once, before traffic (spec-scenario §8).

use crate::call::Call;
use crate::context::Context;
use crate::host::{self, Part};
use crate::prepare::Prepared;

/// Most init steps run: a stanza may loop.
const STEPS_MAX: u32 = 1_000_000;

/// Runs the stanza to its end. Counts nothing.
pub(crate) fn run_init(prepared: &Prepared, context: &mut Context, call: &mut Call) {
    for _ in 0..STEPS_MAX {
        if context.shared.is_stopped() {
            return;
        }
        let Some(step) = prepared.program.init.get(call.step as usize) else { return };
        let index = call.step;
        let mut jump = None;
        if super::condition_holds(prepared, context, call, step.condition) {
            let acted = host::act(prepared, context, call, Part::Init(index), &[]);
            if acted.fate.is_some() {
                return;
            }
            jump = acted.jump;
        }
        match jump {
            Some(target) => call.go_to(target),
            None => super::follow(prepared, context, call, step, index),
        }
    }
    context.warn(|| format!("the init stanza did not end within {STEPS_MAX} steps").into_bytes());
}
