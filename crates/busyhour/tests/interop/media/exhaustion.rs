//! More calls than media ports.

use super::call::{Side, exec, pause};
use super::stage::{Part, Stage};
use crate::peers::Tool;

#[test]
fn calls_without_a_port_fail_and_the_others_go_on() {
    let stage = Stage::with(&["tone.wav"]);
    let steps = [exec("rtp_stream", "tone.wav,-1,0,PCMU/8000"), pause(1500)];
    let scenario = Side { steps: steps.concat(), ..Side::default() }.caller();
    let mut caller = Part::new(Tool::Busyhour, scenario, "-r 1000 -l 6");
    // Two pairs.
    caller.ports.last = caller.ports.first + 3;
    let callee = Part::named(Tool::Busyhour, "uas", "-hear");
    let callee = stage.start_callee(&callee, 2);
    let caller = stage.start_caller(&caller, callee.port, 6);
    let played = stage.finish(caller, callee);
    let counts = played.caller.counts;
    assert_eq!((counts.exit, counts.successful, counts.failed), (1, 2, 4), "{}", played.logs);
    assert!(
        played.caller.agent.process.logs().contains("6 calls at a time need 6 media ports"),
        "{}",
        played.logs
    );
    let reasons = played
        .caller
        .errors
        .lines()
        .filter(|line| line.contains("no free") && line.contains("Call-Id"))
        .count();
    assert_eq!(reasons, 4, "{}", played.caller.errors);
    assert_eq!(played.callee.agent.media_total("streams heard"), 2, "{}", played.logs);
}
