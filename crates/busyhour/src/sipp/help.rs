//! Texts of `-h`, `-h stat` and `-v`, made from the table.

use busyhour_report::figures;

use super::row::{Category, Row, Status};
use super::table;

/// Width of help lines.
const WIDTH: usize = 79;
/// Column of the explanations.
const INDENT: usize = 26;

/// `-h`.
pub(crate) fn help() -> String {
    let mut out = String::from(
        "busyhour plays SIPp scenarios, by SIPp's command line.\n\n\
         Usage: sipp [HOST[:PORT]] [OPTIONS]\n\n\
         An option may be written with one dash or two. A time is a number with one of the units ms, s, m, h.\n\n\
         Try first, in two terminals:\n\
         \x20 sipp -sn uas -p 5060\n\
         \x20 sipp -sn uac 127.0.0.1:5060 -m 100\n",
    );
    for category in Category::ALL {
        let mut rows =
            table::all().filter(|row| row.status == Status::Works && row.category == category).peekable();
        if rows.peek().is_some() {
            out.push_str(&format!("\n{}\n", category.title()));
            rows.for_each(|row| entry(&mut out, row));
        }
    }
    out.push_str("\nAccepted without effect, because what they tune does not exist here\n");
    table::all().filter(|row| row.status == Status::NoEffect).for_each(|row| entry(&mut out, row));
    out.push_str("\nNot available yet: refused with a message\n");
    for category in Category::ALL {
        let names: Vec<String> = table::all()
            .filter(|row| row.status == Status::Later && row.category == category)
            .flat_map(|row| row.names.iter().map(|name| format!("-{name}")))
            .collect();
        if !names.is_empty() {
            wrapped(&mut out, &format!("  {}", category.title()), &names.join(" "));
        }
    }
    out.push_str("\nNot wanted: refused with a reason\n");
    table::all().filter(|row| row.status == Status::Refused).for_each(|row| entry(&mut out, row));
    out.push_str(
        "\nSignals\n\
         \x20 USR1: no new calls, end when the open ones have ended; a second time: abort them.\n\
         \x20 USR2: add the screens to SCENARIO_PID_screen.log.\n\
         \x20 INT, TERM: end at once, with the final report.\n\n\
         Exit status\n\
         \x20 0: no call failed. 1: a call failed. 97: ended by -timeout with no call done, or by stop_now.\n\
         \x20 99: only told something, or went to the background. 253: a pattern of rtp_stream did not come back.\n\
         \x20 254: the port is in use. 255: another error.\n",
    );
    out
}

/// `-h stat`.
pub(crate) fn statistics_help() -> &'static str {
    "The statistics file (-trace_stat) has a header and a row at the start, after each -fd, and at the end.\n\
     Columns are separated by semicolons. (P) is the period since the row before, (C) all since the start.\n\n\
     \x20 StartTime LastResetTime CurrentTime  date, time and seconds since 1970, with tabs between\n\
     \x20 ElapsedTime        hh:mm:ss\n\
     \x20 TargetRate         the rate asked for, or the number of users\n\
     \x20 CallRate           calls started per second\n\
     \x20 IncomingCall       calls started by a received message\n\
     \x20 OutgoingCall       calls started by the plan\n\
     \x20 TotalCallCreated   both together\n\
     \x20 CurrentCall        calls open now\n\
     \x20 SuccessfulCall     calls that came to the end of the scenario\n\
     \x20 FailedCall         calls that did not; the Failed... columns say why\n\
     \x20 OutOfCallMsgs      messages for no known call\n\
     \x20 DeadCallMsgs       messages for a call that has ended\n\
     \x20 Retransmissions    messages sent again\n\
     \x20 AutoAnswered       messages answered without the scenario\n\
     \x20 Warnings FatalErrors WatchdogMajor WatchdogMinor\n\
     \x20 ResponseTimeN, CallLength  mean and standard deviation, as hh:mm:ss:us\n\
     \x20 names of counters  counters of the scenario\n\
     \x20 ...Repartition_<N  how many values were below N ms\n"
}

/// `-v`.
pub(crate) fn version() -> String {
    format!(
        "busyhour {} (command line, scenarios and files of SIPp v3.8.0)\n\
         UDP and TCP over IPv4 and IPv6. RTP and SRTP.\n\
         Not available yet: TLS, SCTP, WebSocket.\n\
         Licence: MIT or Apache-2.0.\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn entry(out: &mut String, row: &Row) {
    let names: Vec<String> = row.names.iter().map(|name| format!("-{name}")).collect();
    wrapped(out, format!("  {} {}", names.join(", "), row.takes.names()).trim_end(), row.help);
}

/// Writes `text` in a column of its own beside `head`.
fn wrapped(out: &mut String, head: &str, text: &str) {
    out.push_str(head);
    let mut column = head.len();
    if column + 2 > INDENT {
        out.push('\n');
        column = 0;
    }
    out.push_str(&" ".repeat(INDENT - column));
    out.push_str(&figures::wrapped(text, INDENT, WIDTH));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_option() {
        let help = help();
        for name in table::all().flat_map(|row| row.names) {
            assert!(help.contains(&format!("-{name}")), "-{name}");
        }
    }

    #[test]
    fn help_lines_fit_a_terminal() {
        for line in help().lines() {
            assert!(line.len() <= 110, "{line}");
        }
    }
}
