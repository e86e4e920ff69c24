//! From the XML tree to a [`Program`]: names become numbers, texts become templates, and whatever is wrong on the way
//! becomes a finding. Nothing stops at the first mistake: what cannot be read is left out and the rest is looked at.

mod action;
mod attributes;
mod claim;
mod compat;
mod declaration;
mod destination;
mod distribution;
mod ereg;
mod exec;
pub(crate) mod include;
mod injection;
mod keyword;
mod media;
mod media_use;
mod message;
mod pause;
mod receive;
mod role;
mod stanza;
mod step;
mod variables;

use std::collections::HashMap;
use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::check::timers::Timers;
use crate::check::transactions::Transactions;
use crate::diagnostic::Diagnostic;
use crate::program::{DefaultMessage, DialogSlot, FileId, Keep, MediaFile, MediaUse, Program, StepKind};
use crate::source::{INCLUDE, Source};
use crate::syntax::names;
use crate::template::Template;
use crate::xml::{self, Element, Node};
pub use compat::{Compat, Version};
use stanza::Stanza;
use variables::Variables;

/// How to load a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `-key`: keywords of the user's own and their values, which are pasted as they are and not looked at again.
    pub keys: Vec<(String, String)>,
    /// Names of the injection files of the run (`-inf`, `-rxinf`), the default one first; `None`: not known, so any name
    /// is taken for one (`busyhour check` without `-inf`).
    pub files: Option<Vec<String>>,
    /// None of those files is the default one (`-rxinf` without `-inf`), so a field must name its own.
    pub no_default_file: bool,
    /// Old ways of SIPp that are off unless asked for (`-compat`).
    pub compat: Compat,
}

/// What loading gave.
#[derive(Debug)]
pub struct Loaded {
    /// The program; `None` if and only if one of the findings is an error.
    pub program: Option<Program>,
    /// All findings, by place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles a scenario.
pub fn load(source: &Source, options: &Options) -> Loaded {
    let (root, reader_findings) = xml::parse(source.main_text());
    let mut findings = Findings::default();
    findings.extend(source.diagnostics.iter().cloned());
    findings.extend(reader_findings);
    let root = root.filter(|root| check_root(root, &mut findings));
    let Some(mut root) = root else {
        let reader_said_why = findings.has_error();
        if !reader_said_why {
            findings.add(
                codes::NO_SCENARIO,
                0..0,
                "No 'scenario' section in the file: it holds no element at all",
                "expected <scenario>",
                "a scenario is <scenario name=\"…\"> … </scenario>",
            );
        }
        let (diagnostics, _) = findings.finish();
        return Loaded { program: None, diagnostics };
    };
    include::expand(&mut root, source, &mut findings);
    let mut compiler = Compiler::new(source, options, findings, &root);
    let (main, init) = compiler.scenario(&root);
    compiler.finish(source, &root, main, init)
}

/// The state of a compilation.
pub(crate) struct Compiler<'a> {
    source: &'a Source,
    text: &'a str,
    options: &'a Options,
    findings: Findings,
    variables: Variables,
    timers: Timers,
    transactions: Transactions,
    counters: Vec<String>,
    counter_ids: HashMap<String, usize>,
    kept_headers: Vec<String>,
    keep_everything: bool,
    default_messages: Vec<(DefaultMessage, Template)>,
    call_length_borders: Vec<u32>,
    has_loss: bool,
    /// Numbers of dialogs, by slot.
    dialogs: Vec<u32>,
    dialog_slots: HashMap<u32, DialogSlot>,
    /// Injection files, by [`FileId`](crate::program::FileId).
    files: Vec<Option<String>>,
    file_ids: HashMap<Option<String>, FileId>,
    /// Media files with literal names.
    media_files: Vec<MediaFile>,
}

impl<'a> Compiler<'a> {
    fn new(source: &'a Source, options: &'a Options, findings: Findings, root: &Element) -> Compiler<'a> {
        Compiler {
            source,
            text: &source.text,
            options,
            findings,
            variables: Variables::new(root),
            timers: Timers::default(),
            transactions: Transactions::default(),
            counters: Vec::new(),
            counter_ids: HashMap::new(),
            kept_headers: Vec::new(),
            keep_everything: false,
            default_messages: Vec::new(),
            call_length_borders: Vec::new(),
            has_loss: false,
            dialogs: vec![1],
            dialog_slots: HashMap::from([(1, 0)]),
            files: Vec::new(),
            file_ids: HashMap::new(),
            media_files: Vec::new(),
        }
    }

    /// Reads all children of `<scenario>` in file order: its steps, and those of `<init>`.
    fn scenario(&mut self, root: &Element) -> (Stanza, Stanza) {
        self.check_attributes(root, &names::attributes_of("scenario"));
        let mut main = Stanza::default();
        let mut init = Stanza::default();
        for node in &root.children {
            let element = match node {
                Node::Element(element) => element,
                Node::Text { text, span } | Node::CData { text, span } => {
                    self.ignored_text(text, span.clone(), "scenario");
                    continue;
                }
            };
            match element.name.as_str() {
                "label" => self.label(element, &mut main),
                "init" => self.init(element, &mut init),
                "Global" | "User" | "Reference" => self.declaration(element),
                "DefaultMessage" => self.default_message(element),
                "ResponseTimeRepartition" | "CallLengthRepartition" => self.repartition(element),
                // One that is still here could not be read, which is reported already.
                INCLUDE => main.leave_out(),
                _ => self.step(element, &mut main),
            }
        }
        (main, init)
    }

    /// Resolves what needed the whole file, checks the whole, and builds the program if nothing was wrong.
    fn finish(mut self, source: &Source, root: &Element, main: Stanza, init: Stanza) -> Loaded {
        let empty = main.is_empty();
        // A step that could not be read is reported already; "no messages" would only confuse.
        if empty && !main.left_out() {
            self.findings.add(
                codes::NO_MESSAGES,
                root.name_span.clone(),
                "Did not find any messages inside of scenario!",
                "has no steps",
                "add at least one <send> or <recv>",
            );
        }
        let left_out = main.left_out();
        let unexpected_main = main.label("_unexp.main");
        let steps = self.close(main);
        let init = self.close(init);
        let roles = role::roles(&steps);
        if roles.is_none() && !empty && !left_out {
            self.findings.add(
                codes::NO_ROLE,
                root.name_span.clone(),
                "Unable to determine creation mode of the tool (server, client)",
                "nothing is sent or received",
                "add a <send> if it starts calls, a <recv> if it waits for them",
            );
        }
        self.timers.check(&mut self.findings);
        self.transactions.check(&mut self.findings);
        self.variables.check(&mut self.findings);

        let (diagnostics, any_error) = self.findings.finish();
        // Without an error there are steps, and one of them sends or receives.
        let Some((creation, sending)) = roles.filter(|_| !any_error) else {
            return Loaded { program: None, diagnostics };
        };
        let mut pause_p99_ms = 0u64;
        let mut default_pauses = 0;
        for step in &steps {
            if let StepKind::Pause(pause) = &step.kind {
                match pause.expected_ms() {
                    Some(ms) => pause_p99_ms = pause_p99_ms.saturating_add(ms),
                    None => default_pauses += 1,
                }
            }
        }
        let (timers, response_time_borders) = self.timers.finish();
        let unexpected_return = self.variables.get("_unexp.retaddr");
        let unexpected_paused = self.variables.get("_unexp.pausedaddr");
        let first_command = role::first_command(&steps);
        let mut program = Program {
            title: root.attribute("name").map(|name| name.value.clone()).unwrap_or_default(),
            base_name: base_name(&source.name).to_owned(),
            creation,
            sending,
            steps,
            init,
            variables: self.variables.finish(),
            timers,
            counters: self.counters,
            transactions: self.transactions.finish(),
            dialogs: self.dialogs,
            files: self.files,
            first_command,
            response_time_borders,
            call_length_borders: self.call_length_borders,
            default_messages: self.default_messages,
            keep: if self.keep_everything { Keep::Everything } else { Keep::Headers(self.kept_headers) },
            unexpected_main,
            unexpected_return,
            unexpected_paused,
            pause_p99_ms,
            default_pauses,
            media: MediaUse::default(),
            has_loss: self.has_loss,
        };
        program.media = media_use::media_use(&program, self.media_files);
        Loaded { program: Some(program), diagnostics }
    }

    /// Notes that later steps want this header of a received message.
    pub(crate) fn keep_header(&mut self, name: &str) {
        /// Kept of every message for the automatic ones.
        const ALWAYS: &[&str] = &["Via", "From", "To", "Call-ID", "CSeq"];
        /// Beyond so many it is cheaper to keep the message.
        const HEADERS_MAX: usize = 64;
        let is_name = |known: &str| known.eq_ignore_ascii_case(name);
        if self.keep_everything || ALWAYS.iter().any(|known| is_name(known)) {
            return;
        }
        if !self.kept_headers.iter().any(|known| is_name(known)) {
            self.keep_everything |= self.kept_headers.len() == HEADERS_MAX;
            self.kept_headers.push(name.to_owned());
        }
    }

    /// The range without white space around it.
    pub(crate) fn trimmed(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or("");
        let start = span.start + (text.len() - text.trim_start().len());
        start..start + text.trim().len()
    }

    /// Reports text where none is read.
    pub(crate) fn ignored_text(&mut self, text: &str, span: Range<usize>, element: &str) {
        let looks_like_attribute = text.split_once('=').is_some_and(|(name, value)| {
            let name = name.trim_end();
            name.ends_with(|c: char| c.is_alphanumeric() || c == '_')
                && value.trim_start().starts_with(['"', '\''])
        });
        let help = if looks_like_attribute {
            "attributes stand inside the start tag, in front of its >"
        } else {
            "put remarks into <!-- … -->"
        };
        self.findings.add(
            codes::TEXT_IGNORED,
            self.trimmed(span),
            format!(
                "text inside <{element}> is ignored{}",
                if looks_like_attribute { ", but it looks like an attribute" } else { "" }
            ),
            "not read",
            help,
        );
    }
}

/// True for a `<scenario>`; anything else is reported.
fn check_root(root: &Element, findings: &mut Findings) -> bool {
    if root.name == "scenario" {
        return true;
    }
    findings.add(
        codes::NO_SCENARIO,
        root.name_span.clone(),
        format!("No 'scenario' section in the file: its outermost element is <{}>", root.name),
        "expected <scenario>",
        findings.suggest(&root.name, ["scenario"], "is it a scenario file at all?"),
    );
    false
}

/// File name without folder and without a final `.xml`.
fn base_name(name: &str) -> &str {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.strip_suffix(".xml").unwrap_or(file)
}
