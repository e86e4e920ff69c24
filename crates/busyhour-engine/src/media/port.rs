//! Local ports of a call: taken before they are promised to a peer.

use busyhour_media::{NoPort, PortRef, What};
use busyhour_wire::sdp::Medium;

use super::plan::auto_place;
use super::{begin, of};
use crate::call::Call;
use crate::context::Context;
use crate::prepare::Prepared;
use crate::settings::Settings;

/// Steps between the ports of `[auto_media_port]`.
const AUTO_PORT_STEP: i64 = 4;

/// `[auto_media_port]` of a call.
pub(crate) fn auto_port(settings: &Settings, number: u64) -> i64 {
    i64::from(settings.media_port) + AUTO_PORT_STEP * auto_place(number) as i64
}

/// Gives the call a pair of its own for a medium, unless it has one.
pub(super) fn take_own(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
) -> Result<(), NoPort> {
    let line = of(prepared, context, call).line(medium);
    if line.port.is_some() && line.is_own {
        return Ok(());
    }
    let port = match &context.settings.media {
        Some(media) => media.ports.take()?,
        None => return Err(none(medium)),
    };
    listen(prepared, context, call, medium, port, true);
    Ok(())
}

/// Gives the call the pair with this RTP port, unless it has one for this medium.
pub(super) fn take_at(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
    port: i64,
) -> Result<(), NoPort> {
    if of(prepared, context, call).line(medium).port.is_some() {
        return Ok(());
    }
    let Ok(number) = u16::try_from(port) else {
        let text = format!(
            "the RTP port of {} would be {port}, above 65535: give a lower -min_rtp_port (-mp)",
            medium.name()
        );
        return Err(NoPort { text });
    };
    let port = match &context.settings.media {
        Some(media) => media.ports.take_at(number)?,
        None => return Err(none(medium)),
    };
    listen(prepared, context, call, medium, port, false);
    Ok(())
}

/// Gives the call some pair for a medium that no keyword has named a port of: the one beside `[media_port]` that SIPp
/// sends from, as it may stand in the SDP in plain digits; else one of its own.
pub(super) fn take_any(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
) -> Result<(), NoPort> {
    if of(prepared, context, call).line(medium).port.is_some() {
        return Ok(());
    }
    let beside = match medium {
        Medium::Audio | Medium::Image => 0,
        Medium::Video => 2,
        Medium::Text => 4,
    };
    let port = i64::from(context.settings.media_port) + beside;
    if prepared.media.is_together() && take_at(prepared, context, call, medium, port).is_ok() {
        return Ok(());
    }
    take_own(prepared, context, call, medium)
}

/// Tells the media thread of a port at once, so that whatever becomes of the call it is given back.
fn listen(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    medium: Medium,
    port: PortRef,
    is_own: bool,
) {
    begin(prepared, context, call);
    let media = of(prepared, context, call);
    let line = media.line(medium);
    (line.port, line.is_own) = (Some(port), is_own);
    let command = media.command(What::Listen { medium, port });
    context.media.push_back(command);
    media.hear_ours(medium);
}

fn none(medium: Medium) -> NoPort {
    NoPort { text: format!("this run has no media, so there is no RTP port for {}", medium.name()) }
}
