//! Steps that no call comes to, and an optional receive at the end, where every call stays.

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::Scene;
use crate::program::{Optional, RecvTimeout, StepKind};

/// Reports the first step of each stretch that is never reached, and a scenario that ends with an optional receive.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    never_reached(scene, findings);
    optional_at_the_end(scene, findings);
}

fn never_reached(scene: &Scene<'_>, findings: &mut Findings) {
    let Some(graph) = &scene.graph else { return };
    let mut index = 0;
    while index < scene.steps.len() {
        if graph.is_reachable(index) {
            index += 1;
            continue;
        }
        let start = index;
        while index < scene.steps.len() && !graph.is_reachable(index) {
            index += 1;
        }
        let stretch = &scene.steps[start..index];
        // Receives alone do nothing, so nothing is missing without them.
        if stretch.iter().all(|step| matches!(step.step.kind, StepKind::Recv(_) | StepKind::RecvCmd(_))) {
            continue;
        }
        let message = match stretch {
            [only] => format!("no call comes to this <{}> (index {start})", only.element.name),
            _ => format!(
                "no call comes to the {} steps from here on (index {start} to {})",
                stretch.len(),
                index - 1
            ),
        };
        findings.add(
            codes::NEVER_REACHED,
            stretch[0].element.name_span.clone(),
            message,
            "never executed",
            "the step before always goes elsewhere: give it a test or a chance, or put a <label> that is gone to here",
        );
    }
}

fn optional_at_the_end(scene: &Scene<'_>, findings: &mut Findings) {
    let optional = |kind: &StepKind| match kind {
        StepKind::Recv(recv) => recv.optional != Optional::No,
        StepKind::RecvCmd(recv) => recv.optional != Optional::No,
        _ => false,
    };
    let Some(last) = scene.steps.last().filter(|last| optional(&last.step.kind)) else { return };
    // A timeout may end it on purpose.
    let times_out = scene.steps.iter().rev().take_while(|step| optional(&step.step.kind)).any(|step| {
        match &step.step.kind {
            StepKind::Recv(recv) => !matches!(recv.timeout, RecvTimeout::Default),
            _ => false,
        }
    });
    if times_out || !scene.graph.as_ref().is_none_or(|graph| graph.is_reachable(scene.steps.len() - 1)) {
        return;
    }
    findings.add(
        codes::OPTIONAL_AT_END,
        last.element.name_span.clone(),
        "nothing mandatory follows this optional receive: each call waits here until the message comes",
        "not optional in effect",
        "put what the call does next behind it, give it a timeout, or make it mandatory",
    );
}
