//! A media section: `m=` and what follows it (RFC 8866 §5.14).

use std::net::SocketAddr;

use super::connection::{self, Connection, Destination, connection};
use super::encoding::{self, Encoding, static_encoding};
use super::lines::{Lines, attribute, number, value_of, word, words};
use super::{Crypto, Direction, Medium};

/// Payload types of a section that are looked at: there are no more.
pub const PAYLOAD_TYPES_MAX: usize = 128;

/// Lines of a section that are looked at; attributes after them are as if they were not there.
const LINES_MAX: usize = 1024;

/// A media section.
#[derive(Debug, Clone, Copy)]
pub struct Section<'a> {
    /// What stands before the first `m=` of the description.
    session: &'a [u8],
    /// What follows `m=`, up to the next one.
    lines: &'a [u8],
    name: &'a [u8],
    port: u16,
    proto: &'a [u8],
    formats: &'a [u8],
}

impl<'a> Section<'a> {
    /// Takes the section that `rest`, which begins with `m=`, begins with.
    pub(super) fn first_of(session: &'a [u8], rest: &mut &'a [u8]) -> Option<Section<'a>> {
        let text = *rest;
        let mut lines = Lines::new(text);
        let value = value_of(lines.next()?, b'm')?;
        let start = lines.offset();
        let end = loop {
            let end = lines.offset();
            match lines.next() {
                Some(line) if value_of(line, b'm').is_none() => {}
                _ => break end,
            }
        };
        *rest = &text[end..];

        let (name, value) = word(value);
        let (port, value) = word(value);
        let (proto, formats) = word(value);
        // `port/count`: of several pairs, the first is the one.
        let port = port.split(|&byte| byte == b'/').next();
        Some(Section {
            session,
            lines: &text[start..end],
            name,
            port: port.and_then(number).unwrap_or(0),
            proto,
            formats,
        })
    }

    /// Its medium; `None` for one that calls here cannot have.
    pub fn medium(&self) -> Option<Medium> {
        Medium::from_name(self.name)
    }

    /// Name of its medium, as written.
    pub fn medium_name(&self) -> &'a [u8] {
        self.name
    }

    /// Its port; 0 if it is refused (RFC 3264 §6), and if there is none or it is no port number.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its transport, such as `RTP/AVP`.
    pub fn proto(&self) -> &'a [u8] {
        self.proto
    }

    /// Whether its transport is RTP in one of its profiles.
    pub fn is_rtp(&self) -> bool {
        self.proto_parts().any(|part| part.eq_ignore_ascii_case(b"RTP"))
    }

    /// Whether its transport is a profile with SRTP: `RTP/SAVP`, `RTP/SAVPF`.
    pub fn is_secure(&self) -> bool {
        self.proto_parts()
            .any(|part| part.eq_ignore_ascii_case(b"SAVP") || part.eq_ignore_ascii_case(b"SAVPF"))
    }

    /// What follows the transport: payload types of RTP, other words otherwise (`t38`).
    pub fn formats(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        words(self.formats)
    }

    /// Its payload types, in order of preference, at most [`PAYLOAD_TYPES_MAX`]; none unless it is RTP.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> + use<'a> {
        let formats = if self.is_rtp() { self.formats } else { b"" };
        words(formats).filter_map(number::<u8>).filter(|&number| number < 128).take(PAYLOAD_TYPES_MAX)
    }

    /// What a payload type stands for: by its `rtpmap`, else as a static one.
    pub fn encoding(&self, payload_type: u8) -> Option<Encoding<'a>> {
        self.attributes("rtpmap")
            .find_map(|value| encoding::of_payload_type(value, payload_type))
            .and_then(|value| encoding::read(value, payload_type))
            .or_else(|| static_encoding(payload_type))
    }

    /// Length of a packet, ms.
    pub fn ptime(&self) -> Option<u32> {
        self.attributes("ptime").find_map(number).filter(|&ms| ms > 0)
    }

    /// Its `c=`, else that of the session.
    pub fn connection(&self) -> Option<Connection<'a>> {
        connection(self.lines).or_else(|| connection(self.session))
    }

    /// Where RTP goes.
    pub fn destination(&self) -> Destination<'a> {
        match self.connection() {
            _ if self.port == 0 => Destination::Nowhere,
            None => Destination::NoConnection,
            Some(Connection::Name(name)) => Destination::Name(name),
            Some(Connection::Address(address)) if address.is_unspecified() => Destination::Nowhere,
            Some(Connection::Address(address)) => Destination::To(SocketAddr::new(address, self.port)),
        }
    }

    /// `a=rtcp`: a port, and an address if it gives one.
    pub fn rtcp(&self) -> Option<(u16, Option<Connection<'a>>)> {
        let value = self.attributes("rtcp").next()?;
        let port = words(value).next().and_then(number).filter(|&port| port != 0)?;
        // The address follows the port as it follows `c=`.
        Some((port, connection::read(word(value).1)))
    }

    /// `a=rtcp-mux`.
    pub fn rtcp_mux(&self) -> bool {
        self.attributes("rtcp-mux").next().is_some()
    }

    /// Its direction, else that of the session, else both ways.
    pub fn direction(&self) -> Direction {
        direction(self.lines).or_else(|| direction(self.session)).unwrap_or_default()
    }

    /// Its crypto lines, in order. Those of other sections are no business of it.
    pub fn crypto(&self) -> impl Iterator<Item = Crypto<'a>> + use<'a> {
        self.attributes("crypto").filter_map(Crypto::read)
    }

    /// Values of the attributes of this name.
    pub fn attributes<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        Lines::new(self.lines).take(LINES_MAX).filter_map(move |line| attribute(line, name))
    }

    fn proto_parts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.proto.split(|&byte| byte == b'/')
    }
}

/// The first direction that some lines give.
fn direction(lines: &[u8]) -> Option<Direction> {
    const NAMES: [(&str, Direction); 4] = [
        ("sendrecv", Direction::SendRecv),
        ("sendonly", Direction::SendOnly),
        ("recvonly", Direction::RecvOnly),
        ("inactive", Direction::Inactive),
    ];
    Lines::new(lines).take(LINES_MAX).find_map(|line| {
        NAMES.iter().find(|(name, _)| attribute(line, name).is_some()).map(|&(_, direction)| direction)
    })
}
