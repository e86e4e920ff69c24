//! From the text between brackets to a [`Keyword`] (spec-scenario §4.2, §5; spec-3.8 A3).

use std::ops::Range;

use crate::check::codes;
use crate::compile::Compiler;
use crate::syntax::located::Located;
use crate::syntax::names;
use crate::syntax::text::{self, RawPiece};
use crate::template::{Keyword, Piece, Template};

impl Compiler<'_> {
    /// Resolves all keywords of a text.
    pub(crate) fn template(&mut self, located: &Located) -> Template {
        let mut pieces: Vec<Piece> = Vec::new();
        for raw in text::split(located, &mut self.findings) {
            let piece = match raw {
                RawPiece::Literal(bytes) => Piece::Literal(bytes),
                RawPiece::Keyword { text, range } => {
                    // Spans of keywords are without the brackets: that is what is wrong or not.
                    let span = located.span(range.start + 1..range.end - 1);
                    // One that is wrong leaves something in its place, so that the texts around it stay apart.
                    self.keyword(&text, span).unwrap_or(Piece::Keyword(Keyword::NotAvailable(text)))
                }
            };
            match (pieces.last_mut(), piece) {
                (Some(Piece::Literal(last)), Piece::Literal(bytes)) => last.extend(bytes),
                (_, piece) => pieces.push(piece),
            }
        }
        Template { pieces }
    }

    /// Resolves one keyword, in SIPp's order: fixed names, prefixes, names given by `-key`.
    fn keyword(&mut self, text: &str, span: Range<usize>) -> Option<Piece> {
        let (name, offset) = cut_offset(text);
        if let Some(keyword) = fixed(name, offset) {
            self.keep_everything |= keyword == Keyword::LastMessage;
            return Some(Piece::Keyword(keyword));
        }
        if names::is_later_keyword(name) {
            return self.later_keyword(text, span);
        }
        if let Some(variable) = text.strip_prefix('$') {
            return self.variable_keyword(variable, span);
        }
        if let Some(parameters) = text.strip_prefix("fill")
            && parameters.starts_with([' ', '\t', '\r', '\n'])
        {
            return self.fill_keyword(parameters, span);
        }
        if let Some(header) = text.strip_prefix("last_") {
            return self.last_keyword(header, span);
        }
        for candidate in [text, name] {
            if let Some((_, value)) = self.options.keys.iter().find(|(key, _)| key == candidate) {
                return Some(Piece::Literal(value.clone().into_bytes()));
            }
        }
        self.unknown_keyword(text, name, span);
        None
    }

    fn variable_keyword(&mut self, name: &str, span: Range<usize>) -> Option<Piece> {
        // SIPp takes `[$a-1]` for `a` with an offset that it ignores. A variable that is really called `a-1` wins.
        let (cut, _) = cut_offset(name);
        let known = |name: &str| self.variables.get(name).is_some() || self.variables.is_named(name);
        let name = if known(name) || !known(cut) { name } else { cut };
        let variable = self.variables.mention(name, span, &mut self.findings)?;
        Some(Piece::Keyword(Keyword::Variable(variable)))
    }

    fn fill_keyword(&mut self, parameters: &str, span: Range<usize>) -> Option<Piece> {
        let Some(name) = parameter(parameters, "variable") else {
            self.findings.add(
                codes::KEYWORD_SYNTAX,
                span,
                "Syntax error or invalid [keyword]: [fill] without a variable",
                "no variable=",
                "write [fill variable=\"n\" text=\"X\"], where n holds the length",
            );
            return None;
        };
        let name = name.strip_prefix('$').unwrap_or(&name).to_owned();
        let variable = self.variables.mention(&name, span, &mut self.findings)?;
        let text =
            parameter(parameters, "text").filter(|text| !text.is_empty()).unwrap_or_else(|| "X".to_owned());
        Some(Piece::Keyword(Keyword::Fill { variable, text }))
    }

    fn last_keyword(&mut self, header: &str, span: Range<usize>) -> Option<Piece> {
        let (name, value_only) = match header.strip_suffix(".value") {
            Some(name) => (name, true),
            None => (header.strip_suffix(':').unwrap_or(header), false),
        };
        if name.is_empty() {
            self.findings.add(
                codes::KEYWORD_SYNTAX,
                span,
                "Syntax error or invalid [keyword]: [last_] without a header's name",
                "which header?",
                "write for example [last_Via:]",
            );
            return None;
        }
        self.keep_header(name);
        Some(Piece::Keyword(Keyword::Last { name: name.to_owned(), value_only }))
    }

    fn later_keyword(&mut self, text: &str, span: Range<usize>) -> Option<Piece> {
        // Keywords in its parameters mention variables, and those mentions count.
        self.count_nested_mentions(text, span.clone());
        let name = text.split([' ', '\t', '\r', '\n']).next().unwrap_or(text);
        self.not_available(format!("the keyword [{name}]"), span);
        self.options.allow_unavailable.then(|| Piece::Keyword(Keyword::NotAvailable(text.to_owned())))
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

    /// Counts the variables that a text of a later issue names in nested keywords.
    pub(crate) fn count_nested_mentions(&mut self, text: &str, span: Range<usize>) {
        for part in text.split("[$").skip(1) {
            if let Some(end) = part.find(']')
                && !part[..end].is_empty()
            {
                self.variables.mention(&part[..end], span.clone(), &mut self.findings);
            }
        }
    }
}

/// The keywords with a fixed name.
fn fixed(name: &str, offset: i32) -> Option<Keyword> {
    Some(match name {
        "remote_ip" => Keyword::RemoteIp,
        "remote_host" => Keyword::RemoteHost,
        "remote_port" => Keyword::RemotePort(offset),
        "local_ip" => Keyword::LocalIp,
        "local_ip_type" => Keyword::LocalIpType,
        "local_port" => Keyword::LocalPort(offset),
        "server_ip" => Keyword::ServerIp,
        "transport" => Keyword::Transport,
        "media_ip" => Keyword::MediaIp,
        "media_ip_type" => Keyword::MediaIpType,
        "media_port" => Keyword::MediaPort(offset),
        "auto_media_port" => Keyword::AutoMediaPort(offset),
        "call_id" => Keyword::CallId,
        "call_number" => Keyword::CallNumber,
        "cseq" => Keyword::CSeq(offset),
        "last_cseq_number" => Keyword::LastCSeqNumber(offset),
        "branch" => Keyword::Branch(offset),
        "msg_index" => Keyword::MsgIndex,
        "pid" => Keyword::Pid,
        "service" => Keyword::Service,
        "len" => Keyword::Len(offset),
        "peer_tag_param" => Keyword::PeerTagParam,
        "last_message" => Keyword::LastMessage,
        "last_Request_URI" => Keyword::LastRequestUri,
        "next_url" => Keyword::NextUrl,
        "routes" => Keyword::Routes,
        "timestamp" => Keyword::Timestamp,
        "date" => Keyword::Date,
        "clock_tick" => Keyword::ClockTick,
        "dynamic_id" => Keyword::DynamicId,
        "users" => Keyword::Users,
        "userid" => Keyword::UserId,
        "sipp_version" => Keyword::SippVersion,
        _ => return None,
    })
}

/// Cuts `+N` or `-N` off: at the first plus sign, or without one at the first hyphen, if a digit follows. What stands
/// behind the digits is dropped; an offset beyond 32 bits is the largest one.
fn cut_offset(text: &str) -> (&str, i32) {
    let Some(at) = text.find('+').or_else(|| text.find('-')) else { return (text, 0) };
    let digits = &text[at + 1..];
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return (text, 0);
    }
    let value = digits[..length].parse::<i32>().unwrap_or(i32::MAX);
    (&text[..at], if text.as_bytes()[at] == b'-' { -value } else { value })
}

/// The value of `name=` among a keyword's parameters: quoted (a backslash protects the next character), hexadecimal
/// behind `0x`, or up to a blank.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let at = parameters.find(&format!("{name}="))?;
    let value = &parameters[at + name.len() + 1..];
    if let Some(quoted) = value.strip_prefix('"') {
        let mut text = String::new();
        let mut characters = quoted.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => text.extend(characters.next()),
                other => text.push(other),
            }
        }
        return Some(text);
    }
    let value = value.split(|c: char| c.is_ascii_whitespace() || c.is_control()).next().unwrap_or("");
    if let Some(hex) = value.strip_prefix("0x")
        && let Some(bytes) = from_hex(hex)
    {
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    Some(value.to_owned())
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0)?;
    // Two hexadecimal digits fit a byte.
    Some(digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_need_a_digit() {
        assert_eq!(cut_offset("cseq+1"), ("cseq", 1));
        assert_eq!(cut_offset("branch-12x"), ("branch", -12));
        assert_eq!(cut_offset("last_Call-ID:"), ("last_Call-ID:", 0));
        assert_eq!(cut_offset("a-b+2"), ("a-b", 2));
        assert_eq!(cut_offset("len+99999999999"), ("len", i32::MAX));
    }

    #[test]
    fn parameters_are_quoted_or_hexadecimal_or_bare() {
        assert_eq!(parameter(r#" variable="a b" text=x"#, "variable").unwrap(), "a b");
        assert_eq!(parameter(r#" text="a\"b""#, "text").unwrap(), "a\"b");
        assert_eq!(parameter(" text=0x4142 variable=n", "text").unwrap(), "AB");
        assert_eq!(parameter(" text=ab variable=n", "variable").unwrap(), "n");
        assert_eq!(parameter(" text=ab", "variable"), None);
    }
}
