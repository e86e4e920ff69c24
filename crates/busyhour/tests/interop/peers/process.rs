//! A child process whose output goes to files and that never outlives its test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Lines of a log that a failed test shows.
const LINES_SHOWN: usize = 30;

/// A running program. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    name: String,
    folder: PathBuf,
}

impl Process {
    /// Starts a program with `folder` as its working directory and home of its output, which is made if needed.
    pub(crate) fn start(name: &str, folder: &Path, mut command: Command) -> Process {
        fs::create_dir_all(folder).expect("make the process's folder");
        let output = |suffix: &str| File::create(folder.join(suffix)).expect("make a log file");
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Process { child, name: name.to_owned(), folder: folder.to_owned() }
    }

    /// What the test calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its process id. The programs are started by `exec`, so it is the program's own.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("ask for the child's state")
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// With the end of its logs, if it is still running after `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "{} is still running after {limit:?}\n{}",
                self.name,
                self.logs()
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by its name (`INT`, `TERM`, `USR1`, …).
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "cannot signal {}", self.name);
    }

    /// What it has written to standard output so far.
    pub(crate) fn stdout(&self) -> String {
        read(&self.folder.join("stdout"))
    }

    /// A file in its folder as it is now; empty if there is none.
    pub(crate) fn file(&self, name: &str) -> String {
        read(&self.folder.join(name))
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = read(Path::new(&format!("/proc/{}/status", self.id())));
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// The end of everything in its folder that looks like a log, for the message of a failed test.
    pub(crate) fn logs(&self) -> String {
        let mut text = format!("--- {} in {}\n", self.name, self.folder.display());
        let mut files: Vec<PathBuf> = fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_none_or(|extension| extension == "log"))
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        for file in files {
            let content = read(&file);
            let lines: Vec<&str> = content.lines().filter(|line| !line.trim().is_empty()).collect();
            if lines.is_empty() {
                continue;
            }
            text.push_str(&format!("--- {}\n", file.file_name().unwrap_or_default().display()));
            for line in &lines[lines.len().saturating_sub(LINES_SHOWN)..] {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if std::thread::panicking() {
            // The test's own message may tell only of the other side.
            eprintln!("still running when the test failed:\n{}", self.logs());
        }
        // Softly first: Kamailio and Asterisk have processes and files of their own to clean up.
        let _ = Command::new("kill").args(["-s", "TERM", &self.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
