//! From the text between brackets to a [`Keyword`] (spec-scenario §4.2, §5; spec-3.8 A3).

mod media;
mod parameterised;
mod plain;

use std::ops::Range;

use crate::check::codes;
use crate::compile::Compiler;
use crate::syntax::located::Located;
use crate::syntax::names;
use crate::syntax::parameters::cut_offset;
use crate::syntax::text::{self, RawPiece};
use crate::template::{Keyword, Piece, Template};
use media::{media_keyword, medium_of_line};
use plain::fixed;

impl Compiler<'_> {
    /// Resolves all keywords of a message or of an action's text.
    pub(crate) fn template(&mut self, located: &Located) -> Template {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut has_authentication = false;
        for raw in text::split(located, &mut self.findings) {
            let piece = match raw {
                RawPiece::Literal(bytes) => Piece::Literal(bytes),
                RawPiece::Keyword { range } => {
                    // Spans of keywords are without the brackets: that is what is wrong or not.
                    let inner = located.slice(range.start + 1..range.end - 1);
                    let span = inner.span(0..inner.as_str().len());
                    // One that is wrong leaves something in its place, so that the texts around it stay apart.
                    let piece = self.keyword(&inner, span.clone()).unwrap_or(Piece::Keyword(Keyword::Pid));
                    let piece = with_medium(piece, located.as_str(), range.start);
                    if matches!(piece, Piece::Keyword(Keyword::Authentication(_))) {
                        if has_authentication {
                            self.second_authentication(span);
                        }
                        has_authentication = true;
                    }
                    piece
                }
            };
            match (pieces.last_mut(), piece) {
                (Some(Piece::Literal(last)), Piece::Literal(bytes)) => last.extend(bytes),
                (_, piece) => pieces.push(piece),
            }
        }
        Template { pieces }
    }

    /// Resolves the keywords in a keyword's parameter.
    fn nested_template(&mut self, located: &Located) -> Template {
        let template = self.template(located);
        if template.pieces.iter().any(|piece| matches!(piece, Piece::Keyword(Keyword::Authentication(_)))) {
            self.keyword_syntax(
                located.span(0..located.as_str().len()),
                "[authentication] inside of a keyword",
                "a header cannot stand in a parameter",
                "put it on a line of its own",
            );
        }
        template
    }

    fn second_authentication(&mut self, span: Range<usize>) {
        self.keyword_syntax(
            span,
            "Only one [authentication] keyword is currently supported!",
            "the second one of this message",
            "a message answers one challenge: remove one of them",
        );
    }

    /// Resolves one keyword, in SIPp's order: fixed names, prefixes, names given by `-key`.
    fn keyword(&mut self, located: &Located, span: Range<usize>) -> Option<Piece> {
        let text = located.as_str();
        let (name, offset) = cut_offset(text);
        if let Some(keyword) = fixed(name, offset) {
            self.keep_everything |= keyword == Keyword::LastMessage;
            return Some(Piece::Keyword(keyword));
        }
        let keyword = if let Some(keyword) = media_keyword(name, offset) {
            Some(keyword)
        } else if text == "tdmmap" {
            Some(Keyword::TdmMap)
        } else if text.starts_with("field") {
            self.field_keyword(located, span)
        } else if text.starts_with("file") {
            self.file_keyword(located, span)
        } else if let Some(variable) = text.strip_prefix('$') {
            self.variable_keyword(variable, span)
        } else if text.starts_with("fill") {
            self.fill_keyword(located, span)
        } else if let Some(header) = text.strip_prefix("last_") {
            Some(self.last_keyword(header, span))
        } else if text.starts_with("authentication") {
            Some(self.authentication_keyword(located))
        } else {
            return self.own_keyword(text, name, span);
        };
        keyword.map(Piece::Keyword)
    }

    fn variable_keyword(&mut self, name: &str, span: Range<usize>) -> Option<Keyword> {
        // SIPp takes `[$a-1]` for `a` with an offset that it ignores. A variable that is really called `a-1` wins.
        let (cut, _) = cut_offset(name);
        let known = |name: &str| self.variables.get(name).is_some() || self.variables.is_named(name);
        let name = if known(name) || !known(cut) { name } else { cut };
        self.variables.mention(name, span, &mut self.findings).map(Keyword::Variable)
    }

    fn last_keyword(&mut self, header: &str, span: Range<usize>) -> Keyword {
        // What looks like an offset ends the name, as in SIPp.
        let (cut, _) = cut_offset(header);
        let (name, value_only) = match cut.strip_suffix(".value") {
            Some(name) => (name, true),
            None => (cut.strip_suffix(':').unwrap_or(cut), false),
        };
        if cut.len() < header.len() || name.is_empty() {
            let what = if name.is_empty() { "no header" } else { name };
            self.findings.add(
                codes::VALUE_TAKEN_FOR,
                span,
                format!("[last_{}] is taken for the header: {what}", header.escape_debug()),
                "not the header that is written there",
                "a + or - with a digit behind it ends the name; take such a header with <ereg search_in=\"hdr\">",
            );
        }
        self.keep_header(name);
        Keyword::Last { name: name.to_owned(), value_only }
    }

    /// A keyword given by `-key`.
    fn own_keyword(&mut self, text: &str, name: &str, span: Range<usize>) -> Option<Piece> {
        for candidate in [text, name] {
            if let Some((_, value)) = self.options.keys.iter().find(|(key, _)| key == candidate) {
                return Some(Piece::Literal(value.clone().into_bytes()));
            }
        }
        self.unknown_keyword(text, name, span);
        None
    }

    fn unknown_keyword(&mut self, text: &str, name: &str, span: Range<usize>) {
        let shown = text.split(['\r', '\n']).next().unwrap_or(text);
        let help = if shown.len() < text.len() {
            "the closing ] is missing on this line; write \\x5b for a bracket that is meant literally"
                .to_owned()
        } else if let Some(inner) = text.strip_prefix('[') {
            format!("write \\x5b[{inner}] for a keyword in brackets", inner = inner.trim_end_matches(']'))
        } else {
            let keys = self.options.keys.iter().map(|(key, _)| key.as_str());
            self.findings.suggest(
                name,
                names::KEYWORDS.iter().copied().chain(keys),
                "give it a value with -key, or write \\x5b for a bracket that is meant literally",
            )
        };
        self.findings.add(
            codes::UNKNOWN_KEYWORD,
            span,
            format!("Unsupported keyword '{shown}' in xml scenario file"),
            "unknown keyword",
            help,
        );
    }
}

/// A media port belongs to the medium that its line names.
fn with_medium(piece: Piece, text: &str, at: usize) -> Piece {
    match piece {
        Piece::Keyword(Keyword::MediaPort(offset, _)) => {
            Piece::Keyword(Keyword::MediaPort(offset, medium_of_line(text, at)))
        }
        Piece::Keyword(Keyword::AutoMediaPort(offset, _)) => {
            Piece::Keyword(Keyword::AutoMediaPort(offset, medium_of_line(text, at)))
        }
        other => other,
    }
}
