//! Receive timeouts (spec-engine §4.3, spec-3.8 A2).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

fn waits(attributes: &str, more: &[&str]) -> String {
    let first = [send("OPTIONS", ""), recv(&format!("response=\"200\" {attributes}"))];
    scenario(&[&first.concat(), &more.concat()])
}

#[test]
fn a_recv_that_waits_too_long_fails_the_call() {
    let mut stage = Stage::client(&waits("timeout=\"1000\"", &[]), |_| {});
    stage.hears("OPTIONS");
    stage.wait(990);
    stage.is_open();
    stage.wait(20);
    stage.fails(FailureKind::TimeoutOnRecv);
    assert_eq!(stage.step(1).timeouts, 1);
    // Nothing was received: there is nothing to release.
    stage.hears_nothing();
}

#[test]
fn the_option_counts_where_the_step_says_nothing_or_zero() {
    for attributes in ["", "timeout=\"0\""] {
        let mut stage = Stage::client(&waits(attributes, &[]), |settings| settings.recv_timeout_ms = 500);
        stage.wait(490);
        stage.is_open();
        stage.wait(20);
        stage.fails(FailureKind::TimeoutOnRecv);
    }
    let mut stage = Stage::client(&waits("timeout=\"1000\"", &[]), |settings| settings.recv_timeout_ms = 500);
    stage.wait(900);
    stage.is_open();
}

#[test]
fn a_negative_timeout_fires_at_once() {
    let mut stage = Stage::client(&waits("timeout=\"-5\"", &[]), |_| {});
    stage.hears("OPTIONS");
    stage.fails(FailureKind::TimeoutOnRecv);
}

#[test]
fn with_a_label_the_call_goes_on_there_and_has_not_failed() {
    let text = waits(
        "timeout=\"1000\" ontimeout=\"late\" next=\"end\"",
        &[
            "<label id=\"late\"/>",
            &nop("", "<log message=\"late\"/>"),
            "<label id=\"end\"/>",
            &nop("", "<log message=\"end\"/>"),
        ],
    );
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(1100);
    stage.succeeds();
    assert_eq!(stage.logs(), ["late", "end"]);
    assert_eq!(stage.step(1).timeouts, 1);
}

#[test]
fn a_label_at_the_end_does_not_save_the_call() {
    let text = waits("timeout=\"1000\" ontimeout=\"end\"", &["<label id=\"end\"/>"]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(1100);
    stage.fails(FailureKind::TimeoutOnRecv);
}

#[test]
fn a_timeout_can_be_a_text_with_keywords() {
    for (value, ms) in [("300", 300), ("300s", 300), ("soon", 700), ("", 700), ("0", 700)] {
        let text = scenario(&[
            &nop("", &format!("<assignstr assign_to=\"wait\" value=\"{value}\"/>")),
            &send("OPTIONS", ""),
            &recv("response=\"200\" timeout=\"[$wait]\""),
        ]);
        let mut stage = Stage::client(&text, |settings| settings.recv_timeout_ms = 700);
        stage.wait(ms - 10);
        stage.is_open();
        stage.wait(20);
        stage.fails(FailureKind::TimeoutOnRecv);
    }
}

#[test]
fn the_deadline_belongs_to_the_step_and_a_provisional_response_ends_it() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"180\" optional=\"true\" timeout=\"1000\"/>",
        &recv("response=\"200\""),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.wait(500);
    stage.say(&response(&invite, "180 Ringing"));
    stage.wait(60_000);
    stage.is_open();
}

#[test]
fn a_timeout_behind_an_optional_recv_never_fires() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"180\" optional=\"true\"/>",
        &recv("response=\"200\" timeout=\"1000\""),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(60_000);
    stage.is_open();
}

#[test]
fn a_timeout_after_ringing_cancels_and_one_in_an_established_call_hangs_up() {
    let text = scenario(&[
        &send("INVITE", ""),
        &recv("response=\"180\""),
        &recv("response=\"200\" timeout=\"1000\""),
        &send("ACK", ""),
        &recv("request=\"BYE\" timeout=\"1000\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.wait(1100);
    let cancel = stage.hears("CANCEL");
    assert_eq!(header(&cancel, "CSeq"), "1 CANCEL");
    stage.fails(FailureKind::TimeoutOnRecv);

    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.wait(1100);
    let bye = stage.hears("BYE");
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    stage.fails(FailureKind::TimeoutOnRecv);
}

#[test]
fn a_timeout_that_cannot_be_made_is_told() {
    let text = scenario(&[&send("OPTIONS", ""), &recv("response=\"200\" timeout=\"[tdmmap]\"")]);
    let mut stage = Stage::client(&text, |settings| settings.recv_timeout_ms = 200);
    let options = stage.hears("OPTIONS");
    let events = stage.events().join("\n");
    assert!(events.contains("[tdmmap]: this call has no circuit"), "{events}");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
}
