//! TDM circuits of `-tdmmap` (spec-cli §2.3, spec-3.8 B).

mod stage;

use busyhour_engine::FailureKind;
use busyhour_engine::circuits::CircuitRange;
use busyhour_sim::World;
use stage::*;

fn range(text: &str) -> Option<CircuitRange> {
    Some(CircuitRange::parse(text).unwrap())
}

fn held_calls() -> String {
    scenario(&[&send_with("OPTIONS", "", "Subject: [tdmmap]", ""), "<pause milliseconds=\"1000\"/>"])
}

fn subjects(stage: &mut Stage) -> Vec<String> {
    stage.heard().iter().map(|heard| header(&heard.text(), "Subject").to_owned()).collect()
}

#[test]
fn each_call_has_a_circuit_and_gives_it_back() {
    let mut stage = Stage::client(&held_calls(), |settings| {
        settings.circuits = range("{0-0}{99}{5-6}{1-2}");
        settings.calls_max = None;
        settings.users = Some(4);
        settings.plan = busyhour_engine::pacing::Plan::Idle;
        settings.limit = Some(4);
    });
    stage.wait(500);
    assert_eq!(subjects(&mut stage), ["0.99.5/1", "0.99.5/2", "0.99.6/1", "0.99.6/2"]);
    stage.wait(1000);
    let mut again = subjects(&mut stage);
    again.sort();
    assert_eq!(again, ["0.99.5/1", "0.99.5/2", "0.99.6/1", "0.99.6/2"]);
    assert_eq!(stage.counters().failed_total(), 0);
}

#[test]
fn a_call_without_a_free_circuit_fails() {
    let mut stage = Stage::client(&held_calls(), |settings| {
        settings.circuits = range("{0-0}{99}{5-5}{1-2}");
        settings.calls_max = Some(5);
    });
    stage.wait(100);
    let counters = stage.counters();
    assert_eq!((counters.outgoing, counters.open), (5, 2));
    assert_eq!(stage.failed(FailureKind::OutboundCongestion), 3);
    assert_eq!(subjects(&mut stage).len(), 2);
    assert!(stage.events().iter().any(|event| event.contains("all circuits of -tdmmap are busy")));
}

#[test]
fn received_calls_have_circuits_too() {
    let text = scenario(&[&recv("request=\"MESSAGE\""), "<pause milliseconds=\"100\"/>"]);
    let mut stage = Stage::server(&text, |settings| settings.circuits = range("{0-0}{99}{5-5}{1-1}"));
    stage.say(&request("MESSAGE", 1, "x"));
    stage.say(&request("MESSAGE", 1, "y"));
    assert_eq!(stage.failed(FailureKind::OutboundCongestion), 1);
    stage.wait(200);
    stage.say(&request("MESSAGE", 1, "z"));
    let counters = stage.counters();
    assert_eq!((counters.incoming, counters.failed_total(), counters.open), (3, 1, 1));
}

#[test]
fn workers_share_the_circuits() {
    let mut world = World::new(1, busyhour_sim::Conditions::perfect());
    let peer = world.add_puppet();
    let text = scenario(&[&send("OPTIONS", ""), "<pause milliseconds=\"1000\"/>"]);
    let node = busyhour_sim::Node::client(&text, peer, |settings| {
        settings.circuits = range("{0-0}{99}{5-5}{1-9}");
        settings.calls_max = Some(20);
        settings.plan = busyhour_engine::pacing::Plan::Constant { calls: 1000.0, period_us: 1_000_000 };
    });
    let node = world.add(node.workers(3));
    let mut stage = Stage { world, node, peer };
    stage.wait(100);
    assert_eq!((stage.counters().open, stage.failed(FailureKind::OutboundCongestion)), (9, 11));
}
