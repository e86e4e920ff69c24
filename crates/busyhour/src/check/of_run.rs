//! What a run gives to its scenarios, as far as it matters for reading them.

use std::path::PathBuf;

use busyhour_engine::injection::base_name;
use busyhour_scenario::Options;
use clap::Args;

/// What the run will have.
#[derive(Debug, Default, Args)]
pub(crate) struct OfRun {
    /// Injection file of the run; repeat it for several. Without it, any name is taken for one
    #[arg(long, value_name = "FILE")]
    pub(super) inf: Vec<PathBuf>,
    /// Keyword of the run that has its value from -key; repeat it for several
    #[arg(long, value_name = "NAME[=VALUE]")]
    key: Vec<String>,
}

impl OfRun {
    /// The same for the compiler of scenarios. A keyword without value has its name for one.
    pub(crate) fn options(&self) -> Options {
        let name = |path: &PathBuf| base_name(&path.to_string_lossy()).to_owned();
        let files = (!self.inf.is_empty()).then(|| self.inf.iter().map(name).collect());
        let key = |word: &String| {
            let (name, value) = word.split_once('=').unwrap_or((word, word));
            (name.to_owned(), value.to_owned())
        };
        Options { keys: self.key.iter().map(key).collect(), files, ..Options::default() }
    }
}
