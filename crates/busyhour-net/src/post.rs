//! Hand-over between workers: a bounded single-producer ring for each ordered pair.

use std::collections::VecDeque;
use std::sync::Arc;

use busyhour_engine::{CallRef, Handover, SocketId, Source, Trouble};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::inbox::Inbox;

/// What one worker tells another. The bytes of messages go through a ring of their own, before their letter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Letter {
    /// A message of a call that the receiver owns.
    Message { source: Source, len: usize },
    /// A message to send through a stream that the receiver owns.
    Write { socket: SocketId, call: CallRef, len: usize },
    /// ICMP came back for a message of a call that the receiver owns.
    Unreachable { trouble: Trouble, len: usize },
    /// Between engines.
    Handover(Handover),
    /// A stream of the sender is gone.
    Closed { socket: SocketId, trouble: Trouble },
    /// A [`Letter::Write`] could not be done.
    SendFailure { call: CallRef, trouble: Trouble },
}

/// One worker's side of all its rings.
pub(crate) struct Post {
    outgoing: Vec<Option<Outgoing>>,
    incoming: Vec<Incoming>,
    inboxes: Arc<[Inbox]>,
    scratch: Vec<u8>,
}

struct Outgoing {
    letters: Producer<Letter>,
    bytes: Producer<u8>,
    /// Letters that must not be lost and found the ring full. There are no more than calls and connections that begin
    /// or end while the receiver takes no turn.
    backlog: VecDeque<Letter>,
    written: bool,
}

struct Incoming {
    from: usize,
    letters: Consumer<Letter>,
    bytes: Consumer<u8>,
}

/// Bytes of message that may wait for one worker, over all rings towards it.
const BYTES_FOR_ONE: usize = 16 << 20;
/// Least and most bytes of one ring.
const RING_BYTES: std::ops::RangeInclusive<usize> = (256 << 10)..=(4 << 20);
/// Bytes of message for each letter of a ring.
const BYTES_PER_LETTER: usize = 256;

impl Post {
    /// Makes the rings of all workers, in their order. A single worker needs none.
    pub(crate) fn connect(inboxes: &Arc<[Inbox]>) -> Vec<Option<Post>> {
        let workers = inboxes.len();
        if workers < 2 {
            return (0..workers).map(|_| None).collect();
        }
        let ring_bytes = (BYTES_FOR_ONE / (workers - 1)).clamp(*RING_BYTES.start(), *RING_BYTES.end());
        let mut posts: Vec<Post> = (0..workers)
            .map(|_| Post {
                outgoing: (0..workers).map(|_| None).collect(),
                incoming: Vec::with_capacity(workers - 1),
                inboxes: Arc::clone(inboxes),
                scratch: Vec::new(),
            })
            .collect();
        for from in 0..workers {
            for to in (0..workers).filter(|&to| to != from) {
                let (letters_in, letters_out) = RingBuffer::new(ring_bytes / BYTES_PER_LETTER);
                let (bytes_in, bytes_out) = RingBuffer::new(ring_bytes);
                posts[from].outgoing[to] = Some(Outgoing {
                    letters: letters_in,
                    bytes: bytes_in,
                    backlog: VecDeque::new(),
                    written: false,
                });
                posts[to].incoming.push(Incoming { from, letters: letters_out, bytes: bytes_out });
            }
        }
        posts.into_iter().map(Some).collect()
    }

    /// Hands over a message; false if there is no room (or no such worker).
    #[must_use]
    pub(crate) fn message(&mut self, to: usize, source: &Source, bytes: &[u8]) -> bool {
        self.with_bytes(to, Letter::Message { source: *source, len: bytes.len() }, bytes)
    }

    /// Asks the owner of a stream to send a message; false if there is no room (or no such worker).
    #[must_use]
    pub(crate) fn write(&mut self, to: usize, socket: SocketId, call: CallRef, bytes: &[u8]) -> bool {
        self.with_bytes(to, Letter::Write { socket, call, len: bytes.len() }, bytes)
    }

    /// Hands over an ICMP error with the first bytes of its message; false if there is no room (or no such worker).
    #[must_use]
    pub(crate) fn unreachable(&mut self, to: usize, trouble: Trouble, original: &[u8]) -> bool {
        self.with_bytes(to, Letter::Unreachable { trouble, len: original.len() }, original)
    }

    /// Sends a letter without bytes. It is never lost: if the ring is full, it waits here.
    pub(crate) fn send(&mut self, to: usize, letter: Letter) {
        let Some(Some(outgoing)) = self.outgoing.get_mut(to) else { return };
        outgoing.written = true;
        if !outgoing.backlog.is_empty() || outgoing.letters.is_full() {
            outgoing.backlog.push_back(letter);
        } else {
            // There is room: only this thread puts letters in.
            let _ = outgoing.letters.push(letter);
        }
    }

    /// Sends a letter without bytes to all others.
    pub(crate) fn send_all(&mut self, letter: Letter) {
        for to in 0..self.outgoing.len() {
            self.send(to, letter);
        }
    }

    /// Tries what waits here again, and wakes whoever has something to read. Call it at the end of each turn.
    pub(crate) fn flush(&mut self) {
        for (to, outgoing) in self.outgoing.iter_mut().enumerate() {
            let Some(outgoing) = outgoing else { continue };
            while let Some(&letter) = outgoing.backlog.front() {
                if outgoing.letters.push(letter).is_err() {
                    break;
                }
                outgoing.backlog.pop_front();
                outgoing.written = true;
            }
            if std::mem::take(&mut outgoing.written) {
                self.inboxes[to].wake();
            }
        }
    }

    /// True if letters wait here for room in a ring.
    pub(crate) fn is_behind(&self) -> bool {
        self.outgoing.iter().flatten().any(|outgoing| !outgoing.backlog.is_empty())
    }

    /// True if something has come in.
    pub(crate) fn has_mail(&self) -> bool {
        self.incoming.iter().any(|incoming| !incoming.letters.is_empty())
    }

    /// Takes the letters that have come in: sender, letter, and the message's bytes if it has some.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(usize, &Letter, &[u8])) {
        for incoming in &mut self.incoming {
            // No more than are there now: the sender may be as fast as we are.
            for _ in 0..incoming.letters.slots() {
                let Ok(letter) = incoming.letters.pop() else { break };
                let (Letter::Message { len, .. }
                | Letter::Write { len, .. }
                | Letter::Unreachable { len, .. }) = letter
                else {
                    take(incoming.from, &letter, &[]);
                    continue;
                };
                // The bytes were put in before the letter.
                let Ok(chunk) = incoming.bytes.read_chunk(len) else { break };
                let (first, second) = chunk.as_slices();
                if second.is_empty() {
                    take(incoming.from, &letter, first);
                } else {
                    self.scratch.clear();
                    self.scratch.extend_from_slice(first);
                    self.scratch.extend_from_slice(second);
                    take(incoming.from, &letter, &self.scratch);
                }
                chunk.commit_all();
            }
        }
    }

    fn with_bytes(&mut self, to: usize, letter: Letter, bytes: &[u8]) -> bool {
        let Some(Some(outgoing)) = self.outgoing.get_mut(to) else { return false };
        if outgoing.letters.is_full() || outgoing.bytes.push_entire_slice(bytes).is_err() {
            return false;
        }
        outgoing.written = true;
        // There is room: only this thread puts letters in.
        outgoing.letters.push(letter).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use busyhour_engine::{Path, Time};
    use mio::{Poll, Token};

    use super::*;

    fn pair() -> (Post, Post) {
        let polls = [Poll::new().unwrap(), Poll::new().unwrap()];
        let inboxes: Arc<[Inbox]> =
            polls.iter().map(|poll| Inbox::new(poll.registry(), Token(0)).unwrap()).collect();
        let mut posts = Post::connect(&inboxes).into_iter().map(Option::unwrap);
        (posts.next().unwrap(), posts.next().unwrap())
    }

    fn source() -> Source {
        let path = Path { peer: ([127, 0, 0, 1], 5060).into(), socket: SocketId::MAIN };
        Source { path, received: Time::ZERO }
    }

    #[test]
    fn messages_survive_the_end_of_the_ring() {
        let (mut here, mut there) = pair();
        for round in 0..2000u32 {
            let message = vec![round as u8; 5000 + round as usize % 7];
            assert!(here.message(1, &source(), &message));
            assert!(here.message(1, &source(), &message));
            let mut taken = 0;
            there.receive(|from, letter, bytes| {
                assert_eq!(from, 0);
                assert!(matches!(letter, Letter::Message { .. }) && bytes == message);
                taken += 1;
            });
            assert_eq!(taken, 2);
        }
    }

    #[test]
    fn a_full_ring_refuses_messages_and_keeps_letters() {
        let (mut here, mut there) = pair();
        let message = vec![0; 60_000];
        let mut sent = 0;
        while here.message(1, &source(), &message) {
            sent += 1;
        }
        assert_eq!(sent, RING_BYTES.end() / message.len());
        while here.message(1, &source(), b"") {
            sent += 1;
        }
        for user in 0..100 {
            here.send(1, Letter::Handover(Handover::UserFree { user }));
        }
        assert!(here.is_behind() && there.has_mail());
        let (mut messages, mut users) = (0, Vec::new());
        while there.has_mail() || here.is_behind() {
            there.receive(|_, letter, _| match letter {
                Letter::Handover(Handover::UserFree { user }) => users.push(*user),
                _ => messages += 1,
            });
            here.flush();
        }
        assert_eq!((messages, users), (sent, (0..100).collect()));
        assert!(!here.message(0, &source(), b"to itself") && !here.message(9, &source(), b"to nobody"));
    }
}
