//! `verifyauth` (spec-engine §10).

use busyhour_scenario::program::Variable;
use busyhour_scenario::template::Template;

use super::{Host, Input, Outcome, not_available};

/// Sets a variable to whether the message's Authorization header fits.
pub(super) fn verify(_: Variable, _: &Template, _: &Template, _: Input<'_>, host: &mut impl Host) -> Outcome {
    not_available("verifyauth", host)
}
