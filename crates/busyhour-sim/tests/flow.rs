//! Branches, conditions, actions and timers through whole calls (spec-scenario §3.1, §6, §7, §9; spec-3.8 A2, A5).

mod stage;

use busyhour_engine::FailureKind;
use stage::*;

fn log(text: &str) -> String {
    nop("", &format!("<log message=\"{text}\"/>"))
}

/// The lines that a scenario without messages from the peer logs.
fn logged(steps: &[&str]) -> Vec<String> {
    let first = send("OPTIONS", "");
    let mut all = vec![first.as_str()];
    all.extend(steps);
    let mut stage = Stage::client(&scenario(&all), |_| {});
    stage.wait(5000);
    let counters = stage.counters();
    assert_eq!((counters.successful, counters.failed_total()), (1, 0), "{:?}", stage.events());
    stage.logs()
}

#[test]
fn next_goes_to_its_label_if_test_is_set() {
    let steps = |value: u32| {
        [
            nop("next=\"over\" test=\"v\"", &format!("<assign assign_to=\"v\" value=\"{value}\"/>")),
            log("passed"),
            "<label id=\"over\"/>".to_owned(),
            log("end"),
        ]
    };
    let [a, b, c, d] = steps(1);
    assert_eq!(logged(&[&a, &b, &c, &d]), ["end"]);
    let [a, b, c, d] = steps(0);
    assert_eq!(logged(&[&a, &b, &c, &d]), ["passed", "end"]);
}

#[test]
fn chance_1_always_and_chance_0_never_branches() {
    for (chance, lines) in [("1", vec!["end"]), ("0", vec!["passed", "end"])] {
        let branch = format!("<nop next=\"over\" chance=\"{chance}\"/>");
        assert_eq!(logged(&[&branch, &log("passed"), "<label id=\"over\"/>", &log("end")]), lines);
    }
}

#[test]
fn chance_branches_that_often() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        "<nop next=\"over\" chance=\"0.3\"/>",
        &log("passed"),
        "<label id=\"over\"/>",
    ]);
    let mut stage = Stage::client(&text, |settings| settings.calls_max = Some(2000));
    stage.wait(5000);
    let passed = stage.logs().len();
    assert!((1300..1500).contains(&passed), "{passed} of 2000 did not branch");
}

#[test]
fn a_step_whose_condition_does_not_hold_is_skipped_but_its_next_is_followed() {
    let set = nop("", "<assign assign_to=\"yes\" value=\"1\"/><assign assign_to=\"no\" value=\"0\"/>");
    assert_eq!(
        logged(&[
            &set,
            &nop("condexec=\"yes\"", "<log message=\"a\"/>"),
            &nop("condexec=\"no\"", "<log message=\"b\"/>"),
            &nop("condexec=\"no\" condexec_inverse=\"true\"", "<log message=\"c\"/>"),
            "<pause milliseconds=\"100000\" condexec=\"no\"/>",
            "<recv response=\"200\" condexec=\"no\" next=\"over\"/>",
            &log("d"),
            "<label id=\"over\"/>",
            &log("end"),
        ]),
        ["a", "c", "end"]
    );
}

#[test]
fn jump_goes_to_an_index_also_from_a_pause_or_send() {
    // Index 0 is the OPTIONS, the nop that jumps is 1.
    assert_eq!(logged(&[&nop("", "<jump value=\"3\"/>"), &log("2"), &log("3")]), ["3"]);
    assert_eq!(
        logged(&[
            "<pause milliseconds=\"10\"><action><assign assign_to=\"to\" value=\"3\"/><jump variable=\"to\"/></action></pause>",
            &log("2"),
            &log("3"),
        ]),
        ["3"]
    );
    assert_eq!(
        logged(&[&send_with("INFO", "", "", "<action><jump value=\"3\"/></action>"), &log("2"), &log("3")]),
        ["3"]
    );
}

#[test]
fn jump_does_nothing_in_a_recv() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        "<recv response=\"200\"><action><jump value=\"3\"/></action></recv>",
        &log("2"),
        &log("3"),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
    assert_eq!(stage.logs(), ["2", "3"]);
}

#[test]
fn a_jump_to_nowhere_fails_the_call() {
    let mut stage =
        Stage::client(&scenario(&[&send("OPTIONS", ""), &nop("", "<jump value=\"99\"/>")]), |_| {});
    stage.wait(10);
    stage.fails(FailureKind::CallRejected);
}

#[test]
fn a_loop_that_never_waits_does_not_hang_the_others() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        "<label id=\"again\"/>",
        &nop(
            "next=\"again\"",
            "<add assign_to=\"n\" value=\"1\"/><todouble assign_to=\"n\" variable=\"n\"/>",
        ),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.calls_max = Some(3));
    stage.wait(100);
    assert_eq!(stage.lines(), ["OPTIONS"; 3]);
    assert_eq!(stage.counters().open, 3);
}

/// A loop of so many rounds.
fn rounds(count: u32) -> String {
    let actions = format!(
        "<add assign_to=\"n\" value=\"1\"/>\
         <test assign_to=\"more\" variable=\"n\" compare=\"less_than\" value=\"{count}\"/>"
    );
    format!("<label id=\"again\"/>{}", nop("next=\"again\" test=\"more\"", &actions))
}

#[test]
fn a_long_loop_ends_and_the_call_then_waits_for_its_message() {
    let text = scenario(&[&send("OPTIONS", ""), &rounds(9999), &recv("response=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    let options = stage.hears("OPTIONS");
    stage.wait(1000);
    stage.is_open();
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
}

#[test]
fn a_message_that_comes_while_a_long_loop_runs_waits_for_its_recv() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        &rounds(100_000),
        &recv("response=\"100\""),
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "100 Trying"));
    stage.say(&response(&options, "200 OK"));
    stage.wait(100);
    stage.succeeds();
}

#[test]
fn a_failed_check_fails_the_call_at_its_end_and_skips_the_rest_of_its_list() {
    for (check, kind) in [
        (
            "<ereg regexp=\"nowhere\" search_in=\"msg\" check_it=\"true\" assign_to=\"m\"/>",
            FailureKind::RegexpDoesntMatch,
        ),
        (
            "<ereg regexp=\"SIP\" search_in=\"msg\" check_it_inverse=\"true\" assign_to=\"m\"/>",
            FailureKind::RegexpShouldntMatch,
        ),
        (
            "<ereg regexp=\".\" search_in=\"hdr\" header=\"X-None:\" check_it=\"true\" assign_to=\"m\"/>",
            FailureKind::RegexpHdrNotFound,
        ),
        (
            "<assign assign_to=\"m\" value=\"1\"/><test variable=\"m\" compare=\"equal\" value=\"2\" check_it=\"true\"/>",
            FailureKind::TestDoesntMatch,
        ),
        (
            "<assign assign_to=\"m\" value=\"2\"/><test variable=\"m\" compare=\"equal\" value=\"2\" check_it_inverse=\"true\"/>",
            FailureKind::TestShouldntMatch,
        ),
        (
            "<assignstr assign_to=\"m\" value=\"a\"/><strcmp variable=\"m\" value=\"b\" check_it=\"true\"/>",
            FailureKind::StrcmpDoesntMatch,
        ),
        (
            "<assignstr assign_to=\"m\" value=\"a\"/><strcmp variable=\"m\" value=\"a\" check_it_inverse=\"true\"/>",
            FailureKind::StrcmpShouldntMatch,
        ),
    ] {
        let text = scenario(&[
            &send("OPTIONS", ""),
            &format!("<recv response=\"200\"><action>{check}<log message=\"skipped\"/></action></recv>"),
            &nop("", "<log message=\"goes on [$m]\"/>"),
        ]);
        let mut stage = Stage::client(&text, |_| {});
        let options = stage.hears("OPTIONS");
        stage.say(&response(&options, "200 OK"));
        stage.fails(kind);
        let logs = stage.logs();
        assert!(logs.len() == 1 && logs[0].starts_with("goes on"), "{kind:?}: {logs:?}");
    }
}

#[test]
fn checks_count_in_send_pause_and_nop_too_and_the_last_failure_wins() {
    let list = "<action><assign assign_to=\"m\" value=\"1\"/>\
                <test variable=\"m\" compare=\"equal\" value=\"2\" check_it=\"true\"/></action>";
    let steps = [
        send_with("INFO", "", "", list),
        format!("<pause milliseconds=\"10\">{list}</pause>"),
        format!("<nop>{list}</nop>"),
    ];
    for step in &steps {
        let mut stage = Stage::client(&scenario(&[&send("OPTIONS", ""), step, &log("end")]), |_| {});
        stage.wait(100);
        stage.fails(FailureKind::TestDoesntMatch);
        assert_eq!(stage.logs(), ["end"]);
    }
    let compare = nop(
        "",
        "<assignstr assign_to=\"s\" value=\"a\"/><strcmp variable=\"s\" value=\"b\" check_it=\"true\"/>",
    );
    let mut stage = Stage::client(&scenario(&[&send("OPTIONS", ""), &steps[2], &compare]), |_| {});
    stage.wait(100);
    stage.fails(FailureKind::StrcmpDoesntMatch);
}

#[test]
fn a_call_that_is_aborted_after_a_failed_check_has_failed_by_the_abort() {
    let check = "<assign assign_to=\"m\" value=\"1\"/>\
                 <test variable=\"m\" compare=\"equal\" value=\"2\" check_it=\"true\"/>";
    let text = scenario(&[&send("OPTIONS", ""), &nop("", check), &recv("response=\"200\" timeout=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(300);
    stage.fails(FailureKind::TimeoutOnRecv);
}

#[test]
fn stop_call_ends_the_call_in_any_step() {
    let list = "<action><exec int_cmd=\"stop_call\"/></action>";
    for step in [
        send_with("INFO", "", "", list),
        format!("<pause milliseconds=\"10\">{list}</pause>"),
        format!("<nop>{list}</nop>"),
    ] {
        let mut stage = Stage::client(&scenario(&[&send("OPTIONS", ""), &step, &log("end")]), |_| {});
        stage.wait(100);
        stage.fails(FailureKind::CallRejected);
        assert!(stage.logs().is_empty());
    }
}

#[test]
fn last_headers_in_the_actions_of_a_recv_are_those_of_the_message_before() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"180\"><action><log message=\"[last_X-Id.value]\"/></action></recv>",
        "<recv response=\"200\"><action><log message=\"[last_X-Id.value]\"/></action></recv>",
        &log("[last_X-Id.value]"),
        &send("ACK", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    for (status, id) in [("180 Ringing", 1), ("200 OK", 2)] {
        stage.say(&response(&invite, status).replace("Contact", &format!("X-Id: {id}\r\nContact")));
    }
    stage.succeeds();
    assert_eq!(stage.logs(), ["", "1", "2"]);
}

#[test]
fn a_match_travels_from_a_response_into_the_next_request() {
    let text = scenario(&[
        &send("INVITE", ""),
        "<recv response=\"200\"><action>\
         <ereg regexp=\"id=([0-9]+);user=([a-z]+)\" search_in=\"hdr\" header=\"X-Data:\" assign_to=\"all,id,user\" check_it=\"true\"/>\
         <todouble assign_to=\"number\" variable=\"id\"/>\
         <add assign_to=\"number\" value=\"1\"/>\
         <assignstr assign_to=\"text\" value=\"[$user]-[$all]\"/>\
         </action></recv>",
        &send_with("ACK", "", "X-Next: [$number] [$text]", ""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "200 OK").replace("Contact", "X-Data: id=41;user=eve\r\nContact"));
    assert_eq!(header(&stage.hears("ACK"), "X-Next"), "42.000000 eve-id=41;user=eve");
    stage.succeeds();
}

#[test]
fn global_variables_outlive_calls_and_call_variables_do_not() {
    let text = scenario(&[
        "<Global variables=\"g\"/>",
        &send("OPTIONS", ""),
        &nop(
            "",
            "<add assign_to=\"g\" value=\"1\"/><add assign_to=\"c\" value=\"1\"/><log message=\"[$g] [$c]\"/>",
        ),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.calls_max = Some(3));
    stage.wait(100);
    assert_eq!(stage.logs(), ["1.000000 1.000000", "2.000000 1.000000", "3.000000 1.000000"]);
}

#[test]
fn init_runs_once_before_any_call() {
    let text = scenario(&[
        "<Global variables=\"g\"/>",
        "<init><nop><action><assign assign_to=\"g\" value=\"5\"/><log message=\"init [call_number]\"/></action></nop></init>",
        &send("OPTIONS", ""),
        &log("[call_number] [$g]"),
    ]);
    let mut stage = Stage::client(&text, |settings| settings.calls_max = Some(2));
    stage.wait(100);
    assert_eq!(stage.logs(), ["init 0", "1 5.000000", "2 5.000000"]);
}

#[test]
fn a_timer_measures_from_its_start_or_from_that_of_the_call() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        "<pause milliseconds=\"100\"/>",
        "<nop start_rtd=\"a\"/>",
        "<pause milliseconds=\"50\"/>",
        "<nop rtd=\"a,b\"/>",
    ]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(1000);
    let program = &stage.world.snapshot(stage.node).programs[0];
    let sums: Vec<_> = program.timers.iter().map(|timer| (timer.count, timer.sum_ms)).collect();
    assert_eq!(sums, [(1, 50), (1, 150)]);
}

#[test]
fn a_timer_is_recorded_once_unless_it_is_to_repeat() {
    for (attributes, count) in [("rtd=\"a\"", 1), ("rtd=\"a\" repeat_rtd=\"true\"", 3)] {
        let text = scenario(&[
            &send("OPTIONS", ""),
            "<label id=\"again\"/>",
            "<pause milliseconds=\"10\"/>",
            &nop(
                &format!("{attributes} counter=\"laps\" next=\"again\" test=\"more\""),
                "<add assign_to=\"n\" value=\"1\"/>\
                 <test assign_to=\"more\" variable=\"n\" compare=\"less_than\" value=\"3\"/>",
            ),
        ]);
        let mut stage = Stage::client(&text, |_| {});
        stage.wait(1000);
        stage.succeeds();
        let program = &stage.world.snapshot(stage.node).programs[0];
        assert_eq!(program.timers[0].count, count);
        assert_eq!(program.counters, [3]);
    }
}
