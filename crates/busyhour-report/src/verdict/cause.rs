//! What can hold a generator back, in numbers and in words.

use crate::figures::{count, counted, duration, share};

/// What held the generator back.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The kernel dropped datagrams that had arrived, because they were not read fast enough.
    KernelDrops {
        /// How many.
        datagrams: u64,
    },
    /// Messages were dropped between two workers.
    RingOverflows {
        /// How many.
        messages: u64,
    },
    /// Messages had to wait because the socket took no more.
    Congestion {
        /// How many waited.
        waited: u64,
        /// Of how many sent in those intervals.
        sent: u64,
    },
    /// Calls started later than the plan had them due.
    StartLateness {
        /// Highest 99th percentile of an interval, µs.
        p99_us: u64,
        /// Calls that started too late.
        late: u64,
    },
    /// Timers (pauses, retransmissions, timeouts) were handled late.
    TimerLateness {
        /// Highest 99th percentile of an interval, µs.
        p99_us: u64,
        /// Timers that were too late.
        late: u64,
    },
    /// A worker had no time left.
    Busy {
        /// Which worker.
        worker: usize,
        /// Longest time in which it was busy without a break, µs.
        for_us: u64,
        /// Busy part of that time, in µs.
        busy_us: u64,
    },
    /// The hypervisor gave this machine's CPU time to others.
    StolenTime {
        /// Highest share of an interval, in thousandths.
        per_mille: u64,
    },
    /// Incoming calls were refused because the call table was full.
    CallsRefused {
        /// How many.
        calls: u64,
    },
    /// RTP packets left later than they were due.
    MediaLateness {
        /// Highest 99th percentile of an interval, µs.
        p99_us: u64,
        /// Packets that left too late.
        late: u64,
    },
    /// RTP packets were dropped on this machine.
    MediaDrops {
        /// By the kernel, because they were not read fast enough.
        received: u64,
        /// By us, because a queue or socket was full.
        sent: u64,
    },
    /// Calls had no media, because a table was full.
    MediaCallsRefused {
        /// How many.
        calls: u64,
    },
    /// Calls failed because this machine had no media port for them.
    MediaPorts {
        /// How many.
        calls: u64,
    },
    /// Calls were taken down by bugs in busyhour.
    Panics {
        /// How many.
        calls: u64,
    },
}

impl Cause {
    /// Adds `more` if it is of the same kind, and returns whether it is.
    pub(super) fn absorb(&mut self, more: &Cause) -> bool {
        use Cause::{
            Busy, CallsRefused, Congestion, KernelDrops, MediaCallsRefused, MediaDrops, MediaLateness,
            MediaPorts, Panics, RingOverflows, StartLateness, StolenTime, TimerLateness,
        };
        match (self, more) {
            (KernelDrops { datagrams: sum }, KernelDrops { datagrams: more })
            | (RingOverflows { messages: sum }, RingOverflows { messages: more })
            | (CallsRefused { calls: sum }, CallsRefused { calls: more })
            | (MediaCallsRefused { calls: sum }, MediaCallsRefused { calls: more })
            | (MediaPorts { calls: sum }, MediaPorts { calls: more })
            | (Panics { calls: sum }, Panics { calls: more }) => *sum += more,
            (Congestion { waited, sent }, Congestion { waited: more_waited, sent: more_sent }) => {
                *waited += more_waited;
                *sent += more_sent;
            }
            (StartLateness { p99_us, late }, StartLateness { p99_us: other, late: more })
            | (TimerLateness { p99_us, late }, TimerLateness { p99_us: other, late: more })
            | (MediaLateness { p99_us, late }, MediaLateness { p99_us: other, late: more }) => {
                *p99_us = (*p99_us).max(*other);
                *late += more;
            }
            (
                Busy { worker, for_us, busy_us },
                Busy { worker: other, for_us: other_for, busy_us: other_busy },
            ) => {
                if worker != other {
                    return false;
                }
                if other_for > for_us {
                    *for_us = *other_for;
                    *busy_us = *other_busy;
                }
            }
            (MediaDrops { received, sent }, MediaDrops { received: more_received, sent: more_sent }) => {
                *received += more_received;
                *sent += more_sent;
            }
            (StolenTime { per_mille }, StolenTime { per_mille: other }) => {
                *per_mille = (*per_mille).max(*other);
            }
            _ => return false,
        }
        true
    }

    /// Returns what happened, as a sentence.
    pub fn what(&self) -> String {
        match self {
            Cause::KernelDrops { datagrams } => format!(
                "{} arrived here and {} dropped by this machine's kernel, because busyhour did not read fast enough.",
                counted(*datagrams, "datagram"),
                if *datagrams == 1 { "was" } else { "were" }
            ),
            Cause::RingOverflows { messages } => format!(
                "{} for another worker's calls {} dropped, because that worker did not take them fast enough.",
                counted(*messages, "message"),
                if *messages == 1 { "was" } else { "were" }
            ),
            Cause::Congestion { waited, sent } => format!(
                "{} of {} messages ({}) had to wait, because the sending socket was full.",
                count(*waited),
                count(*sent),
                share(*waited, *sent)
            ),
            Cause::StartLateness { p99_us, late } => format!(
                "{} started too late: up to {} behind the plan in the 99th percentile of an interval.",
                counted(*late, "call"),
                duration(*p99_us)
            ),
            Cause::TimerLateness { p99_us, late } => format!(
                "{} (pauses, repeats, timeouts) ran too late: up to {} in the 99th percentile of an interval.",
                counted(*late, "timer"),
                duration(*p99_us)
            ),
            Cause::Busy { worker, for_us, busy_us } => format!(
                "worker {worker} was busy for {} of {} and fell behind.",
                share(*busy_us, *for_us),
                duration(*for_us)
            ),
            Cause::StolenTime { per_mille } => format!(
                "the hypervisor gave up to {} of this machine's CPU time to other machines.",
                share(*per_mille, 1000)
            ),
            Cause::CallsRefused { calls } => {
                format!("{} refused, because the table of open calls is full.", were(*calls, "incoming call"))
            }
            Cause::MediaLateness { p99_us, late } => format!(
                "{} left too late: up to {} in the 99th percentile of an interval.",
                counted(*late, "RTP packet"),
                duration(*p99_us)
            ),
            Cause::MediaDrops { received, sent } => format!(
                "{} dropped on this machine: {} received, because busyhour did not read fast enough, and {} to be sent, \
                 because a queue or socket was full.",
                were(received + sent, "RTP packet"),
                count(*received),
                count(*sent)
            ),
            Cause::MediaCallsRefused { calls } => {
                format!(
                    "{} without media, because the table of calls with media is full.",
                    were(*calls, "call")
                )
            }
            Cause::MediaPorts { calls } => format!(
                "{} failed here and not at the target: no media port could be opened for {}.",
                counted(*calls, "call"),
                if *calls == 1 { "it" } else { "them" }
            ),
            Cause::Panics { calls } => format!("{} taken down by a bug in busyhour.", were(*calls, "call")),
        }
    }

    /// Returns what to do about it, as a sentence.
    pub fn way_out(&self) -> &'static str {
        match self {
            Cause::KernelDrops { .. } => {
                "Way out: raise the kernel's limit (sysctl net.core.rmem_max=16777216), use more workers, or lower the \
                 rate."
            }
            Cause::RingOverflows { .. } => {
                "Way out: lower the rate, give busyhour cores of its own, or use a port for each worker so that \
                 nothing is handed over."
            }
            Cause::Congestion { .. } => {
                "Way out: raise the kernel's limit (sysctl net.core.wmem_max=16777216), lower the rate, or look for a \
                 network slower than the load."
            }
            Cause::StartLateness { .. } | Cause::TimerLateness { .. } => {
                "Way out: give busyhour cores of its own (not those of the target), use more workers, or lower the \
                 rate."
            }
            Cause::Busy { .. } => "Way out: use more workers or a faster machine, or lower the rate.",
            Cause::StolenTime { .. } => "Way out: measure on a machine that does not share its cores.",
            Cause::CallsRefused { .. } => {
                "Way out: lower the rate or the length of calls, or use a second machine."
            }
            Cause::MediaLateness { .. } => {
                "Way out: give busyhour cores of its own (not those of the target), use more -media_threads (calls on \
                 [media_port] are all on one; [rtpstream_audio_port] spreads them), or have fewer calls at a time."
            }
            Cause::MediaDrops { .. } => {
                "Way out: use more -media_threads, larger buffers (-rtp_buffsize, sysctl net.core.rmem_max=16777216), or \
                 have fewer calls at a time."
            }
            Cause::MediaCallsRefused { .. } => {
                "Way out: have fewer calls at a time, or use a second machine."
            }
            Cause::MediaPorts { .. } => {
                "Way out: give a wider range of ports (-min_rtp_port, -max_rtp_port) or more open files (ulimit -n), as the \
                 warnings say, or have fewer calls at a time (-l)."
            }
            Cause::Panics { .. } => "Way out: please report it, with the scenario and the text on stderr.",
        }
    }
}

fn were(calls: u64, noun: &str) -> String {
    format!("{} {}", counted(calls, noun), if calls == 1 { "was" } else { "were" })
}
