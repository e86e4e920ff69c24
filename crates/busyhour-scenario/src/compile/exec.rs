//! `<exec>`: the first of its attributes, in a fixed order, says what it does (spec-scenario §7.2).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::{Action, InternalCommand};
use crate::syntax::names;
use crate::xml::{Attribute, Element};

const INTERNAL: &[(&str, InternalCommand)] = &[
    ("stop_now", InternalCommand::StopNow),
    ("stop_gracefully", InternalCommand::StopGracefully),
    ("stop_call", InternalCommand::StopCall),
];

impl Compiler<'_> {
    /// An `<exec>`.
    pub(crate) fn exec(&mut self, element: &Element) -> Option<Action> {
        let mut given = names::EXEC.iter().filter_map(|name| element.attribute(name));
        let Some(first) = given.next() else {
            self.illegal_exec(element);
            return None;
        };
        for other in given {
            let why = format!("<exec> does one thing, and {} comes first", first.name);
            self.no_effect(other, &why, "write one <exec> for each");
        }
        if first.name != "rtp_stream"
            && let Some(timeout) = element.attribute("timeout")
        {
            self.no_effect(timeout, "only rtp_stream=\"wait\" has a timeout", "remove it");
        }
        match first.name.as_str() {
            "command" => Some(Action::ExecCommand(self.template_of(first))),
            "lua" => {
                self.no_lua(first);
                None
            }
            "verify" => Some(Action::ExecVerify(self.template_of(first))),
            "int_cmd" => Some(Action::ExecInternal(self.internal_command(first))),
            "play_dtmf" => self.play_dtmf(first),
            "rtp_stream" => self.rtp_stream(element, first),
            "rtp_echo" => self.exec_rtp_echo(first),
            "rtp_assert" => self.rtp_assert(first),
            _ => self.play_pcap(first),
        }
    }

    fn no_lua(&mut self, attribute: &Attribute) {
        self.findings.add(
            codes::NOT_AVAILABLE,
            attribute.name_span.clone(),
            "Scenario specifies a lua action, but busyhour has no Lua and will not get it",
            "not run",
            "let a program decide: exec verify=\"command\" fails the call unless it ends with 0, and the other actions \
             set variables",
        );
    }

    fn internal_command(&mut self, attribute: &Attribute) -> InternalCommand {
        if let Some((_, command)) = INTERNAL.iter().find(|(name, _)| *name == attribute.value) {
            return *command;
        }
        self.findings.add(
            codes::VALUE_TAKEN_FOR,
            value_span(attribute),
            format!("int_cmd=\"{}\" is taken for stop_call", attribute.value),
            "ends the call",
            self.findings.suggest(
                &attribute.value,
                INTERNAL.iter().map(|(name, _)| *name),
                "write stop_call, stop_gracefully or stop_now",
            ),
        );
        InternalCommand::StopCall
    }

    fn illegal_exec(&mut self, element: &Element) {
        let written = element.attributes.iter().find(|attribute| attribute.name != "timeout");
        let (span, help) = match written {
            Some(attribute) => (
                attribute.name_span.clone(),
                self.findings.suggest(
                    &attribute.name,
                    names::EXEC.iter().copied(),
                    &format!("use one of {}", names::EXEC.join(", ")),
                ),
            ),
            None => (element.name_span.clone(), "add command=\"…\" or int_cmd=\"…\"".to_owned()),
        };
        self.findings.add(
            codes::UNKNOWN_ACTION,
            span,
            "illegal <exec> in the scenario",
            "does nothing",
            help,
        );
    }
}
