//! Runs a chore's commands one after another, each announced, timed and checked.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::workspace::{Outcome, because};

/// Announces a step, runs it and says how long it took.
pub(crate) fn step<T>(name: &str, run: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    println!("==> {name}");
    let start = Instant::now();
    let result = run();
    let seconds = start.elapsed().as_secs_f64();
    match &result {
        Ok(_) => println!("<== {name}: ok, {seconds:.1} s"),
        Err(_) => println!("<== {name}: FAILED after {seconds:.1} s"),
    }
    result
}

/// Runs a command whose output the user sees.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = because(describe(command), command.stdin(Stdio::null()).status())?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", describe(command))) }
}

/// Runs a command whose output goes to the end of a log; shows the log's end if it fails.
pub(crate) fn run_logged(command: &mut Command, log: &Path) -> Outcome {
    let open = || File::options().create(true).append(true).open(log);
    let out = because(log.display(), open())?;
    let err = because(log.display(), open())?;
    let status = because(describe(command), command.stdin(Stdio::null()).stdout(out).stderr(err).status())?;
    if status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(15)..].join("\n");
    Err(format!("`{}` ended with {status}; the end of {}:\n{end}", describe(command), log.display()))
}

/// Standard output of a command that must succeed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = because(describe(command), command.stdin(Stdio::null()).output())?;
    if !output.status.success() {
        return Err(format!(
            "`{}` ended with {}: {}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
