//! `[routes]` and `[next_url]` without a receive that records them.

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::Scene;
use crate::check::lint::slots::Slots;
use crate::program::{Expect, StepKind};

/// Reports sends whose route set or target no receive with `rrs` can have recorded in their dialog.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let records = |index: usize| {
        let step = scene.steps.get(index)?.step;
        let StepKind::Recv(recv) = &step.kind else { return None };
        // A dialog that the peer opens has the peer's Contact and Record-Route from the start (spec-3.8 A2).
        let is_request = matches!(recv.expect, Expect::Request(_) | Expect::RequestMatching(_));
        (recv.record_route_set || (is_request && step.dialog > 0)).then_some(usize::from(step.dialog))
    };
    let recorded = scene.graph.as_ref().and_then(|graph| {
        graph.flow(Slots::default(), |index, before| {
            let mut after = before.clone();
            after.extend(records(index));
            after
        })
    });
    let anywhere: Slots = (0..scene.steps.len()).filter_map(records).collect();
    for (index, step) in scene.steps.iter().enumerate() {
        let Some(message) = &step.message else { continue };
        let dialog = usize::from(step.step.dialog);
        let is_recorded = match &recorded {
            // A step that no call comes to has a finding of its own.
            Some(recorded) => recorded[index].as_ref().is_none_or(|dialogs| dialogs.contains(dialog)),
            None => anywhere.contains(dialog),
        };
        if is_recorded {
            continue;
        }
        let keyword = message
            .keywords()
            .into_iter()
            .find(|keyword| matches!(keyword.text.as_str(), "routes" | "next_url"));
        if let Some(keyword) = keyword {
            let what = match keyword.text.as_str() {
                "routes" => "[routes] is empty",
                _ => "[next_url] is only the address in the last To header",
            };
            findings.add(
                codes::ROUTES_UNKNOWN,
                message.span(keyword.range),
                format!("{what}: no receive before this send records a route set"),
                "nothing recorded",
                "add rrs=\"true\" to the <recv> of the message that sets up the dialog, such as the INVITE or its 200",
            );
        }
    }
}
