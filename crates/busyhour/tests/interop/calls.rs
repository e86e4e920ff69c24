//! SIPp 3.8 and 3.6 in both directions: every call succeeds and both sides count the same.

use std::time::Duration;

use crate::peers::{Agent, Counts, Tool, Transport, scenario};

/// What two agents do with each other.
#[derive(Clone)]
struct Case {
    caller: Vec<String>,
    answerer: Vec<String>,
    transport: &'static str,
    calls: u64,
    rate: u32,
}

/// Plays a case and checks both sides. SIPp's server sends its 200 again half a second after the first, and fails the call
/// if an ACK then comes for each of them while it pauses at the call's end. On a machine that stands still for half a
/// second this happens to calls that are all well, so such a run counts for nothing, and the case is played again.
fn play(case: &Case, caller: Tool, answerer: Tool) {
    let last = 3;
    for attempt in 1..=last {
        let outcome = play_once(case, caller, answerer);
        if attempt < last && answerer != Tool::Busyhour && outcome.got_two_acks {
            continue;
        }
        assert_eq!(outcome.placed, Counts::all_well(case.calls), "the caller\n{}", outcome.logs);
        assert_eq!(outcome.answered, Counts::all_well(case.calls), "the answerer\n{}", outcome.logs);
        return;
    }
}

/// What came of a case.
struct Outcome {
    placed: Counts,
    answered: Counts,
    got_two_acks: bool,
    logs: String,
}

fn play_once(case: &Case, caller: Tool, answerer: Tool) -> Outcome {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let calls = case.calls.to_string();
    let rate = case.rate.to_string();
    let listens = if case.transport.starts_with('t') { Transport::Tcp } else { Transport::Udp };
    // The default of -max_socket is above the machine's limit of open files in the modes with many sockets.
    let common = ["-t", case.transport, "-max_socket", "2000"];
    let with = |own: &'_ [String]| -> Vec<String> {
        common.iter().map(|text| (*text).to_owned()).chain(own.iter().cloned()).collect()
    };
    let server_arguments = with(&case.answerer);
    let client_arguments = with(&case.caller);
    let server_arguments: Vec<&str> = server_arguments.iter().map(String::as_str).collect();
    let mut client_arguments: Vec<&str> = client_arguments.iter().map(String::as_str).collect();
    client_arguments.extend(["-r", &rate, "-m", &calls]);

    let mut server = Agent::server(folder.path(), answerer, listens, &server_arguments);
    let mut client = Agent::client(folder.path(), caller, server.port, &client_arguments);
    let placed = client.finish(Duration::from_secs(60));
    // Not by `-m`: the server must outlive the client's last pause, or it closes the connection under it.
    server.process.signal("USR1");
    let answered = server.finish(Duration::from_secs(30));
    let logs = format!("{}{}", client.process.logs(), server.process.logs());
    let errors = server.process.file("errors.log");
    let got_two_acks =
        errors.lines().any(|line| line.contains("while pausing") && line.contains("received 'ACK "));
    Outcome { placed, answered, got_two_acks, logs }
}

fn embedded(caller: &str, answerer: &str, transport: &'static str, calls: u64, rate: u32) -> Case {
    let name = |name: &str| vec!["-sn".to_owned(), name.to_owned()];
    Case { caller: name(caller), answerer: name(answerer), transport, calls, rate }
}

/// SIPp 3.6's server fails a call whose connection is closed before it has seen the call's end, so its callers keep the
/// connection a little longer.
fn lingering(transport: &'static str, calls: u64, rate: u32) -> Case {
    let file = vec!["-sf".to_owned(), scenario("caller_lingers.xml")];
    Case { caller: file, ..embedded("uac", "uas", transport, calls, rate) }
}

/// A case with busyhour on one side or both.
macro_rules! pairs {
    ($($name:ident: $case:expr, older: $older:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn calls_sipp_3_8() {
                play(&$case, Tool::Busyhour, Tool::Sipp38);
            }

            #[test]
            fn answers_sipp_3_8() {
                play(&$case, Tool::Sipp38, Tool::Busyhour);
            }

            #[test]
            fn calls_sipp_3_6() {
                play(&$older, Tool::Busyhour, Tool::Sipp36);
            }

            #[test]
            fn answers_sipp_3_6() {
                play(&$older, Tool::Sipp36, Tool::Busyhour);
            }

            #[test]
            fn calls_itself() {
                play(&$case, Tool::Busyhour, Tool::Busyhour);
            }
        }
    )*};
}

pairs! {
    udp: embedded("uac", "uas", "u1", 1000, 400), older: embedded("uac", "uas", "u1", 1000, 400);
    udp_socket_per_call: embedded("uac", "uas", "un", 400, 200), older: embedded("uac", "uas", "un", 400, 200);
    tcp: embedded("uac", "uas", "t1", 1000, 400), older: lingering("t1", 1000, 400);
    tcp_connection_per_call: embedded("uac", "uas", "tn", 400, 200), older: lingering("tn", 400, 200);
    regexp: embedded("regexp", "uas", "u1", 400, 200), older: embedded("regexp", "uas", "u1", 400, 200);
    regexp_tcp: embedded("regexp", "uas", "t1", 400, 200), older: lingering("t1", 400, 200);
    branches: embedded("branchc", "branchs", "u1", 200, 100), older: embedded("branchc", "branchs", "u1", 200, 100);
    branches_tcp: embedded("branchc", "branchs", "t1", 200, 100), older: embedded("branchc", "branchs", "t1", 200, 100);
}
