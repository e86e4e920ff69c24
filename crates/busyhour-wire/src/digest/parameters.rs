//! The words of a challenge or of credentials (RFC 7235 §2.1), read tolerantly.

use memchr::memchr2;

/// A word of a header value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A token that no `=` follows: a scheme, and what follows belongs to it.
    Scheme(&'a [u8]),
    /// `name=value` or `name="value"`, the value without its quotes.
    Parameter { name: &'a [u8], value: &'a [u8] },
}

/// All words, in order. Several values joined by commas read as one.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(super) fn new(value: &'a [u8]) -> Self {
        Words { rest: value }
    }

    /// What follows the `=` of a parameter.
    fn value(&mut self) -> &'a [u8] {
        match self.rest.split_first() {
            Some((b'"', after)) => self.quoted(after),
            _ => self.take_while(|byte| !is_blank(byte) && byte != b','),
        }
    }

    /// The text up to the closing quote; all of it if there is none.
    fn quoted(&mut self, text: &'a [u8]) -> &'a [u8] {
        let mut at = 0;
        while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            at += found;
            if text[at] == b'"' {
                self.rest = &text[at + 1..];
                return &text[..at];
            }
            at += 2;
        }
        self.rest = &[];
        text
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !wanted(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            self.take_while(|byte| is_blank(byte) || byte == b',');
            match *self.rest {
                [] => return None,
                // Neither can start a word.
                [b'=', ref rest @ ..] => self.rest = rest,
                [b'"', ref rest @ ..] => {
                    self.quoted(rest);
                }
                _ => break,
            }
        }
        let name = self.take_while(|byte| !is_blank(byte) && !matches!(byte, b',' | b'=' | b'"'));
        self.take_while(is_blank);
        let Some(rest) = self.rest.strip_prefix(b"=") else { return Some(Word::Scheme(name)) };
        self.rest = rest;
        self.take_while(is_blank);
        Some(Word::Parameter { name, value: self.value() })
    }
}

/// Values of the parameters of these names, in any case. Of a repeated one the first counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a, const N: usize> {
    names: [&'static str; N],
    values: [Option<&'a [u8]>; N],
}

impl<'a, const N: usize> Values<'a, N> {
    pub(super) fn new(names: [&'static str; N]) -> Self {
        Values { names, values: [None; N] }
    }

    pub(super) fn note(&mut self, name: &[u8], value: &'a [u8]) {
        let known = self.names.iter().position(|known| known.as_bytes().eq_ignore_ascii_case(name));
        if let Some(at) = known {
            self.values[at].get_or_insert(value);
        }
    }

    /// In the order of the names.
    pub(super) fn get(self) -> [Option<&'a [u8]>; N] {
        self.values
    }
}

/// Line ends too: a value may be folded.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(value: &str) -> Vec<String> {
        Words::new(value.as_bytes())
            .map(|word| match word {
                Word::Scheme(name) => String::from_utf8_lossy(name).into_owned(),
                Word::Parameter { name, value } => {
                    format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
                }
            })
            .collect()
    }

    #[test]
    fn words_of_several_challenges() {
        assert_eq!(
            words("Digest realm=\"a, b\" ,nonce = n1,, Basic realm=x,\r\n Negotiate, NTLM TlRMTVNTUAAB=="),
            ["Digest", "realm=a, b", "nonce=n1", "Basic", "realm=x", "Negotiate", "NTLM", "TlRMTVNTUAAB=="]
        );
    }

    #[test]
    fn escapes_stay() {
        assert_eq!(words(r#"Digest realm="a\"b\\",nonce="n""#), ["Digest", r#"realm=a\"b\\"#, "nonce=n"]);
    }

    #[test]
    fn broken_values_end() {
        assert_eq!(words("Digest realm=\"a, nonce=n"), ["Digest", "realm=a, nonce=n"]);
        assert_eq!(words("Digest realm=\"a\\"), ["Digest", "realm=a\\"]);
        assert_eq!(words("=,\"x\"=, a"), ["a"]);
        assert_eq!(words("Digest realm="), ["Digest", "realm="]);
        assert_eq!(words("Digest realm=,nonce=\"\""), ["Digest", "realm=", "nonce="]);
        assert_eq!(words(""), Vec::<String>::new());
    }
}
