//! `c=`: where media is to be sent (RFC 8866 §5.7).

use std::net::{IpAddr, SocketAddr};

use super::lines::{Lines, value_of, words};

/// The address of a `c=` line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection<'a> {
    /// An address; `0.0.0.0` and `::` mean that nothing is to be sent (RFC 3264 §8.4).
    Address(IpAddr),
    /// Something else, most often the name of a host. It is not looked up.
    Name(&'a [u8]),
}

/// Where a section wants its media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// There.
    To(SocketAddr),
    /// Nowhere, and it says so: port 0, or `0.0.0.0` or `::`.
    Nowhere,
    /// No `c=`, in the section or the session.
    NoConnection,
    /// `c=` holds no address.
    Name(&'a [u8]),
}

/// The first `c=` of some lines.
pub(super) fn connection(lines: &[u8]) -> Option<Connection<'_>> {
    Lines::new(lines).find_map(|line| value_of(line, b'c')).and_then(read)
}

/// An address as `c=` and `a=rtcp` write it: network type, address type, address.
pub(super) fn read(value: &[u8]) -> Option<Connection<'_>> {
    let text = words(value).nth(2)?;
    // `/ttl`, and `/ttl/count` of multicast.
    let text = text.split(|&byte| byte == b'/').next().unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    let bare = text.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]")).unwrap_or(text);
    let address = std::str::from_utf8(bare).ok().and_then(|text| text.parse().ok());
    Some(address.map_or(Connection::Name(text), Connection::Address))
}
