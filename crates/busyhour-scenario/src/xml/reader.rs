//! The document as a whole: character data, CDATA sections, and which markup comes next.

use std::ops::{ControlFlow, Range};

use super::report::{Report, quoted};
use super::tag::{self, Unpaired};
use super::{Element, Node, value};
use crate::diagnostic::{Diagnostic, codes};

/// Goes once through the text. `Break` means that an error leaves nothing to read on from.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// Where reading goes on.
    pub(super) at: usize,
    /// Elements whose end tag is still to come, outermost first.
    pub(super) open: Vec<Element>,
    /// Finished elements at the top.
    pub(super) roots: Vec<Element>,
    /// Several elements may stand at the top.
    pub(super) is_fragment: bool,
    pub(super) second_root_reported: bool,
    pub(super) unpaired: Unpaired,
    pub(super) report: Report,
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

    /// Adds a child to the innermost open element.
    pub(super) fn add(&mut self, node: Node) {
        if let Some(element) = self.open.last_mut() {
            element.children.push(node);
        }
    }

    /// Reports markup at the reader's place that never ends; nothing behind it can be read.
    pub(super) fn unclosed(
        &mut self,
        code: &'static str,
        length: usize,
        message: &str,
        help: &str,
    ) -> ControlFlow<()> {
        let span = self.at..self.at + length;
        self.report.error(code, span, || (message, "starts here", help));
        ControlFlow::Break(())
    }

    fn content(&mut self) -> ControlFlow<()> {
        let mut text_start = self.at;
        while let Some(offset) = memchr::memchr(b'<', &self.bytes[self.at..]) {
            let at = self.at + offset;
            let rest = &self.bytes[at + 1..];
            let is_markup = |byte: &u8| matches!(byte, b'!' | b'?' | b'/') || tag::is_name_start(*byte);
            if !rest.first().is_some_and(is_markup) {
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
            self.report.warn(codes::STRAY_CDATA_END, at..at + 3, || {
                let message = "']]>' stands outside a CDATA section; it is taken as text";
                let help = "put <![CDATA[ before the message, or remove ']]>'";
                (message, "no CDATA section is open here", help)
            });
        }
        let text = value::character_data(raw, span.start, &mut self.report);
        self.add(Node::Text { text, span });
    }

    fn cdata(&mut self) -> ControlFlow<()> {
        let start = self.at + 9;
        let Some(length) = memchr::memmem::find(&self.bytes[start..], b"]]>") else {
            let message = "the file ends inside a CDATA section";
            return self.unclosed(codes::UNCLOSED_CDATA, 9, message, "end it with ']]>'");
        };
        let span = start..start + length;
        if let Some(offset) = memchr::memmem::find(&self.bytes[span.clone()], b"<![CDATA[") {
            let at = start + offset;
            self.report.warn(codes::NESTED_CDATA, at..at + 9, || {
                let message =
                    "a CDATA section holds '<![CDATA['; everything up to the next ']]>' is its text";
                let help = "see whether the ']]>' of the section before is missing";
                (message, "CDATA sections do not nest", help)
            });
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

    fn text_outside_root(&mut self, span: Range<usize>) {
        self.report.warn(codes::TEXT_OUTSIDE_ROOT, span.clone(), || {
            let text = quoted(&self.text[span]);
            let message = format!("'{text}' stands outside the root element; it is ignored");
            (message, "only comments may stand here", "remove it, or move it into the root element")
        });
    }

    fn bare_less_than(&mut self, at: usize) {
        let next = memchr::memchr2(b'<', b'>', &self.bytes[at + 1..]);
        let looks_like_tag = next.is_some_and(|offset| self.bytes[at + 1 + offset] == b'>');
        if looks_like_tag {
            self.report.error(codes::NOT_A_TAG, at..at + 1, || {
                let message = "a tag has no valid name directly behind its '<'";
                let help = "write the tag's name directly behind '<'; write &lt; for a '<' in text";
                (message, "name expected behind this", help)
            });
        } else {
            self.report.warn(codes::BARE_LESS_THAN, at..at + 1, || {
                let message = "a '<' stands alone in text; it is taken as it is";
                (message, "not a tag", "write &lt; for a '<' in text")
            });
        }
    }

    fn report_no_element(&mut self) {
        if self.text.trim_start_matches('\u{FEFF}').trim_ascii().is_empty() {
            self.report.error(codes::EMPTY_FILE, 0..0, || {
                let help = "see whether it is the right file, and whether it was written completely";
                ("the file is empty", "<scenario> expected", help)
            });
            return;
        }
        let end = self.text.len();
        self.report.error(codes::NO_ELEMENT, end..end, || {
            let message = "the file ends without any element; it is not XML";
            (message, "<scenario> expected before this", "see whether it is the right file")
        });
    }

    fn warn_of_control_characters(&mut self) {
        let is_forbidden = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
        let Some(first) = self.bytes.iter().position(is_forbidden) else { return };
        self.report.warn(codes::CONTROL_CHARACTER, first..first + 1, || {
            let count = self.bytes[first..].iter().filter(|byte| is_forbidden(byte)).count();
            let number = self.bytes[first];
            let message = match count {
                1 => format!("the file holds the control character U+{number:04X}, which XML forbids"),
                _ => format!(
                    "the file holds {count} control characters, which XML forbids, U+{number:04X} first"
                ),
            };
            (message, "control character", "remove it; messages can hold one as the escape \\xHH")
        });
    }
}
