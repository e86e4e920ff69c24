//! Calls of one program: begun, ended well, failed and why.

use super::{FailureKind, Snapshot};

/// Counters of the calls of one program in one worker. Calls of an out-of-call program count here too, and nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallCounters {
    /// Calls started by a received message.
    pub incoming: u64,
    /// Calls started by the plan, or by another process (3PCC).
    pub outgoing: u64,
    /// Calls that ended well.
    pub successful: u64,
    /// Calls that failed, by reason: index with [`FailureKind::index`].
    pub failed: [u64; FailureKind::COUNT],
    /// Messages sent again, but for the ACK of a repeated final response.
    pub retransmissions: u64,
}

impl CallCounters {
    /// Calls started, incoming and outgoing.
    pub fn created(&self) -> u64 {
        self.incoming + self.outgoing
    }

    /// All failed calls.
    pub fn failed_total(&self) -> u64 {
        self.failed.iter().sum()
    }

    /// Calls started and not yet ended.
    pub fn open(&self) -> u64 {
        self.created().saturating_sub(self.successful + self.failed_total())
    }

    /// Adds another worker's.
    pub fn add(&mut self, other: &CallCounters) {
        let Self { incoming, outgoing, successful, failed, retransmissions } = other;
        self.incoming += incoming;
        self.outgoing += outgoing;
        self.successful += successful;
        self.retransmissions += retransmissions;
        for (sum, more) in self.failed.iter_mut().zip(failed) {
            *sum += more;
        }
    }
}

/// Calls are counted for the run and for their program at once.
impl Snapshot {
    /// Counts a call of this program that the plan or another process starts.
    pub(crate) fn count_outgoing(&mut self, program: u8) {
        self.counters.outgoing += 1;
        self.calls(program).outgoing += 1;
    }

    /// Counts a call of this program that a message starts. One that is `automatic`, outside of the run's calls, counts
    /// for its program only.
    pub(crate) fn count_incoming(&mut self, program: u8, automatic: bool) {
        self.counters.incoming += u64::from(!automatic);
        self.calls(program).incoming += 1;
    }

    /// Counts the end of a call of this program. That a run ends before an `automatic` one, of which nobody waits for the
    /// end, is no failure, and such a call counts as open.
    pub(crate) fn count_ended(&mut self, program: u8, failure: Option<FailureKind>, automatic: bool) {
        if automatic && failure == Some(FailureKind::Aborted) {
            return;
        }
        let run = u64::from(!automatic);
        match failure {
            None => {
                self.counters.successful += run;
                self.calls(program).successful += 1;
            }
            Some(kind) => {
                self.counters.failed[kind.index()] += run;
                self.calls(program).failed[kind.index()] += 1;
            }
        }
    }

    /// Counts a message that a call of this program sends again.
    pub(crate) fn count_retransmission(&mut self, program: u8) {
        self.counters.retransmissions += 1;
        self.calls(program).retransmissions += 1;
    }

    fn calls(&mut self, program: u8) -> &mut CallCounters {
        &mut self.programs[usize::from(program)].calls
    }
}
