//! A start tag: name, attributes, and how it ends.

use std::ops::Range;

use super::report::{Report, quoted};
use crate::diagnostic::codes;

/// A start tag as places in the file.
#[derive(Debug)]
pub(super) struct Tag {
    /// The name.
    pub(super) name: Range<usize>,
    /// Names and values without quotes; duplicates are still in.
    pub(super) attributes: Vec<(Range<usize>, Range<usize>)>,
    /// Behind the `>`, or where reading goes on if there is none.
    pub(super) end: usize,
    /// It ends with `/>`.
    pub(super) empty: bool,
    /// The file ends inside it.
    pub(super) cut_off: bool,
}

/// Quotes for which no further partner exists in the file, so that nobody searches to the file's end again.
#[derive(Debug, Default)]
pub(super) struct Unpaired {
    double: bool,
    single: bool,
}

/// Whether a byte may start a name. Beyond ASCII everything may.
pub(super) fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':') || !byte.is_ascii()
}

/// End of the name that starts at `at`; `at` itself if there is none.
pub(super) fn name_end(bytes: &[u8], at: usize) -> usize {
    if !bytes.get(at).is_some_and(|byte| is_name_start(*byte)) {
        return at;
    }
    let is_name = |byte: &u8| is_name_start(*byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    at + bytes[at..].iter().position(|byte| !is_name(byte)).unwrap_or(bytes.len() - at)
}

/// The first place from `at` on that is not white space.
pub(super) fn skip_space(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len() - at)
}

/// Reads the start tag whose `<` stands at `at`, with a name behind it.
pub(super) fn read(text: &str, at: usize, unpaired: &mut Unpaired, report: &mut Report) -> Tag {
    let name = at + 1..name_end(text.as_bytes(), at + 1);
    match well_formed(text.as_bytes(), name.clone()) {
        Some(tag) => {
            for (_, value) in &tag.attributes {
                warn_of_backslash_at_end(text, value, report);
            }
            tag
        }
        None => {
            let tag = Tag {
                name: name.clone(),
                attributes: Vec::new(),
                end: name.end,
                empty: false,
                cut_off: false,
            };
            Tolerant { text, bytes: text.as_bytes(), at: name.end, tag, unpaired, report }.read()
        }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Reads the tag if it is well-formed. Never looks beyond the next `<`, so all tags together cost one pass.
fn well_formed(bytes: &[u8], name: Range<usize>) -> Option<Tag> {
    let mut attributes = Vec::new();
    let mut at = name.end;
    loop {
        let start = skip_space(bytes, at);
        match *bytes.get(start)? {
            b'>' => return Some(Tag { name, attributes, end: start + 1, empty: false, cut_off: false }),
            b'/' if bytes.get(start + 1) == Some(&b'>') => {
                return Some(Tag { name, attributes, end: start + 2, empty: true, cut_off: false });
            }
            _ if start == at => return None,
            _ => {}
        }
        let end = name_end(bytes, start);
        let equals = skip_space(bytes, end);
        if end == start || bytes.get(equals) != Some(&b'=') {
            return None;
        }
        let quote_at = skip_space(bytes, equals + 1);
        let quote = *bytes.get(quote_at).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let value = quote_at + 1;
        let close = value + memchr::memchr2(quote, b'<', &bytes[value..])?;
        if bytes[close] == b'<' {
            return None;
        }
        attributes.push((start..end, value..close));
        at = close + 1;
    }
}

fn warn_of_backslash_at_end(text: &str, value: &Range<usize>, report: &mut Report) {
    let backslashes = text[value.clone()].bytes().rev().take_while(|byte| *byte == b'\\').count();
    if backslashes % 2 == 1 && text.as_bytes()[value.end] == b'"' {
        report.warn(codes::BACKSLASH_AT_END, value.end - 1..value.end + 1, || {
            let message = "the value ends with a backslash; the quote behind it ends the value";
            let help = "write &quot; for a quote inside the value, or \\\\ for a backslash at its end";
            (message, "a quote inside a value is not written so", help)
        });
    }
}

/// Reads a tag that is not well-formed.
struct Tolerant<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tag: Tag,
    unpaired: &'a mut Unpaired,
    report: &'a mut Report,
}

impl Tolerant<'_> {
    fn read(mut self) -> Tag {
        loop {
            let start = skip_space(self.bytes, self.at);
            let spaced = start > self.at;
            self.at = start;
            match self.bytes.get(start).copied() {
                None => {
                    self.ends_in_tag();
                    break;
                }
                Some(b'>') => {
                    self.at += 1;
                    break;
                }
                Some(b'/') => {
                    let close = skip_space(self.bytes, start + 1);
                    if self.bytes.get(close) != Some(&b'>') {
                        self.stray(start + 1);
                        continue;
                    }
                    if close > start + 1 {
                        self.report.warn(codes::STRAY_IN_TAG, start..close + 1, || {
                            ("white space stands between '/' and '>'; it is ignored", "", "write '/>'")
                        });
                    }
                    self.at = close + 1;
                    self.tag.empty = true;
                    break;
                }
                Some(b'<') => {
                    self.not_closed();
                    break;
                }
                Some(b'"' | b'\'') => {
                    self.quote_not_closed(start, "the quotes in this tag do not pair up");
                    self.at += 1;
                }
                Some(byte) if is_name_start(byte) => self.attribute(spaced),
                Some(_) => {
                    let run = self.bytes[start..].iter();
                    let is_other =
                        |byte: &u8| !is_space(*byte) && !is_name_start(*byte) && !b"<>/\"'".contains(byte);
                    self.stray(start + run.take_while(|byte| is_other(byte)).count());
                }
            }
        }
        self.tag.end = self.at;
        self.tag
    }

    fn attribute(&mut self, spaced: bool) {
        let name = self.at..name_end(self.bytes, self.at);
        if !spaced {
            self.report.warn(codes::MISSING_SPACE, name.clone(), || {
                let message = format!("white space is missing before '{}'", quoted(&self.text[name.clone()]));
                (message, "", "put a space before the attribute")
            });
        }
        let equals = skip_space(self.bytes, name.end);
        if self.bytes.get(equals) != Some(&b'=') {
            self.at = name.end;
            self.no_value(name);
            return;
        }
        let value_at = skip_space(self.bytes, equals + 1);
        self.at = value_at;
        match self.bytes.get(value_at).copied() {
            Some(quote @ (b'"' | b'\'')) => {
                let value = self.quoted_value(value_at, quote);
                self.tag.attributes.push((name, value));
            }
            None | Some(b'>' | b'<') => self.no_value(name),
            Some(b'/') if self.bytes.get(value_at + 1) == Some(&b'>') => self.no_value(name),
            Some(_) => {
                let value = self.unquoted_value(value_at);
                self.tag.attributes.push((name, value));
            }
        }
    }

    /// Reads the value behind the quote at `open` and goes behind its end. `\"` does not end it.
    fn quoted_value(&mut self, open: usize, quote: u8) -> Range<usize> {
        let start = open + 1;
        let Some((close, escape)) = self.closing_quote(start, quote) else {
            return self.value_without_end(open);
        };
        let value = &self.text[start..close];
        let less_than = memchr::memchr(b'<', value.as_bytes());
        let follows = self.bytes.get(close + 1).copied();
        let goes_on = follows.is_none_or(|byte| is_space(byte) || matches!(byte, b'/' | b'>'));
        let ends_like_next = value.trim_ascii_end().ends_with('=');
        let lines = memchr::memchr(b'\n', value.as_bytes()).is_some();
        if (!goes_on && (less_than.is_some() || ends_like_next))
            || (less_than.is_some() && lines && ends_like_next)
        {
            return self.value_without_end(open);
        }
        if let Some(escape) = escape {
            self.report.warn(codes::ESCAPED_QUOTE, escape..escape + 2, || {
                let message = "a quote inside a value is escaped by a backslash, which XML does not know; \
                               it is taken as part of the value";
                (message, "escaped quote", "write &quot; for a quote inside a value")
            });
        }
        if let Some(at) = less_than {
            self.report.warn(codes::LESS_THAN_IN_VALUE, start + at..start + at + 1, || {
                let message = "an attribute value holds '<', which XML forbids; it is taken as it is";
                (message, "", "write &lt; for '<'")
            });
        }
        self.at = close + 1;
        start..close
    }

    /// Finds the quote that ends a value, and the first escaped quote before it.
    fn closing_quote(&mut self, start: usize, quote: u8) -> Option<(usize, Option<usize>)> {
        let unpaired = match quote {
            b'"' => &mut self.unpaired.double,
            _ => &mut self.unpaired.single,
        };
        if *unpaired {
            return None;
        }
        let mut escape = None;
        let mut at = start;
        while let Some(found) = memchr::memchr2(quote, b'\\', self.bytes.get(at..).unwrap_or_default()) {
            let found = at + found;
            if self.bytes[found] == quote {
                return Some((found, escape));
            }
            at = found + 1;
            if quote == b'"' {
                if self.bytes.get(at) == Some(&b'"') {
                    escape = escape.or(Some(found));
                }
                at += 1;
            }
        }
        *unpaired = true;
        None
    }

    /// Takes a value whose closing quote is missing to end at the next white space, `<` or `>`.
    fn value_without_end(&mut self, open: usize) -> Range<usize> {
        self.quote_not_closed(open, "the closing quote of this value is missing");
        let start = open + 1;
        let is_end = |byte: &u8| is_space(*byte) || matches!(byte, b'<' | b'>');
        let end = start + self.bytes[start..].iter().position(is_end).unwrap_or(self.bytes.len() - start);
        self.at = end;
        start..end
    }

    fn unquoted_value(&mut self, start: usize) -> Range<usize> {
        let mut end = start;
        while let Some(byte) = self.bytes.get(end) {
            let closes = *byte == b'/' && self.bytes.get(end + 1) == Some(&b'>');
            if is_space(*byte) || matches!(byte, b'<' | b'>' | b'"' | b'\'') || closes {
                break;
            }
            end += 1;
        }
        self.report.warn(codes::UNQUOTED_VALUE, start..end, || {
            let message = format!("the value '{}' has no quotes", quoted(&self.text[start..end]));
            (message, "", "put quotes around the value")
        });
        self.at = end;
        start..end
    }

    fn no_value(&mut self, name: Range<usize>) {
        self.report.warn(codes::NO_VALUE, name.clone(), || {
            let text = quoted(&self.text[name.clone()]);
            let message = format!("attribute '{text}' has no value; it is taken as empty");
            (message, "value expected behind this", format!("write {text}=\"…\""))
        });
        let end = name.end;
        self.tag.attributes.push((name, end..end));
    }

    fn stray(&mut self, end: usize) {
        self.report.warn(codes::STRAY_IN_TAG, self.at..end, || {
            let text = quoted(&self.text[self.at..end]);
            let message = format!("'{text}' does not belong here; it is ignored");
            (message, "attribute, '/>' or '>' expected", "remove it")
        });
        self.at = end;
    }

    fn quote_not_closed(&mut self, at: usize, message: &str) {
        self.report.error(codes::QUOTE_NOT_CLOSED, at..at + 1, || {
            let help = "put the missing quote; write &quot; for a quote inside a value";
            (message, "this quote has no partner", help)
        });
    }

    fn not_closed(&mut self) {
        let span = self.tag.name.start - 1..self.tag.name.end;
        self.report.error(codes::TAG_NOT_CLOSED, span, || {
            let name = quoted(&self.text[self.tag.name.clone()]);
            let message = format!("the tag <{name}> has no '>' before the next '<'");
            (message, "tag starts here", "end the tag with '>', or with '/>' if the element has no content")
        });
    }

    fn ends_in_tag(&mut self) {
        let span = self.tag.name.start - 1..self.tag.name.end;
        self.report.error(codes::ENDS_IN_TAG, span, || {
            let name = quoted(&self.text[self.tag.name.clone()]);
            let message = format!("the file ends inside the tag <{name}>");
            (message, "tag starts here", "the file seems to be cut off; end the tag with '>' or '/>'")
        });
        self.tag.cut_off = true;
    }
}
