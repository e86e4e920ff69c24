//! `-bg`: the program starts itself again, detached from the terminal's streams, and says the new process's number.
//!
//! SIPp forks. Forking needs `unsafe` and loses all threads but one, so we start our own executable with the same
//! words; an environment variable tells the new process that it is the one that runs.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Set in the new process.
pub(crate) const MARKER: &str = "BUSYHOUR_IN_BACKGROUND";

/// True in the process that [`start`] made.
pub(crate) fn is_here() -> bool {
    std::env::var_os(MARKER).is_some()
}

/// Starts this program again with the same words and nothing on its standard streams. Returns its process number.
///
/// # Errors
/// When the executable can't be found or started.
pub(crate) fn start() -> std::io::Result<u32> {
    let mut words = std::env::args_os();
    let name = words.next().unwrap_or_else(|| OsString::from("busyhour"));
    let child = Command::new(std::env::current_exe()?)
        .arg0(name)
        .args(words)
        .env(MARKER, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(child.id())
}
