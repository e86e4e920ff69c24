//! The grammar of message and action texts: literals, `\x` escapes and `[keywords]` (spec-scenario §4.2, spec-3.8 A3).

use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::syntax::located::Located;

/// Longest keyword with its parameters.
const KEYWORD_MAX: usize = 256;

/// So many brackets of one text that cannot be read are reported; the rest of the text is then taken literally.
const MISTAKES_MAX: usize = 100;

/// Part of a text whose keywords are not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RawPiece {
    /// Bytes as they go out.
    Literal(Vec<u8>),
    /// A keyword.
    Keyword {
        /// Range in the text, brackets included.
        range: Range<usize>,
    },
}

/// Splits a text at its keywords. What cannot be read is reported and left out.
pub(crate) fn split(text: &Located, findings: &mut Findings) -> Vec<RawPiece> {
    let mut pieces = Vec::new();
    let whole = text.as_str();
    let mut rest = 0;
    let mut mistakes = 0;
    while mistakes < MISTAKES_MAX
        && let Some(found) = memchr::memchr(b'[', &whole.as_bytes()[rest..])
    {
        let open = rest + found;
        push_literal(&mut pieces, &whole[rest..open]);
        match closing(whole, open) {
            Some(close) if close == open + 1 => {
                report(findings, text.span(open..close + 1), "it is empty");
                mistakes += 1;
                rest = close + 1;
            }
            Some(close) => {
                pieces.push(RawPiece::Keyword { range: open..close + 1 });
                rest = close + 1;
            }
            None => {
                let why = format!("no closing bracket within {KEYWORD_MAX} characters");
                report(findings, text.span(open..open + 1), &why);
                mistakes += 1;
                rest = open + 1;
            }
        }
    }
    push_literal(&mut pieces, &whole[rest..]);
    pieces
}

/// Offset of the bracket that closes the one at `open`, if it is near enough. Double quotes protect brackets up to the
/// closing quote or the line's end; unquoted brackets nest.
fn closing(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    let mut quoted = false;
    for (offset, byte) in text.bytes().enumerate().skip(open).take(KEYWORD_MAX + 2) {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' => quoted = false,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(offset);
                }
            }
            _ => {}
        }
    }
    None
}

fn report(findings: &mut Findings, span: Range<usize>, why: &str) {
    findings.add(
        codes::KEYWORD_SYNTAX,
        span,
        format!("Syntax error or invalid [keyword]: {why}"),
        "this opens a keyword",
        "close the keyword with ], or write \\x5b for a bracket that is meant literally",
    );
}

/// Adds literal text, with its `\xH` and `\xHH` escapes turned into bytes.
fn push_literal(pieces: &mut Vec<RawPiece>, text: &str) {
    if text.is_empty() {
        return;
    }
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(source.len());
    let mut offset = 0;
    while offset < source.len() {
        let digit = |at: usize| source.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        if source[offset..].starts_with(b"\\x")
            && let Some(high) = digit(offset + 2)
        {
            let (value, taken) = match digit(offset + 3) {
                Some(low) => (high * 16 + low, 4),
                None => (high, 3),
            };
            // Two hexadecimal digits fit a byte.
            bytes.push(value as u8);
            offset += taken;
        } else {
            bytes.push(source[offset]);
            offset += 1;
        }
    }
    if let Some(RawPiece::Literal(last)) = pieces.last_mut() {
        last.extend(bytes);
    } else {
        pieces.push(RawPiece::Literal(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces, and the source texts that findings point at.
    fn pieces(text: &str) -> (Vec<RawPiece>, Vec<&str>) {
        let located = Located::from_cdata(text, &(0..text.len()), text);
        let mut findings = Findings::default();
        let pieces = split(&located, &mut findings);
        (pieces, findings.finish().0.into_iter().map(|finding| &text[finding.span]).collect())
    }

    fn literal(text: &[u8]) -> RawPiece {
        RawPiece::Literal(text.to_vec())
    }

    fn keyword(range: Range<usize>) -> RawPiece {
        RawPiece::Keyword { range }
    }

    #[test]
    fn keywords_and_literals_alternate() {
        assert_eq!(pieces("a[b]c]"), (vec![literal(b"a"), keyword(1..4), literal(b"c]")], vec![]));
    }

    #[test]
    fn quotes_protect_brackets_and_brackets_nest() {
        assert_eq!(pieces(r#"[a x="]"]"#).0, [keyword(0..9)]);
        assert_eq!(pieces("[a x=[b]]").0, [keyword(0..9)]);
        assert_eq!(pieces("[a \"x\r\n]").0, [keyword(0..8)]);
    }

    #[test]
    fn escapes_become_bytes() {
        assert_eq!(pieces(r"\x41\x4z\x9\xg\x5bb]").0, [literal(b"A\x04z\x09\\xg[b]")]);
    }

    #[test]
    fn empty_and_open_keywords_are_reported_where_they_stand() {
        assert_eq!(pieces("a[]b"), (vec![literal(b"ab")], vec!["[]"]));
        assert_eq!(pieces("a[b"), (vec![literal(b"ab")], vec!["["]));
        assert_eq!(pieces("[a [b]"), (vec![literal(b"a "), keyword(3..6)], vec!["["]));
        assert_eq!(pieces(&format!("[{}]", "x".repeat(257))).1, ["["]);
    }
}
