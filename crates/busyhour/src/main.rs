//! busyhour: a load tester for voice platforms.
//!
//! This crate is the program around the others: command lines, wiring, signals. `busyhour sipp …`, and the program
//! under the name `sipp`, are SIPp's command line; everything else is our own.

mod background;
mod check;
mod demo;
mod exit;
mod media;
mod media_files;
mod native;
mod read_file;
mod run;
mod scenario;
mod show;
mod signals;
mod sipp;
mod steal;
mod target;
mod terminal;
mod watch;

use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    if Path::new(&program).file_name() == Some(OsStr::new("sipp")) {
        return ExitCode::from(sipp::main(words));
    }
    let words: Vec<_> = words.collect();
    let status = match words.split_first() {
        // SIPp's words mean nothing to the parser of our own commands, so they are not shown to it.
        Some((command, rest)) if command == "sipp" => sipp::main(rest.iter().cloned()),
        _ => native::main(std::iter::once(program).chain(words)),
    };
    ExitCode::from(status)
}
