//! CPU time that the hypervisor gave to other machines, from `/proc/stat` (see proc(5)).

use std::fs;

/// Follows the machine's CPU times.
#[derive(Debug, Default)]
pub(crate) struct StealMeter {
    last: Option<Times>,
}

/// CPU time since boot, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    all: u64,
    stolen: u64,
}

impl StealMeter {
    /// Part 0..=1 of CPU time that was stolen since the last call; `None` the first time, and where the system does
    /// not tell.
    pub(crate) fn share(&mut self) -> Option<f64> {
        let now = parse(&fs::read_to_string("/proc/stat").ok()?)?;
        let last = self.last.replace(now)?;
        let all = now.all.checked_sub(last.all).filter(|ticks| *ticks > 0)?;
        Some(now.stolen.saturating_sub(last.stolen) as f64 / all as f64)
    }
}

/// Reads the line of all CPUs: user nice system idle iowait irq softirq steal; guest times are part of user's.
fn parse(text: &str) -> Option<Times> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
    let stolen = *ticks.get(7)?;
    Some(Times { all: ticks.iter().fold(0, |sum, ticks| sum.saturating_add(*ticks)), stolen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eighth_column_is_stolen_time() {
        let times = parse("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n");
        assert_eq!(times, Some(Times { all: 36, stolen: 8 }));
        assert_eq!(parse("cpu  1 2 3\n"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn the_first_look_tells_nothing() {
        assert_eq!(StealMeter::default().share(), None);
    }
}
