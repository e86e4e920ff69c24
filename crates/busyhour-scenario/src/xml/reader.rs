//! The document: elements, character data, and what is skipped.

use std::mem;
use std::ops::{ControlFlow, Range};

use super::report::{Report, quoted};
use super::tag::{self, Unpaired};
use super::{ATTRIBUTES_MAX, Attribute, DEPTH_MAX, Element, Node, value};
use crate::diagnostic::{Diagnostic, codes};

/// Longest names that are compared for a spelling mistake, in bytes.
const SPELLING_BYTES_MAX: usize = 32;

/// Goes once through the text. `Break` means that an error leaves nothing to read on from.
pub(super) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Where reading goes on.
    at: usize,
    /// Elements whose end tag is still to come, outermost first.
    open: Vec<Element>,
    /// Finished elements at the top.
    roots: Vec<Element>,
    /// Several elements may stand at the top.
    is_fragment: bool,
    second_root_reported: bool,
    unpaired: Unpaired,
    report: Report,
}

impl<'a> Reader<'a> {
    /// Prepares to read a document with one root.
    pub(super) fn document(text: &'a str) -> Reader<'a> {
        Reader {
            text,
            bytes: text.as_bytes(),
            at: 0,
            open: Vec::new(),
            roots: Vec::new(),
            is_fragment: false,
            second_root_reported: false,
            unpaired: Unpaired::default(),
            report: Report::default(),
        }
    }

    /// Prepares to read a text that may hold several elements at the top.
    pub(super) fn fragment(text: &'a str) -> Reader<'a> {
        Reader { is_fragment: true, ..Reader::document(text) }
    }

    /// Reads everything: the elements at the top (at most one in a document) and the findings.
    pub(super) fn read(mut self) -> (Vec<Element>, Vec<Diagnostic>) {
        self.warn_of_control_characters();
        if self.text.starts_with('\u{FEFF}') {
            self.at = '\u{FEFF}'.len_utf8();
        }
        if self.content().is_continue() {
            self.report_unclosed_at_end();
        }
        while !self.open.is_empty() {
            self.close_innermost(self.text.len());
        }
        if self.roots.is_empty() && !self.report.has_error() {
            self.report_no_element();
        }
        (self.roots, self.report.finish())
    }

    fn content(&mut self) -> ControlFlow<()> {
        let mut text_start = self.at;
        while let Some(offset) = memchr::memchr(b'<', &self.bytes[self.at..]) {
            let at = self.at + offset;
            let rest = &self.bytes[at + 1..];
            let is_markup = rest
                .first()
                .is_some_and(|byte| matches!(byte, b'!' | b'?' | b'/') || tag::is_name_start(*byte));
            if !is_markup {
                self.bare_less_than(at);
                self.at = at + 1;
                continue;
            }
            self.character_data(text_start..at);
            self.at = at;
            match rest {
                [b'!', b'-', b'-', ..] => self.comment()?,
                [b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => self.cdata()?,
                [b'!', b'D', b'O', b'C', b'T', b'Y', b'P', b'E', ..] => self.doctype()?,
                [b'!', ..] => self.unknown_markup()?,
                [b'?', ..] => self.processing_instruction()?,
                [b'/', ..] => self.end_tag()?,
                _ => self.start_tag()?,
            }
            text_start = self.at;
        }
        self.character_data(text_start..self.text.len());
        ControlFlow::Continue(())
    }

    fn character_data(&mut self, span: Range<usize>) {
        let raw = &self.text[span.clone()];
        let trimmed = raw.trim_ascii();
        if trimmed.is_empty() {
            return;
        }
        if self.open.is_empty() {
            let start = span.start + (raw.len() - raw.trim_ascii_start().len());
            self.text_outside_root(start..start + trimmed.len());
            return;
        }
        if let Some(at) = memchr::memmem::find(raw.as_bytes(), b"]]>") {
            let at = span.start + at;
            let message = "']]>' stands outside a CDATA section; it is taken as text";
            self.report.add(
                Diagnostic::warning(codes::STRAY_CDATA_END, at..at + 3, message)
                    .label("no CDATA section is open here")
                    .help("put <![CDATA[ before the message, or remove ']]>'"),
            );
        }
        let text = value::character_data(raw, span.start, &mut self.report);
        self.add(Node::Text { text, span });
    }

    fn text_outside_root(&mut self, span: Range<usize>) {
        let message =
            format!("'{}' stands outside the root element; it is ignored", quoted(&self.text[span.clone()]));
        self.report.add(
            Diagnostic::warning(codes::TEXT_OUTSIDE_ROOT, span, message)
                .label("only comments may stand here")
                .help("remove it, or move it into the root element"),
        );
    }

    fn bare_less_than(&mut self, at: usize) {
        let next =
            memchr::memchr2(b'<', b'>', &self.bytes[at + 1..]).map(|offset| self.bytes[at + 1 + offset]);
        let span = at..at + 1;
        self.report.add(if next == Some(b'>') {
            Diagnostic::error(codes::NOT_A_TAG, span, "a tag has no valid name directly behind its '<'")
                .label("name expected behind this")
                .help("write the tag's name directly behind '<'; write &lt; for a '<' in text")
        } else {
            Diagnostic::warning(
                codes::BARE_LESS_THAN,
                span,
                "a '<' stands alone in text; it is taken as it is",
            )
            .label("not a tag")
            .help("write &lt; for a '<' in text")
        });
    }

    fn comment(&mut self) -> ControlFlow<()> {
        let start = self.at + 4;
        let Some(length) = memchr::memmem::find(&self.bytes[start..], b"-->") else {
            return self.unclosed(
                codes::UNCLOSED_COMMENT,
                4,
                "a comment has no end",
                "end the comment with '-->'",
            );
        };
        let comment = &self.bytes[start..start + length];
        let hyphens = memchr::memmem::find(comment, b"--");
        // `--->` ends a comment whose last character is a hyphen.
        if let Some(at) = hyphens.or(comment.ends_with(b"-").then(|| length - 1)) {
            let at = start + at;
            let message = "a comment holds '--', which XML forbids; the comment ends at the next '-->'";
            self.report.add(
                Diagnostic::warning(codes::DOUBLE_HYPHEN, at..at + 2, message)
                    .label("two hyphens")
                    .help("use '==' or '- -' inside a comment"),
            );
        }
        self.at = start + length + 3;
        ControlFlow::Continue(())
    }

    fn cdata(&mut self) -> ControlFlow<()> {
        let start = self.at + 9;
        let Some(length) = memchr::memmem::find(&self.bytes[start..], b"]]>") else {
            return self.unclosed(
                codes::UNCLOSED_CDATA,
                9,
                "the file ends inside a CDATA section",
                "end it with ']]>'",
            );
        };
        let span = start..start + length;
        if let Some(offset) = memchr::memmem::find(&self.bytes[span.clone()], b"<![CDATA[") {
            let at = start + offset;
            let message = "a CDATA section holds '<![CDATA['; everything up to the next ']]>' is its text";
            self.report.add(
                Diagnostic::warning(codes::NESTED_CDATA, at..at + 9, message)
                    .label("CDATA sections do not nest")
                    .help("see whether the ']]>' of the section before is missing"),
            );
        }
        if self.open.is_empty() {
            self.text_outside_root(self.at..span.end + 3);
        } else {
            let text = value::line_ends(&self.text[span.clone()]);
            self.add(Node::CData { text, span: span.clone() });
        }
        self.at = span.end + 3;
        ControlFlow::Continue(())
    }

    fn doctype(&mut self) -> ControlFlow<()> {
        let span = self.at..self.at + 9;
        if !self.open.is_empty() || !self.roots.is_empty() {
            let message = "a document type declaration stands behind the root's start; it is ignored";
            self.report.add(
                Diagnostic::warning(codes::MISPLACED_DOCTYPE, span.clone(), message)
                    .help("move it before the root element, or remove it"),
            );
        }
        let mut in_subset = false;
        let mut at = span.end;
        while let Some(byte) = self.bytes.get(at) {
            let rest = &self.bytes[at + 1..];
            let skipped = match byte {
                b'"' | b'\'' if in_subset => memchr::memchr(*byte, rest).map(|length| length + 1),
                b'"' | b'\'' => match memchr::memchr2(*byte, b'<', rest) {
                    Some(length) if rest[length] == *byte => Some(length + 1),
                    _ => return self.doctype_quote_not_closed(at),
                },
                b'<' if rest.starts_with(b"!--") => {
                    memchr::memmem::find(rest, b"-->").map(|length| length + 3)
                }
                b'<' if rest.starts_with(b"?") => memchr::memmem::find(rest, b"?>").map(|length| length + 2),
                b'[' => {
                    in_subset = true;
                    Some(0)
                }
                b']' => {
                    in_subset = false;
                    Some(0)
                }
                b'>' if !in_subset => {
                    self.at = at + 1;
                    return ControlFlow::Continue(());
                }
                _ => Some(0),
            };
            let Some(skipped) = skipped else { break };
            at += 1 + skipped;
        }
        let help = "end it with '>', or remove it: nothing reads it";
        self.unclosed(codes::UNCLOSED_MARKUP, 9, "the document type declaration has no end", help)
    }

    /// Reads on behind the declaration's likely end, to find more; the tree is not trusted any more.
    fn doctype_quote_not_closed(&mut self, at: usize) -> ControlFlow<()> {
        let message = "a quote in the document type declaration is not closed";
        self.report.add(
            Diagnostic::error(codes::QUOTE_NOT_CLOSED, at..at + 1, message)
                .label("this quote has no partner")
                .help("put the missing quote, or remove the declaration: nothing reads it"),
        );
        let Some(offset) = memchr::memchr2(b'>', b'<', &self.bytes[at..]) else {
            return ControlFlow::Break(());
        };
        self.at = at + offset + usize::from(self.bytes[at + offset] == b'>');
        ControlFlow::Continue(())
    }

    fn unknown_markup(&mut self) -> ControlFlow<()> {
        let Some(length) = memchr::memchr(b'>', &self.bytes[self.at..]) else {
            return self.unclosed(
                codes::UNCLOSED_MARKUP,
                2,
                "'<!' has no '>'",
                "end it with '>', or remove it",
            );
        };
        let span = self.at..self.at + length + 1;
        let message = format!("'{}' is not known; it is ignored", quoted(&self.text[span.clone()]));
        self.report.add(
            Diagnostic::warning(codes::UNKNOWN_MARKUP, span.clone(), message)
                .label("not a comment, CDATA section or document type")
                .help("write comments as <!-- … --> and messages as <![CDATA[ … ]]>, in capitals"),
        );
        self.at = span.end;
        ControlFlow::Continue(())
    }

    fn processing_instruction(&mut self) -> ControlFlow<()> {
        let start = self.at;
        let name = start + 2..tag::name_end(self.bytes, start + 2);
        let rest = &self.bytes[start..];
        let end = if &self.text[name.clone()] == "xml" {
            if start > 0 && !(start == 3 && self.text.starts_with('\u{FEFF}')) {
                let message =
                    "the XML declaration does not stand at the very start of the file; it is ignored";
                self.report.add(
                    Diagnostic::warning(codes::MISPLACED_DECLARATION, start..name.end, message)
                        .label("must be the first characters of the file")
                        .help("move it to the first line and remove what stands before it"),
                );
            }
            // It holds neither `<` nor `>` itself, so these end it if `?>` was forgotten.
            let end = memchr::memchr2(b'>', b'<', &rest[1..]).map(|offset| start + 1 + offset);
            let end = end.map(|end| end + usize::from(self.bytes[end] == b'>'));
            if let Some(end) = end.filter(|end| !self.text[start..*end].ends_with("?>")) {
                let message = "the XML declaration does not end with '?>'";
                self.report.add(
                    Diagnostic::warning(codes::DECLARATION_END, end - 1..end, message)
                        .label("'?>' expected")
                        .help("end the declaration with '?>'"),
                );
            }
            end
        } else {
            memchr::memmem::find(&rest[2..], b"?>").map(|length| start + 2 + length + 2)
        };
        match end {
            Some(end) => {
                self.at = end;
                ControlFlow::Continue(())
            }
            None => {
                self.unclosed(codes::UNCLOSED_MARKUP, 2, "'<?' has no '?>'", "end it with '?>', or remove it")
            }
        }
    }

    /// Reports markup at the reader's place that never ends; nothing behind it can be read.
    fn unclosed(&mut self, code: &'static str, length: usize, message: &str, help: &str) -> ControlFlow<()> {
        let span = self.at..self.at + length;
        self.report.add(Diagnostic::error(code, span, message).label("starts here").help(help));
        ControlFlow::Break(())
    }

    fn start_tag(&mut self) -> ControlFlow<()> {
        let tag = tag::read(self.text, self.at, &mut self.unpaired, &mut self.report);
        let name = &self.text[tag.name.clone()];
        if self.open.is_empty() && !self.roots.is_empty() && !self.is_fragment && !self.second_root_reported {
            self.second_root_reported = true;
            let message =
                format!("<{}> stands behind the end of the root element; it is ignored", quoted(name));
            let first = quoted(&self.roots[0].name);
            self.report.add(
                Diagnostic::warning(codes::SECOND_ROOT, tag.name.clone(), message)
                    .label(format!("<{first}> has ended before this"))
                    .help(format!("move it before </{first}>, or remove it")),
            );
        }
        if self.open.len() >= DEPTH_MAX {
            let message = format!("elements are nested more than {DEPTH_MAX} deep; the rest is not read");
            self.report.add(
                Diagnostic::error(codes::TOO_DEEP, tag.name.clone(), message)
                    .label("one too deep")
                    .help("see whether the elements around it have their '/>' or end tags"),
            );
            return ControlFlow::Break(());
        }
        let element = Element {
            name: name.to_owned(),
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

    fn attributes(&mut self, tag: &tag::Tag) -> Vec<Attribute> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(tag.attributes.len().min(ATTRIBUTES_MAX));
        for (name_span, value_span) in tag.attributes.iter().cloned() {
            if attributes.len() == ATTRIBUTES_MAX {
                let message =
                    format!("an element has more than {ATTRIBUTES_MAX} attributes; the rest is not read");
                self.report.add(
                    Diagnostic::error(codes::TOO_MANY_ATTRIBUTES, name_span, message)
                        .label("one too many")
                        .help("see whether the tag's '>' is missing"),
                );
                break;
            }
            let name = &self.text[name_span.clone()];
            if attributes.iter().any(|attribute| attribute.name == name) {
                let message = format!("attribute '{}' is given twice; the first one counts", quoted(name));
                self.report.add(
                    Diagnostic::warning(codes::DUPLICATE_ATTRIBUTE, name_span, message)
                        .label("ignored")
                        .help("remove one of them"),
                );
                continue;
            }
            let value = value::attribute(&self.text[value_span.clone()], value_span.start, &mut self.report);
            attributes.push(Attribute { name: name.to_owned(), name_span, value, value_span });
        }
        attributes
    }

    fn end_tag(&mut self) -> ControlFlow<()> {
        let start = self.at;
        let name_start = tag::skip_space(self.bytes, start + 2);
        let name = name_start..tag::name_end(self.bytes, name_start);
        let mut end = tag::skip_space(self.bytes, name.end);
        if self.bytes.get(end) == Some(&b'>') && name_start == start + 2 && !name.is_empty() {
            end += 1;
        } else {
            let Some(offset) = memchr::memchr2(b'>', b'<', &self.bytes[end..]) else {
                let message = "the file ends inside an end tag";
                return self.unclosed(
                    codes::ENDS_IN_TAG,
                    2,
                    message,
                    "the file seems to be cut off; end the tag with '>'",
                );
            };
            end += offset + usize::from(self.bytes[end + offset] == b'>');
            let message = format!("'{}' is not a proper end tag", quoted(&self.text[start..end]));
            self.report.add(
                Diagnostic::warning(codes::STRAY_IN_TAG, start..end, message)
                    .label("'</', name, '>' expected")
                    .help(format!("write </{}>", quoted(&self.text[name.clone()]))),
            );
        }
        self.at = end;
        self.close(name, start..end);
        ControlFlow::Continue(())
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
            return;
        }
        let shown = quoted(name);
        if let Some(open) = self.open.last().filter(|open| is_misspelling(name, &open.name)) {
            let open = quoted(&open.name);
            let message = format!("end tag </{shown}> does not match <{open}>; it is taken as its end");
            self.report.add(
                Diagnostic::warning(codes::MISSPELT_END_TAG, name_span, message)
                    .label(format!("'{open}' expected"))
                    .help(format!("write </{open}>")),
            );
            self.close_innermost(tag.end);
            return;
        }
        let message = format!("end tag </{shown}> has no start tag; it is ignored");
        self.report.add(
            Diagnostic::warning(codes::STRAY_END_TAG, tag, message)
                .label(format!("no <{shown}> is open here"))
                .help("remove it; see whether an element ended too early, with '/>'"),
        );
    }

    fn report_unclosed_before(&mut self, tag: &Range<usize>) {
        // Called only while an element is open.
        let Some(element) = self.open.last() else { return };
        let (name, end) = (quoted(&element.name), quoted(&self.text[tag.clone()]));
        let span = element.name_span.clone();
        self.report.add(if element.elements().next().is_none() {
            Diagnostic::warning(
                codes::UNCLOSED_LEAF,
                span,
                format!("<{name}> is not closed; it ends before {end}"),
            )
            .label("no end tag")
            .help(format!("write </{name}> behind its content, or end the tag with '/>'"))
        } else {
            let message =
                format!("<{name}> is not closed before {end} and has taken in the elements that follow it");
            Diagnostic::error(codes::UNCLOSED_ELEMENT, span, message)
                .label("no end tag")
                .help(format!("write </{name}> where its content ends, or end the tag with '/>'"))
        });
    }

    fn report_unclosed_at_end(&mut self) {
        let Some(innermost) = self.open.last() else { return };
        let name = quoted(&innermost.name);
        let span = innermost.name_span.clone();
        let help = format!("write </{name}> where its content ends");
        let is_root = self.open.len() == 1 && (!self.is_fragment || innermost.name == "scenario");
        self.report.add(if is_root {
            Diagnostic::warning(
                codes::UNCLOSED_ROOT,
                span,
                format!("<{name}> is not closed; it ends with the file"),
            )
            .label("no end tag")
            .help(help)
        } else {
            Diagnostic::error(codes::ENDS_IN_ELEMENT, span, format!("the file ends inside <{name}>"))
                .label("not closed")
                .help(format!("{help}; the file may be cut off"))
        });
    }

    fn close_innermost(&mut self, end: usize) {
        let Some(mut element) = self.open.pop() else { return };
        element.span.end = end;
        if !self.open.is_empty() {
            self.add(Node::Element(element));
        } else if self.roots.is_empty() || self.is_fragment {
            self.roots.push(element);
        }
    }

    fn add(&mut self, node: Node) {
        if let Some(element) = self.open.last_mut() {
            element.children.push(node);
        }
    }

    fn report_no_element(&mut self) {
        let end = self.text.len();
        let blank = self.text.trim_start_matches('\u{FEFF}').trim_ascii().is_empty();
        self.report.add(if blank {
            Diagnostic::error(codes::EMPTY_FILE, 0..0, "the file is empty")
                .label("<scenario> expected")
                .help("see whether it is the right file, and whether it was written completely")
        } else {
            Diagnostic::error(codes::NO_ELEMENT, end..end, "the file ends without any element; it is not XML")
                .label("<scenario> expected before this")
                .help("see whether it is the right file")
        });
    }

    fn warn_of_control_characters(&mut self) {
        let is_forbidden = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        let Some(first) = self.bytes.iter().position(is_forbidden) else { return };
        let count = self.bytes[first..].iter().filter(|byte| is_forbidden(byte)).count();
        let message = format!(
            "the file holds {count} control character(s) that XML forbids, the first is U+{:04X}",
            self.bytes[first]
        );
        self.report.add(
            Diagnostic::warning(codes::CONTROL_CHARACTER, first..first + 1, message)
                .label("control character")
                .help("remove it; messages can hold one as the escape \\xHH"),
        );
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
    let slips = if a.len().max(b.len()) > 4 { 2 } else { 1 };
    row[b.len()] <= slips
}
