//! Several dialogs in one call, and server transactions (spec-3.8 A2).

mod stage;

use busyhour_engine::FailureKind;
use busyhour_engine::pacing::Plan;
use stage::*;

/// Places a call and a second one beside it, and ends both.
fn two_calls() -> String {
    scenario(&[
        &send("INVITE", ""),
        &recv("response=\"200\""),
        &send("ACK", ""),
        &send_with("INVITE", "dialog=\"2\"", "X-From-Here: [last_Call-ID.value]", ""),
        &recv("response=\"200\" dialog=\"2\""),
        &send("ACK", "dialog=\"2\""),
        &send_with("BYE", "", "X-Last: [last_CSeq.value]", ""),
        &recv("response=\"200\""),
        &send("BYE", "dialog=\"2\""),
        &recv("response=\"200\" dialog=\"2\""),
    ])
}

#[test]
fn a_second_dialog_has_a_call_id_and_a_cseq_of_its_own() {
    let mut stage = Stage::client(&two_calls(), |_| {});
    let first = stage.hears("INVITE");
    stage.say(&response(&first, "200 OK"));
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    let second = heard[1].text();
    let id = header(&first, "Call-ID").to_owned();
    assert_eq!(header(&second, "Call-ID"), format!("2-{id}"));
    assert_eq!(header(&second, "CSeq"), "1 INVITE");
    // Nothing was received in that dialog, so nothing is known of it.
    assert_eq!(header(&second, "X-From-Here"), "");
    assert_eq!(header(&second, "To"), "<sip:b@10.0.1.1:5060>".replace(":5060", ""));
    stage.say(&response(&second, "200 OK"));
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert_eq!(header(&heard[0].text(), "Call-ID"), format!("2-{id}"));
    let bye = heard[1].text();
    assert_eq!((header(&bye, "Call-ID"), header(&bye, "CSeq")), (id.as_str(), "2 BYE"));
    assert_eq!(header(&bye, "X-Last"), "1 INVITE");
    stage.say(&response(&bye, "200 OK"));
    let bye = stage.hears("BYE");
    assert_eq!((header(&bye, "Call-ID"), header(&bye, "CSeq")), (format!("2-{id}").as_str(), "2 BYE"));
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
}

#[test]
fn what_comes_in_another_dialog_than_awaited_is_unexpected_and_both_are_released() {
    let mut stage = Stage::client(&two_calls(), |_| {});
    let first = stage.hears("INVITE");
    stage.say(&response(&first, "200 OK"));
    stage.wait(2);
    let second = stage.heard()[1].text();
    stage.say(&request_back("INFO", 7, &first));
    stage.fails(FailureKind::UnexpectedMessage);
    // The first is established; of the second nothing was heard, so there is nothing to end.
    let bye = stage.hears("BYE");
    assert_eq!(header(&bye, "Call-ID"), header(&first, "Call-ID"));
    // A late answer to it finds a dead call.
    stage.say(&response(&second, "486 Busy"));
    stage.hears_nothing();
    assert_eq!(stage.counters().dead_call, 1);
}

#[test]
fn all_dialogs_of_an_aborted_call_are_released() {
    let mut stage = Stage::client(&two_calls(), |_| {});
    let first = stage.hears("INVITE");
    stage.say(&response(&first, "200 OK"));
    stage.wait(2);
    let second = stage.heard()[1].text();
    stage.say(&response(&second, "200 OK"));
    stage.wait(2);
    stage.heard();
    stage.say(&request_back("INFO", 7, &second));
    stage.fails(FailureKind::UnexpectedMessage);
    let heard = stage.heard();
    let ids: Vec<_> = heard.iter().map(|heard| header(&heard.text(), "Call-ID").to_owned()).collect();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["BYE", "BYE"]);
    assert_eq!(ids, [header(&second, "Call-ID"), header(&first, "Call-ID")]);
}

/// A B2BUA's peer on both sides: calls, and is called in the same call.
fn called_back() -> String {
    scenario(&[
        &send("INVITE", ""),
        "<recv response=\"180\" optional=\"true\"/>",
        &recv("request=\"INVITE\" dialog=\"2\" rrs=\"true\""),
        &reply("200 OK", "dialog=\"2\""),
        &recv("request=\"ACK\" dialog=\"2\""),
        &recv("response=\"200\""),
        &send("ACK", ""),
        &send_with("BYE", "dialog=\"2\"", "X-Next: [next_url]", ""),
        &recv("response=\"200\" dialog=\"2\""),
    ])
}

#[test]
fn a_request_with_an_unknown_call_id_begins_a_dialog_of_a_call_that_waits_for_it() {
    let mut stage = Stage::client(&called_back(), |_| {});
    let first = stage.hears("INVITE");
    let invite = request("INVITE", 70, "from-the-peer@b");
    stage.say(&invite);
    let ok = stage.hears("200 OK");
    assert_eq!(header(&ok, "Call-ID"), "from-the-peer@b");
    // Its retransmission is answered again.
    stage.say(&invite);
    stage.hears("200 OK");
    stage.say(&request("ACK", 70, "from-the-peer@b"));
    stage.say(&response(&first, "200 OK"));
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["ACK", "BYE"]);
    let bye = heard[1].text();
    assert_eq!(header(&bye, "Call-ID"), "from-the-peer@b");
    assert_eq!(header(&bye, "CSeq"), "71 BYE");
    assert_eq!(header(&bye, "X-Next"), "sip:b@10.0.1.1:5060");
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
}

#[test]
fn a_call_that_does_not_wait_for_it_adopts_no_dialog() {
    let mut stage = Stage::client(&two_calls(), |_| {});
    stage.hears("INVITE");
    stage.say(&request("INVITE", 1, "stray@b"));
    stage.hears_nothing();
    stage.is_open();
    assert_eq!(stage.counters().out_of_call, 1);
}

#[test]
fn many_calls_on_several_workers_adopt_one_dialog_each() {
    let text = called_back();
    let mut world = busyhour_sim::World::new(1, busyhour_sim::Conditions::perfect());
    let peer = world.add_puppet();
    let client = busyhour_sim::Node::client(&text, peer, |settings| {
        settings.plan = Plan::Constant { calls: 1000.0, period_us: 1_000_000 };
        settings.calls_max = Some(20);
    });
    let node = world.add(client.workers(3));
    let mut stage = Stage { world, node, peer };
    stage.wait(30);
    let invites: Vec<_> = stage.heard().iter().map(busyhour_sim::Heard::text).collect();
    assert_eq!(invites.len(), 20);
    for n in 0..20 {
        stage.say(&request("INVITE", 1, &format!("leg-{n}@b")));
        stage.hears("200 OK");
        stage.say(&request("ACK", 1, &format!("leg-{n}@b")));
    }
    for invite in &invites {
        stage.say(&response(invite, "200 OK"));
    }
    let byes: Vec<_> =
        stage.heard().iter().filter(|heard| line(heard) == "BYE").map(busyhour_sim::Heard::text).collect();
    let mut ids: Vec<_> = byes.iter().map(|bye| header(bye, "Call-ID")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    for bye in &byes {
        stage.say(&response(bye, "200 OK"));
    }
    let counters = stage.counters();
    assert_eq!((counters.successful, counters.failed_total(), counters.open), (20, 0, 0));
}

#[test]
fn a_response_of_a_named_transaction_answers_its_request_whatever_came_since() {
    let text = scenario(&[
        &recv("request=\"INVITE\" start_txn=\"call\""),
        &reply("183 Progress", "response_txn=\"call\""),
        &recv("request=\"PRACK\""),
        &reply("200 Pracked", ""),
        &reply("200 OK", "response_txn=\"call\" retrans=\"500\""),
        &recv("request=\"ACK\""),
    ]);
    let mut stage = Stage::server(&text, |_| {});
    let invite = request("INVITE", 5, "call@b");
    stage.say(&invite);
    let progress = stage.hears("183");
    // Repeated: the last response of the transaction, byte for byte, though it holds a counter.
    stage.say(&invite);
    assert_eq!(stage.hears("183"), progress);
    let prack = request("PRACK", 6, "call@b");
    stage.say(&prack);
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), ["200 Pracked", "200 OK"]);
    let ok = heard[1].text();
    assert_eq!((header(&ok, "CSeq"), header(&ok, "Via")), ("5 INVITE", header(&invite, "Via")));
    // Each request is still answered by its own response.
    stage.say(&prack);
    assert_eq!(stage.hears("200 Pracked"), heard[0].text());
    stage.say(&invite);
    assert_eq!(stage.hears("200 OK"), ok);
    stage.say(&request("ACK", 5, "call@b"));
    stage.succeeds();
}

#[test]
fn an_invite_is_repeated_as_one_while_its_call_waits_in_another_dialog() {
    let text = scenario(&[
        &send("INVITE", "retrans=\"500\""),
        &recv("request=\"INVITE\" dialog=\"2\""),
        &nop("", "<log message=\"[call_id]\"/>"),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.t2_ms = 1000);
    let invite = stage.hears("INVITE");
    stage.wait(40_000);
    // Timer A has no ceiling (RFC 3261 §17.1.1.2), and five repeats are all.
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 1000, 3000, 7000, 15_000]);
    assert!(heard.iter().all(|heard| heard.text() == invite));
    stage.fails(FailureKind::MaxUdpRetrans);
}

#[test]
fn a_call_that_an_action_ends_on_the_200_is_acknowledged_and_hung_up() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"180\" optional=\"true\"/>",
        "<recv response=\"200\"><action><setdest host=\"127.0.0.1\" port=\"nowhere[call_number]\" protocol=\"udp\"/></action></recv>",
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.say(&response(&invite, "200 OK"));
    assert_eq!(stage.lines(), ["ACK", "BYE"], "{:?}", stage.events());
    stage.fails(FailureKind::CannotSendMessage);
}
