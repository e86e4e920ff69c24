//! The second-by-second look at the generator itself, from which the verdict comes.

use busyhour_engine::{Protocol, Snapshot};
use busyhour_report::{Judge, Verdict};

use crate::steal::StealMeter;

/// A judge with what it needs to remember.
#[derive(Debug)]
pub(crate) struct Watch {
    judge: Judge,
    previous: Vec<Snapshot>,
    steal: StealMeter,
}

impl Watch {
    /// Starts watching, at the start of a run over `protocol`.
    pub(crate) fn new(protocol: Protocol) -> Watch {
        let mut steal = StealMeter::default();
        steal.share();
        Watch { judge: Judge::new(protocol), previous: Vec::new(), steal }
    }

    /// Looks at one snapshot of each worker; to be called once a second, and with the last ones. True if something
    /// was found in the time since the last look.
    pub(crate) fn observe(&mut self, workers: Vec<Snapshot>) -> bool {
        let stolen = self.steal.share();
        let limited = self.judge.observe(&self.previous, &workers, stolen);
        self.previous = workers;
        limited
    }

    /// The verdict so far.
    pub(crate) fn verdict(&self) -> Verdict {
        self.judge.verdict()
    }
}
