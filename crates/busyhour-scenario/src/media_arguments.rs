//! The arguments of `rtp_stream` and `play_dtmf`: read with the scenario, or when an action with keywords runs.

use busyhour_media::library::Digits;
use busyhour_wire::rtp::PacketForm;

use crate::program::Stream;

/// Reads what `rtp_stream=` says, but for `wait`.
///
/// # Errors
/// What is wrong, in words.
pub fn stream(text: &str) -> Result<Stream, String> {
    Err(format!("\"{text}\": not available yet"))
}

/// Reads what `play_dtmf=` says.
///
/// # Errors
/// What is wrong, in words.
pub fn digits(text: &str) -> Result<Digits, String> {
    Err(format!("\"{text}\": not available yet"))
}

/// The form of packets of a payload type, with the name that goes with it or the one given (spec-media §5).
///
/// # Errors
/// What is wrong, in words.
pub fn packet_form(payload_type: u8, name: Option<&str>) -> Result<PacketForm, String> {
    Err(format!("payload type {payload_type} {name:?}: not available yet"))
}
