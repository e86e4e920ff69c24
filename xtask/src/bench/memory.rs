//! Memory of open calls, and how many fit.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Bench;
use super::contestant::Contestant;
use super::pair::{Pair, Running, uac, uas};
use super::report::{Bound, Row};
use crate::workspace::Outcome;

const HELD: u64 = 40_000;

/// Resident memory of an open `uac` call: a process that holds 40 000, less one that holds a single one.
pub(super) fn per_open_call(bench: &Bench) -> Outcome<Vec<Row>> {
    let sipp = one_call(bench, &bench.sipp)?;
    let own = one_call(bench, &bench.busyhour)?;
    let kib = |bytes: f64| format!("{:.2} KiB", bytes / 1024.0);
    let row = Row::new("memory of an open `uac` call, 40 000 held", kib(sipp), kib(own));
    Ok(vec![row.judged(own / 1024.0, "KiB", Bound::AtMost, 1.0, Some(0.5))])
}

fn one_call(bench: &Bench, contestant: &Contestant) -> Outcome<f64> {
    let holding = |calls: u64| -> Outcome<u64> {
        let running = start(contestant, &bench.sipp, calls, 5000, 120)?;
        wait_until_open(&running, calls, Duration::from_secs(40))?;
        running.client.resident()
    };
    let (few, many) = (holding(1)?, holding(HELD)?);
    let bytes = many.saturating_sub(few) as f64 / (HELD - 1) as f64;
    println!("    {}: {few} bytes with 1 call, {many} with {HELD}: {bytes:.0} a call", contestant.name);
    Ok(bytes)
}

/// A million calls held at once between two of our own processes, none lost, each under 2 GiB.
pub(super) fn million(bench: &Bench) -> Outcome<Vec<Row>> {
    let calls: u64 = if bench.quick { 50_000 } else { 1_000_000 };
    let rate = if bench.quick { 10_000 } else { 20_000 };
    let placing = calls / rate;
    // Held until all are placed, and long enough after it to see them.
    let hold = placing + 15;
    let mut running = start(&bench.busyhour, &bench.busyhour, calls, rate, hold)?;
    wait_until_open(&running, calls, Duration::from_secs(placing + 13))?;
    let (client, server) = (running.client.resident()?, running.server.resident()?);
    let ended = running.client.finish(Duration::from_secs(hold + placing + 60))?;
    let answered = running.server.interrupt()?;
    let lost = ended.failed + answered.failed + calls.abs_diff(ended.created);
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    println!("    client {:.2} GiB, server {:.2} GiB, {lost} lost", gib(client), gib(server));
    let worst = gib(client.max(server));
    let own = format!("{calls} held, {lost} lost, {worst:.2} GiB");
    let title = if bench.quick { "50 000 calls" } else { "1 000 000 calls" };
    let row = Row::new(&format!("{title} held open in one process, none lost"), String::new(), own);
    Ok(vec![row.judged(worst, "GiB", Bound::AtMost, 2.0, None).only_if(lost == 0)])
}

fn start(client: &Contestant, server: &Contestant, calls: u64, rate: u64, hold_s: u64) -> Outcome<Running> {
    let more = ["-l".to_owned(), (calls + 1).to_string(), "-d".to_owned(), (hold_s * 1000).to_string()];
    let pair = Pair {
        client: (client, &[0]),
        server: (server, &[1]),
        server_words: uas(),
        mode: "u1",
        rate,
        calls,
        scenario: uac(),
        more: more.to_vec(),
    };
    pair.start()
}

/// Waits until the client says that so many calls are open, and the last of them are answered.
fn wait_until_open(running: &Running, calls: u64, limit: Duration) -> Outcome {
    let deadline = Instant::now() + limit;
    while running.client.column("CurrentCall").unwrap_or(0) < calls {
        if Instant::now() > deadline || !running.client.is_running() {
            let open = running.client.column("CurrentCall");
            return Err(format!("only {open:?} of {calls} calls are open\n{}", running.client.last_words()));
        }
        sleep(Duration::from_millis(100));
    }
    sleep(Duration::from_millis(500));
    Ok(())
}
