//! The reader's findings, limited in number.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, codes};

/// Most findings of each level that are listed.
const LISTED_MAX: usize = 100;

/// Characters of a piece of the file that a message quotes.
const QUOTED_CHARACTERS_MAX: usize = 40;

/// Findings in the order they were made.
#[derive(Debug, Default)]
pub(super) struct Report {
    diagnostics: Vec<Diagnostic>,
    warnings: Tally,
    errors: Tally,
}

/// Findings of one level.
#[derive(Debug, Default)]
struct Tally {
    listed: usize,
    /// Place of the first finding that is not listed, and how many there are.
    unlisted: Option<(Range<usize>, usize)>,
}

impl Report {
    /// Adds a warning; the words (message, label, help) are only asked for if it is listed.
    pub(super) fn warn<M: Into<String>, L: Into<String>, H: Into<String>>(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        words: impl FnOnce() -> (M, L, H),
    ) {
        if self.warnings.take(&span) {
            let (message, label, help) = words();
            self.diagnostics.push(Diagnostic::warning(code, span, message).label(label).help(help));
        }
    }

    /// Adds an error; the words (message, label, help) are only asked for if it is listed.
    pub(super) fn error<M: Into<String>, L: Into<String>, H: Into<String>>(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        words: impl FnOnce() -> (M, L, H),
    ) {
        if self.errors.take(&span) {
            let (message, label, help) = words();
            self.diagnostics.push(Diagnostic::error(code, span, message).label(label).help(help));
        }
    }

    /// Whether an error was found.
    pub(super) fn has_error(&self) -> bool {
        self.errors.listed > 0
    }

    /// The findings, sorted by place.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        let help = "mend those above first";
        if let Some((span, count)) = self.warnings.unlisted {
            let message = format!("{count} more warnings about the XML are not listed");
            self.diagnostics.push(
                Diagnostic::warning(codes::MORE_WARNINGS, span, message)
                    .label("the next one is here")
                    .help(help),
            );
        }
        if let Some((span, count)) = self.errors.unlisted {
            let message = format!("{count} more errors about the XML are not listed");
            self.diagnostics.push(
                Diagnostic::error(codes::MORE_ERRORS, span, message).label("the next one is here").help(help),
            );
        }
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        self.diagnostics
    }
}

impl Tally {
    /// Counts a finding; true if it is to be listed.
    fn take(&mut self, span: &Range<usize>) -> bool {
        let listed = self.listed < LISTED_MAX;
        if listed {
            self.listed += 1;
        } else {
            self.unlisted.get_or_insert_with(|| (span.clone(), 0)).1 += 1;
        }
        listed
    }
}

/// A piece of the file as messages quote it: shortened, control characters escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let mut out: String =
        characters.by_ref().take(QUOTED_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if characters.next().is_some() {
        out.push('…');
    }
    // A quote inside is no danger here and reads better as it is.
    out.replace("\\\"", "\"").replace("\\'", "'")
}
