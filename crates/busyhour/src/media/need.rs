//! Ports and descriptors that a run will need, before it starts.

use std::io::{self, Write};

use busyhour_engine::open_calls_max;
use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::{Run, Settings};
use busyhour_media::Library;
use busyhour_net::media::{MediaNeed, MediaOptions};
use busyhour_scenario::program::{MediaUse, Program};

use super::length::held_ms;
use crate::exit::Fatal;

/// Time of a call beside its pauses, ms: answering and ending.
const SETUP_MS: u64 = 500;
/// Ports that `[auto_media_port]` goes through before it begins anew (spec-media §1).
const AUTO_PORTS: u64 = 2500;

/// What the process has and uses besides media.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Worker threads.
    pub(crate) workers: usize,
    /// Descriptors that the process may have; `None`: not known.
    pub(crate) descriptors: Option<u64>,
    /// Descriptors for all else but sockets of calls.
    pub(crate) others: u64,
    /// Most sockets of calls for signalling (`-t un`, `-t tn`).
    pub(crate) call_sockets: u64,
}

/// What is known before the run of how calls use media.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    /// With the files that scenarios name.
    pub(super) library: &'a Library,
    /// `-rtp_payload`.
    pub(super) default_payload: u8,
    /// Ports that calls share.
    pub(super) shared_ports: usize,
}

/// Says on stderr if calls will have too few ports or descriptors, as far as that can be guessed.
///
/// # Errors
/// If there is certainly not even enough for one call.
pub(super) fn check(
    options: &MediaOptions,
    run: &Run,
    settings: &Settings,
    known: &Known<'_>,
    room: &Room,
) -> Result<(), Fatal> {
    let open = busyhour_net::open_descriptors().unwrap_or(0);
    if let Some(text) = weigh(options, run, settings, known, room, open)? {
        // Nobody reads stderr: the calls that fail say it again.
        let _ = writeln!(io::stderr(), "warning: {text}");
    }
    Ok(())
}

/// The warning, if there is one. `open`: descriptors that the process has already.
fn weigh(
    options: &MediaOptions,
    run: &Run,
    settings: &Settings,
    known: &Known<'_>,
    room: &Room,
    open: u64,
) -> Result<Option<String>, Fatal> {
    let count = |ports: fn(&MediaUse) -> &[bool]| {
        let of = |program: &Program| ports(&program.media).iter().filter(|is| **is).count() as u64;
        run.programs.iter().map(|program| of(program)).max().unwrap_or(0)
    };
    let (own_ports, auto_ports) = (count(|media| &media.own_port), count(|media| &media.auto_port));
    let need = |calls: u64, resting_ports: u64, other_descriptors: u64| MediaNeed {
        calls,
        own_ports,
        shared_ports: known.shared_ports as u64 + auto_ports * calls.min(AUTO_PORTS),
        resting_ports,
        other_descriptors,
    };
    let descriptors = room.descriptors.unwrap_or(u64::MAX);
    need(1, 0, open)
        .enough(options, descriptors)
        .map_err(|text| Fatal::new(format!("This run can't have media: {text}")))?;
    let Some(calls) = calls_at_a_time(run, settings, known) else { return Ok(None) };
    let others = room.others + calls.min(room.call_sockets);
    if let Err(text) = need(calls, 0, others).enough(options, descriptors) {
        let then = match need(calls, 0, open).enough(options, descriptors) {
            Ok(()) => {
                "The files and sockets for all else are an estimate; if it is right, calls beyond that will fail."
            }
            Err(_) => "Calls beyond that will fail.",
        };
        return Ok(Some(format!("{text} {then}")));
    }
    let ending_per_second = if run.placed.is_empty() { 0.0 } else { highest_rate(&settings.plan) };
    let ever = settings.calls_max.unwrap_or(u64::MAX).saturating_mul(own_ports);
    let resting = MediaNeed::resting_ports(ending_per_second, own_ports).min(ever);
    Ok(need(calls, resting, others).enough(options, descriptors).err().map(|text| {
        format!(
            "{text} Until then ports rest less, and files or connections that are opened late may be refused."
        )
    }))
}

/// How many calls are likely to be open at a time: the rate times the length of a call, within `-l`, `-m` and `-users`.
/// `None` where nobody knows: calls come from elsewhere.
fn calls_at_a_time(run: &Run, settings: &Settings, known: &Known<'_>) -> Option<u64> {
    if run.placed.is_empty() {
        return settings.limit;
    }
    let held = |program: &Program| held_ms(program, known.library, settings.pause_ms, known.default_payload);
    let placed = run.placed.iter().filter_map(|placed| run.programs.get(usize::from(placed.program)));
    let longest_ms = placed.map(|program| held(program)).max().unwrap_or(0).saturating_add(SETUP_MS);
    let by_rate = match settings.users {
        Some(users) => u64::from(users),
        // A float cast saturates.
        None => (highest_rate(&settings.plan) * longest_ms as f64 / 1000.0).ceil().max(1.0) as u64,
    };
    let most = open_calls_max(run, settings).min(settings.calls_max.unwrap_or(u64::MAX));
    Some(by_rate.min(most).max(1))
}

/// Calls per second; of a rate that rises without end, the first.
fn highest_rate(plan: &Plan) -> f64 {
    match plan {
        Plan::Ramp { from, to, .. } => from.max(*to),
        Plan::Steps { max: Some(max), calls, period_us, .. } => {
            max.max(*calls) * 1e6 / (*period_us).max(1) as f64
        }
        plan => plan.rate(0),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::{self, MediaFiles};

    fn program(name: &str) -> Arc<Program> {
        let media = MediaFiles { library: &Library::default(), default_payload: 8 };
        scenario::from_name(name, &Default::default(), media).unwrap()
    }

    fn run(placed: bool) -> Run {
        if placed { Run::placing(program("uac")) } else { Run::receiving(program("uas")) }
    }

    fn known(library: &Library) -> Known<'_> {
        Known { library, default_payload: 8, shared_ports: 1 }
    }

    #[test]
    fn calls_come_from_rate_and_length_within_the_limits() {
        let settings = |limit, calls_max, users| Settings {
            plan: Plan::Constant { calls: 100.0, period_us: 1_000_000 },
            pause_ms: 9_500,
            limit,
            calls_max,
            users,
            ..Settings::default()
        };
        let calls_at_a_time = |run: &Run, settings: &Settings| {
            super::calls_at_a_time(run, settings, &known(&Library::default()))
        };
        let placed = run(true);
        assert_eq!(calls_at_a_time(&placed, &settings(None, None, None)), Some(1000));
        assert_eq!(calls_at_a_time(&placed, &settings(Some(300), None, None)), Some(300));
        assert_eq!(calls_at_a_time(&placed, &settings(Some(300), Some(20), None)), Some(20));
        assert_eq!(calls_at_a_time(&placed, &settings(None, None, Some(7))), Some(7));
        assert_eq!(calls_at_a_time(&run(false), &settings(None, Some(5), None)), None, "nobody knows");
    }

    #[test]
    fn of_a_rising_rate_the_highest_counts() {
        let steps =
            |max| Plan::Steps { calls: 10.0, period_us: 500_000, increase: 5.0, interval_us: 1_000_000, max };
        assert_eq!(highest_rate(&steps(Some(50.0))), 100.0);
        assert_eq!(highest_rate(&steps(None)), 20.0);
        assert_eq!(highest_rate(&Plan::Ramp { from: 1.0, to: 9.0, over_us: 1 }), 9.0);
    }

    /// What is said of a run of `uac`, and whether it is refused.
    fn said(settings: &Settings, room: &Room, open: u64, own_port: bool) -> (bool, String) {
        let options = MediaOptions { port_min: 6000, port_max: 60_000, ..MediaOptions::default() };
        let mut run = run(true);
        Arc::get_mut(&mut run.programs[0]).unwrap().media.own_port[0] = own_port;
        match weigh(&options, &run, settings, &known(&Library::default()), room, open) {
            Ok(warning) => (false, warning.unwrap_or_default()),
            Err(fatal) => (true, fatal.text),
        }
    }

    const ROOM: Room = Room { workers: 1, descriptors: Some(1024), others: 64, call_sockets: 0 };

    #[test]
    fn only_what_is_certain_is_refused() {
        let settings = Settings { calls_max: Some(1), ..Settings::default() };
        assert_eq!(said(&settings, &ROOM, 20, true), (false, String::new()));
        let (refused, text) = said(&settings, &Room { descriptors: Some(23), ..ROOM }, 20, true);
        assert!(refused && text.starts_with("This run can't have media: one call needs 4 sockets"), "{text}");
        assert!(text.contains("ulimit -n 24"), "{text}");
        let (refused, text) = said(&settings, &Room { descriptors: Some(60), ..ROOM }, 20, true);
        assert!(!refused && text.contains("64 files and sockets for all else"), "a guess: {text}");
        assert!(text.ends_with("are an estimate; if it is right, calls beyond that will fail."), "{text}");
    }

    #[test]
    fn ports_that_rest_are_thought_of() {
        let settings = Settings {
            plan: Plan::Constant { calls: 400.0, period_us: 1_000_000 },
            limit: Some(10_000),
            ..Settings::default()
        };
        // 200 calls at a time; 800 pairs rest.
        assert_eq!(said(&settings, &Room { descriptors: Some(4096), ..ROOM }, 20, true).1, "");
        let (refused, text) = said(&settings, &ROOM, 20, true);
        assert!(!refused && text.contains("1600 for ports that rest 2 s after their calls"), "{text}");
        assert!(text.contains("ports rest less") && !text.contains("will fail"), "{text}");
        assert_eq!(said(&settings, &ROOM, 20, false).1, "", "shared ports do not rest");
        let few = Settings { calls_max: Some(100), ..settings };
        assert_eq!(said(&few, &ROOM, 20, true).1, "", "no more than there are calls");
    }
}
