//! Keywords with parameters: `field`, `file`, `fill`, `authentication` (spec-scenario §4.2, §5, §10; spec-3.8 A3).

use std::ops::Range;

use crate::check::codes;
use crate::compile::Compiler;
use crate::program::FileId;
use crate::syntax::located::Located;
use crate::syntax::names;
use crate::syntax::parameters::{self, Parameter, Value};
use crate::template::{Credentials, Keyword, Piece, Template};

impl Compiler<'_> {
    /// `[fieldN file= line=]`. N is what digits follow, 0 if there are none.
    pub(super) fn field_keyword(&mut self, text: &Located, span: Range<usize>) -> Option<Keyword> {
        let number = text.as_str()["field".len()..].trim_ascii_start();
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let column = match digits {
            0 => {
                self.findings.add(
                    codes::VALUE_TAKEN_FOR,
                    span.clone(),
                    format!("[{}] is taken for [field0]", text.as_str().escape_debug()),
                    "which field?",
                    "write the field's number behind the word: [field0] is the first",
                );
                0
            }
            _ => number[..digits].parse().unwrap_or(u32::MAX),
        };
        let parameters = self.parameters(text, "field0");
        let file = self.field_file(&parameters, span)?;
        let line = value_of(&parameters, "line").map(|value| Box::new(self.value_template(value)));
        Some(Keyword::Field { file, column, line })
    }

    /// `[file name=]`.
    pub(super) fn file_keyword(&mut self, text: &Located, span: Range<usize>) -> Option<Keyword> {
        let parameters = self.parameters(text, "file");
        let Some(name) = value_of(&parameters, "name") else {
            self.keyword_syntax(
                span,
                "No name specified for 'file' keyword!",
                "which file?",
                "write [file name=\"body.txt\"]",
            );
            return None;
        };
        Some(Keyword::File(Box::new(self.value_template(name))))
    }

    /// `[fill variable= text=]`.
    pub(super) fn fill_keyword(&mut self, text: &Located, span: Range<usize>) -> Option<Keyword> {
        let parameters = self.parameters(text, "fill");
        let Some(name) = value_of(&parameters, "variable") else {
            self.keyword_syntax(
                span,
                "[fill] without a variable",
                "no variable=",
                "write [fill variable=\"n\" text=\"X\"], where n holds the length",
            );
            return None;
        };
        let place = match name {
            Value::Text(name) => name.span(0..name.as_str().len()),
            Value::Bytes(_) => span,
        };
        let variable = self.variables.mention(&name.to_text(), place, &mut self.findings)?;
        let text = value_of(&parameters, "text").map_or_else(|| "X".to_owned(), Value::to_text);
        Some(Keyword::Fill { variable, text })
    }

    /// `[authentication username= password= aka_K= …]`.
    pub(super) fn authentication_keyword(&mut self, text: &Located) -> Keyword {
        let parameters = self.parameters(text, "authentication");
        let mut template = |name| value_of(&parameters, name).map(|value| self.value_template(value));
        Keyword::Authentication(Box::new(Credentials {
            username: template("username"),
            password: template("password"),
            aka_k: template("aka_K"),
            aka_op: template("aka_OP"),
            aka_opc: template("aka_OPc"),
            aka_amf: template("aka_AMF"),
        }))
    }

    /// Reports what is wrong with a keyword's form.
    pub(super) fn keyword_syntax(&mut self, span: Range<usize>, what: &str, label: &str, help: &str) {
        let message = format!("Syntax error or invalid [keyword]: {what}");
        self.findings.add(codes::KEYWORD_SYNTAX, span, message, label, help);
    }

    /// The parameters of a keyword. One that it does not have is reported: SIPp ignores it, so do we.
    fn parameters(&mut self, text: &Located, keyword: &str) -> Vec<Parameter> {
        let known = names::parameters_of(keyword);
        let parameters = parameters::of(text);
        for parameter in &parameters {
            let name = parameter.name.as_str();
            if known.contains(&name) {
                continue;
            }
            // `[field 1]` is field 1.
            if keyword == "field0" && name.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            self.findings.add(
                codes::NO_EFFECT,
                text.span(parameter.range.clone()),
                format!("'{}' has no effect: [{keyword}] has no such parameter", name.escape_debug()),
                "ignored",
                self.findings.suggest(
                    name,
                    known.iter().copied(),
                    &format!("it takes {}=, each behind a blank", known.join("=, ")),
                ),
            );
        }
        parameters
    }

    /// What a value becomes: nested keywords are resolved, but nothing in bytes is one.
    fn value_template(&mut self, value: &Value) -> Template {
        match value {
            Value::Text(text) => self.nested_template(text),
            Value::Bytes(bytes) => Template { pieces: vec![Piece::Literal(bytes.clone())] },
        }
    }

    /// The injection file of a field.
    fn field_file(&mut self, parameters: &[Parameter], span: Range<usize>) -> Option<FileId> {
        let value = value_of(parameters, "file");
        let Some(value) = value else {
            if self.options.no_default_file || self.options.files.as_ref().is_some_and(Vec::is_empty) {
                self.findings.add(
                    codes::UNKNOWN_FILE,
                    span,
                    "No injection file was specified!",
                    "a field of which file?",
                    "give the file with -inf",
                );
                return None;
            }
            return self.file_id(None, span);
        };
        let name = value.to_text();
        let place = match value {
            Value::Text(name) => name.span(0..name.as_str().len()),
            Value::Bytes(_) => span,
        };
        if name.contains('[') {
            self.findings.add(
                codes::UNKNOWN_FILE,
                place,
                format!("Invalid injection file: {name}"),
                "not one of the run's files",
                "file= is the name of a file, keywords are not expanded in it; line= may hold some",
            );
            return None;
        }
        self.check_file(&name, place.clone(), "")?;
        self.file_id(Some(name), place)
    }

    fn file_id(&mut self, name: Option<String>, span: Range<usize>) -> Option<FileId> {
        if let Some(id) = self.file_ids.get(&name) {
            return Some(*id);
        }
        let Ok(id) = FileId::try_from(self.files.len()) else {
            let message = "more than 65536 injection files";
            self.findings.add(codes::TOO_MANY, span, message, "one too many", "use fewer");
            return None;
        };
        self.files.push(name.clone());
        self.file_ids.insert(name, id);
        Some(id)
    }
}

/// The value of the first parameter of that name; `None` also if nothing is written there.
fn value_of<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a Value> {
    let found = parameters.iter().find(|parameter| parameter.name == name)?;
    Some(&found.value).filter(|value| !value.is_empty())
}
