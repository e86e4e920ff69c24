//! The engine's contract, and how its parts play together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use busyhour_scenario::program::DialogSlot;
use busyhour_wire::{Message, ParseError};

use crate::adoption::Adoption;
use crate::call::{Call, Fate, Tables, Timer};
use crate::call_id;
use crate::calls::Calls;
use crate::context::Context;
use crate::dead_call::{DeadCalls, Ending};
use crate::event::{Direction, Event};
use crate::origination::{Origination, Start};
use crate::pacing::Plan;
use crate::prepare::Prepared;
use crate::settings::{Run, Settings};
use crate::shared::Shared;
use crate::snapshot::{FailureKind, Snapshot};
use crate::transport::{
    Batch, CallRef, Errand, ErrandResult, Handover, Opened, Path, Protocol, Routing, SocketId, SocketRequest,
    Source, Trouble, TwinSend,
};
use crate::variables::Value;
use crate::{circuits, errand, matching, media, outside, release, step, twin};
use busyhour_media::Time;
use busyhour_media::wheel::Wheel;

/// Most calls started in one go before messages get their turn again; the rest follows at once.
const STARTS_PER_TURN_MAX: usize = 1024;

/// Bytes of discarded input shown in a warning.
const DISCARDED_BYTES_SHOWN: usize = 512;

/// Most calls for which memory is set aside before they come.
const RESERVED_CALLS_MAX: u64 = 2_000_000;

/// One worker's calls.
#[derive(Debug)]
pub struct Engine {
    pub(crate) programs: Vec<Prepared>,
    pub(crate) received: Option<u8>,
    pub(crate) out_of_call: Option<u8>,
    /// Some program is placed: we are a client, or mixed.
    pub(crate) places: bool,
    pub(crate) context: Context,
    pub(crate) calls: Calls,
    wheel: Wheel,
    due: Vec<u32>,
    pub(crate) dead: DeadCalls,
    pub(crate) adoption: Adoption,
    origination: Option<Origination>,
    ended: u64,
    /// Those among them that no message had started.
    ended_placed: u64,
    /// The calls were aborted because the quitting level said so.
    aborted: bool,
    /// For the Call-ID in hand.
    id: Vec<u8>,
}

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
    /// A 3PCC command arrived, without its end mark. It belongs to the worker that owns its Call-ID.
    Twin(Vec<u8>),
    /// The line to a 3PCC peer has ended and will not come back: calls that wait for a command end.
    TwinLost,
    /// The quitting level or the pause in [`Shared`] has changed.
    Wake,
}

impl Engine {
    /// Makes the engine of worker `worker`, 0-based, of `shared.workers()`.
    pub fn new(run: &Run, settings: Arc<Settings>, shared: Arc<Shared>, worker: usize) -> Engine {
        let programs =
            run.programs.iter().map(|program| Prepared::new(program, &settings, &shared)).collect();
        let statistics = Snapshot::empty(run.programs.iter().map(AsRef::as_ref));
        let origination = (worker == 0 && !run.placed.is_empty()).then(|| Origination::new(run, &settings));
        if let Some(users) = settings.users {
            shared.set_users(users);
        }
        let mut calls = Calls::new(settings.calls_open_max);
        if let Some(origination) = &origination {
            let wanted = origination.limit_ever().min(settings.calls_max.unwrap_or(u64::MAX));
            calls.reserve(wanted.min(RESERVED_CALLS_MAX) as usize / shared.workers().max(1));
        }
        Engine {
            programs,
            received: run.received,
            out_of_call: run.out_of_call,
            places: !run.placed.is_empty(),
            calls,
            wheel: Wheel::new(),
            due: Vec::new(),
            dead: DeadCalls::new(settings.dead_call_wait_ms, settings.dead_calls_max),
            adoption: Adoption::new(run),
            origination,
            ended: 0,
            ended_placed: 0,
            aborted: false,
            id: Vec::new(),
            context: Context::new(settings, shared, worker, statistics),
        }
    }

    /// Runs the `<init>` steps of all programs; to be called on worker 0's engine before traffic. Their events can be
    /// polled at once.
    pub fn run_init(&mut self, now: Time) {
        self.context.now = now;
        let path = self.default_path();
        for (index, prepared) in self.programs.iter().enumerate() {
            let mut call = Call::new(&mut self.context.pool, b"///main-init", 0, path, now);
            call.program = index as u8;
            let variables = vec![Value::Unset; prepared.program.variables.call.len()];
            let mut tables = Tables { variables, ..Tables::default() };
            let (files, seed) = (self.context.shared.files(), self.context.settings.seed);
            prepared.fields.choose(files, 0, 0, seed, &mut tables.lines);
            call.tables = Some(Box::new(tables));
            step::run_init(prepared, &mut self.context, &mut call);
            prepared.fields.warn_of_missing(&mut self.context);
        }
    }

    /// Takes a complete message, or says whose it is.
    pub fn handle_message(&mut self, now: Time, source: &Source, bytes: &[u8]) -> Routing {
        self.context.now = now;
        let workers = self.context.shared.workers();
        if workers > 1
            && let Some(id) = busyhour_wire::call_id(bytes)
        {
            let owner = self.context.shared.owner(self.significant(id));
            if owner != self.context.worker {
                self.context.statistics.counters.handed_over += 1;
                return Routing::BelongsTo(owner);
            }
        }
        if self.context.settings.trace_messages {
            self.context.trace_message(source.received, Direction::Received, bytes.to_vec());
        }
        match Message::parse(bytes) {
            Ok(message) => self.deliver(source, &message),
            Err(error) => self.discard(error, bytes),
        }
        Routing::Handled
    }

    /// Takes a controller's command.
    pub fn handle_command(&mut self, now: Time, command: &Command) {
        self.context.now = now;
        match command {
            Command::Twin(bytes) => twin::receive(self, bytes),
            Command::TwinLost => self.context.twin_lost = true,
            _ => {}
        }
        if let Some(origination) = &mut self.origination {
            match command {
                Command::Twin(_) | Command::TwinLost => {}
                Command::SetPlan(plan) => origination.set_plan(now, plan.clone()),
                Command::SetLimit(limit) => origination.set_limit(*limit),
                Command::SetUsers(users) => {
                    origination.set_users(*users);
                    self.context.shared.set_users(*users);
                }
                Command::Wake => origination.note_pause(&self.context),
            }
        }
        self.abort_if_told();
        if *command == Command::TwinLost {
            twin::end_waiting(self);
        }
    }

    /// Takes what another worker's engine handed over.
    pub fn handle_handover(&mut self, now: Time, handover: &Handover) {
        self.context.now = now;
        match *handover {
            Handover::Start { number, user, program, planned } => {
                self.start_call(Start { number, user, program, planned });
                // It may have been under way while all others were aborted.
                if self.aborted {
                    self.abort_all();
                }
            }
            Handover::UserFree { user } => {
                if let Some(origination) = &mut self.origination {
                    origination.free_user(user);
                }
            }
        }
    }

    /// It is now at least what [`Engine::next_timeout`] said.
    pub fn handle_timeout(&mut self, now: Time) {
        self.context.now = now;
        let mut due = std::mem::take(&mut self.due);
        self.wheel.advance(now, &mut due);
        for &index in &due {
            self.call_timeout(index);
        }
        due.clear();
        self.due = due;
        for _ in 0..STARTS_PER_TURN_MAX {
            if self.context.shared.is_stopped() {
                return;
            }
            let Some(start) =
                self.origination.as_mut().and_then(|origination| origination.next(&mut self.context))
            else {
                break;
            };
            self.deal_out(start);
        }
        self.abort_if_told();
    }

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

    /// Takes what has happened to a call's media.
    pub fn handle_media(&mut self, now: Time, event: busyhour_media::Event) {
        self.context.now = now;
        media::handle(self, event);
    }

    /// The next wish to a media thread.
    pub fn poll_media(&mut self) -> Option<busyhour_media::Command> {
        self.context.media.pop_front()
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

    /// An errand of `call` has been done.
    pub fn handle_errand(&mut self, now: Time, call: CallRef, result: ErrandResult) {
        self.context.now = now;
        let Some(index) = self.calls.resolve(call) else { return };
        self.work(index, |prepared, context, call| errand::done(prepared, context, call, result));
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

    /// A message of `call` could not be sent.
    pub fn handle_send_failure(&mut self, now: Time, call: CallRef, trouble: Trouble) {
        self.context.now = now;
        if let Some(index) = self.calls.resolve(call) {
            self.fail_by(index, trouble);
        }
    }

    /// ICMP came back for a message of ours, whose first bytes are `original` (perhaps cut), or says whose it is:
    /// workers that share a port get each other's.
    pub fn handle_unreachable(&mut self, now: Time, original: &[u8], trouble: Trouble) -> Routing {
        self.context.now = now;
        let Some(id) = busyhour_wire::call_id(original) else { return Routing::Handled };
        let id = self.significant(id);
        let owner = self.context.shared.owner(id);
        if owner != self.context.worker {
            return Routing::BelongsTo(owner);
        }
        let Some((index, _)) = self.calls.find(call_id::hash(id), id) else { return Routing::Handled };
        let Some(call) = self.calls.get_mut(index) else { return Routing::Handled };
        if step::ending_on_close(&self.programs[call.program as usize], call).is_some() {
            return Routing::Handled;
        }
        let ending = Ending::Failed(call.step, FailureKind::Unreachable);
        self.warn_of(index, trouble);
        self.settle(index, Fate::EndsForgotten(ending));
        Routing::Handled
    }

    /// Swaps the pending messages into `batch`, which must be clear. True if there are any.
    pub fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        if self.context.out.transmits.is_empty() {
            return false;
        }
        std::mem::swap(&mut self.context.out, batch);
        self.context.batch = self.context.batch.wrapping_add(1).max(1);
        true
    }

    /// The next wish about sockets.
    pub fn poll_socket(&mut self) -> Option<SocketRequest> {
        self.context.socket_requests.pop_front()
    }

    /// The next thing for another worker's engine.
    pub fn poll_handover(&mut self) -> Option<(usize, Handover)> {
        self.context.handovers.pop_front()
    }

    /// The next work for other threads.
    pub fn poll_errand(&mut self) -> Option<Errand> {
        self.context.errands.pop_front()
    }

    /// The next 3PCC command for another process.
    pub fn poll_twin(&mut self) -> Option<TwinSend> {
        self.context.twin_sends.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.context.events.pop_front()
    }

    /// When to call [`Engine::handle_timeout`] at the latest; `None`: only input can change anything.
    pub fn next_timeout(&self) -> Option<Time> {
        if self.context.shared.is_stopped() {
            return None;
        }
        let start = self.origination.as_ref().and_then(|origination| origination.next_time(&self.context));
        match (self.wheel.next_deadline(), start) {
            (Some(timer), Some(start)) => Some(timer.min(start)),
            (timer, start) => timer.or(start),
        }
    }

    /// Describes everything since the start. The driver's own counters are left at 0.
    pub fn snapshot(&mut self, now: Time) -> Snapshot {
        let statistics = &mut self.context.statistics;
        statistics.at = now;
        statistics.counters.open = self.calls.len() as u64;
        self.dead.expire(now);
        statistics.counters.dead_calls_kept = self.dead.len() as u64;
        statistics.counters.dead_calls_evicted = self.dead.evicted;
        if let Some(origination) = &self.origination {
            statistics.target_rate = origination.target(now);
            statistics.limit = Some(origination.limit(now));
        }
        let snapshot = statistics.clone();
        for program in &mut statistics.programs {
            program.unexpected_codes.clear();
        }
        snapshot
    }

    /// Counts trace events that a driver dropped because nobody read them.
    pub fn note_dropped_events(&mut self, events: u64) {
        self.context.statistics.counters.events_dropped += events;
    }

    /// The part of a Call-ID that counts.
    pub(crate) fn significant<'b>(&self, id: &'b [u8]) -> &'b [u8] {
        if self.context.settings.keep_call_id_prefix { id } else { call_id::without_prefix(id) }
    }

    fn deliver(&mut self, source: &Source, message: &Message<'_>) {
        let id = self.significant(message.call_id());
        let hash = call_id::hash(id);
        match self.calls.find(hash, id) {
            Some((index, slot)) => self.deliver_to(index, slot, source, message),
            None => outside::receive(self, source, message, id, hash),
        }
    }

    /// Delivers a message to a dialog of a call.
    pub(crate) fn deliver_to(
        &mut self,
        index: u32,
        slot: DialogSlot,
        source: &Source,
        message: &Message<'_>,
    ) {
        if let Some(call) = self.calls.get_mut(index).filter(|call| call.waits_outside()) {
            return matching::wait_for_recv(&mut self.context, call, slot, source, message);
        }
        self.work(index, |prepared, context, call| {
            matching::receive(prepared, context, call, slot, source, message)
        });
    }

    fn discard(&mut self, error: ParseError, bytes: &[u8]) {
        let counters = &mut self.context.statistics.counters;
        let text: &[u8] = match error {
            ParseError::KeepAlive => return,
            ParseError::NotSip => {
                counters.not_sip += 1;
                b"non SIP message discarded: \""
            }
            ParseError::NoCallId => {
                counters.no_call_id += 1;
                b"SIP message without Call-ID discarded: \""
            }
            ParseError::BadStartLine => {
                counters.bad_start_line += 1;
                b"SIP message with an unreadable start line discarded: \""
            }
        };
        self.context.warn(|| [text, &bytes[..bytes.len().min(DISCARDED_BYTES_SHOWN)], b"\""].concat());
    }

    /// Starts a call here, or hands it to the worker that owns its Call-ID.
    fn deal_out(&mut self, start: Start) {
        let workers = self.context.shared.workers();
        if workers > 1 {
            call_id::generate(&self.context.settings, start.number, start.planned, &mut self.id);
            let owner = self.context.shared.owner(self.significant(&self.id));
            if owner != self.context.worker {
                let Start { number, user, program, planned } = start;
                let handover = Handover::Start { number, user, program, planned };
                self.context.handovers.push_back((owner, handover));
                return;
            }
        }
        self.start_call(start);
    }

    fn start_call(&mut self, start: Start) {
        let now = self.context.now;
        let mut id = std::mem::take(&mut self.id);
        call_id::generate(&self.context.settings, start.number, start.planned, &mut id);
        let hash = call_id::hash(self.significant(&id));
        let path = self.default_path();
        let mut call = Call::new(&mut self.context.pool, &id, hash, path, now);
        self.id = id;
        call.number = start.number;
        call.user = start.user;
        call.program = start.program;
        call.start_behind_us = now.micros_since(start.planned).min(u64::from(u32::MAX)) as u32;
        call.flags.opening = self.context.settings.socket_per_call;
        self.context.statistics.start_lateness.saturating_record(u64::from(call.start_behind_us).max(1));
        self.context.statistics.count_outgoing(start.program);
        let index = self.enter(call);
        if !circuits::claim(self, index) {
            return;
        }
        if self.context.settings.socket_per_call {
            let peer = self.default_path().peer;
            let call = self.calls.reference(index);
            self.context.socket_requests.push_back(SocketRequest::Open { call, peer });
        } else {
            self.work(index, step::run);
        }
    }

    /// Enters a call into the tables, with what its program needs.
    pub(crate) fn enter(&mut self, mut call: Call) -> u32 {
        let now = self.context.now;
        let prepared = &self.programs[call.program as usize];
        call.behind_us = call.start_behind_us;
        call.local_port = self.context.settings.local_port;
        call.flags.datagrams = self.context.settings.protocol == Protocol::Udp;
        call.dialog.cseq = self.context.settings.base_cseq.wrapping_sub(1);
        let variables = prepared.program.variables.call.len();
        if prepared.has_timer_table || variables > 0 || !prepared.fields.is_empty() {
            let mut tables = self.context.spare_tables.pop().unwrap_or_default();
            tables.variables.resize(variables, Value::Unset);
            if prepared.has_timer_table {
                let timer = Timer { started: now, behind_us: call.start_behind_us, recorded: false };
                tables.timers.resize(prepared.program.timers.len(), timer);
            }
            if !call.flags.automatic {
                let (files, seed) = (self.context.shared.files(), self.context.settings.seed);
                prepared.fields.choose(files, call.number, call.user, seed, &mut tables.lines);
            }
            call.tables = Some(tables);
        }
        let transactions = &prepared.program.transactions;
        if !transactions.is_empty() {
            call.extra().transactions.resize(transactions.len(), Default::default());
        }
        if transactions.iter().any(|transaction| transaction.server) {
            call.extra().server_transactions.resize_with(transactions.len(), Default::default);
        }
        let (socket, streams) = (call.path.socket, !call.flags.datagrams && !call.flags.opening);
        let index = self.calls.insert(call).index;
        self.wheel.reserve(index);
        if streams {
            self.calls.join_stream(index, socket);
        }
        let open = self.context.shared.open();
        let counters = &mut self.context.statistics.counters;
        if open > counters.open_peak {
            (counters.open_peak, counters.open_peak_at) = (open, now);
        }
        index
    }

    /// Works on a call, and does with it what comes out. A panic takes the call down, not the run.
    pub(crate) fn work(&mut self, index: u32, work: impl FnOnce(&Prepared, &mut Context, &mut Call) -> Fate) {
        if self.context.shared.is_stopped() {
            return;
        }
        let reference = self.calls.reference(index);
        let Some(call) = self.calls.get_mut(index) else { return };
        if call.flags.opening {
            return;
        }
        self.context.current = reference;
        let prepared = &self.programs[call.program as usize];
        let step = call.step;
        let context = &mut self.context;
        let fate = catch_unwind(AssertUnwindSafe(|| work(prepared, context, call))).unwrap_or_else(|_| {
            context.statistics.counters.panics += 1;
            Fate::EndsForgotten(Ending::Failed(step, FailureKind::Panic))
        });
        prepared.fields.warn_of_missing(context);
        for (id, slot) in std::mem::take(&mut self.context.opened_dialogs) {
            let id = self.significant(&id).to_vec();
            self.calls.add_dialog(index, slot, &id);
        }
        self.settle(index, fate);
    }

    pub(crate) fn settle(&mut self, index: u32, fate: Fate) {
        let (ending, remembered) = match fate {
            Fate::Waits => {
                match self.calls.get_mut(index).and_then(|call| call.deadline()) {
                    Some(deadline) => self.wheel.arm(index, deadline),
                    None => self.wheel.cancel(index),
                }
                if self.adoption.is_possible() {
                    self.adoption.note(&mut self.calls, &self.programs, index);
                }
                return;
            }
            Fate::Ends(ending) => (ending, true),
            Fate::EndsForgotten(ending) => (ending, false),
        };
        self.wheel.cancel(index);
        let reference = self.calls.reference(index);
        let Some(mut call) = self.calls.remove(index) else { return };
        if self.context.settings.third_party.is_some() && ending.is_news_to_twin() {
            self.context.current = reference;
            let (prepared, context) = (&self.programs[call.program as usize], &mut self.context);
            let told = catch_unwind(AssertUnwindSafe(|| step::send_twin_abort(prepared, context, &call)));
            self.context.statistics.counters.panics += u64::from(told.is_err());
        }
        let ending = match (ending, call.failure) {
            (Ending::Successful, Some(kind)) => Ending::Failed(call.step, kind),
            (ending, _) => ending,
        };
        self.count(&call, ending);
        media::end(&mut self.context, &mut call, ending != Ending::Successful);
        if remembered {
            self.dead.remember(self.context.now, call.hash, ending);
            for other in call.others().iter().filter(|other| !other.call_id().is_empty()) {
                let hash = call_id::hash(self.significant(other.call_id()));
                self.dead.remember(self.context.now, hash, ending);
            }
        }
        if call.flags.owns_socket {
            let socket = call.path.socket;
            self.context.socket_requests.push_back(SocketRequest::Close { call: reference, socket });
        }
        release::buffers(&mut self.context, &mut call);
    }

    fn count(&mut self, call: &Call, ending: Ending) {
        let statistics = &mut self.context.statistics;
        let failure = match ending {
            Ending::Successful => None,
            Ending::Failed(_, kind) | Ending::Aborted(_, kind) => Some(kind),
        };
        statistics.count_ended(call.program, failure, call.flags.automatic);
        let length_us = self.context.now.micros_since(call.created);
        statistics.programs[call.program as usize].call_length.record(length_us, None);
        if call.flags.automatic {
            return;
        }
        if call.user > 0 {
            match &mut self.origination {
                Some(origination) => origination.free_user(call.user),
                None => self.context.handovers.push_back((0, Handover::UserFree { user: call.user })),
            }
        }
        self.ended += 1;
        self.ended_placed += u64::from(!call.flags.received);
        self.context.shared.set_ended(self.context.worker, self.ended, self.ended_placed);
    }

    fn call_timeout(&mut self, index: u32) {
        let now = self.context.now;
        let Some(deadline) = self.calls.get_mut(index).and_then(|call| call.deadline()) else { return };
        // The wheel rounds up to a whole millisecond; only what comes after that is lateness.
        let ticked = Time::from_millis(deadline.as_micros().div_ceil(1000));
        self.context.statistics.timer_lateness.saturating_record(now.micros_since(ticked).max(1));
        self.work(index, step::timeout);
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

    fn warn_of(&mut self, index: u32, trouble: Trouble) {
        let Some(call) = self.calls.get_mut(index) else { return };
        let peer = call.path.peer;
        self.context.warn(|| {
            let mut text = format!("{} ({peer}), the call fails, Call-Id '", trouble.text()).into_bytes();
            text.extend_from_slice(call.id.as_bytes());
            text.push(b'\'');
            text
        });
    }

    /// Aborts all calls once the quitting level asks for it (spec-engine §1.1).
    fn abort_if_told(&mut self) {
        if self.aborted || self.context.shared.quit_level() < 11 {
            return;
        }
        self.aborted = true;
        self.abort_all();
    }

    fn abort_all(&mut self) {
        for index in self.calls.indices() {
            if let Some(call) = self.calls.get_mut(index) {
                call.flags.opening = false;
            }
            self.work(index, |prepared, context, call| {
                crate::unexpected::send_release(prepared, context, call);
                Fate::Ends(Ending::Aborted(call.step, FailureKind::Aborted))
            });
        }
    }

    pub(crate) fn default_path(&self) -> Path {
        let settings = &self.context.settings;
        let peer = settings.send_to.or(settings.remote).unwrap_or_else(|| {
            // Never sent to: a server answers to where a request came from.
            std::net::SocketAddr::new(settings.local_ip, 0)
        });
        Path { peer, socket: settings.shared_socket }
    }
}
