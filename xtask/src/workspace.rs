//! Where things are in this checkout.

use std::path::{Path, PathBuf};

/// What a chore answers: nothing, or why it failed, for a person.
pub(crate) type Outcome<T = ()> = Result<T, String>;

/// The checkout's root.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Folder of the real peers. Always the checkout's own target folder, so that the tests find it whatever
/// `CARGO_TARGET_DIR` says.
pub(crate) fn peers() -> PathBuf {
    root().join("target/peers")
}

/// Folder where cargo puts what it builds.
pub(crate) fn build_output() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// Fails if a command that takes no arguments got some.
pub(crate) fn no_arguments(command: &str, rest: &[String]) -> Outcome {
    match rest.first() {
        None => Ok(()),
        Some(argument) => Err(format!("`{command}` takes no arguments, but `{argument}` was given")),
    }
}

/// Adds what was being done to an error of the system.
pub(crate) fn because<T>(what: impl std::fmt::Display, result: std::io::Result<T>) -> Outcome<T> {
    result.map_err(|error| format!("{what}: {error}"))
}
