//! A program that is measured, or that is the other side of a measurement.

use std::path::PathBuf;
use std::process::Command;

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
