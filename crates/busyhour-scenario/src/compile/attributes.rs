//! Reading attributes with their types; what cannot be read is reported and taken as absent.

use std::ops::Range;

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::variables::names_in;
use crate::program::{Check, Operand, Variable};
use crate::syntax::located::Located;
use crate::syntax::{nearest, number};
use crate::template::Template;
use crate::xml::{Attribute, Element};

impl<'a> Compiler<'a> {
    /// Reports attributes that the element does not have.
    pub(crate) fn check_attributes(&mut self, element: &Element, known: &[&str]) {
        for attribute in &element.attributes {
            let name = attribute.name.as_str();
            if known.contains(&name)
                || name == "xmlns"
                || name.starts_with("xmlns:")
                || name.starts_with("xml:")
            {
                continue;
            }
            let otherwise = match known.len() {
                0 => format!("<{}> takes no attributes", element.name),
                1..=12 => format!("<{}> takes {}", element.name, known.join(", ")),
                _ => "remove it".to_owned(),
            };
            self.findings.add(
                codes::UNKNOWN_ATTRIBUTE,
                attribute.name_span.clone(),
                format!("<{}> has no attribute '{name}': it is ignored", element.name),
                "unknown attribute",
                self.findings.suggest(name, known.iter().copied(), &otherwise),
            );
        }
    }

    /// Reports that an attribute does nothing here.
    pub(crate) fn no_effect(&mut self, attribute: &Attribute, why: &str, help: &str) {
        self.findings.add(
            codes::NO_EFFECT,
            attribute.name_span.clone(),
            format!("'{}' has no effect: {why}", attribute.name),
            "ignored",
            help,
        );
    }

    /// The attribute, or a finding that it is missing.
    pub(crate) fn required<'e>(&mut self, element: &'e Element, name: &str) -> Option<&'e Attribute> {
        let found = element.attribute(name);
        if found.is_none() {
            self.missing(element, name);
        }
        found
    }

    /// Reports a missing attribute.
    pub(crate) fn missing(&mut self, element: &Element, what: &str) {
        // A name nearly like it may stand there instead.
        let written = element.attributes.iter().map(|attribute| attribute.name.as_str());
        let help = match nearest::nearest(what, written).first() {
            Some(near) => format!("is '{near}' meant to be '{what}'?"),
            None => format!("add {what}=\"…\""),
        };
        self.findings.add(
            codes::MISSING_ATTRIBUTE,
            element.name_span.clone(),
            format!("<{}> without the attribute {what}", element.name),
            format!("needs {what}"),
            help,
        );
    }

    /// A whole number within 32 bits, as SIPp has it.
    pub(crate) fn integer(&mut self, element: &Element, name: &str) -> Option<i32> {
        self.integer_of(element, element.attribute(name)?)
    }

    /// A whole number that is a length of time or the like: a negative one counts as 0, as in SIPp.
    pub(crate) fn natural(&mut self, element: &Element, name: &str) -> Option<u32> {
        self.integer(element, name).map(|value| u32::try_from(value).unwrap_or(0))
    }

    /// The whole number in this attribute.
    pub(crate) fn integer_of(&mut self, element: &Element, attribute: &Attribute) -> Option<i32> {
        let value = number::integer(&attribute.value, self.options.compat.octal_numbers)
            .and_then(|value| i32::try_from(value).ok());
        if value.is_none() {
            self.findings.add(
                codes::BAD_INTEGER,
                value_span(attribute),
                format!(
                    "<{}> {}, \"{}\" is not a valid integer!",
                    element.name, attribute.name, attribute.value
                ),
                "expected a whole number",
                "write decimal digits, or 0x and hexadecimal ones, without a unit; 32 bits at most",
            );
        }
        value
    }

    /// A number.
    pub(crate) fn double(&mut self, element: &Element, name: &str) -> Option<f64> {
        let attribute = element.attribute(name)?;
        let value = number::double(&attribute.value);
        if value.is_none() {
            self.findings.add(
                codes::BAD_NUMBER,
                value_span(attribute),
                format!("<{}> {name}, \"{}\" is not a number", element.name, attribute.value),
                "expected a number",
                "write it with a point, without a unit, for example 0.5",
            );
        }
        value
    }

    /// A truth value; false if absent.
    pub(crate) fn boolean(&mut self, element: &Element, name: &str) -> bool {
        self.boolean_or(element, name, false)
    }

    /// A truth value.
    pub(crate) fn boolean_or(&mut self, element: &Element, name: &str, absent: bool) -> bool {
        let Some(attribute) = element.attribute(name) else { return absent };
        number::boolean(&attribute.value, self.options.compat.octal_numbers).unwrap_or_else(|| {
            self.findings.add(
                codes::BAD_BOOLEAN,
                value_span(attribute),
                format!("<{}> {name}, \"{}\" is not a valid boolean!", element.name, attribute.value),
                "expected true or false",
                "write true, false, or a number (0 is false)",
            );
            absent
        })
    }

    /// One of a set of words. An unknown one is reported.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        element: &Element,
        attribute: &Attribute,
        words: &[(&str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == attribute.value) {
            return Some(*value);
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.findings.add(
            codes::BAD_VALUE,
            value_span(attribute),
            format!(
                "<{}> {}, \"{}\" is not a value that it takes",
                element.name, attribute.name, attribute.value
            ),
            format!("expected {}", known.join(", ")),
            self.findings.suggest(
                &attribute.value,
                known.iter().copied(),
                &format!("write {}", known.join(" or ")),
            ),
        );
        None
    }

    /// The variable that an attribute names, if it is there.
    pub(crate) fn variable(&mut self, element: &Element, name: &str) -> Option<Variable> {
        let attribute = element.attribute(name)?;
        self.variable_of(attribute)
    }

    /// The variable that an attribute must name.
    pub(crate) fn required_variable(&mut self, element: &Element, name: &str) -> Option<Variable> {
        let attribute = self.required(element, name)?;
        self.variable_of(attribute)
    }

    /// The variables that an attribute lists.
    pub(crate) fn variable_list(&mut self, attribute: &Attribute) -> Vec<Variable> {
        let located = Located::from_attribute(self.text, attribute);
        let mut variables = Vec::new();
        for (name, range) in names_in(&attribute.value) {
            let span = located.span(range);
            variables.extend(self.variables.mention(name, span, &mut self.findings));
        }
        variables
    }

    /// Either the number in `value` or the variable in `variable_name`; a finding if both or neither are there.
    pub(crate) fn operand(&mut self, element: &Element, variable_name: &str) -> Option<Operand> {
        match (element.attribute("value"), element.attribute(variable_name)) {
            (Some(_), Some(second)) => {
                self.exclusive(element, "value", second);
                self.variable_of(second);
                None
            }
            (Some(_), None) => self.double(element, "value").map(Operand::Value),
            (None, Some(attribute)) => self.variable_of(attribute).map(Operand::Variable),
            (None, None) => {
                self.missing(element, &format!("value or {variable_name}"));
                None
            }
        }
    }

    /// Reports two attributes of which only one may be given.
    pub(crate) fn exclusive(&mut self, element: &Element, first: &str, second: &Attribute) {
        self.findings.add(
            codes::EXCLUSIVE_ATTRIBUTES,
            second.name_span.clone(),
            format!("<{}> takes {first} or {}, not both", element.name, second.name),
            "the second of the two",
            "remove one of them",
        );
    }

    /// `check_it` and `check_it_inverse`.
    pub(crate) fn check_of(&mut self, element: &Element) -> Check {
        let must_hold = self.boolean(element, "check_it");
        let must_not_hold = self.boolean(element, "check_it_inverse");
        if element.attribute("check_it").is_some()
            && let Some(second) = element.attribute("check_it_inverse")
        {
            self.exclusive(element, "check_it", second);
        }
        match (must_hold, must_not_hold) {
            (true, _) => Check::MustHold,
            (false, true) => Check::MustNotHold,
            (false, false) => Check::No,
        }
    }

    /// The text in an attribute, its keywords resolved.
    pub(crate) fn template_of(&mut self, attribute: &Attribute) -> Template {
        let located = Located::from_attribute(self.text, attribute).with_line_ends();
        self.template(&located)
    }

    fn variable_of(&mut self, attribute: &Attribute) -> Option<Variable> {
        let name = attribute.value.trim_ascii();
        self.variables.mention(name, value_span(attribute), &mut self.findings)
    }
}

/// Place of an attribute's value; the name's if the value is empty, so that there is something to point at.
pub(crate) fn value_span(attribute: &Attribute) -> Range<usize> {
    if attribute.value_span.is_empty() { attribute.name_span.clone() } else { attribute.value_span.clone() }
}
