//! What a media thread drives.

use std::net::SocketAddr;

use busyhour_media::{Batch, Command, Event, Media, MediaSnapshot, PortId, PortRequest, Time};

/// The contract of [`Media`] as a trait, so that tests can put something else in its place. The methods mean what
/// those of the same names there do.
pub(super) trait MediaEndpoint: Send + 'static {
    fn handle_command(&mut self, now: Time, command: Command);
    fn handle_datagram(
        &mut self,
        received: Time,
        port: PortId,
        rtcp: bool,
        from: SocketAddr,
        bytes: &mut [u8],
    );
    fn handle_send_failure(&mut self, port: PortId, to: Option<SocketAddr>, reason: &'static str);
    fn handle_rtcp_failure(&mut self);
    fn handle_timeout(&mut self, now: Time);
    fn next_timeout(&self) -> Option<Time>;
    fn poll_read(&mut self) -> Option<PortId>;
    fn poll_transmit(&mut self, batch: &mut Batch) -> bool;
    fn poll_port(&mut self) -> Option<PortRequest>;
    fn poll_event(&mut self) -> Option<Event>;
    fn open_calls(&self) -> usize;
    fn finish(&mut self, now: Time);
    fn snapshot(&mut self) -> MediaSnapshot;
}

impl MediaEndpoint for Media {
    fn handle_command(&mut self, now: Time, command: Command) {
        self.handle_command(now, command);
    }

    fn handle_datagram(
        &mut self,
        received: Time,
        port: PortId,
        rtcp: bool,
        from: SocketAddr,
        bytes: &mut [u8],
    ) {
        self.handle_datagram(received, port, rtcp, from, bytes);
    }

    fn handle_send_failure(&mut self, port: PortId, to: Option<SocketAddr>, reason: &'static str) {
        self.handle_send_failure(port, to, reason);
    }

    fn handle_rtcp_failure(&mut self) {
        self.handle_rtcp_failure();
    }

    fn handle_timeout(&mut self, now: Time) {
        self.handle_timeout(now);
    }

    fn next_timeout(&self) -> Option<Time> {
        self.next_timeout()
    }

    fn poll_read(&mut self) -> Option<PortId> {
        self.poll_read()
    }

    fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        self.poll_transmit(batch)
    }

    fn poll_port(&mut self) -> Option<PortRequest> {
        self.poll_port()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.poll_event()
    }

    fn open_calls(&self) -> usize {
        self.open_calls()
    }

    fn finish(&mut self, now: Time) {
        self.finish(now);
    }

    fn snapshot(&mut self) -> MediaSnapshot {
        self.snapshot()
    }
}
