//! What steps work with beside their call: the worker's buffers, counters and settings.

use std::collections::VecDeque;
use std::sync::Arc;

use busyhour_scenario::program::DialogSlot;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::call::{Call, Tables};
use crate::errand;
use crate::event::{Direction, Event};
use crate::pool::Pool;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::snapshot::{Snapshot, StepCounters};
use crate::transport::{Batch, CallRef, Errand, Handover, Path, SocketRequest, Transmit, TwinSend};
use busyhour_media::Time;

/// Most events that wait to be polled; more are dropped and counted.
const EVENTS_MAX: usize = 65_536;

/// Most warnings a second whose text is kept; more are only counted.
const WARNINGS_PER_SECOND_MAX: u64 = 1000;

/// Longest message, head and body.
pub(crate) const MESSAGE_BYTES_MAX: usize = 65_536;

/// Longest datagram payload over IPv4.
const DATAGRAM_BYTES_MAX: usize = 65_507;

#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) settings: Arc<Settings>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) worker: usize,
    pub(crate) now: Time,
    /// When the message in hand was received.
    pub(crate) received: Time,
    /// The call in hand.
    pub(crate) current: CallRef,
    pub(crate) out: Batch,
    /// Serial number of `out`.
    pub(crate) batch: u32,
    pub(crate) events: VecDeque<Event>,
    pub(crate) socket_requests: VecDeque<SocketRequest>,
    pub(crate) handovers: VecDeque<(usize, Handover)>,
    /// Call-IDs of dialogs that the call in hand has opened, to be entered into the table of calls.
    pub(crate) opened_dialogs: Vec<(Vec<u8>, DialogSlot)>,
    pub(crate) errands: VecDeque<Errand>,
    pub(crate) twin_sends: VecDeque<TwinSend>,
    /// Wishes to media threads.
    pub(crate) media: VecDeque<busyhour_media::Command>,
    /// A line to the other parties is gone: no command comes any more.
    pub(crate) twin_lost: bool,
    pub(crate) statistics: Snapshot,
    pub(crate) pool: Pool,
    #[expect(clippy::vec_box, reason = "the boxes themselves are used again")]
    pub(crate) spare_tables: Vec<Box<Tables>>,
    /// For a text that is needed only for a moment.
    pub(crate) scratch: Vec<u8>,
    /// Somebody was told of a call that waits for ever.
    pub(crate) warned_of_endless_wait: bool,
    warnings_second: u64,
    warnings_this_second: u64,
}

impl Context {
    pub(crate) fn new(
        settings: Arc<Settings>,
        shared: Arc<Shared>,
        worker: usize,
        statistics: Snapshot,
    ) -> Context {
        Context {
            settings,
            shared,
            worker,
            now: Time::ZERO,
            received: Time::ZERO,
            current: CallRef::default(),
            out: Batch::default(),
            batch: 1,
            events: VecDeque::new(),
            socket_requests: VecDeque::new(),
            handovers: VecDeque::new(),
            opened_dialogs: Vec::new(),
            errands: VecDeque::new(),
            twin_sends: VecDeque::new(),
            media: VecDeque::new(),
            twin_lost: false,
            statistics,
            pool: Pool::default(),
            spare_tables: Vec::new(),
            scratch: Vec::new(),
            warned_of_endless_wait: false,
            warnings_second: 0,
            warnings_this_second: 0,
        }
    }

    pub(crate) fn step(&mut self, call: &Call, step: u32) -> &mut StepCounters {
        &mut self.statistics.programs[call.program as usize].steps[step as usize]
    }

    /// Takes the dialog of a step in hand.
    pub(crate) fn switch_dialog(&self, call: &mut Call, slot: DialogSlot) {
        call.switch_dialog(slot, self.settings.base_cseq.wrapping_sub(1));
    }

    /// Puts the bytes of `out` from `start` on into the batch. False, and taken out again, if they are too long. What
    /// `closecon` has left without a socket is dropped with a warning.
    pub(crate) fn transmit(&mut self, call: &mut Call, path: Path, start: usize) -> bool {
        if call.flags.no_socket && path.socket == call.path.socket {
            self.out.bytes.truncate(start);
            self.warn(|| errand::unsent(call));
            return true;
        }
        let len = self.out.bytes.len() - start;
        let max = if call.flags.datagrams { DATAGRAM_BYTES_MAX } else { MESSAGE_BYTES_MAX };
        if len > max {
            self.out.bytes.truncate(start);
            return false;
        }
        if call.batch != self.batch {
            (call.batch, call.rank) = (self.batch, 0);
        }
        let transmit =
            Transmit { start: start as u32, len: len as u32, rank: call.rank, call: self.current, path };
        call.rank = call.rank.saturating_add(1);
        self.out.transmits.push(transmit);
        self.statistics.counters.messages_sent += 1;
        if self.settings.trace_messages {
            let bytes = self.out.bytes[start..].to_vec();
            self.trace_message(self.now, Direction::Sent, bytes);
        }
        true
    }

    pub(crate) fn trace_message(&mut self, at: Time, direction: Direction, bytes: Vec<u8>) {
        let protocol = self.settings.protocol;
        self.emit(Event::Message { at, direction, protocol, bytes });
    }

    /// The same for a 3PCC command, if anybody wants to see it.
    pub(crate) fn trace_command(&mut self, at: Time, direction: Direction, command: &[u8]) {
        if self.settings.trace_messages {
            self.emit(Event::Command { at, direction, bytes: command.to_vec() });
        }
    }

    pub(crate) fn emit(&mut self, event: Event) {
        // The end of the run is always heard of.
        if self.events.len() < EVENTS_MAX || matches!(event, Event::Stop { .. }) {
            self.events.push_back(event);
        } else {
            self.statistics.counters.events_dropped += 1;
        }
    }

    /// Counts a warning, and keeps its text unless they come too fast.
    pub(crate) fn warn(&mut self, text: impl FnOnce() -> Vec<u8>) {
        self.statistics.counters.warnings += 1;
        let second = self.now.as_millis() / 1000;
        if second != self.warnings_second {
            (self.warnings_second, self.warnings_this_second) = (second, 0);
        }
        self.warnings_this_second += 1;
        if self.warnings_this_second <= WARNINGS_PER_SECOND_MAX {
            let at = self.now;
            self.emit(Event::Warning { at, text: text() });
        } else {
            self.statistics.counters.warnings_suppressed += 1;
        }
    }

    /// A generator of random numbers for one draw of a call: the same for the same seed and call, whatever the number
    /// of workers.
    pub(crate) fn random(&self, call: &mut Call) -> SmallRng {
        call.draws = call.draws.wrapping_add(1);
        let draw = call.number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(call.draws).rotate_left(40);
        SmallRng::seed_from_u64(self.settings.seed ^ draw ^ if call.automatic_id() { call.hash } else { 0 })
    }

    /// Draws whether a message is to be lost on purpose.
    pub(crate) fn loses(&mut self, call: &mut Call, lost_percent: Option<f64>) -> bool {
        let percent = lost_percent.unwrap_or(self.settings.lost_percent);
        percent > 0.0 && self.random(call).random::<f64>() * 100.0 < percent
    }
}
