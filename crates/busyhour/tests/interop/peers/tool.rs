//! The programs, by role.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A program with SIPp's command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// busyhour, or what `BUSYHOUR_UNDER_TEST` names.
    Busyhour,
    /// SIPp 3.8 from Debian sid.
    Sipp38,
    /// SIPp 3.6 from Debian bookworm.
    Sipp36,
}

impl Tool {
    /// The program, ready for SIPp's options.
    pub(crate) fn command(self) -> Command {
        match self {
            Tool::Busyhour => match std::env::var_os("BUSYHOUR_UNDER_TEST") {
                Some(other) => Command::new(other),
                None => {
                    let mut command = Command::new(env!("CARGO_BIN_EXE_busyhour"));
                    command.arg("sipp");
                    command
                }
            },
            Tool::Sipp38 => Command::new(peer("sipp-3.8")),
            Tool::Sipp36 => Command::new(peer("sipp-3.6")),
        }
    }
}

/// Whether another program stands in for busyhour. What only busyhour promises cannot be checked then.
pub(crate) fn subject_is_replaced() -> bool {
    std::env::var_os("BUSYHOUR_UNDER_TEST").is_some()
}

/// A real peer's program.
///
/// # Panics
/// If `cargo xtask peers` has not been run.
pub(crate) fn peer(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers/bin").join(name);
    assert!(path.exists(), "{} is missing: run `cargo xtask peers` first", path.display());
    path
}

/// A scenario file of the interop tests.
pub(crate) fn scenario(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/scenarios").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    path.display().to_string()
}

/// A scenario file of the interop tests with other words in some places, written into `folder`.
///
/// # Panics
/// If a word is not there, so that a changed file cannot make a test mean less.
pub(crate) fn scenario_with(folder: &Path, name: &str, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(scenario(name)).expect("read the scenario");
    for (from, to) in changes {
        assert!(text.contains(from), "{name} has no `{from}`");
        text = text.replace(from, to);
    }
    let path = folder.join(name);
    std::fs::write(&path, text).expect("write the scenario");
    path.display().to_string()
}
