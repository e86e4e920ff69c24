//! Our own commands.

use std::ffi::OsString;
use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::check::{self, CheckArguments};
use crate::exit::{FATAL, SUCCESS};
use crate::media_files::{self, MediaArguments};
use crate::show::{self, ShowArguments};
use crate::terminal::say;
use crate::{demo, scenario, sipp};

/// Printed when there is no command.
const FIRST_STEPS: &str = "\
busyhour load-tests voice platforms: it plays SIP calls against them and says how much they take.

Try first:
  busyhour demo                           10 seconds of calls with speech on this machine alone, with a summary
  busyhour sipp -sn uac 192.0.2.1:5060    SIPp's command line: calls to a target
  busyhour check scenario.xml             what is wrong with a scenario, and how to mend it

busyhour --help lists all commands.
";

#[derive(Debug, Parser)]
#[command(name = "busyhour", version, about = "A load tester for voice platforms", max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Places calls from this process to itself, ever more of them, with speech both ways, and reports how they went
    Demo(DemoArguments),
    /// Loads scenario files and prints every error and warning, with a way to mend it
    ///
    /// Errors are what SIPp would refuse; warnings are what would go wrong in a run. docs/diagnostics.md explains each by its
    /// code. The exit status is 1 if there is an error, else 0.
    Check(CheckArguments),
    /// Draws a scenario as a ladder: who sends what to whom, step by step, with all branches
    Show(ShowArguments),
    /// Lists the embedded scenarios, or prints one
    Scenarios {
        /// Scenario to print
        name: Option<String>,
    },
    /// Writes example captures and sounds, and says what is in yours
    Media(MediaArguments),
    /// Takes SIPp's command line; `busyhour sipp -h` lists its options
    #[command(disable_help_flag = true)]
    Sipp {
        /// SIPp's words
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        words: Vec<OsString>,
    },
}

#[derive(Debug, Args)]
struct DemoArguments {
    /// How long the rate rises
    #[arg(long, default_value = "8s", value_name = "TIME", value_parser = duration)]
    duration: Duration,
    /// Calls per second in the end
    #[arg(long, default_value_t = demo::RATE, value_name = "CALLS", value_parser = rate)]
    rate: f64,
    /// Threads that place calls, and as many that answer them
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: u16,
}

/// Does what the words ask for, the program's name first, and returns the exit status.
pub(crate) fn main(words: impl Iterator<Item = OsString>) -> u8 {
    let command = match CommandLine::try_parse_from(words) {
        Ok(line) => line.command,
        Err(error) => {
            // Help and version come this way too; clap knows which stream each belongs to.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(FATAL);
        }
    };
    match command {
        None => tell(FIRST_STEPS),
        Some(Command::Demo(arguments)) => {
            demo::run(arguments.duration, arguments.rate, usize::from(arguments.workers))
        }
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Show(arguments)) => show::run(&arguments),
        Some(Command::Scenarios { name: None }) => tell(&scenario::list()),
        Some(Command::Scenarios { name: Some(name) }) => match scenario::embedded_text(&name) {
            Ok(text) => tell(text),
            Err(problem) => {
                let _ = writeln!(io::stderr(), "error: {problem}");
                1
            }
        },
        Some(Command::Media(arguments)) => media_files::run(&arguments),
        Some(Command::Sipp { words }) => sipp::main(words),
    }
}

fn tell(text: &str) -> u8 {
    say(text);
    SUCCESS
}

/// Reads `90`, `1.5s`, `2m`: seconds without a unit, from 1 ms to a day.
fn duration(text: &str) -> Result<Duration, String> {
    let ms = sipp::seconds(text)?;
    match ms {
        1..=86_400_000 => Ok(Duration::from_millis(ms)),
        _ => Err("a time from 1ms to 24h is expected".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.1..=1e6).contains(&rate) => Ok(rate),
        _ => Err("a number of calls per second from 0.1 to 1000000 is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn values() {
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert!(duration("0").is_err() && duration("x").is_err() && duration("25h").is_err());
        assert_eq!(rate("0.5"), Ok(0.5));
        assert!(rate("0").is_err() && rate("nan").is_err() && rate("inf").is_err());
    }
}
