//! Labels that no step goes to.

use std::collections::HashSet;

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::{Scene, value_span};
use crate::xml::{Attribute, Element};

/// Reports labels that neither `next` nor `ontimeout` names.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    report(&scene.labels, scene.steps.iter().map(|step| step.element), findings);
    report(&scene.init_labels, scene.init.iter().copied(), findings);
}

fn report<'a>(
    labels: &[(usize, &Attribute)],
    steps: impl Iterator<Item = &'a Element>,
    findings: &mut Findings,
) {
    let named: HashSet<&str> = steps
        .flat_map(|step| [step.attribute("next"), step.attribute("ontimeout")])
        .flatten()
        .map(|attribute| attribute.value.as_str())
        .collect();
    for (_, label) in labels {
        let name = label.value.as_str();
        // The engine itself goes there.
        if name == "_unexp.main" || named.contains(name) {
            continue;
        }
        findings.add(
            codes::LABEL_UNUSED,
            value_span(label),
            format!("no step goes to the label '{name}'"),
            "never used",
            format!("name it by next=\"{name}\" or ontimeout=\"{name}\" in a step, or remove it"),
        );
    }
}
