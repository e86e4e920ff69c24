//! Why calls fail.

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
    CannotMakeMessage, None, "message could not be made";
    InjectionFile, None, "an injection file has no such line, or can't be used";
    VerifyFailed, None, "a command of exec verify did not end well";
    TwinAborted, None, "aborted by the other party (3PCC)";
    MediaFile, None, "a media file could not be played";
    MediaPort, None, "no free media port";
    MediaAssert, None, "a claim about media (rtp_assert) does not hold";
    MediaCheck, None, "the echo of a pattern failed (rtpcheck)";
    MediaWait, None, "streams did not end in time (rtp_stream wait)";
    Panic, None, "a bug in busyhour took the call down";
}

impl FailureKind {
    /// Its place in [`super::Counters::failed`].
    pub const fn index(self) -> usize {
        self as usize
    }
}
