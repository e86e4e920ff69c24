//! Local RTP ports. Whoever has sockets implements [`Ports`]; engines ask it while they write a message, because a port
//! must be ours before it is promised to a peer.

use std::fmt;

/// A bound pair of local ports: RTP, and RTCP on the next port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortId(pub u32);

/// A pair that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRef {
    /// Which.
    pub id: PortId,
    /// Number of its RTP port.
    pub port: u16,
}

/// Gives out local ports of the media address (`-mi`), between `-min_rtp_port` and `-max_rtp_port`.
pub trait Ports: Send + Sync + fmt::Debug {
    /// Takes a pair that no other call has, RTP on an even port (RFC 3550 §11). The search goes on where the last one
    /// ended, so that a port rests as long as possible before it is used again.
    ///
    /// # Errors
    /// [`NoPort`], with the reason.
    fn take(&self) -> Result<PortRef, NoPort>;

    /// Takes the pair with this RTP port, which several calls may hold at a time.
    ///
    /// # Errors
    /// [`NoPort`], with the reason: another process has it.
    fn take_at(&self, port: u16) -> Result<PortRef, NoPort>;

    /// Gives a pair back that no media thread has heard of.
    fn give_back(&self, port: PortId);
}

/// Why there is no port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPort {
    /// In words, with the numbers and the way out.
    pub text: String,
}

/// What a media thread wants done with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortRequest {
    /// Read it whenever something arrives (an echo, or a port that several calls share).
    Watch(PortId),
    /// Read it only when [`Media::poll_read`](crate::Media::poll_read) names it.
    Unwatch(PortId),
    /// One of its calls has no more use for it. When the last one has gone, what still waits in its sockets is thrown
    /// away before another call gets it.
    GiveBack(PortId),
}

/// No ports at all: where there are no sockets.
#[derive(Debug, Default)]
pub struct NoPorts;

impl Ports for NoPorts {
    fn take(&self) -> Result<PortRef, NoPort> {
        Err(NoPort { text: "this run has no media ports".to_owned() })
    }

    fn take_at(&self, _: u16) -> Result<PortRef, NoPort> {
        self.take()
    }

    fn give_back(&self, _: PortId) {}
}
