//! One connection's way out.

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use busyhour_wire::COMMAND_END;

use super::Lines;
use super::lines::Outgoing;

/// From so many bytes on, what waits is sent before more is gathered.
const GATHERED_BYTES: usize = 16_384;

/// Sends commands in order until there are no more to come, or the connection fails.
pub(super) fn run(lines: &Arc<Lines>, peer: u16, mut stream: &TcpStream, waiting: &Receiver<Outgoing>) {
    let mut gathered: Vec<Outgoing> = Vec::new();
    let mut bytes = Vec::new();
    while let Ok(first) = waiting.recv() {
        bytes.clear();
        let mut next = Some(first);
        while let Some(outgoing) = next {
            bytes.extend_from_slice(&outgoing.bytes);
            bytes.push(COMMAND_END);
            gathered.push(outgoing);
            next = if bytes.len() < GATHERED_BYTES { waiting.try_recv().ok() } else { None };
        }
        if let Err(error) = stream.write_all(&bytes) {
            // The queue closes first, so that nothing comes after the last that is told here.
            lines.lost(Some(peer), &error.to_string());
            for outgoing in gathered.drain(..).chain(waiting.try_iter()) {
                lines.not_sent(&outgoing);
            }
            return;
        }
        gathered.clear();
    }
}
