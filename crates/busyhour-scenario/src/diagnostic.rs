//! What is wrong with a scenario, where, and how to mend it.

pub mod codes;
mod render;

use std::ops::Range;

pub use render::{one_line, render};

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

impl Diagnostic {
    /// Creates an error without label and help.
    pub fn error(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let message = message.into();
        Diagnostic { code, level: Level::Error, message, span, label: String::new(), help: String::new() }
    }

    /// Creates a warning without label and help.
    pub fn warning(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { level: Level::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// Sets what stands at the span.
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// Moves the place by so many bytes.
    pub(crate) fn shifted(mut self, by: usize) -> Diagnostic {
        self.span = self.span.start + by..self.span.end + by;
        self
    }

    /// Sets how to mend it.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = help.into();
        self
    }
}
