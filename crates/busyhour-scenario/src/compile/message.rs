//! `<send>`: its text, its start line, its transactions (spec-scenario §3.2, §3.4, §4).

use std::ops::Range;

use crate::check::codes;
use crate::check::transactions::Part;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::compile::stanza::Stanza;
use crate::program::{Send, SendCmd, SendStart, StepKind, TransactionId};
use crate::syntax::cdata::{self, Purpose};
use crate::syntax::located::Located;
use crate::template::{Piece, Template};
use crate::xml::{Attribute, Element, Node};

impl Compiler<'_> {
    /// A `<send>`; `None` if its text cannot be used.
    pub(crate) fn send(&mut self, element: &Element, stanza: &mut Stanza) -> Option<Send> {
        let retrans_ms = self.natural(element, "retrans").unwrap_or(0);
        let timeout_ms = self.natural(element, "timeout").unwrap_or(0);
        let text = self.message_text(element, Purpose::Send)?;
        let template = self.template(&text);
        let start = self.start_line(&template, &text)?;
        let method = match &start {
            SendStart::Request(method) => Some(method.as_str()),
            SendStart::Response(_) => None,
        };
        let start_transaction = self.start_transaction(element, method);
        let ack_transaction = self.ack_transaction(element, method);
        let response_transaction = self.response_transaction_of_send(element, method);
        if let Some(method) = method
            && element.attribute("start_txn").is_none()
            && element.attribute("ack_txn").is_none()
        {
            self.add_method(stanza, method, element.name_span.clone());
        }
        Some(Send {
            template,
            start,
            retrans_ms,
            timeout_ms,
            start_transaction,
            ack_transaction,
            response_transaction,
        })
    }

    /// Adds a method to those that later responses may be for. A long list gets only new ones, which makes no difference
    /// to a response's method as long as that is one method.
    fn add_method(&mut self, stanza: &mut Stanza, method: &str, span: Range<usize>) {
        const EXACT_BYTES_MAX: usize = 256;
        const BYTES_MAX: usize = 4096;
        if stanza.methods.len() < EXACT_BYTES_MAX || !stanza.methods.contains(method) {
            if stanza.methods.len() + method.len() > BYTES_MAX {
                let message = format!("the methods sent have more than {BYTES_MAX} characters together");
                self.findings.add(
                    codes::TOO_MANY,
                    span,
                    message,
                    "one too many",
                    "send fewer different methods",
                );
                return;
            }
            stanza.methods.push_str(method);
        }
    }

    /// A `<sendCmd>`.
    pub(crate) fn send_cmd(&mut self, element: &Element) -> Option<StepKind> {
        let text = self.message_text(element, Purpose::Other)?;
        let template = self.template(&text);
        let destination = element.attribute("dest").map(|dest| dest.value.clone());
        Some(StepKind::SendCmd(SendCmd { template, destination }))
    }

    /// The text of the first CDATA section, cleaned.
    pub(crate) fn message_text(&mut self, element: &Element, purpose: Purpose) -> Option<Located> {
        let mut sections = element.children.iter().filter_map(|node| match node {
            Node::CData { text, span } => Some((text, span)),
            _ => None,
        });
        let Some((text, span)) = sections.next() else {
            self.no_cdata(element);
            return None;
        };
        for (_, span) in sections {
            self.findings.add(
                codes::CDATA_TWICE,
                span.clone(),
                format!("a second CDATA section in <{}> is ignored", element.name),
                "not read",
                "put the whole message into one section",
            );
        }
        let cleaned = cdata::clean_as(
            &Located::from_cdata(self.text, span, text),
            purpose,
            self.options.compat.blanks_behind_tabs,
        );
        if cleaned.is_none() {
            self.findings.add(
                codes::EMPTY_CDATA,
                span.clone(),
                "Empty cdata in xml scenario file",
                "nothing but white space",
                "write the message between <![CDATA[ and ]]>",
            );
        }
        cleaned
    }

    fn no_cdata(&mut self, element: &Element) {
        let text = element.children.iter().find_map(|node| match node {
            Node::Text { span, .. } => Some(span.clone()),
            _ => None,
        });
        let (span, label) = match text {
            Some(span) => (self.trimmed(span), "this text is not in a CDATA section"),
            None => (element.name_span.clone(), "has no text"),
        };
        self.findings.add(
            codes::NO_CDATA,
            span,
            format!("No CDATA in '{}' section of xml scenario file", element.name),
            label,
            "put the message between <![CDATA[ and ]]>, directly inside the element",
        );
    }

    /// The method or the status code, which must stand literally in the text.
    pub(crate) fn start_line(&mut self, template: &Template, text: &Located) -> Option<SendStart> {
        let line_end = text.as_str().find('\r').unwrap_or(text.as_str().len());
        let line = text.span(0..line_end);
        let first = match template.pieces.first() {
            Some(Piece::Literal(first)) => first.trim_ascii_start(),
            _ => b"",
        };
        let end = first.iter().position(u8::is_ascii_whitespace).filter(|_| first.contains(&b' '));
        let Some(end) = end else {
            if template.pieces.iter().any(|piece| matches!(piece, Piece::Keyword(_))) {
                self.method_is_keyword(line);
            } else {
                self.bad_start_line(line, "it holds no blank");
            }
            return None;
        };
        let (word, rest) = (&first[..end], &first[end..]);
        if !word.eq_ignore_ascii_case(b"SIP/2.0") {
            let method = String::from_utf8_lossy(word).into_owned();
            // SIPp sends it all the same, and somebody may want to.
            if rest.first() != Some(&b' ') || !is_token(word) {
                self.findings.add(
                    codes::VALUE_TAKEN_FOR,
                    line,
                    format!(
                        "the first line is no request line: '{}' is taken for the method",
                        method.escape_debug()
                    ),
                    "sent as it is",
                    "a request starts with METHOD URI SIP/2.0",
                );
            }
            return Some(SendStart::Request(method));
        }
        let rest = rest.trim_ascii_start();
        if rest.is_empty() {
            self.method_is_keyword(line);
            return None;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let ends = rest.get(digits).is_none_or(u8::is_ascii_whitespace);
        let code = str::from_utf8(&rest[..digits]).ok().filter(|_| ends).and_then(|code| code.parse().ok());
        match code {
            Some(code @ 100..=699) => Some(SendStart::Response(code)),
            _ => {
                self.bad_start_line(line, "its status code is not a number between 100 and 699");
                None
            }
        }
    }

    fn method_is_keyword(&mut self, line: Range<usize>) {
        self.findings.add(
            codes::METHOD_IS_KEYWORD,
            line,
            "You can not use a keyword for the METHOD or for the status code of a message",
            "starts with a keyword",
            "write the method or the code literally; choose between several <send> with next and test",
        );
    }

    fn bad_start_line(&mut self, line: Range<usize>, why: &str) {
        self.findings.add(
            codes::BAD_START_LINE,
            line,
            format!("the message's first line is neither a request nor a response: {why}"),
            "expected METHOD URI SIP/2.0, or SIP/2.0 CODE REASON",
            "for example: OPTIONS sip:[service]@[remote_ip]:[remote_port] SIP/2.0",
        );
    }

    fn start_transaction(&mut self, element: &Element, method: Option<&str>) -> Option<TransactionId> {
        let attribute = element.attribute("start_txn")?;
        match method {
            Some(method) if method != "ACK" => {
                let part = Part::SentRequest { invite: method == "INVITE" };
                self.transaction(attribute, part)
            }
            Some(_) => {
                self.misplaced(attribute, "An ACK message can not start a transaction!", "use ack_txn")
            }
            None => self.misplaced(
                attribute,
                "Responses can not start a transaction",
                "a sent response names the one that it answers: response_txn",
            ),
        }
    }

    fn ack_transaction(&mut self, element: &Element, method: Option<&str>) -> Option<TransactionId> {
        let attribute = element.attribute("ack_txn")?;
        if method == Some("ACK") {
            return self.transaction(attribute, Part::Ack);
        }
        self.misplaced(
            attribute,
            "The ack_txn attribute is valid only for ACK messages!",
            "move it to the <send> of the ACK",
        )
    }

    fn response_transaction_of_send(
        &mut self,
        element: &Element,
        method: Option<&str>,
    ) -> Option<TransactionId> {
        let attribute = element.attribute("response_txn")?;
        if method.is_none() {
            return self.transaction(attribute, Part::SentResponse);
        }
        self.misplaced(
            attribute,
            "response_txn can only be used for received responses or sent responses.",
            "a request has start_txn",
        )
    }

    /// Notes a transaction's mention.
    pub(crate) fn transaction(&mut self, attribute: &Attribute, part: Part) -> Option<TransactionId> {
        self.transactions.mention(&attribute.value, part, value_span(attribute), &mut self.findings)
    }

    /// Reports an attribute where it is not allowed.
    pub(crate) fn misplaced<T>(&mut self, attribute: &Attribute, why: &str, help: &str) -> Option<T> {
        self.findings.add(
            codes::MISPLACED_ATTRIBUTE,
            attribute.name_span.clone(),
            format!("{} is not allowed here: {why}", attribute.name),
            "not allowed here",
            help,
        );
        None
    }
}

/// RFC 3261 `token`.
fn is_token(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte))
}
