//! Two programs in a call with media, each with media ports of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use busyhour_media::generate::example_file;

use crate::peers::{Agent, Counts, Ports, Tool, Transport};

/// Longest that both sides of a test may take.
const END: Duration = Duration::from_secs(60);

/// The folder of a test: scenarios, sounds and captures in it are found by their names.
pub(super) struct Stage {
    folder: tempfile::TempDir,
}

/// A program and what it is given.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// Which program.
    pub(super) tool: Tool,
    /// Its scenario as text, or the name of one it has.
    pub(super) scenario: Scenario,
    /// Further options.
    pub(super) options: Vec<String>,
    /// Its media ports.
    pub(super) ports: Ports,
}

/// Where a scenario comes from.
#[derive(Debug, Clone)]
pub(super) enum Scenario {
    /// Written for the test.
    Text(String),
    /// Built in.
    Named(&'static str),
}

/// A call that is over.
pub(super) struct Played {
    /// Who called.
    pub(super) caller: Ended,
    /// Who answered.
    pub(super) callee: Ended,
    /// What both wrote.
    pub(super) logs: String,
}

/// A program that is over.
pub(super) struct Ended {
    /// The program.
    pub(super) agent: Agent,
    /// What it counted.
    pub(super) counts: Counts,
    /// Lines of its log of actions.
    pub(super) logged: Vec<String>,
    /// Its log of errors and warnings.
    pub(super) errors: String,
}

impl Part {
    /// A program with a scenario of the test.
    pub(super) fn new(tool: Tool, scenario: String, options: &str) -> Part {
        Part::with(tool, Scenario::Text(scenario), options)
    }

    /// A program with a scenario of its own.
    pub(super) fn named(tool: Tool, scenario: &'static str, options: &str) -> Part {
        Part::with(tool, Scenario::Named(scenario), options)
    }

    fn with(tool: Tool, scenario: Scenario, options: &str) -> Part {
        let options = options.split_whitespace().map(str::to_owned).collect();
        Part { tool, scenario, options, ports: Ports::take() }
    }
}

impl Stage {
    /// A folder with these example files.
    ///
    /// # Panics
    /// If there is no such example.
    pub(super) fn with(examples: &[&str]) -> Stage {
        let stage = Stage { folder: tempfile::tempdir().expect("make a temporary folder") };
        for name in examples {
            let bytes = example_file(name.rsplit('/').next().unwrap_or(name));
            stage.write(name, &bytes.unwrap_or_else(|| panic!("{name} is no example")));
        }
        stage
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file there.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap_or(self.folder())).expect("make a folder of the test");
        fs::write(path, bytes).expect("write a file of the test");
    }

    /// The path of a file.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }

    /// Starts the side that answers; it ends after so many calls.
    pub(super) fn start_callee(&self, part: &Part, calls: u64) -> Agent {
        let arguments = self.arguments("callee", part, calls);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Agent::server(&self.folder().join("callee"), part.tool, Transport::Udp, &arguments)
    }

    /// Starts the side that calls `port`.
    pub(super) fn start_caller(&self, part: &Part, port: u16, calls: u64) -> Agent {
        let arguments = self.arguments("caller", part, calls);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Agent::client(&self.folder().join("caller"), part.tool, port, &arguments)
    }

    /// Lets one call the other, and waits for both.
    pub(super) fn play(&self, caller: &Part, callee: &Part, calls: u64) -> Played {
        let callee = self.start_callee(callee, calls);
        let caller = self.start_caller(caller, callee.port, calls);
        self.finish(caller, callee)
    }

    /// Waits for both sides.
    pub(super) fn finish(&self, caller: Agent, callee: Agent) -> Played {
        let (caller, callee) = (self.end("caller", caller), self.end("callee", callee));
        let logs = caller.agent.process.logs() + &callee.agent.process.logs();
        Played { caller, callee, logs }
    }

    /// Waits for one side.
    pub(super) fn end(&self, role: &str, mut agent: Agent) -> Ended {
        let counts = agent.finish(END);
        let logged = fs::read_to_string(self.log(role)).unwrap_or_default();
        let errors = agent.process.file("errors.log");
        Ended { agent, counts, logged: logged.lines().map(str::to_owned).collect(), errors }
    }

    fn log(&self, role: &str) -> PathBuf {
        self.folder().join(format!("{role}.actions"))
    }

    fn arguments(&self, role: &str, part: &Part, calls: u64) -> Vec<String> {
        let mut arguments = match &part.scenario {
            Scenario::Named(name) => vec!["-sn".to_owned(), (*name).to_owned()],
            Scenario::Text(text) => {
                let name = format!("{role}.xml");
                self.write(&name, text.as_bytes());
                vec!["-sf".to_owned(), self.path(&name)]
            }
        };
        let (first, last) = (part.ports.first.to_string(), part.ports.last.to_string());
        let log = self.log(role).display().to_string();
        arguments.extend(
            [
                "-m",
                &calls.to_string(),
                "-timeout",
                "50s",
                "-min_rtp_port",
                &first,
                "-max_rtp_port",
                &last,
                "-trace_logs",
                "-log_file",
                &log,
                "-timeout_error",
            ]
            .map(str::to_owned),
        );
        arguments.extend(part.options.iter().map(|option| option.replace("{folder}", &self.path(""))));
        arguments
    }
}

impl Played {
    /// That all calls went well on both sides.
    pub(super) fn assert_well(&self, calls: u64) -> &Played {
        assert_eq!(self.caller.counts, Counts::all_well(calls), "the caller\n{}", self.logs);
        assert_eq!(self.callee.counts, Counts::all_well(calls), "the callee\n{}", self.logs);
        self
    }
}
