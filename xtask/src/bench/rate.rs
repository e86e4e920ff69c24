//! The highest rate without a failed call, and how late calls start.

use std::time::Duration;

use super::Bench;
use super::contestant::Contestant;
use super::pair::{Pair, median, uac, uas};
use super::report::{Bound, Row};
use crate::workspace::Outcome;

/// Rate at which lateness is looked at.
const LATENESS_RATE: u64 = 20_000;
/// What busyhour calls them.
const LATE_STARTS: &str = "lateness of call starts";
/// No rate above this is tried.
const RATE_MAX: u64 = 640_000;
/// The search ends when the next step is smaller than this share of the rate.
const PRECISION: f64 = 0.03;

/// Our pair and SIPp's, each side on a core of its own.
pub(super) fn one_core_each(bench: &Bench) -> Outcome<Vec<Row>> {
    let sipp = highest(bench, &bench.sipp, &[0], &[1])?;
    let own = highest(bench, &bench.busyhour, &[0], &[1])?;
    let title = "highest rate with no failed call, own `uac` against own `uas`, one core each";
    let row = Row::new(title, per_second(sipp), per_second(own));
    Ok(vec![row.judged(own as f64, "calls/s", Bound::AtLeast, 60_000.0, Some(150_000.0))])
}

/// Our pair sharing two cores with two workers each, over sharing one core with one worker each.
pub(super) fn two_cores(bench: &Bench) -> Outcome<Vec<Row>> {
    if !bench.busyhour.has_workers {
        return Err("only busyhour has workers".to_owned());
    }
    let one = highest(bench, &bench.busyhour, &[0], &[0])?;
    let two = highest(bench, &bench.busyhour, &[0, 1], &[0, 1])?;
    let title = "the same pair on two cores with two workers over one core with one";
    let own = format!("{} / {}", per_second(two), per_second(one));
    let row = Row::new(title, String::new(), own);
    Ok(vec![row.judged(two as f64 / one as f64, "×", Bound::AtLeast, 1.6, Some(1.9))])
}

/// Doubles the rate until a run fails, then halves the gap.
fn highest(bench: &Bench, contestant: &Contestant, client: &[usize], server: &[usize]) -> Outcome<u64> {
    let (mut good, mut bad) = (0, RATE_MAX);
    let mut rate = 20_000;
    loop {
        // A second try, as the first may have been unlucky with the machine.
        let holds = holds(bench, contestant, client, server, rate)?
            || holds(bench, contestant, client, server, rate)?;
        println!("    {}: {rate} calls/s {}", contestant.name, if holds { "hold" } else { "do not hold" });
        if holds {
            good = rate;
        } else {
            bad = rate;
        }
        let next = if bad == RATE_MAX && holds { rate * 2 } else { u64::midpoint(good, bad) };
        if next.abs_diff(good) as f64 <= PRECISION * next as f64 || !(1000..RATE_MAX).contains(&next) {
            break;
        }
        rate = next / 500 * 500;
    }
    if good == 0 { Err(format!("{} holds no rate at all", contestant.name)) } else { Ok(good) }
}

/// Whether a rate is reached with no failed call on either side.
fn holds(
    bench: &Bench,
    contestant: &Contestant,
    client: &[usize],
    server: &[usize],
    rate: u64,
) -> Outcome<bool> {
    let seconds = if bench.quick { 2 } else { 5 };
    let load = Duration::from_secs(seconds);
    let calls = rate * seconds;
    // The default limit of open calls would be reached by repeats alone.
    let more = vec!["-l".to_owned(), (rate * 10).to_string()];
    let pair = Pair {
        client: (contestant, client),
        server: (contestant, server),
        server_words: uas(),
        mode: "u1",
        rate,
        calls,
        scenario: uac(),
        more,
    };
    // A program that cannot keep up falls behind and ends late, or never.
    let Ok(ended) = pair.play(load * 3 + Duration::from_secs(5)) else { return Ok(false) };
    let all_well = ended.client.exit == 0 && ended.client.failed == 0 && ended.client.created == calls;
    // A little more than planned: the process starts, and the last calls end.
    let in_time = ended.elapsed < load + load / 10 + Duration::from_millis(300);
    Ok(all_well && in_time && ended.server.failed == 0)
}

/// From planned to actual start of a call, as busyhour's own report says, with a core of its own.
pub(super) fn lateness(bench: &Bench) -> Outcome<Vec<Row>> {
    let mut values = Vec::new();
    for _ in 0..bench.repetitions {
        let calls = LATENESS_RATE * bench.load.as_secs();
        let pair = Pair {
            client: (&bench.busyhour, &[0]),
            // SIPp's server may not keep up with this rate, and its repeats would be measured too.
            server: (&bench.busyhour, &[1]),
            server_words: uas(),
            mode: "u1",
            rate: LATENESS_RATE,
            calls,
            scenario: uac(),
            more: vec!["-l".to_owned(), (LATENESS_RATE * 10).to_string()],
        };
        let ended = pair.play(bench.load * 3 + Duration::from_secs(20))?;
        if ended.client.failed > 0 || ended.client.created != calls {
            return Err(format!("{:?}", ended.client));
        }
        let p99 =
            p99_ms(&ended.output, LATE_STARTS).ok_or("busyhour printed no line `lateness of call starts`")?;
        println!("    p99 {p99:.3} ms");
        values.push(p99);
    }
    let p99 = median(values);
    let row = Row::new(
        "lateness, planned to actual send, p99 at 20 000 calls/s",
        String::new(),
        format!("{p99:.2} ms"),
    );
    Ok(vec![row.judged(p99, "ms", Bound::AtMost, 2.0, Some(0.5))])
}

/// The third duration (p50, p90, p99, max) of a line of busyhour's report, in ms.
pub(super) fn p99_ms(output: &str, label: &str) -> Option<f64> {
    let line = output.lines().find(|line| line.contains(label))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut durations = words.windows(2).filter_map(|pair| {
        let scale = match pair[1].trim_end_matches([',', ';']) {
            "ns" => 1e-6,
            "µs" | "us" => 1e-3,
            "ms" => 1.0,
            "s" => 1000.0,
            _ => return None,
        };
        pair[0].parse::<f64>().ok().map(|number| number * scale)
    });
    durations.nth(2)
}

/// A rate for people.
fn per_second(rate: u64) -> String {
    format!("{rate}/s")
}

#[cfg(test)]
mod tests {
    use super::{LATE_STARTS, p99_ms};

    #[test]
    fn reads_the_third_duration() {
        let line = "x\n  lateness of call starts            530 µs     3.7 ms    10.4 ms    44.6 ms\n";
        assert_eq!(p99_ms(line, LATE_STARTS), Some(10.4));
        assert_eq!(p99_ms("lateness of call starts  1 µs 2 µs 250 µs 1 ms", LATE_STARTS), Some(0.25));
        assert_eq!(p99_ms("nothing", LATE_STARTS), None);
    }
}
