//! Messages that found their socket full.

use busyhour_engine::{Batch, Transmit};

/// Messages that wait until the kernel takes more, in the order in which they leave.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    batch: Batch,
    /// How many of the batch's messages have left.
    sent: usize,
}

impl Backlog {
    /// Most bytes that wait at a time; a message beyond them is not sent.
    pub(crate) const BYTES_MAX: usize = 16 << 20;

    pub(crate) fn is_empty(&self) -> bool {
        self.sent == self.batch.transmits.len()
    }

    /// Appends a message; false if there is no room.
    #[must_use]
    pub(crate) fn push(&mut self, transmit: &Transmit, message: &[u8]) -> bool {
        if self.batch.bytes.len() + message.len() > Backlog::BYTES_MAX {
            self.compact();
            if self.batch.bytes.len() + message.len() > Backlog::BYTES_MAX {
                return false;
            }
        }
        let start = self.batch.bytes.len() as u32;
        self.batch.bytes.extend_from_slice(message);
        self.batch.transmits.push(Transmit { start, ..*transmit });
        true
    }

    /// The waiting messages: the batch they are in, and the position of the first.
    pub(crate) fn waiting(&self) -> (&Batch, usize) {
        (&self.batch, self.sent)
    }

    /// So many of them have left.
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.is_empty() {
            self.batch.clear();
            self.sent = 0;
        }
    }

    /// Drops what has left.
    fn compact(&mut self) {
        let start =
            self.batch.transmits.get(self.sent).map_or(self.batch.bytes.len(), |first| first.start as usize);
        self.batch.bytes.drain(..start);
        self.batch.transmits.drain(..self.sent);
        for transmit in &mut self.batch.transmits {
            transmit.start -= start as u32;
        }
        self.sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use busyhour_engine::{CallRef, Path, SocketId};

    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_order() {
        let path = Path { peer: ([127, 0, 0, 1], 1).into(), socket: SocketId::MAIN };
        let transmit = Transmit { start: 0, len: 65_536, rank: 0, call: CallRef::default(), path };
        let mut backlog = Backlog::default();
        let mut message = vec![0; 65_536];
        let room = Backlog::BYTES_MAX / message.len();
        for n in 0..room {
            message[0] = n as u8;
            assert!(backlog.push(&transmit, &message));
        }
        assert!(!backlog.push(&transmit, &message));
        backlog.advance(3);
        assert!(backlog.push(&transmit, &message));
        let (batch, next) = backlog.waiting();
        assert_eq!(batch.message(&batch.transmits[next])[0], 3);
        backlog.advance(room - 2);
        assert!(backlog.is_empty());
    }
}
