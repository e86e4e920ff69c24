//! What goes to stderr when a run ends (spec-outputs §9).

use crate::clock::Clock;

/// Longest error kept, in bytes; the rest is cut.
pub const ERROR_MAX: usize = 32 * 1024;

/// The last warning or error of a run, and how many there were.
#[derive(Debug, Clone, Default)]
pub struct ErrorSummary {
    count: u64,
    last: Vec<u8>,
    text_start: usize,
}

impl ErrorSummary {
    /// Notes a warning or error of this moment (µs since 1970). Its memory is used again by the next.
    pub fn note(&mut self, clock: &Clock, epoch_us: u64, text: &[u8]) {
        self.count = self.count.saturating_add(1);
        self.last.clear();
        self.last.extend_from_slice(clock.column(epoch_us).as_str().as_bytes());
        self.last.extend_from_slice(b": ");
        self.text_start = self.last.len();
        self.last.extend_from_slice(&text[..text.len().min(ERROR_MAX)]);
    }

    /// Text of the last one without its time, for screens.
    pub fn last(&self) -> Option<String> {
        (self.count > 0).then(|| String::from_utf8_lossy(&self.last[self.text_start..]).into_owned())
    }

    /// Returns what to write to stderr; empty if nothing was noted. `log` names the error log if `-trace_err` writes
    /// one.
    pub fn closing(&self, log: Option<&str>) -> Vec<u8> {
        if self.count == 0 {
            return Vec::new();
        }
        let mut text = self.last.clone();
        text.push(b'\n');
        match log {
            _ if self.count == 1 => {}
            Some(log) => {
                text.extend_from_slice(format!("There were more errors, see '{log}' file\n").as_bytes());
            }
            None => text.extend_from_slice(b"There were more errors, enable -trace_err to log them.\n"),
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_and_that_there_were_more() {
        let clock = Clock { rfc3339: true, ..Clock::default() };
        let mut summary = ErrorSummary::default();
        assert_eq!(summary.closing(None), b"");
        assert_eq!(summary.last(), None);
        summary.note(&clock, 0, b"one");
        assert_eq!(summary.closing(None), b"1970-01-01T00:00:00.000000Z: one\n");
        summary.note(&clock, 1, b"two");
        assert_eq!(summary.last().as_deref(), Some("two"));
        let text = String::from_utf8(summary.closing(Some("x_err.log"))).unwrap();
        assert_eq!(text, "1970-01-01T00:00:00.000001Z: two\nThere were more errors, see 'x_err.log' file\n");
        let text = String::from_utf8(summary.closing(None)).unwrap();
        assert!(text.ends_with("\nThere were more errors, enable -trace_err to log them.\n"));
        summary.note(&clock, 1, &vec![b'x'; ERROR_MAX + 1]);
        assert_eq!(summary.last().map(|text| text.len()), Some(ERROR_MAX));
    }
}
