//! The lines of a description.

use memchr::memchr2;

/// Walks lines: without their ends and the blanks around them, empty ones left out.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Lines { text, at: 0 }
    }

    /// Where the next line, or an empty one before it, begins.
    pub(super) fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            self.at += (end + 1).min(rest.len());
            let line = rest[..end].trim_ascii();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }
}

/// What follows `m=` or the like, if the line is of this type.
pub(super) fn value_of(line: &[u8], kind: u8) -> Option<&[u8]> {
    match line {
        [first, b'=', value @ ..] if *first == kind => Some(value.trim_ascii_start()),
        _ => None,
    }
}

/// The value of the attribute of this name: empty for one without a colon. Names match in any case.
pub(super) fn attribute<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (found, rest) = value_of(line, b'a')?.split_at_checked(name.len())?;
    if !found.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    match rest {
        [] => Some(rest),
        [b':', value @ ..] => Some(value.trim_ascii_start()),
        _ => None,
    }
}

/// The words of a value.
pub(super) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b' ' || byte == b'\t').filter(|word| !word.is_empty())
}

/// The first word, and what follows it.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii();
    let end = text.iter().position(|&byte| byte == b' ' || byte == b'\t').unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

/// A decimal number; `None` for anything else, and if it is too large.
pub(super) fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
