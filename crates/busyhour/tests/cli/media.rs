//! Media from the command line: options, files, ports, checks, reports.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use crate::caller::{OWN_PORT, against_uas, caller, folder_with};
use crate::program::{
    Outcome, busyhour, busyhour_in, free_port, sipp, sipp_in, start_sipp_in, wait_for_port, wait_until,
};

const PATTERN: &str = "<exec rtp_stream=\"apattern,1,8,PCMA/8000\"/>";

/// Media ports of a server that a client's own do not meet: the server names one port to all calls and opens none.
const SILENT: &str = "-mp 39998";

/// The number behind a label of the report.
fn figure(outcome: &Outcome, label: &str) -> Option<u64> {
    let line = outcome.stdout.lines().find_map(|line| line.trim_start().strip_prefix(label))?;
    let number: String = line.trim_start().split("  ").next()?.chars().filter(char::is_ascii_digit).collect();
    number.parse().ok()
}

#[test]
fn wrong_options_are_refused() {
    for (line, text) in [
        ("-min_rtp_port 9000 -max_rtp_port 8000", "-min_rtp_port 9000 is above -max_rtp_port 8000"),
        ("-max_rtp_port 5999", "-min_rtp_port 6000 is above -max_rtp_port 5999"),
        ("-mp 65536", "out of range"),
        ("-rtp_payload 128", "out of range"),
        ("-rtp_payload 101", "-rtp_payload: 101 alone"),
        ("-rtp_payload 7", "give 0 (PCMU), 8 (PCMA), 9 (G722) or 18 (G729)"),
        ("-audiotolerance x", "is not a floating point number!"),
        ("-videotolerance -0.5", "-videotolerance"),
        ("-media_threads 0", "out of range"),
    ] {
        let outcome = sipp(&format!("-sn uas -i 127.0.0.1 -p 0 {line} -timeout 100ms"));
        assert_eq!(outcome.status, 255, "{line}: {outcome:?}");
        assert!(outcome.stderr.contains(text), "{line}: {outcome:?}");
    }
}

#[test]
fn files_that_can_not_be_played_are_refused_before_the_run_with_their_place() {
    let scenario =
        caller(OWN_PORT, "\n<exec play_pcap_audio=\"missing.pcap\"/>\n<exec rtp_stream=\"empty.wav\"/>");
    let folder = folder_with(&scenario);
    fs::write(folder.path().join("empty.wav"), "").unwrap();
    let place = |text: &str| {
        let line = scenario.lines().position(|line| line.contains(text)).unwrap();
        let column = scenario.lines().nth(line).unwrap().find(text).unwrap();
        format!("x.xml:{}:{}", line + 1, column + 1)
    };
    let run = sipp_in(folder.path(), "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -m 1 -timeout 1");
    let check = busyhour_in(folder.path(), &["check", "x.xml"]);
    assert_eq!((run.status, check.status), (255, 1), "{run:?} {check:?}");
    for (text, name) in [(&run.stderr, "run"), (&check.stdout, "check")] {
        assert!(text.contains(&place("missing.pcap")), "{name}: {text}");
        assert!(text.contains(&place("empty.wav")), "{name}: {text}");
    }
}

#[test]
fn files_are_looked_for_beside_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(folder.path().join("below/x.xml"), caller(OWN_PORT, "<exec rtp_stream=\"a.raw,1,8\"/>"))
        .unwrap();
    fs::write(folder.path().join("below/a.raw"), [0x55; 1600]).unwrap();
    let check = busyhour_in(folder.path(), &["check", "below/x.xml"]);
    assert_eq!((check.status, check.stdout.as_str()), (0, "below/x.xml: ok\n"), "{check:?}");
}

#[test]
fn rtp_echo_sends_patterns_back() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    let (client, server) = against_uas(folder.path(), "", "-rtp_echo -mp 40000", 5);
    assert_eq!((client.status, server.status), (0, 0), "{client:?} {server:?}");
    assert!(figure(&client, "RTP packets received").is_some_and(|packets| packets >= 5 * 40), "{client:?}");
    assert!(server.stdout.contains(" Total echo RTP pckts"), "{server:?}");
}

#[test]
fn a_pattern_that_nobody_sends_back_exits_with_253() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    let (client, server) = against_uas(folder.path(), "-trace_err", SILENT, 2);
    assert_eq!((client.status, server.status), (253, 0), "{client:?} {server:?}");
    assert_eq!(figure(&client, "calls whose pattern did not come back"), Some(2), "{client:?}");
    assert!(client.stderr.contains("RTP check failed"), "{client:?}");
}

#[test]
fn one_way_calls_are_counted() {
    let folder = folder_with(&caller(OWN_PORT, "<exec rtp_stream=\"a.raw,-1,8\"/>"));
    fs::write(folder.path().join("a.raw"), [0x55; 1600]).unwrap();
    let (client, _) = against_uas(folder.path(), "", SILENT, 1);
    assert_eq!(client.status, 0, "{client:?}");
    assert_eq!(figure(&client, "one-way streams: sent, nothing heard"), Some(1), "{client:?}");
    assert!(client.stdout.contains("  one-way  "), "named among the worst calls: {client:?}");
}

#[test]
fn hear_listens_without_media_actions() {
    let folder = folder_with(&caller(OWN_PORT, "<exec rtp_stream=\"a.raw,-1,0\"/>"));
    fs::write(folder.path().join("a.raw"), [0x7f; 1600]).unwrap();
    let (_, server) = against_uas(folder.path(), "", "-hear -mp 41000", 2);
    assert_eq!(figure(&server, "streams heard"), Some(2), "{server:?}");
    assert!(server.stdout.contains("MOS"), "{server:?}");
    let (_, server) = against_uas(folder.path(), "", "-mp 41000", 2);
    assert_eq!(figure(&server, "streams heard"), None, "{server:?}");
}

#[test]
fn no_rtcp_sends_none() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    for (option, is_sent) in [("-nr", true), ("-no_rtcp", false)] {
        let (client, _) = against_uas(folder.path(), option, "-rtp_echo -mp 42000", 1);
        assert_eq!(figure(&client, "RTCP packets sent").is_some(), is_sent, "{option}: {client:?}");
    }
}

#[test]
fn no_hearing_only_counts() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    for (option, is_judged) in [("-nr", true), ("-no_hearing", false)] {
        let (client, _) = against_uas(folder.path(), option, "-rtp_echo -mp 42100", 1);
        assert!(figure(&client, "RTP packets received").is_some(), "{option}: {client:?}");
        // What nobody has measured is not shown, not even as 0.
        for label in
            ["MOS (1 bad, 4.4 best by telephone)", "packets lost on the way here", "jitter, highest", "loss "]
        {
            assert_eq!(client.stdout.contains(label), is_judged, "{option}, {label}: {client:?}");
        }
        assert!(
            figure(&client, "RTP packets received").is_some_and(|count| count > 20),
            "{option}: {client:?}"
        );
    }
}

/// The first RTP packet of a call of `x.xml` to a server that wants media sent here.
fn first_packet(folder: &Path, options: &str) -> Vec<u8> {
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    sink.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let port = free_port();
    let line =
        format!("-sn uas -i 127.0.0.1 -p {port} -m 1 -mp {} -timeout 20", sink.local_addr().unwrap().port());
    let server = start_sipp_in(folder, &line);
    wait_for_port(port);
    let line = format!("-sf x.xml 127.0.0.1:{port} -i 127.0.0.1 -m 1 -r 20 -timeout 20 {options}");
    let client = start_sipp_in(folder, &line);
    let mut packet = vec![0; 2000];
    let (len, _) = sink.recv_from(&mut packet).unwrap();
    packet.truncate(len);
    client.wait();
    drop(server);
    packet
}

#[test]
fn payload_type_and_source_are_those_of_the_options() {
    let folder = folder_with(&caller(OWN_PORT, "<exec rtp_stream=\"a.raw\"/>"));
    fs::write(folder.path().join("a.raw"), [0x55; 1600]).unwrap();
    let header = |options: &str| {
        let packet = first_packet(folder.path(), options);
        assert!(packet.len() > 12 && packet[0] == 0x80, "{packet:?}");
        (packet[1] & 0x7f, u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]))
    };
    let (payload_type, ssrc) = header("");
    assert_eq!((payload_type, ssrc >> 8), (8, 0x00ca_1100), "SIPp's defaults");
    assert_eq!(header("-rtp_payload 0").0, 0);
    let (_, ssrc) = header("-random_base_ssrc");
    assert_ne!(ssrc >> 16, 0xca11);
}

#[test]
fn a_media_port_that_is_taken_moves_and_the_call_names_the_one_it_has() {
    let taken =
        (20_000..30_000).step_by(4).find_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = folder_with(&caller("[media_port]", "<exec rtp_stream=\"a.raw,-1,8\"/>"));
    fs::write(folder.path().join("a.raw"), [0x55; 1600]).unwrap();
    let line = format!("-mp {port} -trace_msg -message_file m.log");
    let (client, _) = against_uas(folder.path(), &line, SILENT, 1);
    assert_eq!(client.status, 0, "{client:?}");
    let messages = fs::read_to_string(folder.path().join("m.log")).unwrap();
    let line = messages.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap();
    let named: u16 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(named > port && (named - port).is_multiple_of(2), "{named} instead of {port}");
}

#[test]
fn ports_come_from_the_range_and_too_few_are_told_before_the_run() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    let line = "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -m 100 -r 100 -l 60 -timeout 100ms";
    let outcome = sipp_in(folder.path(), &format!("{line} -min_rtp_port 43000 -max_rtp_port 43019"));
    assert!(outcome.stderr.contains("warning: 60 calls at a time need 60 media ports"), "{outcome:?}");
    assert!(outcome.stderr.contains("there are 10"), "{outcome:?}");
    assert!(outcome.stderr.contains("-max_rtp_port 43119"), "the way out: {outcome:?}");
    let outcome = sipp_in(folder.path(), &format!("{line} -min_rtp_port 43001 -max_rtp_port 43001"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("This run can't have media: "), "{outcome:?}");
    let outcome = sipp_in(folder.path(), &format!("{line} -mp 0"));
    assert_eq!(outcome.status, 255, "{outcome:?}");
    assert!(outcome.stderr.contains("-min_rtp_port 0"), "{outcome:?}");
}

#[test]
fn an_address_that_is_not_ours_is_told_before_the_run() {
    for port in [OWN_PORT, "[media_port]"] {
        let folder = folder_with(&caller(port, PATTERN));
        let outcome =
            sipp_in(folder.path(), "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -mi 192.0.2.1 -m 5 -timeout 5");
        assert_eq!(outcome.status, 255, "{port}: {outcome:?}");
        assert!(outcome.stderr.contains("mend -mi"), "{port}: {outcome:?}");
        assert!(!outcome.stdout.contains("Generator verdict"), "{port}: {outcome:?}");
    }
}

#[test]
fn calls_without_a_port_of_ours_are_not_the_targets_fault() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    let line = "-min_rtp_port 43100 -max_rtp_port 43103 -l 20 -r 50";
    let (client, _) = against_uas(folder.path(), line, "-rtp_echo -mp 43200 -timeout 3", 10);
    assert!(client.stderr.contains("no free media port"), "{client:?}");
    assert!(client.stdout.contains("generator-limited"), "{client:?}");
    assert!(client.stdout.contains("calls failed here and not at the target"), "{client:?}");
}

#[test]
fn media_threads_are_as_many_as_asked() {
    let folder = folder_with(&caller(OWN_PORT, PATTERN));
    for count in [1, 3] {
        let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
        let line = format!("-sf x.xml {} -i 127.0.0.1 -m 1 -timeout 60", sink.local_addr().unwrap());
        let run = start_sipp_in(folder.path(), &format!("{line} -workers 2 -media_threads {count}"));
        sink.recv_from(&mut [0; 4000]).unwrap();
        let named = || {
            let threads = fs::read_dir(format!("/proc/{}/task", run.pid())).unwrap();
            threads
                .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("comm")).ok())
                .filter(|name| name.starts_with("media"))
                .count()
        };
        wait_until(|| named() == count);
    }
}

#[test]
fn a_call_without_media_actions_has_the_port_that_it_promises() {
    let folder = folder_with(&caller(OWN_PORT, "<log message=\"port [rtpstream_audio_port]\"/>"));
    let (client, _) =
        against_uas(folder.path(), "-trace_logs -log_file a.log -min_rtp_port 31200", SILENT, 2);
    assert_eq!(client.status, 0, "{client:?}");
    let logs = fs::read_to_string(folder.path().join("a.log")).unwrap();
    let ports: Vec<u16> = logs.lines().filter_map(|line| line.strip_prefix("port ")?.parse().ok()).collect();
    assert!(ports.len() == 2 && ports[0] != ports[1] && ports.iter().all(|port| *port >= 31_200), "{logs}");
}

#[test]
fn runs_without_media_have_no_media_sockets_and_report() {
    let outcome = sipp("-sn uas -i 127.0.0.1 -p 0 -mp 1 -timeout 50ms");
    assert_eq!(outcome.status, 97, "port 1 is not bound: {outcome:?}");
    assert!(!outcome.stdout.contains("Media"), "{outcome:?}");
}

#[test]
fn the_demo_tells_how_it_sounded() {
    let outcome = busyhour(&["demo", "--duration", "1s", "--rate", "20"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("speak all the time"), "{outcome:?}");
    assert!(outcome.stdout.contains("Media of the callees"), "{outcome:?}");
    let scores: Vec<f64> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("MOS (1 bad"))
        .filter_map(|line| line.split_whitespace().last()?.parse().ok())
        .collect();
    assert_eq!(scores.len(), 2, "both sides: {outcome:?}");
    assert!(scores.iter().all(|mos| *mos > 4.2), "{outcome:?}");
}
