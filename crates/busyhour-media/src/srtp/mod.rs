//! SRTP and SRTCP (RFC 3711, 6188, 7714) for the streams of one medium of a call, in one direction each.
//!
//! A packet is changed where it lies, and nothing is allocated for it. Keys are derived once (key derivation
//! rate 0); the expanded key of RTP is kept, that of RTCP is made for each of its rare packets.

mod keys;
mod packet;
mod policy;
mod protector;
mod session;
mod streams;
mod suite;
mod transform;
mod unprotector;
#[cfg(test)]
mod vectors;

pub use policy::{MKI_MAX, Policy, Unreadable};
pub use protector::Protector;
pub use streams::STREAMS_MAX;
pub use suite::Suite;
pub use unprotector::Unprotector;

/// Bytes by which a packet grows at most: the tag of an AEAD, the index of SRTCP, and the longest identifier.
pub const OVERHEAD_MAX: usize = 16 + 4 + MKI_MAX;

/// Why a packet was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too short, or no RTP; of a policy: a key of the wrong length.
    Malformed,
    /// Its tag or its master key identifier is wrong.
    Authentication,
    /// It has been received before, or is older than the window of 64 packets.
    Replay,
}
