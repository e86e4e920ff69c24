//! The table of figures, for the terminal and for `docs/performance.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::machine;
use crate::workspace::{Outcome, because};

/// Whether a figure should be small or large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// The smaller the better.
    AtMost,
    /// The larger the better.
    AtLeast,
}

/// One line of the table.
pub(super) struct Row {
    title: String,
    sipp: String,
    own: String,
    judged: String,
    must: String,
    aim: String,
    verdict: &'static str,
}

impl Row {
    /// A line without a judgement; an empty `sipp` means that there is nothing to compare with.
    pub(super) fn new(title: &str, sipp: String, own: String) -> Row {
        let [judged, must, aim] = [const { String::new() }; 3];
        Row { title: title.to_owned(), sipp, own, judged, must, aim, verdict: "" }
    }

    /// A measurement that could not be made.
    pub(super) fn failed(name: &str, reason: &str) -> Row {
        let first = reason.lines().next().unwrap_or_default();
        Row { verdict: MISS, ..Row::new(name, String::new(), format!("not measured: {first}")) }
    }

    /// Judges the line by a value.
    pub(super) fn judged(self, value: f64, unit: &str, bound: Bound, must: f64, aim: Option<f64>) -> Row {
        let reaches = |limit: f64| match bound {
            Bound::AtMost => value <= limit,
            Bound::AtLeast => value >= limit,
        };
        let sign = if bound == Bound::AtMost { '≤' } else { '≥' };
        let number = |value: f64| if value >= 1000.0 { format!("{value:.0}") } else { format!("{value:.2}") };
        Row {
            judged: format!("{} {unit}", number(value)),
            must: format!("{sign} {} {unit}", number(must)),
            aim: aim.map_or(String::new(), |aim| format!("{sign} {} {unit}", number(aim))),
            verdict: match (reaches(must), aim.is_some_and(reaches)) {
                (true, true) => "PASS, aim reached",
                (true, false) => "PASS",
                (false, _) => MISS,
            },
            ..self
        }
    }

    /// Turns the verdict to a miss if a condition does not hold.
    pub(super) fn only_if(self, condition: bool) -> Row {
        Row { verdict: if condition { self.verdict } else { MISS }, ..self }
    }

    fn cells(&self) -> [&str; 7] {
        [&self.title, &self.sipp, &self.own, &self.judged, &self.must, &self.aim, self.verdict]
    }
}

const MISS: &str = "MISS";
const HEADINGS: [&str; 7] = ["figure", "SIPp 3.8", "busyhour", "judged by", "must", "aim", "verdict"];

/// All lines.
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// An empty table.
    pub(super) fn new() -> Table {
        Table { rows: Vec::new() }
    }

    /// Adds lines.
    pub(super) fn extend(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// How many lines miss what they must reach.
    pub(super) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| row.verdict == MISS).count()
    }

    /// The table in Markdown, its columns aligned so that it reads well in a terminal too.
    pub(super) fn text(&self) -> String {
        let lines: Vec<[&str; 7]> =
            std::iter::once(HEADINGS).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (number, line) in lines.iter().enumerate() {
            for (column, cell) in line.iter().enumerate() {
                let cell = if cell.is_empty() { "–" } else { cell };
                let _ = write!(text, "| {cell:<width$} ", width = width(column));
            }
            text.push_str("|\n");
            if number == 0 {
                for column in 0..HEADINGS.len() {
                    let _ = write!(text, "|{}", "-".repeat(width(column) + 2));
                }
                text.push_str("|\n");
            }
        }
        text
    }

    /// Writes the page that the repository keeps.
    pub(super) fn write(&self, file: &Path) -> Outcome {
        let mut page = String::from("# Performance\n\nWritten by `cargo xtask bench`; do not edit.\n\n");
        for fact in machine::facts() {
            let _ = writeln!(page, "- {fact}");
        }
        page.push('\n');
        page.push_str(&self.text());
        page.push_str(
            "\nEach side has a core of its own, over loopback. CPU is user and system time of the process, divided by its \
             calls.\nRepetitions of both programs take turns and the medians are shown. The kernel floor is a program that \
             only sends and\nreceives datagrams of the same sizes at the same rate, in batches: what is left when SIP costs \
             nothing.\nThat of media sends a packet from each call's own port every 20 ms and receives one, in the cheapest way \
             that needs no\nprivilege ([media-paths.md](media-paths.md)): \
             no program carries more calls that way on a core than fill it with that alone.\n",
        );
        because(file.display(), fs::write(file, page))
    }
}
