//! Shell commands of scenarios (`exec command=`, `exec verify=`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use busyhour_engine::transport::CommandEnd;

use super::ErrandCounters;

/// Runs commands and counts them.
#[derive(Debug)]
pub(super) struct Commands {
    hidden_environment: Vec<String>,
    run: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    /// Commands that nobody waits for and that have not been started yet.
    unstarted: AtomicUsize,
}

impl Commands {
    pub(super) fn new(hidden_environment: Vec<String>) -> Commands {
        Commands {
            hidden_environment,
            run: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            unstarted: AtomicUsize::new(0),
        }
    }

    /// Runs `command` with `sh -c` to its end. It has no standard input, and shares the other two with us. `is_waited_for`
    /// is false for one that [`Commands::expect_start`] has announced.
    pub(super) fn run(&self, command: &[u8], is_waited_for: bool) -> CommandEnd {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(OsStr::from_bytes(command)).stdin(Stdio::null());
        for name in &self.hidden_environment {
            shell.env_remove(name);
        }
        let child = shell.spawn();
        if !is_waited_for {
            self.cancel_start();
        }
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                self.refuse();
                return CommandEnd::NotStarted(error.to_string());
            }
        };
        self.run.fetch_add(1, Relaxed);
        let end = match child.wait() {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(status), _) => CommandEnd::Exited(status),
                (None, signal) => CommandEnd::Killed(signal.unwrap_or(0)),
            },
            Err(error) => CommandEnd::NotStarted(error.to_string()),
        };
        if end != CommandEnd::Exited(0) {
            self.failed.fetch_add(1, Relaxed);
        }
        end
    }

    /// A command that nobody waits for is on its way to [`Commands::run`].
    pub(super) fn expect_start(&self) {
        self.unstarted.fetch_add(1, Relaxed);
    }

    /// It has been started, or never will be.
    pub(super) fn cancel_start(&self) {
        self.unstarted.fetch_sub(1, Relaxed);
    }

    /// How many are on their way.
    pub(super) fn unstarted(&self) -> usize {
        self.unstarted.load(Relaxed)
    }

    /// Counts an errand that nobody does.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn counters(&self) -> ErrandCounters {
        ErrandCounters {
            commands_run: self.run.load(Relaxed),
            commands_failed: self.failed.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_say_how_they_ended() {
        let commands = Commands::new(vec!["PATH".to_owned()]);
        let run = |command: &str| commands.run(command.as_bytes(), true);
        assert_eq!(run("exit 0"), CommandEnd::Exited(0));
        assert_eq!(run("exit 3"), CommandEnd::Exited(3));
        assert_eq!(run("/no/such/command 2> /dev/null"), CommandEnd::Exited(127));
        assert_eq!(run("kill -9 $$"), CommandEnd::Killed(9));
        assert!(matches!(run("nul \0 byte"), CommandEnd::NotStarted(_)));
        assert_eq!(run("! env | grep -q '^CARGO_MANIFEST_DIR=x'"), CommandEnd::Exited(0));
        let counters = ErrandCounters { commands_run: 5, commands_failed: 3, refused: 1 };
        assert_eq!(commands.counters(), counters);
    }

    #[test]
    fn a_hidden_variable_is_not_seen() {
        let commands = Commands::new(vec!["CARGO_MANIFEST_DIR".to_owned()]);
        assert_eq!(commands.run(b"[ -z \"$CARGO_MANIFEST_DIR\" ]", true), CommandEnd::Exited(0));
        let commands = Commands::new(Vec::new());
        assert_eq!(commands.run(b"[ -n \"$CARGO_MANIFEST_DIR\" ]", true), CommandEnd::Exited(0));
    }
}
