//! The file of `-trace_logs`: texts of `<log>` (spec-outputs §10).

/// Adds the text of a `<log>`, on a line of its own, without a time.
pub fn record(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(text);
    out.push(b'\n');
}
