//! `exec command` and `exec verify` (spec-scenario §7.2, spec-3.8 A5).

use busyhour_scenario::template::Template;

use super::{Host, Outcome, flow, not_available};

/// Runs a command that nobody waits for.
pub(super) fn run(template: &Template, host: &mut impl Host) {
    flow::execute(template, host);
}

/// Runs a command that the call's next step waits for.
pub(super) fn verify(_: &Template, host: &mut impl Host) -> Outcome {
    not_available("exec verify", host)
}
