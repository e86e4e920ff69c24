//! `busyhour show`: a scenario as a ladder.

use std::io;
use std::path::Path;

use busyhour_scenario::diagnostic::{Level, render};
use busyhour_scenario::{Options, ladder, load};

use crate::check;
use crate::exit::SUCCESS;
use crate::terminal::{say, takes_colour};

/// The scenario cannot be read or has errors.
const NOT_SHOWN: u8 = 1;

/// Draws the scenario in a file, or an embedded one, on stdout. Its errors go there in its place, and the status is 1.
pub(crate) fn run(file: &Path) -> u8 {
    let source = match check::read(file) {
        Ok(source) => source,
        Err(error) => {
            say(&format!("error: {error}\n"));
            return NOT_SHOWN;
        }
    };
    let loaded = load(&source, &Options::default());
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
