//! `busyhour show`: a scenario as a ladder.

use std::io;
use std::path::PathBuf;

use busyhour_scenario::diagnostic::{Level, render};
use busyhour_scenario::{ladder, load};
use clap::Args;

use crate::check::{self, OfRun};
use crate::exit::SUCCESS;
use crate::terminal::{say, takes_colour};

/// The scenario cannot be read or has errors.
const NOT_SHOWN: u8 = 1;

/// What to draw.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Scenario file, or name of an embedded scenario
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    of_run: OfRun,
}

/// Draws the scenario in a file, or an embedded one, on stdout. Its errors go there in its place, and the status is 1.
pub(crate) fn run(arguments: &ShowArguments) -> u8 {
    let source = match check::read(&arguments.file) {
        Ok(source) => source,
        Err(error) => {
            say(&format!("error: {error}\n"));
            return NOT_SHOWN;
        }
    };
    let loaded = load(&source, &arguments.of_run.options());
    match loaded.program {
        Some(program) => {
            say(&ladder(&source, &program));
            SUCCESS
        }
        None => {
            let mut errors = loaded.diagnostics;
            errors.retain(|finding| finding.level == Level::Error);
            say(&render(&source, &errors, takes_colour(&io::stdout())));
            NOT_SHOWN
        }
    }
}
