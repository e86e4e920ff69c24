//! How media threads and engines name a call to each other.

/// A call of some worker. Engines make them; media threads only compare them and hand them back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MediaCall {
    /// The worker whose engine owns the call.
    pub worker: u16,
    /// The call in that engine, never reused.
    pub token: u64,
}
