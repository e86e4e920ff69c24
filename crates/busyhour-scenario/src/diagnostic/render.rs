//! Diagnostics as text for people.

use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Origin, Renderer, Snippet};

use super::{Diagnostic, Level};
use crate::source::Source;

/// Characters of a source line that are shown; the rest of a longer line is cut.
const LINE_CHARACTERS_MAX: usize = 120;

/// Characters of a cut line that are shown before the place in question.
const CHARACTERS_BEFORE: usize = 40;

/// Renders findings with file, line, column, source line, label and help, each followed by an empty line. Control
/// characters of the source are shown as pictures, never sent to the terminal.
pub fn render(source: &Source, diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let (line, column) = source.place(diagnostic.span.start);
        let excerpt = Excerpt::cut(source, column, &diagnostic.span);
        let file = visible(source.file(diagnostic.span.start));
        let severity = match diagnostic.level {
            Level::Warning => Severity::WARNING,
            Level::Error => Severity::ERROR,
        };
        let mark = AnnotationKind::Primary.span(excerpt.span.clone());
        let mark = if diagnostic.label.is_empty() { mark } else { mark.label(visible(&diagnostic.label)) };
        let title = severity.primary_title(visible(&diagnostic.message)).id(diagnostic.code);
        let mut group = Group::with_title(title);
        let mut snippet = Snippet::source(excerpt.text.as_str()).line_start(line).annotation(mark);
        // The renderer counts columns in the text it is given, which would be wrong for a cut one.
        if excerpt.cut_before {
            group = group.element(Origin::path(file).line(line).char_column(column));
        } else {
            snippet = snippet.path(file);
        }
        group = group.element(snippet);
        if !diagnostic.help.is_empty() {
            group = group.element(Severity::HELP.message(visible(&diagnostic.help)));
        }
        if let Some(at) = source.included_at(diagnostic.span.start) {
            let (line, column) = source.place(at);
            let including = format!("included by {}:{line}:{column}", visible(source.file(at)));
            group = group.element(Severity::NOTE.message(including));
        }
        out.push_str(&renderer.render(&[group]));
        out.push_str("\n\n");
    }
    out
}

/// Renders a finding in one line, `FILE:LINE:COL: error[E012]: message`, without a line end.
pub fn one_line(source: &Source, diagnostic: &Diagnostic) -> String {
    let (line, column) = source.place(diagnostic.span.start);
    let level = match diagnostic.level {
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let (name, message) = (visible(source.file(diagnostic.span.start)), visible(&diagnostic.message));
    format!("{name}:{line}:{column}: {level}[{}]: {message}", diagnostic.code)
}

/// The part of one source line that is shown.
struct Excerpt {
    text: String,
    /// The marked bytes of `text`.
    span: Range<usize>,
    /// The line's start is not shown.
    cut_before: bool,
}

impl Excerpt {
    /// Cuts the line around the span. A span over several lines is marked up to the end of its first line.
    fn cut(source: &Source, column: usize, span: &Range<usize>) -> Excerpt {
        let (line_start, full) = source.line_at(span.start);
        let start = source.text.floor_char_boundary(span.start).saturating_sub(line_start).min(full.len());
        let end =
            source.text.ceil_char_boundary(span.end).saturating_sub(line_start).clamp(start, full.len());

        let cut_before = column > LINE_CHARACTERS_MAX - CHARACTERS_BEFORE;
        let from = match cut_before {
            true => full[..start].char_indices().rev().nth(CHARACTERS_BEFORE - 1).map_or(0, |(at, _)| at),
            false => 0,
        };
        let to = full[from..].char_indices().nth(LINE_CHARACTERS_MAX).map_or(full.len(), |(at, _)| from + at);

        let mut text = String::from(if cut_before { "…" } else { "" });
        let mut marked = 0..0;
        for (at, character) in full[from..to].char_indices() {
            if from + at == start {
                marked.start = text.len();
            }
            // The renderer draws the other control characters as pictures by itself.
            let hidden = character == '\r' || ('\u{80}'..='\u{9f}').contains(&character);
            text.push(if hidden { char::REPLACEMENT_CHARACTER } else { character });
            if from + at < end {
                marked.end = text.len();
            }
        }
        if start >= to {
            marked.start = text.len();
        }
        marked.end = marked.end.max(marked.start);
        if to < full.len() {
            text.push('…');
        }
        Excerpt { text, span: marked, cut_before }
    }
}

/// The text with control characters escaped; text that turns the writing direction is escaped too.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(out, "{}", character.escape_unicode());
            }
            _ if character.is_control() => {
                let _ = write!(out, "{}", character.escape_debug());
            }
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(span: Range<usize>) -> Diagnostic {
        Diagnostic::error("E012", span, "what was found").label("here").help("mend it so")
    }

    #[test]
    fn shows_file_line_column_source_label_and_help() {
        let source = Source::from_bytes("uac.xml", b"<scenario>\n  <send retran=\"500\">\n");
        let at = source.text.find("retran").unwrap();
        let text = render(&source, &[finding(at..at + 6)], false);
        let expected = "error[E012]: what was found
 --> uac.xml:2:9
  |
2 |   <send retran=\"500\">
  |         ^^^^^^ here
  |
  = help: mend it so

";
        assert_eq!(text, expected);
        assert!(render(&source, &[finding(0..1)], true).contains("\u{1b}["));
        assert_eq!(one_line(&source, &finding(at..at + 6)), "uac.xml:2:9: error[E012]: what was found");
    }

    #[test]
    fn cuts_long_lines_around_the_place() {
        let source =
            Source::from_bytes("a", format!("{}HERE{}", "x".repeat(5000), "ü".repeat(5000)).as_bytes());
        let text = render(&source, &[finding(5000..5004)], false);
        assert!(text.contains("--> a:1:5001"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() < 140), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[3].find("HERE").map(|at| lines[3][..at].chars().count()),
            lines[4].find('^'),
            "{text}"
        );
        for span in [0..10_000, 14_000..99_999, 15_004..15_004, 5005..5006] {
            assert!(render(&source, &[finding(span)], false).lines().all(|line| line.chars().count() < 260));
        }
    }

    #[test]
    fn shows_control_characters_safely() {
        let source = Source::from_bytes("a\u{1b}[31m", b"<a b=\"\x1b[2J\x00\x07\"\t>\xc2\x9b\n");
        let finding = Diagnostic { message: "x\u{1b}y\nz".into(), ..finding(3..4) };
        for text in [render(&source, std::slice::from_ref(&finding), false), one_line(&source, &finding)] {
            assert!(text.chars().all(|character| character == '\n' || !character.is_control()), "{text:?}");
        }
        assert!(!one_line(&source, &finding).contains('\n'));
    }

    #[test]
    fn an_empty_file_and_the_end_have_a_place() {
        let empty = Source::from_bytes("a", b"");
        assert!(render(&empty, &[finding(0..0)], false).contains("a:1:1"));
        let source = Source::from_bytes("a", b"<s>\r\n");
        assert!(render(&source, &[finding(5..5)], false).contains("a:2:1"));
        assert!(render(&source, &[finding(0..5)], false).contains("^^^ here"));
    }
}
