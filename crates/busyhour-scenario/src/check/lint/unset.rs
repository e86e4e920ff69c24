//! Variables that are used where nothing has set them.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::message::keywords;
use crate::check::lint::scene::{Scene, StepScene, actions_of, value_span};
use crate::check::lint::slots::Slots;
use crate::syntax::located::Located;
use crate::syntax::names::texts_of_action;
use crate::syntax::parameters::{self, Value, cut_offset};
use crate::xml::{Attribute, Element};

/// So many steps times variables are looked at.
const WORK_MAX: usize = 4_000_000;

/// Reports call variables that a text or a length uses although no way there sets them, and those that are asked for
/// although no step sets them at all. Variables of users and of the run may be set elsewhere.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let names: HashMap<&str, usize> =
        scene.program.variables.call.iter().enumerate().map(|(slot, name)| (name.as_str(), slot)).collect();
    if names.is_empty() || names.len() * scene.steps.len() > WORK_MAX || uses_lua(scene) {
        return;
    }
    let sets: Vec<Vec<usize>> = scene
        .steps
        .iter()
        .map(|step| step.actions().flat_map(|action| set_by(action, &names)).collect())
        .collect();
    let ever: HashSet<usize> = sets.iter().flatten().copied().collect();
    let known = scene.graph.as_ref().and_then(|graph| {
        graph.flow(Slots::default(), |index, before| {
            let mut after = before.clone();
            after.extend(sets.get(index).into_iter().flatten().copied());
            after
        })
    });
    let in_init: HashSet<usize> = scene
        .init
        .iter()
        .flat_map(|step| actions_of(step))
        .flat_map(|action| set_by(action, &names))
        .collect();
    let mut reported = HashSet::new();
    for (index, step) in scene.steps.iter().enumerate() {
        // A step that no call comes to has a finding of its own.
        let mut set: Slots = match known.as_ref().map(|known| &known[index]) {
            Some(Some(set)) => set.clone(),
            Some(None) => continue,
            None => ever.iter().copied().collect(),
        };
        let mut uses = Vec::new();
        if let Some(message) = &step.message {
            uses.extend(uses_of(message.located(), &names));
        }
        if let Some(command) = &step.command {
            uses.extend(uses_of(command, &names));
        }
        if step.element.name == "recv" {
            uses.extend(texts_of(scene, step.element, &["timeout"], &names));
        }
        if matches!(step.element.name.as_str(), "pause" | "timewait") {
            uses.extend(named_by(step.element, &["variable"], &names));
        }
        let asked = named_by(step.element, &["test", "condexec"], &names);
        let mut report = |uses: Vec<(usize, Range<usize>)>, set: &dyn Fn(usize) -> bool| {
            for (variable, span) in uses {
                if !set(variable) && reported.insert(variable) {
                    add(
                        scene,
                        variable,
                        span,
                        ever.contains(&variable),
                        in_init.contains(&variable),
                        findings,
                    );
                }
            }
        };
        report(uses, &|variable| set.contains(variable));
        for action in step.actions() {
            report(texts_of(scene, action, texts_of_action(&action.name), &names), &|variable| {
                set.contains(variable)
            });
            report(named_by(action, values(action), &names), &|variable| ever.contains(&variable));
            set.extend(set_by(action, &names));
        }
        report(asked, &|variable| ever.contains(&variable));
    }
    // These may be sent at any time, so only a variable that is never set is wrong.
    for (variable, span) in scene.default_messages.iter().flat_map(|text| uses_of(text, &names)) {
        if !ever.contains(&variable) && reported.insert(variable) {
            add(scene, variable, span, false, in_init.contains(&variable), findings);
        }
    }
}

fn add(
    scene: &Scene<'_>,
    variable: usize,
    span: Range<usize>,
    ever: bool,
    in_init: bool,
    findings: &mut Findings,
) {
    let name = &scene.program.variables.call[variable];
    let (message, help) = match (ever, in_init) {
        (false, true) => (
            format!(
                "the variable '{name}' is set in <init> only, and what <init> sets is lost unless it is global"
            ),
            format!("add <Global variables=\"{name}\"/> at the top of the scenario"),
        ),
        (false, false) => (
            format!("the variable '{name}' is used, but no step sets it"),
            "set it by an action with assign_to, or see whether the name is spelt right".to_owned(),
        ),
        (true, _) => (
            format!("the variable '{name}' is used before any step can have set it"),
            "move the step that sets it in front of this one".to_owned(),
        ),
    };
    findings.add(codes::VARIABLE_UNSET, span, message, "empty here", help);
}

/// Attributes of an action that name variables which it only reads. What an unset one means there is well defined, so
/// only those that are never set are wrong.
fn values(action: &Element) -> &'static [&'static str] {
    match action.name.as_str() {
        "ereg" | "assign" | "add" | "subtract" | "multiply" | "divide" | "todouble" | "jump"
        | "pauserestore" => &["variable"],
        "test" | "strcmp" => &["variable", "variable2"],
        _ => &[],
    }
}

/// The call variables that an action sets, or may set.
fn set_by(action: &Element, names: &HashMap<&str, usize>) -> Vec<usize> {
    let in_place = match action.name.as_str() {
        "urlencode" | "urldecode" => action.attribute("variable"),
        _ => None,
    };
    let lists = action.attribute("assign_to").into_iter().chain(in_place);
    lists
        .flat_map(|list| list.value.split(','))
        .filter_map(|name| names.get(name.trim_ascii()).copied())
        .collect()
}

/// The call variables that attributes of an element name.
fn named_by(
    element: &Element,
    attributes: &[&str],
    names: &HashMap<&str, usize>,
) -> Vec<(usize, Range<usize>)> {
    let named = |attribute: &Attribute| {
        let name = attribute.value.trim_ascii();
        names.get(name).filter(|_| is_ordinary(name)).map(|variable| (*variable, value_span(attribute)))
    };
    attributes.iter().filter_map(|name| element.attribute(name)).filter_map(named).collect()
}

/// The call variables in the texts of an element's attributes.
fn texts_of(
    scene: &Scene<'_>,
    element: &Element,
    attributes: &[&str],
    names: &HashMap<&str, usize>,
) -> Vec<(usize, Range<usize>)> {
    let texts = attributes.iter().filter_map(|name| element.attribute(name));
    texts
        .flat_map(|attribute| uses_of(&Located::from_attribute(&scene.source.text, attribute), names))
        .collect()
}

/// The call variables in a text: `[$name]`, `[fill variable=name]`, and those in parameters of other keywords.
fn uses_of(text: &Located, names: &HashMap<&str, usize>) -> Vec<(usize, Range<usize>)> {
    let mut uses = Vec::new();
    for keyword in keywords(text) {
        let variable = |name: &str| names.get(name).filter(|_| is_ordinary(name)).copied();
        if let Some(name) = keyword.text.strip_prefix('$') {
            // SIPp cuts an offset off.
            let used = variable(name).or_else(|| variable(cut_offset(name).0));
            uses.extend(used.map(|used| (used, text.span(keyword.range.clone()))));
            continue;
        }
        let is_fill = keyword.text.starts_with("fill");
        for parameter in parameters::of(&text.slice(keyword.range.start + 1..keyword.range.end - 1)) {
            match &parameter.value {
                Value::Text(value) if is_fill && parameter.name == "variable" => {
                    let used = variable(value.as_str());
                    uses.extend(used.map(|used| (used, text.span(keyword.range.clone()))));
                }
                // The text of [fill] is taken as it is.
                Value::Text(value) if !is_fill => uses.extend(uses_of(value, names)),
                _ => {}
            }
        }
    }
    uses
}

/// Names that begin so are the engine's, or say that nobody minds.
fn is_ordinary(name: &str) -> bool {
    !name.starts_with('_')
}

fn uses_lua(scene: &Scene<'_>) -> bool {
    scene.steps.iter().flat_map(StepScene::actions).any(|action| action.attribute("lua").is_some())
}
