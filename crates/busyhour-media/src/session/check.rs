//! Checks that the far end sends a pattern back ("rtpcheck", spec-media §6), per stream of a call.
//!
//! A packet is checked when the one after the next leaves: by then two packet intervals have passed, so a mirror that is
//! one packet late passes, and because a pattern is one byte repeated, it does not matter which of our packets came
//! back. Only the latest packet that came since the last check counts; none is a failed check.

use crate::time::Time;

/// Packets that are under way before the first check.
const UNDER_WAY: u64 = 2;

/// A pattern and how its echo does.
#[derive(Debug)]
pub(crate) struct Check {
    id: u8,
    bytes: u32,
    sent: u64,
    checked: u64,
    failed: u64,
    first_sent: Time,
    /// Whether the latest packet since the last check was right.
    latest: Option<bool>,
    ever_right: bool,
}

/// What came of a stream's checks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict {
    /// Which pattern.
    pub(crate) id: u8,
    /// Part of the checks that failed.
    pub(crate) failed: f64,
}

impl Check {
    /// For a pattern (1 to 6; others are taken for the nearest) in packets of so many bytes.
    pub(crate) fn new(id: u8, bytes: u32) -> Check {
        Check {
            id: id.clamp(1, 6),
            bytes,
            sent: 0,
            checked: 0,
            failed: 0,
            first_sent: Time::ZERO,
            latest: None,
            ever_right: false,
        }
    }

    /// The byte of the pattern: `0xAA`, `0xBB` … `0xFF`.
    pub(crate) fn byte(&self) -> u8 {
        0x11 * (9 + self.id)
    }

    /// A packet of the pattern leaves.
    pub(crate) fn sent(&mut self, now: Time) {
        if self.sent >= UNDER_WAY {
            self.checked += 1;
            self.failed += u64::from(self.latest != Some(true));
            self.latest = None;
        }
        if self.sent == 0 {
            self.first_sent = now;
        }
        self.sent += 1;
    }

    /// A payload has come.
    pub(crate) fn received(&mut self, payload: &[u8]) {
        let byte = self.byte();
        let right = payload.len() == self.bytes as usize && payload.iter().all(|b| *b == byte);
        self.latest = Some(right);
        self.ever_right |= right;
    }

    /// The stream has ended. `None`: too little was sent for a judgement.
    pub(crate) fn verdict(&self, now: Time) -> Option<Verdict> {
        if self.checked > 0 {
            return Some(Verdict { id: self.id, failed: self.failed as f64 / self.checked as f64 });
        }
        // A stream of one or two packets: judged once their echo had its time.
        let waited = now.micros_since(self.first_sent) >= 40_000;
        let failed = if self.ever_right { 0.0 } else { 1.0 };
        (self.sent > 0 && (self.ever_right || waited)).then_some(Verdict { id: self.id, failed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(packets: u64, mut echo: impl FnMut(u64, &mut Check)) -> Option<Verdict> {
        let mut check = Check::new(1, 160);
        for n in 0..packets {
            check.sent(Time::from_millis(20 * n));
            echo(n, &mut check);
        }
        check.verdict(Time::from_millis(20 * packets))
    }

    fn failed(verdict: Option<Verdict>) -> f64 {
        verdict.unwrap().failed
    }

    #[test]
    fn patterns_are_six_bytes() {
        let bytes: Vec<u8> = (1..=6).map(|id| Check::new(id, 1).byte()).collect();
        assert_eq!(bytes, [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
        assert_eq!(Check::new(200, 1).byte(), 0xff);
    }

    #[test]
    fn mirror_passes_even_one_packet_late() {
        assert_eq!(failed(run(50, |_, check| check.received(&[0xaa; 160]))), 0.0);
        assert_eq!(
            failed(run(50, |n, check| if n > 0 {
                check.received(&[0xaa; 160]);
            })),
            0.0
        );
    }

    #[test]
    fn silence_and_other_payloads_fail() {
        assert_eq!(failed(run(50, |_, _| {})), 1.0);
        assert_eq!(failed(run(50, |_, check| check.received(&[0xbb; 160]))), 1.0);
        assert_eq!(failed(run(50, |_, check| check.received(&[0xaa; 159]))), 1.0);
    }

    #[test]
    fn loss_is_a_part_of_the_checks() {
        let verdict = run(102, |n, check| {
            if n % 10 != 5 {
                check.received(&[0xaa; 160]);
            }
        });
        assert!((failed(verdict) - 0.1).abs() < 0.011);
    }

    #[test]
    fn short_streams() {
        assert_eq!(run(0, |_, _| {}), None);
        assert_eq!(run(1, |_, _| {}), None);
        assert_eq!(failed(run(2, |_, _| {})), 1.0);
        assert_eq!(failed(run(1, |_, check| check.received(&[0xaa; 160]))), 0.0);
    }
}
