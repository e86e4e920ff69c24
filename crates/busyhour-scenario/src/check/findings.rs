//! The list of findings while it grows.

use std::ops::Range;

use crate::check::codes;
use crate::diagnostic::{Diagnostic, Level};
use crate::syntax::nearest;

/// Most findings kept of one scenario: a person reads the first dozen.
const FINDINGS_MAX: usize = 500;

/// Most names that a mistyped one is compared with.
const COMPARED_MAX: usize = 5000;

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    left_out: usize,
    error_left_out: bool,
}

impl Findings {
    /// Adds a finding. Its level follows from the code's letter.
    pub(crate) fn add(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        let level = if code.starts_with('E') { Level::Error } else { Level::Warning };
        self.push(Diagnostic {
            code,
            level,
            message: message.into(),
            span,
            label: label.into(),
            help: help.into(),
        });
    }

    /// Adds findings that others made.
    pub(crate) fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        for other in others {
            self.push(other);
        }
    }

    /// Says "did you mean …?" with the nearest of `known`, or `otherwise` if none is near. Empty if nobody will read it,
    /// so that a file of mistakes only does not cost a comparison of everything with everything.
    pub(crate) fn suggest<'a>(
        &self,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
        otherwise: &str,
    ) -> String {
        if self.list.len() >= FINDINGS_MAX {
            return String::new();
        }
        nearest::did_you_mean(name, known.into_iter().take(COMPARED_MAX), otherwise)
    }

    /// True if one of the findings is an error.
    pub(crate) fn has_error(&self) -> bool {
        self.error_left_out || self.list.iter().any(|finding| finding.level == Level::Error)
    }

    /// The findings by place, and whether one of them is an error.
    pub(crate) fn finish(mut self) -> (Vec<Diagnostic>, bool) {
        let any_error = self.has_error();
        self.list.sort_by_key(|finding| finding.span.start);
        if self.left_out > 0 {
            let end = self.list.last().map_or(0, |finding| finding.span.end);
            self.list.push(Diagnostic {
                code: codes::MORE_FINDINGS,
                level: if self.error_left_out { Level::Error } else { Level::Warning },
                message: format!("{} more findings are left out", self.left_out),
                span: end..end,
                label: String::new(),
                help: "mend the first ones and check again".to_owned(),
            });
        }
        (self.list, any_error)
    }

    fn push(&mut self, finding: Diagnostic) {
        if self.list.len() < FINDINGS_MAX {
            self.list.push(finding);
        } else {
            self.left_out += 1;
            self.error_left_out |= finding.level == Level::Error;
        }
    }
}
