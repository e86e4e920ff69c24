//! Which calls start when (spec-engine §9), pauses and the end of a run (§1.1).

mod stage;

use busyhour_engine::pacing::Plan;
use busyhour_engine::{Command, FailureKind};
use stage::*;

fn options(pause_ms: u32) -> String {
    scenario(&[
        &send_with("OPTIONS", "", "X-User: [userid] of [users]", ""),
        &format!("<pause milliseconds=\"{pause_ms}\"/>"),
    ])
}

fn rate(calls: f64) -> Plan {
    Plan::Constant { calls, period_us: 1_000_000 }
}

#[test]
fn the_first_call_starts_one_period_after_the_start() {
    let mut stage = Stage::client(&options(0), |settings| {
        settings.plan = rate(10.0);
        settings.calls_max = Some(3);
    });
    stage.wait(1000);
    let heard = stage.heard();
    let at: Vec<_> = heard.iter().map(|heard| heard.at.as_millis()).collect();
    assert_eq!(at, [100, 200, 300]);
    assert!(stage.world.node(stage.node).shared().is_finished());
}

#[test]
fn no_call_at_all_is_a_run_that_ends_at_once() {
    let mut stage = Stage::client(&options(0), |settings| settings.calls_max = Some(0));
    stage.wait(10);
    stage.hears_nothing();
    assert!(stage.world.node(stage.node).shared().is_finished());
}

#[test]
fn calls_that_the_limit_refuses_are_lost_and_not_made_up_for() {
    let mut stage = Stage::client(&options(1000), |settings| {
        settings.plan = rate(10.0);
        settings.limit = Some(2);
        settings.calls_max = None;
    });
    // Calls at 100 and 200, refused up to 1000, then at 1100 (the one of 100 has just ended) and 1200.
    stage.wait(2050);
    let at: Vec<_> = stage.heard().iter().map(|heard| heard.at.as_millis()).collect();
    assert_eq!(at.len(), 4, "{at:?}");
    assert!(at.iter().zip([100, 200, 1100, 1200]).all(|(at, wanted)| at.abs_diff(wanted) <= 100), "{at:?}");
    let counters = stage.counters();
    assert_eq!(counters.outgoing, 4);
    assert_eq!(counters.suppressed_by_limit, 16);
    assert_eq!(counters.open_peak, 2);
}

#[test]
fn the_limit_is_three_times_what_the_plan_needs() {
    for (calls, pause_ms, limit) in [(10.0, 0, 30), (10.0, 5000, 150), (0.1, 0, 1)] {
        let mut stage = Stage::client(&options(pause_ms), |settings| {
            settings.plan = rate(calls);
            settings.calls_max = None;
        });
        assert_eq!(stage.world.snapshot(stage.node).limit, Some(limit));
    }
}

#[test]
fn users_keep_calling_and_the_highest_begins() {
    let mut stage = Stage::client(&options(1000), |settings| {
        settings.plan = Plan::Idle;
        settings.users = Some(3);
        settings.calls_max = Some(7);
    });
    stage.wait(500);
    let user = |heard: &busyhour_sim::Heard| header(&heard.text(), "X-User").to_owned();
    let heard = stage.heard();
    assert_eq!(heard.iter().map(user).collect::<Vec<_>>(), ["3 of 3", "2 of 3", "1 of 3"]);
    stage.wait(1000);
    let mut users: Vec<_> = stage.heard().iter().map(user).collect();
    users.sort();
    assert_eq!(users, ["1 of 3", "2 of 3", "3 of 3"]);
    stage.wait(2000);
    assert_eq!(stage.heard().len(), 1);
    assert_eq!(stage.counters().successful, 7);
}

#[test]
fn users_with_a_rate_begin_at_that_rate() {
    let mut stage = Stage::client(&options(10_000), |settings| {
        settings.plan = rate(10.0);
        settings.users = Some(3);
        settings.calls_max = None;
    });
    stage.wait(1000);
    assert_eq!(times(&stage.heard()), [0, 100, 200]);
}

#[test]
fn the_number_of_users_can_change() {
    let mut stage = Stage::client(&options(1000), |settings| {
        settings.plan = Plan::Idle;
        settings.users = Some(3);
        settings.calls_max = None;
    });
    stage.wait(500);
    stage.world.command(stage.node, &Command::SetUsers(1));
    stage.wait(1000);
    assert_eq!(stage.counters().open, 1);
    stage.heard();
    stage.world.command(stage.node, &Command::SetUsers(4));
    stage.wait(10);
    assert_eq!(stage.counters().open, 4);
}

#[test]
fn a_pause_makes_no_calls_and_none_are_made_up_for() {
    let mut stage = Stage::client(&options(0), |settings| {
        settings.plan = rate(10.0);
        settings.calls_max = None;
    });
    stage.wait(1050);
    assert_eq!(stage.heard().len(), 10);
    stage.world.node(stage.node).shared().set_paused(true);
    stage.world.command(stage.node, &Command::Wake);
    stage.wait(2000);
    stage.hears_nothing();
    stage.world.node(stage.node).shared().set_paused(false);
    stage.world.command(stage.node, &Command::Wake);
    stage.wait(1050);
    let count = stage.heard().len();
    assert!((10..=11).contains(&count), "{count} calls in the second after the pause");
}

#[test]
fn a_new_rate_counts_from_its_own_start() {
    let mut stage = Stage::client(&options(0), |settings| {
        settings.plan = rate(10.0);
        settings.calls_max = None;
    });
    stage.wait(1050);
    stage.heard();
    stage.world.command(stage.node, &Command::SetPlan(rate(100.0)));
    stage.wait(1005);
    assert_eq!(stage.heard().len(), 100);
    stage.world.command(stage.node, &Command::SetPlan(rate(0.0)));
    stage.wait(1000);
    assert!(stage.heard().is_empty());
}

#[test]
fn a_server_takes_no_more_calls_than_it_should() {
    let text = scenario(&[&recv("request=\"MESSAGE\""), &reply("200 OK", "")]);
    let mut stage = Stage::server(&text, |settings| settings.calls_max = Some(2));
    for id in ["a", "b"] {
        stage.say(&request("MESSAGE", 1, id));
        stage.hears("200");
    }
    stage.say(&request("MESSAGE", 1, "c"));
    stage.hears_nothing();
    let counters = stage.counters();
    assert_eq!((counters.successful, counters.out_of_call), (2, 1));
    assert!(stage.world.node(stage.node).shared().is_finished());
}

#[test]
fn stop_gracefully_and_stop_call_end_what_they_say() {
    let text = scenario(&[
        &send("OPTIONS", ""),
        &nop("", "<exec int_cmd=\"stop_gracefully\"/>"),
        "<pause milliseconds=\"500\"/>",
    ]);
    let mut stage = Stage::client(&text, |settings| settings.calls_max = None);
    stage.wait(1000);
    stage.succeeds();
    assert!(stage.world.node(stage.node).shared().is_finished());

    let text = scenario(&[
        &send("OPTIONS", ""),
        &nop("", "<exec int_cmd=\"stop_call\"/>"),
        "<pause milliseconds=\"500\"/>",
    ]);
    let mut stage = Stage::client(&text, |_| {});
    stage.wait(10);
    stage.fails(FailureKind::CallRejected);
}
