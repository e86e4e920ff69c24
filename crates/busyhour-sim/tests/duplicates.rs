//! What the peer sends again, and what comes late (spec-engine §5, spec-3.8 B §3.4 and §5).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

fn server() -> String {
    scenario(&[
        &recv("request=\"INVITE\""),
        &reply("180 Ringing", ""),
        "<pause milliseconds=\"100\"/>",
        &reply("200 OK", "retrans=\"500\""),
        &recv("request=\"ACK\""),
        "<pause milliseconds=\"1000\"/>",
        &recv("request=\"BYE\""),
        &reply("200 OK", ""),
        "<timewait milliseconds=\"4000\"/>",
    ])
}

fn client() -> String {
    scenario(&[
        &send("INVITE", "retrans=\"500\""),
        "<recv response=\"100\" optional=\"true\"/>",
        "<recv response=\"180\" optional=\"true\"/>",
        &recv("response=\"200\""),
        &send_with("ACK", "", "X-Tick: [clock_tick]", ""),
        "<pause milliseconds=\"1000\"/>",
        &send("BYE", "retrans=\"500\""),
        &recv("response=\"200\""),
    ])
}

#[test]
fn a_repeated_invite_gets_the_last_answer_again_to_the_byte() {
    let mut stage = Stage::server(&server(), |_| {});
    let invite = request("INVITE", 1, "x");
    stage.say(&invite);
    let ringing = stage.hears("180");
    stage.say(&invite);
    assert_eq!(stage.hears("180"), ringing);
    stage.wait(200);
    let ok = stage.hears("200");
    stage.say(&invite);
    assert_eq!(stage.hears("200"), ok);
    // [dynamic_id] differs from message to message, but not from repeat to repeat.
    assert_ne!(header(&ok, "X-Id"), header(&ringing, "X-Id"));
    assert_eq!(stage.step(0).retransmissions, 2);
    assert_eq!(stage.step(1).retransmissions, 1);
    assert_eq!(stage.step(3).retransmissions, 1);
    stage.is_open();
}

#[test]
fn a_repeated_bye_gets_its_200_again_in_the_final_wait() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.wait(200);
    stage.say(&request("ACK", 1, "x"));
    stage.wait(1000);
    stage.lines();
    stage.say(&request("BYE", 2, "x"));
    let ok = stage.hears("200");
    stage.say(&request("BYE", 2, "x"));
    assert_eq!(stage.hears("200"), ok);
    stage.wait(5000);
    stage.succeeds();
}

#[test]
fn a_duplicate_that_is_not_yet_answered_is_dropped() {
    let text =
        scenario(&[&recv("request=\"INVITE\""), "<pause milliseconds=\"1000\"/>", &reply("200 OK", "")]);
    let mut stage = Stage::server(&text, |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.say(&request("INVITE", 1, "x"));
    stage.hears_nothing();
    assert_eq!(stage.step(0).retransmissions, 1);
    stage.wait(1000);
    stage.hears("200");
    stage.succeeds();
}

#[test]
fn without_retransmissions_a_duplicate_is_a_message_like_any_other() {
    let text = scenario(&[&recv("request=\"MESSAGE\""), &reply("200 OK", ""), &recv("request=\"INFO\"")]);
    let mut stage = Stage::server(&text, |settings| settings.retransmit = false);
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.say(&request("MESSAGE", 1, "x"));
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_repeated_200_gets_the_same_ack_again() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    let ok = response(&invite, "200 OK");
    stage.say(&ok);
    let ack = stage.hears("ACK");
    stage.say(&ok);
    assert_eq!(stage.hears("ACK"), ack);
    stage.is_open();
    assert_eq!(stage.step(4).retransmissions, 1);
}

#[test]
fn a_repeated_200_that_is_not_identical_gets_a_new_ack() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    let ok = response(&invite, "200 OK");
    stage.say(&ok);
    let ack = stage.hears("ACK");
    stage.wait(100);
    stage.say(&ok.replace("Content-Length", "X-Other: 1\r\nContent-Length"));
    let again = stage.hears("ACK");
    assert_ne!(header(&again, "X-Tick"), header(&ack, "X-Tick"));
    stage.is_open();
    // Even once the BYE is under way, which the late 200 must not answer.
    stage.wait(1000);
    let bye = stage.hears("BYE");
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
}

#[test]
fn a_repeated_200_gets_its_ack_again_while_the_bye_is_under_way_and_after_it() {
    let mut stage =
        Stage::client(&(client().replace("</scenario>", "<pause milliseconds=\"500\"/></scenario>")), |_| {});
    let invite = stage.hears("INVITE");
    let ok = response(&invite, "200 OK");
    stage.say(&ok);
    let ack = stage.hears("ACK");
    stage.wait(1000);
    let bye = stage.hears("BYE");
    stage.say(&ok);
    assert_eq!(stage.hears("ACK"), ack);
    stage.say(&response(&bye, "200 OK"));
    stage.say(&ok);
    assert_eq!(stage.hears("ACK"), ack);
    stage.wait(1000);
    stage.succeeds();
}

#[test]
fn a_repeated_failure_that_is_not_identical_gets_a_new_ack() {
    let text = scenario(&[
        &send("INVITE", ""),
        &recv("response=\"486\""),
        &send("ACK", ""),
        "<pause milliseconds=\"500\"/>",
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    let busy = response(&invite, "486 Busy Here");
    stage.say(&busy);
    stage.hears("ACK");
    stage.say(&busy.replace("Contact", "X-Other: 1\r\nContact"));
    stage.hears("ACK");
    stage.wait(1000);
    stage.succeeds();
}

#[test]
fn a_repeated_final_response_to_another_request_that_is_not_identical_is_unexpected() {
    let text = scenario(&[
        &send("MESSAGE", ""),
        &recv("response=\"202\""),
        &send("INFO", ""),
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let message = stage.hears("MESSAGE");
    let accepted = response(&message, "202 Accepted");
    stage.say(&accepted);
    stage.hears("INFO");
    stage.say(&accepted.replace("Contact", "X-Other: 1\r\nContact"));
    stage.hears("BYE");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_late_180_is_ignored() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.say(&response(&invite, "180 Ringing"));
    stage.hears_nothing();
    stage.is_open();
    stage.wait(1000);
    stage.hears("BYE");
    stage.say(&response(&invite, "100 Trying"));
    stage.is_open();
}

#[test]
fn an_old_ack_is_ignored() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.wait(200);
    stage.say(&request("ACK", 1, "x"));
    stage.wait(1000);
    stage.say(&request("BYE", 2, "x"));
    stage.lines();
    stage.say(&request("ACK", 1, "x"));
    stage.hears_nothing();
    stage.wait(5000);
    stage.succeeds();
}

#[test]
fn a_loose_check_looks_at_a_few_headers() {
    let mut stage = Stage::server(&server(), |settings| settings.loose_duplicate_check = true);
    stage.say(&request("INVITE", 1, "x"));
    stage.hears("180");
    stage.say(&request("INVITE", 1, "x").replace("Contact", "X-Other: 1\r\nContact"));
    stage.hears("180");
    stage.is_open();
}

#[test]
fn an_invite_with_an_old_cseq_that_the_scenario_waits_for_behind_an_optional_recv_is_taken() {
    // Scripts that write "CSeq: 1 INVITE" into every INVITE are common.
    let text = scenario(&[
        &recv("request=\"INVITE\""),
        &reply("401 Unauthorized", ""),
        "<recv request=\"ACK\" optional=\"true\"/>",
        &recv("request=\"INVITE\""),
        &reply("200 OK", ""),
    ]);
    let mut stage = Stage::server(&text, |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.hears("401");
    stage.say(&request("INVITE", 1, "x").replace("z9hG4bK-", "z9hG4bK-second-"));
    stage.hears("200");
    stage.succeeds();
}
