//! Values of variables and their conversions (spec-scenario §6.3, spec-3.8 A4).

use std::io::Write as _;

/// What a variable holds. A failed `ereg` leaves the previous value as it is.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Unset,
    /// Nothing; the memory of the text that it held is kept for the next one.
    Cleared(Vec<u8>),
    /// What `ereg` found.
    Match(Vec<u8>),
    /// A text.
    Text(Vec<u8>),
    /// A number.
    Number(f64),
    /// The result of a test.
    Bool(bool),
}

impl Value {
    /// What `test` and `condexec` go by: a text and a match are set even when they are empty, a number when it is not 0,
    /// a bool when it is true.
    pub fn is_set(&self) -> bool {
        match self {
            Value::Unset | Value::Cleared(_) => false,
            Value::Match(_) | Value::Text(_) => true,
            Value::Number(number) => *number != 0.0,
            Value::Bool(bool) => *bool,
        }
    }

    /// As a text for `strcmp`, `trim` and `ereg`: empty for a number or a bool.
    pub fn as_text(&self) -> &[u8] {
        match self {
            Value::Match(text) | Value::Text(text) => text,
            Value::Unset | Value::Cleared(_) | Value::Number(_) | Value::Bool(_) => b"",
        }
    }

    /// As a number for arithmetic, jumps and pauses: what has [none](Value::to_number) counts 0.
    pub fn as_number(&self) -> f64 {
        self.to_number().unwrap_or(0.0)
    }

    /// As a number for `test`: all but numbers are 0.
    pub fn compare_number(&self) -> f64 {
        match self {
            Value::Number(number) => *number,
            _ => 0.0,
        }
    }

    /// As a number for `todouble`: true is 1; `None` for a text that is not wholly a number, and for what is unset.
    pub fn to_number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
            Value::Match(text) | Value::Text(text) => parse_number(text),
            Value::Unset | Value::Cleared(_) => None,
        }
    }

    /// Appends what `[$name]` gives: a number has six decimals, but 0 is empty.
    pub fn render_into(&self, out: &mut Vec<u8>) {
        match self {
            Value::Unset | Value::Cleared(_) => {}
            Value::Match(text) | Value::Text(text) => out.extend_from_slice(text),
            Value::Number(0.0) => {}
            Value::Number(number) => {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{number:.6}");
            }
            Value::Bool(bool) => out.extend_from_slice(if *bool { b"true" } else { b"false" }),
        }
    }

    /// Makes this a text, in the memory of the text that it held.
    pub fn set_text(&mut self, text: &[u8]) {
        *self = Value::Text(self.memory_with(text));
    }

    /// Makes this what `ereg` found, in the memory of the text that it held.
    pub fn set_match(&mut self, text: &[u8]) {
        *self = Value::Match(self.memory_with(text));
    }

    /// Makes this a text without the blanks at its ends; what is no text becomes an empty one.
    pub fn trim(&mut self) {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
        let mut text = match std::mem::take(self) {
            Value::Match(text) | Value::Text(text) => text,
            _ => Vec::new(),
        };
        text.truncate(text.iter().rposition(|byte| !is_blank(byte)).map_or(0, |last| last + 1));
        text.drain(..text.iter().position(|byte| !is_blank(byte)).unwrap_or(0));
        *self = Value::Text(text);
    }

    /// Unsets this and keeps its memory.
    pub fn clear(&mut self) {
        if !matches!(self, Value::Unset | Value::Cleared(_)) {
            let memory = self.memory_with(b"");
            *self = if memory.capacity() == 0 { Value::Unset } else { Value::Cleared(memory) };
        }
    }

    fn memory_with(&mut self, text: &[u8]) -> Vec<u8> {
        let mut memory = match std::mem::take(self) {
            Value::Cleared(memory) | Value::Match(memory) | Value::Text(memory) => memory,
            Value::Unset | Value::Number(_) | Value::Bool(_) => Vec::new(),
        };
        memory.clear();
        memory.extend_from_slice(text);
        memory
    }
}

/// What two values have in common does not depend on memory that is kept.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Unset | Value::Cleared(_), Value::Unset | Value::Cleared(_)) => true,
            (Value::Match(a), Value::Match(b)) | (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            _ => false,
        }
    }
}

/// Reads a text that is wholly a number: decimal, `0x` and hexadecimal digits, or with an exponent. Blanks may stand
/// before it, nothing behind it. Neither infinity nor "not a number" is one.
pub(crate) fn parse_number(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text.trim_ascii_start()).ok()?;
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(digits) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let value = digits
            .starts_with(|c: char| c.is_ascii_hexdigit())
            .then(|| u64::from_str_radix(digits, 16).ok())?;
        return value.map(|value| if text.starts_with('-') { -(value as f64) } else { value as f64 });
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn found(text: &str) -> Value {
        Value::Match(text.into())
    }

    fn rendered(value: &Value) -> String {
        let mut out = Vec::new();
        value.render_into(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn is_small() {
        assert!(std::mem::size_of::<Value>() <= 32);
    }

    #[test]
    fn what_counts_as_set() {
        let set = [text(""), found(""), Value::Number(0.5), Value::Number(-1.0), Value::Bool(true)];
        let unset = [Value::Unset, Value::Cleared(vec![1]), Value::Number(0.0), Value::Bool(false)];
        assert!(set.iter().all(Value::is_set));
        assert!(!unset.iter().any(Value::is_set));
    }

    #[test]
    fn as_text_is_empty_for_what_is_none() {
        assert_eq!((text("a").as_text(), found("b").as_text()), (&b"a"[..], &b"b"[..]));
        assert_eq!((Value::Number(4.0).as_text(), Value::Bool(true).as_text()), (&b""[..], &b""[..]));
    }

    #[test]
    fn texts_take_part_in_arithmetic_but_not_in_test() {
        assert_eq!((text("12").as_number(), text("12").compare_number()), (12.0, 0.0));
        assert_eq!((text("12s").as_number(), text("").as_number()), (0.0, 0.0));
        assert_eq!((Value::Number(3.5).as_number(), Value::Number(3.5).compare_number()), (3.5, 3.5));
        assert_eq!((Value::Bool(true).as_number(), Value::Bool(true).compare_number()), (1.0, 0.0));
    }

    #[test]
    fn to_number_takes_the_whole_text() {
        assert_eq!(text("12.5").to_number(), Some(12.5));
        assert_eq!(found(" 010").to_number(), Some(10.0));
        assert_eq!(text("-0x10").to_number(), Some(-16.0));
        assert_eq!(text("1e3").to_number(), Some(1000.0));
        assert_eq!(Value::Bool(true).to_number(), Some(1.0));
        for not in ["", "12 ", "1x", "0x", "0x+1", "nan", "inf", "1e999", "\u{e9}", "-", "--1"] {
            assert_eq!(text(not).to_number(), None, "{not:?}");
        }
        assert_eq!(Value::Text(vec![0xff]).to_number(), None);
        assert_eq!(Value::Unset.to_number(), None);
    }

    #[test]
    fn renders_as_printf_does() {
        assert_eq!(rendered(&Value::Number(0.0)), "");
        assert_eq!(rendered(&Value::Number(-0.0)), "");
        assert_eq!(rendered(&Value::Number(3.0)), "3.000000");
        assert_eq!(rendered(&Value::Number(-1.23456789)), "-1.234568");
        assert_eq!(rendered(&Value::Bool(true)), "true");
        assert_eq!(rendered(&Value::Bool(false)), "false");
        assert_eq!(rendered(&text("x")), "x");
        assert_eq!(rendered(&Value::Unset), "");
    }

    #[test]
    fn trims_both_ends() {
        for (before, after) in [(" \t\r\n\x0b\x0c a b \n", "a b"), ("", ""), ("  ", ""), ("x", "x")] {
            let mut value = found(before);
            value.trim();
            assert_eq!(value, text(after));
        }
        let mut number = Value::Number(5.0);
        number.trim();
        assert_eq!(number, text(""));
    }

    #[test]
    fn memory_is_kept() {
        let mut value = text("a rather long text");
        let memory = value.as_text().as_ptr();
        value.clear();
        assert_eq!(value, Value::Unset);
        value.set_match(b"another");
        assert_eq!((&value, value.as_text().as_ptr()), (&found("another"), memory));
        value.set_text(b"");
        assert_eq!(value, text(""));
        let mut number = Value::Number(1.0);
        number.clear();
        assert!(matches!(number, Value::Unset));
    }
}
