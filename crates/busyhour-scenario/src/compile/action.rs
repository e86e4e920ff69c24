//! The actions of a step (spec-scenario §7, spec-3.8 A5).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::{Action, Arithmetic, Compare, Operand, Text};
use crate::source::INCLUDE;
use crate::syntax::names;
use crate::template::Template;
use crate::xml::{Element, Node};

const COMPARE: &[(&str, Compare)] = &[
    ("equal", Compare::Equal),
    ("not_equal", Compare::NotEqual),
    ("greater_than", Compare::Greater),
    ("less_than", Compare::Less),
    ("greater_than_equal", Compare::GreaterOrEqual),
    ("less_than_equal", Compare::LessOrEqual),
];

impl Compiler<'_> {
    /// The actions of a step: those of an `<action>` that is the step's first child element.
    pub(crate) fn actions(&mut self, step: &Element) -> Vec<Action> {
        let Some(list) = step.elements().next().filter(|first| first.name == "action") else {
            return Vec::new();
        };
        self.check_attributes(list, &[]);
        let mut actions = Vec::new();
        for node in &list.children {
            match node {
                // It could not be read, which is reported already.
                Node::Element(element) if element.name == INCLUDE => {}
                Node::Element(element) => {
                    if element.name == "jump" && matches!(step.name.as_str(), "recv" | "recvCmd") {
                        self.jump_without_effect(element, step);
                    }
                    actions.extend(self.action(element));
                }
                Node::Text { text, span } | Node::CData { text, span } => {
                    self.ignored_text(text, span.clone(), "action");
                }
            }
        }
        actions
    }

    fn action(&mut self, element: &Element) -> Option<Action> {
        let name = element.name.as_str();
        let Some(known) = names::attributes_of_action(name) else {
            self.unknown_action(element);
            return None;
        };
        // An <exec> without a known attribute is an error of its own.
        if name != "exec" || names::EXEC.iter().any(|known| element.attribute(known).is_some()) {
            self.check_attributes(element, &known);
        }
        self.check_no_children(element);
        match name {
            "ereg" => self.ereg(element).map(Action::Ereg),
            "log" => self.text_attribute(element, "message").map(Action::Log),
            "warning" => self.text_attribute(element, "message").map(Action::Warning),
            "error" => self.text_attribute(element, "message").map(Action::Error),
            "assign" => {
                let to = self.required_variable(element, "assign_to");
                let value = self.operand(element, "variable");
                Some(Action::Assign { to: to?, value: value? })
            }
            "assignstr" => {
                let value = self.text_attribute(element, "value");
                let to = self.required_variable(element, "assign_to");
                Some(Action::AssignString { to: to?, value: value? })
            }
            "add" => self.arithmetic(element, Arithmetic::Add),
            "subtract" => self.arithmetic(element, Arithmetic::Subtract),
            "multiply" => self.arithmetic(element, Arithmetic::Multiply),
            "divide" => self.arithmetic(element, Arithmetic::Divide),
            "sample" => {
                let to = self.required_variable(element, "assign_to");
                let distribution = self
                    .required(element, "distribution")
                    .and_then(|attribute| self.distribution(element, attribute));
                Some(Action::Sample { to: to?, distribution: distribution? })
            }
            "todouble" => {
                let to = self.required_variable(element, "assign_to");
                let from = self.required_variable(element, "variable");
                Some(Action::ToDouble { to: to?, from: from? })
            }
            "test" => self.test(element),
            "strcmp" => self.string_compare(element),
            "trim" => self.required_variable(element, "assign_to").map(Action::Trim),
            "index" => self.required_variable(element, "assign_to").map(Action::Index),
            "jump" => self.operand(element, "variable").map(Action::Jump),
            "pauserestore" => self.operand(element, "variable").map(Action::PauseRestore),
            "gettimeofday" => self.get_time_of_day(element),
            "exec" => self.exec(element),
            "lookup" | "insert" | "replace" => self.injection(element),
            "verifyauth" => self.verify_auth(element),
            "setdest" => self.set_destination(element),
            "closecon" => Some(Action::CloseConnection),
            "urlencode" => self.required_variable(element, "variable").map(Action::UrlEncode),
            "urldecode" => self.required_variable(element, "variable").map(Action::UrlDecode),
            "rtp_echo" => self.rtp_echo(element),
            "rtp_stats" => self.rtp_stats(element),
            "rtp_dtmf" => self.rtp_dtmf(element),
            "rtp_quality" => self.rtp_quality(element),
            // Every name of the table is above.
            _ => None,
        }
    }

    fn jump_without_effect(&mut self, element: &Element, step: &Element) {
        self.findings.add(
            codes::NO_EFFECT,
            element.name_span.clone(),
            format!("<jump> has no effect in <{}>: the call goes on to the step behind it", step.name),
            "ignored",
            "move it to a <nop> behind, or use next",
        );
    }

    fn unknown_action(&mut self, element: &Element) {
        let name = element.name.as_str();
        self.findings.add(
            codes::UNKNOWN_ACTION,
            element.name_span.clone(),
            format!("Unknown action: {name}"),
            "unknown action",
            self.findings.suggest(
                name,
                names::ACTIONS.iter().map(|(name, _)| *name),
                "an <action> holds ereg, log, assign, test, exec and the like",
            ),
        );
    }

    fn check_no_children(&mut self, element: &Element) {
        for node in &element.children {
            match node {
                Node::Element(child) => {
                    self.ignored_element(
                        child,
                        "an action has no children",
                        "is the / of the tag before missing?",
                    );
                }
                Node::Text { text, span } | Node::CData { text, span } => {
                    self.ignored_text(text, span.clone(), &element.name);
                }
            }
        }
    }

    pub(crate) fn text_attribute(&mut self, element: &Element, name: &str) -> Option<Template> {
        let attribute = self.required(element, name)?;
        Some(self.template_of(attribute))
    }

    fn arithmetic(&mut self, element: &Element, operator: Arithmetic) -> Option<Action> {
        let to = self.required_variable(element, "assign_to");
        let value = self.operand(element, "variable");
        if operator == Arithmetic::Divide
            && value == Some(Operand::Value(0.0))
            && let Some(attribute) = element.attribute("value")
        {
            self.findings.add(
                codes::BAD_VALUE,
                value_span(attribute),
                "<divide> value, division by 0",
                "must not be 0",
                "write another divisor",
            );
            return None;
        }
        Some(Action::Arithmetic { operator, to: to?, value: value? })
    }

    fn test(&mut self, element: &Element) -> Option<Action> {
        let variable = self.required_variable(element, "variable");
        let compare =
            self.required(element, "compare").and_then(|attribute| self.one_of(element, attribute, COMPARE));
        let with = self.operand(element, "variable2");
        let assign_to = self.variable(element, "assign_to");
        let check = self.check_of(element);
        self.check_result_is_used(element)?;
        Some(Action::Test { variable: variable?, compare: compare?, with: with?, assign_to, check })
    }

    fn string_compare(&mut self, element: &Element) -> Option<Action> {
        let variable = self.required_variable(element, "variable");
        let with = match (element.attribute("value"), element.attribute("variable2")) {
            (Some(_), Some(second)) => {
                self.exclusive(element, "value", second);
                self.variable(element, "variable2");
                None
            }
            (Some(value), None) => Some(Text::Literal(value.value.clone())),
            (None, Some(_)) => self.variable(element, "variable2").map(Text::Variable),
            (None, None) => {
                self.missing(element, "value or variable2");
                None
            }
        };
        let assign_to = self.variable(element, "assign_to");
        let check = self.check_of(element);
        self.check_result_is_used(element)?;
        Some(Action::StringCompare { variable: variable?, with: with?, assign_to, check })
    }

    /// `assign_to` may be left out where `check_it` or `check_it_inverse` is given.
    fn check_result_is_used(&mut self, element: &Element) -> Option<()> {
        let used = ["assign_to", "check_it", "check_it_inverse"];
        if used.iter().any(|name| element.attribute(name).is_some()) {
            return Some(());
        }
        self.missing(element, "assign_to");
        None
    }

    fn get_time_of_day(&mut self, element: &Element) -> Option<Action> {
        let attribute = self.required(element, "assign_to")?;
        let variables = self.variable_list(attribute);
        if let [seconds, microseconds] = variables[..] {
            return Some(Action::GetTimeOfDay { seconds, microseconds });
        }
        self.findings.add(
            codes::BAD_VALUE,
            value_span(attribute),
            format!("<gettimeofday> assign_to, it names {} variables", variables.len()),
            "expected two",
            "name one for the seconds and one for the microseconds: assign_to=\"seconds,microseconds\"",
        );
        None
    }
}
