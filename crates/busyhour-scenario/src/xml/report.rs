//! The reader's findings, limited in number.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Level, codes};

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
    /// Adds a finding, or counts it if the list is full.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        let tally = match diagnostic.level {
            Level::Warning => &mut self.warnings,
            Level::Error => &mut self.errors,
        };
        if tally.listed < LISTED_MAX {
            tally.listed += 1;
            self.diagnostics.push(diagnostic);
        } else {
            tally.unlisted.get_or_insert((diagnostic.span, 0)).1 += 1;
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
