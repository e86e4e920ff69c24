//! Parameters and URIs inside header values (RFC 3261 §25.1: `generic-param`, `name-addr`).

use crate::head::{is_blank, trim_start};
use memchr::{memchr, memchr2, memchr3};

/// The tag of a From or To value: the `tag` parameter outside `<…>` and outside quotes, any case, blanks and folds
/// around `=` tolerated. Nothing if it is absent or empty (RFC 3261 §19.3).
#[inline]
pub fn tag(value: &[u8]) -> Option<&[u8]> {
    let mut rest = Unquoted::new(value);
    while let Some(at) = rest.next_of(b'<', b';') {
        if value[at] == b'<' {
            rest.skip_brackets(at);
        } else if let Some(found) = parameter(&value[at + 1..], b"tag") {
            return non_empty(found);
        }
    }
    None
}

/// The branch of the first value in a Via header, which may hold a list (RFC 3261 §8.1.1.7, §20.42). Nothing if it is
/// absent or empty.
#[inline]
pub fn top_via_branch(value: &[u8]) -> Option<&[u8]> {
    let mut rest = Unquoted::new(value);
    while let Some(at) = rest.next_of(b',', b';') {
        if value[at] == b',' {
            return None;
        }
        if let Some(found) = parameter(&value[at + 1..], b"branch") {
            return non_empty(found);
        }
    }
    None
}

/// The text between the first `<` and the next `>`; a `<` in a quoted display name does not count.
#[inline]
pub fn uri_in_brackets(value: &[u8]) -> Option<&[u8]> {
    let open = Unquoted::new(value).next_of(b'<', b'<')?;
    let uri = &value[open + 1..];
    memchr(b'>', uri).map(|close| &uri[..close])
}

/// A walk over what stands outside quoted strings. A quote that is never closed is an ordinary character: broken
/// display names shall not hide a tag.
struct Unquoted<'a> {
    value: &'a [u8],
    at: usize,
    quotes: bool,
    brackets: bool,
}

impl<'a> Unquoted<'a> {
    #[inline]
    fn new(value: &'a [u8]) -> Self {
        Unquoted { value, at: 0, quotes: true, brackets: true }
    }

    /// The offset of the next byte that is one of these two; the walk goes on after it.
    #[inline]
    fn next_of(&mut self, one: u8, other: u8) -> Option<usize> {
        loop {
            let at = self.at + memchr3(one, other, b'"', &self.value[self.at..])?;
            self.at = at + 1;
            if self.value[at] != b'"' {
                return Some(at);
            }
            if self.quotes {
                match closing_quote(self.value, at + 1) {
                    Some(close) => self.at = close + 1,
                    // No later quote is closed either; asking again for each would cost the square of the length.
                    None => self.quotes = false,
                }
            }
        }
    }

    /// Passes over `<…>`; a bracket that is never closed is an ordinary character.
    #[inline]
    fn skip_brackets(&mut self, open: usize) {
        if self.brackets {
            match memchr(b'>', &self.value[open..]) {
                Some(close) => self.at = open + close + 1,
                None => self.brackets = false,
            }
        }
    }
}

fn closing_quote(value: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\\', value.get(at..)?)?;
        if value[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// The value of the parameter at the start of `text` (what follows a `;`) if it has this name.
#[inline]
fn parameter<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let text = trim_start(text);
    let (found, rest) = text.split_at_checked(name.len())?;
    if !found.eq_ignore_ascii_case(name) {
        return None;
    }
    let value = trim_start(trim_start(rest).strip_prefix(b"=")?);
    let end = value.iter().position(|&byte| ENDS_VALUE[usize::from(byte)]).unwrap_or(value.len());
    Some(&value[..end])
}

/// What ends the value of a parameter. A table, for this is asked for every byte of a branch and a tag.
const ENDS_VALUE: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < ends.len() {
        ends[byte] = matches!(byte as u8, b';' | b',' | b'>') || is_blank(byte as u8);
        byte += 1;
    }
    ends
};

#[inline]
fn non_empty(value: &[u8]) -> Option<&[u8]> {
    if value.is_empty() { None } else { Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_outside_brackets_and_quotes() {
        assert_eq!(tag(b"<sip:a@b>;tag=1"), Some(&b"1"[..]));
        assert_eq!(tag(b"sip:a@b;tag=1"), Some(&b"1"[..]));
        assert_eq!(tag(b"<sip:a@b;tag=1>"), None);
        assert_eq!(tag(b"\";tag=1\" <sip:a@b>;tag=2"), Some(&b"2"[..]));
        assert_eq!(tag(br#""\";tag=1\\" <sip:a@b>;tag=2"#), Some(&b"2"[..]));
        assert_eq!(tag(br#"<sip:a@b>;x="a;tag=1";tag=2"#), Some(&b"2"[..]));
        assert_eq!(tag(b"<sip:a@b>;tagged=1;taq=2"), None);
        assert_eq!(tag(b""), None);
    }

    #[test]
    fn a_tag_may_have_blanks_folds_and_any_case() {
        assert_eq!(tag(b"sip:a@b ; tag = 1918181833n"), Some(&b"1918181833n"[..]));
        assert_eq!(tag(b"sip:a@b;\r\n TAG\t=\r\n 7 ;x"), Some(&b"7"[..]));
        assert_eq!(tag(b"<sip:a@b>;tag"), None);
        assert_eq!(tag(b"<sip:a@b>;tag="), None);
        assert_eq!(tag(b"<sip:a@b>;tag=a\0b"), Some(&b"a\0b"[..]));
    }

    #[test]
    fn a_quote_or_bracket_without_end_hides_nothing() {
        assert_eq!(tag(b"\"Mr. J. User <sip:j.user@example.com>;tag=1"), Some(&b"1"[..]));
        assert_eq!(tag(b"<sip:a@b;tag=1"), Some(&b"1"[..]));
        assert_eq!(tag(b"\"\\"), None);
    }

    #[test]
    fn hostile_values_cost_linear_time() {
        let quotes = b"\"\\".repeat(1 << 20);
        let brackets = b"<".repeat(1 << 21);
        assert_eq!(tag(&quotes), None);
        assert_eq!(tag(&brackets), None);
        assert_eq!(top_via_branch(&quotes), None);
    }

    #[test]
    fn a_branch_is_that_of_the_first_via_value() {
        assert_eq!(top_via_branch(b"SIP/2.0/UDP h;branch=z9hG4bK1"), Some(&b"z9hG4bK1"[..]));
        assert_eq!(top_via_branch(b"SIP/2.0/UDP h;rport;Branch=a, SIP/2.0/UDP i;branch=b"), Some(&b"a"[..]));
        assert_eq!(top_via_branch(b"SIP/2.0/UDP h , SIP/2.0/UDP i;branch=b"), None);
        assert_eq!(top_via_branch(b"SIP/2.0/UDP h;x=\",;branch=a\";branch=b"), Some(&b"b"[..]));
        assert_eq!(
            top_via_branch(
                b"SIP  / 2.0  / TCP  h ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP/2.0/UDP i;branch=b"
            ),
            Some(&b"z9hG4bK9ikj8"[..])
        );
        assert_eq!(top_via_branch(b"SIP/2.0/UDP h;branch="), None);
    }

    #[test]
    fn a_uri_stands_between_brackets() {
        assert_eq!(uri_in_brackets(b"\"A\" <sip:a@b;lr>;x"), Some(&b"sip:a@b;lr"[..]));
        assert_eq!(uri_in_brackets(b"\"<sip:x>\" <sip:a@b>"), Some(&b"sip:a@b"[..]));
        assert_eq!(uri_in_brackets(b"sip:a@b"), None);
        assert_eq!(uri_in_brackets(b"<sip:a@b"), None);
        assert_eq!(uri_in_brackets(b"<>"), Some(&b""[..]));
    }
}
