//! TDM circuits of `-tdmmap` (spec-cli §2.3; `[tdmmap]`, spec-scenario §5): each call is given one that no other has.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::call::{Call, Fate};
use crate::dead_call::Ending;
use crate::engine::Engine;
use crate::render::{Unrenderable, number};
use crate::settings::Settings;
use crate::snapshot::FailureKind;

/// Most circuits of a run.
pub const CIRCUITS_MAX: u64 = 1 << 20;

/// The circuits of `-tdmmap`: all combinations of three ranges around a fixed second part, shown as `a.h.b/c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitRange {
    /// Lowest and highest of each part, inclusive.
    pub parts: [(u32, u32); 4],
}

impl CircuitRange {
    /// Reads `{a-b}{h}{c-d}{e-f}`, in decimal; from 1 to [`CIRCUITS_MAX`] circuits. The error is for a person.
    pub fn parse(text: &str) -> Result<CircuitRange, String> {
        let form = || {
            format!(
                "\"{text}\" is not of the form {{a-b}}{{h}}{{c-d}}{{e-f}}, like {{0-3}}{{99}}{{5-8}}{{1-31}}."
            )
        };
        let digits = |text: &str| -> Option<u32> {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        let mut parts = [(0, 0); 4];
        let mut rest = text;
        for (at, part) in parts.iter_mut().enumerate() {
            let (inside, after) =
                rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).ok_or_else(form)?;
            rest = after;
            let (low, high) = match at {
                1 => (inside, inside),
                _ => inside.split_once('-').ok_or_else(form)?,
            };
            *part = (digits(low).ok_or_else(form)?, digits(high).ok_or_else(form)?);
            if part.0 > part.1 {
                return Err(format!(
                    "in \"{text}\" the range {{{inside}}} is empty: its first number is the higher one."
                ));
            }
        }
        if !rest.is_empty() {
            return Err(form());
        }
        let range = CircuitRange { parts };
        let count = range.sizes().into_iter().fold(1u64, u64::saturating_mul);
        if count > CIRCUITS_MAX {
            return Err(format!("\"{text}\" means {count} circuits. There may be {CIRCUITS_MAX} of them."));
        }
        Ok(range)
    }

    /// Number of circuits.
    pub fn count(&self) -> u32 {
        // `parse` has seen to it that there are no more than fit.
        self.sizes().into_iter().fold(1u64, u64::saturating_mul).min(CIRCUITS_MAX) as u32
    }

    /// Appends a circuit, 0-based, as `a.h.b/c`.
    pub(crate) fn write(&self, circuit: u32, out: &mut Vec<u8>) {
        let [_, _, groups, slots] = self.sizes();
        let at = u64::from(circuit);
        let offsets = [at / (groups * slots), 0, at / slots % groups, at % slots];
        for ((part, offset), separator) in self.parts.iter().zip(offsets).zip([&b""[..], b".", b".", b"/"]) {
            out.extend_from_slice(separator);
            number((u64::from(part.0) + offset) as i64, out);
        }
    }

    fn sizes(&self) -> [u64; 4] {
        self.parts.map(|(low, high)| u64::from(high.saturating_sub(low)) + 1)
    }
}

/// Which circuits are free, over all workers.
#[derive(Debug, Default)]
pub(crate) struct Circuits(Mutex<Free>);

/// The circuits that no call has. Nothing is searched: all workers that begin a call wait for one lock.
#[derive(Debug, Default)]
struct Free {
    /// All from here on have never been taken.
    untaken: u32,
    /// Those given back, the one that has rested longest first. Never more than there are.
    given_back: VecDeque<u32>,
}

impl Circuits {
    fn take(&self, range: &CircuitRange) -> Option<u32> {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if free.untaken == range.count() {
            return free.given_back.pop_front();
        }
        free.untaken += 1;
        Some(free.untaken - 1)
    }

    /// Takes a call's circuit back, if it has one.
    pub(crate) fn give_back(&self, call: &mut Call) {
        let Some(circuit) = call.extra.as_mut().and_then(|extra| extra.circuit.take()) else { return };
        self.free(circuit);
    }

    fn free(&self, circuit: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).given_back.push_back(circuit);
    }
}

/// Gives a new call its circuit if the run has circuits. If none is free the call fails at once; false then.
pub(crate) fn claim(engine: &mut Engine, index: u32) -> bool {
    let Some(range) = &engine.context.settings.circuits else { return true };
    if let Some(circuit) = engine.context.shared.circuits().take(range) {
        if let Some(call) = engine.calls.get_mut(index) {
            call.extra().circuit = Some(circuit);
        }
        return true;
    }
    engine.context.warn(|| b"Can't create a new call: all circuits of -tdmmap are busy".to_vec());
    engine.settle(index, Fate::EndsForgotten(Ending::Failed(0, FailureKind::OutboundCongestion)));
    false
}

/// Appends what `[tdmmap]` stands for.
pub(crate) fn render(settings: &Settings, call: &Call, out: &mut Vec<u8>) -> Result<(), Unrenderable> {
    let circuit = call.extra.as_ref().and_then(|extra| extra.circuit);
    let (Some(range), Some(circuit)) = (&settings.circuits, circuit) else {
        let text = "[tdmmap]: this call has no circuit (-tdmmap gives one to each numbered call)";
        return Err(Unrenderable::new(FailureKind::CannotMakeMessage, text));
    };
    range.write(circuit, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> CircuitRange {
        CircuitRange::parse(text).unwrap()
    }

    #[test]
    fn all_circuits_have_names_of_their_own() {
        let range = range("{0-1}{99}{5-6}{1-2}");
        assert_eq!(range.parts, [(0, 1), (99, 99), (5, 6), (1, 2)]);
        let names: Vec<String> = (0..range.count())
            .map(|circuit| {
                let mut out = Vec::new();
                range.write(circuit, &mut out);
                String::from_utf8(out).unwrap()
            })
            .collect();
        assert_eq!(
            names.join(" "),
            "0.99.5/1 0.99.5/2 0.99.6/1 0.99.6/2 1.99.5/1 1.99.5/2 1.99.6/1 1.99.6/2"
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "{0-0}{99}{5-6}",
            "{0}{99}{5-6}{1-2}",
            "{0-0}{9-9}{5-6}{1-2}",
            "{0-0}{99}{5-6}{1-2}x",
            "{a-b}{99}{5-6}{1-2}",
            "{0-0}{99}{5-6}{1-99999999999}",
            "{-1-0}{99}{5-6}{1-2}",
        ] {
            assert!(CircuitRange::parse(text).unwrap_err().contains("not of the form"), "{text}");
        }
        assert!(CircuitRange::parse("{3-0}{99}{5-6}{1-2}").unwrap_err().contains("{3-0}"));
        assert!(CircuitRange::parse("{0-9999}{99}{0-9999}{1-2}").unwrap_err().contains("200000000 circuits"));
        assert!(CircuitRange::parse("{0-4294967295}{1}{0-4294967295}{0-4294967295}").is_err());
    }

    #[test]
    fn a_circuit_is_taken_once_at_a_time() {
        let (circuits, range) = (Circuits::default(), range("{0-0}{1}{0-0}{1-3}"));
        let taken: Vec<_> = (0..4).map(|_| circuits.take(&range)).collect();
        assert_eq!(taken, [Some(0), Some(1), Some(2), None]);
        circuits.free(1);
        assert_eq!((circuits.take(&range), circuits.take(&range)), (Some(1), None));
    }

    #[test]
    fn the_circuit_that_rests_longest_is_next() {
        let (circuits, range) = (Circuits::default(), range("{0-0}{1}{0-0}{1-5}"));
        let take = || circuits.take(&range);
        assert_eq!([take(), take(), take()], [Some(0), Some(1), Some(2)]);
        circuits.free(2);
        circuits.free(0);
        // Those that were never taken rest longest.
        assert_eq!([take(), take(), take(), take(), take()], [Some(3), Some(4), Some(2), Some(0), None]);
    }

    #[test]
    fn circuits_are_found_at_once_however_many_are_taken() {
        let (circuits, range) = (Circuits::default(), range("{0-1023}{1}{0-31}{0-31}"));
        while circuits.take(&range).is_some() {}
        // Looking at all of them each time would take minutes.
        for circuit in (0..100_000).rev() {
            circuits.free(circuit);
            assert_eq!((circuits.take(&range), circuits.take(&range)), (Some(circuit), None));
        }
    }
}
