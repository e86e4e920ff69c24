//! One media thread.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use busyhour_media::{Batch, Command, MediaSnapshot, PortRequest, Time};
use mio::{Poll, Token};

use super::endpoint::MediaEndpoint;
use super::inbox::Asking;
use super::reader::{Reader, drain_errors};
use super::sender::Sender;
use super::sockets::Sockets;
use super::threads::MediaThreads;
use crate::clock::{Clock, Stamps};
use crate::sys;
use crate::worker::Pace;

pub(super) const TOKEN_WAKER: Token = Token(usize::MAX);

/// Longest sleep. Nothing depends on it.
const SLEEP_US_MAX: u64 = 100_000;
/// Streams are served at whole milliseconds, so that many leave together.
const TICK_US: u64 = 1000;
/// From so many packets in a turn on, every second millisecond will do: a wake-up costs as much as several packets, and
/// longer runs leave as one. It costs a packet a millisecond at most.
const CROWDED: u64 = 16;
/// How late the kernel may wake us (`PR_SET_TIMERSLACK`).
const TIMER_SLACK_NS: u32 = 5_000;
/// How long calls that have just ended may take to be judged when the run is over. Those that never ended are judged then.
const LEAVE_US_MAX: u64 = 50_000;
/// From so many panics on the thread gives up, and the run ends: the streams are a bug's.
const PANICS_MAX: u64 = 16;

/// The streams with what everything that feeds them needs.
pub(super) struct Core<M> {
    pub(super) media: M,
    pub(super) clock: Clock,
    pub(super) stamps: Stamps,
    /// The present, as of the last look at the clock.
    pub(super) now: Time,
    /// Packets received and sent since the pace was last set.
    pub(super) packets: u64,
    /// Packets not sent because their socket, or the device's queue, was full.
    pub(super) send_dropped: u64,
    /// Datagrams the kernel dropped because we read too slowly.
    pub(super) kernel_drops: u64,
}

/// What a thread needs to begin.
pub(super) struct Seat {
    pub(super) index: usize,
    pub(super) poll: Poll,
    pub(super) clock: Clock,
    pub(super) pin: Option<usize>,
    /// Packets of one length to one destination may leave as one.
    pub(super) runs: bool,
}

/// Streams with their sockets.
pub(super) struct MediaThread<M> {
    index: usize,
    core: Core<M>,
    common: Arc<MediaThreads>,
    poll: Poll,
    waiter: sys::Waiter,
    sockets: Sockets,
    reader: Reader,
    sender: Sender,
    batch: Batch,
    commands: Vec<Command>,
    asking: Vec<Asking>,
    pace: Pace,
    /// The last turn had many packets.
    crowded: bool,
    panics: u64,
    busy_us: u64,
    began: Time,
}

impl<M: MediaEndpoint> MediaThread<M> {
    /// To be called on the thread itself.
    pub(super) fn new(seat: Seat, media: M, common: Arc<MediaThreads>) -> MediaThread<M> {
        let Seat { index, poll, clock, pin, runs } = seat;
        sys::set_timer_slack(TIMER_SLACK_NS);
        if let Some(core) = pin {
            // A wish, as with workers.
            let _ = sys::pin_to(core);
        }
        let now = clock.now();
        let stamps = clock.stamps();
        let core = Core { media, clock, stamps, now, packets: 0, send_dropped: 0, kernel_drops: 0 };
        MediaThread {
            index,
            core,
            sockets: Sockets::new(Arc::clone(common.ports())),
            common,
            poll,
            waiter: sys::Waiter::new(),
            reader: Reader::new(),
            sender: Sender::new(runs),
            batch: Batch::default(),
            commands: Vec::new(),
            asking: Vec::new(),
            pace: Pace::default(),
            crowded: false,
            panics: 0,
            busy_us: 0,
            began: now,
        }
    }

    /// Runs until all workers have ended; returns the last snapshot, and false if the streams panic again and again.
    pub(super) fn run(mut self) -> (MediaSnapshot, bool) {
        let mut ready = 0;
        let mut leaving = None;
        loop {
            // First, for what workers have said before they ended is then in the inbox.
            let over = self.common.is_over();
            self.core.now = self.core.clock.now();
            let turn_began = self.core.now;
            self.guarded(|thread| thread.turn(ready));
            while !self.commands.is_empty() && self.panics < PANICS_MAX {
                // One command's panic is not the others': they may end calls and give ports back.
                self.guarded(MediaThread::obey);
            }
            if over {
                let since = *leaving.get_or_insert(self.core.now);
                if self.core.media.open_calls() == 0 || self.core.now.micros_since(since) >= LEAVE_US_MAX {
                    break;
                }
            }
            let end = self.core.clock.now();
            self.busy_us += end.micros_since(turn_began);
            if self.panics >= PANICS_MAX {
                return (self.snapshot(), false);
            }
            let packets = std::mem::take(&mut self.core.packets);
            self.crowded = packets >= CROWDED;
            self.pace.note(end, packets);
            ready = self.sleep(turn_began, end);
        }
        self.core.now = self.core.clock.now();
        self.guarded(|thread| {
            thread.core.media.finish(thread.core.now);
            thread.serve();
        });
        self.core.kernel_drops += self.sockets.count_drops();
        self.answer();
        (self.snapshot(), true)
    }

    /// Does something with the streams; a panic of theirs is counted, and told to whoever reads the warnings.
    fn guarded(&mut self, act: impl FnOnce(&mut MediaThread<M>)) {
        // What is half done then is of streams only, each of which is checked before it is used; and the batch.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| act(self))) {
            self.panics += 1;
            self.batch.clear();
            let what = (payload.downcast_ref::<&str>().copied())
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("no text");
            self.common.note_panic(self.index, self.core.now, what);
        }
    }

    fn turn(&mut self, ready: usize) {
        self.core.stamps.refresh(self.core.now);
        self.take_inbox();
        // Calls that have just ended hear all that has come for them.
        self.read_due(true);
        self.take_ready(ready);
        self.read_watched();
        self.core.now = self.core.clock.now();
        if self.core.media.next_timeout().is_some_and(|due| due <= self.core.now) {
            self.core.media.handle_timeout(self.core.now);
        }
        self.read_due(false);
        self.serve();
        // Only now, so that they tell of all that commands before them have led to.
        self.answer();
    }

    fn take_inbox(&mut self) {
        self.common.inbox(self.index).take(&mut self.commands, &mut self.asking);
        // The first one is the last then, to be popped.
        self.commands.reverse();
        self.obey();
    }

    /// Hands the commands over one by one, so that those after one that panics are still there.
    fn obey(&mut self) {
        while let Some(command) = self.commands.pop() {
            self.core.media.handle_command(self.core.now, command);
        }
    }

    fn take_ready(&mut self, count: usize) {
        for index in 0..count {
            let ready = self.waiter.get(index);
            if Token(ready.token as usize) == TOKEN_WAKER {
                continue;
            }
            self.sockets.note_ready(ready.token);
        }
    }

    fn read_watched(&mut self) {
        let MediaThread { sockets, reader, core, .. } = self;
        sockets.read_ready(|pair, id, rtcp| {
            let more = reader.read_watched(pair, id, rtcp, core);
            if !more {
                // The poll tells of errors too, and only once.
                drain_errors(pair, id, rtcp, core);
            }
            more
        });
    }

    /// Reads ports whose streams have something to do: those that are due, or all.
    fn read_due(&mut self, all: bool) {
        while let Some(id) = self.core.media.poll_read() {
            let Some((pair, beat)) = self.sockets.visit(id) else { continue };
            if !beat.is_due() && !all {
                continue;
            }
            beat.note(self.reader.read_all(pair, id, false, &mut self.core));
            if beat.rtcp_is_due(self.core.now) || all {
                self.reader.read_all(pair, id, true, &mut self.core);
            }
        }
    }

    /// Does what the streams want until they want nothing more.
    fn serve(&mut self) {
        // A failed send may lead to an event, but not for ever in one turn.
        for _ in 0..4 {
            let mut idle = true;
            while self.core.media.poll_transmit(&mut self.batch) {
                idle = false;
                self.sender.send(&self.batch, &mut self.sockets, &mut self.core);
                self.batch.clear();
            }
            while let Some(request) = self.core.media.poll_port() {
                idle = false;
                match request {
                    PortRequest::Watch(id) => self.sockets.watch(id, self.poll.registry()),
                    PortRequest::Unwatch(id) => self.sockets.unwatch(id, self.poll.registry()),
                    PortRequest::GiveBack(id) => {
                        self.core.kernel_drops += self.sockets.give_back(id, self.poll.registry());
                    }
                }
            }
            while let Some(event) = self.core.media.poll_event() {
                idle = false;
                self.common.tell(self.core.now, event);
            }
            if idle {
                return;
            }
        }
    }

    /// Gives snapshots to those who asked.
    fn answer(&mut self) {
        while let Some(asking) = self.asking.pop() {
            // Whoever asked may have gone.
            let _ = asking.send((self.index, self.snapshot()));
        }
    }

    /// Sleeps until there is something to do; says how many sockets are ready.
    fn sleep(&mut self, turn_began: Time, now: Time) -> usize {
        let more = self.sockets.has_more();
        let due = self.core.media.next_timeout().map_or(Time::MAX, |due| self.tick_after(due));
        if self.sockets.watches() && !more {
            // Lets packets of watched ports gather.
            let gather = self.pace.turn_us().saturating_sub(now.micros_since(turn_began));
            let gather = gather.min(due.micros_since(now));
            if gather > 0 {
                sys::sleep_us(gather);
            }
        }
        let mut wait = due.micros_since(self.core.clock.now()).min(SLEEP_US_MAX);
        let inbox = self.common.inbox(self.index);
        if wait > TICK_US {
            // Else commands wait for the next tick: no worker has to wake a thread that wakes anyway.
            inbox.fall_asleep();
        }
        if more || inbox.is_filled() {
            wait = 0;
        } else if self.common.is_over() {
            wait = wait.min(TICK_US);
        }
        let ready = self.waiter.wait(&self.poll, Duration::from_micros(wait));
        self.common.inbox(self.index).wake_up();
        ready.unwrap_or_else(|_: io::Error| {
            // The descriptor is ours and open, so this can't be; but never spin.
            sys::sleep_us(TICK_US);
            0
        })
    }

    /// The first tick that is not before `time`.
    fn tick_after(&self, time: Time) -> Time {
        let tick_us = if self.crowded { 2 * TICK_US } else { TICK_US };
        Time::from_micros(time.as_micros().div_ceil(tick_us).saturating_mul(tick_us))
    }

    fn snapshot(&mut self) -> MediaSnapshot {
        let now = self.core.clock.now();
        let mut snapshot = self.core.media.snapshot();
        let counters = &mut snapshot.counters;
        counters.send_dropped += self.core.send_dropped;
        counters.kernel_drops += self.core.kernel_drops;
        counters.busy_us = self.busy_us;
        counters.elapsed_us = now.micros_since(self.began);
        counters.busiest_per_mille = self.busy_us.saturating_mul(1000) / counters.elapsed_us.max(1);
        snapshot
    }
}
