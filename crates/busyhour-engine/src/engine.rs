//! The engine's contract.

use std::sync::Arc;

use crate::event::Event;
use crate::pacing::Plan;
use crate::settings::{Run, Settings};
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::time::Time;
use crate::transport::{Batch, CallRef, Handover, Opened, Routing, SocketId, SocketRequest, Source, Trouble};

/// One worker's calls.
#[derive(Debug)]
pub struct Engine {}

/// What a controller may ask of a running engine. Rate, limit and users matter to worker 0 only; quitting and pausing
/// go through [`Shared`].
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// From now on calls start by this plan.
    SetPlan(Plan),
    /// `set limit`.
    SetLimit(Option<u64>),
    /// `set users`.
    SetUsers(u32),
    /// The quitting level or the pause in [`Shared`] has changed.
    Wake,
}

impl Engine {
    /// Makes the engine of worker `worker`, 0-based, of `shared.workers()`.
    pub fn new(run: &Run, settings: Arc<Settings>, shared: Arc<Shared>, worker: usize) -> Engine {
        let _ = (run, settings, shared, worker);
        Engine {}
    }

    /// Runs the `<init>` steps; to be called on worker 0's engine before traffic. Their events can be polled at once.
    pub fn run_init(&mut self, now: Time) {
        let _ = now;
    }

    /// Takes a complete message, or says whose it is.
    pub fn handle_message(&mut self, now: Time, source: &Source, bytes: &[u8]) -> Routing {
        let _ = (now, source, bytes);
        Routing::Handled
    }

    /// Takes a controller's command.
    pub fn handle_command(&mut self, now: Time, command: &Command) {
        let _ = (now, command);
    }

    /// Takes what another worker's engine handed over.
    pub fn handle_handover(&mut self, now: Time, handover: &Handover) {
        let _ = (now, handover);
    }

    /// It is now at least what [`Engine::next_timeout`] said.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// Answers a [`SocketRequest::Open`].
    pub fn handle_opened(&mut self, now: Time, call: CallRef, result: Result<Opened, Trouble>) {
        let _ = (now, call, result);
    }

    /// A stream socket is gone: all calls that use it fail (or succeed, in a final wait).
    pub fn handle_closed(&mut self, now: Time, socket: SocketId, trouble: Trouble) {
        let _ = (now, socket, trouble);
    }

    /// A message of `call` could not be sent.
    pub fn handle_send_failure(&mut self, now: Time, call: CallRef, trouble: Trouble) {
        let _ = (now, call, trouble);
    }

    /// ICMP came back for a message of ours, whose first bytes are `original` (perhaps cut).
    pub fn handle_unreachable(&mut self, now: Time, original: &[u8], trouble: Trouble) {
        let _ = (now, original, trouble);
    }

    /// Swaps the pending messages into `batch`, which must be clear. True if there are any.
    pub fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        let _ = batch;
        false
    }

    /// The next wish about sockets.
    pub fn poll_socket(&mut self) -> Option<SocketRequest> {
        None
    }

    /// The next thing for another worker's engine.
    pub fn poll_handover(&mut self) -> Option<(usize, Handover)> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// When to call [`Engine::handle_timeout`] at the latest; `None`: only input can change anything.
    pub fn next_timeout(&self) -> Option<Time> {
        None
    }

    /// Describes everything since the start. `generator` is left as it is.
    pub fn snapshot(&mut self, now: Time) -> Snapshot {
        let _ = now;
        unimplemented!()
    }
}

/// The worker, 0-based, that owns a Call-ID: a pure function of what follows `///`.
pub fn owner(call_id: &[u8], workers: usize) -> usize {
    let _ = (call_id, workers);
    0
}
