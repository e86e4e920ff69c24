//! Calls that start.

use super::Engine;
use crate::call::{Call, Timer};
use crate::origination::Start;
use crate::transport::{Handover, Path, Protocol, SocketRequest};
use crate::variables::Value;
use crate::{call_id, circuits, step};

impl Engine {
    /// Starts a call here, or hands it to the worker that owns its Call-ID.
    pub(super) fn deal_out(&mut self, start: Start) {
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

    pub(super) fn start_call(&mut self, start: Start) {
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

    pub(crate) fn default_path(&self) -> Path {
        let settings = &self.context.settings;
        let peer = settings.send_to.or(settings.remote).unwrap_or_else(|| {
            // Never sent to: a server answers to where a request came from.
            std::net::SocketAddr::new(settings.local_ip, 0)
        });
        Path { peer, socket: settings.shared_socket }
    }
}
