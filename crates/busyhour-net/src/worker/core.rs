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
    pub(crate) refusals: Refusals,
}

impl<E: Endpoint> Core<E> {
    pub(crate) fn new(engine: E, clock: Clock) -> Core<E> {
        Core {
            engine,
            clock,
            stamps: clock.stamps(),
            now: clock.now(),
            counters: GeneratorCounters::default(),
            refusals: Refusals::default(),
        }
    }

    /// Gives a received message to the engine, or to the worker that owns its call.
    pub(crate) fn deliver(&mut self, post: &mut Option<Post>, source: &Source, bytes: &[u8]) {
        if let Routing::BelongsTo(owner) = self.engine.handle_message(self.now, source, bytes)
            && !post.as_mut().is_some_and(|post| post.message(owner, source, bytes))
        {
            self.counters.ring_overflows += 1;
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
