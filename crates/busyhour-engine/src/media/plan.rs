//! What a program's calls need of media in this run.

use busyhour_scenario::program::Program;
use busyhour_wire::sdp::Medium;

use crate::settings::Settings;

/// Ports that `[auto_media_port]` counts through (spec-media §1): every fourth of 10 000.
const AUTO_PORTS: u64 = 2500;

/// The same for all calls of a program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// Its calls have media: they take ports, and SDP matters.
    pub(crate) has: bool,
    /// Texts may hold keywords that must be prepared: ports of a call's own, keys.
    pub(crate) has_keywords: bool,
    pub(super) spread: Spread,
}

/// How calls are spread over media threads. Calls that may share a port are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Spread {
    Together,
    ByAutoPort,
    #[default]
    ByNumber,
}

impl Plan {
    pub(crate) fn new(program: &Program, settings: &Settings) -> Plan {
        let needs = &program.media;
        let own = needs.own_port.contains(&true);
        let has_port = |at: usize| needs.shared_port[at] || needs.auto_port[at] || needs.own_port[at];
        let unnamed = Medium::ALL.map(Medium::index).into_iter().any(|at| needs.used[at] && !has_port(at));
        Plan {
            has: settings.media.as_ref().is_some_and(|media| needs.any || own || media.always || media.echo),
            has_keywords: own || needs.crypto,
            spread: if needs.shared_port.contains(&true) || unnamed {
                Spread::Together
            } else if needs.auto_port.contains(&true) {
                Spread::ByAutoPort
            } else {
                Spread::ByNumber
            },
        }
    }

    /// The media thread of a call, by its number; one without a number goes by its hash.
    pub(super) fn thread(&self, number: u64, hash: u64, threads: u16) -> u16 {
        let place = match self.spread {
            Spread::Together => 0,
            Spread::ByAutoPort => auto_place(number),
            Spread::ByNumber if number == 0 => hash,
            Spread::ByNumber => number,
        };
        (place % u64::from(threads.max(1))) as u16
    }

    /// All its calls are on one media thread, so they may share ports.
    pub(super) fn is_together(&self) -> bool {
        self.spread == Spread::Together
    }
}

/// Which of the ports of `[auto_media_port]` a call has, by its number.
pub(super) fn auto_place(number: u64) -> u64 {
    number.saturating_sub(1) % AUTO_PORTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_share_a_port_share_a_thread() {
        let plan = |spread| Plan { spread, ..Plan::default() };
        let thread = |spread, number| plan(spread).thread(number, 77, 4);
        assert_eq!((thread(Spread::Together, 3), thread(Spread::Together, 0)), (0, 0));
        assert_eq!((thread(Spread::ByNumber, 3), thread(Spread::ByNumber, 6)), (3, 2));
        assert_eq!(thread(Spread::ByNumber, 0), 1, "by its hash");
        for number in [1, 2, 2500, 2501] {
            assert_eq!(thread(Spread::ByAutoPort, number), thread(Spread::ByAutoPort, number + 2500));
        }
        assert_eq!(plan(Spread::ByNumber).thread(5, 0, 0), 0, "no threads count as one");
    }
}
