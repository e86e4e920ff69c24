//! Actions on injection files, and `<verifyauth>` (spec-scenario §7.2).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::Action;
use crate::template::Template;
use crate::xml::Element;

impl Compiler<'_> {
    /// `<lookup>`, `<insert>`, `<replace>`. All that is wrong is reported.
    pub(crate) fn injection(&mut self, element: &Element) -> Option<Action> {
        let file = self.file_name(element);
        match element.name.as_str() {
            "lookup" => {
                let key = self.text_attribute(element, "key");
                let to = self.required_variable(element, "assign_to");
                Some(Action::Lookup { to: to?, file: file?, key: key? })
            }
            "insert" => {
                let value = self.text_attribute(element, "value");
                Some(Action::Insert { file: file?, value: value? })
            }
            _ => {
                let line = self.text_attribute(element, "line");
                let value = self.text_attribute(element, "value");
                Some(Action::Replace { file: file?, line: line?, value: value? })
            }
        }
    }

    /// `<verifyauth>`.
    pub(crate) fn verify_auth(&mut self, element: &Element) -> Option<Action> {
        let username = self.text_attribute(element, "username");
        let password = self.text_attribute(element, "password");
        let to = self.required_variable(element, "assign_to");
        Some(Action::VerifyAuth { to: to?, username: username?, password: password? })
    }

    /// The injection file of an action: where it is literal, one of the run's.
    fn file_name(&mut self, element: &Element) -> Option<Template> {
        let file = self.text_attribute(element, "file")?;
        let attribute = element.attribute("file")?;
        if let Some(known) = &self.options.files
            && !attribute.value.contains('[')
            && !known.contains(&attribute.value)
        {
            let names = known.iter().map(String::as_str);
            self.findings.add(
                codes::UNKNOWN_FILE,
                value_span(attribute),
                format!("Invalid injection file for {}: {}", element.name, attribute.value),
                "not one of the run's files",
                self.findings.suggest(&attribute.value, names, "give the file with -inf"),
            );
            return None;
        }
        Some(file)
    }
}
