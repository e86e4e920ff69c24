//! Text for people under construction: headings, columns, colours.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use crate::figures::{count, duration, entry};
use crate::verdict::Verdict;

/// Whether text may hold terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Text only.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Colour,
}

/// Quantiles that have a column, before the highest value.
pub(crate) const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// Text under construction.
pub(crate) struct Page {
    pub(crate) text: String,
    style: Style,
}

// Writing to a String never fails, so the results of `write!` are dropped here.
impl Page {
    pub(crate) fn new(style: Style) -> Page {
        Page { text: String::with_capacity(4096), style }
    }

    pub(crate) fn coloured(&mut self, code: &str, write: impl FnOnce(&mut Page)) {
        if self.style == Style::Plain {
            return write(self);
        }
        let _ = write!(self.text, "\x1b[{code}m");
        write(self);
        let ends_line = self.text.ends_with('\n');
        if ends_line {
            self.text.pop();
        }
        self.text.push_str("\x1b[0m");
        if ends_line {
            self.text.push('\n');
        }
    }

    pub(crate) fn alarm_if(&mut self, alarm: bool, write: impl FnOnce(&mut Page)) {
        if alarm { self.coloured("31", write) } else { write(self) }
    }

    pub(crate) fn heading(&mut self, heading: &str) {
        self.coloured("1", |page| {
            let _ = writeln!(page.text, "{heading}");
        });
    }

    pub(crate) fn section(&mut self, name: &str) {
        self.text.push('\n');
        self.heading(name);
    }

    pub(crate) fn quantile_section(&mut self, name: &str) {
        self.text.push('\n');
        self.heading(&format!("{name:<36}{:>11}{:>11}{:>11}{:>11}", "p50", "p90", "p99", "max"));
    }

    pub(crate) fn quantiles(&mut self, label: &str, samples: &Histogram<u64>) {
        let _ = write!(self.text, "  {:<34}", shortened(label, 34));
        let value = |us: u64| if samples.is_empty() { "n/a".to_owned() } else { duration(us) };
        for quantile in QUANTILES {
            let _ = write!(self.text, "{:>11}", value(samples.value_at_quantile(quantile)));
        }
        let _ = writeln!(self.text, "{:>11}", value(samples.max()));
    }

    pub(crate) fn line(&mut self, label: &str, value: u64, note: &str) {
        self.entry(label, &count(value), note);
    }

    /// Those of these figures that are not 0.
    pub(crate) fn lines_above_zero(&mut self, figures: &[(&str, u64)]) {
        for &(label, value) in figures {
            if value > 0 {
                self.line(label, value, "");
            }
        }
    }

    pub(crate) fn entry(&mut self, label: &str, value: &str, note: &str) {
        self.text.push_str(&entry(label, value, note));
        self.text.push('\n');
    }

    pub(crate) fn verdict(&mut self, verdict: &Verdict) {
        let text = verdict.text();
        let (headline, rest) = text.split_once('\n').unwrap_or((&text, ""));
        self.coloured(if verdict.is_clean() { "32" } else { "33" }, |page| {
            let _ = writeln!(page.text, "{headline}");
        });
        self.text.push_str(rest);
    }
}

/// The first `width` characters, the last of them `…` if there are more.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
