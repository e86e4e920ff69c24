//! `cargo xtask test`: everything that must hold before a change lands, in CI and at home.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{run as execute, step};
use crate::workspace::{self, Outcome, because};
use crate::{peers, tidy};

/// Seeds of the simulator in one run.
const SIMULATOR_SEEDS: &str = "10000";

/// Test programs of the crate `busyhour` that need the peers of `cargo xtask peers`.
const WITH_PEERS: [&str; 2] = ["interop", "differential"];

/// Interop tests that run at once.
const INTEROP_THREADS: usize = 4;

/// Cases of the differential tests that run at once.
const DIFFERENTIAL_THREADS: usize = 6;

/// Reads the command line of `test`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut fuzz = std::env::var_os("CI").is_some();
    for argument in arguments {
        match argument.as_str() {
            "--fuzz" => fuzz = true,
            other => return Err(format!("`test` knows only `--fuzz`, but `{other}` was given")),
        }
    }
    run_all(fuzz)
}

/// Runs all steps in order. One that fails does not keep the others from running, so that one run tells everything.
fn run_all(fuzz: bool) -> Outcome {
    let nextest = has_nextest();
    let mut failed = Vec::new();
    let mut check = |name: &'static str, run: &dyn Fn() -> Outcome| {
        if let Err(reason) = step(name, run) {
            eprintln!("xtask: {reason}");
            failed.push(name);
        }
    };
    check("real peers", &peers::set_up);
    check("format", &|| execute(cargo().args(["fmt", "--all", "--check"])));
    check("file lengths", &tidy::check);
    check("clippy", &|| {
        execute(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    check("documentation", &|| {
        let mut command = cargo();
        command.args(["doc", "--locked", "--workspace", "--no-deps"]);
        execute(command.env("RUSTDOCFLAGS", "-D warnings"))
    });
    check("unit tests", &|| unit_tests(nextest));
    check("documentation tests", &|| execute(cargo().args(["test", "--locked", "--workspace", "--doc"])));
    // Optimised: against real peers at hundreds of calls a second the debug build would be what is measured.
    check("interop tests with real peers", &|| interop_tests(nextest));
    check("differential tests with SIPp", &|| differential_tests(nextest));
    check("simulator, 10 000 seeds", &|| {
        let mut command = cargo();
        command.args(["test", "--locked", "-p", "busyhour-sim", "--profile", "test-release"]);
        execute(command.env("BUSYHOUR_SEEDS", SIMULATOR_SEEDS))
    });
    if fuzz {
        check("fuzz targets", &|| crate::fuzz::run(crate::fuzz::SECONDS));
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    command
}

fn has_nextest() -> bool {
    cargo().args(["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}

/// Unit tests, with overflow checks and debug assertions. The tests in [`WITH_PEERS`] and the simulator's have steps of their own.
fn unit_tests(nextest: bool) -> Outcome {
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run", "--locked", "--workspace", "--no-fail-fast", "--no-tests", "pass"]);
        let others = WITH_PEERS.map(|name| format!("not binary({name}) and ")).concat();
        command.args(["-E", &format!("{others}not package(busyhour-sim)")]);
    } else {
        command.args(["test", "--locked", "--workspace", "--exclude", "busyhour-sim", "--no-fail-fast"]);
        command.args(["--lib", "--bins", "--examples"]);
        for name in integration_tests()? {
            command.args(["--test", &name]);
        }
    }
    execute(&mut command)
}

/// Names of the integration tests of all crates but those in [`WITH_PEERS`] and the simulator's.
fn integration_tests() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for krate in list(&workspace::root().join("crates"))? {
        if krate.ends_with("busyhour-sim") || !krate.join("tests").is_dir() {
            continue;
        }
        for entry in list(&krate.join("tests"))? {
            let is_test = entry.extension().is_some_and(|extension| extension == "rs")
                || entry.join("main.rs").is_file();
            if let (true, Some(name)) = (is_test, entry.file_stem().and_then(|name| name.to_str())) {
                names.push(name.to_owned());
            }
        }
    }
    names.retain(|name| !WITH_PEERS.contains(&name.as_str()));
    names.sort();
    names.dedup();
    Ok(names)
}

fn list(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = because(folder.display(), std::fs::read_dir(folder))?;
    Ok(entries.flatten().map(|entry| entry.path()).collect())
}

/// Most of them wait for what happens every 20 ms, or at the end of a call; `.config/nextest.toml` names those that count
/// twice.
fn interop_tests(nextest: bool) -> Outcome {
    with_peers(nextest, "interop", INTEROP_THREADS)
}

/// Each case waits most of the time, so more of them run at once than there are processors.
fn differential_tests(nextest: bool) -> Outcome {
    with_peers(nextest, "differential", DIFFERENTIAL_THREADS)
}

fn with_peers(nextest: bool, name: &str, threads: usize) -> Outcome {
    let mut command = optimised(nextest);
    command.args(["--locked", "-p", "busyhour", "--test", name]);
    if !nextest {
        command.arg("--");
    }
    execute(command.args(["--test-threads", &threads.to_string()]))
}

fn optimised(nextest: bool) -> Command {
    let mut command = cargo();
    if nextest {
        command.args(["nextest", "run", "--cargo-profile", "test-release", "--no-fail-fast"]);
    } else {
        command.args(["test", "--profile", "test-release", "--no-fail-fast"]);
    }
    command
}
