//! Injection files: values that a scenario takes from outside, a line a call (spec-scenario §10, spec-3.8 A7).

/// The injection files of a run.
#[derive(Debug, Default)]
pub struct Files {}
