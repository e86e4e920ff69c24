//! From a scenario's name to a program that can be run.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use busyhour_media::Library;
use busyhour_scenario::diagnostic::{Level, one_line, render};
use busyhour_scenario::program::Program;
use busyhour_scenario::source::Source;
use busyhour_scenario::{Loaded, Options, embedded, embedded_names, load, media_files};

use crate::exit::Fatal;
use crate::terminal::takes_colour;

/// Where media files are looked for, and what sounds without a payload type are sent as.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaFiles<'a> {
    /// The run's files.
    pub(crate) library: &'a Library,
    /// `-rtp_payload`.
    pub(crate) default_payload: u8,
}

/// Loads a scenario file and the media files it names. Warnings go to stderr, one line each; errors come back in full.
pub(crate) fn from_file(
    path: &Path,
    options: &Options,
    media: MediaFiles<'_>,
) -> Result<Arc<Program>, Fatal> {
    let source = Source::read(path).map_err(|error| Fatal::new(error.to_string()))?;
    compile(&source, options, media)
}

/// Loads an embedded scenario.
pub(crate) fn from_name(name: &str, options: &Options, media: MediaFiles<'_>) -> Result<Arc<Program>, Fatal> {
    let text = embedded_text(name).map_err(Fatal::new)?;
    from_text(name, text, options, media)
}

/// Loads a scenario that is part of this program.
pub(crate) fn from_text(
    name: &str,
    text: &str,
    options: &Options,
    media: MediaFiles<'_>,
) -> Result<Arc<Program>, Fatal> {
    compile(&Source::from_bytes(name, text.as_bytes()), options, media)
}

/// The text of an embedded scenario. The error lists their names.
pub(crate) fn embedded_text(name: &str) -> Result<&'static str, String> {
    embedded(name).ok_or_else(|| {
        let names: Vec<&str> = embedded_names().map(|(name, _)| name).collect();
        format!("there is no embedded scenario \"{name}\". Embedded are: {}.", names.join(", "))
    })
}

/// Names and titles of the embedded scenarios, a line each.
pub(crate) fn list() -> String {
    embedded_names().map(|(name, title)| format!("{name:<12} {title}\n")).collect()
}

fn compile(source: &Source, options: &Options, media: MediaFiles<'_>) -> Result<Arc<Program>, Fatal> {
    let Loaded { mut program, mut diagnostics } = load(source, options);
    if let Some(loaded) = &program {
        diagnostics.extend(media_files::check(loaded, media.library, media.default_payload));
        program = program.filter(|_| diagnostics.iter().all(|finding| finding.level != Level::Error));
    }
    match program {
        Some(program) => {
            let mut stderr = std::io::stderr().lock();
            for diagnostic in &diagnostics {
                // Nobody reads stderr: nothing to be done about it.
                let _ = writeln!(stderr, "{}", one_line(source, diagnostic));
            }
            Ok(Arc::new(program))
        }
        None => {
            let errors: Vec<_> =
                diagnostics.into_iter().filter(|diagnostic| diagnostic.level == Level::Error).collect();
            let color = takes_colour(&std::io::stderr());
            Err(Fatal::new(format!(
                "the scenario does not load.\n\n{}",
                render(source, &errors, color).trim_end()
            )))
        }
    }
}
