//! Checks what no lint checks: the length of source files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::{self, Outcome, because};

/// Most lines of a source file. The house aims at 100 to 400 (design §2).
const LINES_MAX: usize = 1000;

/// Fails with a list of the source files that are too long.
pub(crate) fn check() -> Outcome {
    let root = workspace::root();
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        collect(&root.join(folder), &mut files)?;
    }
    let mut long = Vec::new();
    for file in &files {
        let lines = because(file.display(), fs::read_to_string(file))?.lines().count();
        if lines > LINES_MAX {
            let name = file.strip_prefix(root).unwrap_or(file).display();
            long.push(format!("{name}: {lines} lines, at most {LINES_MAX} expected; split it by concept"));
        }
    }
    println!("{} source files looked at", files.len());
    if long.is_empty() { Ok(()) } else { Err(long.join("\n")) }
}

/// Adds all Rust files below a folder. A folder that is not there has none.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = because(folder.display(), entry)?.path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
