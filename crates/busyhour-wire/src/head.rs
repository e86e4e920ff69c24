//! Walking the lines of a message head.

use memchr::{memchr, memmem};

/// Walks the lines of a head from the start line to the blank line.
#[derive(Debug, Clone)]
pub(crate) struct HeadCursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Known that an empty line is the end only if it is CRLF after CRLF.
    crlf_ahead: bool,
}

/// Where the head ends and the body begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlankLine {
    /// Offset of the blank line.
    pub(crate) start: usize,
    /// Offset of what follows it.
    pub(crate) end: usize,
}

impl<'a> HeadCursor<'a> {
    /// Stands at the start line; line ends before it are passed over (RFC 3261 §7.5).
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let at = bytes.iter().position(|&byte| byte != b'\r' && byte != b'\n').unwrap_or(bytes.len());
        HeadCursor { bytes, at, crlf_ahead: false }
    }

    /// The same where the body has been cut off: only CRLFCRLF ends this head.
    pub(crate) fn of_head(head: &'a [u8]) -> Self {
        HeadCursor { crlf_ahead: true, ..HeadCursor::new(head) }
    }

    /// Offset of the next line.
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Takes the start line, without its line end.
    #[inline]
    pub(crate) fn start_line(&mut self) -> &'a [u8] {
        let start = self.at;
        self.at = next_line(self.bytes, start);
        without_line_end(&self.bytes[start..self.at])
    }

    /// Takes a line and returns its offset; nothing at the blank line, where the cursor stays.
    #[inline]
    pub(crate) fn line(&mut self) -> Option<usize> {
        let start = self.at;
        let first = *self.bytes.get(start)?;
        // A blank line starts with CR or LF, and nearly no other line with a byte as small.
        if first <= b'\r' && self.at_blank_line() {
            return None;
        }
        self.at = next_line(self.bytes, start);
        Some(start)
    }

    /// Takes the folded lines that follow, and returns everything from `start` up to them, line ends included.
    #[inline]
    pub(crate) fn unfold(&mut self, start: usize) -> &'a [u8] {
        while let Some(b' ' | b'\t') = self.bytes.get(self.at) {
            self.at = next_line(self.bytes, self.at);
        }
        &self.bytes[start..self.at]
    }

    /// A CRLF after a CRLF ends the head. Any other empty line does so only if no CRLFCRLF follows: then the message
    /// is not written with CRLF. What follows is looked for once, or a message of empty lines costs the square of
    /// its length.
    #[cold]
    fn at_blank_line(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        if !(rest.starts_with(b"\n") || rest.starts_with(b"\r\n")) {
            return false;
        }
        if rest.starts_with(b"\r\n") && self.bytes[..self.at].ends_with(b"\r\n") {
            return true;
        }
        if !self.crlf_ahead {
            self.crlf_ahead = crlf_crlf(self.bytes, self.at).is_some();
        }
        !self.crlf_ahead
    }
}

/// The blank line at or after `from`, which is the offset of a line: the first CRLFCRLF, or if there is none the first
/// line that is empty.
pub(crate) fn blank_line(bytes: &[u8], from: usize) -> Option<BlankLine> {
    if let Some(end) = crlf_crlf(bytes, from.saturating_sub(2)) {
        return Some(BlankLine { start: end - 2, end });
    }
    let mut start = from;
    while start < bytes.len() {
        let end = next_line(bytes, start);
        if matches!(&bytes[start..end], b"\n" | b"\r\n") {
            return Some(BlankLine { start, end });
        }
        start = end;
    }
    None
}

/// The offset after the first CRLFCRLF that starts at or after `from`.
pub(crate) fn crlf_crlf(bytes: &[u8], from: usize) -> Option<usize> {
    // LF CR is rarer than CR LF, which ends every line: the search stops only at blank lines.
    let mut at = from + 1;
    loop {
        let line_feed = at + memmem::find(bytes.get(at..)?, b"\n\r\n")?;
        if bytes[line_feed - 1] == b'\r' {
            return Some(line_feed + 3);
        }
        at = line_feed + 1;
    }
}

/// The offset where the value of a header starts if the line at `start` is one of this name: after the colon. Blanks
/// before the colon are tolerated (RFC 3261 §7.3.1).
#[inline]
pub(crate) fn after_name(bytes: &[u8], start: usize, name: &[u8]) -> Option<usize> {
    let mut at = start + name.len();
    if !bytes.get(start..at)?.eq_ignore_ascii_case(name) {
        return None;
    }
    loop {
        match bytes.get(at)? {
            b':' => return Some(at + 1),
            b' ' | b'\t' => at += 1,
            _ => return None,
        }
    }
}

/// Cuts blanks at both ends, line ends of folds and of the line itself included.
#[inline]
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    let mut value = trim_start(value);
    while let [rest @ .., last] = value
        && is_blank(*last)
    {
        value = rest;
    }
    value
}

/// Cuts blanks and folds at the start.
#[inline]
pub(crate) fn trim_start(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_blank(*first)
    {
        value = rest;
    }
    value
}

/// Whether a byte is white space inside a value (RFC 3261 §25.1, LWS).
#[inline]
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A line without its CRLF or LF.
#[inline]
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    match line {
        [line @ .., b'\r', b'\n'] | [line @ .., b'\n'] => line,
        line => line,
    }
}

/// The offset after the line that starts at `start`.
#[inline]
fn next_line(bytes: &[u8], start: usize) -> usize {
    memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |found| start + found + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<&[u8]> {
        let mut cursor = HeadCursor::new(bytes);
        let mut lines = vec![cursor.start_line()];
        while let Some(start) = cursor.line() {
            lines.push(without_line_end(&bytes[start..cursor.offset()]));
        }
        lines
    }

    #[test]
    fn the_walk_ends_at_the_blank_line() {
        assert_eq!(lines(b"S\r\nA: 1\r\nB: 2\r\n\r\nC: 3\r\n"), [&b"S"[..], b"A: 1", b"B: 2"]);
        assert_eq!(lines(b"S\nA: 1\n\nC: 3\n"), [&b"S"[..], b"A: 1"]);
        assert_eq!(lines(b"S\nA: 1\r\n\nC: 3\n"), [&b"S"[..], b"A: 1"]);
        assert_eq!(lines(b"\r\n\r\nS\r\n\r\nC: 3"), [&b"S"[..]]);
        assert_eq!(lines(b"S\r\nA: 1"), [&b"S"[..], b"A: 1"]);
        assert_eq!(lines(b""), [&b""[..]]);
        assert_eq!(lines(b"\r\n\r\n"), [&b""[..]]);
    }

    #[test]
    fn crlfcrlf_goes_before_other_blank_lines() {
        let bytes = b"S\r\nA: 1\n\nB: 2\r\n\r\nC: 3";
        assert_eq!(lines(bytes), [&b"S"[..], b"A: 1", b"", b"B: 2"]);
        assert_eq!(blank_line(bytes, 3), Some(BlankLine { start: 15, end: 17 }));
    }

    #[test]
    fn the_blank_line_is_found_from_any_line_before_it() {
        let bytes = b"S\r\nA: 1\r\n\r\nbody\r\n\r\n";
        for from in [0, 3, 9] {
            assert_eq!(blank_line(bytes, from), Some(BlankLine { start: 9, end: 11 }), "from {from}");
        }
        assert_eq!(blank_line(b"S\nA\n\nbody", 2), Some(BlankLine { start: 4, end: 5 }));
        assert_eq!(blank_line(b"S\r\nA: 1\r\n", 3), None);
        assert_eq!(blank_line(b"", 0), None);
    }

    #[test]
    fn the_search_for_crlfcrlf_can_be_resumed() {
        let bytes = b"ab\r\n\r\n";
        assert_eq!(crlf_crlf(bytes, 0), Some(6));
        assert_eq!(crlf_crlf(bytes, 2), Some(6));
        assert_eq!(crlf_crlf(bytes, 3), None);
        assert_eq!(crlf_crlf(b"\n\r\n\r\n", 0), Some(5));
        assert_eq!(crlf_crlf(bytes, 99), None);
    }

    #[test]
    fn names_match_in_any_case_and_with_blanks_before_the_colon() {
        assert_eq!(after_name(b"VIA : x", 0, b"via"), Some(5));
        assert_eq!(after_name(b"Via\t: x", 0, b"via"), Some(5));
        assert_eq!(after_name(b"Viable: x", 0, b"via"), None);
        assert_eq!(after_name(b"vi", 0, b"via"), None);
        assert_eq!(after_name(b"via", 0, b"via"), None);
    }
}
