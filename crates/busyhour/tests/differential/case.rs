//! A case file: how a scenario is run, and what may differ.
//!
//! One directive on a line, `#` starts a comment line, lines starting with `|` belong to the directive before them:
//!
//! ```text
//! role server               what the programs are; client if not given
//! transport tcp             what the peer speaks; udp if not given
//! args -m 2 -key a "b c"    added to the command line; `{files}`, `{peer}` and `{peer-b}` stand for the folder with the scenario
//!                           and the files below, and for the peer's two ports; `{media}` and `{media-end}` for the first and
//!                           the last of some ports for media, which are written `MEDIA+n` in what is compared
//! defaults none             leaves out what all clients get: one call after the other, one call in all
//! exit 1                    what both programs exit with; 0 if not given
//! file NAME                 a file beside the scenario; its lines follow, each after `| `
//! number X-Clock            lines starting with this text: each run of digits may differ
//! shape X-Date              lines starting with this text: each letter and digit may differ
//! except WHAT because WHY   not compared: `messages`, `logs`, `exit N` (what SIPp exits with) or a column of the statistics
//! peer                      what follows is the peer's script
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::peers::{Tool, Transport};
use crate::script::{self, Line, Step};

/// One scenario, how it is run and what its peer does.
pub(crate) struct Case {
    /// Name of both files.
    pub(crate) name: String,
    /// Whether the programs are servers.
    pub(crate) server: bool,
    /// What the peer speaks.
    pub(crate) transport: Transport,
    /// Arguments, placeholders included.
    pub(crate) arguments: Vec<String>,
    /// Whether clients get the usual arguments.
    pub(crate) defaults: bool,
    /// Files beside the scenario: name and text.
    pub(crate) files: Vec<(String, String)>,
    /// Starts of lines whose numbers are not compared.
    pub(crate) numbers: Vec<String>,
    /// Starts of lines whose letters and digits are not compared.
    pub(crate) shapes: Vec<String>,
    /// The peer's script.
    pub(crate) script: Vec<Step>,
    exit: i32,
    exceptions: Vec<String>,
}

impl Case {
    /// Reads a case from the folder of scenarios.
    ///
    /// # Panics
    /// If it is missing or cannot be understood.
    pub(crate) fn read(name: &str) -> Case {
        let path = folder().join(format!("{name}.case"));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (head, script) = text.split_once("\npeer\n").unwrap_or((&text, ""));
        let mut case = Case {
            name: name.to_owned(),
            server: false,
            transport: Transport::Udp,
            arguments: Vec::new(),
            defaults: true,
            files: Vec::new(),
            numbers: Vec::new(),
            shapes: Vec::new(),
            script: script::parse(script),
            exit: 0,
            exceptions: Vec::new(),
        };
        for line in script::lines(head) {
            case.directive(line);
        }
        case
    }

    /// What the program has to exit with.
    pub(crate) fn exit(&self, tool: Tool) -> i32 {
        let exception = self.exceptions.iter().find_map(|what| what.strip_prefix("exit "));
        match (tool, exception) {
            (Tool::Busyhour, _) | (_, None) => self.exit,
            (_, Some(code)) => code.parse().expect("a number after `except exit`"),
        }
    }

    /// Whether something is left out of the comparison.
    pub(crate) fn excepts(&self, what: &str) -> bool {
        self.exceptions.iter().any(|exception| exception == what)
    }

    /// Puts the scenario and its files into a folder.
    pub(crate) fn lay_out(&self, files: &Path) -> PathBuf {
        fs::create_dir_all(files).expect("make the folder of the case's files");
        for (name, text) in &self.files {
            let file = files.join(name);
            fs::create_dir_all(file.parent().unwrap_or(files)).expect("make the folder of a file");
            fs::write(&file, text).expect("write a file of the case");
        }
        let scenario = files.join(format!("{}.xml", self.name));
        fs::copy(folder().join(format!("{}.xml", self.name)), &scenario).expect("copy the scenario");
        scenario
    }

    fn directive(&mut self, line: Line<'_>) {
        let (word, rest) = line.text.split_once(' ').unwrap_or((line.text, ""));
        match word {
            "role" => self.server = rest == "server",
            "transport" => self.transport = if rest == "tcp" { Transport::Tcp } else { Transport::Udp },
            "args" => self.arguments.extend(words(rest)),
            "defaults" => self.defaults = rest != "none",
            "exit" => self.exit = rest.parse().expect("a number after `exit`"),
            "file" => {
                let text = line.attached.iter().map(|line| format!("{line}\n")).collect();
                self.files.push((rest.to_owned(), text));
            }
            "number" => self.numbers.push(rest.to_owned()),
            "shape" => self.shapes.push(rest.to_owned()),
            "except" => {
                let (what, why) =
                    rest.split_once(" because ").expect("`because` and a reason after `except`");
                assert!(!why.trim().is_empty(), "a reason after `because`");
                self.exceptions.push(what.to_owned());
            }
            _ => panic!("{}: unknown directive {:?}", self.name, line.text),
        }
    }
}

/// Where the cases are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/scenarios")
}

/// Words of a command line; double quotes keep blanks together.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut quoted = false;
    let mut word: Option<String> = None;
    for character in text.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}
