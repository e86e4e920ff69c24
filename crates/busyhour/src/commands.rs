//! Shell commands that scenarios start (`exec command=`): run beside the calls, never waited for, bounded in number.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};

/// Most commands that run at a time in a run; a further one is refused and counted.
pub(crate) const RUNNING_MAX: usize = 512;

/// The commands of a run.
#[derive(Debug)]
pub(crate) struct Commands {
    running: Vec<Child>,
    running_max: usize,
    /// Commands that ended with another status than 0, or by a signal.
    pub(crate) failed: u64,
    /// Commands that could not be started, or were too many.
    pub(crate) not_started: u64,
}

impl Commands {
    /// No command yet, and never more than so many at a time.
    pub(crate) fn new(running_max: usize) -> Commands {
        Commands { running: Vec::new(), running_max, failed: 0, not_started: 0 }
    }

    /// Starts `command` with `sh -c`. It has no standard input and shares the other two with us.
    pub(crate) fn start(&mut self, command: &[u8]) {
        self.reap();
        if self.running.len() >= self.running_max {
            self.not_started += 1;
            return;
        }
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(OsStr::from_bytes(command))
            .stdin(Stdio::null())
            .env_remove(crate::background::MARKER)
            .spawn();
        match child {
            Ok(child) => self.running.push(child),
            Err(_) => self.not_started += 1,
        }
    }

    /// Takes note of those that have ended.
    pub(crate) fn reap(&mut self) {
        let failed = &mut self.failed;
        self.running.retain_mut(|child| match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                *failed += u64::from(!status.success());
                false
            }
            // Somebody else has waited for it: nothing more is to be learned.
            Err(_) => false,
        });
    }

    /// One line about what went wrong, if anything did.
    pub(crate) fn trouble(&self) -> Option<String> {
        let (failed, not_started) = (self.failed, self.not_started);
        (failed + not_started > 0).then(|| {
            format!("exec command: {failed} ended with an error, {not_started} could not be started.")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn failures_are_counted() {
        let mut commands = Commands::new(3);
        commands.start(b"exit 0");
        commands.start(b"exit 3");
        commands.start(b"nul \0 byte");
        wait(&mut commands);
        assert_eq!((commands.failed, commands.not_started), (1, 1));
        assert!(commands.trouble().is_some());
    }

    #[test]
    fn their_number_is_bounded() {
        let mut commands = Commands::new(2);
        for _ in 0..5 {
            commands.start(b"sleep 1");
        }
        assert_eq!((commands.running.len(), commands.not_started), (2, 3));
        wait(&mut commands);
        commands.start(b"exit 0");
        assert_eq!(commands.not_started, 3);
        wait(&mut commands);
    }

    fn wait(commands: &mut Commands) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !commands.running.is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            commands.reap();
        }
    }
}
