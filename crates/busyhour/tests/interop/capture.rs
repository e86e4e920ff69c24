//! tshark reads what busyhour sends: no message may be malformed or bear a warning.

use std::path::Path;

use crate::peers::{Agent, Counts, SOON, Sniffer, Tool, Transport, read_capture};

const CALLS: u64 = 20;

#[test]
fn udp_messages_are_well_formed() {
    // As both sides at once, so that requests and responses are ours.
    check("udp", Transport::Udp, "u1");
}

#[test]
fn tcp_messages_are_well_formed() {
    check("tcp", Transport::Tcp, "t1");
}

fn check(protocol: &str, transport: Transport, mode: &str) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let calls = CALLS.to_string();
    let common = ["-t", mode, "-m", calls.as_str()];
    let server_arguments = [&common[..], &["-sn", "uas"]].concat();
    let mut server = Agent::server(folder.path(), Tool::Busyhour, transport, &server_arguments);
    let sniffer = Sniffer::start(folder.path(), &format!("{protocol} port {}", server.port));

    // One call at a time, so that each message is in a batch of its own: on loopback a batch is captured as one packet.
    let client_arguments = [&common[..], &["-sn", "uac", "-r", "20", "-l", "1", "-d", "73"]].concat();
    let mut client = Agent::client(folder.path(), Tool::Busyhour, server.port, &client_arguments);
    let placed = client.finish(SOON);
    assert_eq!(placed, Counts::all_well(CALLS), "{}", client.process.logs());
    server.finish(SOON);
    let marks = read(&sniffer.stop(), protocol, server.port);
    let mut seen = Vec::new();
    for line in marks.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [method, status, severities, groups, texts] = fields[..] else {
            panic!("tshark printed an unexpected line: {line}");
        };
        let worst = severities.split(',').filter_map(|number| number.parse::<u32>().ok()).max().unwrap_or(0);
        assert!(worst < EXPERT_WARNING, "tshark marks {method}{status}: {texts} ({groups})");
        assert!(!texts.to_lowercase().contains("malformed"), "tshark marks {method}{status}: {texts}");
        seen.extend(method.split(',').chain(status.split(',')).map(str::to_owned));
    }
    for expected in ["INVITE", "180", "200", "ACK", "BYE"] {
        let count = seen.iter().filter(|word| *word == expected).count() as u64;
        assert!(count >= CALLS, "{count} of {CALLS} {expected} were decoded\n{marks}");
    }
}

/// tshark's number for the severity "warning"; "error" is above it, "note" and "chat" are below.
const EXPERT_WARNING: u32 = 0x0060_0000;

/// One line for each SIP packet: methods, status codes and tshark's marks on SIP and SDP.
fn read(capture: &Path, protocol: &str, port: u16) -> String {
    let decode = format!("{protocol}.port=={port},sip");
    // A stream's own marks (resets and the like) are not about the messages.
    let mut arguments =
        vec!["-d", &decode, "-Y", "sip", "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code"];
    if protocol == "tcp" {
        arguments.extend(["-o", "tcp.analyze_sequence_numbers:FALSE"]);
    }
    for field in ["_ws.expert.severity", "_ws.expert.group", "_ws.expert.message"] {
        arguments.extend(["-e", field]);
    }
    read_capture(capture, &arguments)
}
