//! The error log of `-trace_err` (spec-outputs §9).

use crate::clock::Clock;

/// First line of a new log.
pub const FIRST_LINE: &[u8] = b"The following events occurred:\n";

/// Adds a warning or error of this moment (µs since 1970). The text may hold a SIP message and goes in as it is.
pub fn record(out: &mut Vec<u8>, clock: &Clock, epoch_us: u64, text: &[u8]) {
    out.extend_from_slice(clock.column(epoch_us).as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(text);
    out.push(b'\n');
}
