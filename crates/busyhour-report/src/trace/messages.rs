//! The message log of `-trace_msg` (spec-outputs §7). Times are RFC 3339 always.

use std::io::Write as _;

use busyhour_engine::Direction;
use busyhour_engine::transport::Protocol;

use crate::clock::Clock;

const DASHES: &[u8] = b"-----------------------------------------------";

/// Adds a message that passed at this moment (µs since 1970). Of a received one, only what stands before the first
/// NUL byte is shown; the length given is the whole one.
pub fn record(
    out: &mut Vec<u8>,
    clock: &Clock,
    epoch_us: u64,
    direction: Direction,
    protocol: Protocol,
    bytes: &[u8],
) {
    write_message(out, clock, epoch_us, direction, protocol.name(), bytes);
}

/// Adds a 3PCC command in the same form.
pub fn record_command(out: &mut Vec<u8>, clock: &Clock, epoch_us: u64, direction: Direction, bytes: &[u8]) {
    write_message(out, clock, epoch_us, direction, "TCP control", bytes);
}

fn write_message(
    out: &mut Vec<u8>,
    clock: &Clock,
    epoch_us: u64,
    direction: Direction,
    kind: &str,
    bytes: &[u8],
) {
    rule(out, clock, epoch_us);
    let (verb, shown) = match direction {
        Direction::Sent => ("sent", bytes),
        Direction::Received => ("received", before_nul(bytes)),
    };
    // Writing to a Vec never fails.
    let _ = write!(out, "{kind} message {verb} [{}] bytes:\n\n", bytes.len());
    out.extend_from_slice(shown);
    out.push(b'\n');
}

/// Adds a note that a message was lost on purpose (`-lost`).
pub fn voluntary_loss(out: &mut Vec<u8>, clock: &Clock, epoch_us: u64) {
    rule(out, clock, epoch_us);
    out.extend_from_slice(b"Message voluntary lost (-lost or the step's lost attribute)\n");
}

fn rule(out: &mut Vec<u8>, clock: &Clock, epoch_us: u64) {
    out.extend_from_slice(DASHES);
    out.push(b' ');
    out.extend_from_slice(clock.rfc3339(epoch_us).as_str().as_bytes());
    out.push(b'\n');
}

fn before_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
