//! Messages out of a byte stream (RFC 3261 §18.3, RFC 5626 §4.4.1).

/// Cuts messages out of a stream, whatever the segmentation.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    start: usize,
}

/// What [`Framer::next_frame`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A complete message.
    Message(&'a [u8]),
    /// CRLFCRLF between messages: the peer asks for a pong (CRLF).
    Ping,
}

/// The stream cannot be read further; the connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FramingError {
    /// A header part without end, over the limit.
    HeadTooLong,
    /// Content-Length announces more than the limit.
    BodyTooLong,
}

impl Framer {
    /// Longest message, head and body: 64 KiB.
    pub const MESSAGE_BYTES_MAX: usize = 65_536;

    /// Appends received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let _ = bytes;
        unimplemented!()
    }

    /// Takes the next complete frame, if there is one. A lone CRLF (a pong) is skipped.
    ///
    /// # Errors
    /// When a limit is passed.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FramingError> {
        let _ = &self.start;
        unimplemented!()
    }

    /// Bytes held back for an incomplete message.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }
}
