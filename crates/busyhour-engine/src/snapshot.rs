//! Everything that reporters may know, as one value per worker. Values of several workers add up.

use hdrhistogram::Histogram;

use crate::time::Time;

/// Counters since the start of the run, and histograms since the start of the run. A reporter subtracts an earlier
/// snapshot to get an interval.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub at: Time,
    /// Calls and messages of the whole worker.
    pub counters: Counters,
    /// One for each program of the run, in its order.
    pub programs: Vec<ProgramStatistics>,
    /// From planned to actual start of a call, in µs.
    pub start_lateness: Histogram<u64>,
    /// From a timer's deadline to its handling, in µs.
    pub timer_lateness: Histogram<u64>,
    /// What the driver saw of itself.
    pub generator: GeneratorCounters,
    /// Present target of the plan in calls per second (or users), for worker 0.
    pub target_rate: f64,
    /// Present limit of open calls, for worker 0.
    pub limit: Option<u64>,
}

/// Counters of one worker.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// Calls started by a received message.
    pub incoming: u64,
    /// Calls started by the plan.
    pub outgoing: u64,
    /// Open calls.
    pub open: u64,
    /// Highest number of open calls of the run seen so far (all workers), and when.
    pub open_peak: u64,
    /// See `open_peak`.
    pub open_peak_at: Time,
    /// Calls that ended well.
    pub successful: u64,
    /// Calls that failed, by reason: index with [`FailureKind::index`].
    pub failed: [u64; FailureKind::COUNT],
    /// Calls the plan had due but the open-call limit refused.
    pub suppressed_by_limit: u64,
    /// Messages for no known call.
    pub out_of_call: u64,
    /// Messages for a call that has ended.
    pub dead_call: u64,
    /// Ended calls that are still remembered.
    pub dead_calls_kept: u64,
    /// Ended calls forgotten early because the table was full.
    pub dead_calls_evicted: u64,
    /// Messages sent again.
    pub retransmissions: u64,
    /// Messages answered automatically.
    pub auto_answered: u64,
    /// Warnings.
    pub warnings: u64,
    /// Warnings whose text was dropped because they came too fast.
    pub warnings_suppressed: u64,
    /// Fatal errors.
    pub fatal_errors: u64,
    /// Received bytes that are no SIP message.
    pub not_sip: u64,
    /// Received SIP messages without Call-ID.
    pub no_call_id: u64,
    /// Received messages with an unreadable start line.
    pub bad_start_line: u64,
    /// Incoming calls refused because the call table is full.
    pub calls_refused: u64,
    /// Panics caught; each took one call down. A bug.
    pub panics: u64,
    /// Trace events dropped because nobody read them fast enough.
    pub events_dropped: u64,
    /// Messages received and taken by a call.
    pub messages_received: u64,
    /// Messages sent.
    pub messages_sent: u64,
    /// Messages handed over to another worker.
    pub handed_over: u64,
}

impl Counters {
    /// All failed calls.
    pub fn failed_total(&self) -> u64 {
        self.failed.iter().sum()
    }
}

/// What a driver counts about itself, since the start of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeneratorCounters {
    /// Datagrams the kernel dropped because we read too slowly (`SO_RXQ_OVFL`).
    pub kernel_drops: u64,
    /// Messages that could not be sent.
    pub send_failures: u64,
    /// Receive calls that failed.
    pub receive_failures: u64,
    /// Messages that had to wait because a socket was full.
    pub congested: u64,
    /// Messages dropped because another worker's ring was full.
    pub ring_overflows: u64,
    /// Streams closed because their bytes could not be framed.
    pub framing_errors: u64,
    /// Time spent working, µs.
    pub busy_us: u64,
    /// Time since the worker started, µs.
    pub elapsed_us: u64,
    /// Turns of the loop.
    pub turns: u64,
    /// Open sockets.
    pub sockets: u64,
}

/// Statistics of one program in one worker.
#[derive(Debug, Clone)]
pub struct ProgramStatistics {
    /// One for each step.
    pub steps: Vec<StepCounters>,
    /// One for each response-time timer.
    pub timers: Vec<DurationStatistics>,
    /// User counters.
    pub counters: Vec<u64>,
    /// Length of ended calls, failed ones too.
    pub call_length: DurationStatistics,
    /// Response codes of unexpected responses since the last snapshot, newest last, at most 1000.
    pub unexpected_codes: Vec<u16>,
    /// Calls of this program that ended well.
    pub successful: u64,
    /// Calls of this program that failed.
    pub failed: u64,
}

/// Counters of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounters {
    /// Messages sent or received, or sessions of a pause.
    pub messages: u64,
    /// Sent again, or received again.
    pub retransmissions: u64,
    /// Timeouts.
    pub timeouts: u64,
    /// Unexpected messages while the step was current.
    pub unexpected: u64,
    /// Lost on purpose.
    pub lost: u64,
}

/// A measured duration.
#[derive(Debug, Clone)]
pub struct DurationStatistics {
    /// Number of samples.
    pub count: u64,
    /// Sum in whole ms, as SIPp counts.
    pub sum_ms: u64,
    /// Sum of squares of ms.
    pub sum_squares_ms: f64,
    /// Samples per range of the repartition table; one more than there are borders.
    pub repartition: Vec<u64>,
    /// From the actual start, µs.
    pub actual: Histogram<u64>,
    /// From when the start was planned, µs (no coordinated omission). Empty for call lengths.
    pub planned: Histogram<u64>,
}

macro_rules! failure_kinds {
    ($($name:ident, $column:expr, $text:literal;)*) => {
        /// Why a call failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FailureKind { $(#[doc = $text] $name,)* }

        impl FailureKind {
            /// All kinds, in the order of SIPp's statistics file.
            pub const ALL: [FailureKind; Self::COUNT] = [$(FailureKind::$name,)*];
            /// How many kinds there are.
            pub const COUNT: usize = [$($text,)*].len();

            /// Column of SIPp's statistics file without `(P)`/`(C)`; `None` where SIPp counts the call as failed
            /// without a category.
            pub const fn column(self) -> Option<&'static str> {
                match self { $(FailureKind::$name => $column,)* }
            }

            /// In words.
            pub const fn text(self) -> &'static str {
                match self { $(FailureKind::$name => $text,)* }
            }
        }
    };
}

failure_kinds! {
    CannotSendMessage, Some("FailedCannotSendMessage"), "message could not be sent";
    MaxUdpRetrans, Some("FailedMaxUDPRetrans"), "no answer after all retransmissions";
    TcpConnect, Some("FailedTcpConnect"), "connection could not be set up";
    TcpClosed, Some("FailedTcpClosed"), "connection closed";
    UnexpectedMessage, Some("FailedUnexpectedMessage"), "unexpected message";
    CallRejected, Some("FailedCallRejected"), "stopped by the scenario";
    CmdNotSent, Some("FailedCmdNotSent"), "command could not be sent";
    RegexpDoesntMatch, Some("FailedRegexpDoesntMatch"), "regular expression does not match";
    RegexpShouldntMatch, Some("FailedRegexpShouldntMatch"), "regular expression matches and should not";
    RegexpHdrNotFound, Some("FailedRegexpHdrNotFound"), "header for regular expression not found";
    OutboundCongestion, Some("FailedOutboundCongestion"), "no free circuit";
    TimeoutOnRecv, Some("FailedTimeoutOnRecv"), "receive timeout";
    TimeoutOnSend, Some("FailedTimeoutOnSend"), "send timeout";
    TestDoesntMatch, Some("FailedTestDoesntMatch"), "test does not hold";
    TestShouldntMatch, Some("FailedTestShouldntMatch"), "test holds and should not";
    StrcmpDoesntMatch, Some("FailedStrcmpDoesntMatch"), "texts differ";
    StrcmpShouldntMatch, Some("FailedStrcmpShouldntMatch"), "texts are equal and should not be";
    Unreachable, Some("FailedCannotSendMessage"), "destination unreachable (ICMP)";
    AckCseq, None, "ACK with the wrong CSeq";
    Aborted, None, "aborted when the run ended";
    NotAvailable, None, "the scenario reached something busyhour can't do yet";
    Panic, None, "a bug in busyhour took the call down";
}

impl FailureKind {
    /// Its place in [`Counters::failed`].
    pub const fn index(self) -> usize {
        self as usize
    }
}
