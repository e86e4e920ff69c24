//! The verdict on the generator: whether what it measured is the target's doing, or its own.
//!
//! A [`Judge`] is shown every interval of a run (the reporter's second) and looks for signs that this process or this
//! machine could not keep up. What it finds are [`Reason`]s: since when, how much, and what to do about it. The rules
//! and their thresholds are in `rules`.

mod cause;
mod rules;

use busyhour_engine::transport::Protocol;
use busyhour_engine::{Snapshot, Time};

pub use cause::Cause;
pub use rules::{
    BUSY_FOR_US, BUSY_SHARE, CONGESTED_SHARE, LATE_EVENTS_MIN, LATE_SHARE, LATE_US, SETTLE_US, STOLEN_SHARE,
    STRAINED_US,
};

use crate::figures::{duration, wrapped};
use rules::{Interval, Lateness, RULES, Streaks};

/// Whether to believe a run's figures.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Nothing was found that this process or machine held back.
    Clean,
    /// From this moment on, figures may be the generator's fault.
    GeneratorLimited {
        /// When the first reason was found to begin.
        from: Time,
        /// At least one, in the order in which they appeared.
        reasons: Vec<Reason>,
    },
}

/// One way in which the generator did not keep up.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Start of the first interval that showed it.
    pub from: Time,
    /// What it is, with its numbers over the whole run.
    pub cause: Cause,
}

impl Verdict {
    /// True for [`Verdict::Clean`].
    pub fn is_clean(&self) -> bool {
        *self == Verdict::Clean
    }

    /// Returns the verdict in two or three words: `clean`, or `generator-limited from 12.0 s`.
    pub fn headline(&self) -> String {
        match self {
            Verdict::Clean => "clean".to_owned(),
            Verdict::GeneratorLimited { from, .. } => format!("generator-limited from {}", moment(*from)),
        }
    }

    /// Returns the verdict in full, in lines of at most 79 characters: the headline, then each reason with its way
    /// out.
    pub fn text(&self) -> String {
        let mut text = format!("Generator verdict: {}\n", self.headline());
        let Verdict::GeneratorLimited { reasons, .. } = self else { return text };
        text.push_str("  Figures from then on may be this machine's doing and not the target's.\n");
        for reason in reasons {
            let what =
                format!("from {}: {} {}", moment(reason.from), reason.cause.what(), reason.cause.way_out());
            text.push_str("  - ");
            text.push_str(&wrapped(&what, 4, 79));
            text.push('\n');
        }
        text
    }
}

/// Watches a run, interval by interval.
#[derive(Debug)]
pub struct Judge {
    protocol: Protocol,
    starts: Lateness,
    timers: Lateness,
    packets: Lateness,
    streaks: Streaks,
    reasons: Vec<Reason>,
}

impl Judge {
    /// Makes one for a run over this protocol. Over TCP a full socket is the peer's slowness and no reason.
    pub fn new(protocol: Protocol) -> Judge {
        Judge {
            protocol,
            starts: Lateness::new(),
            timers: Lateness::new(),
            packets: Lateness::new(),
            streaks: Streaks::default(),
            reasons: Vec::new(),
        }
    }

    /// Looks at what happened between two snapshots of each worker, and returns whether it shows a reason.
    ///
    /// `previous` is empty for the first interval. `stolen_share` is the part 0..=1 of this machine's CPU time that
    /// its hypervisor gave to others meanwhile (`steal` in /proc/stat over all columns), if known.
    pub fn observe(&mut self, previous: &[Snapshot], now: &[Snapshot], stolen_share: Option<f64>) -> bool {
        let interval = Interval::between(previous, now, self.protocol, stolen_share);
        let mut found: Vec<Reason> = RULES
            .iter()
            .filter_map(|rule| rule(&interval).map(|cause| Reason { from: interval.from, cause }))
            .collect();
        found.extend(rules::start_lateness(&mut self.starts, &interval));
        found.extend(rules::timer_lateness(&mut self.timers, &interval));
        found.extend(rules::media_lateness(&mut self.packets, &interval));
        found.extend(rules::busy_workers(&mut self.streaks, &interval));
        found.extend(rules::stolen_time(&mut self.streaks, &interval));
        let limited = !found.is_empty();
        for reason in found {
            self.add(reason);
        }
        limited
    }

    /// Returns the verdict on everything seen so far.
    pub fn verdict(&self) -> Verdict {
        match self.reasons.iter().map(|reason| reason.from).min() {
            None => Verdict::Clean,
            Some(from) => Verdict::GeneratorLimited { from, reasons: self.reasons.clone() },
        }
    }

    /// Adds a reason, or its numbers to those of the same kind.
    fn add(&mut self, new: Reason) {
        for reason in &mut self.reasons {
            if reason.cause.absorb(&new.cause) {
                reason.from = reason.from.min(new.from);
                return;
            }
        }
        self.reasons.push(new);
    }
}

/// A moment of a run in seconds: `12.0 s`.
fn moment(time: Time) -> String {
    match time.as_micros() {
        0..999_500 => format!("{:.1} s", time.as_micros() as f64 / 1e6),
        us => duration(us),
    }
}

#[cfg(test)]
mod tests;
