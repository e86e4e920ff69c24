//! Markup that is skipped: comments, document type declarations, processing instructions.

use std::ops::ControlFlow;

use super::reader::Reader;
use super::report::quoted;
use super::tag;
use crate::diagnostic::codes;

impl Reader<'_> {
    /// Skips the comment at the reader's place.
    pub(super) fn comment(&mut self) -> ControlFlow<()> {
        let start = self.at + 4;
        let Some(length) = memchr::memmem::find(&self.bytes[start..], b"-->") else {
            let help = "end the comment with '-->'";
            return self.unclosed(codes::UNCLOSED_COMMENT, 4, "a comment has no end", help);
        };
        let comment = &self.bytes[start..start + length];
        let hyphens = memchr::memmem::find(comment, b"--");
        // `--->` ends a comment whose last character is a hyphen.
        if let Some(at) = hyphens.or(comment.ends_with(b"-").then(|| length - 1)) {
            let at = start + at;
            self.report.warn(codes::DOUBLE_HYPHEN, at..at + 2, || {
                let message = "a comment holds '--', which XML forbids; the comment ends at the next '-->'";
                (message, "two hyphens", "use '==' or '- -' inside a comment")
            });
        }
        self.at = start + length + 3;
        ControlFlow::Continue(())
    }

    /// Skips the document type declaration at the reader's place, internal subset included.
    pub(super) fn doctype(&mut self) -> ControlFlow<()> {
        let span = self.at..self.at + 9;
        if !self.open.is_empty() || !self.roots.is_empty() {
            self.report.warn(codes::MISPLACED_DOCTYPE, span.clone(), || {
                let message = "a document type declaration stands behind the root's start; it is ignored";
                (message, "", "move it before the root element, or remove it")
            });
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
                    memchr::memmem::find(&rest[3..], b"-->").map(|length| length + 6)
                }
                b'<' if rest.starts_with(b"?") => memchr::memmem::find(rest, b"?>").map(|length| length + 2),
                b'>' if !in_subset => {
                    self.at = at + 1;
                    return ControlFlow::Continue(());
                }
                _ => {
                    in_subset = (in_subset || *byte == b'[') && *byte != b']';
                    Some(0)
                }
            };
            let Some(skipped) = skipped else { break };
            at += 1 + skipped;
        }
        let message = "the document type declaration has no end";
        self.unclosed(codes::UNCLOSED_MARKUP, 9, message, "end it with '>', or remove it: nothing reads it")
    }

    /// Skips a `<!` that is nothing known.
    pub(super) fn unknown_markup(&mut self) -> ControlFlow<()> {
        let Some(length) = memchr::memchr(b'>', &self.bytes[self.at..]) else {
            let help = "end it with '>', or remove it";
            return self.unclosed(codes::UNCLOSED_MARKUP, 2, "'<!' has no '>'", help);
        };
        let span = self.at..self.at + length + 1;
        self.at = span.end;
        self.report.warn(codes::UNKNOWN_MARKUP, span.clone(), || {
            let message = format!("'{}' is not known; it is ignored", quoted(&self.text[span]));
            let help = "write comments as <!-- … --> and messages as <![CDATA[ … ]]>, in capitals";
            (message, "not a comment, CDATA section or document type", help)
        });
        ControlFlow::Continue(())
    }

    /// Skips the processing instruction or XML declaration at the reader's place.
    pub(super) fn processing_instruction(&mut self) -> ControlFlow<()> {
        let start = self.at;
        let name = start + 2..tag::name_end(self.bytes, start + 2);
        let end = match &self.text[name.clone()] {
            "xml" => self.declaration_end(start),
            _ => memchr::memmem::find(&self.bytes[start + 2..], b"?>").map(|length| start + 2 + length + 2),
        };
        let Some(end) = end else {
            let help = "end it with '?>', or remove it";
            return self.unclosed(codes::UNCLOSED_MARKUP, 2, "'<?' has no '?>'", help);
        };
        self.at = end;
        ControlFlow::Continue(())
    }

    fn declaration_end(&mut self, start: usize) -> Option<usize> {
        let span = start..start + "<?xml".len();
        if !self.text[..start].trim_start_matches('\u{FEFF}').is_empty() {
            self.report.warn(codes::MISPLACED_DECLARATION, span.clone(), || {
                let message =
                    "the XML declaration does not stand at the very start of the file; it is ignored";
                let help = "move it to the first line and remove what stands before it";
                (message, "must be the first characters of the file", help)
            });
        }
        // It holds neither `<` nor `>` itself, so these end it if `?>` was forgotten.
        let end = span.end + memchr::memchr2(b'>', b'<', &self.bytes[span.end..])?;
        let end = end + usize::from(self.bytes[end] == b'>');
        if !self.bytes[start..end].ends_with(b"?>") {
            self.report.warn(codes::DECLARATION_END, span, || {
                let message = "the XML declaration does not end with '?>'";
                (message, "declaration starts here", "end the declaration with '?>'")
            });
        }
        Some(end)
    }

    /// Reads on behind the declaration's likely end, to find more; the tree is not trusted any more.
    fn doctype_quote_not_closed(&mut self, at: usize) -> ControlFlow<()> {
        self.report.error(codes::QUOTE_NOT_CLOSED, at..at + 1, || {
            let message = "a quote in the document type declaration is not closed";
            let help = "put the missing quote, or remove the declaration: nothing reads it";
            (message, "this quote has no partner", help)
        });
        let Some(offset) = memchr::memchr2(b'>', b'<', &self.bytes[at..]) else {
            return ControlFlow::Break(());
        };
        self.at = at + offset + usize::from(self.bytes[at + offset] == b'>');
        ControlFlow::Continue(())
    }
}
