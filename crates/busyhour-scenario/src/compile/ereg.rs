//! `<ereg>` (spec-scenario §7.3, spec-3.8 A5).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::{Ereg, HeaderPlace, SearchIn};
use crate::regex::GROUPS;
use crate::xml::Element;

#[derive(Debug, Clone, Copy)]
enum Place {
    Message,
    Header,
    Body,
    Variable,
}

const PLACES: &[(&str, Place)] =
    &[("msg", Place::Message), ("hdr", Place::Header), ("body", Place::Body), ("var", Place::Variable)];

impl Compiler<'_> {
    /// An `<ereg>`. All that is wrong with it is reported.
    pub(crate) fn ereg(&mut self, element: &Element) -> Option<Ereg> {
        let pattern = self.required(element, "regexp").and_then(|attribute| self.pattern(attribute));
        let search_in = self.search_in(element);
        let assign_to = self.assign_to(element);
        let check = self.check_of(element);
        Some(Ereg { pattern: pattern?, search_in: search_in?, assign_to: assign_to?, check })
    }

    fn assign_to(&mut self, element: &Element) -> Option<Vec<crate::program::Variable>> {
        let attribute = self.required(element, "assign_to")?;
        let variables = self.variable_list(attribute);
        if variables.len() <= GROUPS {
            return Some(variables);
        }
        self.findings.add(
            codes::BAD_VALUE,
            value_span(attribute),
            format!("<ereg> assign_to, it names {} variables", variables.len()),
            format!("at most {GROUPS}"),
            "the first takes the whole match, nine more take sub-expressions",
        );
        None
    }

    fn search_in(&mut self, element: &Element) -> Option<SearchIn> {
        let place = match element.attribute("search_in") {
            Some(attribute) => self.one_of(element, attribute, PLACES)?,
            None => Place::Message,
        };
        let start_line = self.boolean(element, "start_line");
        let ignore_case = self.boolean(element, "case_indep");
        let is_header = matches!(place, Place::Header);
        let occurrence = if is_header { self.occurrence(element) } else { 1 };
        if !is_header {
            for name in ["header", "start_line", "case_indep", "occurrence", "occurence"] {
                if let Some(attribute) = element.attribute(name) {
                    self.no_effect(
                        attribute,
                        "it needs search_in=\"hdr\"",
                        "add search_in=\"hdr\", or remove it",
                    );
                }
            }
        }
        match place {
            Place::Message => Some(SearchIn::Message),
            Place::Body => Some(SearchIn::Body),
            Place::Variable => self.required_variable(element, "variable").map(SearchIn::Variable),
            Place::Header => {
                let attribute = self.required(element, "header")?;
                if attribute.value.is_empty() {
                    self.findings.add(
                        codes::BAD_VALUE,
                        attribute.name_span.clone(),
                        "<ereg> header, it is empty",
                        "expected a header's name",
                        "write for example header=\"Contact:\"",
                    );
                    return None;
                }
                let plain = is_plain_header(&attribute.value) && !self.options.compat.header_search_anywhere;
                let place = match (plain, start_line) {
                    (true, _) if !attribute.value.ends_with(':') => HeaderPlace::Name,
                    (true, _) | (_, true) => HeaderPlace::LineStart,
                    (false, false) => HeaderPlace::Anywhere,
                };
                Some(SearchIn::Header { header: attribute.value.clone(), place, ignore_case, occurrence })
            }
        }
    }

    /// `occurrence`, or as it was misspelt once. Below 1 is 1.
    fn occurrence(&mut self, element: &Element) -> u32 {
        let name = if element.attribute("occurrence").is_some() { "occurrence" } else { "occurence" };
        self.natural(element, name).unwrap_or(1).max(1)
    }
}

/// SIP token characters and at most one final colon: such a text is found at the start of a line only.
fn is_plain_header(header: &str) -> bool {
    let name = header.strip_suffix(':').unwrap_or(header);
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_plain_header;

    #[test]
    fn plain_headers() {
        for plain in ["To", "To:", "tag", "8080", "sip:", "Call-ID:"] {
            assert!(is_plain_header(plain), "{plain:?}");
        }
        for other in ["From: ", "To: trick", "sip:x", "q:r:", ";tag=", "<sip", "\nTo:", "a b"] {
            assert!(!is_plain_header(other), "{other:?}");
        }
    }
}
