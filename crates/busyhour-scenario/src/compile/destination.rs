//! `<setdest>` (spec-scenario §7.2).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::Action;
use crate::xml::Element;

const PROTOCOLS: &[(&str, ())] = &[
    ("udp", ()),
    ("tcp", ()),
    ("tls", ()),
    ("sctp", ()),
    ("UDP", ()),
    ("TCP", ()),
    ("TLS", ()),
    ("SCTP", ()),
];

impl Compiler<'_> {
    /// A `<setdest>`. What is literal is checked here, the rest when it runs.
    pub(crate) fn set_destination(&mut self, element: &Element) -> Option<Action> {
        let host = self.text_attribute(element, "host");
        let port = self.text_attribute(element, "port");
        let protocol = self.text_attribute(element, "protocol");
        if let Some(attribute) = element.attribute("protocol")
            && !attribute.value.contains('[')
        {
            self.one_of(element, attribute, PROTOCOLS)?;
        }
        if let Some(attribute) = element.attribute("port")
            && !attribute.value.contains(['[', '\\'])
            && !attribute.value.trim_ascii_start().parse::<u16>().is_ok_and(|port| port > 0)
        {
            self.findings.add(
                codes::BAD_VALUE,
                value_span(attribute),
                format!("Invalid port for setdest: {}", attribute.value),
                "expected 1 to 65535",
                "write a port, or a keyword that gives one",
            );
            return None;
        }
        Some(Action::SetDestination { host: host?, port: port?, protocol: protocol? })
    }
}
