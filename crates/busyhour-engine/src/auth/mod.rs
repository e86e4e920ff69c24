//! Digest authentication of a call: challenges received, credentials sent (spec-engine §10, spec-3.8 B §10).

mod value;

use std::cell::Cell;
use std::fmt::Write as _;

use busyhour_scenario::template::{Credentials, Template};
use busyhour_wire::Message;
use busyhour_wire::digest::{Accepted, Answer, Challenge, DigestError, Subscriber};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::call::Call;
use crate::render::{Source, Unrenderable};
use crate::snapshot::FailureKind;

pub(crate) use value::in_value;

/// What a call remembers of challenges: the last one.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Value of the header, or of several with commas between them, on one line.
    challenge: Vec<u8>,
    /// 401 or 407; 0: none was stored.
    code: u16,
    /// Uses of the challenge. It is counted where a header is written, and a text is written from a call that cannot
    /// be changed meanwhile.
    nonce_count: Cell<u32>,
    /// Headers written in the whole call: no two have the same cnonce.
    headers: Cell<u32>,
    /// Highest sequence number of AKA accepted in this call.
    highest_sqn: Cell<Option<u64>>,
}

/// Keeps the challenge of a 401 or 407; other messages have none. False if the header is missing.
pub(crate) fn store(call: &mut Call, message: &Message<'_>) -> bool {
    let Some(code @ (401 | 407)) = message.status() else { return true };
    // SIPp looks at the proxy's first whatever the code.
    let names: [&[u8]; 2] = [b"Proxy-Authenticate", b"WWW-Authenticate"];
    let Some(name) = names.into_iter().find(|name| message.header(name).next().is_some()) else {
        return false;
    };
    let state = &mut call.extra().auth;
    state.challenge.clear();
    for value in message.header(name) {
        if !state.challenge.is_empty() {
            state.challenge.extend_from_slice(b", ");
        }
        // What goes back to the peer must not break a line.
        let on_one_line = value.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte });
        state.challenge.extend(on_one_line);
    }
    state.code = code;
    state.nonce_count.set(0);
    true
}

/// The warning when a 401 or 407 has no challenge.
pub(crate) fn missing_challenge(call: &Call, message: &Message<'_>) -> Vec<u8> {
    let mut text = b"Couldn't find 'Proxy-Authenticate' or 'WWW-Authenticate' in 401 or 407! The step has \
        auth=\"true\", so the call fails, Call-Id '"
        .to_vec();
    text.extend_from_slice(call.id.as_bytes());
    text.extend_from_slice(b"', received '");
    text.extend_from_slice(message.bytes());
    text.push(b'\'');
    text
}

/// Appends the header that `[authentication]` stands for, to a message that is otherwise whole, and counts the use of
/// the nonce.
pub(crate) fn header(
    source: &Source<'_>,
    credentials: &Credentials,
    message: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unrenderable> {
    let state = source.call.extra.as_ref().map(|extra| &extra.auth).filter(|state| state.code != 0);
    let state = state.ok_or_else(|| {
        unmakeable(
            "Authentication keyword without dialog_authentication! No 401 or 407 was received by a <recv> with \
             auth=\"true\" before",
        )
    })?;
    let challenge = choose(credentials, &state.challenge).map_err(unmakeable)?;

    let settings = source.settings;
    let username = match &credentials.username {
        Some(template) => text(source, template)?,
        None => settings.auth_user.as_ref().unwrap_or(&settings.service).clone().into_bytes(),
    };
    let mut password = match &credentials.password {
        Some(template) => text(source, template)?,
        None => settings.auth_password.clone().into_bytes(),
    };
    let mut auts = None;
    let mut highest_sqn = state.highest_sqn.get();
    if challenge.algorithm.is_aka() {
        let subscriber = subscriber(source, credentials, &password)?;
        let accepted = subscriber.accept(challenge.nonce, challenge.algorithm, highest_sqn);
        match accepted.map_err(unmakeable)? {
            Accepted::Password { password: derived, sqn } => (password, highest_sqn) = (derived, Some(sqn)),
            Accepted::OutOfSequence { auts: token } => (password, auts) = (Vec::new(), Some(token)),
        }
    }
    let blank = memchr::memmem::find(message, b"\r\n\r\n");
    let (headers, nonce_count) = (state.headers.get() + 1, state.nonce_count.get() + 1);
    let (uri, cnonce) = (uri(source), cnonce(source, headers));
    let answer = Answer {
        username: &username,
        password: &password,
        method: message.split(|&byte| byte == b' ').next().unwrap_or_default(),
        uri: uri.as_bytes(),
        body: blank.map_or(&[], |at| &message[at + 4..]),
        cnonce: cnonce.as_bytes(),
        nonce_count,
        auts: auts.as_ref().map(<[u8; 14]>::as_slice),
    };
    out.extend_from_slice(if state.code == 401 { b"Authorization: " } else { b"Proxy-Authorization: " });
    challenge.answer(&answer, out);
    state.headers.set(headers);
    state.nonce_count.set(nonce_count);
    state.highest_sqn.set(highest_sqn);
    Ok(())
}

/// The first challenge that can be answered, one of AKA only if the operator's code is known or there is no other.
fn choose<'c>(credentials: &Credentials, challenges: &'c [u8]) -> Result<Challenge<'c>, DigestError> {
    if credentials.aka_op.is_none() && credentials.aka_opc.is_none() {
        let without_aka = Challenge::choose(challenges, |algorithm| !algorithm.is_aka());
        if without_aka.is_ok() {
            return without_aka;
        }
    }
    Challenge::choose(challenges, |_| true)
}

/// The keys of AKA: K is by default the start of the password, OP all zeros, as with SIPp.
fn subscriber(
    source: &Source<'_>,
    credentials: &Credentials,
    password: &[u8],
) -> Result<Subscriber, Unrenderable> {
    let key = match &credentials.aka_k {
        Some(template) => &text(source, template)?,
        None => password,
    };
    Ok(match (&credentials.aka_opc, &credentials.aka_op) {
        (Some(opc), _) => Subscriber::with_opc(key, &text(source, opc)?),
        (None, Some(op)) => Subscriber::with_op(key, &text(source, op)?),
        (None, None) => Subscriber::with_op(key, &[]),
    })
}

fn text(source: &Source<'_>, template: &Template) -> Result<Vec<u8>, Unrenderable> {
    let mut out = Vec::new();
    source.render(template, &mut out)?;
    Ok(out)
}

/// The digest URI: an IPv6 address stands in it without brackets, as SIPp writes it.
fn uri(source: &Source<'_>) -> String {
    match &source.settings.auth_uri {
        Some(uri) => format!("sip:{uri}"),
        None => {
            let remote = source.remote();
            format!("sip:{}:{}", remote.ip(), remote.port())
        }
    }
}

/// 16 hexadecimal digits, the same in every run from the same seed.
fn cnonce(source: &Source<'_>, headers: u32) -> String {
    /// Keeps these draws apart from those of the call's steps.
    const CNONCES: u64 = 0x636e_6f6e_6365;
    let call = source.call;
    let of_call = if call.automatic_id() { call.hash } else { call.number };
    let draw = of_call.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(headers).rotate_left(40);
    let mut random = SmallRng::seed_from_u64(source.settings.seed ^ draw ^ CNONCES);
    let mut digits = String::with_capacity(16);
    // Writing to a String cannot fail.
    let _ = write!(digits, "{:016x}", random.random::<u64>());
    digits
}

fn unmakeable(reason: impl std::fmt::Display) -> Unrenderable {
    Unrenderable::new(FailureKind::CannotMakeMessage, format!("[authentication]: {reason}"))
}
