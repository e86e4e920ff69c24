//! Receives that never take a message.

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::{Scene, StepScene, value_span};
use crate::program::{Expect, Recv, SendStart, StepKind};

/// Methods that exist, so that one in the wrong letter case can be told.
const METHODS: &[&str] = &[
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "REGISTER",
    "OPTIONS",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
];

/// Reports responses to nothing, and methods that no message can have.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let sent = scene.graph.as_ref().and_then(|graph| {
        let sends = |index: usize| scene.steps.get(index).is_some_and(|step| is_request(&step.step.kind));
        graph.flow(false, |index, before| *before || sends(index))
    });
    let mut request_sent = false;
    for (index, step) in scene.steps.iter().enumerate() {
        request_sent |= is_request(&step.step.kind);
        let StepKind::Recv(recv) = &step.step.kind else { continue };
        match &recv.expect {
            Expect::Request(method) => method_that_exists(step, method, findings),
            Expect::Response(_) | Expect::ResponseMatching(_) if recv.response_transaction.is_none() => {
                // SIPp lets any response match at index 0.
                let unsent = sent.as_ref().is_some_and(|sent| sent[index] == Some(false));
                if index > 0 && (recv.methods_sent_before.is_empty() || unsent) {
                    response_to_nothing(step, recv, request_sent, findings);
                }
            }
            _ => {}
        }
    }
}

/// True for a `<send>` of a request.
fn is_request(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Send(send) if matches!(send.start, SendStart::Request(_)))
}

/// `request_sent` says that a request stands before the step, be it that of a named transaction.
fn response_to_nothing(step: &StepScene<'_>, recv: &Recv, request_sent: bool, findings: &mut Findings) {
    let Some(attribute) = step.element.attribute("response") else { return };
    let (why, help) = match (recv.methods_sent_before.is_empty(), request_sent) {
        (true, false) => ("no request is sent before it", "put it behind the <send> of its request"),
        (true, true) => (
            "all requests before it belong to named transactions",
            "add response_txn=\"…\" with the name of its transaction",
        ),
        (false, _) => {
            ("no call that comes here has sent a request", "put it behind the <send> of its request")
        }
    };
    findings.add(
        codes::NEVER_MATCHES,
        value_span(attribute),
        format!("this receive never takes a message: {why}"),
        "a response to nothing",
        help,
    );
}

fn method_that_exists(step: &StepScene<'_>, method: &str, findings: &mut Findings) {
    let Some(attribute) = step.element.attribute("request") else { return };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let upper = method.to_ascii_uppercase();
    let (why, help) = if method.is_empty() || !method.bytes().all(is_token) {
        (
            "no method has such characters".to_owned(),
            "write one method; for several an expression and regexp_match=\"true\"".to_owned(),
        )
    } else if method != upper && METHODS.contains(&upper.as_str()) {
        ("methods are compared with their letter case".to_owned(), format!("write {upper}"))
    } else {
        return;
    };
    findings.add(
        codes::NEVER_MATCHES,
        value_span(attribute),
        format!("this receive never takes a message: {why}"),
        "not a method",
        help,
    );
}
