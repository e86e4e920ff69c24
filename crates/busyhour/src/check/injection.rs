//! What is wrong with an injection file.

use std::io;
use std::ops::Range;
use std::path::Path;

use busyhour_engine::injection::Table;
use busyhour_scenario::diagnostic::{Diagnostic, codes};
use busyhour_scenario::source::Source;

/// Reads an injection file as a run would, and gives its text with all findings, by line. The text is empty if there are
/// none.
pub(super) fn check(path: &Path) -> io::Result<(Source, Vec<Diagnostic>)> {
    let name = path.to_string_lossy();
    // The table keeps the bytes, so they are read once more for the findings.
    let found = Table::parse(&name, std::fs::read(path)?);
    let has_findings = found.as_ref().map_or(true, |table| !table.notes().is_empty());
    let bytes = if has_findings { std::fs::read(path)? } else { Vec::new() };
    let source = Source::from_bytes(name, &bytes);
    let text = source.main_text();
    let findings = match found {
        Ok(table) => table
            .notes()
            .iter()
            .map(|note| Diagnostic::warning(codes::STRANGE_INJECTION_FILE, line(text, note.line), &note.text))
            .collect(),
        Err(bad) => {
            let finding = Diagnostic::error(codes::BAD_INJECTION_FILE, line(text, bad.line), bad.what);
            vec![finding.help(bad.help)]
        }
    };
    Ok((source, findings))
}

/// Where a line stands, 1-based; the end of the text if it has no such line.
fn line(text: &str, number: u64) -> Range<usize> {
    let mut start = 0;
    for (line, number_of_line) in text.split_inclusive('\n').zip(1_u64..) {
        if number_of_line == number {
            return start..start + line.trim_end_matches(['\r', '\n']).len();
        }
        start += line.len();
    }
    start..start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_places() {
        let text = "a\r\nbc\n\nd";
        assert_eq!([1, 2, 3, 4, 5].map(|number| line(text, number)), [0..1, 3..5, 6..6, 7..8, 8..8]);
        assert_eq!(line("", 1), 0..0);
    }
}
