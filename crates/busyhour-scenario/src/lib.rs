//! SIPp scenario files: from text to a [`program::Program`].
//!
//! Data goes one way: bytes → [`source`] → [`xml`] tree with spans → `syntax` (texts and values) → `compile`, with the
//! rules of [`check`](mod@check) → [`program`]. Nothing here runs a scenario. Every problem becomes a
//! [`diagnostic::Diagnostic`] with file, line and column.

pub mod check;
mod compile;
pub mod diagnostic;
mod embedded;
mod ladder;
pub mod media_arguments;
pub mod media_files;
pub mod program;
pub mod regex;
pub mod source;
mod syntax;
pub mod template;
pub mod xml;

pub use check::lint::lint;
pub use compile::{Compat, Loaded, Options, Version, load};
pub use embedded::{embedded, embedded_names};
pub use ladder::ladder;
pub use syntax::names::features;
pub use syntax::nearest::nearest;
pub use syntax::number;
