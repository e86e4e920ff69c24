//! What lies between a connection's bytes and SIP messages.

use busyhour_wire::{Frame, Framer, FramingError};

/// The layers of one connection: bytes from the network go in by [`Stream::feed`], messages come out of
/// [`Stream::next_frame`]; messages go in by [`Stream::encode`], bytes for the network come out.
///
/// This is the seam for what comes later: TLS puts its records and its handshake (which also wants to send by itself)
/// between the bytes and the framer, WebSocket has frames instead of Content-Length. Each becomes a variant; nothing
/// outside this file looks inside.
#[derive(Debug)]
pub(crate) enum Stream {
    /// SIP over TCP, framed by Content-Length (RFC 3261 §18.3).
    Plain(Framer),
}

impl Stream {
    pub(crate) fn plain() -> Stream {
        Stream::Plain(Framer::default())
    }

    /// Takes received bytes, however they are cut.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        match self {
            Stream::Plain(framer) => framer.push(bytes),
        }
    }

    /// The next complete message or keep-alive.
    ///
    /// # Errors
    /// When the connection can't be read any further.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FramingError> {
        match self {
            Stream::Plain(framer) => framer.next_frame(),
        }
    }

    /// Appends what a message looks like on this connection.
    pub(crate) fn encode(&mut self, message: &[u8], out: &mut Vec<u8>) {
        match self {
            Stream::Plain(_) => out.extend_from_slice(message),
        }
    }

    /// Appends the answer to a keep-alive (RFC 5626 §4.4.1).
    pub(crate) fn encode_pong(&mut self, out: &mut Vec<u8>) {
        match self {
            Stream::Plain(_) => out.extend_from_slice(b"\r\n"),
        }
    }
}
