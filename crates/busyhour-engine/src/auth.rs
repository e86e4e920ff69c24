//! Digest authentication of a call: challenges received, credentials sent (spec-engine §10, spec-3.8 B §10).

use busyhour_scenario::template::Credentials;

use crate::render::{Source, Unrenderable};
use crate::snapshot::FailureKind;

/// What a call remembers of challenges.
#[derive(Debug, Default)]
pub(crate) struct State {}

/// Appends the header that `[authentication]` stands for, to a message that is otherwise whole.
pub(crate) fn header(
    _source: &Source<'_>,
    _credentials: &Credentials,
    _message: &[u8],
    _out: &mut Vec<u8>,
) -> Result<(), Unrenderable> {
    Err(Unrenderable::new(FailureKind::NotAvailable, "[authentication] is not available yet"))
}
