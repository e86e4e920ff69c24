//! Requests that belong to no call and begin a dialog of one that waits for it (spec-3.8 A2).

use std::collections::VecDeque;

use busyhour_scenario::program::DialogSlot;
use busyhour_wire::Message;

use crate::calls::Calls;
use crate::context::Context;
use crate::dialogs;
use crate::prepare::Prepared;
use crate::settings::Run;
use crate::transport::CallRef;

/// Entries of calls that wait no more are thrown out once there are more than this, and than two for each open call.
const STALE_MAX: usize = 1024;

/// The calls that may take such a request.
#[derive(Debug)]
pub(crate) struct Adoption {
    is_possible: bool,
    /// The longest waiting first; some wait no more.
    waiting: VecDeque<CallRef>,
}

impl Adoption {
    pub(crate) fn new(run: &Run) -> Adoption {
        let is_possible = run.programs.iter().any(|program| program.dialogs.len() > 1);
        Adoption { is_possible, waiting: VecDeque::new() }
    }

    /// Some program has calls with several dialogs.
    pub(crate) fn is_possible(&self) -> bool {
        self.is_possible
    }

    /// Takes note of a call that waits, if it waits for such a request.
    pub(crate) fn note(&mut self, calls: &mut Calls, programs: &[Prepared], index: u32) {
        let reference = calls.reference(index);
        let Some(call) = calls.get_mut(index) else { return };
        if call.flags.may_adopt || !dialogs::could_adopt(&programs[call.program as usize], call) {
            return;
        }
        call.flags.may_adopt = true;
        self.waiting.push_back(reference);
        if self.waiting.len() > STALE_MAX.max(2 * calls.len()) {
            self.waiting.retain(|&reference| still_waits(calls, programs, reference));
        }
    }

    /// The call, and its dialog, that this request begins: of several, the one that waits longest.
    pub(crate) fn find(
        &mut self,
        calls: &mut Calls,
        programs: &[Prepared],
        message: &Message<'_>,
    ) -> Option<(u32, DialogSlot)> {
        while self.waiting.front().is_some_and(|&first| !still_waits(calls, programs, first)) {
            self.waiting.pop_front();
        }
        self.waiting.iter().find_map(|&reference| {
            let index = calls.resolve(reference)?;
            let call = calls.get_mut(index)?;
            let slot = dialogs::adopts(&programs[call.program as usize], call, message)?;
            Some((index, slot))
        })
    }
}

/// Begins a dialog of a call with the Call-ID that the peer chose, `significant` being what counts of it.
pub(crate) fn adopt(
    calls: &mut Calls,
    context: &Context,
    (index, slot): (u32, DialogSlot),
    call_id: &[u8],
    significant: &[u8],
) {
    if let Some(call) = calls.get_mut(index) {
        context.switch_dialog(call, slot);
        call.begin_dialog(slot, call_id, false);
    }
    calls.add_dialog(index, slot, significant);
}

/// False, and the call may be noted again, if it waits for no such request any more.
fn still_waits(calls: &mut Calls, programs: &[Prepared], reference: CallRef) -> bool {
    let call = calls.resolve(reference).and_then(|index| calls.get_mut(index));
    call.is_some_and(|call| {
        call.flags.may_adopt = dialogs::could_adopt(&programs[call.program as usize], call);
        call.flags.may_adopt
    })
}
