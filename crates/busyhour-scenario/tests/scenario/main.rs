//! From scenario text to program and findings.

mod bad_input;
mod embedded;
mod include;
mod mutation;
mod rules;
mod support;
