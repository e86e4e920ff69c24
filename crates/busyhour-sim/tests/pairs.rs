//! Engine against engine on a perfect network: every call succeeds, and both sides count the same.

use busyhour_engine::FailureKind;
use busyhour_sim::{Conditions, Node, World};

fn pair(client: &str, server: &str, calls: u64, workers: usize) {
    let mut world = World::new(3, Conditions::perfect());
    let uas =
        world.add(Node::server(server).workers(workers).with(|settings| settings.calls_max = Some(calls)));
    let uac = world.add(
        Node::client(client, uas.address(), |settings| settings.calls_max = Some(calls)).workers(workers),
    );
    world.run();
    for node in [uac, uas] {
        let counters = world.snapshot(node).counters;
        assert_eq!(counters.successful, calls, "{:?}\n{counters:#?}", world.node(node).events);
        assert_eq!((counters.failed_total(), counters.open, counters.panics), (0, 0, 0));
        assert_eq!(counters.retransmissions, 0);
        assert_eq!(counters.failed[FailureKind::Panic.index()], 0);
    }
}

#[test]
fn uac_and_uas_agree() {
    pair("uac", "uas", 200, 1);
}

#[test]
fn three_workers_on_both_sides_agree() {
    pair("uac", "uas", 200, 3);
}

#[test]
fn regexp_and_uas_agree() {
    pair("regexp", "uas", 50, 1);
}

#[test]
fn branchc_and_branchs_agree() {
    pair("branchc", "branchs", 50, 1);
}
