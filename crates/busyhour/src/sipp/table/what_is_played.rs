//! Options: what is played, and how much of it.

use super::super::injection;
use super::super::options::ScenarioChoice;
use super::super::row::{Category, Row, Takes};
use super::super::values::Unit;
use super::super::words::choose;
use super::works;

const U32: (i64, i64) = (0, u32::MAX as i64);
const U63: (i64, i64) = (0, i64::MAX);
const ANY: (i64, i64) = (i64::MIN, i64::MAX);
const MAIN: [&str; 2] = ["-sf", "-sn"];
const RECEIVED: [&str; 2] = ["-rxsf", "-rxsn"];
const OUT_OF_CALL: [&str; 2] = ["-oocsf", "-oocsn"];

/// The rows. Their conversions keep the bounds, which fit into the target type.
pub(super) static ROWS: &[Row] = {
    use Category::*;
    use Takes::{Float, Integer, Nothing, Pair, Text, Time, Words};
    &[
        works(
            &["sf"],
            Text("FILE", |o, v| choose(&mut o.scenario, ScenarioChoice::File(v.into()), MAIN)),
            Scenario,
            "Play the scenario in FILE.",
        ),
        works(
            &["sn"],
            Text("NAME", |o, v| choose(&mut o.scenario, ScenarioChoice::Embedded(v.to_owned()), MAIN)),
            Scenario,
            "Play an embedded scenario: uac (the default), uas, regexp, branchc, branchs, uac_pcap, 3pcc-A, 3pcc-B, \
             3pcc-C-A, 3pcc-C-B, ooc_default, ooc_dummy.",
        ),
        works(
            &["rxsf"],
            Text("FILE", |o, v| choose(&mut o.received, ScenarioChoice::File(v.into()), RECEIVED)),
            Scenario,
            "Take calls too, and play the scenario in FILE for each. The main scenario places calls; -m, -l and the \
             statistics file are about those. The exit status is about both.",
        ),
        works(
            &["rxsn"],
            Text("NAME", |o, v| choose(&mut o.received, ScenarioChoice::Embedded(v.to_owned()), RECEIVED)),
            Scenario,
            "The same with an embedded scenario, like uas.",
        ),
        works(
            &["oocsf"],
            Text("FILE", |o, v| choose(&mut o.out_of_call, ScenarioChoice::File(v.into()), OUT_OF_CALL)),
            Scenario,
            "Play the scenario in FILE for each request that belongs to no call. The main scenario places calls.",
        ),
        works(
            &["oocsn"],
            Text("NAME", |o, v| {
                choose(&mut o.out_of_call, ScenarioChoice::Embedded(v.to_owned()), OUT_OF_CALL)
            }),
            Scenario,
            "The same with an embedded scenario: ooc_default answers 200.",
        ),
        works(&["sd"], Words("NAME", 1), Scenario, "Print an embedded scenario and exit."),
        works(
            &["key"],
            Pair("NAME VALUE", |o, k, v| o.keys.push((k.into(), v.into()))),
            Scenario,
            "Let [NAME] in messages stand for VALUE. May be given several times.",
        ),
        works(
            &["set"],
            Pair("NAME VALUE", |o, k, v| o.globals.push((k.into(), v.into()))),
            Scenario,
            "Set the global variable NAME, which the scenario must declare, to the text VALUE.",
        ),
        works(
            &["r"],
            Float("RATE", 0.0, |o, v| o.rate = Some(v)),
            Rate,
            "Calls to start per period (see -rp). Default 10. Fractions are fine.",
        ),
        works(
            &["rp"],
            Time("TIME", Unit::Milliseconds, |o, v| o.rate_period_ms = Some(v)),
            Rate,
            "Length of that period, in ms without a unit. Default 1000: -r is then in calls per second.",
        ),
        works(
            &["m"],
            Integer("CALLS", U63, |o, v| o.calls_max = Some(v as u64)),
            Rate,
            "Stop when this many calls were started and all of them have ended.",
        ),
        works(
            &["m_csv"],
            Nothing(|o| o.calls_by_file = true),
            Rate,
            "Like -m, with the number of lines of the first -inf file.",
        ),
        works(
            &["l"],
            Integer("CALLS", U63, |o, v| o.limit = Some(v as u64)),
            Rate,
            "Most calls open at a time. A call that is due beyond it is skipped and counted. Default: three times \
             what the rate and the scenario's pauses need.",
        ),
        works(
            &["users"],
            Integer("N", U32, |o, v| o.users = Some(v as u32)),
            Rate,
            "Instead of a rate: N users, each of which starts a new call when its last one has ended. With -r, that \
             rate limits the starts.",
        ),
        works(
            &["rate_increase"],
            Integer("CALLS", ANY, |o, v| o.rate_increase = Some(v)),
            Rate,
            "Add so much to the rate after each interval (see -rate_interval).",
        ),
        works(
            &["rate_interval"],
            Time("TIME", Unit::Seconds, |o, v| o.rate_interval_ms = Some(v)),
            Rate,
            "Interval of -rate_increase, in s without a unit. Default: the value of -fd.",
        ),
        works(
            &["rate_max"],
            Integer("CALLS", U63, |o, v| o.rate_max = Some(v)),
            Rate,
            "Highest rate that -rate_increase reaches. The run ends when the rate would pass it.",
        ),
        works(
            &["no_rate_quit"],
            Nothing(|o| o.no_rate_quit = true),
            Rate,
            "Stay at -rate_max instead of ending the run.",
        ),
        works(
            &["inf"],
            Text("FILE", |o, v| injection::note_file(o, v, false)),
            Injection,
            "Values for [field0], [field1] … in messages. The first line of FILE says how calls are given lines: \
             SEQUENTIAL, RANDOM or USER; then one line after another, fields parted by semicolons, up to the first blank \
             one. May be given several times: [field0 file=NAME]; without file= the first one is meant.",
        ),
        works(
            &["rxinf"],
            Text("FILE", |o, v| injection::note_file(o, v, true)),
            Injection,
            "The same, but only file= names it, wherever it stands.",
        ),
        works(
            &["infindex"],
            Pair("NAME FIELD", injection::note_index),
            Injection,
            "Make an index over a field, from 0, of the injection file NAME (without folder, given before), for \
             <lookup>.",
        ),
    ]
};
