//! `cargo xtask bench`: busyhour beside SIPp 3.8 in one run, as ratios, with the kernel's floor beside both.
//!
//! Each side has a core of its own. CPU is what the kernel charged to the process; repetitions of the two programs take
//! turns, and medians are compared, so that a slow minute of the machine hits both.

mod contestant;
mod cpu;
mod floor;
mod machine;
mod media;
mod media_floor;
mod memory;
mod pair;
mod rate;
mod report;
mod run;
mod start;

use std::process::Command;
use std::time::Duration;

use crate::steps;
use crate::workspace::{self, Outcome};
use contestant::Contestant;
use report::{Row, Table};

pub(crate) use floor::run_child as floor_child;

/// What all measurements share.
struct Bench {
    busyhour: Contestant,
    sipp: Contestant,
    /// Seconds of load in one repetition.
    load: Duration,
    /// Repetitions of each program.
    repetitions: usize,
    quick: bool,
}

/// One measurement: its name for `--only`, and what runs it.
type Measurement = (&'static str, fn(&Bench) -> Outcome<Vec<Row>>);

const MEASUREMENTS: [Measurement; 18] = [
    ("floor", floor::measure),
    ("cpu-uac", cpu::client),
    ("cpu-uas", cpu::server),
    ("cpu-tcp", cpu::tcp),
    ("expressions", cpu::expressions),
    ("injection", cpu::injection),
    ("rate", rate::one_core_each),
    ("two-cores", rate::two_cores),
    ("memory", memory::per_open_call),
    ("million", memory::million),
    ("start", start::measure),
    ("media-floor", media_floor::measure),
    ("media-sending", media::sending),
    ("media-both-ways", media::both_ways),
    ("media-most", media::most),
    ("media-hearing", media::hearing),
    ("media-memory", media::memory),
    ("media-srtp", media::srtp),
];

/// Measured with its own figures, as busyhour prints them; see [`rate::lateness`].
const LATENESS: Measurement = ("lateness", rate::lateness);

/// Reads the command line, measures, prints the table and, after a full run, writes `docs/performance.md`.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (mut quick, mut only, mut under_test) = (false, Vec::new(), None);
    let mut words = arguments.iter();
    let all = || MEASUREMENTS.iter().chain([&LATENESS]);
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or_else(|| format!("`{word}` needs a value"));
        match word.as_str() {
            "--quick" => quick = true,
            "--only" => only.push(value()?),
            "--under-test" => under_test = Some(value()?),
            "--list" => {
                all().for_each(|(name, _)| println!("{name}"));
                return Ok(());
            }
            other => return Err(format!("`bench` does not know `{other}`; see `cargo xtask help`")),
        }
    }
    if let Some(unknown) = only.iter().find(|name| !all().any(|(known, _)| known == name)) {
        let names: Vec<&str> = all().map(|(name, _)| *name).collect();
        return Err(format!("no measurement is called `{unknown}`; there are: {}", names.join(", ")));
    }
    if machine::cores() < 2 {
        return Err("the benchmark gives each side a core of its own, but there is only one".to_owned());
    }
    steps::step("real peers", crate::peers::set_up)?;
    let busyhour = match &under_test {
        Some(file) => Contestant::under_test(file)?,
        None => {
            steps::step("release build", build)?;
            Contestant::busyhour(workspace::build_output().join("release/busyhour"))
        }
    };
    let bench = Bench {
        busyhour,
        sipp: Contestant::sipp_like("SIPp 3.8", workspace::peers().join("bin/sipp-3.8")),
        load: Duration::from_secs(if quick { 2 } else { 10 }),
        repetitions: if quick { 1 } else { 3 },
        quick,
    };
    let mut table = Table::new();
    for (name, measure) in
        all().filter(|(name, _)| only.is_empty() || only.iter().any(|wanted| wanted == name))
    {
        match steps::step(name, || measure(&bench)) {
            Ok(rows) => table.extend(rows),
            // One measurement that cannot be made does not take the others away.
            Err(reason) => table.extend(vec![Row::failed(name, &reason)]),
        }
    }
    println!("\n{}", table.text());
    if only.is_empty() && under_test.is_none() && !quick {
        let file = workspace::root().join("docs/performance.md");
        table.write(&file)?;
        println!("written to {}", file.display());
    }
    let missed = table.missed();
    if missed == 0 { Ok(()) } else { Err(format!("{missed} figures miss what they must reach")) }
}

fn build() -> Outcome {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace::root());
    steps::run(command.args(["build", "--locked", "--release", "--package", "busyhour"]))
}
