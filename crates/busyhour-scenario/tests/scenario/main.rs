//! From scenario text to program and findings.

mod bad_input;
mod embedded;
mod mutation;
mod rules;
mod support;
