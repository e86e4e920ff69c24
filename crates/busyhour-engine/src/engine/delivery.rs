//! Messages that arrive, and ICMP that comes back for ours: whose they are.

use busyhour_media::Time;
use busyhour_scenario::program::DialogSlot;
use busyhour_wire::{Message, ParseError};

use super::Engine;
use crate::call::Fate;
use crate::dead_call::Ending;
use crate::event::Direction;
use crate::snapshot::FailureKind;
use crate::transport::{Routing, Source, Trouble};
use crate::{call_id, matching, outside, step};

/// Bytes of discarded input shown in a warning.
const DISCARDED_BYTES_SHOWN: usize = 512;

impl Engine {
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
}
