//! The peer's script, one step on a line:
//!
//! ```text
//! expect INVITE             takes the next message with that method or status code; others wait for an `expect` of their own
//! expect ACK|CANCEL         either of them
//! send 180 Ringing          answers the last request; `send 487 Terminated to INVITE` the last one with that method
//! send OPTIONS              a request in the current dialog
//! raw                       the attached lines as they stand
//!     | X-Header: value     a header to add, or to put in place of the usual one; `| -Contact` leaves one out
//!     |                     what follows an empty one is the body
//! repeat                    the last message sent, once more
//! wait 200                  milliseconds; what arrives stays for the next `expect`
//! dialog two                goes to another dialog of the peer's making, new if it is the first time
//! verify-digest USER PASS   checks the digest response of the last request and writes the result down
//! rtp 25 8                  25 RTP packets of payload type 8 to the audio port that the program named last, one each 10 ms; the
//!                           payload of the first is 160 times 01, of the next 02, and so on
//! events 12# 101            an RFC 4733 event of payload type 101 for each digit
//! times 3 … end             the steps between, three times
//! close, reset              ends the TCP connection, softly or hard
//! signal USR1               to the program
//! ```
//!
//! `b` before a step means the peer's second port. `sipp:` or `busyhour:` before it means that the other program is spared it: a
//! difference that `docs/decisions.md` explains. In the attached lines `{via}`, `{from}`, `{to}`, `{call-id}`, `{cseq}`, `{contact}`
//! and `{uri}` are of the last message received, `{peer}`, `{peer-b}` and `{port}` the ports, `{number}` a number new for each message.

use crate::peers::Tool;

/// One step of the peer.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// 0, or 1 for the second port.
    pub(crate) link: usize,
    /// The only program that is given this step.
    pub(crate) only: Option<Tool>,
    /// What is done.
    pub(crate) what: What,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Waits for a message.
    Expect(Vec<String>),
    /// Answers a request; the method, if it is not the last one.
    Respond { status: String, method: Option<String>, lines: Vec<String> },
    /// Sends a request.
    Request { method: String, lines: Vec<String> },
    /// Sends the lines as they stand.
    Raw(Vec<String>),
    /// Sends the last message again.
    Repeat,
    /// Milliseconds.
    Wait(u64),
    /// Makes another dialog the current one.
    Dialog(String),
    /// Checks a digest response.
    VerifyDigest { username: String, password: String },
    /// Sends so many RTP packets of that payload type.
    Rtp { count: u8, payload_type: u8 },
    /// Sends digits as events of that payload type.
    Events { digits: String, payload_type: u8 },
    /// Repeats steps.
    Times(u32, Vec<Step>),
    /// Ends the connection; hard or softly.
    Close { hard: bool },
    /// Sends a signal.
    Signal(String),
}

/// A line and those attached to it by `|`.
pub(crate) struct Line<'a> {
    /// The line without indentation.
    pub(crate) text: &'a str,
    /// What follows `| ` in the next ones.
    pub(crate) attached: Vec<String>,
}

/// Splits a text into lines, without comments and empty ones.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if let Some(attached) = line.strip_prefix('|') {
            let attached = attached.strip_prefix(' ').unwrap_or(attached).to_owned();
            lines.last_mut().expect("a line before one that starts with `|`").attached.push(attached);
        } else if !line.is_empty() && !line.starts_with('#') {
            lines.push(Line { text: line.trim_end(), attached: Vec::new() });
        }
    }
    lines
}

/// Reads a script.
///
/// # Panics
/// If it cannot be understood.
pub(crate) fn parse(text: &str) -> Vec<Step> {
    let mut open: Vec<(u32, Vec<Step>)> = vec![(1, Vec::new())];
    for line in lines(text) {
        if let Some(count) = line.text.strip_prefix("times ") {
            open.push((count.parse().expect("a number after `times`"), Vec::new()));
            continue;
        }
        let step = if line.text == "end" {
            let (count, steps) = open.pop().expect("`times` before `end`");
            Step { link: 0, only: None, what: What::Times(count, steps) }
        } else {
            step(line)
        };
        open.last_mut().expect("`times` before `end`").1.push(step);
    }
    assert_eq!(open.len(), 1, "`end` is missing");
    open.pop().map(|(_, steps)| steps).unwrap_or_default()
}

fn step(line: Line<'_>) -> Step {
    let mut text = line.text;
    let mut only = None;
    for (prefix, tool) in [("sipp: ", Tool::Sipp38), ("busyhour: ", Tool::Busyhour)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            (text, only) = (rest, Some(tool));
        }
    }
    let (link, text) = text.strip_prefix("b ").map_or((0, text), |rest| (1, rest));
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let milliseconds = || rest.parse().expect("milliseconds");
    let what = match verb {
        "expect" => What::Expect(rest.split('|').map(str::to_owned).collect()),
        "send" if rest.starts_with(|first: char| first.is_ascii_digit()) => {
            let (status, method) =
                rest.split_once(" to ").map_or((rest, None), |(a, b)| (a, Some(b.to_owned())));
            What::Respond { status: status.to_owned(), method, lines: line.attached }
        }
        "send" => What::Request { method: rest.to_owned(), lines: line.attached },
        "raw" => What::Raw(line.attached),
        "repeat" => What::Repeat,
        "wait" => What::Wait(milliseconds()),
        "dialog" => What::Dialog(rest.to_owned()),
        "verify-digest" => {
            let (username, password) = rest.split_once(' ').expect("a user and a password");
            What::VerifyDigest { username: username.to_owned(), password: password.to_owned() }
        }
        "rtp" | "events" => {
            let (first, payload_type) = rest.split_once(' ').expect("what, and a payload type");
            let payload_type = payload_type.parse().expect("a payload type");
            match verb {
                "rtp" => What::Rtp { count: first.parse().expect("how many"), payload_type },
                _ => What::Events { digits: first.to_owned(), payload_type },
            }
        }
        "close" => What::Close { hard: false },
        "reset" => What::Close { hard: true },
        "signal" => What::Signal(rest.to_owned()),
        _ => panic!("unknown step of the peer: {:?}", line.text),
    };
    Step { link, only, what }
}
