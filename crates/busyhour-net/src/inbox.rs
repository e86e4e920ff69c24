//! What other threads put before a worker.

use std::sync::mpsc;

use busyhour_engine::{CallRef, Command, ErrandResult, Snapshot};

use crate::letterbox::Letterbox;

/// A controller's wish.
#[derive(Debug)]
pub(crate) enum Request {
    /// For the engine.
    Command(Command),
    /// A 3PCC command of this call was not sent.
    TwinFailure(CallRef),
    /// What an errand of one of its calls has come to.
    Errand(CallRef, ErrandResult),
    /// What has happened to the media of one of its calls.
    Media(busyhour_media::Event),
    /// Answer with a snapshot and the worker's number.
    Snapshot(mpsc::Sender<(usize, Snapshot)>),
}

impl Request {
    /// True if calls would wait for ever without it.
    fn is_awaited(&self) -> bool {
        match self {
            Request::TwinFailure(_) | Request::Errand(..) | Request::Command(Command::TwinLost) => true,
            Request::Media(event) => !matches!(event.happening, busyhour_media::Happening::Warning(_)),
            Request::Command(_) | Request::Snapshot(_) => false,
        }
    }
}

/// A worker's inbox and alarm clock.
pub(crate) type Inbox = Letterbox<Vec<Request>, Snapshot>;

impl Inbox {
    /// Most requests that wait at a time; a worker takes all of them each turn. What must not be lost comes on top, for
    /// it is bounded by what gives rise to it.
    const REQUESTS_MAX: usize = 65_536;

    /// Puts a request in, and returns whether it is in: a worker that has ended, or has [`Inbox::REQUESTS_MAX`] waiting,
    /// takes none. The latter takes what calls wait for all the same: there is no more of it than errands, commands on
    /// their way, connections and streams.
    #[must_use]
    pub(crate) fn put(&self, request: Request) -> bool {
        let put = self.put_with(|waiting| {
            let has_room = waiting.len() < Inbox::REQUESTS_MAX || request.is_awaited();
            has_room.then(|| waiting.push(request))
        });
        put.is_some()
    }

    /// Swaps the waiting requests into `into`, which must be empty.
    pub(crate) fn take(&self, into: &mut Vec<Request>) {
        self.take_with(|waiting| std::mem::swap(waiting, into));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use busyhour_engine::transport::CommandEnd;

    #[test]
    fn a_full_inbox_still_takes_what_calls_wait_for() {
        let poll = mio::Poll::new().unwrap();
        let inbox = Inbox::new(poll.registry(), mio::Token(0)).unwrap();
        for _ in 0..Inbox::REQUESTS_MAX {
            assert!(inbox.put(Request::Command(Command::Wake)));
        }
        assert!(!inbox.put(Request::Command(Command::Wake)));
        let end = CommandEnd::Exited(0);
        let awaited = [
            Request::Errand(CallRef::default(), ErrandResult::Command { command: Vec::new(), end }),
            Request::TwinFailure(CallRef::default()),
            Request::Command(Command::TwinLost),
        ];
        awaited.into_iter().for_each(|request| assert!(inbox.put(request)));
        let mut taken = Vec::new();
        inbox.take(&mut taken);
        assert_eq!(taken.len(), Inbox::REQUESTS_MAX + 3);
        inbox.close(None);
        assert!(!inbox.put(Request::TwinFailure(CallRef::default())));
    }
}
