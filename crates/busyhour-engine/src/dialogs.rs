//! Several dialogs in one call (spec-3.8 A2): the one in hand stands in the call itself, the others are parked.

use busyhour_scenario::program::{DialogSlot, Program, StepKind};
use busyhour_wire::Message;

use crate::call::{Call, Dialog};
use crate::matching;
use crate::pool::Pool;
use crate::prepare::Prepared;
use crate::routes::Routes;

/// A dialog of a call, by its slot. While it is in hand, only its Call-ID is here.
#[derive(Debug, Default)]
pub(crate) struct Other {
    slot: DialogSlot,
    /// Empty until the first request of the dialog, and always for slot 0, which has the call's own.
    call_id: Vec<u8>,
    /// We sent that first request.
    ours: bool,
    dialog: Dialog,
    routes: Routes,
}

impl Other {
    /// Call-ID of a dialog beside the call's own, if it has begun.
    pub(crate) fn call_id(&self) -> &[u8] {
        &self.call_id
    }

    pub(crate) fn recycle(self, pool: &mut Pool) {
        self.dialog.recycle(pool);
    }
}

impl Call {
    /// Takes a dialog in hand. A new one begins with this CSeq.
    pub(crate) fn switch_dialog(&mut self, slot: DialogSlot, cseq: u32) {
        if self.slot == slot {
            return;
        }
        let leaving = std::mem::replace(&mut self.slot, slot);
        for slot in [leaving, slot] {
            let at = self.other(slot, cseq);
            let extra = self.extra.get_or_insert_default();
            std::mem::swap(&mut self.dialog, &mut extra.others[at].dialog);
            std::mem::swap(&mut extra.routes, &mut extra.others[at].routes);
        }
    }

    /// Call-ID of the dialog in hand.
    pub(crate) fn call_id(&self) -> &[u8] {
        match self.others().iter().find(|other| other.slot == self.slot) {
            Some(other) if self.slot > 0 => &other.call_id,
            _ => self.id.as_bytes(),
        }
    }

    /// Gives the dialog in hand a Call-ID of our own if it has none: the call's, behind the dialog's number. Returns it
    /// then, to be entered into the table of calls.
    pub(crate) fn open_dialog(&mut self, program: &Program) -> Option<Vec<u8>> {
        if self.slot == 0 || !self.call_id().is_empty() {
            return None;
        }
        let number = program.dialogs[usize::from(self.slot)];
        let call_id = [format!("{number}-").as_bytes(), self.id.as_bytes()].concat();
        self.begin_dialog(self.slot, &call_id, true);
        Some(call_id)
    }

    /// Begins a dialog with this Call-ID.
    pub(crate) fn begin_dialog(&mut self, slot: DialogSlot, call_id: &[u8], ours: bool) {
        let at = self.other(slot, self.dialog.cseq);
        let other = &mut self.extra().others[at];
        (other.call_id, other.ours) = (call_id.to_vec(), ours);
    }

    /// True if the dialog in hand was begun by a request of ours; `None` for the call's own.
    pub(crate) fn dialog_is_ours(&self) -> Option<bool> {
        self.others().iter().find(|other| other.slot == self.slot && self.slot > 0).map(|other| other.ours)
    }

    /// All dialogs that the call has had to do with beside the one in hand.
    pub(crate) fn other_slots(&self) -> Vec<DialogSlot> {
        self.others().iter().map(|other| other.slot).filter(|&slot| slot != self.slot).collect()
    }

    pub(crate) fn others(&self) -> &[Other] {
        self.extra.as_ref().map_or(&[], |extra| &extra.others)
    }

    fn other(&mut self, slot: DialogSlot, cseq: u32) -> usize {
        let others = &mut self.extra().others;
        others.iter().position(|other| other.slot == slot).unwrap_or_else(|| {
            let dialog = Dialog { cseq, ..Dialog::default() };
            others.push(Other { slot, dialog, ..Other::default() });
            others.len() - 1
        })
    }
}

/// True if a request that belongs to no call could begin a dialog of this one: it waits at a recv, and such a recv can
/// be reached.
pub(crate) fn could_adopt(prepared: &Prepared, call: &Call) -> bool {
    reachable(prepared, call).next().is_some()
}

/// The dialog of this call that a request with an unknown Call-ID begins, if any.
pub(crate) fn adopts(prepared: &Prepared, call: &Call, message: &Message<'_>) -> Option<DialogSlot> {
    reachable(prepared, call)
        .find(|&index| matching::expects(prepared, call, index, message))
        .map(|index| prepared.program.steps[index].dialog)
}

/// The recvs, from the current step over optional ones, that wait for a dialog without a Call-ID.
fn reachable(prepared: &Prepared, call: &Call) -> impl Iterator<Item = usize> {
    let steps = &prepared.program.steps;
    let begun = |slot| call.others().iter().any(|other| other.slot == slot && !other.call_id.is_empty());
    let first = call.step as usize;
    let mut last = first;
    while steps.get(last).is_some_and(|step| matching::is_optional(&step.kind)) {
        last += 1;
    }
    (first..steps.len().min(last + 1)).filter(move |&index| {
        let step = &steps[index];
        step.dialog > 0 && matches!(step.kind, StepKind::Recv(_)) && !begun(step.dialog)
    })
}
