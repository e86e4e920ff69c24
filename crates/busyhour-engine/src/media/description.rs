//! Session descriptions that come and go: where the peer wants its media, and which keys both sides have (spec-media
//! §2, spec-3.8 F; RFC 3264).
//!
//! What an answer says counts at once; what an offer says, when it has been answered, or when media are to be sent
//! before that.

use std::net::SocketAddr;

use busyhour_media::command::{Format, Remote};
use busyhour_wire::Message;
use busyhour_wire::sdp::{Connection, Destination, Medium, Section, Session};

use super::crypto;
use super::{CallMedia, Offer, of};
use crate::call::Call;
use crate::context::Context;
use crate::prepare::{self, Prepared};

/// Most formats kept of a section.
const FORMATS_MAX: usize = 32;

/// Takes what a received message says.
///
/// # Errors
/// Why the call is to be rejected: its keys are unreadable, or not ours. In words.
pub(crate) fn received(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    message: &Message<'_>,
) -> Result<(), String> {
    if matches!(message.method(), Some(b"INVITE" | b"UPDATE"))
        && let Some(media) = &mut call.media
    {
        media.offer = Offer::Nobodys;
    }
    if message.method() == Some(b"BYE")
        && let Some(media) = &call.media
    {
        media.hang_up(context.received);
    }
    let Some(session) = Session::of_message(message) else { return without_body(prepared, message) };
    of(prepared, context, call);
    let faults = take(prepared, context, call, &session);
    for fault in faults {
        context.warn(|| call.warning(&fault));
    }
    let Some(media) = &mut call.media else { return Ok(()) };
    for medium in Medium::ALL {
        read_keys(prepared, media, medium, session.section(medium).as_ref())?;
    }
    if media.offer == Offer::Ours {
        negotiate(media, false)?;
        media.settle(context, context.received);
    } else {
        media.offer = Offer::Theirs;
    }
    Ok(())
}

/// Takes what a message of ours says, which begins at `start` of the batch.
///
/// # Errors
/// Why the call is to be rejected, in words: no key of ours is one that the peer has offered.
pub(crate) fn sent(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    message: &prepare::Message,
    start: usize,
) -> Result<(), String> {
    let bytes = context.out.bytes.get(start..).unwrap_or_default();
    if bytes.starts_with(b"BYE ")
        && let Some(media) = &call.media
    {
        media.hang_up(context.now);
    }
    let is_provisional = bytes.starts_with(b"SIP/2.0 1");
    let parsed = memchr::memmem::find(bytes, b"\nm=").and_then(|_| Message::parse(bytes).ok());
    let Some(session) = parsed.as_ref().and_then(Session::of_message) else {
        if let Some(media) = &mut call.media {
            if message.begins_offer {
                media.offer = Offer::Nobodys;
            }
            if message.is_response && !is_provisional {
                // An offer that is answered without SDP, as SIPp's scenarios may: what it said counts all the same.
                media.settle(context, context.now);
            }
        }
        return Ok(());
    };
    let media = of(prepared, context, call);
    let we_answer = media.offer == Offer::Theirs && !message.begins_offer;
    let mut fault = None;
    for medium in Medium::ALL {
        let section = session.section(medium);
        let line = media.line(medium);
        let we_mux = section.as_ref().is_some_and(Section::rtcp_mux);
        line.is_news |= line.we_mux != we_mux && line.peer_muxes;
        line.we_mux = we_mux;
        line.formats = section.as_ref().map(|section| formats(section).into_boxed_slice());
        let keys = section.as_ref().map_or(Ok(Vec::new()), crypto::lines).unwrap_or_else(|why| {
            fault = Some(format!("our own SDP, m={}: {why}: plain RTP", medium.name()));
            Vec::new()
        });
        if !keys.is_empty() || line.crypto.is_some() {
            line.crypto.get_or_insert_default().ours = keys;
        }
        media.hear_ours(medium);
    }
    if let Some(fault) = fault {
        context.warn(|| call.warning(&fault));
    }
    let Some(media) = &mut call.media else { return Ok(()) };
    if we_answer {
        negotiate(media, true)?;
        media.settle(context, context.now);
    } else {
        media.offer = Offer::Ours;
    }
    Ok(())
}

/// A message that should have SDP and has none. Without keys it is as good as one that never had any.
fn without_body(prepared: &Prepared, message: &Message<'_>) -> Result<(), String> {
    let first = |name: &[u8]| message.header(name).next().unwrap_or_default().trim_ascii();
    let promises = first(b"Content-Type").starts_with(b"application/sdp") && first(b"Content-Length") != b"0";
    if prepared.program.media.crypto && promises && message.body().is_empty() {
        return Err("the message promises SDP and has none: no blank line before it?".to_owned());
    }
    Ok(())
}

/// Notes where each medium goes; returns what is wrong with that.
fn take(prepared: &Prepared, context: &Context, call: &mut Call, session: &Session<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let Some(media) = &mut call.media else { return faults };
    let settings = &context.settings;
    let known = session.sections().any(|section| section.medium().is_some());
    if !known {
        faults.push("SDP without m=audio, m=video, m=image or m=text: nothing changes".to_owned());
        return faults;
    }
    for medium in Medium::ALL {
        let line = media.line(medium);
        let section = session.section(medium);
        let found = section.as_ref().map_or(Ok(None), |section| place(section, settings.media_ip.is_ipv4()));
        let matters = line.port.is_some() || prepared.program.media.used[medium.index()];
        let remote = found.unwrap_or_else(|why| {
            if matters {
                faults.push(format!("SDP, m={}: {why}: nothing is sent there", medium.name()));
            }
            None
        });
        let peer_muxes = remote.is_some() && section.as_ref().is_some_and(Section::rtcp_mux);
        if line.remote.as_deref() != remote.as_ref() || (line.peer_muxes != peer_muxes && line.we_mux) {
            line.remote = remote.map(Box::new);
            line.is_news = true;
        }
        line.peer_muxes = peer_muxes;
    }
    faults
}

/// Where a section wants its media; `None`: nowhere, and it says so.
fn place(section: &Section<'_>, ours_is_ipv4: bool) -> Result<Option<Remote>, String> {
    let rtp = match section.destination() {
        Destination::To(rtp) => rtp,
        Destination::Nowhere => return Ok(None),
        Destination::NoConnection => {
            return Err("no c= line, there or for the session, says at which address".to_owned());
        }
        Destination::Name(name) => {
            let name = String::from_utf8_lossy(name);
            return Err(format!("c= holds '{name}', not an IP address (names are not looked up)"));
        }
    };
    if rtp.is_ipv4() != ours_is_ipv4 {
        return Err(format!("{} is of another address family than ours (-mi)", rtp.ip()));
    }
    let direction = section.direction();
    Ok(Some(Remote { rtp, rtcp: rtcp(section, rtp), formats: formats(section), sends: direction.sends() }))
}

/// The payload types of a section whose meaning is known.
fn formats(section: &Section<'_>) -> Vec<Format> {
    let formats = section.payload_types().filter_map(|payload_type| {
        let encoding = section.encoding(payload_type)?;
        let name = String::from_utf8_lossy(encoding.name).into_owned();
        Some(Format { payload_type, encoding: name, clock_hz: encoding.clock_hz })
    });
    formats.take(FORMATS_MAX).collect()
}

/// Where its RTCP goes if that has a port of its own (RFC 3605, RFC 3550 §11).
fn rtcp(section: &Section<'_>, rtp: SocketAddr) -> SocketAddr {
    match section.rtcp() {
        Some((port, Some(Connection::Address(ip))))
            if !ip.is_unspecified() && ip.is_ipv4() == rtp.is_ipv4() =>
        {
            SocketAddr::new(ip, port)
        }
        Some((port, _)) => SocketAddr::new(rtp.ip(), port),
        // The highest port has none above it.
        None => SocketAddr::new(rtp.ip(), rtp.port().checked_add(1).unwrap_or(rtp.port())),
    }
}

/// Notes the peer's keys of a medium.
fn read_keys(
    prepared: &Prepared,
    media: &mut CallMedia,
    medium: Medium,
    section: Option<&Section<'_>>,
) -> Result<(), String> {
    let line = media.line(medium);
    let is_ours = line.crypto.as_ref().is_some_and(|crypto| !crypto.ours.is_empty());
    let wants = prepared.program.media.crypto || is_ours;
    let keys = match section
        .filter(|section| wants && section.port() != 0)
        .map(|section| (section, crypto::lines(section)))
    {
        None => Vec::new(),
        Some((_, Err(why))) => return Err(format!("SDP, m={}: {why}", medium.name())),
        Some((section, Ok(keys))) if keys.is_empty() && section.is_secure() => {
            return Err(format!("SDP, m={}: SRTP without an a=crypto line", medium.name()));
        }
        Some((_, Ok(keys))) => keys,
    };
    if !keys.is_empty() || line.crypto.is_some() {
        line.crypto.get_or_insert_default().theirs = keys;
    }
    Ok(())
}

fn negotiate(media: &mut CallMedia, we_answered: bool) -> Result<(), String> {
    for medium in Medium::ALL {
        if let Some(crypto) = &mut media.line(medium).crypto {
            crypto
                .negotiate(we_answered)
                .map_err(|why| format!("SDP, m={}: no crypto suite fits: {why}", medium.name()))?;
        }
    }
    Ok(())
}

/// An offer that is not answered yet counts now: something is to be sent.
pub(super) fn hurry(context: &mut Context, call: &mut Call) {
    if let Some(media) = &mut call.media {
        media.tell_agreed(context);
    }
}
