//! From a scenario's name to a program that can be run.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use busyhour_scenario::diagnostic::{Level, one_line, render};
use busyhour_scenario::program::Program;
use busyhour_scenario::source::Source;
use busyhour_scenario::{Loaded, Options, embedded, embedded_names, load};

use crate::exit::Fatal;
use crate::terminal::takes_colour;

/// Loads a scenario file. Warnings go to stderr, one line each; errors come back in full.
pub(crate) fn from_file(path: &Path, options: &Options) -> Result<Arc<Program>, Fatal> {
    let source = Source::read(path).map_err(|error| Fatal::new(error.to_string()))?;
    compile(&source, options)
}

/// Loads an embedded scenario.
pub(crate) fn from_name(name: &str, options: &Options) -> Result<Arc<Program>, Fatal> {
    let text = embedded_text(name).map_err(Fatal::new)?;
    compile(&Source::from_bytes(name, text.as_bytes()), options)
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

fn compile(source: &Source, options: &Options) -> Result<Arc<Program>, Fatal> {
    let Loaded { program, diagnostics } = load(source, options);
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
