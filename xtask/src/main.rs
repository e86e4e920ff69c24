//! The project's chores: `cargo xtask peers|test|bench|fuzz|tidy`. Few dependencies, so that it builds in seconds.

mod bench;
mod fuzz;
mod peers;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  peers                 sets up the real peers that the tests talk to (SIPp 3.6 and 3.8, Kamailio,
                        Asterisk, tshark) in target/peers; does nothing when they are there
  test [--fuzz]         everything CI runs: peers, format, clippy, tidy, docs, tests, interop, simulator;
                        the fuzz targets, a minute each, with --fuzz or when CI is set
  bench [--quick] [--only NAME] [--list] [--under-test FILE]
                        measures busyhour beside SIPp and writes docs/performance.md (only a full run
                        writes it); --under-test puts another SIPp-like program in our place
  fuzz [SECONDS]        only the fuzz targets, 60 seconds each if not said otherwise
  tidy                  only the file-length check
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_str() {
        "peers" => workspace::no_arguments("peers", &rest).and_then(|()| peers::set_up()),
        "test" => test::run(&rest),
        "fuzz" => fuzz::run_with(&rest),
        "bench" => bench::run(&rest),
        // The benchmark's own child process; not for people.
        "bench-floor" => bench::floor_child(&rest),
        "tidy" => workspace::no_arguments("tidy", &rest).and_then(|()| tidy::check()),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        "" => Err(format!("a command is missing\n\n{HELP}")),
        other => Err(format!("unknown command `{other}`\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
