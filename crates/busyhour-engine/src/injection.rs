//! Injection files: values that a scenario takes from outside, a line a call (spec-scenario §10, spec-3.8 A7).
//!
//! A [`Table`] is one file, as loaded; it never changes, so all workers read it without a lock. [`Files`] are those of
//! a run, together with what `insert` and `replace` have put beside them.

mod changes;
mod field;
mod file;
mod keys;
mod parse;
mod printf;
mod table;

pub use file::{Files, Unusable};
pub use parse::{BadFile, Note};
pub use table::{Order, Table};

pub(crate) use field::{FieldFiles, OwnLine, append, changes_files, may_hold_credentials};

/// Most lines of a file: what is above stands for "no line".
pub const LINES_MAX: u32 = u32::MAX - 16;

/// The base name of a path, by which keywords and actions call the file: what follows the last `/` or `\`.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
