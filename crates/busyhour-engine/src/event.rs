//! What traces and logs want to know.

use crate::time::Time;
use crate::transport::Protocol;

/// Something that happened, for a person to read. Made only where somebody asked for it (traces), or seldom.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message passed (`-trace_msg`; spec-outputs §7).
    Message { at: Time, direction: Direction, protocol: Protocol, bytes: Vec<u8> },
    /// A scenario message was lost on purpose.
    VoluntaryLoss { at: Time },
    /// Something is wrong with a call, or with what the peer sends (spec-outputs §9). May hold message bytes.
    Warning { at: Time, text: Vec<u8> },
    /// `<log>`.
    Log { text: Vec<u8> },
    /// `exec command=`: run this with `sh -c`, do not wait.
    Execute { command: Vec<u8> },
    /// `<error>`, or `exec int_cmd="stop_now"`: the run ends now with this exit status.
    Stop { at: Time, text: Option<Vec<u8>>, exit_status: u8 },
}

/// Way of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Ours.
    Sent,
    /// The peer's.
    Received,
}
