//! SIPp scenario files: from text to a [`program::Program`].
//!
//! Data goes one way: bytes → [`xml`] tree with spans → [`syntax`] tree → [`check`](mod@check) → [`compile()`].
//! Nothing here runs a scenario. Every problem becomes a [`diagnostic::Diagnostic`] with file, line and column.

pub mod diagnostic;
pub mod program;
pub mod regex;
pub mod source;
pub mod template;
pub mod xml;
