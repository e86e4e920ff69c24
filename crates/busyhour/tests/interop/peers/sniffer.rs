//! tshark, which writes down what passes over loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Process, SOON, peer};

/// Time without anything new after which all that passed has been written.
const WRITTEN: Duration = Duration::from_millis(700);

/// A running capture.
pub(crate) struct Sniffer {
    process: Process,
    file: PathBuf,
}

impl Sniffer {
    /// Starts to capture what passes this filter, and waits until it does.
    ///
    /// # Panics
    /// If it does not start.
    pub(crate) fn start(folder: &Path, filter: &str) -> Sniffer {
        let file = folder.join("capture.pcapng");
        let mut command = Command::new(peer("tshark"));
        command.args(["-n", "-i", "lo", "-f", filter, "-w"]).arg(&file);
        let process = Process::start("tshark", &folder.join("tshark"), command);
        let deadline = Instant::now() + SOON;
        while !process.logs().contains("Capture started") && !process.logs().contains("Capturing on") {
            assert!(Instant::now() < deadline, "tshark does not start\n{}", process.logs());
            sleep(Duration::from_millis(20));
        }
        // It says so just before it begins: wait until the file has its header.
        while fs::metadata(&file).map_or(0, |metadata| metadata.len()) == 0 {
            assert!(Instant::now() < deadline, "tshark writes nothing\n{}", process.logs());
            sleep(Duration::from_millis(20));
        }
        Sniffer { process, file }
    }

    /// Ends the capture. Its file.
    pub(crate) fn stop(mut self) -> PathBuf {
        // The capture is written in blocks a little later: it is whole when it has not grown for a while.
        let deadline = Instant::now() + SOON;
        let length = || fs::metadata(&self.file).map_or(0, |metadata| metadata.len());
        let mut before = 0;
        while before < length() && Instant::now() < deadline {
            before = length();
            sleep(WRITTEN);
        }
        self.process.signal("INT");
        self.process.wait(SOON);
        self.file
    }
}

/// What tshark prints of a capture when it is asked so.
///
/// # Panics
/// If it cannot read the capture.
pub(crate) fn read_capture(file: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(peer("tshark"));
    command.arg("-n").arg("-r").arg(file).args(arguments);
    let output = command.output().expect("start tshark");
    assert!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
