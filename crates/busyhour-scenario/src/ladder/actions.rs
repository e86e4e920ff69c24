//! Actions in a few words.

use crate::ladder::notes::is_on;
use crate::xml::Element;

/// Characters of a text that are shown.
const TEXT_MAX: usize = 60;

/// An action, abbreviated: what it does, to what, and where the result goes.
pub(super) fn words(action: &Element) -> String {
    let value =
        |name: &str| action.attribute(name).map(|attribute| short(&attribute.value)).unwrap_or_default();
    let operand = || match action.attribute("variable") {
        Some(variable) => format!("${}", variable.value),
        None => value("value"),
    };
    let to = action.attribute("assign_to").map(|to| to.value.as_str()).unwrap_or_default();
    let result = if to.is_empty() { String::new() } else { format!(" => {}", variables(to)) };
    let sign = |sign: &str| format!("{} {sign} {}", variables(to), operand());
    let text = match action.name.as_str() {
        "ereg" => format!("ereg {} in {}{result}", value("regexp"), searched(action)),
        name @ ("log" | "warning" | "error") => format!("{name} \"{}\"", value("message")),
        "assign" => sign("="),
        "assignstr" => format!("{} = \"{}\"", variables(to), value("value")),
        "add" => sign("+="),
        "subtract" => sign("-="),
        "multiply" => sign("*="),
        "divide" => sign("/="),
        "test" => {
            let with = match action.attribute("variable2") {
                Some(variable) => format!("${}", variable.value),
                None => value("value"),
            };
            format!("test ${} {} {with}{result}", value("variable"), value("compare"))
        }
        "jump" => format!("jump {}", operand()),
        _ => {
            let shown_elsewhere = ["assign_to", "check_it", "check_it_inverse"];
            let others = action
                .attributes
                .iter()
                .filter(|attribute| !shown_elsewhere.contains(&attribute.name.as_str()));
            let others: Vec<String> =
                others.map(|attribute| format!("{}={}", attribute.name, short(&attribute.value))).collect();
            format!("{} {}{result}", action.name, others.join(" ")).replace("  ", " ")
        }
    };
    let check = match (is_on(action, "check_it"), is_on(action, "check_it_inverse")) {
        (true, _) => ", must match",
        (false, true) => ", must not match",
        (false, false) => "",
    };
    format!("* {}{check}", text.trim_end())
}

fn searched(ereg: &Element) -> String {
    let value = |name: &str| ereg.attribute(name).map(|attribute| attribute.value.as_str());
    match value("search_in") {
        Some("hdr") => short(value("header").unwrap_or_default()),
        Some("var") => format!("${}", value("variable").unwrap_or_default()),
        Some(other) => other.to_owned(),
        None => "msg".to_owned(),
    }
}

fn variables(list: &str) -> String {
    let names: Vec<String> = list.split(',').map(|name| format!("${}", name.trim())).collect();
    names.join(",")
}

fn short(text: &str) -> String {
    if text.chars().count() <= TEXT_MAX {
        return text.trim().to_owned();
    }
    text.chars().take(TEXT_MAX).chain(['…']).collect()
}
