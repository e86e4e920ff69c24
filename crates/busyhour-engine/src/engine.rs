//! The engine's contract, and how its parts play together.

mod delivery;
mod reports;
mod start;
mod work;

use std::sync::Arc;

use busyhour_media::Time;
use busyhour_media::wheel::Wheel;

use crate::adoption::Adoption;
use crate::call::{Call, Tables};
use crate::calls::Calls;
use crate::context::Context;
use crate::dead_call::DeadCalls;
use crate::event::Event;
use crate::origination::{Origination, Start};
use crate::pacing::Plan;
use crate::prepare::Prepared;
use crate::settings::{Run, Settings};
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::transport::{Batch, Errand, Handover, SocketRequest, TwinSend};
use crate::variables::Value;
use crate::{step, twin};

/// Most calls started in one go before messages get their turn again; the rest follows at once.
const STARTS_PER_TURN_MAX: usize = 1024;

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

    /// The next wish to a media thread.
    pub fn poll_media(&mut self) -> Option<busyhour_media::Command> {
        self.context.media.pop_front()
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
}
