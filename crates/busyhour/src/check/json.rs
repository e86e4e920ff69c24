//! Findings as JSON, one object on a line (RFC 8259).

use std::fmt::Write;

use busyhour_scenario::diagnostic::{Diagnostic, Level};
use busyhour_scenario::source::Source;

/// A finding as an object on a line of its own. One in an included file says which file includes it, and on which line.
pub(super) fn line(source: &Source, finding: &Diagnostic) -> String {
    let (line, column) = source.place(finding.span.start);
    // A finding lies in one file, and a place behind its end is the end.
    let (end_line, end_column) = source.place(finding.span.end.max(finding.span.start));
    let level = match finding.level {
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let mut object = String::from("{\"file\":");
    string(source.file(finding.span.start), &mut object);
    for (name, number) in
        [("line", line), ("column", column), ("end_line", end_line), ("end_column", end_column)]
    {
        let _ = write!(object, ",\"{name}\":{number}");
    }
    let texts = [
        ("code", finding.code),
        ("level", level),
        ("message", &finding.message),
        ("label", &finding.label),
        ("help", &finding.help),
    ];
    for (name, text) in texts {
        let _ = write!(object, ",\"{name}\":");
        string(text, &mut object);
    }
    if let Some(at) = source.included_at(finding.span.start) {
        object.push_str(",\"included_by\":");
        string(&format!("{}:{}", source.file(at), source.place(at).0), &mut object);
    }
    object.push_str("}\n");
    object
}

/// Appends a string with its quotes. Control characters are escaped, those that a terminal obeys beyond ASCII, too.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\n' => out.push_str("\\n"),
            // All of them have four digits.
            _ if character.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let source = Source::from_bytes("a \"b\".xml", "x\ny é z\n".as_bytes());
        let finding = Diagnostic::warning("W999", 4..6, "a\tb\n\u{9b}\\").label("é").help("h");
        assert_eq!(
            line(&source, &finding),
            "{\"file\":\"a \\\"b\\\".xml\",\"line\":2,\"column\":3,\"end_line\":2,\"end_column\":4,\"code\":\"W999\",\
             \"level\":\"warning\",\"message\":\"a\\u0009b\\n\\u009b\\\\\",\"label\":\"é\",\"help\":\"h\"}\n"
        );
    }
}
