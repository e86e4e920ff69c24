//! Actions on injection files, and `<verifyauth>` (spec-scenario §7.2).

use std::ops::Range;

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
        if !attribute.value.contains('[') {
            self.check_file(&attribute.value, value_span(attribute), &format!(" for {}", element.name))?;
        }
        Some(file)
    }

    /// Reports a file that is not one of the run's, where those are known; `what` says what wants it.
    pub(crate) fn check_file(&mut self, name: &str, span: Range<usize>, what: &str) -> Option<()> {
        let Some(known) = &self.options.files else { return Some(()) };
        let is_known = |name: &str| known.iter().any(|known| known == name);
        if is_known(name) {
            return Some(());
        }
        let base_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let help = if base_name != name && is_known(base_name) {
            format!("files are named without their folder: file=\"{base_name}\"")
        } else {
            self.findings.suggest(name, known.iter().map(String::as_str), "give the file with -inf")
        };
        self.findings.add(
            codes::UNKNOWN_FILE,
            span,
            format!("Invalid injection file{what}: {name}"),
            "not one of the run's files",
            help,
        );
        None
    }
}
