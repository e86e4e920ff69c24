//! Response-time timers: every one that is started must be stopped somewhere.

use std::collections::HashMap;
use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::program::TimerId;

/// Timers in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    list: Vec<Timer>,
    ids: HashMap<String, TimerId>,
    /// Place of the last `<ResponseTimeRepartition>`.
    repartition: Option<Range<usize>>,
}

#[derive(Debug)]
struct Timer {
    name: String,
    started: Option<Range<usize>>,
    stopped: bool,
    /// Borders of the last `<ResponseTimeRepartition>` behind its first mention.
    borders: Vec<u32>,
}

impl Timers {
    /// Reads a list of names, comma separated and not trimmed; `true` is the timer 1, `false` is none, and a final comma
    /// means nothing (spec-3.8 A2).
    pub(crate) fn names(list: &str) -> impl Iterator<Item = &str> {
        let none = list.is_empty();
        list.strip_suffix(',')
            .unwrap_or(list)
            .split(',')
            .filter(move |name| !none && *name != "false")
            .map(|name| if name == "true" { "1" } else { name })
    }

    /// The timer of that name, started at `span`; `None` if there are too many.
    pub(crate) fn start(&mut self, name: &str, span: Range<usize>) -> Option<TimerId> {
        let id = self.id(name)?;
        self.list[usize::from(id)].started.get_or_insert(span);
        Some(id)
    }

    /// The timer of that name, stopped.
    pub(crate) fn stop(&mut self, name: &str) -> Option<TimerId> {
        let id = self.id(name)?;
        self.list[usize::from(id)].stopped = true;
        Some(id)
    }

    /// True if none is named so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Gives the borders to all timers named so far.
    pub(crate) fn set_borders(&mut self, borders: &[u32], span: Range<usize>) {
        for timer in &mut self.list {
            timer.borders = borders.to_vec();
        }
        self.repartition = Some(span);
    }

    /// Reports timers that nothing stops, and a repartition that comes too early for one.
    pub(crate) fn check(&self, findings: &mut Findings) {
        for timer in self.list.iter().filter(|timer| !timer.stopped) {
            let Some(span) = &timer.started else { continue };
            let stopped = self.list.iter().filter(|other| other.stopped).map(|other| other.name.as_str());
            findings.add(
                codes::TIMER_NEVER_STOPPED,
                span.clone(),
                format!("The timer '{}' is started but never stopped", timer.name),
                "started here",
                findings.suggest(
                    &timer.name,
                    stopped,
                    &format!("add rtd=\"{}\" to the step that ends the measured time", timer.name),
                ),
            );
        }
        let late = self.list.iter().find(|timer| timer.borders.is_empty());
        if let (Some(span), Some(late)) = (&self.repartition, late) {
            findings.add(
                codes::NO_EFFECT,
                span.clone(),
                format!(
                    "<ResponseTimeRepartition> does not reach the timer '{}', which is named after it",
                    late.name
                ),
                "too early",
                "move it to the end of the scenario",
            );
        }
    }

    /// Names, and the borders of each.
    pub(crate) fn finish(self) -> (Vec<String>, Vec<Vec<u32>>) {
        self.list.into_iter().map(|timer| (timer.name, timer.borders)).unzip()
    }

    fn id(&mut self, name: &str) -> Option<TimerId> {
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        let id = TimerId::try_from(self.list.len()).ok()?;
        self.ids.insert(name.to_owned(), id);
        self.list.push(Timer { name: name.to_owned(), started: None, stopped: false, borders: Vec::new() });
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_not_trimmed() {
        let names = |list| Timers::names(list).collect::<Vec<_>>();
        assert_eq!(names("a, b,"), ["a", " b"]);
        assert_eq!(names("true,x"), ["1", "x"]);
        assert_eq!(names("a,,b"), ["a", "", "b"]);
        assert_eq!(names("a,false"), ["a"]);
        assert!(names("false").is_empty());
        assert!(names("").is_empty());
    }
}
