//! Ports and descriptors that a run will need, before it starts.

use std::io::{self, Write};

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::{Run, Settings};
use busyhour_net::media::{MediaNeed, MediaOptions};
use busyhour_scenario::program::{MediaUse, Program};

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

/// Says on stderr if calls will have too few ports or descriptors.
///
/// # Errors
/// If there is not even enough for one call.
pub(super) fn check(
    options: &MediaOptions,
    run: &Run,
    settings: &Settings,
    shared_ports: usize,
    room: &Room,
) -> Result<(), Fatal> {
    let count = |ports: fn(&MediaUse) -> &[bool]| {
        let of = |program: &Program| ports(&program.media).iter().filter(|is| **is).count() as u64;
        run.programs.iter().map(|program| of(program)).max().unwrap_or(0)
    };
    let (own_ports, auto_ports) = (count(|media| &media.own_port), count(|media| &media.auto_port));
    let need = |calls: u64| MediaNeed {
        calls,
        own_ports,
        shared_ports: shared_ports as u64 + auto_ports * calls.min(AUTO_PORTS),
        other_descriptors: room.others + calls.min(room.call_sockets),
    };
    let descriptors = room.descriptors.unwrap_or(u64::MAX);
    need(1)
        .enough(options, descriptors)
        .map_err(|text| Fatal::new(format!("This run can't have media: {text}")))?;
    if let Some(calls) = calls_at_a_time(run, settings)
        && let Err(text) = need(calls).enough(options, descriptors)
    {
        // Nobody reads stderr: the calls that fail say it again.
        let _ = writeln!(io::stderr(), "warning: {text} Calls beyond that will fail.");
    }
    Ok(())
}

/// How many calls are likely to be open at a time: the rate times the length of a call, within `-l`, `-m` and `-users`.
/// `None` where nobody knows: calls come from elsewhere.
fn calls_at_a_time(run: &Run, settings: &Settings) -> Option<u64> {
    if run.placed.is_empty() {
        return settings.limit;
    }
    let length_ms = |program: &Program| {
        program
            .pause_p99_ms
            .saturating_add(u64::from(program.default_pauses).saturating_mul(settings.pause_ms))
    };
    let placed = run.placed.iter().filter_map(|placed| run.programs.get(usize::from(placed.program)));
    let longest_ms = placed.map(|program| length_ms(program)).max().unwrap_or(0).saturating_add(SETUP_MS);
    let by_rate = match settings.users {
        Some(users) => u64::from(users),
        // A float cast saturates.
        None => (highest_rate(&settings.plan) * longest_ms as f64 / 1000.0).ceil().max(1.0) as u64,
    };
    let most = settings.limit.unwrap_or(u64::MAX).min(settings.calls_max.unwrap_or(u64::MAX));
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

    use busyhour_engine::settings::Placed;
    use busyhour_media::Library;

    use super::*;
    use crate::scenario::{self, MediaFiles};

    fn program(name: &str) -> Arc<Program> {
        let media = MediaFiles { library: &Library::default(), default_payload: 8 };
        scenario::from_name(name, &Default::default(), media).unwrap()
    }

    fn run(placed: bool) -> Run {
        let name = if placed { "uac" } else { "uas" };
        Run {
            programs: vec![program(name)],
            placed: if placed { vec![Placed { program: 0, weight: 1 }] } else { Vec::new() },
            received: (!placed).then_some(0),
            out_of_call: None,
            files: Arc::default(),
        }
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

    #[test]
    fn one_call_must_be_possible() {
        let room = Room { workers: 1, descriptors: Some(1024), others: 64, call_sockets: 0 };
        let options = MediaOptions { port_min: 6000, port_max: 7000, ..MediaOptions::default() };
        assert!(check(&options, &run(true), &Settings::default(), 1, &room).is_ok());
        let room = Room { descriptors: Some(60), ..room };
        let fatal = check(&options, &run(true), &Settings::default(), 1, &room).unwrap_err();
        assert!(fatal.text.starts_with("This run can't have media: one call"), "{fatal}");
    }
}
