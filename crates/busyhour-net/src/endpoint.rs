//! What a worker drives.

use busyhour_engine::{
    Batch, CallRef, Command, Engine, Errand, ErrandResult, Event, Handover, Opened, Routing, Snapshot,
    SocketId, SocketRequest, Source, Time, Trouble, TwinSend,
};

/// The engine's contract as a trait, so that tests can put an echo in its place. The methods mean what
/// [`Engine`]'s of the same names do.
#[expect(missing_docs, reason = "each method is documented at Engine")]
pub trait Endpoint: Send + 'static {
    fn handle_message(&mut self, now: Time, source: &Source, bytes: &[u8]) -> Routing;
    fn handle_command(&mut self, now: Time, command: &Command);
    fn handle_handover(&mut self, now: Time, handover: &Handover);
    fn handle_timeout(&mut self, now: Time);
    fn handle_opened(&mut self, now: Time, call: CallRef, result: Result<Opened, Trouble>);
    fn handle_closed(&mut self, now: Time, socket: SocketId, trouble: Trouble);
    fn handle_send_failure(&mut self, now: Time, call: CallRef, trouble: Trouble);
    fn handle_unreachable(&mut self, now: Time, original: &[u8], trouble: Trouble) -> Routing;
    fn poll_transmit(&mut self, batch: &mut Batch) -> bool;
    fn poll_socket(&mut self) -> Option<SocketRequest>;
    fn poll_handover(&mut self) -> Option<(usize, Handover)>;
    fn handle_errand(&mut self, now: Time, call: CallRef, result: ErrandResult);
    fn handle_twin_failure(&mut self, now: Time, call: CallRef);
    fn poll_errand(&mut self) -> Option<Errand>;
    fn poll_twin(&mut self) -> Option<TwinSend>;
    fn handle_media(&mut self, now: Time, event: busyhour_media::Event);
    fn poll_media(&mut self) -> Option<busyhour_media::Command>;
    fn poll_event(&mut self) -> Option<Event>;
    fn next_timeout(&self) -> Option<Time>;
    fn snapshot(&mut self, now: Time) -> Snapshot;
}

impl Endpoint for Engine {
    fn handle_message(&mut self, now: Time, source: &Source, bytes: &[u8]) -> Routing {
        self.handle_message(now, source, bytes)
    }

    fn handle_command(&mut self, now: Time, command: &Command) {
        self.handle_command(now, command);
    }

    fn handle_handover(&mut self, now: Time, handover: &Handover) {
        self.handle_handover(now, handover);
    }

    fn handle_timeout(&mut self, now: Time) {
        self.handle_timeout(now);
    }

    fn handle_opened(&mut self, now: Time, call: CallRef, result: Result<Opened, Trouble>) {
        self.handle_opened(now, call, result);
    }

    fn handle_closed(&mut self, now: Time, socket: SocketId, trouble: Trouble) {
        self.handle_closed(now, socket, trouble);
    }

    fn handle_send_failure(&mut self, now: Time, call: CallRef, trouble: Trouble) {
        self.handle_send_failure(now, call, trouble);
    }

    fn handle_unreachable(&mut self, now: Time, original: &[u8], trouble: Trouble) -> Routing {
        self.handle_unreachable(now, original, trouble)
    }

    fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        self.poll_transmit(batch)
    }

    fn poll_socket(&mut self) -> Option<SocketRequest> {
        self.poll_socket()
    }

    fn poll_handover(&mut self) -> Option<(usize, Handover)> {
        self.poll_handover()
    }

    fn handle_errand(&mut self, now: Time, call: CallRef, result: ErrandResult) {
        self.handle_errand(now, call, result);
    }

    fn handle_twin_failure(&mut self, now: Time, call: CallRef) {
        self.handle_twin_failure(now, call);
    }

    fn poll_errand(&mut self) -> Option<Errand> {
        self.poll_errand()
    }

    fn poll_twin(&mut self) -> Option<TwinSend> {
        self.poll_twin()
    }

    fn handle_media(&mut self, now: Time, event: busyhour_media::Event) {
        self.handle_media(now, event);
    }

    fn poll_media(&mut self) -> Option<busyhour_media::Command> {
        self.poll_media()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn next_timeout(&self) -> Option<Time> {
        self.next_timeout()
    }

    fn snapshot(&mut self, now: Time) -> Snapshot {
        self.snapshot(now)
    }
}
