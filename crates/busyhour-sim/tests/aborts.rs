//! What is sent when a call ends before its time (spec-engine §8, spec-3.8 B §8).

mod stage;

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::Behaviors;
use busyhour_engine::{Command, FailureKind};
use stage::*;

fn client() -> String {
    scenario(&[
        &send("INVITE", "retrans=\"500\""),
        "<recv response=\"180\" optional=\"true\"/>",
        &recv("response=\"200\" rrs=\"true\""),
        &send("ACK", ""),
        &recv("request=\"BYE\""),
        &reply("200 OK", ""),
    ])
}

fn server() -> String {
    scenario(&[
        &recv("request=\"INVITE\""),
        &reply("200 OK", "retrans=\"500\""),
        &recv("request=\"ACK\""),
        &recv("request=\"INFO\""),
    ])
}

#[test]
fn a_failure_response_is_acknowledged() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "486 Busy Here"));
    let ack = stage.hears("ACK");
    // RFC 3261 §17.1.1.3: the INVITE's branch and CSeq, the response's To.
    assert_eq!(header(&ack, "Via"), header(&invite, "Via"));
    assert_eq!(header(&ack, "CSeq"), "1 ACK");
    assert!(header(&ack, "To").ends_with(";tag=peer"), "{ack}");
    stage.fails(FailureKind::UnexpectedMessage);
    assert_eq!(stage.step(1).unexpected, 1);
    // The response again meets a dead call.
    stage.say(&response(&invite, "486 Busy Here"));
    stage.hears_nothing();
    assert_eq!(stage.counters().dead_call, 1);
    let codes = stage.world.snapshot(stage.node).programs[0].unexpected_codes.clone();
    assert!(codes.is_empty() || codes == [486], "{codes:?}");
}

#[test]
fn something_strange_after_ringing_cancels() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.say(&response(&invite, "182 Queued"));
    let cancel = stage.hears("CANCEL");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    assert_eq!(header(&cancel, "CSeq"), "1 CANCEL");
    stage.fails(FailureKind::UnexpectedMessage);
    // Its answers are expected and no more spoken of (spec-3.8 B §8), and the CANCEL is not repeated.
    stage.say(&response(&cancel, "200 OK"));
    stage.say(&response(&invite, "487 Request Terminated"));
    stage.wait(10_000);
    stage.hears_nothing();
    assert_eq!(stage.counters().dead_call, 0);
}

#[test]
fn a_request_of_the_peer_before_the_answer_cancels_our_invite() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.say(&request_back("INFO", 77, &invite));
    let cancel = stage.hears("CANCEL");
    assert!(cancel.starts_with("CANCEL sip:b@10.0.1.1 SIP/2.0\r\n"), "{cancel}");
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
    assert_eq!(header(&cancel, "From"), header(&invite, "From"));
    assert!(header(&cancel, "To").starts_with(header(&invite, "To")));
    assert_eq!(header(&cancel, "CSeq"), "1 CANCEL");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_request_of_the_peer_before_our_ack_is_no_model_for_it() {
    let text = scenario(&[
        &send("INVITE", ""),
        &recv("response=\"200\""),
        "<pause milliseconds=\"1000\"/>",
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    stage.say(&request_back("INFO", 77, &invite));
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(header(&heard[0].text(), "From"), header(&invite, "From"));
    assert_eq!(header(&heard[0].text(), "CSeq"), "1 ACK");
    assert_eq!(header(&heard[1].text(), "CSeq"), "2 BYE");
}

#[test]
fn an_unexpected_200_to_the_invite_is_acknowledged_and_hung_up() {
    let text = scenario(&[&send("INVITE", ""), &recv("response=\"486\""), &send("ACK", "")]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK"));
    let heard = stage.heard();
    let lines: Vec<_> = heard.iter().map(line).collect();
    assert_eq!(lines, ["ACK", "BYE"]);
    let (ack, bye) = (heard[0].text(), heard[1].text());
    assert_eq!(header(&ack, "CSeq"), "1 ACK");
    // RFC 3261 §13.2.2.4: a transaction of its own.
    assert_ne!(header(&ack, "Via"), header(&invite, "Via"));
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    assert_eq!(header(&bye, "From"), header(&invite, "From"));
    assert_ne!(header(&bye, "Via"), header(&ack, "Via"));
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn an_established_call_is_hung_up_from_our_side_whoever_spoke_last() {
    let mut stage = Stage::client(&client(), |_| {});
    let invite = stage.hears("INVITE");
    let ok = response(&invite, "200 OK").replace("Contact", "Record-Route: <sip:p@10.0.1.1;lr>\r\nContact");
    stage.say(&ok);
    let ack = stage.hears("ACK");
    stage.say(&request_back("INFO", 1, &invite));
    let bye = stage.hears("BYE");
    assert!(bye.starts_with("BYE sip:b@10.0.1.1:5060 SIP/2.0\r\n"), "{bye}");
    assert_eq!(header(&bye, "From"), header(&ack, "From"));
    assert_eq!(header(&bye, "To"), header(&ack, "To"));
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    assert_eq!(header(&bye, "Route"), "<sip:p@10.0.1.1;lr>");
    stage.fails(FailureKind::UnexpectedMessage);
    // The answer is expected; a request is not.
    stage.say(&response(&bye, "200 OK"));
    assert_eq!(stage.counters().dead_call, 0);
    stage.say(&request_back("BYE", 2, &invite));
    assert_eq!(stage.counters().dead_call, 1);
}

#[test]
fn a_call_of_another_kind_is_hung_up_too() {
    let text = scenario(&[&send("REGISTER", ""), &recv("response=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    let register = stage.hears("REGISTER");
    stage.say(&response(&register, "403 Forbidden"));
    let bye = stage.hears("BYE");
    assert_eq!(header(&bye, "CSeq"), "2 BYE");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_call_that_heard_nothing_says_nothing() {
    let mut stage = Stage::client(&client(), |settings| settings.recv_timeout_ms = 400);
    stage.hears("INVITE");
    stage.wait(500);
    stage.hears_nothing();
    stage.fails(FailureKind::TimeoutOnRecv);
}

#[test]
fn a_server_at_its_first_step_says_nothing() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("OPTIONS", 1, "x"));
    stage.hears_nothing();
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_server_hangs_up_an_established_call() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.hears("200");
    stage.say(&request("ACK", 1, "x"));
    stage.say(&request("OPTIONS", 2, "x"));
    let bye = stage.hears("BYE");
    assert!(header(&bye, "To").contains("sip:b@10.0.1.1"), "{bye}");
    assert!(header(&bye, "From").contains("sip:us@10.0.0.1"), "{bye}");
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn a_server_without_an_ack_says_nothing() {
    let mut stage = Stage::server(&server(), |_| {});
    stage.say(&request("INVITE", 1, "x"));
    stage.hears("200");
    stage.say(&request("OPTIONS", 2, "x"));
    stage.hears_nothing();
    stage.fails(FailureKind::UnexpectedMessage);
}

#[test]
fn without_the_behaviour_bye_nothing_is_sent_and_nothing_remembered() {
    let mut stage = Stage::client(&client(), |settings| settings.behaviors.bye = false);
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "486 Busy Here"));
    stage.hears_nothing();
    stage.fails(FailureKind::UnexpectedMessage);
    stage.say(&response(&invite, "486 Busy Here"));
    let counters = stage.counters();
    assert_eq!((counters.dead_call, counters.out_of_call), (0, 1));
}

#[test]
fn without_abortunexp_a_call_goes_on_waiting() {
    let mut stage = Stage::client(&client(), |settings| settings.behaviors.abort_unexpected = false);
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "486 Busy Here"));
    stage.hears_nothing();
    stage.is_open();
    assert_eq!(stage.step(1).unexpected, 1);
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
}

#[test]
fn default_messages_replace_the_automatic_ones() {
    let message = "<DefaultMessage id=\"ack\"><![CDATA[\nACK sip:own SIP/2.0\n[last_Via:]\n[last_From:]\n[last_To:]\n\
                   Call-ID: [call_id]\nCSeq: [last_cseq_number] ACK\nX-Own: yes\nContent-Length: 0\n\n]]></DefaultMessage>";
    let mut stage = Stage::client(&client().replace("</scenario>", &format!("{message}</scenario>")), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "486 Busy Here"));
    assert_eq!(header(&stage.hears("ACK"), "X-Own"), "yes");
}

#[test]
fn level_1_lets_open_calls_end() {
    let mut stage = Stage::client(&client(), |settings| {
        settings.calls_max = None;
        settings.plan = Plan::Constant { calls: 10.0, period_us: 1_000_000 };
    });
    stage.wait(100);
    let invite = stage.hears("INVITE");
    stage.world.node(stage.node).shared().begin_quit();
    stage.world.command(stage.node, &Command::Wake);
    stage.wait(200);
    assert!(stage.lines().is_empty());
    stage.say(&response(&invite, "200 OK"));
    stage.hears("ACK");
    stage.say(&request_back("BYE", 1, &invite));
    stage.hears("200");
    stage.succeeds();
}

#[test]
fn level_11_releases_all_calls_whatever_the_behaviours() {
    let mut stage = Stage::client(&client(), |settings| settings.behaviors = Behaviors::NONE);
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    // One q after -m was reached.
    stage.world.node(stage.node).shared().raise_quit(10);
    stage.world.command(stage.node, &Command::Wake);
    stage.hears("CANCEL");
    stage.fails(FailureKind::Aborted);
}
