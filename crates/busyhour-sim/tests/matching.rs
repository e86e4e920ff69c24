//! Which step takes a message (spec-engine §3.3–§3.5, spec-scenario §9.2).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

const OPTIONAL_180: &str = "<recv response=\"180\" optional=\"true\"/>";

#[test]
fn an_optional_message_may_come_or_not_and_come_again() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"100\" optional=\"true\"/>",
        OPTIONAL_180,
        &recv("response=\"200\""),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    // 180, then the 100 before it, then another 180: all contiguous.
    stage.say(&response(&invite, "180 Ringing"));
    stage.say(&response(&invite, "100 Trying"));
    stage.say(&response(&invite, "180 Ringing again"));
    stage.is_open();
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.succeeds();
    assert_eq!((stage.step(1).messages, stage.step(2).messages), (1, 2));
}

#[test]
fn a_mandatory_message_that_is_missing_is_not_passed_over() {
    let text = scenario(&[
        &send("INVITE", ""),
        &recv("response=\"180\""),
        &recv("response=\"200\""),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.fails(FailureKind::UnexpectedMessage);
}

/// A call past its ACK that takes an INFO by this step before, wherever it is; and its INVITE.
fn answered(info: &str) -> (Stage, String) {
    let text = scenario(&[
        &send("INVITE", ""),
        info,
        &recv("response=\"200\""),
        &send("ACK", ""),
        &recv("request=\"BYE\""),
        &reply("200 OK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    (stage, invite)
}

#[test]
fn a_global_optional_message_is_taken_anywhere_and_throws_the_call_back() {
    let (mut stage, invite) = answered("<recv request=\"INFO\" optional=\"global\"/>");
    stage.say(&request_back("INFO", 1, &invite));
    // Now at the 200 once more.
    stage.say(&response(&invite, "200 OK again"));
    stage.hears("ACK");
    stage.say(&request_back("BYE", 2, &invite));
    stage.succeeds();
}

#[test]
fn advance_state_false_leaves_the_call_where_it_is() {
    let (mut stage, invite) = answered(
        "<recv request=\"INFO\" optional=\"global\" advance_state=\"false\"><action><log message=\"info\"/></action></recv>",
    );
    stage.say(&request_back("INFO", 1, &invite));
    stage.hears_nothing();
    stage.say(&request_back("BYE", 2, &invite));
    stage.hears("200");
    stage.succeeds();
    assert_eq!(stage.logs(), ["info"]);
}

#[test]
fn a_message_taken_without_advance_is_taken_again_when_it_is_repeated() {
    // Seen with 3.8.0: it is not remembered.
    let (mut stage, invite) =
        answered("<recv request=\"INFO\" optional=\"global\" advance_state=\"false\"/>");
    for _ in 0..2 {
        stage.say(&request_back("INFO", 1, &invite));
    }
    assert_eq!((stage.step(1).messages, stage.step(1).retransmissions), (2, 0));
    stage.is_open();
}

#[test]
fn an_optional_message_whose_test_is_not_set_leaves_the_call_where_it_is() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"183\" optional=\"true\" next=\"out\" test=\"early\">\
         <action><ereg regexp=\"X-Early\" search_in=\"msg\" assign_to=\"early\"/></action></recv>",
        &recv("response=\"200\""),
        &send("ACK", ""),
        "<label id=\"out\"/>",
        &nop("", "<log message=\"out\"/>"),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "183 Progress"));
    stage.is_open();
    stage.say(&response(&invite, "183 Progress").replace("Contact", "X-Early: 1\r\nContact"));
    stage.succeeds();
    assert_eq!(stage.logs(), ["out"]);
}

#[test]
fn a_response_is_matched_by_the_methods_sent_before_the_recv() {
    let text = scenario(&[
        &send("MESSAGE", ""),
        &recv("response=\"200\""),
        &send("INFO", ""),
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let message = stage.hears("MESSAGE");
    // A 200 of a request that comes later in the file.
    stage.say(&response(&message, "200 OK").replace("MESSAGE", "INFO"));
    stage.fails(FailureKind::UnexpectedMessage);

    // A late 200 of an earlier request satisfies a later recv, as in SIPp.
    let mut stage = Stage::client(&text, |settings| settings.retransmit = false);
    let message = stage.hears("MESSAGE");
    stage.say(&response(&message, "200 OK"));
    stage.hears("INFO");
    stage.say(&response(&message, "200 OK"));
    stage.succeeds();
}

#[test]
fn requests_and_responses_are_matched_by_expressions() {
    let text = scenario(&[
        &recv("request=\"^(INFO|MESSAGE)$\" regexp_match=\"true\""),
        &reply("200 OK", ""),
        &send("OPTIONS", ""),
        &recv("response=\"[45][0-9][0-9]\" regexp_match=\"true\""),
    ]);
    let mut stage = Stage::server(&text, |_| {});
    stage.say(&request("MESSAGE", 1, "x"));
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["200 OK", "OPTIONS"]);
    stage.say(&response(&heard[1].text(), "503 Busy"));
    stage.succeeds();
}

#[test]
fn methods_are_compared_whole_and_with_case() {
    for method in ["OPTIONSX", "options", "OPTION"] {
        let mut stage =
            Stage::server(&scenario(&[&recv("request=\"OPTIONS\""), &reply("200 OK", "")]), |_| {});
        stage.say(&request(method, 1, "x"));
        stage.fails(FailureKind::UnexpectedMessage);
    }
}

fn transactions() -> String {
    scenario(&[
        &send("INVITE", "start_txn=\"call\""),
        "<recv response=\"180\" response_txn=\"call\" optional=\"true\"/>",
        &recv("response=\"200\" response_txn=\"call\""),
        &send_with("ACK", "ack_txn=\"call\"", "X-Tick: [clock_tick]", ""),
        &send("INFO", "start_txn=\"info\""),
        &recv("response=\"200\" response_txn=\"info\""),
        &send("BYE", "start_txn=\"end\""),
        &recv("response=\"200\" response_txn=\"end\""),
    ])
}

#[test]
fn a_response_of_a_transaction_is_matched_by_its_branch() {
    let mut stage = Stage::client(&transactions(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.wait(50);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["ACK", "INFO"]);
    // Another 200 of the INVITE gets its ACK, made anew, and is not taken for the INFO's.
    stage.say(&response(&invite, "200 OK").replace("Contact", "X-Other: 1\r\nContact"));
    let ack = stage.hears("ACK");
    assert_ne!(header(&ack, "X-Tick"), header(&heard[0].text(), "X-Tick"));
    // A late provisional one is ignored.
    stage.say(&response(&invite, "180 Ringing"));
    stage.hears_nothing();
    // The INFO's, with a CSeq that says nothing.
    let info = heard[1].text();
    stage.say(&response(&info, "200 OK").replace(" INFO", " WHATEVER"));
    let bye = stage.hears("BYE");
    // The INFO's again is ignored.
    stage.say(&response(&info, "200 OK").replace(" INFO", " WHATEVER"));
    stage.is_open();
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
}

#[test]
fn a_response_with_a_strange_branch_is_unexpected_in_a_transaction() {
    let mut stage = Stage::client(&transactions(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK").replace("z9hG4bK", "z9hG4bK-strange"));
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn messages_in_a_pause_can_be_ignored() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<pause milliseconds=\"1000\"/>",
        &recv("response=\"200\""),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.ignore_messages_in_pause = true);
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.is_open();
    stage.wait(1000);
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.succeeds();
}

#[test]
fn a_message_for_a_server_that_begins_with_nops_and_a_pause_waits_for_its_recv() {
    let text = scenario(&[
        &nop("", "<log message=\"first\"/>"),
        "<pause milliseconds=\"100\"/>",
        &recv("request=\"MESSAGE\""),
        &reply("200 OK", ""),
    ]);
    let mut stage = Stage::server(&text, |_| {});
    stage.say(&request("MESSAGE", 1, "x"));
    stage.is_open();
    stage.wait(200);
    stage.hears("200");
    stage.succeeds();
}

#[test]
fn nops_between_a_send_and_its_answer_never_lose_it() {
    let nops = vec![nop("", "<log message=\"n\"/>"); 20].concat();
    let text = scenario(&[&send("OPTIONS", ""), &nops, &recv("response=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
}
