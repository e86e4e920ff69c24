//! `sendCmd` and `recvCmd` (spec-engine §12).

use busyhour_scenario::program::{RecvCmd, SendCmd, Step};

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;

/// Runs a `sendCmd` step.
pub(super) fn send(
    _: &Prepared,
    context: &mut Context,
    call: &mut Call,
    _: &Step,
    _: &SendCmd,
) -> Option<Fate> {
    not_available(context, call)
}

/// Waits at a `recvCmd` step.
pub(super) fn wait(_: &Prepared, context: &mut Context, call: &mut Call, _: &RecvCmd) -> Option<Fate> {
    not_available(context, call)
}

fn not_available(context: &mut Context, call: &Call) -> Option<Fate> {
    context.warn(|| b"third-party call control commands are not available yet".to_vec());
    Some(Fate::Ends(Ending::Failed(call.step, FailureKind::NotAvailable)))
}
