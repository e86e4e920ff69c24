//! Header lines.

use crate::head::{HeadCursor, is_blank, trim};
use memchr::memchr;

/// One header, folded lines included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLine<'a> {
    /// Name as written, without blanks before the colon.
    pub name: &'a [u8],
    /// Value without the blanks around it; folds (CRLF + blank) stay inside.
    pub value: &'a [u8],
    /// The whole line or lines, line end included.
    pub raw: &'a [u8],
}

/// All header lines of a message head, as [`Message::head`](crate::Message::head) gives it: the start line and lines
/// without a name and a colon left out. What follows CRLFCRLF is not read; other empty lines are passed over.
pub fn header_lines(head: &[u8]) -> impl Iterator<Item = HeaderLine<'_>> {
    HeaderLines::of_head(head)
}

/// The long name for a compact one (RFC 3261 §7.3.3 and the registry of IANA): `i` → `Call-ID`. Other names come back
/// as they are.
pub fn long_name(name: &[u8]) -> &[u8] {
    match name {
        [letter] => COMPACT
            .iter()
            .find(|(compact, _)| compact.eq_ignore_ascii_case(letter))
            .map_or(name, |(_, long)| long.as_bytes()),
        _ => name,
    }
}

/// Compact names: RFC 3261 §7.3.3, then RFC 3515, 3841, 3892, 4028, 4474 and 6665.
const COMPACT: [(u8, &str); 20] = [
    (b'c', "Content-Type"),
    (b'e', "Content-Encoding"),
    (b'f', "From"),
    (b'i', "Call-ID"),
    (b'k', "Supported"),
    (b'l', "Content-Length"),
    (b'm', "Contact"),
    (b's', "Subject"),
    (b't', "To"),
    (b'v', "Via"),
    (b'a', "Accept-Contact"),
    (b'b', "Referred-By"),
    (b'd', "Request-Disposition"),
    (b'j', "Reject-Contact"),
    (b'n', "Identity-Info"),
    (b'o', "Event"),
    (b'r', "Refer-To"),
    (b'u', "Allow-Events"),
    (b'x', "Session-Expires"),
    (b'y', "Identity"),
];

/// The lines behind [`header_lines`].
pub(crate) struct HeaderLines<'a> {
    head: &'a [u8],
    cursor: HeadCursor<'a>,
    letters: FirstLetters,
}

/// First letters of header names, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstLetters(u32);

impl FirstLetters {
    /// No letter.
    pub const NONE: FirstLetters = FirstLetters(0);
    /// Every letter, and what is none.
    pub const ALL: FirstLetters = FirstLetters(u32::MAX);

    /// With the letters that a header of this name can start with, in its compact form too. A name that starts with
    /// no letter makes it every letter.
    #[must_use]
    pub fn with(self, name: &[u8]) -> FirstLetters {
        let compact = COMPACT.iter().find(|(_, long)| long.as_bytes().eq_ignore_ascii_case(name));
        let letters = name.first().into_iter().chain(compact.map(|(letter, _)| letter));
        letters.fold(self, |sum, letter| match letter {
            b'a'..=b'z' | b'A'..=b'Z' => FirstLetters(sum.0 | 1 << (letter & 0x1f)),
            _ => FirstLetters::ALL,
        })
    }

    /// Bytes that are no letters can share a bit with one; their lines are then looked at in vain.
    #[inline]
    fn has(self, byte: u8) -> bool {
        self.0 & (1 << (byte & 0x1f)) != 0
    }
}

impl<'a> HeaderLines<'a> {
    /// The lines of a whole message, which may have a body.
    pub(crate) fn of_message(bytes: &'a [u8]) -> Self {
        Self::from_start_line(bytes, HeadCursor::new(bytes))
    }

    fn of_head(head: &'a [u8]) -> Self {
        Self::from_start_line(head, HeadCursor::of_head(head))
    }

    fn from_start_line(head: &'a [u8], mut cursor: HeadCursor<'a>) -> Self {
        cursor.start_line();
        HeaderLines { head, cursor, letters: FirstLetters::ALL }
    }

    pub(crate) fn starting(self, letters: FirstLetters) -> Self {
        HeaderLines { letters, ..self }
    }
}

impl<'a> Iterator for HeaderLines<'a> {
    type Item = HeaderLine<'a>;

    #[inline]
    fn next(&mut self) -> Option<HeaderLine<'a>> {
        loop {
            let start = self.cursor.line()?;
            if !self.letters.has(self.head[start]) {
                continue;
            }
            let first = &self.head[start..self.cursor.offset()];
            let raw = self.cursor.unfold(start);
            let Some(colon) = memchr(b':', first) else { continue };
            let name = without_blanks_at_end(&raw[..colon]);
            // A line that starts with a blank continues the start line.
            if !name.is_empty() && !is_blank(name[0]) {
                return Some(HeaderLine { name, value: trim(&raw[colon + 1..]), raw });
            }
        }
    }
}

fn without_blanks_at_end(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

/// A name to look for: a long one finds its compact form too, a compact one only itself (spec-3.8 A3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct NameQuery<'n> {
    name: &'n [u8],
    compact: Option<u8>,
}

impl<'n> NameQuery<'n> {
    pub(crate) fn new(name: &'n [u8]) -> Self {
        let compact = COMPACT.iter().find(|(_, long)| long.as_bytes().eq_ignore_ascii_case(name));
        NameQuery { name, compact: compact.map(|(letter, _)| *letter) }
    }

    #[inline]
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        match name {
            [letter] if self.compact == Some(letter.to_ascii_lowercase()) => true,
            name => name.eq_ignore_ascii_case(self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"INVITE sip:a@b SIP/2.0\r\n\
        v : one,\r\n two \r\n\
        To:\r\n\t<sip:a@b>\r\n\
        no colon here\r\n\
        : no name\r\n\
        Empty:\r\n";

    #[test]
    fn lines_carry_name_value_and_raw_text() {
        let lines: Vec<_> = header_lines(HEAD).collect();
        assert_eq!(
            lines,
            [
                HeaderLine { name: b"v", value: b"one,\r\n two", raw: b"v : one,\r\n two \r\n" },
                HeaderLine { name: b"To", value: b"<sip:a@b>", raw: b"To:\r\n\t<sip:a@b>\r\n" },
                HeaderLine { name: b"Empty", value: b"", raw: b"Empty:\r\n" },
            ]
        );
    }

    #[test]
    fn a_body_is_not_read() {
        assert_eq!(header_lines(b"S\r\nA: 1\r\n\r\nB: 2\r\n").count(), 1);
        assert_eq!(HeaderLines::of_message(b"S\nA: 1\n\nB: 2\n").count(), 1);
        assert_eq!(header_lines(b"S\nA: 1\n\nB: 2\n").count(), 2);
        assert_eq!(header_lines(b"").count(), 0);
    }

    #[test]
    fn a_continued_start_line_is_no_header() {
        assert_eq!(header_lines(b"INVITE sip:a@b SIP/2.0\r\n x: 1\r\nA: 1\r\n").count(), 1);
    }

    #[test]
    fn compact_names_have_long_ones() {
        assert_eq!(long_name(b"i"), b"Call-ID");
        assert_eq!(long_name(b"I"), b"Call-ID");
        assert_eq!(long_name(b"z"), b"z");
        assert_eq!(long_name(b"X-Foo"), b"X-Foo");
        assert_eq!(long_name(b""), b"");
    }

    #[test]
    fn a_long_name_finds_the_compact_one_but_not_the_other_way() {
        assert!(NameQuery::new(b"from").matches(b"F"));
        assert!(NameQuery::new(b"FROM").matches(b"from"));
        assert!(!NameQuery::new(b"f").matches(b"From"));
        assert!(NameQuery::new(b"f").matches(b"F"));
        assert!(!NameQuery::new(b"To").matches(b"f"));
    }
}
