//! How a run ends: by signals, and when nobody answers.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::peers::{Agent, Counts, SOON, Tool, Transport, free_port, subject_is_replaced};

/// A client with open calls and its server.
fn running(folder: &std::path::Path) -> (Agent, Agent) {
    let server = Agent::server(folder, Tool::Sipp38, Transport::Udp, &["-sn", "uas"]);
    // Every call is held for longer than the test waits for anything but the soft end.
    let arguments = ["-sn", "uac", "-r", "50", "-d", "2000"];
    let client = Agent::client(folder, Tool::Busyhour, server.port, &arguments);
    sleep(Duration::from_millis(1500));
    (server, client)
}

fn ends_at_once(signal: &str) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (_server, mut client) = running(folder.path());
    client.process.signal(signal);
    let start = Instant::now();
    let counts = client.finish(SOON);
    assert!(start.elapsed() < Duration::from_secs(3), "it took {:?} to end", start.elapsed());
    // Open calls are not counted as failed (spec-cli §4).
    assert_eq!((counts.exit, counts.failed), (0, 0), "{}", client.process.logs());
    assert!(counts.created >= 20, "{counts:?}");
    let report = client.process.stdout();
    assert!(report.contains("Successful call"), "the final report is missing\n{}", client.process.logs());
}

#[test]
fn interrupt_ends_at_once_with_the_report() {
    ends_at_once("INT");
}

#[test]
fn terminate_ends_at_once_with_the_report() {
    ends_at_once("TERM");
}

#[test]
fn user_signal_lets_open_calls_end() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (_server, mut client) = running(folder.path());
    client.process.signal("USR1");
    let counts = client.finish(SOON);
    assert_eq!((counts.exit, counts.failed), (0, 0), "{}", client.process.logs());
    assert!(counts.created >= 20 && counts.successful == counts.created, "{counts:?}");
    assert!(client.process.stdout().contains("Successful call"), "{}", client.process.logs());
}

#[test]
fn calls_to_a_closed_port_fail_and_the_run_goes_on() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let arguments = ["-sn", "uac", "-r", "20", "-m", "40", "-max_invite_retrans", "1"];
    let mut client = Agent::client(folder.path(), Tool::Busyhour, free_port(), &arguments);
    let counts = client.finish(SOON);
    let expected = Counts { exit: 1, created: 40, successful: 0, failed: 40 };
    assert_eq!(counts, expected, "{}", client.process.logs());
    if !subject_is_replaced() {
        let unreachable = client.total("FailedCannotSendMessage(C)");
        assert_eq!(unreachable, 40, "ICMP should be the reason\n{}", client.process.logs());
    }
}
