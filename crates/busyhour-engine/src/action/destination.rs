//! `setdest` (spec-scenario §7.2).

use busyhour_scenario::template::Template;

use super::{Host, Outcome, quoted};
use crate::snapshot::FailureKind;

/// The protocols as `setdest` names them, in lower or in upper case.
const PROTOCOLS: [&str; 4] = ["UDP", "TCP", "TLS", "SCTP"];

/// Sends the call's messages elsewhere from now on. Where that cannot be, the call ends: what it would send on would
/// reach the wrong place.
pub(super) fn set(name: &Template, port: &Template, protocol: &Template, host: &mut impl Host) -> Outcome {
    let mut texts = [const { Vec::new() }; 3];
    for (template, text) in [name, port, protocol].into_iter().zip(&mut texts) {
        if let Err(kind) = host.render(template, text) {
            return Outcome::EndCall(kind);
        }
    }
    let [name, port, protocol] = texts;
    let done = check_protocol(&protocol, host)
        .and_then(|()| parse_port(&port))
        .and_then(|port| host.set_destination(String::from_utf8_lossy(&name).trim(), port));
    match done {
        Ok(()) => Outcome::Done,
        Err(reason) => {
            host.warn(|| format!("setdest: {reason}: the call fails").into_bytes());
            Outcome::EndCall(FailureKind::CannotSendMessage)
        }
    }
}

fn check_protocol(text: &[u8], host: &impl Host) -> Result<(), String> {
    let known =
        PROTOCOLS.iter().any(|name| name.as_bytes() == text || name.to_lowercase().as_bytes() == text);
    if !known {
        return Err(format!("protocol {} is none of udp, tcp, tls, sctp", quoted(text)));
    }
    let ours = host.protocol().name();
    if !ours.as_bytes().eq_ignore_ascii_case(text) {
        return Err(format!(
            "protocol {} is not the one of this run, {ours}: a call keeps its protocol (-t sets it)",
            quoted(text)
        ));
    }
    Ok(())
}

fn parse_port(text: &[u8]) -> Result<u16, String> {
    let port = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok());
    port.filter(|&port| port > 0).ok_or_else(|| format!("port {} is no number from 1 to 65535", quoted(text)))
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;
    use busyhour_scenario::template::{Piece, Template};

    use super::super::fake::*;
    use super::*;

    fn text(text: &str) -> Template {
        Template { pieces: vec![Piece::Literal(text.into())] }
    }

    fn set(name: &str, port: &str, protocol: &str) -> (Outcome, Vec<(String, u16)>, Vec<String>) {
        let mut host = FakeHost::default();
        let action = Action::SetDestination { host: text(name), port: text(port), protocol: text(protocol) };
        let outcome = host.run(&[action]);
        (outcome, host.destinations, host.warnings)
    }

    #[test]
    fn host_and_port_are_taken() {
        for protocol in ["udp", "UDP"] {
            let (outcome, destinations, warnings) = set("192.0.2.1", " 5080", protocol);
            assert_eq!(outcome, Outcome::Done, "{warnings:?}");
            assert_eq!(destinations, [("192.0.2.1".to_owned(), 5080)]);
        }
    }

    #[test]
    fn what_cannot_be_ends_the_call_with_a_reason() {
        for (name, port, protocol, reason) in [
            ("192.0.2.1", "5080", "Udp", "none of udp, tcp, tls, sctp"),
            ("192.0.2.1", "5080", "ws", "none of udp, tcp, tls, sctp"),
            ("192.0.2.1", "5080", "tcp", "not the one of this run, UDP"),
            ("192.0.2.1", "0", "udp", "no number from 1 to 65535"),
            ("192.0.2.1", "65536", "udp", "no number from 1 to 65535"),
            ("192.0.2.1", "", "udp", "no number from 1 to 65535"),
            ("nowhere", "5080", "udp", "nowhere is no place"),
        ] {
            let (outcome, destinations, warnings) = set(name, port, protocol);
            assert_eq!(outcome, Outcome::EndCall(FailureKind::CannotSendMessage));
            assert!(destinations.is_empty());
            assert!(warnings[0].contains(reason), "{warnings:?}");
        }
    }
}
