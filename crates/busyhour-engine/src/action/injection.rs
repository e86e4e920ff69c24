//! `lookup`, `insert`, `replace` (spec-scenario §7.2, §10).

use busyhour_scenario::program::Variable;
use busyhour_scenario::template::Template;

use super::{Host, Outcome, not_available};

/// Finds the line of a key.
pub(super) fn lookup(_: Variable, _: &Template, _: &Template, host: &mut impl Host) -> Outcome {
    not_available("lookup", host)
}

/// Appends a line.
pub(super) fn insert(_: &Template, _: &Template, host: &mut impl Host) -> Outcome {
    not_available("insert", host)
}

/// Replaces a line.
pub(super) fn replace(_: &Template, _: &Template, _: &Template, host: &mut impl Host) -> Outcome {
    not_available("replace", host)
}
