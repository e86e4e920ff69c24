//! Options: files, screens, the process, and what SIPp does not have.

use super::super::row::{Category, Row, Takes};
use super::super::values::Unit;
use super::super::words::{compat, file, fill};
use super::works;

const U63: (i64, i64) = (0, i64::MAX);

/// The rows. Their conversions keep the bounds, which fit into the target type.
pub(super) static ROWS: &[Row] = {
    use Category::*;
    use Takes::{Integer, Nothing, Text, Time, Words};
    &[
        works(
            &["f"],
            Time("TIME", Unit::Seconds, |o, v| o.screen_period_ms = Some(v)),
            Output,
            "Draw the screen anew after this time, in s without a unit; 0: only at the end. Default 1.",
        ),
        works(
            &["fd"],
            Time("TIME", Unit::Seconds, |o, v| o.statistics_period_ms = Some(v)),
            Output,
            "Time from one row of the statistics file to the next, in s without a unit. Default 60.",
        ),
        works(
            &["trace_stat"],
            Nothing(|o| o.trace_statistics = true),
            Output,
            "Write statistics into SCENARIO_PID_.csv.",
        ),
        works(
            &["stat_delimiter"],
            Text("TEXT", |o, v| fill(&mut o.statistics_delimiter, v)),
            Output,
            "What follows each column of the statistics file. Default: a semicolon.",
        ),
        works(
            &["rfc3339"],
            Nothing(|o| o.rfc3339 = true),
            Output,
            "Write times into files, and [timestamp] into messages, as RFC 3339 has them.",
        ),
        works(&["stf"], Text("FILE", |o, v| file(&mut o.statistics_file, v)), Output, "Name of that file."),
        works(
            &["trace_msg"],
            Nothing(|o| o.trace_messages = true),
            Output,
            "Write sent and received messages into SCENARIO_PID_messages.log.",
        ),
        works(
            &["message_file"],
            Text("FILE", |o, v| file(&mut o.message_file, v)),
            Output,
            "Name of that file.",
        ),
        works(
            &["trace_err"],
            Nothing(|o| o.trace_errors = true),
            Output,
            "Write warnings and unexpected messages into SCENARIO_PID_errors.log.",
        ),
        works(&["error_file"], Text("FILE", |o, v| file(&mut o.error_file, v)), Output, "Name of that file."),
        works(
            &["trace_logs"],
            Nothing(|o| o.trace_logs = true),
            Output,
            "Write the texts of the scenario's log actions into SCENARIO_PID_logs.log. Without it they are dropped.",
        ),
        works(&["log_file"], Text("FILE", |o, v| file(&mut o.log_file, v)), Output, "Name of that file."),
        works(
            &["bg"],
            Nothing(|o| o.background = true),
            Process,
            "Go on in the background: print the new process's number and exit with 99.",
        ),
        works(
            &["sleep"],
            Time("TIME", Unit::Seconds, |o, v| o.sleep_ms = Some(v)),
            Process,
            "Wait before opening sockets, in s without a unit.",
        ),
        works(&["v"], Words("", 0), Process, "Print the version and exit."),
        works(
            &["h", "help"],
            Words("", 0),
            Process,
            "Print this text and exit; -h stat: what the columns of the statistics file mean.",
        ),
        works(
            &["compat"],
            Text("VERSION", compat),
            Own,
            "Be like SIPp 3.6 or 3.7 where that differs from 3.8, the default: numbers with a leading 0 in scenarios are \
             octal, ereg finds headers anywhere in the message, blanks behind a tab at the start of a line stay, \
             repartition columns of the statistics file have neither (P) nor (C), and wrong options and scenarios exit \
             with 1.",
        ),
        works(
            &["workers"],
            Integer("N", (1, 1024), |o, v| o.workers = Some(v as usize)),
            Own,
            "Threads that run calls. Default: one for each core that the process may use.",
        ),
        works(
            &["single_packets"],
            Nothing(|o| o.single_packets = true),
            Own,
            "Send and receive each message as a packet of its own, so that a capture on this machine shows every \
             one: without it runs of equal length pass as one large packet, which costs less CPU.",
        ),
        works(
            &["seed"],
            Integer("N", U63, |o, v| o.seed = Some(v as u64)),
            Own,
            "Seed of all random draws: the same seed makes the same draws. Default: different in each run.",
        ),
    ]
};
