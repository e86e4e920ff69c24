//! What is wrong with a scenario, where, and how to mend it.

use std::ops::Range;

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Stable code, e.g. `E012` or `W003`.
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// What was found, in one sentence that holds the short phrase scripts grep for where `spec/` quotes one.
    pub message: String,
    /// Byte range in the source that the finding is about.
    pub span: Range<usize>,
    /// What stands at the span, in a few words; may be empty.
    pub label: String,
    /// How to mend it.
    pub help: String,
}

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The scenario loads.
    Warning,
    /// The scenario does not load.
    Error,
}
