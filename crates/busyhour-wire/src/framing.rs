//! Messages out of a byte stream (RFC 3261 §18.3, RFC 5626 §4.4.1).

use crate::head::{HeadCursor, after_name, crlf_crlf, trim_start};

/// Cuts messages out of a stream, whatever the segmentation.
///
/// A message is everything up to CRLFCRLF and as many bytes after it as its first Content-Length says; none if that is
/// absent or no number. Each byte is looked at once, however small the segments are.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    start: usize,
    /// Bytes after `start` known to hold no CRLFCRLF.
    searched: usize,
    /// Length of the message at `start`, once its head is complete.
    length: Option<usize>,
    broken: Option<FramingError>,
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
    /// A head over the limit, with or without end.
    HeadTooLong,
    /// Content-Length announces a message over the limit.
    BodyTooLong,
}

impl Framer {
    /// Longest message, head and body: 64 KiB.
    pub const MESSAGE_BYTES_MAX: usize = 65_536;

    /// Appends received bytes. After an error they are dropped.
    ///
    /// The buffer holds what was pushed and not yet taken. Whoever takes all frames after each push keeps it under twice
    /// [`MESSAGE_BYTES_MAX`](Self::MESSAGE_BYTES_MAX) and the longest push.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        self.make_room();
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next complete frame, if there is one. A lone CRLF (a pong) is skipped.
    ///
    /// A CRLF at the end of what has arrived is held back, for it may be half a ping.
    ///
    /// # Errors
    /// When a limit is passed; then every later call says so again.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FramingError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let length = match self.length {
            Some(length) => length,
            None => {
                if self.skip_line_ends() {
                    return Ok(Some(Frame::Ping));
                }
                match self.read_head() {
                    Ok(Some(length)) => length,
                    Ok(None) => return Ok(None),
                    Err(error) => return Err(self.break_off(error)),
                }
            }
        };
        self.length = Some(length);
        if self.buffered() < length {
            return Ok(None);
        }
        let start = self.start;
        self.consume(length);
        Ok(Some(Frame::Message(&self.buffer[start..start + length])))
    }

    /// Bytes held back for an incomplete message.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Passes over single CRLFs; true if there was a ping.
    fn skip_line_ends(&mut self) -> bool {
        loop {
            let rest = &self.buffer[self.start..];
            if rest.starts_with(b"\r\n\r\n") {
                self.consume(4);
                return true;
            }
            if !rest.starts_with(b"\r\n") || rest.len() == 2 || rest == b"\r\n\r" {
                return false;
            }
            self.consume(2);
        }
    }

    /// The length of the message at `start`, if its head is complete.
    fn read_head(&mut self) -> Result<Option<usize>, FramingError> {
        let message = &self.buffer[self.start..];
        // The search is resumed three bytes early: CRLFCRLF may have been cut.
        let Some(head) = crlf_crlf(message, self.searched.saturating_sub(3)) else {
            self.searched = message.len();
            return match message.len() > Self::MESSAGE_BYTES_MAX {
                true => Err(FramingError::HeadTooLong),
                false => Ok(None),
            };
        };
        if head > Self::MESSAGE_BYTES_MAX {
            return Err(FramingError::HeadTooLong);
        }
        let length = head.saturating_add(content_length(&message[..head]));
        if length > Self::MESSAGE_BYTES_MAX {
            return Err(FramingError::BodyTooLong);
        }
        Ok(Some(length))
    }

    fn consume(&mut self, length: usize) {
        self.start += length;
        self.searched = 0;
        self.length = None;
    }

    fn break_off(&mut self, error: FramingError) -> FramingError {
        *self = Framer { broken: Some(error), ..Framer::default() };
        error
    }

    /// Drops what was taken. Bytes are moved only when at least as many have been taken, so that each push costs O(1)
    /// for each byte on average.
    fn make_room(&mut self) {
        let rest = self.buffered();
        if self.start < rest || self.start == 0 {
            return;
        }
        self.buffer.copy_within(self.start.., 0);
        self.buffer.truncate(rest);
        self.start = 0;
        if self.buffer.capacity() > 2 * Self::MESSAGE_BYTES_MAX {
            self.buffer.shrink_to(Self::MESSAGE_BYTES_MAX);
        }
    }
}

/// Value of the first Content-Length in a head: digits up to a blank or the line end; everything else is 0. A number
/// too large to hold is the largest there is.
fn content_length(head: &[u8]) -> usize {
    let mut cursor = HeadCursor::new(head);
    cursor.start_line();
    while let Some(line) = cursor.line() {
        let value = match head[line] | 0x20 {
            b'l' => after_name(head, line, b"l"),
            b'c' => after_name(head, line, b"content-length"),
            _ => None,
        };
        if let Some(at) = value {
            return number(trim_start(cursor.unfold(at)));
        }
    }
    0
}

fn number(value: &[u8]) -> usize {
    let mut number = 0_usize;
    for &byte in value {
        match byte {
            b'0'..=b'9' => number = number.saturating_mul(10).saturating_add(usize::from(byte - b'0')),
            b' ' | b'\t' | b'\r' | b'\n' => break,
            _ => return 0,
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = Framer::MESSAGE_BYTES_MAX;

    /// All frames of the stream, a ping as an empty message, and how it ended.
    fn frames<'s>(segments: impl IntoIterator<Item = &'s [u8]>) -> (Vec<Vec<u8>>, Option<FramingError>) {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for segment in segments {
            framer.push(segment);
            loop {
                match framer.next_frame() {
                    Ok(Some(Frame::Message(message))) => frames.push(message.to_vec()),
                    Ok(Some(Frame::Ping)) => frames.push(Vec::new()),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error)),
                }
            }
        }
        (frames, None)
    }

    fn message(length: &str, body: &str) -> Vec<u8> {
        format!("BYE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n{length}\r\n\r\n{body}").into_bytes()
    }

    #[test]
    fn a_message_ends_where_content_length_says() {
        for (length, body) in [
            ("Content-Length: 4", "body"),
            ("CONTENT-LENGTH : 4", "body"),
            ("l: 4", "body"),
            ("L\t:4 ", "body"),
            ("Content-Length:\r\n 4", "body"),
            ("Content-Length: 4\r\nContent-Length: 9", "body"),
            ("l: 4\r\nContent-Length: 9", "body"),
            ("Content-Length: 0", ""),
            ("Content-Length: x", ""),
            ("Content-Length: 4x", ""),
            ("Content-Length: -4", ""),
            ("Content-Length: +4", ""),
            ("Content-Length:", ""),
            ("Content-Lengths: 4", ""),
            ("X: 1", ""),
            ("X: 1\r\n l: 4", ""),
        ] {
            let mut stream = message(length, body);
            let expected = stream.clone();
            stream.extend_from_slice(&message("l: 0", ""));
            assert_eq!(frames([&stream[..]]), (vec![expected, message("l: 0", "")], None), "{length:?}");
        }
    }

    #[test]
    fn a_body_may_hold_blank_lines() {
        let stream = message("l: 8", "\r\n\r\n\r\n\r\n");
        assert_eq!(frames([&stream[..]]), (vec![stream.clone()], None));
    }

    #[test]
    fn segmentation_makes_no_difference() {
        let mut stream = b"\r\n".to_vec();
        stream.extend_from_slice(&message("l: 4", "body"));
        stream.extend_from_slice(b"\r\n\r\n\r\n");
        stream.extend_from_slice(&message("l: 0", ""));
        stream.extend_from_slice(&message("l: 0", ""));
        stream.extend_from_slice(b"\r\n\r\n");
        let expected =
            vec![message("l: 4", "body"), vec![], message("l: 0", ""), message("l: 0", ""), vec![]];
        for size in 1..=stream.len() {
            assert_eq!(frames(stream.chunks(size)), (expected.clone(), None), "segments of {size}");
        }
    }

    #[test]
    fn pings_are_told_from_pongs() {
        assert_eq!(frames([&b"\r\n"[..]]).0.len(), 0);
        assert_eq!(frames([&b"\r\n\r\n"[..]]).0.len(), 1);
        assert_eq!(frames([&b"\r\n"[..], b"\r\n"]).0.len(), 1);
        assert_eq!(frames([&b"\r\n\r\n\r\n\r\n"[..]]).0.len(), 2);
        assert_eq!(frames([&b"\r\n"[..], &message("l: 0", "")]).0, [message("l: 0", "")]);
    }

    #[test]
    fn a_head_has_a_limit() {
        let head = |length: usize| {
            let mut head = b"BYE sip:a@b SIP/2.0\r\nX: ".to_vec();
            head.resize(length - 4, b'x');
            head.extend_from_slice(b"\r\n\r\n");
            head
        };
        for size in [1000, MAX * 2] {
            assert_eq!(frames(head(MAX).chunks(size)), (vec![head(MAX)], None));
            assert_eq!(frames(head(MAX + 1).chunks(size)), (vec![], Some(FramingError::HeadTooLong)));
            assert_eq!(frames(vec![b'x'; MAX + 1].chunks(size)), (vec![], Some(FramingError::HeadTooLong)));
            assert_eq!(frames(vec![b'x'; MAX].chunks(size)), (vec![], None));
        }
    }

    #[test]
    fn an_announced_length_has_a_limit() {
        for length in ["65537", "4294967296", "99999999999999999999999999", "65500"] {
            let stream = message(&format!("Content-Length: {length}"), "");
            assert_eq!(frames([&stream[..]]), (vec![], Some(FramingError::BodyTooLong)), "{length}");
        }
        let head = message("Content-Length: 65000", "").len();
        let stream = message("Content-Length: 65000", &"x".repeat(65_000));
        assert_eq!(frames(stream.chunks(999)).0[0].len(), head + 65_000);
    }

    #[test]
    fn an_error_stays_and_frees_the_buffer() {
        let mut framer = Framer::default();
        framer.push(&message("l: 70000", ""));
        for _ in 0..2 {
            assert_eq!(framer.next_frame(), Err(FramingError::BodyTooLong));
            framer.push(&message("l: 0", ""));
            assert_eq!(framer.buffered(), 0);
        }
    }

    #[test]
    fn a_sender_of_single_bytes_costs_linear_time() {
        let mut framer = Framer::default();
        for _ in 0..4 {
            for _ in 0..MAX - 4 {
                framer.push(b"\n");
                assert_eq!(framer.next_frame(), Ok(None));
            }
            framer.push(b"\r\n\r\n");
            assert!(matches!(framer.next_frame(), Ok(Some(Frame::Message(_)))));
        }
    }

    #[test]
    fn the_buffer_stays_small() {
        let mut framer = Framer::default();
        let one = message("l: 4", "body");
        for _ in 0..10_000 {
            framer.push(&one);
            assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(&one[..]))));
            assert_eq!(framer.next_frame(), Ok(None));
        }
        assert!(framer.buffer.capacity() < 4 * one.len());
        framer.push(&vec![b'x'; 4 * MAX]);
        assert!(framer.next_frame().is_err());
        assert_eq!(framer.buffer.capacity(), 0);
    }
}
