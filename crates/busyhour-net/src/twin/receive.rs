//! One connection's way in.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;

use busyhour_wire::CommandFramer;

use super::Lines;

/// Bytes read at a time.
const READ_BYTES: usize = 16_384;

/// Reads commands until the connection ends. `peer`: commands for this peer leave on it.
pub(super) fn run(lines: &Arc<Lines>, peer: Option<u16>, mut stream: &TcpStream) {
    let mut framer = CommandFramer::default();
    let mut bytes = vec![0; READ_BYTES];
    let what = loop {
        match stream.read(&mut bytes) {
            Ok(0) => break "it closed the connection".to_owned(),
            Ok(count) => {
                let dropped = framer.push(&bytes[..count], |command| lines.deliver(command));
                if dropped > 0 {
                    lines.note_dropped(dropped);
                    lines.note(format!(
                        "{dropped} 3PCC command(s) dropped: longer than {} bytes",
                        busyhour_wire::COMMAND_BYTES_MAX
                    ));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break error.to_string(),
        }
    };
    lines.lost(peer, &what);
}
