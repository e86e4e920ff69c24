//! Peers that connect to us.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::Lines;

/// Pause after the system refused to accept: for want of descriptors, say.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until the run closes.
pub(super) fn run(lines: &Arc<Lines>, listener: &TcpListener) {
    loop {
        let accepted = listener.accept();
        if lines.is_closing() {
            return;
        }
        match accepted {
            Ok((stream, from)) => {
                let open = lines.incoming.load(Ordering::SeqCst);
                if open >= lines.options.incoming_max {
                    lines.note(format!(
                        "3PCC peer {from} was turned away: {open} connections are open, which is the most"
                    ));
                    continue;
                }
                // Without it a command may wait for the acknowledgement of the last one.
                let _ = stream.set_nodelay(true);
                lines.reach_peers();
                lines.begin(lines.options.answers.then_some(0), stream, true);
            }
            Err(error)
                if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
            Err(_) => thread::sleep(REFUSED_PAUSE),
        }
    }
}
