//! `check_it` and `check_it_inverse`.

use busyhour_scenario::program::Check;

/// True if the call fails by a check.
pub(super) fn fails(check: Check, holds: bool) -> bool {
    match check {
        Check::No => false,
        Check::MustHold => !holds,
        Check::MustNotHold => holds,
    }
}

/// The attribute, for warnings.
pub(super) fn attribute(check: Check) -> &'static str {
    if check == Check::MustNotHold { "check_it_inverse" } else { "check_it" }
}
