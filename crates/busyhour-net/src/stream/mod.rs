//! Streams: connections that carry SIP messages one after the other.
//!
//! [`Streams`] holds one worker's connections; [`Stream`] is what lies between a connection's bytes and its messages.

mod connect;
mod connection;
mod layer;
mod streams;

pub(crate) use connect::{begin_connect, trouble_of_error};
pub(crate) use layer::Stream;
pub(crate) use streams::{Streams, StreamsOptions};

/// Set in the serials of streams, so that they differ from those of datagram sockets.
pub(crate) const STREAM_BIT: u64 = 1 << 47;
