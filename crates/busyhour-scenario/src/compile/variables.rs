//! Variables: scopes, slots, and how often each is mentioned.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::program::{Scope, Variable, VariableTable};
use crate::xml::Element;

/// Attributes whose value names variables.
const NAMING_ATTRIBUTES: &[&str] = &["assign_to", "variable", "variable2", "test", "condexec", "variables"];

/// All variables of a scenario while it is compiled.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    table: VariableTable,
    slots: HashMap<String, Variable>,
    /// For each variable how often, and where first.
    mentions: HashMap<Variable, (usize, Range<usize>)>,
    /// Names that some attribute of the file uses.
    named: HashSet<String>,
}

impl Variables {
    /// Variables of the scenario below `root`, none mentioned yet.
    pub(crate) fn new(root: &Element) -> Variables {
        let mut variables = Variables::default();
        collect_names(root, &mut variables.named);
        variables
    }

    /// True if an attribute anywhere in the file uses this name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.named.contains(name)
    }

    /// Declares a name at a scope (or mentions it again there).
    pub(crate) fn declare(&mut self, name: &str, scope: Scope, span: Range<usize>, findings: &mut Findings) {
        let name = name.trim_ascii();
        if !self.check_name(name, &span, findings) {
            return;
        }
        match self.slots.get(name) {
            Some(variable) if variable.scope == scope => {
                let variable = *variable;
                self.count(variable, span);
            }
            Some(_) => findings.add(
                codes::DECLARED_LATE,
                span,
                format!("Variable ${name} is referenced 1 times! It is in use at another scope before this declaration"),
                "declared here",
                "move the declaration in front of the variable's first use, and declare it at one scope only",
            ),
            None => {
                if let Some(variable) = self.add(name, scope, &span, findings) {
                    self.count(variable, span);
                }
            }
        }
    }

    /// Mentions a variable; an unknown one is a new one of the call. `None` if the name is not one.
    pub(crate) fn mention(
        &mut self,
        name: &str,
        span: Range<usize>,
        findings: &mut Findings,
    ) -> Option<Variable> {
        // SIPp keeps the blanks in `assign_to="a, b"` as part of the name; gone everywhere, they do not matter.
        let name = name.trim_ascii();
        if !self.check_name(name, &span, findings) {
            return None;
        }
        let variable = match self.slots.get(name) {
            Some(variable) => *variable,
            None => self.add(name, Scope::Call, &span, findings)?,
        };
        self.count(variable, span);
        Some(variable)
    }

    /// Counts a variable as mentioned often enough.
    pub(crate) fn excuse(&mut self, variable: Variable) {
        if let Some((count, _)) = self.mentions.get_mut(&variable) {
            *count = (*count).max(2);
        }
    }

    /// Mentions a variable that must be known.
    pub(crate) fn reference(&mut self, name: &str, span: Range<usize>, findings: &mut Findings) {
        if let Some(&variable) = self.slots.get(name) {
            self.count(variable, span);
            return;
        }
        let help = findings.suggest(
            name,
            self.slots.keys().map(String::as_str),
            "a <Reference> comes after the first use of the variable",
        );
        findings.add(
            codes::VARIABLE_UNKNOWN,
            span,
            format!("Could not reference non-existent variable '{name}'"),
            "not mentioned before",
            help,
        );
    }

    /// The variable of that name, without mentioning it.
    pub(crate) fn get(&self, name: &str) -> Option<Variable> {
        self.slots.get(name).copied()
    }

    /// Reports variables mentioned only once. `_` and the engine's own `_unexp.…` may be.
    pub(crate) fn check(&self, findings: &mut Findings) {
        for (name, variable) in &self.slots {
            if name == "_" || name.starts_with("_unexp.") {
                continue;
            }
            if let Some((1, span)) = self.mentions.get(variable) {
                let others = self.slots.keys().map(String::as_str);
                findings.add(
                    codes::VARIABLE_ONCE,
                    span.clone(),
                    format!("Variable ${name} is referenced 1 times!"),
                    "its only mention",
                    findings.suggest(
                        name,
                        others,
                        &format!("use it, remove it, or add <Reference variables=\"{name}\"/> at the end"),
                    ),
                );
            }
        }
    }

    /// The names by scope.
    pub(crate) fn finish(self) -> VariableTable {
        self.table
    }

    fn check_name(&self, name: &str, span: &Range<usize>, findings: &mut Findings) -> bool {
        if !name.is_empty() && !name.contains(['$', ',']) {
            return true;
        }
        findings.add(
            codes::BAD_NAME,
            span.clone(),
            format!("'{name}' is not a name for a variable"),
            "this name",
            "write one name without $ and without commas",
        );
        false
    }

    fn add(
        &mut self,
        name: &str,
        scope: Scope,
        span: &Range<usize>,
        findings: &mut Findings,
    ) -> Option<Variable> {
        let names = match scope {
            Scope::Call => &mut self.table.call,
            Scope::User => &mut self.table.user,
            Scope::Global => &mut self.table.global,
        };
        let Ok(slot) = u16::try_from(names.len()) else {
            findings.add(
                codes::TOO_MANY,
                span.clone(),
                "more than 65536 variables",
                "one too many",
                "use fewer",
            );
            return None;
        };
        names.push(name.to_owned());
        let variable = Variable { scope, slot };
        self.slots.insert(name.to_owned(), variable);
        Some(variable)
    }

    fn count(&mut self, variable: Variable, span: Range<usize>) {
        self.mentions.entry(variable).or_insert((0, span)).0 += 1;
    }
}

/// The names in a list such as `assign_to="a, b"`, each with its byte range in the list. Blanks around a name go.
pub(crate) fn names_in(list: &str) -> Vec<(&str, Range<usize>)> {
    let mut names = Vec::new();
    let mut start = 0;
    for part in list.split(',') {
        let name = part.trim_ascii();
        let at = start + (part.len() - part.trim_ascii_start().len());
        names.push((name, at..at + name.len()));
        start += part.len() + 1;
    }
    names
}

fn collect_names(element: &Element, names: &mut HashSet<String>) {
    for attribute in &element.attributes {
        if NAMING_ATTRIBUTES.contains(&attribute.name.as_str()) {
            names.extend(names_in(&attribute.value).into_iter().map(|(name, _)| name.to_owned()));
        }
    }
    for child in element.elements() {
        collect_names(child, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_places() {
        assert_eq!(names_in("a, bc"), [("a", 0..1), ("bc", 3..5)]);
        assert_eq!(names_in(""), [("", 0..0)]);
    }
}
