//! Attribute values and character data: line ends, entities, and SIPp's backslash escapes.

use super::report::{Report, quoted};
use crate::diagnostic::codes;

/// Longest entity name or number that is looked for behind a `&`, in bytes.
const REFERENCE_BYTES_MAX: usize = 64;

/// Decodes an attribute value that stands at `start` in the file: line ends and tabs become spaces, entities are
/// decoded once, then SIPp's backslash escapes (spec-scenario §1).
pub(super) fn attribute(raw: &str, start: usize, report: &mut Report) -> String {
    unescape(decode(raw, start, true, report))
}

/// Decodes character data that stands at `start` in the file.
pub(super) fn character_data(raw: &str, start: usize, report: &mut Report) -> String {
    decode(raw, start, false, report)
}

/// Normalises line ends to LF.
pub(super) fn line_ends(raw: &str) -> String {
    if memchr::memchr(b'\r', raw.as_bytes()).is_none() {
        return raw.to_owned();
    }
    raw.replace("\r\n", "\n").replace('\r', "\n")
}

fn decode(raw: &str, start: usize, is_attribute: bool, report: &mut Report) -> String {
    let mut out = String::with_capacity(raw.len());
    let bytes = raw.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (replacement, length) = match bytes[at] {
            b'\r' => {
                (if is_attribute { ' ' } else { '\n' }, 1 + usize::from(bytes.get(at + 1) == Some(&b'\n')))
            }
            b'\n' | b'\t' if is_attribute => (' ', 1),
            b'&' => match reference(&raw[at..], start + at, report) {
                Some(decoded) => decoded,
                None => {
                    at += 1;
                    continue;
                }
            },
            _ => {
                at += 1;
                continue;
            }
        };
        // Every byte matched above is ASCII, so these are character boundaries.
        out.push_str(&raw[copied..at]);
        out.push(replacement);
        at += length;
        copied = at;
    }
    out.push_str(&raw[copied..]);
    out
}

/// Decodes the reference at the start of `text`: the character and the reference's length. `None` if it stays as written.
fn reference(text: &str, start: usize, report: &mut Report) -> Option<(char, usize)> {
    let name = text.as_bytes()[1..]
        .iter()
        .take(REFERENCE_BYTES_MAX)
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'#' | b'_' | b'-' | b'.' | b':')))
        .filter(|length| *length > 0 && text.as_bytes()[1 + length] == b';')
        .map(|length| &text[1..1 + length]);
    let Some(name) = name else {
        report.warn(codes::BARE_AMPERSAND, start..start + 1, || {
            ("a '&' stands alone; it is taken as it is", "not an entity", "write &amp; for a '&'")
        });
        return None;
    };
    let length = name.len() + 2;
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix('#') {
            Some(number) => number_reference(number),
            None => {
                report.warn(codes::UNKNOWN_ENTITY, start..start + length, || {
                    let message = format!("unknown entity '&{};'; it is taken as it is", quoted(name));
                    let help = "only &amp; &lt; &gt; &quot; &apos; and numbers like &#10; are decoded, none from a DTD";
                    (message, "not one of XML's five entities", help)
                });
                return None;
            }
        },
    };
    let span = start..start + length;
    match character {
        None => report.warn(codes::BAD_CHARACTER_REFERENCE, span, || {
            let message = format!("'&{};' names no character; it is taken as it is", quoted(name));
            let help = "write a decimal number like &#10; or a hexadecimal one like &#x0A;";
            (message, "not a character number", help)
        }),
        Some(character) if is_forbidden(character) => report.warn(codes::CONTROL_CHARACTER, span, || {
            let message = format!("'&{};' is a character that XML forbids; it is decoded", quoted(name));
            (message, "control character", "messages can hold one as the escape \\xHH")
        }),
        Some(_) => {}
    }
    character.map(|character| (character, length))
}

fn number_reference(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // from_str_radix would take a sign, but none can stand here: `+` ends a reference, `-` is refused for u32.
    let value = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(value).filter(|character| *character != '\0')
}

/// Whether XML forbids a character even as a reference.
fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Replaces SIPp's backslash escapes; any other backslash stays.
fn unescape(text: String) -> String {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek()) {
            ('\\', Some('\\')) => Some('\\'),
            ('\\', Some('"')) => Some('"'),
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('r')) => Some('\r'),
            _ => None,
        };
        if escaped.is_some() {
            characters.next();
        }
        out.push(escaped.unwrap_or(character));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> (String, Vec<&'static str>) {
        let mut report = Report::default();
        let value = attribute(raw, 0, &mut report);
        (value, report.finish().iter().map(|diagnostic| diagnostic.code).collect())
    }

    #[test]
    fn attribute_values_are_normalised_then_decoded_then_unescaped() {
        assert_eq!(decoded("a\r\nb\nc\td\re").0, "a b c d e");
        assert_eq!(decoded("&#10;&#x9;&#xD;|&amp;amp;|&lt;&gt;&quot;&apos;").0, "\n\t\r|&amp;|<>\"'");
        assert_eq!(decoded(r#"\n\t\r\"\\\.\d\"#).0, "\n\t\r\"\\\\.\\d\\");
        assert_eq!(decoded(r"&#92;n \&quot;").0, "\n \"");
        assert_eq!(decoded("ä&amp;ö").0, "ä&ö");
        assert_eq!(decoded("&#1;"), ("\u{1}".to_owned(), vec![codes::CONTROL_CHARACTER]));
    }

    #[test]
    fn references_that_mean_nothing_stay_as_written() {
        for (raw, code) in [
            ("a & b", codes::BARE_AMPERSAND),
            ("a&", codes::BARE_AMPERSAND),
            ("a=1&b=2", codes::BARE_AMPERSAND),
            ("&;", codes::BARE_AMPERSAND),
            ("&ü;", codes::BARE_AMPERSAND),
            ("&nbsp;", codes::UNKNOWN_ENTITY),
            ("&AMP;", codes::UNKNOWN_ENTITY),
            ("&#0;", codes::BAD_CHARACTER_REFERENCE),
            ("&#xD800;", codes::BAD_CHARACTER_REFERENCE),
            ("&#99999999999;", codes::BAD_CHARACTER_REFERENCE),
            ("&#;", codes::BAD_CHARACTER_REFERENCE),
            ("&#-5;", codes::BAD_CHARACTER_REFERENCE),
        ] {
            assert_eq!(decoded(raw), (raw.to_owned(), vec![code]), "{raw}");
        }
    }

    #[test]
    fn line_ends_become_line_feeds() {
        assert_eq!(line_ends("a\r\nb\rc\n\r\n"), "a\nb\nc\n\n");
    }
}
