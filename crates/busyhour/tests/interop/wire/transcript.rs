//! Messages as one program sent them, with what may differ from run to run put in a common form.

use std::time::{Duration, Instant};

/// A message is sent again after half a second at the earliest (RFC 3261 §17.1.1.2), if the machine that runs the test
/// stood still for so long; what comes twice in less is sent twice.
const AGAIN: Duration = Duration::from_millis(400);

/// Recorded messages of one run.
pub(super) struct Transcript {
    /// The messages in common form, in the order they arrived.
    pub(super) messages: Vec<String>,
    /// Process id of the program, which it writes into identifiers.
    process: u32,
    /// Port of the scripted peer.
    peer: u16,
    /// The messages as they came, and when.
    heard: Vec<(String, Instant)>,
    /// Identifiers seen so far; each is written as its position, so that repeats and changes still show.
    identifiers: Vec<String>,
}

impl Transcript {
    /// An empty transcript of the program with that process id talking to that port.
    pub(super) fn new(process: u32, peer: u16) -> Transcript {
        Transcript { messages: Vec::new(), process, peer, heard: Vec::new(), identifiers: Vec::new() }
    }

    /// Adds a message that came from `source`; false if it is one that was sent again, as its answer was late.
    pub(super) fn add(&mut self, message: &str, source: u16) -> bool {
        if self.heard.iter().any(|(heard, at)| heard == message && at.elapsed() > AGAIN) {
            return false;
        }
        self.heard.push((message.to_owned(), Instant::now()));
        let lines: Vec<String> = message.split("\r\n").map(|line| self.common_line(line, source)).collect();
        self.messages.push(lines.join("\r\n"));
        true
    }

    fn common_line(&mut self, line: &str, source: u16) -> String {
        if let Some(value) = line.strip_prefix("Call-ID: ") {
            return format!("Call-ID: {}", self.identifier(value));
        }
        if line.starts_with("m=audio ") {
            // The media port depends on what else runs on the machine.
            let rest = line.splitn(3, ' ').nth(2).unwrap_or_default();
            return format!("m=audio MEDIA {rest}");
        }
        let mut line = line.to_owned();
        for parameter in ["branch=", "tag="] {
            let mut from = 0;
            while let Some(found) = line[from..].find(parameter) {
                let start = from + found + parameter.len();
                let end =
                    line[start..].find([';', '>', ',', ' ']).map_or(line.len(), |length| start + length);
                let common = self.identifier(&line[start..end]);
                line.replace_range(start..end, &common);
                from = start + common.len();
            }
        }
        let numbers = [
            (self.process.to_string(), "PID"),
            (source.to_string(), "PORT"),
            (self.peer.to_string(), "PEER"),
        ];
        for (number, name) in numbers {
            line = replace_number(&line, &number, name);
        }
        line
    }

    fn identifier(&mut self, text: &str) -> String {
        let known = self.identifiers.iter().position(|other| other == text);
        let position = known.unwrap_or_else(|| {
            self.identifiers.push(text.to_owned());
            self.identifiers.len() - 1
        });
        format!("id{position}")
    }
}

/// Replaces a number where it stands alone, not as part of a longer one.
fn replace_number(text: &str, number: &str, name: &str) -> String {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    let mut result = String::new();
    let mut rest = text;
    while let Some(position) = rest.find(number) {
        let after = &rest[position + number.len()..];
        let alone = !digit(rest[..position].chars().next_back()) && !digit(after.chars().next());
        result.push_str(&rest[..position]);
        result.push_str(if alone { name } else { number });
        rest = after;
    }
    result + rest
}
