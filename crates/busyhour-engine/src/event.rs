//! What traces and logs want to know.

use crate::transport::Protocol;
use busyhour_media::Time;

/// Something that happened, for a person to read. Made only where somebody asked for it (traces), or seldom.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message passed (`-trace_msg`; spec-outputs §7).
    Message {
        /// When it was sent, or received by the kernel.
        at: Time,
        /// Which way.
        direction: Direction,
        /// Over what.
        protocol: Protocol,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A 3PCC command passed (`-trace_msg`).
    Command {
        /// When.
        at: Time,
        /// Which way.
        direction: Direction,
        /// All of it, without its end mark.
        bytes: Vec<u8>,
    },
    /// A scenario message was lost on purpose.
    VoluntaryLoss {
        /// When.
        at: Time,
    },
    /// Something is wrong with a call, or with what the peer sends (spec-outputs §9). May hold message bytes.
    Warning {
        /// When.
        at: Time,
        /// In words.
        text: Vec<u8>,
    },
    /// `<log>`.
    Log {
        /// The line, without its end.
        text: Vec<u8>,
    },
    /// `<error>`, or `exec int_cmd="stop_now"`: the run ends now.
    Stop {
        /// When.
        at: Time,
        /// What `<error>` says.
        text: Option<Vec<u8>>,
        /// Exit status of the process.
        exit_status: u8,
    },
}

/// Way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ours.
    Sent,
    /// The peer's.
    Received,
}
