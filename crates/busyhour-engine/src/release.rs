//! What is left of a call when it has gone.

use crate::call::Call;
use crate::context::Context;

/// Most tables kept for later calls.
const SPARE_MAX: usize = 65_536;

/// Takes a call's buffers and tables back for later calls.
pub(crate) fn buffers(context: &mut Context, call: &mut Call) {
    call.recycle(&mut context.pool);
    let mut timers = std::mem::take(&mut call.timers);
    if timers.capacity() > 0 && context.spare_timers.len() < SPARE_MAX {
        timers.clear();
        context.spare_timers.push(timers);
    }
    let mut values = std::mem::take(&mut call.variables);
    if values.capacity() > 0 && context.spare_values.len() < SPARE_MAX {
        for value in &mut values {
            value.clear();
        }
        context.spare_values.push(values);
    }
}
