//! `<recv>` (spec-scenario §3.3).

use crate::check::codes;
use crate::check::transactions::Part;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::compile::stanza::Stanza;
use crate::program::{Expect, Optional, Recv, RecvCmd, RecvTimeout, StepKind, TransactionId};
use crate::regex::Pattern;
use crate::xml::{Attribute, Element};

const OPTIONAL: &[(&str, Optional)] =
    &[("true", Optional::Yes), ("false", Optional::No), ("global", Optional::Global)];

impl Compiler<'_> {
    /// A `<recv>`.
    pub(crate) fn recv(&mut self, element: &Element, stanza: &Stanza) -> Option<Recv> {
        let expect = self.expect(element);
        let optional = self.optional(element);
        let advance_state = self.boolean_or(element, "advance_state", true);
        if !advance_state
            && optional == Some(Optional::No)
            && let Some(attribute) = element.attribute("advance_state")
        {
            self.misplaced::<()>(
                attribute,
                "advance_state is allowed only for optional messages; a mandatory one moves the call on",
                "add optional=\"true\", or remove advance_state",
            );
        }
        let timeout = self.recv_timeout(element);
        let record_route_set = self.boolean(element, "rrs");
        let auth = self.boolean(element, "auth");
        let is_request = element.attribute("request").is_some();
        let start_transaction = self.start_transaction_of_recv(element, expect.as_ref());
        let response_transaction = self.response_transaction_of_recv(element, is_request);
        Some(Recv {
            expect: expect?,
            optional: optional?,
            advance_state,
            timeout,
            record_route_set,
            auth,
            start_transaction,
            response_transaction,
            methods_sent_before: stanza.methods.clone(),
        })
    }

    /// A `<recvCmd>`.
    pub(crate) fn recv_cmd(&mut self, element: &Element) -> Option<StepKind> {
        let optional = self.optional(element)?;
        let source = element.attribute("src").map(|src| src.value.clone());
        Some(StepKind::RecvCmd(RecvCmd { optional, source }))
    }

    fn optional(&mut self, element: &Element) -> Option<Optional> {
        match element.attribute("optional") {
            Some(attribute) => self.one_of(element, attribute, OPTIONAL),
            None => Some(Optional::No),
        }
    }

    fn expect(&mut self, element: &Element) -> Option<Expect> {
        let matching = self.regexp_match(element);
        let response = element.attribute("response");
        if let Some(request) = element.attribute("request") {
            if let Some(response) = response {
                self.no_effect(response, "<recv> has request too, which alone counts", "write two <recv>");
            }
            return if matching {
                self.pattern(request).map(Expect::RequestMatching)
            } else {
                Some(Expect::Request(request.value.clone()))
            };
        }
        let Some(response) = response else {
            self.findings.add(
                codes::NO_EFFECT,
                element.name_span.clone(),
                "<recv> has neither request nor response: it never matches",
                "matches nothing",
                "add request=\"METHOD\" or response=\"CODE\"",
            );
            return Some(Expect::Nothing);
        };
        if matching {
            return self.pattern(response).map(Expect::ResponseMatching);
        }
        Some(self.status_code(response))
    }

    /// SIPp reads the digits in front and ignores the rest, so a text without digits never matches.
    fn status_code(&mut self, attribute: &Attribute) -> Expect {
        let text = attribute.value.trim_ascii();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let code = text[..digits].parse::<u16>().ok().filter(|code| (100..=699).contains(code));
        if code.is_none() || digits < text.len() {
            let value = &attribute.value;
            let (message, label) = match code {
                Some(code) => (format!("response \"{value}\" is taken for {code}"), "only the digits count"),
                None => (
                    format!("response \"{value}\" is not a status code: it never matches"),
                    "expected 100 to 699",
                ),
            };
            self.findings.add(
                codes::VALUE_TAKEN_FOR,
                value_span(attribute),
                message,
                label,
                "write a code such as 200; for several an expression such as 1.. and regexp_match=\"true\"",
            );
        }
        code.map_or(Expect::Nothing, Expect::Response)
    }

    /// On only if the value is exactly `true`.
    fn regexp_match(&mut self, element: &Element) -> bool {
        let Some(attribute) = element.attribute("regexp_match") else { return false };
        if !matches!(attribute.value.as_str(), "true" | "false") {
            self.findings.add(
                codes::VALUE_TAKEN_FOR,
                value_span(attribute),
                format!("regexp_match=\"{}\" is taken for false", attribute.value),
                "only 'true' turns it on",
                "write true or false in lower case",
            );
        }
        attribute.value == "true"
    }

    /// The expression in an attribute, with a warning about what POSIX reads otherwise than people do.
    pub(crate) fn pattern(&mut self, attribute: &Attribute) -> Option<Pattern> {
        let located = self.located(attribute);
        for range in crate::regex::perl_escapes(&attribute.value) {
            let escape = attribute.value.get(range.clone()).unwrap_or("").to_owned();
            self.findings.add(
                codes::NOT_POSIX,
                located.span(range),
                format!("'{escape}' is not what it is in Perl: this is a POSIX expression"),
                "not POSIX",
                posix_for(&escape),
            );
        }
        match Pattern::new(&attribute.value) {
            Ok(pattern) => Some(pattern),
            Err(error) => {
                self.findings.add(
                    codes::BAD_EXPRESSION,
                    value_span(attribute),
                    format!("the regular expression '{}' does not compile: {error}", attribute.value),
                    error.to_string(),
                    "it is a POSIX extended regular expression (see regex(7))",
                );
                None
            }
        }
    }

    fn recv_timeout(&mut self, element: &Element) -> RecvTimeout {
        let Some(attribute) = element.attribute("timeout") else { return RecvTimeout::Default };
        if !attribute.value.contains('[') {
            return match self.integer_of(element, attribute) {
                None | Some(0) => RecvTimeout::Default,
                Some(ms) => RecvTimeout::Fixed(ms),
            };
        }
        RecvTimeout::Rendered(self.template_of(attribute))
    }

    fn start_transaction_of_recv(
        &mut self,
        element: &Element,
        expect: Option<&Expect>,
    ) -> Option<TransactionId> {
        let attribute = element.attribute("start_txn")?;
        match expect {
            Some(Expect::Request(method)) => {
                self.transaction(attribute, Part::ReceivedRequest { invite: method == "INVITE" })
            }
            Some(Expect::RequestMatching(_)) => {
                self.transaction(attribute, Part::ReceivedRequest { invite: false })
            }
            // The expression is wrong, which is reported.
            None => None,
            _ => {
                self.no_effect(
                    attribute,
                    "a received response starts no transaction",
                    "use response_txn, or remove it",
                );
                None
            }
        }
    }

    fn response_transaction_of_recv(&mut self, element: &Element, is_request: bool) -> Option<TransactionId> {
        let attribute = element.attribute("response_txn")?;
        if is_request {
            return self.misplaced(
                attribute,
                "response_txn can only be used for received responses.",
                "a received request may start one: start_txn",
            );
        }
        self.transaction(attribute, Part::ReceivedResponse)
    }
}

/// What to write instead of a Perl escape.
fn posix_for(escape: &str) -> String {
    let class = match escape {
        r"\d" => "[0-9]",
        r"\D" => "[^0-9]",
        r"\s" => "[[:space:]]",
        r"\S" => "[^[:space:]]",
        r"\w" => "[[:alnum:]_]",
        r"\W" => "[^[:alnum:]_]",
        _ => return "write the character itself, or a class such as [[:space:]]".to_owned(),
    };
    format!("write {class}")
}
