//! What actions do with the media of their call.

use busyhour_media::{Heard, Source, What};
use busyhour_wire::sdp::Medium;

use super::description::hurry;
use super::port::take_any;
use super::{begin, of};
use crate::call::Call;
use crate::context::Context;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;

/// Most wishes that wait for media threads; what a scenario wants beyond it is not done, with a warning. Ports, keys and
/// ends are always told.
const WAITING_MAX: usize = 262_144;

/// Plays something. Where it is to go may not be known yet: then a warning says so, once a call.
///
/// # Errors
/// What the call fails as: there is no port. A warning says why.
pub(crate) fn play(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
    source: Source,
) -> Result<(), FailureKind> {
    // Of captures, whose packets go by meanwhile, the media thread says so.
    let waits = !matches!(source, Source::Capture { .. });
    let endless = match &source {
        Source::Capture { .. } => None,
        Source::Sound { loops, .. } => Some(loops.is_none()),
        Source::Pattern { .. } => Some(true),
    };
    tell_of(prepared, context, call, medium, What::Play { medium, source })?;
    let media = of(prepared, context, call);
    if let Some(endless) = endless {
        media.endless[medium.index()] = endless;
    }
    if waits && media.line(medium).remote.is_none() && !std::mem::replace(&mut media.warned, true) {
        let text = format!(
            "the peer's SDP has named no address for {} yet: what streams there waits for it",
            medium.name()
        );
        context.warn(|| call.warning(&text));
    }
    Ok(())
}

/// Tells the media thread something of a medium, which gets a port if it has none.
///
/// # Errors
/// As [`play`].
pub(crate) fn tell_of(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
    what: What,
) -> Result<(), FailureKind> {
    if let Err(no_port) = take_any(prepared, context, call, medium) {
        context.warn(|| call.warning(&format!("{}: the call fails", no_port.text)));
        return Err(FailureKind::MediaPort);
    }
    hurry(context, call);
    tell(prepared, context, call, what);
    Ok(())
}

/// Tells the media thread something of the call, behind what waits for a file.
pub(crate) fn tell(prepared: &Prepared, context: &mut Context, call: &mut Call, what: What) {
    begin(prepared, context, call);
    if context.media.len() >= WAITING_MAX {
        context.warn(|| call.warning("media threads are too slow: a media action is left out"));
        return;
    }
    let media = of(prepared, context, call);
    match &mut media.held {
        Some(held) => held.push(what),
        None => {
            let command = media.command(what);
            context.media.push_back(command);
        }
    }
}

/// What the call has heard of a medium up to now; nothing, if it has none.
pub(crate) fn heard(context: &Context, call: &Call, medium: Medium) -> Heard {
    let ear = call.media.as_ref().and_then(|media| media.ear.as_ref());
    ear.and_then(|ear| ear.heard(medium, context.now)).unwrap_or_default()
}
