//! Texts of one run with what may differ from run to run put in a common form.

use crate::case::Case;

/// What differs between two runs.
pub(crate) struct CommonForm<'a> {
    case: &'a Case,
    /// Process id of the program, which it writes into identifiers.
    process: u32,
    /// The peer's two ports, and the program's if it is a server.
    ports: Vec<(String, &'static str)>,
}

impl<'a> CommonForm<'a> {
    /// The form for a program with that process id, a peer with those ports and a server with that one (0 for a client).
    pub(crate) fn new(case: &'a Case, process: u32, peer: [u16; 2], server: u16) -> CommonForm<'a> {
        let names = [(peer[0], "PEER"), (peer[1], "PEER-B"), (server, "PORT")];
        let known = names.into_iter().filter(|(port, _)| *port > 0);
        CommonForm { case, process, ports: known.map(|(port, name)| (port.to_string(), name)).collect() }
    }

    /// A text of the program; `source` is the port it came from, if it did.
    pub(crate) fn of(&self, text: &str, source: Option<u16>) -> String {
        let lines: Vec<String> = text.split('\n').map(|line| self.line(line, source)).collect();
        lines.join("\n")
    }

    fn line(&self, line: &str, source: Option<u16>) -> String {
        let mut line = replace_process(line, &self.process.to_string());
        for (port, name) in &self.ports {
            line = replace_number(&line, port, name);
        }
        if let Some(source) = source {
            line = replace_number(&line, &source.to_string(), "PORT");
        }
        line = digest(line);
        if self.case.numbers.iter().any(|start| line.starts_with(start)) {
            line = without_numbers(&line);
        }
        if let Some(start) = self.case.shapes.iter().find(|start| line.starts_with(*start)) {
            line = format!("{start}{}", shape(&line[start.len()..]));
        }
        line
    }
}

/// Masks what is random in a digest response: the client's nonce, and then the response itself, which the peer checks; and what a
/// port in the URI changes.
fn digest(line: String) -> String {
    let depends = line.contains("cnonce=") || line.contains(",uri=\"sip:127.0.0.1:PEER");
    if !line.contains("Digest username=") || !depends {
        return line;
    }
    let mut line = line;
    for name in ["cnonce=\"", "response=\""] {
        let Some(start) = line.find(name).map(|start| start + name.len()) else { continue };
        let Some(end) = line[start..].find('"').map(|length| start + length) else { continue };
        let hexadecimal = line[start..end].bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hexadecimal {
            let length = end - start;
            line.replace_range(start..end, &format!("{length} DIGITS"));
        }
    }
    line
}

/// Replaces the process id where it is part of an identifier: `1-PID@`, `z9hG4bK-PID-1`, `tag=PIDtag`, `pid=PID`.
fn replace_process(text: &str, process: &str) -> String {
    replace_where(text, process, "PID", |before, after| {
        matches!(before, Some('-' | '=')) && !after.is_some_and(|after| after.is_ascii_digit())
    })
}

/// Replaces a number where it stands alone, not as part of a longer one.
fn replace_number(text: &str, number: &str, name: &str) -> String {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    replace_where(text, number, name, |before, after| !digit(before) && !digit(after))
}

fn replace_where(
    text: &str,
    found: &str,
    replacement: &str,
    applies: impl Fn(Option<char>, Option<char>) -> bool,
) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(position) = rest.find(found) {
        let after = &rest[position + found.len()..];
        result.push_str(&rest[..position]);
        let before = result.chars().next_back();
        result.push_str(if applies(before, after.chars().next()) { replacement } else { found });
        rest = after;
    }
    result + rest
}

fn without_numbers(line: &str) -> String {
    let mut result = String::new();
    let mut in_number = false;
    for character in line.chars() {
        let digit = character.is_ascii_digit();
        if !digit {
            result.push(character);
        } else if !in_number {
            result.push('N');
        }
        in_number = digit;
    }
    result
}

fn shape(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' => 'a',
            '0'..='9' => '9',
            other => other,
        })
        .collect()
}
