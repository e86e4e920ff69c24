//! How a run ends: by signals, and when nobody answers.

use std::time::Duration;

use crate::peers::{Agent, Counts, SOON, Tool, Transport, free_port, subject_is_replaced};

/// Calls that a client has placed when it is told to end.
const CALLS: u64 = 20;

/// A client with so many open calls at least, and its server. Each call is held for so many ms.
fn running(folder: &std::path::Path, hold: &str) -> (Agent, Agent) {
    let server = Agent::server(folder, Tool::Sipp38, Transport::Udp, &["-sn", "uas"]);
    let arguments = ["-sn", "uac", "-r", "50", "-d", hold];
    let client = Agent::client(folder, Tool::Busyhour, server.port, &arguments);
    client.wait_for("TotalCallCreated", CALLS);
    (server, client)
}

fn ends_at_once(signal: &str) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (_server, mut client) = running(folder.path(), "60000");
    client.process.signal(signal);
    // Long before the first call could end by itself.
    let counts = client.finish(Duration::from_secs(15));
    // Open calls are not counted as failed (spec-cli §4).
    assert_eq!((counts.exit, counts.failed), (0, 0), "{}", client.process.logs());
    assert!(counts.created >= CALLS, "{counts:?}");
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
    let (_server, mut client) = running(folder.path(), "2000");
    client.process.signal("USR1");
    let counts = client.finish(SOON);
    assert_eq!((counts.exit, counts.failed), (0, 0), "{}", client.process.logs());
    assert!(counts.created >= CALLS && counts.successful == counts.created, "{counts:?}");
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
