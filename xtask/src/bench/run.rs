//! One process of a measurement: started, watched, and read out when it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::contestant::Contestant;
use crate::workspace::{Outcome, because};

/// Clock ticks per second in `/proc/<pid>/stat`; Linux shows the same number to user space on all machines.
const TICKS_PER_S: f64 = 100.0;

/// A running agent.
pub(super) struct Run {
    child: Child,
    name: String,
    statistics: PathBuf,
    output: PathBuf,
}

/// What an agent has counted and used at its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Result {
    /// Exit code.
    pub(super) exit: i32,
    /// Calls created.
    pub(super) created: u64,
    /// Calls that failed.
    pub(super) failed: u64,
    /// CPU time, user and system, in s.
    pub(super) cpu_s: f64,
}

impl Run {
    /// Starts an agent; its files go to `folder`.
    pub(super) fn start(
        contestant: &Contestant,
        cores: &[usize],
        folder: &Path,
        role: &str,
        words: &[String],
    ) -> Outcome<Run> {
        let statistics = folder.join(format!("{role}.csv"));
        let output = folder.join(format!("{role}.out"));
        let _ = fs::remove_file(&statistics);
        let mut command: Command = contestant.command(cores);
        command.args(["-i", "127.0.0.1", "-nostdin", "-fd", "1", "-trace_stat", "-stf"]).arg(&statistics);
        let open = || because(output.display(), File::options().create(true).append(true).open(&output));
        let _ = fs::remove_file(&output);
        command.args(words).current_dir(folder).stdin(Stdio::null()).stdout(open()?).stderr(open()?);
        let child = because(contestant.name, command.spawn())?;
        Ok(Run { child, name: format!("{role} {}", contestant.name), statistics, output })
    }

    /// CPU time so far, user and system, all threads, in s.
    pub(super) fn cpu_s(&self) -> Outcome<f64> {
        Ok(stat(self.child.id())?.1)
    }

    /// Resident memory in bytes.
    pub(super) fn resident(&self) -> Outcome<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = because(&path, fs::read_to_string(&path))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kib: Option<u64> = line.split_whitespace().next().and_then(|number| number.parse().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| format!("{} has ended\n{}", self.name, self.last_words()))
    }

    /// The latest value in a column of its statistics file.
    pub(super) fn column(&self, name: &str) -> Outcome<u64> {
        let text = fs::read_to_string(&self.statistics).unwrap_or_default();
        let mut rows = text.lines().filter(|line| line.ends_with(';'));
        let (header, last) = (rows.next(), rows.next_back());
        let position = header.and_then(|header| header.split(';').position(|column| column == name));
        position
            .zip(last)
            .and_then(|(position, last)| last.split(';').nth(position)?.parse().ok())
            .ok_or_else(|| format!("{}: no {name} in its statistics\n{}", self.name, self.last_words()))
    }

    /// Everything it printed.
    pub(super) fn output(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.output).unwrap_or_default()).into_owned()
    }

    /// Whether it is still at work.
    pub(super) fn is_running(&self) -> bool {
        stat(self.child.id()).is_ok_and(|(state, _)| state != 'Z')
    }

    /// Waits for the end and reads everything out.
    pub(super) fn finish(&mut self, limit: Duration) -> Outcome<Result> {
        let deadline = Instant::now() + limit;
        // Not `wait`: the CPU time can be read only as long as the process has not been reaped.
        while self.is_running() {
            if Instant::now() > deadline {
                return Err(format!("{} is still running after {limit:?}\n{}", self.name, self.last_words()));
            }
            sleep(Duration::from_millis(5));
        }
        let cpu_s = self.cpu_s()?;
        let status = because(&self.name, self.child.wait())?;
        Ok(Result {
            exit: status.code().unwrap_or(-1),
            created: self.column("TotalCallCreated")?,
            failed: self.column("FailedCall(C)")?,
            cpu_s,
        })
    }

    /// Asks it to end at once, with its final report, and reads everything out.
    pub(super) fn interrupt(&mut self) -> Outcome<Result> {
        let _ = Command::new("kill").args(["-s", "INT", &self.child.id().to_string()]).status();
        self.finish(Duration::from_secs(30))
    }

    /// The end of what it printed, for messages.
    pub(super) fn last_words(&self) -> String {
        let text = self.output();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

/// State and CPU time (user and system, all threads, in s) of a process, from `/proc/<pid>/stat`. They can be read until
/// the process is reaped; a process that has ended and waits for that is in state `Z`.
pub(super) fn stat(process: u32) -> Outcome<(char, f64)> {
    let path = format!("/proc/{process}/stat");
    let text = because(&path, fs::read_to_string(&path))?;
    // The name in the second field may hold blanks; it ends with the last bracket.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let state = fields.first().and_then(|field| field.chars().next());
    match (state, number(11), number(12)) {
        (Some(state), Some(user), Some(system)) => Ok((state, (user + system) / TICKS_PER_S)),
        _ => Err(format!("{path} cannot be understood: {text}")),
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
