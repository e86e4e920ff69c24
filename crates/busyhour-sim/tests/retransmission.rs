//! The retransmission timer of what we send (spec-engine §6).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

fn one(method: &str, attributes: &str) -> String {
    let recv = recv("response=\"200\"");
    let (a, b);
    let steps: &[&str] = if method == "INVITE" {
        (a, b) = (send(method, attributes), send("ACK", ""));
        &[&a, "<recv response=\"180\" optional=\"true\"/>", &recv, &b]
    } else {
        a = send(method, attributes);
        &[&a, "<recv response=\"100\" optional=\"true\"/>", &recv]
    };
    scenario(steps)
}

#[test]
fn an_unanswered_invite_is_repeated_five_times_and_fails_31_5_s_after_the_first() {
    let mut stage = Stage::client(&one("INVITE", "retrans=\"500\""), |_| {});
    stage.wait(31_400);
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 500, 1500, 3500, 7500, 15_500]);
    assert!(heard.iter().all(|repeat| repeat.bytes == heard[0].bytes));
    stage.is_open();
    stage.wait(200);
    stage.fails(FailureKind::MaxUdpRetrans);
    stage.hears_nothing();
    assert_eq!(stage.counters().retransmissions, 5);
    let step = stage.step(0);
    assert_eq!((step.messages, step.retransmissions, step.timeouts), (1, 5, 1));
}

#[test]
fn a_non_invite_is_repeated_at_most_every_t2() {
    let mut stage = Stage::client(&one("OPTIONS", "retrans=\"500\""), |_| {});
    stage.wait(31_400);
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500]);
    stage.is_open();
    stage.wait(200);
    stage.fails(FailureKind::MaxUdpRetrans);
}

#[test]
fn t2_is_an_option() {
    let mut stage = Stage::client(&one("OPTIONS", "retrans=\"500\""), |settings| settings.t2_ms = 1000);
    stage.wait(4600);
    assert_eq!(times(&stage.heard()), [0, 500, 1500, 2500, 3500, 4500]);
}

#[test]
fn the_lower_limit_of_repeats_counts() {
    for (method, all, invite, other, repeats) in
        [("INVITE", 2, 5, 9, 2), ("INVITE", 9, 1, 9, 1), ("OPTIONS", 9, 1, 3, 3), ("OPTIONS", 0, 5, 9, 0)]
    {
        let mut stage = Stage::client(&one(method, "retrans=\"100\""), |settings| {
            settings.retrans_max = all;
            settings.invite_retrans_max = invite;
            settings.non_invite_retrans_max = other;
        });
        stage.wait(20_000);
        assert_eq!(stage.heard().len(), repeats + 1, "{method} {all} {invite} {other}");
        stage.fails(FailureKind::MaxUdpRetrans);
    }
}

#[test]
fn with_nr_and_without_retrans_nothing_is_repeated() {
    for (attributes, retransmit) in [("retrans=\"100\"", false), ("", true)] {
        let mut stage =
            Stage::client(&one("INVITE", attributes), |settings| settings.retransmit = retransmit);
        stage.wait(60_000);
        assert_eq!(stage.heard().len(), 1);
        stage.is_open();
    }
}

#[test]
fn a_send_that_gives_up_goes_to_its_label() {
    let invite = send("INVITE", "retrans=\"100\" ontimeout=\"gone\"");
    let text = scenario(&[
        &invite,
        &recv("response=\"200\""),
        &send("ACK", ""),
        "<label id=\"gone\"/>",
        &nop("", "<log message=\"gone\"/>"),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.retrans_max = 1);
    stage.wait(1000);
    stage.succeeds();
    assert_eq!(stage.logs(), ["gone"]);
    assert_eq!(stage.step(0).timeouts, 1);
}

#[test]
fn a_label_at_the_end_does_not_save_a_send_that_gives_up() {
    let invite = send("INVITE", "retrans=\"100\" ontimeout=\"end\"");
    let text = scenario(&[&invite, &recv("response=\"200\""), &send("ACK", ""), "<label id=\"end\"/>"]);
    let mut stage = Stage::client(&text, |settings| settings.retrans_max = 1);
    stage.wait(1000);
    stage.fails(FailureKind::MaxUdpRetrans);
}

#[test]
fn a_provisional_response_stops_the_repeats_of_an_invite_only() {
    let mut stage = Stage::client(&one("INVITE", "retrans=\"500\""), |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "180 Ringing"));
    stage.wait(40_000);
    stage.hears_nothing();
    stage.is_open();

    let mut stage = Stage::client(&one("OPTIONS", "retrans=\"500\""), |_| {});
    stage.wait(600);
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 500]);
    stage.say(&response(&heard[0].text(), "100 Trying"));
    stage.wait(3990);
    stage.hears_nothing();
    // From then on every T2 (RFC 3261 §17.1.2.2, and so 3.8.0).
    stage.wait(12_050);
    assert_eq!(times(&stage.heard()), [0, 4000, 8000, 12_000]);
    stage.is_open();
}

#[test]
fn a_provisional_response_starts_no_timer() {
    let mut stage = Stage::client(&one("OPTIONS", ""), |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "100 Trying"));
    stage.wait(40_000);
    stage.hears_nothing();
}

#[test]
fn any_final_response_stops_the_repeats() {
    let text = scenario(&[
        &send("OPTIONS", "retrans=\"500\""),
        &recv("response=\"404\""),
        "<pause milliseconds=\"50000\"/>",
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "404 Not Found"));
    stage.wait(40_000);
    stage.hears_nothing();
    stage.wait(20_000);
    stage.succeeds();
}

#[test]
fn of_requests_only_ack_prack_bye_and_cancel_stop_the_repeats() {
    for (method, stops) in
        [("ACK", true), ("PRACK", true), ("BYE", true), ("CANCEL", true), ("INFO", false), ("UPDATE", false)]
    {
        let text = scenario(&[
            &recv("request=\"INVITE\""),
            &reply("200 OK", "retrans=\"500\""),
            &recv(&format!("request=\"{method}\"")),
            "<pause milliseconds=\"3000\"/>",
        ]);
        let mut stage = Stage::server(&text, |_| {});
        stage.say(&request("INVITE", 1, "x"));
        stage.hears("200");
        stage.say(&request(method, 1, "x"));
        stage.wait(2000);
        assert_eq!(stage.heard().is_empty(), stops, "{method}");
    }
}

#[test]
fn a_send_waits_for_the_timer_of_the_one_before() {
    let text = scenario(&[&send("MESSAGE", "retrans=\"500\""), &send("INFO", ""), &recv("response=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(10_000);
    let lines = stage.lines();
    assert!(lines.iter().all(|line| line == "MESSAGE"), "{lines:?}");
    stage.wait(30_000);
    stage.fails(FailureKind::MaxUdpRetrans);
}

#[test]
fn a_pause_does_not_stop_the_repeats() {
    let text = scenario(&[
        &send("MESSAGE", "retrans=\"500\""),
        "<pause milliseconds=\"3000\"/>",
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(3600);
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 500, 1500, 3500]);
    stage.say(&response(&heard[0].text(), "200 OK"));
    stage.succeeds();
}

#[test]
fn a_request_in_a_loop_is_stopped_by_the_recv_before_it() {
    let text = scenario(&[
        &send("MESSAGE", ""),
        "<label id=\"answer\"/>",
        &recv("response=\"200\" next=\"end\" test=\"again\""),
        &nop("", "<assign assign_to=\"again\" value=\"1\"/>"),
        &send("MESSAGE", "retrans=\"500\" next=\"answer\""),
        "<label id=\"end\"/>",
        "<pause milliseconds=\"5000\"/>",
    ]);
    let mut stage = Stage::client(&text, |_| {});
    for _ in 0..2 {
        let message = stage.hears("MESSAGE");
        stage.say(&response(&message, "200 OK"));
    }
    stage.wait(6000);
    stage.hears_nothing();
    stage.succeeds();
}

#[test]
fn what_is_lost_counts_as_sent_and_is_repeated() {
    let mut stage = Stage::client(&one("INVITE", "retrans=\"500\" lost=\"100\""), |_| {});
    stage.wait(40_000);
    stage.hears_nothing();
    stage.fails(FailureKind::MaxUdpRetrans);
    let step = stage.step(0);
    assert_eq!((step.messages, step.retransmissions, step.lost), (1, 5, 6));
}

#[test]
fn the_option_lost_is_overridden_by_the_attribute() {
    let mut stage = Stage::client(&one("OPTIONS", "retrans=\"500\" lost=\"0\""), |settings| {
        settings.lost_percent = 100.0;
    });
    stage.wait(600);
    let heard = stage.heard();
    assert_eq!(heard.len(), 2);
    // The recv has no attribute of its own.
    stage.say(&response(&heard[0].text(), "200 OK"));
    stage.is_open();
    assert_eq!(stage.step(2).lost, 1);
    assert_eq!(stage.step(2).messages, 0);
}
