//! What a call waits for outside of the engine: commands of `exec verify`, names of `setdest`, files to play, sockets that
//! take the place of others.

use std::net::{IpAddr, SocketAddr};

use busyhour_scenario::program::{Role, StepKind};

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::transport::{CommandEnd, Errand, ErrandResult, SocketRequest};
use crate::unexpected;
use crate::{matching, media, step};
use busyhour_media::Time;

/// Has a command run; if `verify`, the call's next step waits for its end.
pub(crate) fn run_command(context: &mut Context, call: &mut Call, command: Vec<u8>, verify: bool) {
    if verify {
        call.errands += 1;
        context.errands.push_back(Errand::Verify { call: context.current, command });
    } else {
        context.errands.push_back(Errand::Run { command });
    }
}

/// Sends the call's messages to another host from now on: at once if that is an address, else when its name has been
/// looked up, which the call's next step waits for.
///
/// # Errors
/// Why that cannot be, in words.
pub(crate) fn set_destination(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    name: &str,
    port: u16,
) -> Result<(), String> {
    if !call.flags.datagrams && !has_own_socket(prepared, context) {
        return Err("calls that share a connection cannot leave it (-t tn gives each its own)".to_owned());
    }
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if let Ok(ip) = bare.parse() {
        return redirect(context, call, ip, port);
    }
    if name.is_empty() {
        return Err("the host is empty".to_owned());
    }
    call.errands += 1;
    call.extra().destination = Some((name.to_owned(), port));
    context.errands.push_back(Errand::Resolve { call: context.current, host: name.to_owned() });
    Ok(())
}

/// Gives the call's socket up. Over datagrams it gets another at once, over streams with its next message; but a call
/// that has none of its own gets none.
pub(crate) fn close_connection(prepared: &Prepared, context: &mut Context, call: &mut Call) {
    leave_socket(context, call);
    call.flags.wants_socket = call.flags.datagrams && has_own_socket(prepared, context);
    if !has_own_socket(prepared, context) {
        // There will be nothing to repeat through.
        call.stop_retransmission(&mut context.pool);
    }
}

/// A message is to be sent and there is no socket: asks for one, or ends the call that cannot have one.
pub(crate) fn find_socket(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Option<Fate> {
    if has_own_socket(prepared, context) {
        call.flags.wants_socket = true;
        return None;
    }
    context.warn(|| unsent(call));
    Some(Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::CannotSendMessage)))
}

/// What to say of a message that finds no socket.
pub(crate) fn unsent(call: &Call) -> Vec<u8> {
    let mut text = b"Call '".to_vec();
    text.extend_from_slice(call.id.as_bytes());
    text.extend_from_slice(
        b"' has no socket to send on: closecon has closed it, and only placed calls with a socket for each (-t un, tn) \
          open another",
    );
    text
}

/// Keeps a call from its next step while something is done for it outside.
pub(crate) fn hold(context: &mut Context, call: &mut Call) -> Option<Fate> {
    if call.flags.wants_socket && call.errands == 0 {
        call.flags.wants_socket = false;
        call.flags.opening = true;
        let (call, peer) = (context.current, call.path.peer);
        context.socket_requests.push_back(SocketRequest::Open { call, peer });
    }
    if !call.waits_outside() {
        return None;
    }
    if call.pause_until <= context.now {
        // A pause that is over, which must not remain the call's deadline.
        call.pause_until = Time::ZERO;
    }
    Some(Fate::Waits)
}

/// Goes on with a call whose errand has been done.
pub(crate) fn done(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    result: ErrandResult,
) -> Fate {
    call.errands = call.errands.saturating_sub(1);
    match result {
        ErrandResult::Command { command, end } => verified(context, call, &command, &end),
        ErrandResult::Resolved { host, address } => {
            if let Err(reason) = resolved(context, call, &host, address) {
                context.warn(|| format!("setdest: {reason}: the call fails").into_bytes());
                return unexpected::release(prepared, context, call, FailureKind::CannotSendMessage);
            }
        }
        ErrandResult::Loaded { number, file, result, took_ms } => {
            if let Err(kind) = media::loaded(prepared, context, call, number, &file, result, took_ms) {
                return unexpected::release(prepared, context, call, kind);
            }
        }
    }
    go_on(prepared, context, call)
}

/// Goes on with a call that waits for nothing outside any more. What arrived meanwhile is for the next recv, unless the
/// call would wait for something else before it.
pub(crate) fn go_on(prepared: &Prepared, context: &mut Context, call: &mut Call) -> Fate {
    if call.waits_outside() {
        return Fate::Waits;
    }
    let waits_elsewhere = match prepared.program.steps.get(call.step as usize).map(|step| &step.kind) {
        Some(StepKind::Pause(_) | StepKind::RecvCmd(_)) => true,
        Some(StepKind::Send(_) | StepKind::SendCmd(_)) => call.retransmit.at != Time::ZERO,
        _ => false,
    };
    if waits_elsewhere {
        let waiting = call.extra.as_mut().map(|extra| std::mem::take(&mut extra.waiting)).unwrap_or_default();
        for message in waiting {
            match matching::receive_waiting(prepared, context, call, &message) {
                None | Some(Fate::Waits) => {}
                ends => return ends.unwrap_or(Fate::Waits),
            }
        }
    }
    step::run(prepared, context, call)
}

/// A command that has not ended with 0 lets its call go on, and fail at its end.
fn verified(context: &mut Context, call: &mut Call, command: &[u8], end: &CommandEnd) {
    let how = match end {
        CommandEnd::Exited(0) => return,
        CommandEnd::Exited(127) => "returned 127: not found".to_owned(),
        CommandEnd::Exited(status) => format!("returned {status}"),
        CommandEnd::Killed(signal) => format!("was killed by signal {signal}"),
        CommandEnd::NotStarted(why) => format!("could not be started: {why}"),
    };
    // Of several failures the last one counts, as with checks.
    call.failure = Some(FailureKind::VerifyFailed);
    context.warn(|| {
        let mut text = b"Call-Id: ".to_vec();
        text.extend_from_slice(call.id.as_bytes());
        text.extend_from_slice(b", '");
        text.extend_from_slice(command);
        text.extend_from_slice(b"' ");
        text.extend_from_slice(how.as_bytes());
        text
    });
}

fn resolved(
    context: &mut Context,
    call: &mut Call,
    host: &str,
    address: Option<IpAddr>,
) -> Result<(), String> {
    // A later setdest of the same list counts, and its answer comes too.
    let asked = call.extra().destination.take_if(|(name, _)| name == host);
    match (asked, address) {
        (None, _) => Ok(()),
        (Some((_, port)), Some(ip)) => redirect(context, call, ip, port),
        (Some(_), None) => Err(format!("the host name '{host}' has no address")),
    }
}

fn redirect(context: &mut Context, call: &mut Call, ip: IpAddr, port: u16) -> Result<(), String> {
    let local = context.settings.local_ip;
    if ip.is_ipv4() != local.is_ipv4() {
        return Err(format!("{ip} is of another address family than ours, {local}"));
    }
    if let Some(extra) = &mut call.extra {
        extra.destination = None;
    }
    call.path.peer = SocketAddr::new(ip, port);
    if !call.flags.datagrams {
        leave_socket(context, call);
        call.flags.wants_socket = true;
    }
    Ok(())
}

fn leave_socket(context: &mut Context, call: &mut Call) {
    if call.flags.owns_socket {
        call.flags.owns_socket = false;
        let socket = call.path.socket;
        context.socket_requests.push_back(SocketRequest::Close { call: context.current, socket });
    }
    call.flags.no_socket = true;
}

/// Calls that are placed with a socket for each can have another one.
fn has_own_socket(prepared: &Prepared, context: &Context) -> bool {
    context.settings.socket_per_call && prepared.program.sending == Role::Client
}
