//! Injection files: `-inf`, `-rxinf` and `-infindex`, in the order in which they were typed (spec-cli §2.5).

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use busyhour_engine::injection::{Files, Table, base_name};
use busyhour_scenario::number;

use super::options::Options;
use crate::exit::Fatal;

/// Most bytes that are read of a file without an end of its own.
const ENDLESS_MAX: u64 = 64 << 20;

/// One of these options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InjectionOption {
    /// A file.
    File {
        /// Where it is.
        path: PathBuf,
        /// `-rxinf`: it is never what `[fieldN]` means without `file=`.
        received: bool,
    },
    /// `-infindex`.
    Index {
        /// Base name of the file.
        file: String,
        /// Number of the field, as typed.
        field: String,
    },
}

/// Notes `-inf` or `-rxinf`.
pub(super) fn note_file(options: &mut Options, path: &str, received: bool) -> Result<(), String> {
    options.injection.push(InjectionOption::File { path: path.into(), received });
    Ok(())
}

/// Notes `-infindex`.
pub(super) fn note_index(options: &mut Options, file: &str, field: &str) {
    options.injection.push(InjectionOption::Index { file: file.to_owned(), field: field.to_owned() });
}

/// Base names of all files, the default one first: what scenarios may name.
pub(crate) fn names(options: &[InjectionOption]) -> Vec<String> {
    let of = |wanted: bool| {
        options.iter().filter_map(move |option| match option {
            InjectionOption::File { path, received } if *received == wanted => {
                Some(base_name(&path.to_string_lossy()).to_owned())
            }
            _ => None,
        })
    };
    of(false).chain(of(true)).collect()
}

/// True if there are files, but none that is meant without a name.
pub(crate) fn no_default(options: &[InjectionOption]) -> bool {
    let mut files = options.iter().filter_map(|option| match option {
        InjectionOption::File { received, .. } => Some(*received),
        InjectionOption::Index { .. } => None,
    });
    files.next().is_some_and(|received| received) && files.all(|received| received)
}

/// Loads all files. What is strange in them goes to stderr.
pub(crate) fn load(options: &[InjectionOption]) -> Result<Files, Fatal> {
    let mut files = Files::default();
    for option in options {
        match option {
            InjectionOption::File { path, received } => add(&mut files, path, *received)?,
            InjectionOption::Index { file, field } => index(&mut files, file, field)?,
        }
    }
    Ok(files)
}

/// Number of calls by `-m_csv`.
pub(crate) fn calls_by_file(files: &Files) -> Result<u64, Fatal> {
    let table = files.default_table().ok_or_else(|| {
        Fatal::new(
            "-m_csv needs an -inf file: as many calls are made as it has lines. For a number of your own, give -m.",
        )
    })?;
    Ok(u64::from(table.lines()))
}

/// Reads a whole injection file. Of what is no regular file (`<(…)` of a shell, a device), at most 64 MiB: it may never end.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    file.take(ENDLESS_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > ENDLESS_MAX {
        return Err(io::Error::other(format!(
            "it is no regular file and gives more than {} MiB; write what it gives into a file",
            ENDLESS_MAX >> 20
        )));
    }
    Ok(bytes)
}

fn add(files: &mut Files, path: &Path, received: bool) -> Result<(), Fatal> {
    let shown = path.display();
    let bytes = read(path).map_err(|error| {
        let option = if received { "-rxinf" } else { "-inf" };
        Fatal::new(format!("{option}: Unable to open file {shown}: {error}. Check its name and folder."))
    })?;
    let name = path.to_string_lossy();
    let table =
        Table::parse(base_name(&name), bytes).map_err(|error| Fatal::new(format!("{shown}:{error}")))?;
    for line in table.notes() {
        note(&format!("{shown}:{}: {}.", line.line, line.text));
    }
    if !files.add(table, !received) {
        note(&format!(
            "{shown}: another injection file has the same name but for its folder; this one counts, as in SIPp."
        ));
    }
    Ok(())
}

fn index(files: &mut Files, name: &str, field: &str) -> Result<(), Fatal> {
    let column = number::integer(field, false).and_then(|field| u32::try_from(field).ok()).ok_or_else(|| {
        Fatal::new(format!(
            "Invalid field specification for -infindex: {field}. Fields are numbered from 0: -infindex {name} 0."
        ))
    })?;
    let Some(without) = files.index(name, column) else {
        let known = match files.names() {
            names if names.is_empty() => "none was given before it".to_owned(),
            names => format!("given before it: {}", names.join(", ")),
        };
        return Err(Fatal::new(format!(
            "Could not find file for -infindex: {name} ({known}). Write -infindex behind its -inf, and the file's name \
             without folder."
        )));
    };
    if without > 0 {
        let lines = if without == 1 { "1 line has".to_owned() } else { format!("{without} lines have") };
        note(&format!("-infindex {name} {column}: {lines} no such field; in the index it is empty."));
    }
    Ok(())
}

/// Nobody may be reading stderr: nothing to be done about it.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {text}");
}
