//! Sounds and captures between SIPp and us: counted, heard, scored.

use super::call::{Side, exec, log_statistics, pause};
use super::stage::{Part, Played, Stage};
use crate::peers::Tool;
use Tool::{Busyhour, Sipp38};

/// The caller streams a sound of a second twice; the callee, which listens as SIPp can, counts.
fn check_stream(caller: Tool, callee: Tool, payload: &str, payload_type: &str) {
    let stage = Stage::with(&[]);
    // Encoded bytes: 50 packets of 20 ms.
    stage.write("sound.raw", &[0xd5; 50 * 160]);
    let calling = Side::that(&[&exec("rtp_stream", &format!("{{file}},2,{payload}")), &pause(2500)]);
    let scenario = calling.caller().replace("{file}", &stage.path("sound.raw"));
    let listening = Side::default().at_the_end(&[&log_statistics()]);
    let caller = Part::new(caller, scenario, "");
    let callee = Part::new(callee, listening.callee(), "");
    let played = stage.play(&caller, &callee, 1);
    played.assert_well(1);
    assert_eq!(played.callee.logged, [format!("heard 100.000000 of {payload_type}")], "{}", played.logs);
}

#[test]
fn our_stream_is_counted_by_sipp() {
    check_stream(Busyhour, Sipp38, "8,PCMA/8000", "8.000000");
}

#[test]
fn sipps_stream_is_counted_by_us() {
    check_stream(Sipp38, Busyhour, "8,PCMA/8000", "8.000000");
}

#[test]
fn our_g722_is_counted_by_sipp() {
    check_stream(Busyhour, Sipp38, "9,G722/8000", "9.000000");
}

#[test]
fn sipps_g722_is_counted_by_us() {
    check_stream(Sipp38, Busyhour, "9,G722/8000", "9.000000");
}

const CAPTURES: [&str; 2] = ["g711a.pcap", "dtmf_2833_1.pcap"];
/// Packets of both: eight seconds of sound, one digit.
const PACKETS: u64 = 400 + 10;

/// Calls of the built-in `uac_pcap` to the built-in `uas`. SIPp looks for the captures in its working
/// directory.
fn play_captures(caller: Tool, callee: Tool, callee_options: &str, calls: u64) -> (Stage, Played) {
    let stage = Stage::with(&[]);
    for name in CAPTURES {
        let bytes = busyhour_media::generate::example_file(name).expect("an example");
        stage.write(&format!("caller/client/pcap/{name}"), &bytes);
    }
    let caller = Part::named(caller, "uac_pcap", "-r 10");
    let callee = Part::named(callee, "uas", callee_options);
    let played = stage.play(&caller, &callee, calls);
    played.assert_well(calls);
    (stage, played)
}

#[test]
fn captures_of_sipp_are_heard() {
    let (_stage, played) = play_captures(Sipp38, Busyhour, "-hear", 1);
    let callee = &played.callee.agent;
    assert_eq!(callee.media_total("RTP packets received"), PACKETS, "{}", played.logs);
    assert_eq!(callee.media_total("packets lost on the way here"), 0, "{}", played.logs);
    let report = callee.process.stdout();
    let score =
        report.lines().find_map(|line| line.trim_start().strip_prefix("MOS (1 bad, 4.4 best by telephone)"));
    let median: f64 = score.and_then(|line| line.split_whitespace().last()?.parse().ok()).expect("a score");
    assert!(median > 4.2, "{report}");
}

#[test]
fn captures_of_many_calls_of_sipp_are_counted() {
    // All come from one port to one port with one SSRC, as the file has it: nobody can say which call they
    // are of, but none is lost, and nobody is told that their call was silent.
    let (_stage, played) = play_captures(Sipp38, Busyhour, "-hear", 5);
    let callee = &played.callee.agent;
    let known = callee.media_total("RTP packets received");
    assert_eq!(known + callee.media_total("RTP packets of no known call"), 5 * PACKETS, "{}", played.logs);
    assert_eq!(callee.media_total("one-way streams: sent, nothing heard"), 0, "{}", played.logs);
}

#[test]
fn captures_of_ours_come_back_from_sipp() {
    let (_stage, played) = play_captures(Busyhour, Sipp38, "-rtp_echo", 1);
    let caller = &played.caller.agent;
    assert_eq!(caller.media_total("RTP packets sent"), PACKETS, "{}", played.logs);
    assert_eq!(caller.media_total("RTP packets received"), PACKETS, "{}", played.logs);
    assert_eq!(caller.media_total("one-way streams: sent, nothing heard"), 0, "{}", played.logs);
}

/// The caller plays a capture; the callee, which listens as SIPp can, counts.
fn check_capture(caller: Tool, callee: Tool) {
    let stage = Stage::with(&["g711a.pcap"]);
    let calling = Side::that(&[&exec("play_pcap_audio", "{file}"), &pause(9000)]);
    let scenario = calling.caller().replace("{file}", &stage.path("g711a.pcap"));
    let listening = Side::default().at_the_end(&[&log_statistics()]);
    let played = stage.play(&Part::new(caller, scenario, ""), &Part::new(callee, listening.callee(), ""), 1);
    played.assert_well(1);
    assert_eq!(played.callee.logged, ["heard 400.000000 of 8.000000"], "{}", played.logs);
}

#[test]
fn our_capture_is_counted_by_sipp() {
    check_capture(Busyhour, Sipp38);
}

#[test]
fn sipps_capture_is_counted_by_us() {
    check_capture(Sipp38, Busyhour);
}
