//! What stands beside a step: when it is done, where it goes, what it counts and measures.

use crate::check::lint::scene::StepScene;
use crate::program::PauseLength;
use crate::syntax::number;
use crate::xml::Element;

/// The notes of a step: first those about a message, then those that all steps may have.
pub(super) fn of_step(scene: &StepScene<'_>) -> Vec<String> {
    let element = scene.element;
    let mut notes = Vec::new();
    let mut add = |attribute: &str, words: &dyn Fn(&str) -> String| {
        if let Some(attribute) = element.attribute(attribute) {
            notes.push(words(&attribute.value));
        }
    };
    let with = |what: &'static str| move |value: &str| format!("{what} {value}");
    match element.name.as_str() {
        "send" => {
            add("dialog", &with("dialog"));
            add("retrans", &|ms| format!("repeats after {ms} ms"));
            add("start_txn", &with("starts transaction"));
            add("ack_txn", &with("acknowledges transaction"));
            add("response_txn", &with("answers transaction"));
        }
        "recv" => {
            add("dialog", &with("dialog"));
            add("start_txn", &with("starts transaction"));
            add("response_txn", &with("of transaction"));
        }
        "sendCmd" => add("dest", &with("to")),
        "recvCmd" => add("src", &with("from")),
        _ => {}
    }
    if element.name == "recv" {
        for (name, words) in [("rrs", "records the route set"), ("auth", "keeps the challenge")] {
            if is_on(element, name) {
                notes.push(words.to_owned());
            }
        }
        if element.attribute("advance_state").is_some() && !is_on(element, "advance_state") {
            notes.push("stays where it is".to_owned());
        }
    }
    notes.extend(of_element(element));
    notes
}

/// The notes that all steps may have.
pub(super) fn of_element(element: &Element) -> Vec<String> {
    let mut notes = Vec::new();
    let value = |name: &str| element.attribute(name).map(|attribute| attribute.value.as_str());
    if let Some(variable) = value("condexec") {
        let not = if is_on(element, "condexec_inverse") { "not " } else { "" };
        notes.push(format!("only if {not}${variable}"));
    }
    for (name, words) in [("start_rtd", "starts timer"), ("rtd", "stops timer"), ("counter", "counts")] {
        if let Some(value) = value(name).filter(|value| *value != "false" || name == "counter") {
            let name = if value == "true" && name != "counter" { "1" } else { value };
            notes.push(format!("{words} {name}"));
        }
    }
    if let Some(percent) = value("lost") {
        notes.push(format!("{percent} % lost"));
    }
    let timeout = value("timeout").filter(|_| matches!(element.name.as_str(), "recv" | "send"));
    match (timeout, value("ontimeout")) {
        (Some(ms), Some(label)) => notes.push(format!("after {ms} ms -> {label}")),
        (Some(ms), None) => notes.push(format!("fails after {ms} ms")),
        (None, Some(label)) => notes.push(format!("on timeout -> {label}")),
        (None, None) => {}
    }
    if let Some(label) = value("next") {
        let test = value("test").map(|variable| format!(" if ${variable}")).unwrap_or_default();
        let chance = value("chance").map(|chance| format!(" by chance {chance}")).unwrap_or_default();
        notes.push(format!("-> {label}{test}{chance}"));
    }
    notes
}

/// How long a pause lasts.
pub(super) fn length(length: &PauseLength, element: &Element) -> String {
    let value = |name: &str| element.attribute(name).map(|attribute| attribute.value.as_str());
    match length {
        PauseLength::Default => "(-d)".to_owned(),
        PauseLength::Variable(_) => format!("${} ms", value("variable").unwrap_or_default()),
        PauseLength::Drawn(_) => {
            if let Some(ms) = value("milliseconds").or(value("value")) {
                return format!("{ms} ms");
            }
            let kind = value("distribution").unwrap_or("uniform");
            match (value("min"), value("max")) {
                (Some(min), Some(max)) => format!("{kind} {min}..{max} ms"),
                _ => kind.to_owned(),
            }
        }
    }
}

/// True if an attribute is there and on. What compiles is a truth value, and whether a number is 0 does not depend on how
/// leading zeros are read.
pub(super) fn is_on(element: &Element, name: &str) -> bool {
    element.attribute(name).is_some_and(|on| number::boolean(&on.value, false) == Some(true))
}
