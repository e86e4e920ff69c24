//! placeholder
use crate::workspace::Outcome;
pub(crate) fn run(_: &[String]) -> Outcome {
    Ok(())
}
