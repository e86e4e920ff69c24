//! Work on one call, and what becomes of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use busyhour_media::Time;

use super::Engine;
use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::transport::{Handover, SocketRequest};
use crate::{call_id, media, release, step, unexpected};

impl Engine {
    pub(super) fn call_timeout(&mut self, index: u32) {
        let now = self.context.now;
        let Some(deadline) = self.calls.get_mut(index).and_then(|call| call.deadline()) else { return };
        // The wheel rounds up to a whole millisecond; only what comes after that is lateness.
        let ticked = Time::from_millis(deadline.as_micros().div_ceil(1000));
        self.context.statistics.timer_lateness.saturating_record(now.micros_since(ticked).max(1));
        self.work(index, step::timeout);
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
        media::end(&mut self.context, &mut call);
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

    /// Aborts all calls once the quitting level asks for it (spec-engine §1.1).
    pub(super) fn abort_if_told(&mut self) {
        if self.aborted || self.context.shared.quit_level() < 11 {
            return;
        }
        self.aborted = true;
        self.abort_all();
    }

    pub(super) fn abort_all(&mut self) {
        for index in self.calls.indices() {
            if let Some(call) = self.calls.get_mut(index) {
                call.flags.opening = false;
            }
            self.work(index, |prepared, context, call| {
                unexpected::send_release(prepared, context, call);
                Fate::Ends(Ending::Aborted(call.step, FailureKind::Aborted))
            });
        }
    }
}
