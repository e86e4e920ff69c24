//! Texts of one run with what may differ from run to run put in a common form.

use crate::case::Case;
use crate::dialog::Received;
use crate::peer::Peer;

/// What differs between two runs.
pub(crate) struct CommonForm<'a> {
    case: &'a Case,
    /// Process id of the program, which it writes into identifiers.
    process: u32,
    /// Ports of the peer and the program, with their names.
    ports: Vec<(String, String)>,
}

impl<'a> CommonForm<'a> {
    /// The form for a program with that process id and server port (0 for a client), and for what its peer has seen.
    pub(crate) fn new(case: &'a Case, process: u32, server: u16, peer: &Peer) -> CommonForm<'a> {
        let mut form = CommonForm { case, process, ports: Vec::new() };
        form.name(peer.links[0].port, "PEER".to_owned());
        form.name(peer.links[1].port, "PEER-B".to_owned());
        form.name(server, "PORT".to_owned());
        for port in peer.media.first..=peer.media.last {
            form.name(port, format!("MEDIA+{}", port - peer.media.first));
        }
        let mut own = 1;
        for record in peer.records.iter().flatten() {
            let message = Received::new(record.text.as_bytes());
            let via = if message.is_request() { port_of(message.header("Via")) } else { None };
            for port in [record.source, via].into_iter().flatten() {
                let name = if own == 1 { "PORT".to_owned() } else { format!("PORT-{own}") };
                own += u32::from(form.name(port, name));
            }
        }
        form
    }

    /// A text of the program.
    pub(crate) fn of(&self, text: &str) -> String {
        let lines: Vec<String> = text.split('\n').map(|line| self.line(line)).collect();
        lines.join("\n")
    }

    /// Names a port, unless it has a name.
    fn name(&mut self, port: u16, name: String) -> bool {
        let new = port > 0 && !self.ports.iter().any(|(known, _)| *known == port.to_string());
        if new {
            self.ports.push((port.to_string(), name));
        }
        new
    }

    fn line(&self, line: &str) -> String {
        let mut line = replace_process(line, &self.process.to_string());
        for (port, name) in &self.ports {
            line = replace_number(&line, port, name);
        }
        line = key(digest(line));
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

/// Masks the random key of an SDP crypto line (RFC 4568 §6.1).
fn key(mut line: String) -> String {
    let Some(start) = line.find(" inline:").map(|start| start + " inline:".len()) else { return line };
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let length = line.as_bytes()[start..].iter().take_while(|byte| base64(byte)).count();
    line.replace_range(start..start + length, &format!("KEY OF {length}"));
    line
}

/// Replaces the process id where an identifier or a part of it begins with it: `1-PID@`, `z9hG4bK-PID-1`, `tag=PIDtag`.
fn replace_process(text: &str, process: &str) -> String {
    replace_where(text, process, "PID", |before, after| {
        !before.is_some_and(|before| before.is_ascii_alphanumeric())
            && !after.is_some_and(|after| after.is_ascii_digit())
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

/// The port in a Via header.
fn port_of(via: &str) -> Option<u16> {
    let address = via.split(' ').nth(1)?.split(';').next()?;
    address.rsplit(':').next()?.parse().ok()
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
