//! Which call starts when: the plan, the open-call limit, `-m`, users. Only worker 0 has it, so that numbers and limits
//! are exact; it deals calls out to their owners.

use std::collections::VecDeque;

use busyhour_scenario::program::Program;

use crate::context::Context;
use crate::pacing::{Plan, Schedule};
use crate::settings::{Placed, Run, Settings};
use busyhour_media::Time;

/// A call that is to start now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) number: u64,
    pub(crate) user: u32,
    pub(crate) program: u8,
    pub(crate) planned: Time,
}

#[derive(Debug)]
pub(crate) struct Origination {
    schedule: Schedule,
    /// The plan's own start; none before traffic.
    started: Option<Time>,
    placed: Vec<Placed>,
    limit: Option<u64>,
    /// Length of a call by the scenario's pauses, ms (spec-engine §9.3).
    duration_ms: u64,
    users: Option<Users>,
    was_paused: bool,
    /// Calls started. Only these count for `-m` where other calls come in (spec-engine §9.6).
    count: u64,
}

/// A closed loop of users (spec-engine §9.5).
#[derive(Debug)]
struct Users {
    /// Ids that are free; the next one is taken from the back.
    free: VecDeque<u32>,
    /// Ids given out of those that are not wanted any more.
    retiring: u32,
    /// Ids that were retired, to be used again first.
    retired: Vec<u32>,
    highest: u32,
}

/// How many placed calls a run may come to have open at a time: `-l`, or SIPp's rule (spec-engine §9.3), or its users.
pub fn open_calls_max(run: &Run, settings: &Settings) -> u64 {
    Origination::new(run, settings).limit_ever()
}

impl Origination {
    pub(crate) fn new(run: &Run, settings: &Settings) -> Origination {
        let duration_ms =
            |program: &Program| program.pause_p99_ms + u64::from(program.default_pauses) * settings.pause_ms;
        let longest =
            run.placed.iter().map(|placed| duration_ms(&run.programs[placed.program as usize])).max();
        Origination {
            schedule: Schedule::new(settings.plan.clone()),
            started: None,
            placed: run.placed.clone(),
            limit: settings.limit,
            duration_ms: longest.unwrap_or(0).max(settings.pause_ms).max(1000),
            users: settings.users.map(|users| Users {
                free: (1..=users).collect(),
                retiring: 0,
                retired: Vec::new(),
                highest: users,
            }),
            was_paused: false,
            count: 0,
        }
    }

    /// The next call that is due, if any. To be called until it says none.
    pub(crate) fn next(&mut self, context: &mut Context) -> Option<Start> {
        let now = context.now;
        if self.placed.is_empty() || context.shared.quit_level() >= 1 {
            return None;
        }
        self.note_pause(context);
        if context.shared.is_paused() {
            return None;
        }
        if std::mem::take(&mut self.was_paused) {
            self.restart(now);
        }
        let started = *self.started.get_or_insert(now);
        if context.settings.calls_max == Some(0) {
            context.shared.begin_quit();
            return None;
        }
        loop {
            let planned = if self.is_paced() {
                let planned = started + self.schedule.peek()?;
                if planned > now || self.users.as_ref().is_some_and(|users| users.free.is_empty()) {
                    return None;
                }
                self.schedule.pop();
                planned
            } else {
                now
            };
            let user = match &mut self.users {
                Some(users) => users.free.pop_back()?,
                None => 0,
            };
            if self.users.is_none() && context.shared.open_placed() >= self.limit(now) {
                context.statistics.counters.suppressed_by_limit += 1;
                continue;
            }
            let calls_max = context.settings.calls_max.unwrap_or(u64::MAX);
            if self.count >= calls_max {
                context.shared.begin_quit();
                return None;
            }
            self.count += 1;
            context.shared.set_placed(self.count);
            if self.count >= calls_max {
                context.shared.begin_quit();
            }
            let number = context.shared.next_call(None)?;
            return Some(Start { number, user, program: self.program_of(number), planned });
        }
    }

    /// When [`Origination::next`] has something again; none if only an event can change that.
    pub(crate) fn next_time(&self, context: &Context) -> Option<Time> {
        if self.placed.is_empty() || context.shared.quit_level() >= 1 || context.shared.is_paused() {
            return None;
        }
        let Some(started) = self.started else { return Some(Time::ZERO) };
        match &self.users {
            Some(users) if users.free.is_empty() => None,
            Some(_) if !self.is_paced() => Some(Time::ZERO),
            _ => Some(started + self.schedule.peek()?),
        }
    }

    /// Takes note that no calls start at present: those of the pause are not to be made up for.
    pub(crate) fn note_pause(&mut self, context: &Context) {
        self.was_paused |= context.shared.is_paused();
    }

    /// From now on another plan counts.
    pub(crate) fn set_plan(&mut self, now: Time, plan: Plan) {
        self.schedule = Schedule::new(plan);
        self.started = self.started.map(|_| now);
    }

    pub(crate) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// Grows or shrinks the number of users; those in a call leave when it ends.
    pub(crate) fn set_users(&mut self, wanted: u32) {
        let Some(users) = &mut self.users else { return };
        let mut present = users.highest - users.retired.len() as u32 - users.retiring;
        while present < wanted {
            if users.retiring > 0 {
                users.retiring -= 1;
            } else if let Some(user) = users.retired.pop() {
                users.free.push_front(user);
            } else {
                users.highest += 1;
                users.free.push_front(users.highest);
            }
            present += 1;
        }
        while present > wanted {
            match users.free.pop_front() {
                Some(user) => users.retired.push(user),
                None => users.retiring += 1,
            }
            present -= 1;
        }
    }

    /// The call of a user has ended.
    pub(crate) fn free_user(&mut self, user: u32) {
        let Some(users) = &mut self.users else { return };
        if users.retiring > 0 {
            users.retiring -= 1;
            users.retired.push(user);
        } else {
            users.free.push_front(user);
        }
    }

    /// Open calls allowed at the moment.
    pub(crate) fn limit(&self, now: Time) -> u64 {
        if let Some(limit) = self.limit {
            return limit;
        }
        let calls = self.peak_calls_per_period(now);
        let duration_us = self.duration_ms as f64 * 1000.0;
        // A float cast saturates.
        ((3.0 * calls * duration_us / self.schedule.plan().period_us().max(1) as f64) as u64).max(1)
    }

    /// Calls per second at the moment, or users.
    pub(crate) fn target(&self, now: Time) -> f64 {
        match &self.users {
            Some(users) => f64::from(users.highest - users.retired.len() as u32 - users.retiring),
            None => self.schedule.plan().rate(self.elapsed_us(now)),
        }
    }

    /// The limit that the whole run may come to, to make room in time.
    pub(crate) fn limit_ever(&self) -> u64 {
        match &self.users {
            Some(users) => u64::from(users.highest),
            None => self.limit(Time::ZERO),
        }
    }

    fn elapsed_us(&self, now: Time) -> u64 {
        self.started.map_or(0, |started| now.micros_since(started))
    }

    /// Of a ramp the higher end counts: calls of its top must fit too.
    fn peak_calls_per_period(&self, now: Time) -> f64 {
        match self.schedule.plan() {
            Plan::Ramp { from, to, .. } => from.max(*to),
            plan => plan.calls_per_period(self.elapsed_us(now)),
        }
    }

    fn restart(&mut self, now: Time) {
        let plan = self.schedule.plan().clone();
        self.set_plan(now, plan);
    }

    /// In users mode without a rate every free user calls at once.
    fn is_paced(&self) -> bool {
        self.users.is_none() || *self.schedule.plan() != Plan::Idle
    }

    /// Programs take turns by weight, as a function of the call's number.
    fn program_of(&self, number: u64) -> u8 {
        let total: u64 = self.placed.iter().map(|placed| u64::from(placed.weight)).sum();
        let mut turn = number % total.max(1);
        for placed in &self.placed {
            match turn.checked_sub(u64::from(placed.weight)) {
                Some(rest) => turn = rest,
                None => return placed.program,
            }
        }
        self.placed.first().map_or(0, |placed| placed.program)
    }
}
