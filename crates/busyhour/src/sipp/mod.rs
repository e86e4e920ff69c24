//! `busyhour sipp`, and the program under the name `sipp`: SIPp's command line, files, signals and exit statuses.

mod addresses;
mod compat;
#[cfg(test)]
mod compatibility;
mod control;
mod files;
mod help;
mod injection;
mod media;
mod options;
mod parse;
mod prepare;
mod programs;
mod row;
mod screen;
mod settings;
mod table;
mod third_party;
mod values;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};

use parse::Request;
use settings::RunPlan;
pub(crate) use settings::random_seed;

use crate::exit::{Fatal, ONLY_TOLD};
use crate::scenario;
use crate::terminal::say;

/// Does what the words after the program's name ask for, and returns the exit status.
pub(crate) fn main(words: impl IntoIterator<Item = OsString>) -> u8 {
    let words: Vec<OsString> = words.into_iter().collect();
    let bad_start = compat::bad_start(compat::wanted(words.iter().filter_map(|word| word.to_str())));
    match answer(words, bad_start) {
        Ok(status) => status,
        Err(fatal) => {
            // Nobody reads stderr: the status still says it.
            let _ = writeln!(io::stderr(), "Error: {fatal}");
            fatal.status
        }
    }
}

/// `bad_start` is the exit status for what is wrong before the run begins.
fn answer(words: Vec<OsString>, bad_start: u8) -> Result<u8, Fatal> {
    let bad = |text: String| Fatal { status: bad_start, text };
    match parse::parse(words).map_err(bad)? {
        Request::Run(options) => prepare::run(RunPlan::new(*options).map_err(bad)?),
        Request::Help => Ok(tell(&help::help())),
        Request::StatisticsHelp => Ok(tell(help::statistics_help())),
        Request::Version => Ok(tell(&help::version())),
        Request::PrintScenario(name) => {
            let text = scenario::embedded_text(&name).map_err(|problem| bad(format!("-sd: {problem}")))?;
            Ok(tell(text))
        }
    }
}

fn tell(text: &str) -> u8 {
    say(text);
    ONLY_TOLD
}

/// Reads a time as SIPp does, in seconds without a unit; returns ms. The error is for a person.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    values::milliseconds(text, values::Unit::Seconds)
}
