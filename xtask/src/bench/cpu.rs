//! CPU time per call at 10 000 calls a second, of each role, against SIPp on the other side.

use std::fmt::Write as _;
use std::time::Duration;

use super::Bench;
use super::contestant::Contestant;
use super::pair::{Pair, folder, median, uac, uas};
use super::report::{Bound, Row};
use crate::workspace::{self, Outcome, because};

const RATE: u64 = 10_000;

/// SIPp's own limit with expressions is not far above.
const EXPRESSIONS_RATE: u64 = 4_000;

/// Which side of the pair is measured.
#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

/// What is measured.
struct Load {
    side: Side,
    mode: &'static str,
    rate: u64,
    /// The client's scenario, in words of the command line.
    scenario: Vec<String>,
}

impl Load {
    fn of(side: Side, mode: &'static str) -> Load {
        Load { side, mode, rate: RATE, scenario: uac() }
    }
}

/// The embedded `uac` over UDP.
pub(super) fn client(bench: &Bench) -> Outcome<Vec<Row>> {
    let load = Load::of(Side::Client, "u1");
    compare(bench, "CPU per call, `uac`, 10 000 calls/s", &load, (0.60, Some(0.35)))
}

/// The embedded `uas` over UDP.
pub(super) fn server(bench: &Bench) -> Outcome<Vec<Row>> {
    let load = Load::of(Side::Server, "u1");
    compare(bench, "CPU per call, `uas`, 10 000 calls/s", &load, (0.60, Some(0.35)))
}

/// Both over one TCP connection.
pub(super) fn tcp(bench: &Bench) -> Outcome<Vec<Row>> {
    let load = Load::of(Side::Client, "t1");
    let mut rows = compare(bench, "CPU per call, `uac`, TCP, 10 000 calls/s", &load, (0.70, Some(0.45)))?;
    let load = Load::of(Side::Server, "t1");
    rows.extend(compare(bench, "CPU per call, `uas`, TCP, 10 000 calls/s", &load, (0.70, Some(0.45)))?);
    Ok(rows)
}

/// A client with five `ereg` and ten `[last_…]` a call.
pub(super) fn expressions(bench: &Bench) -> Outcome<Vec<Row>> {
    let file = workspace::root().join("xtask/scenarios/expressions.xml");
    let scenario = vec!["-sf".to_owned(), file.display().to_string()];
    let load = Load { rate: EXPRESSIONS_RATE, scenario, ..Load::of(Side::Client, "u1") };
    compare(bench, "CPU per call, five `ereg`, ten `[last_*]`, 4 000 calls/s", &load, (0.50, None))
}

/// What values from an injection file cost over the same values in the scenario itself.
pub(super) fn injection(bench: &Bench) -> Outcome<Vec<Row>> {
    let folder = folder()?;
    let rows = (0..100_000).fold("SEQUENTIAL\n".to_owned(), |mut rows, row| {
        let _ = writeln!(rows, "user{row:06};example{row:06}.net;secret{row:06}");
        rows
    });
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        because(file.display(), std::fs::write(&file, text)).map(|()| file.display().to_string())
    };
    let text =
        because("fields.xml", std::fs::read_to_string(workspace::root().join("xtask/scenarios/fields.xml")))?;
    let literal =
        [("[field0]", "user000000"), ("[field1]", "example000000.net"), ("[field2]", "secret000000")]
            .iter()
            .fold(text.clone(), |text, (keyword, value)| text.replace(keyword, value));
    let literals = vec!["-sf".to_owned(), write("literals.xml", &literal)?];
    let mut fields = vec!["-sf".to_owned(), write("fields.xml", &text)?];
    fields.extend(["-inf".to_owned(), write("fields.csv", &rows)?]);

    let mut values = [Vec::new(), Vec::new()];
    for _ in 0..bench.repetitions {
        for (values, scenario) in values.iter_mut().zip([&literals, &fields]) {
            let load = Load { scenario: scenario.clone(), ..Load::of(Side::Client, "u1") };
            values.push(measure_twice(bench, &bench.busyhour, &load)?);
        }
    }
    let [literals, fields] = values.map(median);
    let title = "CPU per call, three `[field]` over literals, 10 000 calls/s";
    let row = Row::new(title, us(literals), us(fields));
    Ok(vec![row.judged(fields / literals, "× literals", Bound::AtMost, 1.05, None)])
}

fn compare(bench: &Bench, title: &str, load: &Load, (must, aim): (f64, Option<f64>)) -> Outcome<Vec<Row>> {
    let (mut sipp, mut own) = (Vec::new(), Vec::new());
    for _ in 0..bench.repetitions {
        for (contestant, values) in [(&bench.sipp, &mut sipp), (&bench.busyhour, &mut own)] {
            values.push(measure_twice(bench, contestant, load)?);
        }
    }
    let (sipp, own) = (median(sipp), median(own));
    let row = Row::new(title, us(sipp), us(own)).judged(own / sipp, "× SIPp", Bound::AtMost, must, aim);
    Ok(vec![row])
}

fn us(seconds: f64) -> String {
    format!("{:.2} µs", seconds * 1e6)
}

/// Once more if it fails: another machine may have taken the cores away.
fn measure_twice(bench: &Bench, contestant: &Contestant, load: &Load) -> Outcome<f64> {
    measure(bench, contestant, load).or_else(|_| measure(bench, contestant, load))
}

/// CPU seconds per call of one side.
fn measure(bench: &Bench, contestant: &Contestant, load: &Load) -> Outcome<f64> {
    let (client, server) = match load.side {
        Side::Client => (contestant, &bench.sipp),
        Side::Server => (&bench.sipp, contestant),
    };
    let calls = load.rate * bench.load.as_secs();
    let pair = Pair {
        client: (client, &[0]),
        server: (server, &[1]),
        server_words: uas(),
        mode: load.mode,
        rate: load.rate,
        calls,
        scenario: load.scenario.clone(),
        more: Vec::new(),
    };
    let mut running = pair.start()?;
    let ended = running.client.finish(bench.load * 3 + Duration::from_secs(20))?;
    // The server's at this moment: what it idles afterwards is no call's.
    let server_cpu_s = running.server.cpu_s()?;
    if ended.failed > 0 || ended.exit != 0 || ended.created != calls {
        return Err(format!("{} against {}: {ended:?}", client.name, server.name));
    }
    let cpu_s = match load.side {
        Side::Client => ended.cpu_s,
        Side::Server => server_cpu_s,
    };
    println!("    {}: {:.2} µs", contestant.name, cpu_s / calls as f64 * 1e6);
    Ok(cpu_s / calls as f64)
}
