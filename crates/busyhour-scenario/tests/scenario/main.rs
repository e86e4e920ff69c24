//! From scenario text to program and findings.

mod actions;
mod bad_input;
mod diagnostics;
mod embedded;
mod include;
mod keywords;
mod ladder;
mod lint;
mod media;
mod mutation;
mod rules;
mod support;
mod transactions;
