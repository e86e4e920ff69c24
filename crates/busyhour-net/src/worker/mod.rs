//! One worker's thread.

mod core;
mod events;
mod pace;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use busyhour_engine::{Batch, Protocol, Shared, Snapshot, SocketId, SocketRequest, Time, Trouble};
use mio::{Poll, Token};
use socket2::Socket;

pub(crate) use self::core::Core;
pub(crate) use self::events::EventQueue;
pub(crate) use self::pace::Pace;
use crate::clock::Clock;
use crate::datagrams::Datagrams;
use crate::endpoint::Endpoint;
use crate::errands::Errands;
use crate::inbox::{Inbox, Request};
use crate::media::{MediaOutbox, MediaThreads};
use crate::order::Order;
use crate::post::{Letter, Post};
use crate::quota::Quota;
use crate::stream::{STREAM_BIT, Streams, StreamsOptions};
use crate::sys;
use crate::twin::Lines;

/// Longest sleep. Nothing depends on it but the end of a run that two workers finish at the same moment.
const SLEEP_US_MAX: u64 = 100_000;
/// Longest sleep while messages wait for room in a socket or a ring.
const SLEEP_BEHIND_US: u64 = 1_000;
/// How long a worker that is done waits for the last bytes to leave, and for the other workers.
const LEAVE_US_MAX: u64 = 1_000_000;
/// How late the kernel may wake us (`PR_SET_TIMERSLACK`).
const TIMER_SLACK_NS: u32 = 5_000;

/// Tokens of what there is one of in each worker; sockets have their serials.
pub(crate) const TOKEN_WAKER: Token = Token(usize::MAX);
const TOKEN_MAIN: Token = Token(usize::MAX - 1);
const TOKEN_LISTENER: Token = Token(usize::MAX - 2);
const _: () = assert!(size_of::<usize>() == 8, "a token must hold a 48-bit serial");

/// What all workers of a run share with each other and with the controller.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) shared: Arc<Shared>,
    pub(crate) inboxes: Arc<[Inbox]>,
    pub(crate) events: EventQueue,
    pub(crate) errands: Errands,
    pub(crate) quota: Quota,
    /// Connections for 3PCC commands.
    pub(crate) twins: Option<Arc<Lines>>,
    /// Threads for RTP.
    pub(crate) media: Option<Arc<MediaThreads>>,
    /// Leave at once.
    pub(crate) stop: Arc<AtomicBool>,
    /// How many workers have nothing more to say to others.
    pub(crate) leaving: AtomicUsize,
    /// How many workers have ended.
    pub(crate) ended: AtomicUsize,
}

/// What one worker's thread needs to begin.
pub(crate) struct Seat {
    pub(crate) index: usize,
    pub(crate) protocol: Protocol,
    pub(crate) local: SocketAddr,
    pub(crate) buffer_bytes: Option<usize>,
    pub(crate) single_packets: bool,
    pub(crate) main: Socket,
    pub(crate) connections: Vec<(SocketAddr, Result<Socket, Trouble>)>,
    pub(crate) poll: Poll,
    pub(crate) post: Option<Post>,
    pub(crate) pin: Option<usize>,
}

/// One worker: an engine with its sockets.
pub(crate) struct Worker<E> {
    index: usize,
    core: Core<E>,
    common: Arc<Common>,
    post: Option<Post>,
    poll: Poll,
    waiter: sys::Waiter,
    datagrams: Datagrams,
    streams: Streams,
    batch: Batch,
    order: Order,
    requests: Vec<Request>,
    media: MediaOutbox,
    pace: Pace,
    /// The engine may want more than the last turn has done.
    unserved: bool,
    began: Time,
}

impl<E: Endpoint> Worker<E> {
    /// To be called on the worker's own thread.
    pub(crate) fn new(seat: Seat, engine: E, clock: Clock, common: Arc<Common>) -> io::Result<Worker<E>> {
        let Seat { index, protocol, local, buffer_bytes, single_packets, main, connections, poll, post, pin } =
            seat;
        sys::set_timer_slack(TIMER_SLACK_NS);
        if let Some(core) = pin {
            // It is a wish: a core that the process may not use is no reason to end the run.
            let _ = sys::pin_to(core);
        }
        let core = Core::new(engine, clock);
        let ip: IpAddr = local.ip();
        let (main, listener) = match protocol {
            Protocol::Udp => (Some(main), None),
            Protocol::Tcp => (None, Some(main)),
        };
        let datagrams = Datagrams::new(index, ip, main, single_packets, poll.registry(), TOKEN_MAIN)?;
        let options = StreamsOptions { worker: index, ip, buffer_bytes };
        let mut streams = Streams::new(options, listener, poll.registry(), TOKEN_LISTENER)?;
        for (peer, connection) in connections {
            streams.adopt(peer, connection, core.now);
        }
        Ok(Worker {
            index,
            began: core.now,
            core,
            media: MediaOutbox::new(common.media.clone()),
            common,
            post,
            poll,
            waiter: sys::Waiter::new(),
            datagrams,
            streams,
            batch: Batch::default(),
            order: Order::default(),
            requests: Vec::new(),
            pace: Pace::default(),
            unserved: false,
        })
    }

    /// Runs until the run is finished or the controller says stop; returns the last snapshot.
    pub(crate) fn run(mut self) -> Snapshot {
        let mut ready = 0;
        let mut leaving: Option<Time> = None;
        while !self.common.stop.load(Ordering::Relaxed) {
            self.core.now = self.core.clock.now();
            let turn_began = self.core.now;
            self.turn(ready);
            if self.common.shared.is_finished() || leaving.is_some() {
                let since = *leaving.get_or_insert_with(|| self.leave());
                if self.may_end(since) {
                    break;
                }
            }
            let end = self.core.clock.now();
            self.core.counters.busy_us += end.micros_since(turn_began);
            self.core.counters.turns += 1;
            self.pace.note(end, std::mem::take(&mut self.core.messages));
            ready = self.sleep(turn_began, end, leaving.is_some());
        }
        self.streams.shut_down();
        self.datagrams.count_last_drops(&mut self.core);
        self.snapshot()
    }

    fn turn(&mut self, ready: usize) {
        let now = self.core.now;
        self.core.stamps.refresh(now);
        self.take_requests();
        self.take_mail();
        self.take_ready(ready);
        self.datagrams.receive(&mut self.core, &mut self.post);
        self.streams.receive(&mut self.core, &mut self.post, &self.common.quota);
        self.core.now = self.core.clock.now();
        self.streams.check_deadlines(&mut self.core, &mut self.post, &self.common.quota);
        if self.core.engine.next_timeout().is_some_and(|due| due <= self.core.now) {
            self.core.engine.handle_timeout(self.core.now);
        }
        self.serve_engine();
        self.serve_media();
        self.common.events.collect(self.index, &mut self.core);
        self.core.forward_errors(&mut self.post);
        if let Some(post) = &mut self.post {
            post.flush();
        }
    }

    fn take_requests(&mut self) {
        let mut requests = std::mem::take(&mut self.requests);
        self.common.inboxes[self.index].take(&mut requests);
        for request in requests.drain(..) {
            match request {
                Request::Command(command) => self.core.engine.handle_command(self.core.now, &command),
                Request::TwinFailure(call) => self.core.engine.handle_twin_failure(self.core.now, call),
                Request::Errand(call, result) => {
                    self.core.engine.handle_errand(self.core.now, call, result);
                }
                Request::Media(event) => self.core.engine.handle_media(self.core.now, event),
                Request::Snapshot(answer) => {
                    // Whoever asked may have gone.
                    let _ = answer.send((self.index, self.snapshot()));
                }
            }
        }
        self.requests = requests;
    }

    fn take_mail(&mut self) {
        let Some(mut post) = self.post.take() else { return };
        let Worker { core, streams, .. } = self;
        let mut failures = Vec::new();
        post.receive(|from, letter, bytes| match *letter {
            Letter::Message { source, .. } => {
                // Its own owner can't send it on: two workers that disagree would play ball with it.
                if core.engine.handle_message(core.now, &source, bytes) != busyhour_engine::Routing::Handled {
                    core.counters.ring_overflows += 1;
                }
            }
            Letter::Unreachable { trouble, .. } => {
                // As with messages: what its owner does not take is not sent on.
                let _ = core.engine.handle_unreachable(core.now, bytes, trouble);
            }
            Letter::Write { socket, call, .. } => {
                if let Err(trouble) = streams.write(socket.serial(), bytes, &mut core.counters) {
                    failures.push((from, call, trouble));
                }
            }
            Letter::Handover(handover) => core.engine.handle_handover(core.now, &handover),
            Letter::Closed { socket, trouble } => core.engine.handle_closed(core.now, socket, trouble),
            Letter::SendFailure { call, trouble } => core.send_failed(call, trouble),
        });
        for (from, call, trouble) in failures {
            post.send(from, Letter::SendFailure { call, trouble });
        }
        self.post = Some(post);
    }

    fn take_ready(&mut self, count: usize) {
        for index in 0..count {
            let ready = self.waiter.get(index);
            match Token(ready.token as usize) {
                TOKEN_WAKER => {}
                TOKEN_MAIN => self.datagrams.main_ready(ready.error, &mut self.core),
                TOKEN_LISTENER => self.streams.listener_ready(),
                Token(_) if ready.token & STREAM_BIT != 0 => {
                    self.streams.stream_ready(&ready);
                }
                Token(_) => self.datagrams.call_ready(ready.token, ready.error, &mut self.core),
            }
        }
    }

    /// Does what the engine wants until it wants nothing more.
    fn serve_engine(&mut self) {
        self.unserved = false;
        self.datagrams.flush(&mut self.core);
        // An answer to a request may lead to the next request, but not for ever in one turn.
        for _ in 0..4 {
            // First, for one of the requests may be to close a socket that these still need.
            let mut idle = !self.send_batch();
            while let Some(request) = self.core.engine.poll_socket() {
                idle = false;
                self.serve_socket(&request);
            }
            let mut refusals = Vec::new();
            while let Some(errand) = self.core.engine.poll_errand() {
                idle = false;
                refusals.extend(self.common.errands.begin(self.index, errand));
            }
            // Only now, for a call may ask again at once.
            for (call, refused) in refusals {
                self.core.engine.handle_errand(self.core.now, call, refused);
            }
            while let Some((to, handover)) = self.core.engine.poll_handover() {
                idle = false;
                match &mut self.post {
                    Some(post) if to != self.index => post.send(to, Letter::Handover(handover)),
                    _ => self.core.engine.handle_handover(self.core.now, &handover),
                }
            }
            while let Some(send) = self.core.engine.poll_twin() {
                idle = false;
                let call = send.call;
                if !self.common.twins.as_ref().is_some_and(|twins| twins.send(self.index, send)) {
                    self.core.engine.handle_twin_failure(self.core.now, call);
                }
            }
            if idle {
                return;
            }
        }
        self.send_batch();
        self.unserved = true;
    }

    /// Hands what calls want of their media over to the media threads, all of a turn at once.
    fn serve_media(&mut self) {
        while let Some(command) = self.core.engine.poll_media() {
            if !self.media.push(command) {
                self.core.counters.ring_overflows += 1;
            }
        }
        self.core.counters.ring_overflows += self.media.flush();
    }

    /// Sends what the engine has ready, and what waits in streams; true if the engine had something.
    fn send_batch(&mut self) -> bool {
        let any = self.core.engine.poll_transmit(&mut self.batch);
        if any {
            self.transmit();
            self.batch.clear();
        }
        self.streams.flush(&mut self.core, &mut self.post, &self.common.quota);
        any
    }

    fn serve_socket(&mut self, request: &SocketRequest) {
        match *request {
            SocketRequest::Open { call, peer } => {
                let opened = if self.streams.listens() {
                    self.streams.open(peer, self.core.now, &self.common.quota)
                } else {
                    self.datagrams.open(self.poll.registry(), &self.common.quota)
                };
                self.core.engine.handle_opened(self.core.now, call, opened);
            }
            SocketRequest::Close { socket, .. } if socket.serial() & STREAM_BIT != 0 => {
                self.streams.release(socket.serial(), self.core.now, &self.common.quota);
            }
            SocketRequest::Close { socket, .. } => {
                self.datagrams.close(socket.serial(), &mut self.core, &self.common.quota);
            }
        }
    }

    /// Sends the batch: stretches of messages that leave through one socket.
    fn transmit(&mut self) {
        self.core.messages += self.batch.transmits.len() as u64;
        let order = self.order.sort(&self.batch);
        let mut next = 0;
        while next < order.len() {
            let socket_of = |index: u32| self.batch.transmits[index as usize].path.socket;
            let socket = socket_of(order[next]);
            let count = order[next..].iter().take_while(|&&index| socket_of(index) == socket).count();
            let stretch = &order[next..next + count];
            next += count;
            if socket == SocketId::MAIN || socket.serial() & STREAM_BIT == 0 {
                self.datagrams.send(socket, &self.batch, stretch, &mut self.core);
                continue;
            }
            let elsewhere = socket.worker().filter(|&worker| worker != self.index);
            for &index in stretch {
                let transmit = &self.batch.transmits[index as usize];
                let bytes = self.batch.message(transmit);
                let result = match (elsewhere, &mut self.post) {
                    (None, _) => self.streams.write(socket.serial(), bytes, &mut self.core.counters),
                    (Some(_), None) => Err(Trouble::Closed),
                    (Some(to), Some(post)) => match post.write(to, socket, transmit.call, bytes) {
                        true => Ok(()),
                        false => {
                            self.core.counters.ring_overflows += 1;
                            Err(Trouble::QueueFull)
                        }
                    },
                };
                if let Err(trouble) = result {
                    self.core.send_failed(transmit.call, trouble);
                }
            }
        }
    }

    /// Sleeps until there is something to do; says how many sockets are ready.
    fn sleep(&mut self, turn_began: Time, now: Time, leaving: bool) -> usize {
        let more = self.datagrams.has_more() || self.streams.has_more();
        let since = now.micros_since(turn_began);
        let turn_us = self.pace.turn_us();
        if since < turn_us && !more {
            sys::sleep_us(turn_us - since);
        }
        let behind = leaving || self.datagrams.is_behind() || self.post.as_ref().is_some_and(Post::is_behind);
        let longest = if behind { SLEEP_BEHIND_US } else { SLEEP_US_MAX };
        let due = self.core.engine.next_timeout().unwrap_or(Time::MAX);
        let mut wait = due.micros_since(self.core.clock.now()).min(longest);
        let inbox = &self.common.inboxes[self.index];
        inbox.fall_asleep();
        if more || self.unserved || inbox.is_filled() || self.post.as_ref().is_some_and(Post::has_mail) {
            wait = 0;
        }
        let ready = self.waiter.wait(&self.poll, Duration::from_micros(wait));
        self.common.inboxes[self.index].wake_up();
        ready.unwrap_or_else(|_| {
            // The descriptor is ours and open, so this can't be; but never spin.
            sys::sleep_us(SLEEP_BEHIND_US);
            0
        })
    }

    /// The run is finished: lets the others know.
    fn leave(&self) -> Time {
        self.common.leaving.fetch_add(1, Ordering::SeqCst);
        for inbox in self.common.inboxes.iter() {
            inbox.wake();
        }
        self.core.now
    }

    /// True once nothing is left to be sent, by us or by others through us; or it takes too long.
    fn may_end(&mut self, since: Time) -> bool {
        let all_left = self.common.leaving.load(Ordering::SeqCst) >= self.common.inboxes.len();
        let idle = !self.datagrams.is_behind()
            && !self.streams.is_behind()
            && !self.post.as_ref().is_some_and(|post| post.is_behind() || post.has_mail());
        all_left && idle || self.core.now.micros_since(since) > LEAVE_US_MAX
    }

    fn snapshot(&mut self) -> Snapshot {
        let now = self.core.clock.now();
        self.datagrams.count_drops(&mut self.core);
        let mut snapshot = self.core.engine.snapshot(now);
        snapshot.generator = self.core.counters.clone();
        snapshot.generator.elapsed_us = now.micros_since(self.began);
        snapshot.generator.sockets = (self.datagrams.len() + self.streams.len()) as u64;
        snapshot.counters.events_dropped += self.common.events.dropped(self.index);
        if self.index == 0 {
            // They belong to no worker, so one has to tell of them.
            let dropped = self.common.twins.as_ref().map_or(0, |twins| twins.dropped());
            snapshot.counters.commands_dropped += dropped;
        }
        snapshot
    }
}
