//! Sounds and captures between SIPp and us: counted, heard, scored.

use super::call::{Side, exec, log_statistics, pause};
use super::stage::{Part, Stage};
use crate::peers::Tool;
use Tool::{Busyhour, Sipp38};

/// The caller streams a sound of five seconds twice; the callee, which listens as SIPp can, counts.
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
    assert_eq!(
        played.callee.logged,
        [format!("heard 100.000000 of {payload_type}")],
        "{}",
        played.logs
    );
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
