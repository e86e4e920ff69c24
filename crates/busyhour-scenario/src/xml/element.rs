//! Elements: where they start, where they end, and where they should have ended.

use std::mem;
use std::ops::{ControlFlow, Range};

use super::reader::Reader;
use super::report::quoted;
use super::tag::{self, Tag};
use super::{ATTRIBUTES_MAX, Attribute, DEPTH_MAX, Element, Node, value};
use crate::diagnostic::codes;

/// Longest names that are compared for a spelling mistake, in bytes.
const SPELLING_BYTES_MAX: usize = 32;

impl Reader<'_> {
    /// Opens the element whose start tag stands at the reader's place.
    pub(super) fn start_tag(&mut self) -> ControlFlow<()> {
        let tag = tag::read(self.text, self.at, &mut self.unpaired, &mut self.report);
        if self.open.is_empty() && !self.is_fragment {
            self.warn_of_second_root(&tag);
        }
        if self.open.len() >= DEPTH_MAX {
            self.report.error(codes::TOO_DEEP, tag.name.clone(), || {
                let message = format!("elements are nested more than {DEPTH_MAX} deep; the rest is not read");
                (message, "one too deep", "see whether the elements around it have their '/>' or end tags")
            });
            return ControlFlow::Break(());
        }
        let element = Element {
            name: self.text[tag.name.clone()].to_owned(),
            name_span: tag.name.clone(),
            attributes: self.attributes(&tag),
            children: Vec::new(),
            span: self.at..tag.end,
        };
        self.at = tag.end;
        self.open.push(element);
        if tag.empty {
            self.close_innermost(tag.end);
        }
        if tag.cut_off { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Reads the end tag at the reader's place.
    pub(super) fn end_tag(&mut self) -> ControlFlow<()> {
        let start = self.at;
        let name_start = tag::skip_space(self.bytes, start + 2);
        let name = name_start..tag::name_end(self.bytes, name_start);
        let mut end = tag::skip_space(self.bytes, name.end);
        if self.bytes.get(end) == Some(&b'>') && name_start == start + 2 && !name.is_empty() {
            end += 1;
        } else {
            let Some(offset) = memchr::memchr2(b'>', b'<', &self.bytes[end..]) else {
                let help = "the file seems to be cut off; end the tag with '>'";
                return self.unclosed(codes::ENDS_IN_TAG, 2, "the file ends inside an end tag", help);
            };
            end += offset + usize::from(self.bytes[end + offset] == b'>');
            self.report.warn(codes::STRAY_IN_TAG, start..end, || {
                let message = format!("'{}' is not a proper end tag", quoted(&self.text[start..end]));
                let help = format!("write </{}>", quoted(&self.text[name.clone()]));
                (message, "'</', name, '>' expected", help)
            });
        }
        self.at = end;
        self.close(name, start..end);
        ControlFlow::Continue(())
    }

    /// Closes the innermost open element.
    pub(super) fn close_innermost(&mut self, end: usize) {
        let Some(mut element) = self.open.pop() else { return };
        element.span.end = end;
        if !self.open.is_empty() {
            self.add(Node::Element(element));
        } else if self.roots.is_empty() || self.is_fragment {
            self.roots.push(element);
        }
    }

    /// Reports elements that are open where the text ends.
    pub(super) fn report_unclosed_at_end(&mut self) {
        let Some(innermost) = self.open.last() else { return };
        let span = innermost.name_span.clone();
        let name = quoted(&innermost.name);
        let help = format!("write </{name}> where its content ends");
        if self.open.len() == 1 && (!self.is_fragment || innermost.name == "scenario") {
            self.report.warn(codes::UNCLOSED_ROOT, span, || {
                (format!("<{name}> is not closed; it ends with the file"), "no end tag", help)
            });
        } else {
            self.report.error(codes::ENDS_IN_ELEMENT, span, || {
                let message = format!("the file ends inside <{name}>");
                (message, "not closed", format!("{help}; the file may be cut off"))
            });
        }
    }

    fn warn_of_second_root(&mut self, tag: &Tag) {
        let Some(first) = self.roots.first().filter(|_| !self.second_root_reported) else { return };
        let first = quoted(&first.name);
        self.second_root_reported = true;
        self.report.warn(codes::SECOND_ROOT, tag.name.clone(), || {
            let name = quoted(&self.text[tag.name.clone()]);
            let message = format!("<{name}> stands behind the end of the root element; it is ignored");
            let help = format!("move it before </{first}>, or remove it");
            (message, format!("<{first}> has ended before this"), help)
        });
    }

    fn attributes(&mut self, tag: &Tag) -> Vec<Attribute> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(tag.attributes.len().min(ATTRIBUTES_MAX));
        for (name_span, value_span) in tag.attributes.iter().cloned() {
            if attributes.len() == ATTRIBUTES_MAX {
                self.report.error(codes::TOO_MANY_ATTRIBUTES, name_span, || {
                    let message = format!("an element has more than {ATTRIBUTES_MAX} attributes");
                    (message, "one too many; not read from here", "see whether the tag's '>' is missing")
                });
                break;
            }
            let name = &self.text[name_span.clone()];
            if attributes.iter().any(|attribute| attribute.name == name) {
                self.report.warn(codes::DUPLICATE_ATTRIBUTE, name_span, || {
                    let message =
                        format!("attribute '{}' is given twice; the first one counts", quoted(name));
                    (message, "ignored", "remove one of them")
                });
                continue;
            }
            let value = value::attribute(&self.text[value_span.clone()], value_span.start, &mut self.report);
            attributes.push(Attribute { name: name.to_owned(), name_span, value, value_span });
        }
        attributes
    }

    /// Closes the element that an end tag names, and those inside it that have no end tag.
    fn close(&mut self, name_span: Range<usize>, tag: Range<usize>) {
        let name = &self.text[name_span.clone()];
        if let Some(depth) = self.open.iter().rposition(|element| element.name == name) {
            while self.open.len() > depth + 1 {
                self.report_unclosed_before(&tag);
                self.close_innermost(tag.start);
            }
            self.close_innermost(tag.end);
        } else if let Some(open) = self.open.last().filter(|open| is_misspelling(name, &open.name)) {
            self.report.warn(codes::MISSPELT_END_TAG, name_span, || {
                let (name, open) = (quoted(name), quoted(&open.name));
                let message = format!("end tag </{name}> does not match <{open}>; it is taken as its end");
                (message, format!("'{open}' expected"), format!("write </{open}>"))
            });
            self.close_innermost(tag.end);
        } else {
            self.report.warn(codes::STRAY_END_TAG, tag, || {
                let name = quoted(name);
                let message = format!("end tag </{name}> has no start tag; it is ignored");
                let help = "remove it; see whether an element ended too early, with '/>'";
                (message, format!("no <{name}> is open here"), help)
            });
        }
    }

    fn report_unclosed_before(&mut self, tag: &Range<usize>) {
        let Some(element) = self.open.last() else { return };
        let span = element.name_span.clone();
        if element.elements().next().is_none() {
            self.report.warn(codes::UNCLOSED_LEAF, span, || {
                let (name, end) = (quoted(&element.name), quoted(&self.text[tag.clone()]));
                let help = format!("write </{name}> behind its content, or end the tag with '/>'");
                (format!("<{name}> is not closed; it ends before {end}"), "no end tag", help)
            });
        } else {
            self.report.error(codes::UNCLOSED_ELEMENT, span, || {
                let (name, end) = (quoted(&element.name), quoted(&self.text[tag.clone()]));
                let message =
                    format!("<{name}> is not closed before {end}: the elements behind it are inside it");
                let help = format!("write </{name}> where its content ends, or end the tag with '/>'");
                (message, "no end tag", help)
            });
        }
    }
}

/// Whether a name is another one with a slip: letter case, one letter wrong, or two in a name longer than four.
fn is_misspelling(name: &str, meant: &str) -> bool {
    if name.eq_ignore_ascii_case(meant) {
        return true;
    }
    let (a, b) = (name.as_bytes(), meant.as_bytes());
    if a.len().min(b.len()) < 3 || a.len().max(b.len()) > SPELLING_BYTES_MAX {
        return false;
    }
    // Levenshtein's distance, row by row.
    let mut row: [usize; SPELLING_BYTES_MAX + 1] = std::array::from_fn(|column| column);
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()] <= if a.len().max(b.len()) > 4 { 2 } else { 1 }
}
