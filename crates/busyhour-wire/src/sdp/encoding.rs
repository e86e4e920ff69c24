//! Payload types and what they stand for (RFC 3551 §6, RFC 8866 §6.6).

use super::lines::{number, words};

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding<'a> {
    /// As in `rtpmap`, such as `PCMU`; compared without case.
    pub name: &'a [u8],
    /// RTP clock, Hz; at least 1.
    pub clock_hz: u32,
    /// Channels of audio; 1 unless it says more.
    pub channels: u8,
}

/// What a payload type stands for without `rtpmap` (RFC 3551 §6, tables 4 and 5); `None` for dynamic ones, and those
/// that are reserved or unassigned.
pub fn static_encoding(payload_type: u8) -> Option<Encoding<'static>> {
    let (name, clock_hz, channels) = match payload_type {
        0 => ("PCMU", 8_000, 1),
        3 => ("GSM", 8_000, 1),
        4 => ("G723", 8_000, 1),
        5 => ("DVI4", 8_000, 1),
        6 => ("DVI4", 16_000, 1),
        7 => ("LPC", 8_000, 1),
        8 => ("PCMA", 8_000, 1),
        9 => ("G722", 8_000, 1),
        10 => ("L16", 44_100, 2),
        11 => ("L16", 44_100, 1),
        12 => ("QCELP", 8_000, 1),
        13 => ("CN", 8_000, 1),
        14 => ("MPA", 90_000, 1),
        15 => ("G728", 8_000, 1),
        16 => ("DVI4", 11_025, 1),
        17 => ("DVI4", 22_050, 1),
        18 => ("G729", 8_000, 1),
        25 => ("CelB", 90_000, 1),
        26 => ("JPEG", 90_000, 1),
        28 => ("nv", 90_000, 1),
        31 => ("H261", 90_000, 1),
        32 => ("MPV", 90_000, 1),
        33 => ("MP2T", 90_000, 1),
        34 => ("H263", 90_000, 1),
        _ => return None,
    };
    Some(Encoding { name: name.as_bytes(), clock_hz, channels })
}

/// The payload type and the rest of the value of `rtpmap` and `fmtp`.
pub(super) fn of_payload_type(value: &[u8], payload_type: u8) -> Option<&[u8]> {
    let end = value.iter().position(|&byte| byte == b' ' || byte == b'\t')?;
    (number::<u8>(&value[..end])? == payload_type).then(|| value[end..].trim_ascii())
}

/// `name/clock/channels`. A clock that cannot be read is that of the static type, else 8000 Hz.
pub(super) fn read(value: &[u8], payload_type: u8) -> Option<Encoding<'_>> {
    let mut parts = words(value).next()?.split(|&byte| byte == b'/');
    let name = parts.next().filter(|name| !name.is_empty())?;
    let clock_hz = parts.next().and_then(number).filter(|&clock| clock > 0);
    let channels = parts.next().and_then(number).filter(|&channels| channels > 0).unwrap_or(1);
    let usual = static_encoding(payload_type).map_or(8_000, |encoding| encoding.clock_hz);
    Some(Encoding { name, clock_hz: clock_hz.unwrap_or(usual), channels })
}
