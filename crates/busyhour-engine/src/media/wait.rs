//! `rtp_stream="wait"`: the call's next step waits until nothing streams any more (spec-3.8 A5).

use busyhour_media::library::Wanted;
use busyhour_media::{Time, What};
use busyhour_wire::sdp::Medium;

use super::CallMedia;
use crate::call::{Call, Fate};
use crate::context::Context;
use crate::errand;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::unexpected;

/// A wait that goes on. It counts as an errand of the call.
#[derive(Debug)]
pub(super) struct Wait {
    /// [`Time::ZERO`]: for ever.
    pub(super) until: Time,
    /// The step of the action.
    step: u32,
    /// Tells its answer from that of an earlier wait.
    number: u32,
}

/// Begins to wait; a further wait of the same list takes the place of the first. `step` is that of the action.
pub(crate) fn wait_for_streams(context: &mut Context, call: &mut Call, step: u32, timeout_ms: u64) {
    // Without media nothing streams.
    let Some(media) = call.media.as_mut().filter(|media| media.ear.is_some()) else { return };
    let until = if timeout_ms == 0 { Time::ZERO } else { context.now + timeout_ms.saturating_mul(1000) };
    media.waits = media.waits.wrapping_add(1);
    let number = media.waits;
    if media.wait.replace(Box::new(Wait { until, step, number })).is_none() {
        call.errands += 1;
    }
    let endless = if timeout_ms == 0 { endless(media) } else { None };
    match &mut media.held {
        Some(held) => held.push(What::TellStreamsEnd(number)),
        None => context.media.push_back(media.command(What::TellStreamsEnd(number))),
    }
    if let Some(medium) = endless
        && !std::mem::replace(&mut context.warned_of_endless_wait, true)
    {
        context.warn(|| {
            call.warning(&format!(
                "rtp_stream=\"wait\" has no timeout, and the {} stream has no end: the call waits until the run ends. Give the \
                 wait a timeout=\"ms\", or play a file a number of times instead of -1. This is said once",
                medium.name()
            ))
        });
    }
}

/// A medium whose stream, as it is now or will be when its file has been read, does not end by itself.
fn endless(media: &CallMedia) -> Option<Medium> {
    let lasts = |medium: Medium| {
        let sounds = media.held.iter().flat_map(|held| held.plays());
        let last =
            sounds.filter(|play| play.medium == medium && matches!(play.file, Wanted::Sound(..))).last();
        last.map_or(media.endless[medium.index()], |play| play.loops.is_none())
    };
    Medium::ALL.into_iter().find(|medium| lasts(*medium))
}

/// Nothing streams any more, says the answer to a wait.
pub(crate) fn streams_ended(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    answered: u32,
) -> Fate {
    // A wait that timed out is no more, and its answer is not that of a later one.
    let awaited = call.media.as_ref().and_then(|media| media.wait.as_ref()).map(|wait| wait.number);
    if awaited != Some(answered) {
        return Fate::Waits;
    }
    take(call);
    errand::go_on(prepared, context, call)
}

/// A deadline of the call has passed; `None` if it was not the end of its wait.
pub(crate) fn timeout(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Fate> {
    let until = call.media.as_ref()?.wait_until();
    if until == Time::ZERO || until > context.now {
        return None;
    }
    let step = take(call)?.step;
    let steps = &prepared.program.steps;
    let label = steps.get(step as usize).and_then(|step| step.on_timeout);
    let label = label.filter(|&target| (target as usize) < steps.len());
    context.warn(|| {
        let then = match label {
            Some(target) => format!("jumping to label {target}"),
            None => "without label: the call fails".to_owned(),
        };
        let text = format!("rtp_stream wait timeout on message {}:{step}, {then}", call.program);
        call.warning(&text)
    });
    match label {
        Some(target) => call.go_to(target),
        None => return Some(unexpected::release(prepared, context, call, FailureKind::MediaWait)),
    }
    Some(errand::go_on(prepared, context, call))
}

fn take(call: &mut Call) -> Option<Box<Wait>> {
    let wait = call.media.as_mut()?.wait.take()?;
    call.errands = call.errands.saturating_sub(1);
    Some(wait)
}
