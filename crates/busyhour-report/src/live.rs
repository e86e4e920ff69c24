//! The status line while a run goes on.

use busyhour_engine::Snapshot;
use busyhour_engine::snapshot::DurationStatistics;

use crate::figures::{count, duration, per_second, rate};
use crate::interval::{durations_since, histogram_since};
use crate::media::mos_text;

/// Columns that a terminal is expected to have.
pub const TERMINAL_WIDTH: usize = 80;

/// What a status line says, once a second.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a> {
    /// Name of the present part of the plan, e.g. `ramp up`.
    pub phase: Option<&'a str>,
    /// What [`Snapshot::target_rate`] counts.
    pub target: Target,
    /// The snapshot a second ago, merged over all workers.
    pub previous: &'a Snapshot,
    /// The present one.
    pub now: &'a Snapshot,
    /// Position of the program whose response times are shown.
    pub program: usize,
    /// The generator did not keep up in this interval.
    pub limited: bool,
}

/// What a run is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// So many calls a second.
    Rate,
    /// So many users.
    Users,
    /// To answer.
    Server,
}

impl Live<'_> {
    /// Returns the line for a terminal: at most 80 characters, and no line end. The caller clears what was there.
    pub fn terminal(&self) -> String {
        let fits = |line: &String| line.chars().count() <= TERMINAL_WIDTH;
        let full = self.compose(count, self.phase, " | ", true);
        let short = || self.compose(compact, None, "  ", true);
        let shortest = || self.compose(compact, None, "  ", false);
        Some(full)
            .filter(fits)
            .or_else(|| Some(short()).filter(fits))
            .or_else(|| Some(shortest()).filter(fits))
            .unwrap_or_else(|| short().chars().take(TERMINAL_WIDTH).collect())
    }

    /// Returns the line for a file or a pipe, without a line end: within 100 characters as long as figures are of usual
    /// lengths.
    pub fn plain(&self) -> String {
        let mut parts = Vec::with_capacity(8);
        parts.extend(self.phase.map(str::to_owned));
        let (started, target) = (rate(self.started()), rate(self.now.target_rate));
        parts.push(match self.target {
            Target::Rate => format!("{started} of {target} calls/s"),
            Target::Users => format!("{target} users, {started} calls/s"),
            Target::Server => format!("{started} calls/s"),
        });
        let counters = &self.now.counters;
        parts.push(format!("open {}", count(counters.open)));
        parts.push(format!("ok {}", count(counters.successful)));
        parts.push(format!("failed {}", count(counters.failed_total())));
        parts.push(format!("p99 {}", self.response_p99()));
        if let Some(packets) = self.media_packets() {
            parts.push(format!("{} RTP packets/s", rate(packets)));
            parts.push(format!("MOS p5 {}", self.mos_p5()));
        }
        if self.limited {
            parts.push("generator-limited".to_owned());
        }
        format!("{:.0} s: {}", self.now.at.as_micros() as f64 / 1e6, parts.join(", "))
    }

    /// `whole_line`: with what the summary shows in any case.
    fn compose(
        &self,
        number: fn(u64) -> String,
        phase: Option<&str>,
        separator: &str,
        whole_line: bool,
    ) -> String {
        let seconds = self.now.at.as_micros() / 1_000_000;
        let mut parts = vec![format!("{:02}:{:02}", seconds / 60, seconds % 60)];
        // Early, so that no cut takes it away.
        if self.limited {
            parts.push("LIMITED".to_owned());
        }
        parts.extend(phase.map(str::to_owned));
        let whole = |value: f64| if value >= 100.0 { number(value.round() as u64) } else { rate(value) };
        let started = self.started();
        let started = if started.is_finite() { whole(started) + "/s" } else { "n/a".to_owned() };
        let target = whole(self.now.target_rate);
        parts.push(match self.target {
            Target::Rate => format!("{started} of {target}"),
            Target::Users => format!("{target} users {started}"),
            Target::Server => started,
        });
        let counters = &self.now.counters;
        parts.push(format!("{} open", number(counters.open)));
        if whole_line {
            parts.push(format!("{} ok", number(counters.successful)));
        }
        parts.push(format!("{} failed", number(counters.failed_total())));
        if whole_line {
            parts.push(format!("p99 {}", self.response_p99()));
        }
        if let Some(packets) = self.media_packets() {
            parts.push(format!(
                "{} pps",
                if packets.is_finite() { compact(packets.round() as u64) } else { "n/a".to_owned() }
            ));
            parts.push(format!("MOS {}", self.mos_p5()));
        }
        parts.join(separator)
    }

    fn started(&self) -> f64 {
        let calls = self.now.counters.created().saturating_sub(self.previous.counters.created());
        per_second(calls, self.now.at.micros_since(self.previous.at))
    }

    /// RTP packets sent and received a second in this interval, if the run has media.
    fn media_packets(&self) -> Option<f64> {
        let packets = |snapshot: &Snapshot| {
            let media = snapshot.media.as_deref()?;
            Some(media.counters.packets_sent + media.counters.packets_received)
        };
        let new = packets(self.now)?.saturating_sub(packets(self.previous).unwrap_or(0));
        Some(per_second(new, self.now.at.micros_since(self.previous.at)))
    }

    /// Of streams that ended in this interval; low is bad.
    fn mos_p5(&self) -> String {
        let Some(media) = self.now.media.as_deref() else { return "n/a".to_owned() };
        let new = match self.previous.media.as_deref() {
            Some(before) => histogram_since(&media.mos, &before.mos),
            None => media.mos.clone(),
        };
        if new.is_empty() { "n/a".to_owned() } else { mos_text(new.value_at_quantile(0.05)) }
    }

    /// Of all timers in this interval.
    fn response_p99(&self) -> String {
        fn timers(snapshot: &Snapshot, program: usize) -> &[DurationStatistics] {
            snapshot.programs.get(program).map_or(&[], |program| &program.timers)
        }
        let times = durations_since(timers(self.now, self.program), timers(self.previous, self.program));
        if times.is_empty() { "n/a".to_owned() } else { duration(times.value_at_quantile(0.99)) }
    }
}

/// A count in at most five characters: `9999`, `12.3k`, `1.23M`, `12.3G`.
fn compact(value: u64) -> String {
    let (unit, suffix) = match value {
        0..10_000 => return value.to_string(),
        10_000..999_500 => (1e3, 'k'),
        999_500..999_500_000 => (1e6, 'M'),
        _ => (1e9, 'G'),
    };
    let scaled = value as f64 / unit;
    let decimals = match scaled {
        ..9.995 => 2,
        9.995..99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_counts() {
        let texts = [0, 9_999, 10_000, 123_456, 999_499, 999_500, 1_234_567, 999_499_999, 12_345_678_901]
            .map(compact);
        assert_eq!(texts.join(" "), "0 9999 10.0k 123k 999k 1.00M 1.23M 999M 12.3G");
    }
}
