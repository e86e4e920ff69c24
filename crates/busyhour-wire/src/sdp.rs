//! Session descriptions (RFC 8866) as borrowed views: where the peer wants its media, and in which form.
//!
//! Nothing is refused: lines end with CRLF, LF or CR, types and attributes come in any order, and what cannot be read
//! is as if it were not there. Nothing is copied; each question walks the lines of its section again.

mod body;
mod connection;
mod crypto;
mod encoding;
mod lines;
mod section;

pub use body::sdp_of;
pub use connection::{Connection, Destination};
pub use crypto::{Crypto, KEY_BASE64};
pub use encoding::{Encoding, static_encoding};
pub use section::{PAYLOAD_TYPES_MAX, Section};

use crate::Message;
use connection::connection;
use lines::{Lines, value_of};

/// Media sections of a description that are looked at; what follows them is not.
pub const SECTIONS_MAX: usize = 64;

/// Kinds of media that a call can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Medium {
    /// `m=audio`.
    Audio,
    /// `m=video`.
    Video,
    /// `m=image`: T.38.
    Image,
    /// `m=text`: RFC 4103.
    Text,
}

impl Medium {
    /// How many there are.
    pub const COUNT: usize = 4;
    /// All of them.
    pub const ALL: [Medium; Medium::COUNT] = [Medium::Audio, Medium::Video, Medium::Image, Medium::Text];

    /// 0-based, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// As `m=` writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Medium::Audio => "audio",
            Medium::Video => "video",
            Medium::Image => "image",
            Medium::Text => "text",
        }
    }

    /// The medium of this name, in any case; `None` for others, such as `application`.
    pub fn from_name(name: &[u8]) -> Option<Medium> {
        Medium::ALL.into_iter().find(|medium| medium.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// Which way media flows, as the author of the description sees it (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// The author only sends.
    SendOnly,
    /// The author only receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the author of the description sends.
    pub const fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }
}

/// A session description.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// What stands before the first `m=`.
    session: &'a [u8],
    /// From the first `m=` on.
    media: &'a [u8],
}

impl<'a> Session<'a> {
    /// Reads the body of a message that is a session description.
    pub fn parse(body: &'a [u8]) -> Session<'a> {
        let mut lines = Lines::new(body);
        loop {
            let start = lines.offset();
            match lines.next() {
                Some(line) if value_of(line, b'm').is_none() => {}
                _ => return Session { session: &body[..start], media: &body[start..] },
            }
        }
    }

    /// The session description in a message: its whole body, or a part of it. `None` if it has none.
    pub fn of_message(message: &Message<'a>) -> Option<Session<'a>> {
        sdp_of(message).map(Session::parse)
    }

    /// The `c=` of the whole session.
    pub fn connection(&self) -> Option<Connection<'a>> {
        connection(self.session)
    }

    /// All media sections, in order, at most [`SECTIONS_MAX`].
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        let (session, mut rest) = (self.session, self.media);
        std::iter::from_fn(move || Section::first_of(session, &mut rest)).take(SECTIONS_MAX)
    }

    /// The section of a medium: the first with a port that is not 0, else the first; `None` if there is none.
    pub fn section(&self, medium: Medium) -> Option<Section<'a>> {
        let mut refused = None;
        for section in self.sections().filter(|section| section.medium() == Some(medium)) {
            if section.port() != 0 {
                return Some(section);
            }
            refused.get_or_insert(section);
        }
        refused
    }
}

#[cfg(test)]
mod tests;
