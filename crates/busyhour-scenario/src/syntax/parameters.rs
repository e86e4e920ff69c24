//! What stands in a keyword beside its name: parameters, `name=value` behind a blank, as in
//! `[field0 file="a.csv" line=[$n]]`, or an offset, as in `[cseq+1]` (spec-scenario §4.2, spec-3.8 A3).

use std::ops::Range;

use crate::syntax::located::Located;

/// One parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// What stands in front of the `=`.
    pub(crate) name: String,
    /// Where that stands in the keyword's text.
    pub(crate) range: Range<usize>,
    /// What stands behind it.
    pub(crate) value: Value,
}

/// The value of a parameter.
#[derive(Debug)]
pub(crate) enum Value {
    /// Quoted, or up to the next blank outside of brackets. May hold keywords.
    Text(Located),
    /// Bytes that were written in hexadecimal behind `0x`. What they spell is not looked at.
    Bytes(Vec<u8>),
}

impl Value {
    /// True if nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Value::Text(text) => text.as_str().is_empty(),
            Value::Bytes(bytes) => bytes.is_empty(),
        }
    }

    /// The value as text without keywords.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Value::Text(text) => text.as_str().to_owned(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

/// The parameters in a keyword's text, in order. Its first word is none, and words without a `=` have an empty value.
pub(crate) fn of(text: &Located) -> Vec<Parameter> {
    let whole = text.as_str();
    let bytes = whole.as_bytes();
    let mut at = word_end(bytes, 0);
    let mut parameters = Vec::new();
    loop {
        at += bytes[at..].iter().take_while(|byte| is_blank(**byte)).count();
        if at == bytes.len() {
            return parameters;
        }
        let start = at;
        let name_end =
            start + bytes[start..].iter().take_while(|byte| **byte != b'=' && !is_blank(**byte)).count();
        if bytes.get(name_end) != Some(&b'=') {
            let value = Value::Text(text.slice(name_end..name_end));
            parameters.push(Parameter {
                name: whole[start..name_end].to_owned(),
                range: start..name_end,
                value,
            });
            at = name_end;
            continue;
        }
        let (value, end) = value_at(text, name_end + 1);
        parameters.push(Parameter { name: whole[start..name_end].to_owned(), range: start..name_end, value });
        at = end;
    }
}

/// Cuts `+N` or `-N` off: at the first plus sign, or without one at the first hyphen, if a digit follows. What stands
/// behind the digits is dropped; an offset beyond 32 bits is the largest one.
pub(crate) fn cut_offset(text: &str) -> (&str, i32) {
    let Some(at) = text.find('+').or_else(|| text.find('-')) else { return (text, 0) };
    let digits = &text[at + 1..];
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return (text, 0);
    }
    let value = digits[..length].parse::<i32>().unwrap_or(i32::MAX);
    (&text[..at], if text.as_bytes()[at] == b'-' { -value } else { value })
}

/// The value that starts at `start`, and where the next parameter may start.
fn value_at(text: &Located, start: usize) -> (Value, usize) {
    let bytes = text.as_str().as_bytes();
    let rest = &bytes[start..];
    if rest.first() == Some(&b'"') {
        let (value, length) = quoted(text, start + 1);
        return (Value::Text(value), word_end(bytes, start + 1 + length));
    }
    let end = word_end(bytes, start);
    if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
        return (Value::Bytes(from_hex(&bytes[start + 2..end])), end);
    }
    (Value::Text(text.slice(start..end)), end)
}

/// The text up to the closing quote, and its length with the quote. A backslash protects the next character.
fn quoted(text: &Located, start: usize) -> (Located, usize) {
    let mut kept = Vec::new();
    let mut bytes = text.bytes().skip(start);
    let mut length = 0;
    while let Some((byte, at)) = bytes.next() {
        length += 1;
        match byte {
            b'"' => break,
            b'\\' => {
                length += 1;
                kept.extend(bytes.next());
            }
            _ => kept.push((byte, at)),
        }
    }
    let content = text.span(start..(start + length).min(text.as_str().len()));
    (Located::from_bytes(kept, content), length)
}

/// Where the word at `start` ends: at the next blank that stands in no bracket.
fn word_end(bytes: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut is_quoted = false;
    for (offset, &byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'"' if depth > 0 => is_quoted = !is_quoted,
            b'[' if !is_quoted => depth += 1,
            b']' if !is_quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 && is_blank(byte) => return offset,
            _ => {}
        }
    }
    bytes.len()
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_control()
}

/// Bytes from their hexadecimal digits, which end at the first character that is none. An odd last digit is a byte.
fn from_hex(digits: &[u8]) -> Vec<u8> {
    let values: Vec<u8> = digits
        .iter()
        // A hexadecimal digit's value fits a byte.
        .map_while(|&byte| char::from(byte).to_digit(16).map(|value| value as u8))
        .collect();
    values.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Vec<(String, Result<String, Vec<u8>>)> {
        let located = Located::from_cdata(text, &(0..text.len()), text);
        of(&located)
            .into_iter()
            .map(|parameter| {
                assert_eq!(&text[parameter.range.clone()], parameter.name);
                let value = match parameter.value {
                    Value::Text(text) => Ok(text.as_str().to_owned()),
                    Value::Bytes(bytes) => Err(bytes),
                };
                (parameter.name, value)
            })
            .collect()
    }

    fn text(name: &str, value: &str) -> (String, Result<String, Vec<u8>>) {
        (name.to_owned(), Ok(value.to_owned()))
    }

    #[test]
    fn offsets_need_a_digit() {
        assert_eq!(cut_offset("cseq+1"), ("cseq", 1));
        assert_eq!(cut_offset("branch-12x"), ("branch", -12));
        assert_eq!(cut_offset("last_Call-ID:"), ("last_Call-ID:", 0));
        assert_eq!(cut_offset("a-b+2"), ("a-b", 2));
        assert_eq!(cut_offset("len+99999999999"), ("len", i32::MAX));
    }

    #[test]
    fn values_are_bare_or_quoted() {
        assert_eq!(
            parameters("field0 file=users-2.csv  line=\"1 2\"x a"),
            [text("file", "users-2.csv"), text("line", "1 2"), text("a", "")]
        );
        assert_eq!(parameters(r#"k a="b\"c\\d\ne" f="#), [text("a", "b\"c\\dne"), text("f", "")]);
        assert_eq!(parameters("k a=\"b"), [text("a", "b")]);
        assert_eq!(parameters("k a=\"b\\"), [text("a", "b")]);
        assert_eq!(parameters("k"), []);
    }

    #[test]
    fn a_name_begins_a_word() {
        assert_eq!(
            parameters("fill text=\"variable=s\" variable=n"),
            [text("text", "variable=s"), text("variable", "n")]
        );
        assert_eq!(parameters("k xname=c name=d"), [text("xname", "c"), text("name", "d")]);
        assert_eq!(parameters("field0file=x"), []);
    }

    #[test]
    fn brackets_keep_blanks_together() {
        assert_eq!(
            parameters("k a=x[field0 file=\"b ]c\"]y b=[$n]"),
            [text("a", "x[field0 file=\"b ]c\"]y"), text("b", "[$n]")]
        );
        assert_eq!(parameters("k a=]b c=d"), [text("a", "]b"), text("c", "d")]);
    }

    #[test]
    fn hexadecimal_values_are_bytes() {
        let bytes = |text: &str| parameters(text).remove(0).1.unwrap_err();
        assert_eq!(bytes("k a=0x415B ff"), [0x41, 0x5b]);
        assert_eq!(bytes("k a=0x414"), [0x41, 0x04]);
        assert_eq!(bytes("k a=0x41zz"), [0x41]);
        assert_eq!(bytes("k a=0x"), [] as [u8; 0]);
        assert_eq!(parameters("k a=\"0x41\""), [text("a", "0x41")]);
    }

    #[test]
    fn places_are_those_of_the_source() {
        let source = r#"[k a="b\"[$c]"]"#;
        let located = Located::from_cdata(source, &(0..source.len()), source).slice(1..source.len() - 1);
        let parameter = of(&located).remove(0);
        let Value::Text(value) = parameter.value else { panic!() };
        assert_eq!(value.as_str(), "b\"[$c]");
        assert_eq!(&source[value.span(2..6)], "[$c]");
    }
}
