//! The page: life lines, arrows between them, and notes beside them.

/// Columns of a page.
const WIDTH: usize = 80;

/// Columns of a step's index and the blank behind it.
const INDEX: usize = 5;

/// Lines that a step's notes may take.
const NOTE_LINES_MAX: usize = 40;

/// Which way an arrow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrow {
    /// From us to the peer.
    ToPeer,
    /// From the peer to us.
    FromPeer,
    /// From us to the twin process.
    ToTwin,
    /// From the twin process to us.
    FromTwin,
}

/// A ladder while it is drawn, from top to bottom. The twin, if there is one, stands to the left of us.
pub(super) struct Page {
    text: String,
    /// Columns between the twin's line and ours, if there is a twin.
    twin: Option<usize>,
    /// Columns between our line and the peer's.
    peer: usize,
}

impl Page {
    /// An empty page.
    pub(super) fn new(has_twin: bool) -> Page {
        let (twin, peer) = if has_twin { (Some(14), 22) } else { (None, 28) };
        Page { text: String::new(), twin, peer }
    }

    /// A line across the page, wrapped, with the blanks in front kept.
    pub(super) fn text(&mut self, text: &str) {
        let content = text.trim_start_matches(' ');
        let indentation = (text.len() - content.len()).min(WIDTH / 2);
        let lines = wrapped(content, WIDTH - indentation);
        if lines.is_empty() {
            self.line("");
        }
        for line in &lines {
            self.line(&format!("{:indentation$}{line}", ""));
        }
    }

    /// The names above the life lines.
    pub(super) fn heads(&mut self) {
        let mut line = " ".repeat(INDEX - 1);
        if let Some(width) = self.twin {
            line.push_str(&format!("{:<1$}", "twin", width + 1));
        }
        line.push_str(&format!("{:<1$}", "us", self.peer));
        line.push_str("peer");
        self.line(&line);
        let lines = self.life_lines("", "");
        self.line(&lines);
    }

    /// A label in front of the next step.
    pub(super) fn label(&mut self, name: &str) {
        let label = format!(". label {} ", clean(name));
        let width = self.peer;
        let dots = width.saturating_sub(label.chars().count());
        let between = format!("{}{}", cut(&label, width), ".".repeat(dots));
        let twin = ".".repeat(self.twin.unwrap_or(0));
        let line = self.life_lines(&twin, &between);
        self.line(&line);
    }

    /// A step that sends or receives.
    pub(super) fn arrow(&mut self, index: usize, arrow: Arrow, what: &str, notes: &[String]) {
        let (twin, between) = match arrow {
            Arrow::ToPeer => (String::new(), drawn(what, self.peer, true)),
            Arrow::FromPeer => (String::new(), drawn(what, self.peer, false)),
            // Seen from us, the twin is on the left.
            Arrow::ToTwin => (drawn(what, self.twin.unwrap_or(0), false), String::new()),
            Arrow::FromTwin => (drawn(what, self.twin.unwrap_or(0), true), String::new()),
        };
        self.step(index, &twin, &between, notes);
    }

    /// A step of ours that nobody else sees.
    pub(super) fn aside(&mut self, index: usize, what: &str, notes: &[String]) {
        let between = cut(&format!(" {}", clean(what)), self.peer);
        self.step(index, "", &between, notes);
    }

    /// The page with the lower end of the life lines.
    pub(super) fn finish(mut self) -> String {
        let end = self.life_lines("", " end");
        self.line(&end);
        self.text
    }

    fn step(&mut self, index: usize, twin: &str, between: &str, notes: &[String]) {
        let first = self.life_lines(twin, between);
        let room = WIDTH - first.chars().count() - 1;
        let mut notes: Vec<String> = notes.iter().flat_map(|note| wrapped(&clean(note), room)).collect();
        if notes.len() > NOTE_LINES_MAX {
            notes.truncate(NOTE_LINES_MAX);
            notes.push("…".to_owned());
        }
        let index = format!("{index:>width$} ", width = INDEX - 1);
        let numbered = format!("{index}{}", &first[index.len().min(first.len())..]);
        let mut notes = notes.into_iter();
        self.line(&format!("{numbered} {}", notes.next().unwrap_or_default()));
        let empty = self.life_lines("", "");
        for note in notes {
            self.line(&format!("{empty} {note}"));
        }
    }

    /// The life lines with something between them.
    fn life_lines(&self, twin: &str, between: &str) -> String {
        let mut line = " ".repeat(INDEX);
        if let Some(width) = self.twin {
            line.push_str(&format!("|{}", filled(twin, width)));
        }
        line.push_str(&format!("|{}|", filled(between, self.peer)));
        line
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

/// An arrow with a word in its middle.
fn drawn(what: &str, width: usize, to_the_right: bool) -> String {
    let what = cut(&clean(what), width.saturating_sub(6));
    let dashes = width.saturating_sub(what.chars().count() + 3);
    let (left, right) = ("-".repeat(dashes / 2), "-".repeat(dashes - dashes / 2));
    match to_the_right {
        true => format!("{left} {what} {right}>"),
        false => format!("<{left} {what} {right}"),
    }
}

fn filled(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// The text without characters that a terminal would obey.
fn clean(text: &str) -> String {
    let is_harmless =
        |c: char| !c.is_control() && !matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if is_harmless(c) {
                c
            } else if c.is_ascii_whitespace() {
                ' '
            } else {
                '\u{FFFD}'
            }
        })
        .collect()
}

/// The text in lines of so many columns, broken at blanks where there are some; all but the first are indented.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    const INDENTATION: &str = "  ";
    let width = width.max(12);
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in clean(text).split(' ') {
        let word: Vec<char> = word.chars().collect();
        let mut word = word.as_slice();
        loop {
            let used = line.chars().count();
            let blank = usize::from(!line.trim().is_empty());
            if used + blank + word.len() <= width {
                if blank == 1 {
                    line.push(' ');
                }
                line.extend(word);
                break;
            }
            if !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, INDENTATION.to_owned()));
                continue;
            }
            let (fits, rest) = word.split_at(width - used);
            line.extend(fits);
            lines.push(std::mem::replace(&mut line, INDENTATION.to_owned()));
            word = rest;
        }
    }
    if !line.trim().is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_wrapped_at_blanks_or_cut_hard() {
        assert_eq!(wrapped("one two three four", 12), ["one two", "  three four"]);
        assert_eq!(
            wrapped(&"x".repeat(30), 12),
            ["x".repeat(12), format!("  {}", "x".repeat(10)), format!("  {}", "x".repeat(8))]
        );
        assert!(wrapped("", 12).is_empty());
    }

    #[test]
    fn arrows_have_their_width() {
        for what in ["", "INVITE", "a very long reason that has no room here"] {
            for right in [true, false] {
                assert_eq!(drawn(what, 28, right).chars().count(), 28, "{what}");
            }
        }
        assert_eq!(drawn("BYE", 14, true), "---- BYE ---->");
    }
}
