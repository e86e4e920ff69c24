//! `busyhour check`: what is wrong with scenarios.

mod injection;
mod json;
mod of_run;

use std::io;
use std::path::{Path, PathBuf};

use busyhour_media::Library;
use busyhour_scenario::diagnostic::{Diagnostic, Level, codes, render};
use busyhour_scenario::source::{LoadError, Source};
use busyhour_scenario::{Options, embedded, lint, load, media_files};
use clap::{Args, ValueEnum};
pub(crate) use of_run::OfRun;

use crate::exit::SUCCESS;
use crate::media::MediaPlan;
use crate::terminal::{say, takes_colour};

/// At least one file has an error.
const ERRORS_FOUND: u8 = 1;

/// What to check, and how to say it.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Scenario files, or names of embedded scenarios
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How to print what is found
    ///
    /// With json, each finding is one line on stdout, an object with the members file, line, column, end_line, end_column
    /// (1-based, in characters; the end is behind the last one), code (see docs/diagnostics.md), level ("error" or
    /// "warning"), message, label and help. A file without findings gives no line. A file that cannot be read gives one
    /// with the code E022, line 1 and column 1.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    of_run: OfRun,
}

/// Formats of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the line, the place in it, what is wrong and how to mend it
    #[default]
    Text,
    /// For programs: an object on a line of its own for each finding
    Json,
}

/// Checks the files in order, injection files that are there first: findings on stdout, and with them one line for each file
/// unless they are JSON. Returns 1 if any finding is an error or a file can't be read.
pub(crate) fn run(arguments: &CheckArguments) -> u8 {
    let options = arguments.of_run.options();
    let color = takes_colour(&io::stdout());
    // The name alone is enough for the scenarios.
    let injection = arguments.of_run.inf.iter().filter(|file| file.exists());
    let injection = injection.map(|file| {
        let problem = |error| format!("--inf: Unable to open file {}: {error}", file.display());
        (file, injection::check(file).map_err(problem))
    });
    let scenarios = arguments.files.iter().map(|file| {
        let problem = |error: LoadError| error.to_string();
        (file, check(file, &options).map_err(problem))
    });
    let mut status = SUCCESS;
    for (file, checked) in injection.chain(scenarios) {
        if checked.as_ref().map_or(1, |(_, findings)| count(findings, Level::Error)) > 0 {
            status = ERRORS_FOUND;
        }
        match (arguments.format, checked) {
            (Format::Text, Ok((source, findings))) => say(&text(file, &source, &findings, color)),
            (Format::Text, Err(error)) => say(&format!("error: {error}\n")),
            (Format::Json, Ok((source, findings))) => {
                findings.iter().for_each(|finding| say(&json::line(&source, finding)));
            }
            (Format::Json, Err(error)) => {
                let finding = Diagnostic::error(codes::FILE_UNREADABLE, 0..0, error)
                    .label("could not be read")
                    .help("check the name, and that this user may read it");
                say(&json::line(&Source::from_bytes(file.to_string_lossy(), b""), &finding));
            }
        }
    }
    status
}

/// Reads a scenario file, or an embedded scenario if there is no such file.
pub(crate) fn read(file: &Path) -> Result<Source, LoadError> {
    let name = file.to_str().unwrap_or_default();
    match embedded(name).filter(|_| !file.exists()) {
        Some(text) => Ok(Source::from_bytes(name, text.as_bytes())),
        None => Source::read(file),
    }
}

/// All findings on a file and the media files it names, by place.
fn check(file: &Path, options: &Options) -> Result<(Source, Vec<Diagnostic>), LoadError> {
    let source = read(file)?;
    let loaded = load(&source, options);
    let mut findings = loaded.diagnostics;
    if let Some(program) = &loaded.program {
        let library = Library::new(file.parent().map(PathBuf::from));
        findings.extend(media_files::check(program, &library, MediaPlan::default().default_payload));
        findings.extend(lint(&source, program));
        findings.sort_by_key(|finding| finding.span.start);
    }
    Ok((source, findings))
}

/// The findings on a file, and a line that counts them.
fn text(file: &Path, source: &Source, findings: &[Diagnostic], color: bool) -> String {
    let errors = count(findings, Level::Error);
    let warnings = count(findings, Level::Warning);
    let mut text = render(source, findings, color);
    let name = file.display().to_string();
    let name = name.escape_debug();
    text.push_str(&match (errors, warnings) {
        (0, 0) => format!("{name}: ok\n"),
        (0, _) => format!("{name}: ok, {}\n", counted(warnings, "warning")),
        (_, 0) => format!("{name}: {}\n", counted(errors, "error")),
        _ => format!("{name}: {}, {}\n", counted(errors, "error"), counted(warnings, "warning")),
    });
    text
}

fn count(findings: &[Diagnostic], level: Level) -> usize {
    findings.iter().filter(|finding| finding.level == level).count()
}

fn counted(number: usize, noun: &str) -> String {
    busyhour_report::figures::counted(number as u64, noun)
}
