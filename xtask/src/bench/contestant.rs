//! A program that is measured, or that is the other side of a measurement.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{Outcome, because};

/// A program with SIPp's command line.
#[derive(Clone)]
pub(super) struct Contestant {
    /// What the table calls it.
    pub(super) name: &'static str,
    /// Whether it knows busyhour's own options.
    pub(super) has_workers: bool,
    program: PathBuf,
    first_words: &'static [&'static str],
}

impl Contestant {
    /// busyhour itself.
    pub(super) fn busyhour(program: PathBuf) -> Contestant {
        Contestant { name: "busyhour", has_workers: true, program, first_words: &["sipp"] }
    }

    /// SIPp, or something called like it.
    pub(super) fn sipp_like(name: &'static str, program: PathBuf) -> Contestant {
        Contestant { name, has_workers: false, program, first_words: &[] }
    }

    /// Another program in busyhour's place; it may be a busyhour that is called `sipp`.
    pub(super) fn under_test(file: &str) -> Outcome<Contestant> {
        // The agents run in a folder of their own, so the path must not depend on this one.
        let program = because(file, Path::new(file).canonicalize())?;
        let version = because(file, Command::new(&program).arg("-v").output())?;
        let has_workers = String::from_utf8_lossy(&version.stdout).contains("busyhour");
        Ok(Contestant { has_workers, ..Contestant::sipp_like("under test", program) })
    }

    /// Its command on the given cores. busyhour gets as many workers.
    pub(super) fn command(&self, cores: &[usize]) -> Command {
        let mut command = Command::new("taskset");
        let list: Vec<String> = cores.iter().map(usize::to_string).collect();
        command.args(["-c", &list.join(",")]).arg(&self.program).args(self.first_words);
        if self.has_workers {
            command.args(["-workers", &cores.len().to_string()]);
        }
        command
    }
}
