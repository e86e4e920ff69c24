//! From the start of the process to the first INVITE on the wire.

use std::net::UdpSocket;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Bench;
use super::contestant::Contestant;
use super::pair::{folder, median};
use super::report::{Bound, Row};
use crate::workspace::{Outcome, because};

/// Starts each program several times in turn.
pub(super) fn measure(bench: &Bench) -> Outcome<Vec<Row>> {
    let (mut sipp, mut own) = (Vec::new(), Vec::new());
    for _ in 0..if bench.quick { 3 } else { 15 } {
        sipp.push(first_invite_ms(&bench.sipp)?);
        own.push(first_invite_ms(&bench.busyhour)?);
    }
    let (sipp, own) = (median(sipp), median(own));
    let row =
        Row::new("start of the process to the first INVITE", format!("{sipp:.1} ms"), format!("{own:.1} ms"));
    Ok(vec![row.judged(own, "ms", Bound::AtMost, 30.0, Some(10.0))])
}

fn first_invite_ms(contestant: &Contestant) -> Outcome<f64> {
    let socket = because("a UDP port", UdpSocket::bind("127.0.0.1:0"))?;
    because("a UDP port", socket.set_read_timeout(Some(Duration::from_secs(10))))?;
    let target = because("a UDP port", socket.local_addr())?.to_string();
    // At 1000 calls/s the first is due after a millisecond at most.
    let words = [&target, "-sn", "uac", "-m", "1", "-r", "1000", "-i", "127.0.0.1", "-nostdin"];
    let mut command = contestant.command(&[0]);
    command
        .args(words)
        .current_dir(folder()?)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let start = Instant::now();
    let mut child = because(contestant.name, command.spawn())?;
    let received = socket.recv_from(&mut [0; 4096]);
    let elapsed = start.elapsed();
    let _ = child.kill();
    let _ = child.wait();
    because(format!("no INVITE from {}", contestant.name), received)?;
    Ok(elapsed.as_secs_f64() * 1000.0)
}
