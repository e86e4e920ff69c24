//! The children of `<scenario>` that are not steps: scopes of variables, repartitions, automatic messages, `<init>`.

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::compile::stanza::Stanza;
use crate::compile::variables::names_in;
use crate::program::{DefaultMessage, Scope};
use crate::source::INCLUDE;
use crate::syntax::cdata::Purpose;
use crate::syntax::located::Located;
use crate::syntax::{names, number};
use crate::template::{Keyword, Piece};
use crate::xml::{Element, Node};

const DEFAULT_MESSAGES: &[(&str, DefaultMessage)] = &[
    ("3pcc_abort", DefaultMessage::ThirdPartyAbort),
    ("ack", DefaultMessage::Ack),
    ("ack2", DefaultMessage::Ack2),
    ("bye", DefaultMessage::Bye),
    ("cancel", DefaultMessage::Cancel),
    ("200", DefaultMessage::Ok),
];

impl Compiler<'_> {
    /// `<Global>`, `<User>`, `<Reference>`.
    pub(crate) fn declaration(&mut self, element: &Element) {
        self.check_attributes(element, &["variables"]);
        let Some(attribute) = self.required(element, "variables") else { return };
        let located = Located::from_attribute(self.text, attribute);
        for (name, range) in names_in(&attribute.value) {
            let span = located.span(range);
            match element.name.as_str() {
                "Global" => self.variables.declare(name, Scope::Global, span, &mut self.findings),
                "User" => self.variables.declare(name, Scope::User, span, &mut self.findings),
                _ => self.variables.reference(name, span, &mut self.findings),
            }
        }
    }

    /// `<ResponseTimeRepartition>` and `<CallLengthRepartition>`.
    pub(crate) fn repartition(&mut self, element: &Element) {
        self.check_attributes(element, &["value"]);
        let Some(attribute) = self.required(element, "value") else { return };
        let Some(borders) = number::borders(&attribute.value) else {
            // SIPp reads response times only into the timers that it knows by then.
            let is_read = element.name == "CallLengthRepartition" || !self.timers.is_empty();
            self.findings.add(
                if is_read { codes::BAD_TABLE } else { codes::VALUE_TAKEN_FOR },
                value_span(attribute),
                format!("Could not create table of <{}> from \"{}\"", element.name, attribute.value),
                "expected borders in milliseconds",
                "write whole numbers with commas between, for example 10, 20, 50",
            );
            return;
        };
        if borders.inexact {
            self.findings.add(
                codes::VALUE_TAKEN_FOR,
                value_span(attribute),
                format!("the borders of <{}> are taken for {:?}", element.name, borders.sorted),
                "not read as written",
                "write whole numbers with commas between, for example 10, 20, 50",
            );
        }
        let borders = borders.sorted;
        if element.name == "CallLengthRepartition" {
            self.call_length_borders = borders;
        } else {
            self.timers.set_borders(&borders, element.name_span.clone());
        }
    }

    /// `<DefaultMessage>`.
    pub(crate) fn default_message(&mut self, element: &Element) {
        self.check_attributes(element, &["id"]);
        let id = self.required(element, "id").and_then(|id| self.one_of(element, id, DEFAULT_MESSAGES));
        let Some(text) = self.message_text(element, Purpose::Other) else { return };
        let template = self.template(&text);
        if id != Some(DefaultMessage::ThirdPartyAbort) {
            self.start_line(&template, &text);
        }
        // SIPp's check of mentions does not reach these messages.
        for piece in &template.pieces {
            if let Piece::Keyword(Keyword::Variable(variable) | Keyword::Fill { variable, .. }) = piece {
                self.variables.excuse(*variable);
            }
        }
        if let Some(id) = id {
            self.default_messages.retain(|(known, _)| *known != id);
            self.default_messages.push((id, template));
        }
    }

    /// `<init>`: only `<nop>` and `<label>`, with labels of its own. Several of them are one.
    pub(crate) fn init(&mut self, element: &Element, stanza: &mut Stanza) {
        self.check_attributes(element, &names::attributes_of("init"));
        for node in &element.children {
            match node {
                Node::Element(child) => match child.name.as_str() {
                    "label" => self.label(child, stanza),
                    "nop" => self.step(child, stanza),
                    INCLUDE => stanza.leave_out(),
                    other => self.findings.add(
                        codes::BAD_INIT,
                        child.name_span.clone(),
                        format!("Invalid element in an init stanza: '{other}'"),
                        "not allowed here",
                        "<init> may hold <nop> and <label> only",
                    ),
                },
                Node::Text { text, span } | Node::CData { text, span } => {
                    self.ignored_text(text, span.clone(), "init");
                }
            }
        }
    }
}
