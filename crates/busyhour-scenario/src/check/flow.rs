//! Rules about the order of steps.

use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::program::{Optional, StepKind};

/// What the rules need to know of a step beside the step itself.
#[derive(Debug, Clone)]
pub(crate) struct StepPlace {
    /// Element name.
    pub(crate) element: &'static str,
    /// Where that stands.
    pub(crate) span: Range<usize>,
    /// Where the value of a receive's `timeout` stands, if it has one.
    pub(crate) timeout: Option<Range<usize>>,
    /// A label names this step.
    pub(crate) labelled: bool,
}

/// Checks one step against the one before it.
pub(crate) fn check_neighbours(
    before: Option<(&StepKind, &StepPlace)>,
    kind: &StepKind,
    place: &StepPlace,
    findings: &mut Findings,
) {
    let Some((before_kind, before_place)) = before else { return };
    if let StepKind::Pause(pause) = before_kind
        && pause.final_wait
    {
        findings.add(
            codes::TIMEWAIT_NOT_LAST,
            place.span.clone(),
            format!("<timewait> can only be the last message, but <{}> comes after it", place.element),
            "a step after <timewait>",
            "move <timewait> to the end, or use <pause>",
        );
    }
    let optional = match before_kind {
        StepKind::Recv(recv) => recv.optional,
        StepKind::RecvCmd(recv) => recv.optional,
        _ => Optional::No,
    };
    if optional == Optional::No {
        return;
    }
    match kind {
        StepKind::Recv(_) => {
            // Where both have one, each wait comes to an end.
            if let Some(span) = &place.timeout
                && before_place.timeout.is_none()
                && !place.labelled
            {
                findings.add(
                    codes::TIMEOUT_NEVER_FIRES,
                    span.clone(),
                    format!(
                        "while the call waits at the optional <{}> in front, this timeout does not run: it never \
                         fires if that message does not come",
                        before_place.element
                    ),
                    "not armed there",
                    format!("give the optional <{}> in front a timeout, too", before_place.element),
                );
            }
        }
        StepKind::RecvCmd(_) => {}
        _ => {
            findings.add(
                codes::OPTIONAL_BEFORE,
                place.span.clone(),
                format!(
                    "<{}> before <{}> sequence without a mandatory message: the optional receive would wait for ever",
                    before_place.element, place.element
                ),
                format!("<{}> right after an optional <{}>", place.element, before_place.element),
                "put a mandatory <recv> between the two, or make the receive mandatory",
            );
        }
    }
}
