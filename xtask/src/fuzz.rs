//! The fuzz targets under `fuzz/`, each for a fixed time, starting from its committed corpus. `fuzz/README.md` says how
//! they work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::steps::{run_logged, step};
use crate::workspace::{self, Outcome, because};

/// Seconds for each target in a full test.
pub(crate) const SECONDS: u32 = 60;

/// Reads the command line of `fuzz`.
pub(crate) fn run_with(arguments: &[String]) -> Outcome {
    match arguments {
        [] => run(SECONDS),
        [seconds] => {
            run(seconds.parse().map_err(|error| format!("seconds for each target, `{seconds}`: {error}"))?)
        }
        _ => Err("`fuzz` takes one number: seconds for each target".to_owned()),
    }
}

/// Runs all targets at the same time.
pub(crate) fn run(seconds: u32) -> Outcome {
    let folder = workspace::root().join("fuzz");
    let work = folder.join("work");
    because(work.display(), fs::create_dir_all(&work))?;
    step("fuzz targets: build", || {
        run_logged(cargo(&folder).args(["build", "--release", "--locked"]), &work.join("build.log"))
    })?;
    step(&format!("fuzz targets: {seconds} s each"), || {
        let mut running = Vec::new();
        for target in targets(&folder)? {
            running.push((start(&folder, &work, &target, seconds)?, target));
        }
        // All are waited for, so that none outlives a failure of another.
        let ends: Vec<Outcome> =
            running.iter_mut().map(|(child, target)| end(child, &work, target)).collect();
        ends.into_iter().collect()
    })
}

/// Names of the targets, by their source files.
fn targets(folder: &Path) -> Outcome<Vec<String>> {
    let sources = folder.join("fuzz_targets");
    let entries = because(sources.display(), fs::read_dir(&sources))?;
    let stem = |path: PathBuf| path.file_stem().and_then(|name| name.to_str()).map(str::to_owned);
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    if names.is_empty() { Err(format!("{} holds no fuzz target", sources.display())) } else { Ok(names) }
}

fn start(folder: &Path, work: &Path, target: &str, seconds: u32) -> Outcome<Child> {
    let found = work.join(target);
    because(found.display(), fs::create_dir_all(&found))?;
    let log = work.join(format!("{target}.log"));
    let file = because(log.display(), File::create(&log))?;
    let copy = because(log.display(), file.try_clone())?;
    let mut command = cargo(folder);
    command.args(["run", "--release", "--locked", "--quiet", "--bin", target, "--"]);
    command.arg(format!("-max_total_time={seconds}")).args(["-max_len=4096", "-artifact_prefix=work/"]);
    command.arg(format!("work/{target}")).arg(format!("corpus/{target}"));
    because(target, command.stdin(Stdio::null()).stdout(copy).stderr(file).spawn())
}

fn end(child: &mut Child, work: &Path, target: &str) -> Outcome {
    let status = because(target, child.wait())?;
    let log = work.join(format!("{target}.log"));
    let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    if !status.success() {
        let end = lines[lines.len().saturating_sub(25)..].join("\n");
        return Err(format!(
            "fuzz target {target} ended with {status}; the end of {}:\n{end}",
            log.display()
        ));
    }
    println!("{target}: {}", lines.last().unwrap_or(&"no output"));
    Ok(())
}

/// Cargo in the fuzz folder, whose own settings must win over flags and target folders of the environment.
fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        command.env_remove(variable);
    }
    command
}
