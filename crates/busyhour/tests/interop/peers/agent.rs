//! A SIPp-like program in one of its two roles, and what it counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Process, SOON, Tool, Transport, free_port, wait_until_bound};

/// Exit code of a program whose port is taken (spec-cli §4).
const PORT_TAKEN: i32 = 254;

/// One running user agent.
pub(crate) struct Agent {
    /// The program.
    pub(crate) process: Process,
    /// Its SIP port; for a client 0, as it finds its own.
    pub(crate) port: u16,
    statistics: PathBuf,
}

/// Totals of a finished agent, from the last row of its statistics file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Exit code; -1 if a signal ended it.
    pub(crate) exit: i32,
    /// `TotalCallCreated`.
    pub(crate) created: u64,
    /// `SuccessfulCall(C)`.
    pub(crate) successful: u64,
    /// `FailedCall(C)`.
    pub(crate) failed: u64,
}

impl Counts {
    /// A run in which all of `calls` calls succeeded.
    pub(crate) fn all_well(calls: u64) -> Counts {
        Counts { exit: 0, created: calls, successful: calls, failed: 0 }
    }
}

impl Agent {
    /// Starts a server on a port of the kernel's choice and waits until it listens.
    pub(crate) fn server(folder: &Path, tool: Tool, transport: Transport, arguments: &[&str]) -> Agent {
        for attempt in 0..5 {
            let port = free_port();
            let folder = folder.join(format!("server-{attempt}"));
            let (mut command, statistics) = prepare(tool, &folder);
            command.args(["-p", &port.to_string()]).args(arguments);
            let mut process = Process::start(&format!("server {tool:?}"), &folder, command);
            if wait_until_bound(&mut process, transport, port) {
                return Agent { process, port, statistics };
            }
            let status = process.wait(Duration::from_secs(1));
            assert_eq!(status.code(), Some(PORT_TAKEN), "server ended with {status}\n{}", process.logs());
        }
        panic!("five ports in a row were taken by others");
    }

    /// Starts a client that calls `port`.
    pub(crate) fn client(folder: &Path, tool: Tool, port: u16, arguments: &[&str]) -> Agent {
        let folder = folder.join("client");
        let (mut command, statistics) = prepare(tool, &folder);
        command.arg(format!("127.0.0.1:{port}")).args(arguments);
        Agent { process: Process::start(&format!("client {tool:?}"), &folder, command), port: 0, statistics }
    }

    /// Waits for the end and reads the totals.
    ///
    /// # Panics
    /// If it does not end in time, or wrote no statistics.
    pub(crate) fn finish(&mut self, limit: Duration) -> Counts {
        let status = self.process.wait(limit);
        Counts {
            exit: status.code().unwrap_or(-1),
            created: self.total("TotalCallCreated"),
            successful: self.total("SuccessfulCall(C)"),
            failed: self.total("FailedCall(C)"),
        }
    }

    /// Waits until a column of the statistics, which are written each second, has come to so many.
    ///
    /// # Panics
    /// If it does not in time.
    pub(crate) fn wait_for(&self, column: &str, least: u64) {
        let deadline = Instant::now() + SOON;
        while self.cell(column).and_then(|cell| cell.parse().ok()).unwrap_or(0) < least {
            assert!(Instant::now() < deadline, "{column} does not come to {least}\n{}", self.process.logs());
            sleep(Duration::from_millis(50));
        }
    }

    /// A count from the part about media of busyhour's last report.
    ///
    /// # Panics
    /// If there is none by that name.
    pub(crate) fn media_total(&self, name: &str) -> u64 {
        let report = self.process.stdout();
        // `  RTP packets sent                               5 010   90.9/s`
        let line = report.lines().rev().find_map(|line| line.trim_start().strip_prefix(name));
        let number = line.and_then(|rest| rest.trim_start().split("  ").next());
        let digits = number.map(|text| text.replace(|letter: char| !letter.is_ascii_digit(), ""));
        digits
            .and_then(|digits| digits.parse().ok())
            .unwrap_or_else(|| panic!("no number of {name}: {line:?}\n{}", self.process.logs()))
    }

    /// The statistics file as it is now; empty if there is none.
    pub(crate) fn statistics(&self) -> String {
        fs::read_to_string(&self.statistics).unwrap_or_default()
    }

    /// A column of the last row of the statistics file.
    ///
    /// # Panics
    /// If there is no such number.
    pub(crate) fn total(&self, column: &str) -> u64 {
        let cell = self.cell(column);
        cell.as_deref()
            .and_then(|cell| cell.parse().ok())
            .unwrap_or_else(|| panic!("no number in column {column}: {cell:?}\n{}", self.process.logs()))
    }

    /// What stands in a column of the last row of the statistics file; `None` if there is no row.
    fn cell(&self, column: &str) -> Option<String> {
        let text = self.statistics();
        // A row that is being written has no end yet.
        let whole = &text[..text.rfind('\n')?];
        let mut rows = whole.lines().filter(|line| !line.is_empty());
        let (header, last) = (rows.next()?, rows.next_back()?);
        let position = header.split(';').position(|name| name == column)?;
        last.split(';').nth(position).map(str::to_owned)
    }
}

/// The program with what every agent is given.
fn prepare(tool: Tool, folder: &Path) -> (Command, PathBuf) {
    let statistics = folder.join("statistics.csv");
    let mut command = tool.command();
    command.args(["-i", "127.0.0.1", "-nostdin", "-fd", "1", "-trace_stat", "-stf"]).arg(&statistics);
    command.args(["-trace_err", "-error_file"]).arg(folder.join("errors.log"));
    (command, statistics)
}
