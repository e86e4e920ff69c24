//! Several scenarios in one run: calls placed and received, and requests outside calls.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use crate::program::{Outcome, Running, free_port, sipp, sipp_in, start_sipp_in, wait_for_port};

/// A value of the last row of a statistics file.
fn last(folder: &Path, file: &str, column: &str) -> String {
    let rows = fs::read_to_string(folder.join(file)).unwrap();
    let mut lines = rows.lines();
    let at = lines.next().unwrap().split(';').position(|name| name == column).unwrap();
    lines.next_back().unwrap().split(';').nth(at).unwrap().to_owned()
}

/// The figure behind a label of our part of the final report.
fn figure(outcome: &Outcome, label: &str) -> Option<u64> {
    outcome.stdout.lines().find_map(|line| line.trim().strip_prefix(label)?.trim().parse().ok())
}

const OPTIONS: &str = "<send><![CDATA[
OPTIONS sip:b@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:a@[local_ip]>;tag=[call_number]
To: <sip:b@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 OPTIONS
SUBJECT
Content-Length: 0

]]></send>";

/// A scenario that sends an OPTIONS with this line in it, and waits for nothing.
fn options(line: &str) -> String {
    format!("<scenario>\n{}\n</scenario>\n", OPTIONS.replace("SUBJECT", line))
}

#[test]
fn two_processes_call_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let ports = [free_port(), free_port()];
    let sides = [0, 1].map(|side| {
        let (own, other) = (ports[side], ports[1 - side]);
        let line = format!(
            "-sn uac -rxsn uas 127.0.0.1:{other} -i 127.0.0.1 -p {own} -r 20 -rp 1s -m 10 -d 1s -trace_stat -stf {side}.csv"
        );
        start_sipp_in(folder.path(), &line)
    });
    for (side, outcome) in sides.map(Running::wait).into_iter().enumerate() {
        // Whoever starts later may miss the other's first INVITE, which is then repeated.
        assert_eq!(outcome.status, 0, "{outcome:?}");
        let file = format!("{side}.csv");
        let columns =
            ["IncomingCall(C)", "OutgoingCall(C)", "TotalCallCreated", "CurrentCall", "FailedCall(C)"];
        assert_eq!(columns.map(|name| last(folder.path(), &file, name)), ["0", "10", "10", "0", "0"]);
        assert_eq!(last(folder.path(), &file, "SuccessfulCall(C)"), "10", "of the main scenario");
        assert_eq!(figure(&outcome, "uas: calls"), Some(10), "{outcome:?}");
        assert_eq!(figure(&outcome, "uas: succeeded"), Some(10), "{outcome:?}");
        assert_eq!(figure(&outcome, "uas: failed"), Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains("INVITE ---------->"), "screens show the main scenario: {outcome:?}");
    }
}

#[test]
fn failures_of_received_calls_count() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rx.xml"), "<scenario>\n<recv request=\"MESSAGE\"/>\n</scenario>\n")
        .unwrap();
    let (port, uas_port) = (free_port(), free_port());
    let uas = start_sipp_in(folder.path(), &format!("-sn uas -i 127.0.0.1 -p {uas_port}"));
    wait_for_port(uas_port);
    let mixed = start_sipp_in(
        folder.path(),
        &format!(
            "-rxsf rx.xml 127.0.0.1:{uas_port} -i 127.0.0.1 -p {port} -m 1 -r 10 -d 1s -trace_stat -stf s.csv"
        ),
    );
    wait_for_port(port);
    let other = sipp(&format!("-sn uac 127.0.0.1:{port} -i 127.0.0.1 -m 1 -r 100 -recv_timeout 300 -nr"));
    assert_eq!(other.status, 1, "{other:?}");
    let mixed = mixed.wait();
    assert_eq!(mixed.status, 1, "{mixed:?}");
    assert_eq!((figure(&mixed, "rx: calls"), figure(&mixed, "rx: failed")), (Some(1), Some(1)), "{mixed:?}");
    assert_eq!(figure(&mixed, "unexpected message"), Some(1), "{mixed:?}");
    assert_eq!(last(folder.path(), "s.csv", "FailedCall(C)"), "0");
    assert_eq!(last(folder.path(), "s.csv", "SuccessfulCall(C)"), "1");
    uas.signal("INT");
    uas.wait();
}

#[test]
fn requests_outside_calls_have_a_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let hold = "<scenario>\n<pause milliseconds=\"1500\"/>\n".to_owned() + OPTIONS + "\n</scenario>\n";
    fs::write(folder.path().join("main.xml"), hold.replace("SUBJECT\n", "")).unwrap();
    let outside = sipp("-sd ooc_default").stdout;
    fs::write(folder.path().join("outside.xml"), outside).unwrap();
    for (option, name) in [("-oocsn ooc_default", "ooc_default"), ("-oocsf outside.xml", "outside")] {
        let (port, sink) = (free_port(), UdpSocket::bind("127.0.0.1:0").unwrap());
        let target = sink.local_addr().unwrap();
        let run = start_sipp_in(
            folder.path(),
            &format!(
                "-sf main.xml {option} {target} -i 127.0.0.1 -p {port} -m 1 -r 100 -trace_stat -stf s.csv"
            ),
        );
        wait_for_port(port);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let own = socket.local_addr().unwrap();
        let request = format!(
            "NOTIFY sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKx\r\nFrom: <sip:a@x>;tag=1\r\n\
             To: <sip:b@x>\r\nCall-ID: outside\r\nCSeq: 1 NOTIFY\r\nContact: <sip:a@{own}>\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send_to(request.as_bytes(), ("127.0.0.1", port)).unwrap();
        let mut answer = [0; 2000];
        let len = socket.recv(&mut answer).unwrap();
        assert!(answer[..len].starts_with(b"SIP/2.0 200 "), "{}", String::from_utf8_lossy(&answer[..len]));
        let outcome = run.wait();
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert_eq!(last(folder.path(), "s.csv", "AutoAnswered(C)"), "1");
        assert_eq!(last(folder.path(), "s.csv", "TotalCallCreated"), "1", "of the main scenario");
        assert_eq!(figure(&outcome, &format!("{name}: calls")), Some(1), "{outcome:?}");
    }
}

#[test]
fn global_variables_of_every_scenario_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main.xml"), options("Subject: plain")).unwrap();
    let rx = "<scenario>\n<Global variables=\"who\"/>\n<recv request=\"MESSAGE\"/>\n\
              <nop><action><log message=\"[$who]\"/></action></nop>\n</scenario>\n";
    fs::write(folder.path().join("rx.xml"), rx).unwrap();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = sink.local_addr().unwrap();
    let line = format!("-sf main.xml -rxsf rx.xml {target} -i 127.0.0.1 -m 1 -r 100 -nr");
    let outcome = sipp_in(folder.path(), &format!("{line} -set who x"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let outcome = sipp_in(folder.path(), &format!("{line} -set when x"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("\"when\"") && outcome.stderr.contains("declares who"), "{outcome:?}");
}

#[test]
fn scenarios_that_do_not_go_together() {
    let refused = |line: &str, texts: &[&str]| {
        let outcome = sipp(line);
        assert_eq!(outcome.status, 255, "{line}: {outcome:?}");
        for text in texts {
            assert!(outcome.stderr.contains(text), "{line}: {text:?} is not in {:?}", outcome.stderr);
        }
    };
    refused("-sn uas -rxsn uas", &["-rxsf and -rxsn", "uas waits for calls itself"]);
    refused("-sn uas -oocsn ooc_default", &["-oocsf and -oocsn", "uas waits for calls itself"]);
    refused("-sn uac -rxsn uac 127.0.0.1", &["started by a message", "<recv>"]);
    refused("-sn uac -oocsn uac 127.0.0.1", &["started by a message"]);
    refused("-rxsn uas", &["Missing remote host"]);
    refused("-rxsn no_such 127.0.0.1", &["-rxsn: there is no embedded scenario \"no_such\""]);
    refused("-oocsn no_such 127.0.0.1", &["-oocsn: there is no embedded scenario"]);
    refused("-rxsf no.xml 127.0.0.1", &["-rxsf: Unable to load 'no.xml' xml scenario file"]);
    refused("-oocsf no.xml 127.0.0.1", &["-oocsf: Unable to load 'no.xml'"]);
}

#[test]
fn keywords_take_their_values_from_options() {
    let folder = tempfile::tempdir().unwrap();
    let line = "Subject: [media_ip] [media_port] [media_port+2] [auto_media_port] [dynamic_id] [dynamic_id] [dynamic_id]";
    fs::write(folder.path().join("x.xml"), options(line)).unwrap();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = sink.local_addr().unwrap();
    let run = |options: &str| {
        let line = format!(
            "-sf x.xml {target} -i 127.0.0.1 -m 2 -r 100 -nr -trace_msg -message_file m.log {options}"
        );
        let outcome = sipp_in(folder.path(), &line);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        let messages = fs::read_to_string(folder.path().join("m.log")).unwrap();
        let subjects = messages.lines().filter_map(|line| line.strip_prefix("Subject: "));
        subjects.map(|text| text.trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        run(""),
        ["127.0.0.1 6000 6002 6000 10000 10004 10008", "127.0.0.1 6000 6002 6004 10012 10016 10020"]
    );
    let media = "-mi 192.0.2.7 -mp 7000 -max_rtp_port 8000";
    let ids = "-dynamicStart 5 -dynamicMax 8 -dynamicStep 2";
    assert_eq!(
        run(&format!("{media} {ids}")),
        ["192.0.2.7 7000 7002 7000 5 7 5", "192.0.2.7 7000 7002 7004 7 5 7"]
    );
    assert_eq!(run("-mi ::1 -min_rtp_port 7000")[0], "::1 7000 7002 7000 10000 10004 10008");
}

#[test]
fn circuits() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        options("Subject: [tdmmap]").replace("</scenario>", "<pause milliseconds=\"300\"/>\n</scenario>");
    fs::write(folder.path().join("x.xml"), text).unwrap();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = sink.local_addr().unwrap();
    let line = format!("-sf x.xml {target} -i 127.0.0.1 -r 100 -nr -trace_msg -message_file m.log");
    let outcome = sipp_in(folder.path(), &format!("{line} -m 4 -tdmmap {{0-1}}{{99}}{{5-5}}{{1-2}}"));
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let messages = fs::read_to_string(folder.path().join("m.log")).unwrap();
    for circuit in ["0.99.5/1", "0.99.5/2", "1.99.5/1", "1.99.5/2"] {
        assert_eq!(messages.matches(&format!("Subject: {circuit}\r\n")).count(), 1, "{circuit}: {messages}");
    }
    let few = format!("{line} -m 4 -tdmmap {{0-0}}{{99}}{{5-5}}{{1-2}} -trace_stat -stf s.csv");
    let outcome = sipp_in(folder.path(), &few);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert_eq!(last(folder.path(), "s.csv", "FailedOutboundCongestion(C)"), "2");
    let outcome = sipp_in(folder.path(), &format!("{line} -m 1"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    let text = "x, line 2: [tdmmap] keyword without -tdmmap parameter on command line";
    assert!(outcome.stderr.contains(text), "{outcome:?}");
    let outcome = sipp_in(folder.path(), &format!("{line} -m 1 -tdmmap {{0-1}}{{99}}"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("{0-3}{99}{5-8}{1-31}"), "the form is shown: {outcome:?}");
}
