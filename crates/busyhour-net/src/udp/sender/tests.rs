use std::cell::RefCell;
use std::collections::VecDeque;

use busyhour_engine::{
    CallRef, Command, Event, Handover, Opened, Path, Routing, Snapshot, SocketId, SocketRequest, Source,
    Transmit, Trouble,
};

use super::*;
use crate::clock::Clock;

/// Remembers failures only.
#[derive(Default)]
struct Failures(Vec<Trouble>);

impl Endpoint for Failures {
    fn handle_errand(&mut self, _: Time, _: CallRef, _: busyhour_engine::ErrandResult) {}

    fn handle_twin_failure(&mut self, _: Time, _: CallRef) {}

    fn poll_errand(&mut self) -> Option<busyhour_engine::Errand> {
        None
    }

    fn poll_twin(&mut self) -> Option<busyhour_engine::TwinSend> {
        None
    }

    fn handle_message(&mut self, _: Time, _: &Source, _: &[u8]) -> Routing {
        Routing::Handled
    }
    fn handle_command(&mut self, _: Time, _: &Command) {}
    fn handle_handover(&mut self, _: Time, _: &Handover) {}
    fn handle_timeout(&mut self, _: Time) {}
    fn handle_opened(&mut self, _: Time, _: CallRef, _: Result<Opened, Trouble>) {}
    fn handle_closed(&mut self, _: Time, _: SocketId, _: Trouble) {}
    fn handle_send_failure(&mut self, _: Time, _: CallRef, trouble: Trouble) {
        self.0.push(trouble);
    }
    fn handle_unreachable(&mut self, _: Time, _: &[u8], _: Trouble) -> busyhour_engine::Routing {
        busyhour_engine::Routing::Handled
    }
    fn poll_transmit(&mut self, _: &mut Batch) -> bool {
        false
    }
    fn poll_socket(&mut self) -> Option<SocketRequest> {
        None
    }
    fn poll_handover(&mut self) -> Option<(usize, Handover)> {
        None
    }
    fn handle_media(&mut self, _: Time, _: busyhour_media::Event) {}

    fn poll_media(&mut self) -> Option<busyhour_media::Command> {
        None
    }

    fn poll_event(&mut self) -> Option<Event> {
        None
    }
    fn next_timeout(&self) -> Option<Time> {
        None
    }
    fn snapshot(&mut self, _: Time) -> Snapshot {
        Snapshot::empty([])
    }
}

/// A network that answers as it is told, and takes everything after that. `refuse` looks at the first send.
struct Network<R: Fn(&Send) -> Option<i32>> {
    refuse: R,
    answers: RefCell<VecDeque<Result<usize, i32>>>,
    icmp: RefCell<usize>,
    /// (destination port, segment, bytes) of what was taken.
    taken: RefCell<Vec<(u16, u16, usize)>>,
}

impl<R: Fn(&Send) -> Option<i32>> Network<R> {
    fn new(refuse: R, answers: &[Result<usize, i32>]) -> Network<R> {
        let answers = RefCell::new(answers.iter().copied().collect());
        Network { refuse, answers, icmp: RefCell::new(0), taken: RefCell::default() }
    }
}

impl<R: Fn(&Send) -> Option<i32>> Outlet for Network<R> {
    fn send(&self, _: &mut SendTable, sends: &[Send], pieces: &[Piece], _: &[u8]) -> io::Result<usize> {
        if let Some(errno) = (self.refuse)(&sends[0]) {
            return Err(io::Error::from_raw_os_error(errno));
        }
        let count = match self.answers.borrow_mut().pop_front() {
            Some(Err(errno)) => return Err(io::Error::from_raw_os_error(errno)),
            Some(Ok(count)) => count,
            None => sends.iter().take_while(|send| (self.refuse)(send).is_none()).count(),
        };
        for send in &sends[..count] {
            let bytes = pieces[send.first..send.first + send.pieces].iter().map(|piece| piece.len).sum();
            self.taken.borrow_mut().push((send.to.port(), send.segment, bytes));
        }
        Ok(count)
    }

    fn drain<E: Endpoint>(&self, _: &mut Core<E>) -> bool {
        let mut icmp = self.icmp.borrow_mut();
        let some = *icmp > 0;
        *icmp = icmp.saturating_sub(1);
        some
    }
}

/// Messages of (port, length), in their order.
fn batch(messages: &[(u16, u32)]) -> (Batch, Vec<u32>) {
    let mut batch = Batch::default();
    for &(port, len) in messages {
        let path = Path { peer: ([127, 0, 0, 1], port).into(), socket: SocketId::MAIN };
        let start = batch.bytes.len() as u32;
        batch.bytes.resize(batch.bytes.len() + len as usize, b'.');
        batch.transmits.push(Transmit { start, len, rank: 0, call: CallRef::default(), path });
    }
    (batch, (0..messages.len() as u32).collect())
}

fn core() -> Core<Failures> {
    Core::new(Failures::default(), Clock::start())
}

#[test]
fn runs_end_with_one_shorter_message_at_most() {
    let network = Network::new(|_| None, &[]);
    let (batch, order) = batch(&[(1, 500), (1, 500), (1, 400), (1, 400), (2, 400), (1, 401), (1, 402)]);
    let done = Sender::new(true).send(&network, &batch, &order, &mut core());
    assert_eq!(done, 7);
    let expected = [(1, 500, 1400), (1, 0, 400), (2, 0, 400), (1, 0, 401), (1, 0, 402)];
    assert_eq!(*network.taken.borrow(), expected);
}

#[test]
fn runs_are_bounded() {
    let network = Network::new(|_| None, &[]);
    let (few_large, order) = batch(&[(1, 9000); 8]);
    Sender::new(true).send(&network, &few_large, &order, &mut core());
    assert_eq!(*network.taken.borrow(), [(1, 9000, 63_000), (1, 0, 9000)]);
    let network = Network::new(|_| None, &[]);
    let (many_small, order) = batch(&[(1, 10); 200]);
    Sender::new(true).send(&network, &many_small, &order, &mut core());
    assert_eq!(*network.taken.borrow(), [(1, 10, 640), (1, 10, 640), (1, 10, 640), (1, 10, 80)]);
}

#[test]
fn a_destination_that_refuses_runs_gets_single_datagrams() {
    for errno in [libc::EIO, libc::EINVAL, libc::EMSGSIZE] {
        let network = Network::new(|send| (send.segment != 0 && send.to.port() == 1).then_some(errno), &[]);
        let (batch, order) = batch(&[(1, 700), (1, 700), (1, 700), (2, 700), (2, 700)]);
        let mut core = core();
        let mut sender = Sender::new(true);
        assert_eq!(sender.send(&network, &batch, &order, &mut core), 5);
        assert_eq!(*network.taken.borrow(), [(1, 0, 700), (1, 0, 700), (1, 0, 700), (2, 700, 1400)]);
        assert!(core.engine.0.is_empty());
    }
}

#[test]
fn a_path_too_narrow_for_a_run_still_takes_shorter_ones() {
    let network = Network::new(|send| (send.segment > 1400).then_some(libc::EINVAL), &[]);
    let (batch, order) = batch(&[(1, 1500), (1, 1500), (1, 1300), (1, 1300)]);
    let mut sender = Sender::new(true);
    assert_eq!(sender.send(&network, &batch, &order, &mut core()), 4);
    assert_eq!(*network.taken.borrow(), [(1, 0, 1500), (1, 0, 1500), (1, 1300, 2600)]);
}

#[test]
fn a_full_socket_leaves_the_rest() {
    let network = Network::new(|_| None, &[Ok(2), Err(libc::EINTR), Ok(1), Err(libc::EAGAIN)]);
    let (batch, order) = batch(&[(1, 10), (2, 10), (3, 10), (4, 10)]);
    let mut core = core();
    assert_eq!(Sender::new(true).send(&network, &batch, &order, &mut core), 3);
    assert!(core.engine.0.is_empty());
}

#[test]
fn an_icmp_error_for_another_is_no_failure() {
    let network = Network::new(|_| None, &[Err(libc::ECONNREFUSED), Err(libc::EHOSTUNREACH)]);
    *network.icmp.borrow_mut() = 2;
    let (batch, order) = batch(&[(1, 10), (2, 10)]);
    let mut core = core();
    assert_eq!(Sender::new(true).send(&network, &batch, &order, &mut core), 2);
    assert_eq!((network.taken.borrow().len(), core.engine.0.len()), (2, 0));
}

#[test]
fn what_the_system_refuses_fails_alone() {
    let network = Network::new(|send| (send.to.port() == 2).then_some(libc::ENETUNREACH), &[]);
    let (batch, order) = batch(&[(1, 10), (2, 10), (2, 10), (3, 10)]);
    let mut core = core();
    assert_eq!(Sender::new(true).send(&network, &batch, &order, &mut core), 4);
    assert_eq!(core.engine.0, [Trouble::Unreachable; 2]);
    assert_eq!(core.counters.send_failures, 2);
    assert_eq!(network.taken.borrow().len(), 2);
}
