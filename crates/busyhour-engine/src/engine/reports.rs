//! What a driver reports of one call: its socket, its errands, its media.

use busyhour_media::Time;

use super::Engine;
use crate::call::Fate;
use crate::dead_call::Ending;
use crate::snapshot::FailureKind;
use crate::transport::{CallRef, ErrandResult, Opened, Protocol, SocketId, SocketRequest, Trouble};
use crate::{errand, media, step};

impl Engine {
    /// Answers a [`SocketRequest::Open`].
    pub fn handle_opened(&mut self, now: Time, call: CallRef, result: Result<Opened, Trouble>) {
        self.context.now = now;
        let Some(index) = self.calls.resolve(call) else {
            // The call ended while it waited.
            if let Ok(opened) = result {
                self.context.socket_requests.push_back(SocketRequest::Close { call, socket: opened.socket });
            }
            return;
        };
        match result {
            Ok(opened) => {
                let datagrams = self.context.settings.protocol == Protocol::Udp;
                if !datagrams {
                    self.calls.leave_stream(index);
                }
                if let Some(call) = self.calls.get_mut(index) {
                    call.path.socket = opened.socket;
                    call.local_port = opened.local_port;
                    call.flags.opening = false;
                    call.flags.no_socket = false;
                    call.flags.owns_socket = true;
                }
                if !datagrams {
                    self.calls.join_stream(index, opened.socket);
                }
                self.work(index, errand::go_on);
            }
            Err(trouble) => self.fail_by(index, trouble),
        }
    }

    /// A stream socket is gone: all calls that use it fail (or succeed, in a final wait).
    pub fn handle_closed(&mut self, now: Time, socket: SocketId, trouble: Trouble) {
        self.context.now = now;
        for index in self.calls.on_stream(socket) {
            let Some(call) = self.calls.get_mut(index).filter(|call| !call.flags.no_socket) else { continue };
            call.flags.owns_socket = false;
            match step::ending_on_close(&self.programs[call.program as usize], call) {
                Some(ending) => self.settle(index, Fate::Ends(ending)),
                None => self.fail_by(index, trouble),
            }
        }
    }

    /// A message of `call` could not be sent.
    pub fn handle_send_failure(&mut self, now: Time, call: CallRef, trouble: Trouble) {
        self.context.now = now;
        if let Some(index) = self.calls.resolve(call) {
            self.fail_by(index, trouble);
        }
    }

    /// A 3PCC command of `call` could not be sent.
    pub fn handle_twin_failure(&mut self, now: Time, call: CallRef) {
        self.context.now = now;
        if let Some(index) = self.calls.resolve(call) {
            self.work(index, |_, _, call| {
                Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::CmdNotSent))
            });
        }
    }

    /// An errand of `call` has been done.
    pub fn handle_errand(&mut self, now: Time, call: CallRef, result: ErrandResult) {
        self.context.now = now;
        let Some(index) = self.calls.resolve(call) else { return };
        self.work(index, |prepared, context, call| errand::done(prepared, context, call, result));
    }

    /// Takes what has happened to a call's media.
    pub fn handle_media(&mut self, now: Time, event: busyhour_media::Event) {
        self.context.now = now;
        media::handle(self, event);
    }

    fn fail_by(&mut self, index: u32, trouble: Trouble) {
        self.warn_of(index, trouble);
        let Some(call) = self.calls.get_mut(index) else { return };
        let kind = match (call.flags.datagrams, trouble) {
            (
                false,
                Trouble::Refused | Trouble::Unreachable | Trouble::ConnectTimeout | Trouble::NoResources,
            ) => FailureKind::TcpConnect,
            (false, Trouble::Closed | Trouble::Reset) => FailureKind::TcpClosed,
            (true, Trouble::Refused | Trouble::Unreachable) => FailureKind::Unreachable,
            _ => FailureKind::CannotSendMessage,
        };
        let fate = Fate::EndsForgotten(Ending::Failed(call.step, kind));
        self.settle(index, fate);
    }

    pub(super) fn warn_of(&mut self, index: u32, trouble: Trouble) {
        let Some(call) = self.calls.get_mut(index) else { return };
        let peer = call.path.peer;
        self.context.warn(|| call.warning(&format!("{} ({peer}), the call fails", trouble.text())));
    }
}
