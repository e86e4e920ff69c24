//! One case through both programs, and the comparison of what they did.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::case::Case;
use crate::common_form::CommonForm;
use crate::peer::{Peer, Record};
use crate::peers::{Agent, Tool, Transport, free_port, wait_until_bound};
use crate::statistics::Statistics;

/// Longest that a program may take to end after the peer's script.
const END: Duration = Duration::from_secs(20);

/// Exit code of a program whose port is taken (spec-cli §4).
const PORT_TAKEN: i32 = 254;

/// What one program did.
struct Outcome {
    /// Messages at the peer's two ports, call by call, in common form.
    messages: [Vec<String>; 2],
    exit: i32,
    statistics: Option<Statistics>,
    logs: Vec<String>,
    told: String,
}

/// Runs a case through both programs at the same time and compares.
///
/// # Panics
/// If they differ.
pub(crate) fn compare(name: &str) {
    let case = Case::read(name);
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (own, reference) = thread::scope(|scope| {
        let reference = scope.spawn(|| run(&case, Tool::Sipp38, &folder.path().join("sipp")));
        let own = run(&case, Tool::Busyhour, &folder.path().join("busyhour"));
        (own, reference.join())
    });
    let reference = reference.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let told = format!("\nSIPp:\n{}\nbusyhour:\n{}", reference.told, own.told);
    if !case.excepts("messages") {
        for (own, reference) in own.messages.iter().zip(&reference.messages) {
            assert_same(own, reference, "message", &told);
        }
    }
    if !case.excepts("logs") {
        assert_same(&own.logs, &reference.logs, "log line", &told);
    }
    assert_eq!(reference.exit, case.exit(Tool::Sipp38), "exit code of SIPp{told}");
    assert_eq!(own.exit, case.exit(Tool::Busyhour), "exit code of busyhour{told}");
    if let (Some(own), Some(reference)) = (own.statistics, reference.statistics) {
        assert_eq!(own.columns, reference.columns, "columns of the statistics file{told}");
        for (column, expected) in &reference.counts {
            let found = &own.counts[column];
            assert!(
                case.excepts(column) || found == expected,
                "{column}: SIPp {expected}, busyhour {found}{told}"
            );
        }
    }
}

fn assert_same(own: &[String], reference: &[String], what: &str, told: &str) {
    for (position, (own, reference)) in own.iter().zip(reference).enumerate() {
        assert!(
            own == reference,
            "{what} {position} differs; SIPp:\n{}\n--- busyhour:\n{}{told}",
            visible(reference),
            visible(own)
        );
    }
    let count = own.len().min(reference.len());
    assert!(own.len() == count, "{what}s only of busyhour:\n{}{told}", visible(&own[count..].join("\n")));
    assert!(
        reference.len() == count,
        "{what}s only of SIPp:\n{}{told}",
        visible(&reference[count..].join("\n"))
    );
}

/// Shows what a terminal hides: each CR LF is a line end, other control characters are escaped.
fn visible(text: &str) -> String {
    let lines =
        text.split("\r\n").map(|line| line.replace('\n', "\\n\n").replace('\t', "\\t").replace('\r', "\\r"));
    lines.collect::<Vec<String>>().join("\n")
}

fn run(case: &Case, tool: Tool, folder: &Path) -> Outcome {
    let files = folder.join("files");
    let scenario = case.lay_out(&files);
    let logs = folder.join("logs.log");
    let mut peer = Peer::new(case, tool);
    let arguments = arguments(case, &scenario, &files, &logs, &peer);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut agent = if case.server {
        Agent::server(folder, tool, case.transport, &arguments)
    } else {
        client(case, tool, folder, &arguments, peer.links[0].port)
    };
    if case.server {
        peer.connect(agent.port);
    }
    peer.play(&case.script, &mut agent.process);
    if case.server
        && !case.arguments.iter().any(|argument| argument == "-m")
        && agent.process.ended().is_none()
    {
        agent.process.signal("USR1");
    }
    peer.drain(&mut agent.process, END);
    let exit = agent.process.wait(END).code().unwrap_or(-1);
    let form = CommonForm::new(case, agent.process.id(), agent.port, &peer);
    let messages: [Vec<String>; 2] = peer.records.each_ref().map(|records| by_call(records, &form));
    let logs = read_logs(&logs, &scenario, &form, &agent);
    println!(
        "==== {tool:?} sent:\n{}",
        messages.each_ref().map(|link| link.join("\n")).join("\n==== to the second port:\n")
    );
    println!("==== {tool:?} logged:\n{}", logs.join("\n"));
    Outcome {
        messages,
        exit,
        statistics: (!case.excepts("statistics")).then(|| Statistics::read(&agent.statistics())),
        logs,
        told: agent.process.logs(),
    }
}

/// Starts a client on a port of the kernel's choice. Left to themselves all would try the same one.
fn client(case: &Case, tool: Tool, folder: &Path, arguments: &[&str], peer: u16) -> Agent {
    if case.arguments.windows(2).any(|two| two[0] == "-t" && two[1].ends_with('n')) {
        return Agent::client(folder, tool, peer, arguments);
    }
    for attempt in 0..5 {
        let port = free_port();
        let own = port.to_string();
        let arguments = [arguments, &["-p", &own]].concat();
        let mut agent = Agent::client(&folder.join(attempt.to_string()), tool, peer, &arguments);
        let tcp = case.transport == Transport::Tcp;
        if tcp || wait_until_bound(&mut agent.process, case.transport, port) {
            return agent;
        }
        let status = agent.process.wait(END);
        assert_eq!(status.code(), Some(PORT_TAKEN), "{tool:?} ended with {status}\n{}", agent.process.logs());
    }
    panic!("five ports in a row were taken by others");
}

/// The messages call by call, in order within each: only that order is promised.
fn by_call(records: &[Record], form: &CommonForm<'_>) -> Vec<String> {
    let mut messages: Vec<(String, String)> =
        records.iter().map(|record| (form.of(&record.call_id), form.of(&record.text))).collect();
    messages.sort_by(|(one, _), (other, _)| one.cmp(other));
    messages.into_iter().map(|(_, message)| message).collect()
}

fn arguments(case: &Case, scenario: &Path, files: &Path, logs: &Path, peer: &Peer) -> Vec<String> {
    let mut arguments: Vec<String> = vec!["-sf".into(), text(scenario)];
    arguments.extend(["-trace_logs".into(), "-log_file".into(), text(logs)]);
    if !case.server && case.defaults {
        arguments.extend(["-m", "1", "-l", "1", "-r", "100"].map(str::to_owned));
    }
    if case.transport == Transport::Tcp && !case.arguments.iter().any(|argument| argument == "-t") {
        arguments.extend(["-t", "t1"].map(str::to_owned));
    }
    arguments.extend(case.arguments.iter().map(|argument| {
        argument
            .replace("{files}", &text(files))
            .replace("{peer}", &peer.links[0].port.to_string())
            .replace("{peer-b}", &peer.links[1].port.to_string())
            .replace("{media}", &peer.media.first.to_string())
            .replace("{media-end}", &peer.media.last.to_string())
    }));
    arguments
}

/// The lines of the log, which must not be empty if the scenario logs.
fn read_logs(logs: &PathBuf, scenario: &Path, form: &CommonForm<'_>, agent: &Agent) -> Vec<String> {
    let scenario = fs::read_to_string(scenario).unwrap_or_default();
    let bytes = fs::read(logs).unwrap_or_default();
    let lines: Vec<String> =
        String::from_utf8_lossy(&bytes).split_terminator('\n').map(|line| form.of(line)).collect();
    assert!(!scenario.contains("<log ") || !lines.is_empty(), "nothing was logged\n{}", agent.process.logs());
    lines
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
