//! Runs the program under test.

use std::ffi::OsStr;
use std::io::Read;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longest time any of these programs may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit status; -1 if a signal ended it.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// A program that runs. It is killed when dropped.
#[derive(Debug)]
pub(crate) struct Running(Child);

/// Runs `busyhour WORDS` to its end in an empty folder.
pub(crate) fn busyhour<W: AsRef<OsStr>>(words: &[W]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    busyhour_in(folder.path(), words)
}

/// Runs `busyhour WORDS` to its end in this folder.
pub(crate) fn busyhour_in<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Outcome {
    start_in(folder, words).wait()
}

/// Runs `busyhour sipp LINE` to its end in an empty folder; the line is split at blanks.
pub(crate) fn sipp(line: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    sipp_in(folder.path(), line)
}

/// Runs `busyhour sipp LINE` to its end in this folder.
pub(crate) fn sipp_in(folder: &Path, line: &str) -> Outcome {
    start_sipp_in(folder, line).wait()
}

/// Starts `busyhour sipp LINE` in this folder.
pub(crate) fn start_sipp_in(folder: &Path, line: &str) -> Running {
    let words: Vec<&str> = std::iter::once("sipp").chain(line.split_whitespace()).collect();
    start_in(folder, &words)
}

/// Starts `busyhour WORDS` in this folder.
pub(crate) fn start_in<W: AsRef<OsStr>>(folder: &Path, words: &[W]) -> Running {
    start(Command::new(env!("CARGO_BIN_EXE_busyhour")).args(words).current_dir(folder))
}

/// Starts a program.
pub(crate) fn start(command: &mut Command) -> Running {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    Running(child)
}

impl Running {
    /// Process number.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal by its name, like `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Outcome {
        let reader = |pipe: Option<Box<dyn Read + Send>>| {
            let mut pipe = pipe.unwrap();
            std::thread::spawn(move || {
                let mut text = Vec::new();
                pipe.read_to_end(&mut text).unwrap();
                String::from_utf8_lossy(&text).into_owned()
            })
        };
        let stdout = reader(self.0.stdout.take().map(|pipe| Box::new(pipe) as _));
        let stderr = reader(self.0.stderr.take().map(|pipe| Box::new(pipe) as _));
        let status = self.ended(PATIENCE);
        let (stdout, stderr) = (stdout.join().unwrap(), stderr.join().unwrap());
        Outcome { status: status.code().unwrap_or(-1), stdout, stderr }
    }

    fn ended(&mut self, patience: Duration) -> ExitStatus {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > deadline {
                self.0.kill().unwrap();
                panic!("not ended after {patience:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A UDP port of 127.0.0.1 that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A UDP port of 127.0.0.1 where nobody answers, and which nobody else gets while the socket lives: a connected socket
/// takes messages of its peer only, so the kernel refuses all others.
pub(crate) fn closed_port() -> (UdpSocket, u16) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

/// Waits until somebody has this UDP port of 127.0.0.1.
pub(crate) fn wait_for_port(port: u16) {
    wait_until(|| UdpSocket::bind(("127.0.0.1", port)).is_err());
}

/// Waits until something holds.
pub(crate) fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}
