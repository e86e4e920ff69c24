//! The engine with what everything that feeds it needs.

use busyhour_engine::snapshot::GeneratorCounters;
use busyhour_engine::{CallRef, Routing, SocketId, Source, Time, Trouble};

use crate::clock::{Clock, Stamps};
use crate::endpoint::Endpoint;
use crate::post::{Letter, Post};
use crate::udp::Refusals;

/// One worker's engine, its time and its counters.
pub(crate) struct Core<E> {
    pub(crate) engine: E,
    pub(crate) clock: Clock,
    pub(crate) stamps: Stamps,
    /// The present, as of the last look at the clock.
    pub(crate) now: Time,
    pub(crate) counters: GeneratorCounters,
    /// Messages received and sent since the pace was last set.
    pub(crate) messages: u64,
    pub(crate) refusals: Refusals,
    /// ICMP errors for messages of other workers: owner, trouble, first bytes of the message.
    pub(crate) foreign_errors: Vec<(usize, Trouble, Vec<u8>)>,
}

/// Most ICMP errors for other workers that wait for the end of a turn.
const FOREIGN_ERRORS_MAX: usize = 4096;

impl<E: Endpoint> Core<E> {
    pub(crate) fn new(engine: E, clock: Clock) -> Core<E> {
        Core {
            engine,
            clock,
            stamps: clock.stamps(),
            now: clock.now(),
            counters: GeneratorCounters::default(),
            messages: 0,
            refusals: Refusals::default(),
            foreign_errors: Vec::new(),
        }
    }

    /// Gives a received message to the engine, or to the worker that owns its call.
    pub(crate) fn deliver(&mut self, post: &mut Option<Post>, source: &Source, bytes: &[u8]) {
        self.messages += 1;
        if let Routing::BelongsTo(owner) = self.engine.handle_message(self.now, source, bytes)
            && !post.as_mut().is_some_and(|post| post.message(owner, source, bytes))
        {
            self.counters.ring_overflows += 1;
        }
    }

    /// Tells the engine of an ICMP error. Workers that share a port get each other's: those wait for
    /// [`Core::forward_errors`].
    pub(crate) fn unreachable(&mut self, original: &[u8], trouble: Trouble) {
        if let Routing::BelongsTo(owner) = self.engine.handle_unreachable(self.now, original, trouble) {
            if self.foreign_errors.len() < FOREIGN_ERRORS_MAX {
                self.foreign_errors.push((owner, trouble, original.to_vec()));
            } else {
                self.counters.ring_overflows += 1;
            }
        }
    }

    /// Hands ICMP errors for messages of other workers over to them.
    pub(crate) fn forward_errors(&mut self, post: &mut Option<Post>) {
        for (owner, trouble, original) in self.foreign_errors.drain(..) {
            if !post.as_mut().is_some_and(|post| post.unreachable(owner, trouble, &original)) {
                self.counters.ring_overflows += 1;
            }
        }
    }

    /// Counts a message that could not be sent, and tells its call.
    pub(crate) fn send_failed(&mut self, call: CallRef, trouble: Trouble) {
        self.counters.send_failures += 1;
        self.engine.handle_send_failure(self.now, call, trouble);
    }

    /// Tells this engine and all others that a stream is gone.
    pub(crate) fn closed(&mut self, post: &mut Option<Post>, socket: SocketId, trouble: Trouble) {
        self.engine.handle_closed(self.now, socket, trouble);
        if let Some(post) = post {
            post.send_all(Letter::Closed { socket, trouble });
        }
    }
}
