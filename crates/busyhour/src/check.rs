//! `busyhour check`: what is wrong with scenarios.

use std::io;
use std::path::{Path, PathBuf};

use busyhour_scenario::diagnostic::{Diagnostic, Level, render};
use busyhour_scenario::load;
use busyhour_scenario::source::Source;

use crate::exit::SUCCESS;
use crate::terminal::{say, takes_colour};

/// At least one file has an error.
const ERRORS_FOUND: u8 = 1;

/// Checks the files in order: findings on stdout, one line for each file on stdout too. Returns 1 if any finding is an
/// error or a file can't be read.
pub(crate) fn run(files: &[PathBuf]) -> u8 {
    let color = takes_colour(&io::stdout());
    let mut status = SUCCESS;
    for file in files {
        let (text, errors) = check(file, color);
        if errors > 0 {
            status = ERRORS_FOUND;
        }
        say(&text);
    }
    status
}

/// The findings on a file as text, and how many of them are errors.
fn check(file: &Path, color: bool) -> (String, usize) {
    let source = match Source::read(file) {
        Ok(source) => source,
        Err(error) => return (format!("error: {error}\n"), 1),
    };
    let loaded = load(&source, &busyhour_scenario::Options::default());
    let errors = count(&loaded.diagnostics, Level::Error);
    let warnings = count(&loaded.diagnostics, Level::Warning);
    let mut text = render(&source, &loaded.diagnostics, color);
    let name = file.display().to_string();
    let name = name.escape_debug();
    text.push_str(&match (errors, warnings) {
        (0, 0) => format!("{name}: ok\n"),
        (0, _) => format!("{name}: ok, {}\n", counted(warnings, "warning")),
        (_, 0) => format!("{name}: {}\n", counted(errors, "error")),
        _ => format!("{name}: {}, {}\n", counted(errors, "error"), counted(warnings, "warning")),
    });
    (text, errors)
}

fn count(diagnostics: &[Diagnostic], level: Level) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count()
}

fn counted(number: usize, noun: &str) -> String {
    busyhour_report::figures::counted(number as u64, noun)
}
