//! From a template to bytes (spec-scenario §4, §5).

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Range;

use busyhour_scenario::program::{Scope, Variable};
use busyhour_scenario::template::{Credentials, Keyword, Piece, Template};
use busyhour_wire::uri_in_brackets;

use crate::auth;
use crate::call::Call;
use crate::circuits;
use crate::date;
use crate::injection;
use crate::kept::{FROM, TO};
use crate::media::{self, Keys, KeysLeft};
use crate::prepare::Prepared;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::snapshot::FailureKind;
use crate::variables::Value;
use busyhour_media::Time;

/// Columns of `[len]`.
const LEN_COLUMNS: usize = 5;

/// Stands for a header that is not known yet: without it, its line would look like the end of the headers.
const PLACEHOLDER: &[u8] = b"?";

/// Where `[authentication]` stands in a text, and what it was given.
type Place<'t> = (Range<usize>, Cow<'t, Credentials>);

/// Everything a text can speak of.
pub(crate) struct Source<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) settings: &'a Settings,
    pub(crate) shared: &'a Shared,
    pub(crate) call: &'a Call,
    pub(crate) now: Time,
    /// Step index in `[branch]`.
    pub(crate) branch_index: i64,
    /// `[msg_index]`: −1 outside a send.
    pub(crate) message_index: i64,
    /// Exchanges From and To: the kept message was the peer's request, and this is ours.
    pub(crate) swapped: bool,
    /// What its crypto lines are to have.
    pub(crate) keys: &'a Keys,
}

/// Why a text cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unrenderable {
    /// What the call fails as.
    pub(crate) kind: FailureKind,
    /// In words.
    pub(crate) text: String,
}

impl Unrenderable {
    pub(crate) fn new(kind: FailureKind, text: impl Into<String>) -> Unrenderable {
        Unrenderable { kind, text: text.into() }
    }
}

/// Whether a literal of nothing but line ends follows a body that has one already.
fn ends_body(literal: &[u8], text: &[u8]) -> bool {
    literal.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
        && text.ends_with(b"\n")
        && memchr::memmem::find(text, b"\r\n\r\n").is_some()
}

impl Source<'_> {
    /// Appends a text to `out`. Where it cannot be made, what is there by then is worth nothing.
    pub(crate) fn render(&self, template: &Template, out: &mut Vec<u8>) -> Result<(), Unrenderable> {
        let start = out.len();
        let mut len_at = None;
        // In a box, so that texts without it carry no more than a pointer along.
        let mut credentials_at: Option<Box<Place<'_>>> = None;
        let mut line_vanishes = false;
        let mut keys = self.keys.iter();
        for piece in &template.pieces {
            match piece {
                Piece::Literal(bytes) => {
                    // A line that held nothing but an empty keyword goes away whole.
                    let bytes = match bytes.strip_prefix(b"\r\n") {
                        // The value has brought a body along, and the body's end.
                        Some(_) if line_vanishes && ends_body(bytes, &out[start..]) => &[],
                        Some(rest) if line_vanishes => rest,
                        _ => bytes,
                    };
                    out.extend_from_slice(bytes);
                    line_vanishes = false;
                }
                Piece::Keyword(Keyword::Len(offset)) => {
                    len_at = Some((out.len(), *offset));
                    out.extend_from_slice(&[b' '; LEN_COLUMNS]);
                    line_vanishes = false;
                }
                Piece::Keyword(Keyword::Authentication(credentials)) => {
                    let at = out.len()..out.len() + PLACEHOLDER.len();
                    out.extend_from_slice(PLACEHOLDER);
                    place(&mut credentials_at, at, Cow::Borrowed(credentials.as_ref()))?;
                    line_vanishes = false;
                }
                Piece::Keyword(keyword) => {
                    let may_vanish = (out.len() == start || out.ends_with(b"\n")) && can_be_empty(keyword);
                    let before = out.len();
                    self.keyword(keyword, &mut keys, out)?;
                    if let Keyword::Field { file, .. } = keyword
                        && injection::may_hold_credentials(self, *file)
                        && let Some((at, credentials)) = auth::in_value(&out[before..])
                    {
                        let at = before + at.start..before + at.end;
                        place(&mut credentials_at, at, Cow::Owned(credentials))?;
                        line_vanishes = false;
                        continue;
                    }
                    line_vanishes = may_vanish && (out.len() == before || out.ends_with(b"\n"));
                }
            }
        }
        if let Some((at, offset)) = len_at {
            fill_len(out, start, at, offset);
        }
        if let Some(place) = credentials_at {
            let (at, credentials) = *place;
            let mut header = Vec::new();
            auth::header(self, &credentials, &out[start..], &mut header)?;
            out.splice(at, header);
        }
        Ok(())
    }

    fn keyword(
        &self,
        keyword: &Keyword,
        keys: &mut KeysLeft<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Unrenderable> {
        let call = self.call;
        match keyword {
            Keyword::CallNumber => number(call.number as i64, out),
            Keyword::CallId => out.extend_from_slice(call.call_id()),
            Keyword::Branch(offset) => {
                out.extend_from_slice(b"z9hG4bK-");
                number(i64::from(self.settings.pid), out);
                out.push(b'-');
                number(call.number as i64, out);
                out.push(b'-');
                number(self.branch_index + i64::from(*offset), out);
            }
            Keyword::PeerTagParam => {
                if !call.dialog.peer_tag.is_empty() {
                    out.extend_from_slice(b";tag=");
                    out.extend_from_slice(&call.dialog.peer_tag);
                }
            }
            Keyword::Last { name, value_only } => self.last(name, *value_only, out),
            Keyword::RemoteIp => ip(self.remote().ip(), out),
            Keyword::RemotePort(offset) => number(i64::from(self.remote().port()) + i64::from(*offset), out),
            Keyword::LocalPort(offset) => number(i64::from(call.local_port) + i64::from(*offset), out),
            Keyword::AutoMediaPort(offset, _) => {
                number(media::auto_port(self.settings, call.number) + i64::from(*offset), out);
            }
            Keyword::CSeq(offset) => number(i64::from(call.dialog.cseq) + i64::from(*offset), out),
            Keyword::LastCSeqNumber(offset) => {
                // The peer's number means nothing on our side of the dialog.
                let last = if self.swapped { call.dialog.cseq } else { call.dialog.last.cseq };
                number(i64::from(last) + i64::from(*offset), out);
            }
            Keyword::MsgIndex => number(self.message_index, out),
            Keyword::LastMessage => out.extend_from_slice(self.prepared.layout.whole(&call.dialog.last.kept)),
            Keyword::LastRequestUri => out.extend_from_slice(self.last_request_uri()),
            Keyword::NextUrl => match &call.extra {
                Some(extra) if !extra.routes.target.is_empty() => out.extend_from_slice(&extra.routes.target),
                _ => out.extend_from_slice(self.last_request_uri()),
            },
            Keyword::Routes => self.routes(out),
            Keyword::Variable(variable) => self.with_value(*variable, |value| value.render_into(out)),
            Keyword::Fill { variable, text } => {
                // A text is no number here, though it is one in arithmetic.
                let wanted = self.with_value(*variable, Value::compare_number).clamp(0.0, FILL_BYTES_MAX);
                out.extend(text.bytes().cycle().take(if text.is_empty() { 0 } else { wanted as usize }));
            }
            Keyword::Timestamp => {
                date::timestamp(self.wall_us(), self.settings.utc_offset_s, self.settings.rfc3339, out);
            }
            Keyword::Date => date::sip_date(self.wall_us(), out),
            Keyword::ClockTick => number(self.now.as_millis() as i64, out),
            Keyword::DynamicId => number(self.shared.next_dynamic_id(self.settings.dynamic_id), out),
            Keyword::Users => number(self.shared.users().map_or(-1, i64::from), out),
            Keyword::UserId => number(i64::from(call.user), out),
            // Named in full, so that a new keyword can't be forgotten here.
            Keyword::RemoteHost
            | Keyword::LocalIp
            | Keyword::LocalIpType
            | Keyword::ServerIp
            | Keyword::Transport
            | Keyword::MediaIp
            | Keyword::MediaIpType
            | Keyword::MediaPort(..)
            | Keyword::Pid
            | Keyword::Service
            | Keyword::SippVersion => {
                of_settings(keyword, self.settings, out);
            }
            Keyword::Field { file, column, line } => {
                injection::append(self, *file, *column, line.as_deref(), out)?;
            }
            Keyword::TdmMap => circuits::render(self.settings, call, out)?,
            Keyword::File(name) => self.file(name, out)?,
            Keyword::RtpStreamPort(..) | Keyword::Crypto(_) => media::append(keyword, call, keys, out)?,
            // These are placed by `render`.
            Keyword::Len(_) | Keyword::Authentication(_) => {}
        }
        Ok(())
    }

    fn last(&self, name: &str, value_only: bool, out: &mut Vec<u8>) {
        let layout = &self.prepared.layout;
        let mut joined = Vec::new();
        let value = match layout.slot(name) {
            Some(slot) => layout.value(&self.call.dialog.last.kept, self.side(slot)),
            None => layout.find(&self.call.dialog.last.kept, name, &mut joined),
        };
        let Some(value) = value else { return };
        if !value_only {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(if value.is_empty() { b":" } else { b": " });
        }
        out.extend_from_slice(value);
    }

    /// The slot that stands for From or To when the sides are exchanged.
    fn side(&self, slot: usize) -> usize {
        match slot {
            FROM if self.swapped => TO,
            TO if self.swapped => FROM,
            slot => slot,
        }
    }

    fn file(&self, name: &Template, out: &mut Vec<u8>) -> Result<(), Unrenderable> {
        let mut path = Vec::new();
        // The keys are the message's.
        Source { keys: Keys::NONE, ..*self }.render(name, &mut path)?;
        let bytes = self
            .settings
            .read_file
            .read(&String::from_utf8_lossy(&path))
            .map_err(|why| Unrenderable::new(FailureKind::CannotMakeMessage, format!("[file]: {why}")))?;
        out.extend_from_slice(&bytes);
        Ok(())
    }

    fn last_request_uri(&self) -> &[u8] {
        let to = self.prepared.layout.value(&self.call.dialog.last.kept, self.side(TO));
        to.and_then(uri_in_brackets).unwrap_or_default()
    }

    fn routes(&self, out: &mut Vec<u8>) {
        let Some(extra) = self.call.extra.as_ref().filter(|extra| !extra.routes.set.is_empty()) else {
            return;
        };
        out.extend_from_slice(b"Route: ");
        for (at, route) in extra.routes.set.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(route);
        }
    }

    fn with_value<T>(&self, variable: Variable, read: impl FnOnce(&Value) -> T) -> T {
        match variable.scope {
            Scope::Call => read(self.call.variables().get(variable.slot as usize).unwrap_or(&Value::Unset)),
            scope => read(self.shared.values().get(self.call.user, scope, self.prepared.place(variable))),
        }
    }

    pub(crate) fn remote(&self) -> std::net::SocketAddr {
        match self.settings.remote {
            // Also after `setdest`, as in SIPp.
            Some(remote) if self.prepared.program.sending == busyhour_scenario::program::Role::Client => {
                remote
            }
            _ => self.call.path.peer,
        }
    }

    fn wall_us(&self) -> u64 {
        self.settings.wall_start_us + self.now.as_micros()
    }
}

/// Notes what the header of `[authentication]` replaces: it needs the rest of the message.
fn place<'t>(
    credentials_at: &mut Option<Box<Place<'t>>>,
    at: Range<usize>,
    credentials: Cow<'t, Credentials>,
) -> Result<(), Unrenderable> {
    match credentials_at.replace(Box::new((at, credentials))) {
        None => Ok(()),
        Some(_) => Err(Unrenderable::new(
            FailureKind::CannotMakeMessage,
            "Only one [authentication] keyword is currently supported! A message holds two",
        )),
    }
}

/// Appends a keyword that the settings alone decide; false if this is none.
pub(crate) fn of_settings(keyword: &Keyword, settings: &Settings, out: &mut Vec<u8>) -> bool {
    match keyword {
        Keyword::RemoteHost => out.extend_from_slice(settings.remote_host.as_bytes()),
        Keyword::LocalIp => ip(settings.local_ip, out),
        Keyword::LocalIpType => out.push(ip_type(settings.local_ip)),
        Keyword::ServerIp => plain_ip(settings.bound_ip, out),
        Keyword::Transport => out.extend_from_slice(settings.protocol.name().as_bytes()),
        Keyword::MediaIp => plain_ip(settings.media_ip, out),
        Keyword::MediaIpType => out.push(ip_type(settings.media_ip)),
        Keyword::MediaPort(offset, _) => number(i64::from(settings.media_port) + i64::from(*offset), out),
        Keyword::Pid => number(i64::from(settings.pid), out),
        Keyword::Service => out.extend_from_slice(settings.service.as_bytes()),
        Keyword::SippVersion => out.extend_from_slice(b"3.8.0"),
        _ => return false,
    }
    true
}

fn ip_type(address: IpAddr) -> u8 {
    if address.is_ipv6() { b'6' } else { b'4' }
}

/// Most bytes `[fill]` makes: more than a message can hold anyway.
const FILL_BYTES_MAX: f64 = 65_536.0;

fn can_be_empty(keyword: &Keyword) -> bool {
    matches!(keyword, Keyword::Last { .. } | Keyword::Variable(_) | Keyword::Field { .. } | Keyword::Routes)
}

/// Writes the length of what follows the first blank line, right-aligned.
fn fill_len(out: &mut [u8], start: usize, at: usize, offset: i32) {
    let body = memchr::memmem::find(&out[start..], b"\r\n\r\n").map_or(out.len(), |blank| start + blank + 4);
    let mut digits = [0; 20];
    let value = (out.len() - body) as i64 + i64::from(offset);
    let digits = decimal(value, &mut digits);
    // A body of 64 KiB has five digits; a sixth could only come from an offset and is cut.
    let digits = &digits[digits.len().saturating_sub(LEN_COLUMNS)..];
    out[at + LEN_COLUMNS - digits.len()..at + LEN_COLUMNS].copy_from_slice(digits);
}

pub(crate) fn number(value: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    out.extend_from_slice(decimal(value, &mut digits));
}

fn decimal(value: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// Writes an address as it stands in a URI.
pub(crate) fn ip(address: IpAddr, out: &mut Vec<u8>) {
    if address.is_ipv6() {
        out.push(b'[');
        plain_ip(address, out);
        out.push(b']');
    } else {
        plain_ip(address, out);
    }
}

fn plain_ip(address: IpAddr, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{address}");
}
