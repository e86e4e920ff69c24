//! What is left of a call when it has gone.

use crate::call::Call;
use crate::context::Context;

/// Most tables kept for later calls.
const SPARE_MAX: usize = 65_536;

/// Takes a call's buffers and tables back for later calls.
pub(crate) fn buffers(context: &mut Context, call: &mut Call) {
    call.recycle(&mut context.pool);
    context.shared.circuits().give_back(call);
    let Some(mut tables) = call.tables.take() else { return };
    if context.spare_tables.len() < SPARE_MAX {
        tables.timers.clear();
        tables.lines.clear();
        for value in &mut tables.variables {
            value.clear();
        }
        context.spare_tables.push(tables);
    }
}
