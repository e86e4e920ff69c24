//! Unexpected requests and the automatic answers (spec-engine §7), and `_unexp.main` (spec-scenario §9.4).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

fn client() -> String {
    scenario(&[
        &send("INVITE", ""),
        &recv("response=\"200\""),
        &send("ACK", ""),
        "<pause milliseconds=\"1000\"/>",
        &send_with("INFO", "", "X-Last: [last_CSeq.value]", ""),
        &recv("response=\"200\""),
    ])
}

fn established(change: impl FnOnce(&mut busyhour_engine::Settings)) -> (Stage, String) {
    let mut stage = Stage::client(&client(), change);
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    (stage, invite)
}

#[test]
fn an_unexpected_bye_or_cancel_is_answered_and_the_call_has_failed() {
    for method in ["BYE", "CANCEL"] {
        let (mut stage, invite) = established(|_| {});
        let request = request_back(method, 7, &invite);
        stage.say(&request);
        let ok = stage.hears("200");
        assert_eq!(header(&ok, "Via"), header(&request, "Via"));
        assert_eq!(header(&ok, "CSeq"), format!("7 {method}"));
        assert_eq!(header(&ok, "From"), header(&request, "From"));
        stage.fails(FailureKind::UnexpectedMessage);
        assert_eq!(stage.step(3).unexpected, 1);
        // No dead call is kept.
        stage.say(&request);
        let counters = stage.counters();
        assert_eq!((counters.dead_call, counters.out_of_call), (0, 1));
    }
}

#[test]
fn without_the_behaviour_bye_it_is_not_answered() {
    let (mut stage, invite) = established(|settings| settings.behaviors.bye = false);
    stage.say(&request_back("BYE", 7, &invite));
    stage.hears_nothing();
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn without_abortunexp_it_is_not_answered_and_the_call_goes_on() {
    let (mut stage, invite) = established(|settings| settings.behaviors.abort_unexpected = false);
    stage.say(&request_back("BYE", 7, &invite));
    stage.hears_nothing();
    stage.is_open();
    stage.wait(1000);
    stage.hears("INFO");
}

#[test]
fn a_ping_is_answered_and_the_call_goes_on() {
    let (mut stage, invite) = established(|_| {});
    stage.say(&request_back("PING", 7, &invite));
    stage.hears("200");
    stage.is_open();
    assert_eq!(stage.counters().auto_answered, 1);
    stage.wait(1000);
    let info = stage.hears("INFO");
    stage.say(&response(&info, "200 OK"));
    stage.succeeds();
}

#[test]
fn without_pingreply_a_ping_is_only_warned_of() {
    let (mut stage, invite) = established(|settings| settings.behaviors.ping_reply = false);
    stage.say(&request_back("PING", 7, &invite));
    stage.hears_nothing();
    stage.is_open();
    assert_eq!(stage.counters().auto_answered, 0);
}

#[test]
fn with_aa_four_methods_are_answered_and_leave_the_call_untouched() {
    let (mut stage, invite) = established(|settings| settings.auto_answer = true);
    for (at, method) in ["INFO", "NOTIFY", "OPTIONS", "UPDATE"].into_iter().enumerate() {
        let request = request_back(method, 70 + at as u32, &invite);
        stage.say(&request);
        let ok = stage.hears("200");
        assert_eq!(header(&ok, "CSeq"), header(&request, "CSeq"));
    }
    assert_eq!(stage.counters().auto_answered, 4);
    stage.wait(1000);
    // The last message is still the 200, and the CSeq counter has not moved.
    let info = stage.hears("INFO");
    assert_eq!(header(&info, "X-Last"), "1 INVITE");
    assert_eq!(header(&info, "CSeq"), "2 INFO");
    stage.say(&response(&info, "200 OK"));
    stage.succeeds();
}

#[test]
fn with_aa_other_methods_still_abort() {
    let (mut stage, invite) = established(|settings| settings.auto_answer = true);
    stage.say(&request_back("MESSAGE", 7, &invite));
    stage.hears("BYE");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn without_aa_an_options_aborts() {
    let (mut stage, invite) = established(|_| {});
    stage.say(&request_back("OPTIONS", 7, &invite));
    stage.hears("BYE");
    stage.fails(FailureKind::UnexpectedMessage);
}

fn server() -> String {
    scenario(&[&recv("request=\"INVITE\""), &reply("200 OK", ""), &recv("request=\"ACK\"")])
}

#[test]
fn an_ack_with_another_cseq_than_the_invite_ends_the_call() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 5, "x"));
    stage.hears("200");
    stage.say(&request("ACK", 6, "x"));
    stage.hears_nothing();
    stage.fails(FailureKind::AckCseq);
}

#[test]
fn without_the_behaviour_cseq_it_does_not() {
    let mut stage = Stage::server(&server(), |settings| settings.behaviors.check_ack_cseq = false);
    stage.say(&request("INVITE", 5, "x"));
    stage.hears("200");
    stage.say(&request("ACK", 6, "x"));
    stage.succeeds();
}

#[test]
fn a_message_without_to_is_unexpected() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 5, "x").replace("To: ", "X-To: "));
    stage.fails(FailureKind::UnexpectedMessage);
}

fn with_subroutine() -> String {
    scenario(&[
        &send("INVITE", ""),
        &recv("response=\"200\""),
        &send("ACK", ""),
        "<pause milliseconds=\"1000\"/>",
        &send("BYE", ""),
        &recv("response=\"200\" next=\"end\""),
        "<label id=\"_unexp.main\"/>",
        "<recv request=\"INFO\" optional=\"true\" next=\"answer\"><action><log message=\"info\"/></action></recv>",
        "<recv request=\"OPTIONS\"><action><log message=\"options\"/></action></recv>",
        "<label id=\"answer\"/>",
        &reply("200 OK", ""),
        &nop(
            "",
            "<pauserestore variable=\"_unexp.pausedaddr\"/><jump variable=\"_unexp.retaddr\"/>\
             <assign assign_to=\"_unexp.retaddr\" value=\"0\"/>",
        ),
        "<label id=\"end\"/>",
        &nop("", "<log message=\"end\"/>"),
    ])
}

#[test]
fn the_subroutine_answers_and_returns_into_the_pause() {
    let mut stage = Stage::client(&with_subroutine(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.wait(500);
    stage.say(&request_back("INFO", 1, &invite));
    stage.hears("200");
    stage.say(&request_back("OPTIONS", 2, &invite));
    stage.hears("200");
    stage.is_open();
    // The pause has not begun anew.
    stage.wait(490);
    let bye = stage.hears("BYE");
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
    assert_eq!(stage.logs(), ["info", "options", "end"]);
}

#[test]
fn what_the_subroutine_does_not_take_is_unexpected() {
    let mut stage = Stage::client(&with_subroutine(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.say(&request_back("MESSAGE", 1, &invite));
    stage.hears("BYE");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn replies_go_to_where_the_request_came_from() {
    let mut stage = Stage::server(
        &scenario(&[
            &recv("request=\"INVITE\""),
            &reply("200 OK", ""),
            &recv("request=\"ACK\""),
            &recv("request=\"INFO\""),
            &reply("200 OK", ""),
            &send("OPTIONS", ""),
            &recv("response=\"200\""),
        ]),
        |_| {},
    );
    let other = stage.world.add_puppet();
    stage.say(&request("INVITE", 1, "x"));
    stage.hears("200");
    stage.say(&request("ACK", 1, "x"));
    stage.world.inject(other, stage.node, request("INFO", 2, "x").as_bytes());
    stage.wait(2);
    let replies = stage.world.heard(other);
    assert_eq!(replies.iter().map(line).collect::<Vec<_>>(), ["200 OK"]);
    // Our own requests go to where the call came from.
    stage.hears("OPTIONS");
    // An automatic answer too follows its request.
    stage.world.inject(other, stage.node, request("BYE", 3, "x").as_bytes());
    stage.wait(2);
    assert_eq!(stage.world.heard(other).len(), 1);
    stage.hears_nothing();
}
