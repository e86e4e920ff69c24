//! CPU time per call at 10 000 calls a second, of each role, against SIPp on the other side.

use std::time::Duration;

use super::Bench;
use super::contestant::Contestant;
use super::pair::{Pair, median};
use super::report::{Bound, Row};
use crate::workspace::Outcome;

const RATE: u64 = 10_000;

/// Which side of the pair is measured.
#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

/// The embedded `uac` over UDP.
pub(super) fn uac(bench: &Bench) -> Outcome<Vec<Row>> {
    compare(bench, "CPU per call, `uac`, 10 000 calls/s", Side::Client, "u1", (0.60, 0.35))
}

/// The embedded `uas` over UDP.
pub(super) fn uas(bench: &Bench) -> Outcome<Vec<Row>> {
    compare(bench, "CPU per call, `uas`, 10 000 calls/s", Side::Server, "u1", (0.60, 0.35))
}

/// Both over one TCP connection.
pub(super) fn tcp(bench: &Bench) -> Outcome<Vec<Row>> {
    let mut rows =
        compare(bench, "CPU per call, `uac`, TCP, 10 000 calls/s", Side::Client, "t1", (0.70, 0.45))?;
    rows.extend(compare(
        bench,
        "CPU per call, `uas`, TCP, 10 000 calls/s",
        Side::Server,
        "t1",
        (0.70, 0.45),
    )?);
    Ok(rows)
}

fn compare(
    bench: &Bench,
    title: &str,
    side: Side,
    mode: &'static str,
    (must, aim): (f64, f64),
) -> Outcome<Vec<Row>> {
    let (mut sipp, mut own) = (Vec::new(), Vec::new());
    for _ in 0..bench.repetitions {
        for (contestant, values) in [(&bench.sipp, &mut sipp), (&bench.busyhour, &mut own)] {
            // Once more if it fails: another machine may have taken the cores away.
            let value = measure(bench, contestant, side, mode);
            values.push(value.or_else(|_| measure(bench, contestant, side, mode))?);
        }
    }
    let (sipp, own) = (median(sipp), median(own));
    let us = |seconds: f64| format!("{:.2} µs", seconds * 1e6);
    let row = Row::new(title, us(sipp), us(own)).judged(own / sipp, "× SIPp", Bound::AtMost, must, Some(aim));
    Ok(vec![row])
}

/// CPU seconds per call of one side.
fn measure(bench: &Bench, contestant: &Contestant, side: Side, mode: &'static str) -> Outcome<f64> {
    let (client, server) = match side {
        Side::Client => (contestant, &bench.sipp),
        Side::Server => (&bench.sipp, contestant),
    };
    let calls = RATE * bench.load.as_secs();
    let pair =
        Pair { client: (client, &[0]), server: (server, &[1]), mode, rate: RATE, calls, more: Vec::new() };
    let mut running = pair.start()?;
    let ended = running.client.finish(bench.load * 3 + Duration::from_secs(20))?;
    // The server's at this moment: what it idles afterwards is no call's.
    let server_cpu_s = running.server.cpu_s()?;
    if ended.failed > 0 || ended.exit != 0 || ended.created != calls {
        return Err(format!("{} against {}: {ended:?}", client.name, server.name));
    }
    let cpu_s = match side {
        Side::Client => ended.cpu_s,
        Side::Server => server_cpu_s,
    };
    println!("    {}: {:.2} µs", contestant.name, cpu_s / calls as f64 * 1e6);
    Ok(cpu_s / calls as f64)
}
