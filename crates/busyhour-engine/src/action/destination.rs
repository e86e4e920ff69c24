//! `setdest` and `closecon` (spec-scenario §7.2).

use busyhour_scenario::template::Template;

use super::{Host, Outcome, not_available};

/// Sends the call's messages elsewhere from now on.
pub(super) fn set(_: &Template, _: &Template, _: &Template, host: &mut impl Host) -> Outcome {
    not_available("setdest", host)
}

/// Closes the call's connection.
pub(super) fn close(host: &mut impl Host) -> Outcome {
    not_available("closecon", host)
}
