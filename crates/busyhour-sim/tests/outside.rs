//! Messages outside calls, and for calls that have ended (spec-engine §2, §3.1; spec-3.8 B §3.1).

mod stage;

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::Placed;
use busyhour_engine::{Command, FailureKind, Run, Settings};
use busyhour_sim::{Conditions, Node, World, program};
use stage::*;

fn message_server() -> String {
    scenario(&[&recv("request=\"MESSAGE\""), &reply("200 OK", "")])
}

#[test]
fn late_messages_of_an_ended_call_are_recognised_for_33_s_and_each_prolongs_that() {
    let mut stage = Stage::server(&message_server(), |_| {});
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.succeeds();
    for _ in 0..3 {
        stage.wait(30_000);
        stage.say(&request("MESSAGE", 1, "x"));
    }
    stage.hears_nothing();
    assert_eq!(stage.counters().dead_call, 3);
    assert!(stage.events().last().unwrap().contains("Dead call x (successful), received 'MESSAGE"));
    stage.wait(34_000);
    // Forgotten: a new call.
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    assert_eq!(stage.counters().successful, 2);
}

#[test]
fn without_deadcall_wait_nothing_is_remembered() {
    let mut stage = Stage::server(&message_server(), |settings| settings.dead_call_wait_ms = 0);
    for _ in 0..2 {
        stage.say(&request("MESSAGE", 1, "x"));
        stage.hears("200");
    }
    assert_eq!(stage.counters().successful, 2);
}

#[test]
fn a_server_takes_stray_requests_for_calls_but_not_responses() {
    let mut stage = Stage::server(&message_server(), |_| {});
    let message = request("MESSAGE", 1, "x");
    stage.say(&response(&message, "200 OK"));
    let counters = stage.counters();
    assert_eq!((counters.incoming, counters.out_of_call), (0, 1));
    stage.say(&request("ACK", 1, "a"));
    stage.hears_nothing();
    stage.say(&request("BYE", 1, "b"));
    stage.hears("200");
    stage.say(&request("CANCEL", 1, "c"));
    stage.hears("200");
    assert_eq!(stage.counters().incoming, 3);
    assert_eq!(stage.failed(FailureKind::UnexpectedMessage), 3);
}

#[test]
fn a_server_with_aa_answers_before_any_call() {
    let mut stage = Stage::server(&message_server(), |settings| settings.auto_answer = true);
    for method in ["OPTIONS", "INFO", "NOTIFY", "UPDATE"] {
        stage.say(&request(method, 1, method));
        stage.hears("200");
    }
    let counters = stage.counters();
    assert_eq!((counters.incoming, counters.auto_answered), (0, 4));
    stage.say(&request("OPTIONSX", 1, "x"));
    assert_eq!(stage.counters().incoming, 1);
}

fn quiet_client(change: impl FnOnce(&mut Settings)) -> Stage {
    Stage::client(&scenario(&[&send("OPTIONS", ""), &recv("response=\"200\"")]), |settings| {
        settings.plan = Plan::Constant { calls: 0.0, period_us: 1_000_000 };
        change(settings);
    })
}

#[test]
fn a_client_only_counts_what_is_outside_its_calls() {
    let mut stage = quiet_client(|_| {});
    stage.say(&request("OPTIONS", 1, "x"));
    stage.say(&request("BYE", 1, "x"));
    stage.say(&response(&request("MESSAGE", 1, "x"), "200 OK"));
    stage.hears_nothing();
    assert_eq!(stage.counters().out_of_call, 3);
}

#[test]
fn a_client_with_aa_answers_and_counts_each_message_once() {
    let mut stage = quiet_client(|settings| settings.auto_answer = true);
    stage.say(&request("OPTIONS", 1, "x"));
    stage.hears("200");
    stage.say(&request("OPTIONS", 2, "x"));
    stage.hears("200");
    stage.say(&request("MESSAGE", 3, "x"));
    stage.hears_nothing();
    let counters = stage.counters();
    assert_eq!((counters.auto_answered, counters.out_of_call, counters.created()), (2, 1, 0));
}

#[test]
fn a_client_with_an_out_of_call_scenario_plays_it_for_requests() {
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let options = scenario(&[&send("OPTIONS", ""), &recv("response=\"200\"")]);
    let run = Run {
        programs: vec![program(&options), program("ooc_default")],
        placed: vec![Placed { program: 0, weight: 1 }],
        received: None,
        out_of_call: Some(1),
        files: Default::default(),
    };
    let settings = Settings {
        remote: Some(peer),
        plan: Plan::Constant { calls: 0.0, period_us: 1_000_000 },
        ..Settings::default()
    };
    let node = world.add(Node::new(run, settings));
    let mut stage = Stage { world, node, peer };
    stage.say(&request("NOTIFY", 1, "x"));
    stage.hears("200");
    stage.say(&response(&request("MESSAGE", 1, "y"), "200 OK"));
    let counters = stage.counters();
    assert_eq!((counters.auto_answered, counters.out_of_call, counters.created()), (1, 1, 0));
    stage.wait(5000);
    let counters = stage.counters();
    assert_eq!((counters.open, counters.successful, counters.failed_total()), (0, 0, 0));
    // They are calls of their own scenario only.
    let calls = stage.world.snapshot(stage.node).programs[1].calls.clone();
    assert_eq!((calls.incoming, calls.successful, calls.open()), (1, 1, 0));
    // Nobody waits for them when the run ends.
    stage.say(&request("NOTIFY", 1, "z"));
    stage.hears("200");
    stage.world.node(stage.node).shared().raise_quit(11);
    stage.world.command(stage.node, &Command::Wake);
    let calls = stage.world.snapshot(stage.node).programs[1].calls.clone();
    assert_eq!((calls.incoming, calls.successful, calls.failed_total()), (2, 1, 0));
}

/// A run that places `placed` and takes calls for `received`.
fn mixed(placed: &str, received: &str, change: impl FnOnce(&mut Settings)) -> Stage {
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let mut run = Run::placing(program(placed));
    run.programs.push(program(received));
    run.received = Some(1);
    let mut settings = Settings { remote: Some(peer), trace_logs: true, ..Settings::default() };
    change(&mut settings);
    let node = world.add(Node::new(run, settings));
    Stage { world, node, peer }
}

fn options() -> String {
    scenario(&[&send("OPTIONS", ""), &recv("response=\"200\"")])
}

#[test]
fn a_mixed_run_places_and_takes_calls() {
    let mut stage = mixed(&options(), &message_server(), |settings| settings.calls_max = Some(1));
    // -m counts the placed calls only.
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.wait(200);
    let placed = stage.hears("OPTIONS");
    assert_eq!(header(&placed, "CSeq"), "1 OPTIONS");
    // Both sides share the call numbers.
    assert_eq!(header(&placed, "From"), "<sip:a@10.0.0.1>;tag=A2");
    // The receiving side goes on as long as placed calls are open.
    stage.say(&request("MESSAGE", 1, "y"));
    stage.hears("200");
    stage.say(&response(&placed, "200 OK"));
    stage.say(&request("MESSAGE", 1, "z"));
    stage.hears_nothing();
    let snapshot = stage.world.snapshot(stage.node);
    assert_eq!((snapshot.counters.incoming, snapshot.counters.outgoing), (2, 1));
    assert_eq!(snapshot.counters.out_of_call, 1);
    let calls = |program: usize| &snapshot.programs[program].calls;
    assert_eq!((calls(0).outgoing, calls(0).incoming, calls(0).successful), (1, 0, 1));
    assert_eq!((calls(1).outgoing, calls(1).incoming, calls(1).successful), (0, 2, 2));
}

#[test]
fn failures_are_counted_for_their_own_program() {
    let mut stage = mixed(&options(), &message_server(), |settings| settings.calls_max = Some(1));
    stage.say(&request("INFO", 1, "x"));
    stage.wait(200);
    let placed = stage.hears("OPTIONS");
    stage.say(&response(&placed, "200 OK"));
    let snapshot = stage.world.snapshot(stage.node);
    let calls = |program: usize| &snapshot.programs[program].calls;
    assert_eq!((calls(0).failed_total(), calls(0).successful), (0, 1));
    assert_eq!(calls(1).failed[FailureKind::UnexpectedMessage.index()], 1);
    assert_eq!(snapshot.counters.failed_total(), 1);
}

#[test]
fn received_calls_do_not_use_up_the_limit_of_placed_ones() {
    let server = scenario(&[&recv("request=\"MESSAGE\""), "<pause milliseconds=\"10000\"/>"]);
    let mut stage = mixed(&options(), &server, |settings| {
        settings.limit = Some(1);
        settings.calls_max = Some(1);
    });
    for id in ["x", "y", "z"] {
        stage.say(&request("MESSAGE", 1, id));
    }
    stage.wait(200);
    stage.hears("OPTIONS");
    assert_eq!(stage.counters().suppressed_by_limit, 0);
}

#[test]
fn every_scenario_runs_its_init_before_traffic() {
    let with_init = |text: &str, steps: &[&str]| {
        let init = format!(
            "<init>{}</init>",
            nop("", &format!("<log message=\"{text} [call_number] [call_id]\"/>"))
        );
        let mut parts = vec![init.as_str()];
        parts.extend(steps);
        scenario(&parts)
    };
    let placed = with_init("placed", &[&send("OPTIONS", ""), &recv("response=\"200\"")]);
    let received = with_init("received", &[&recv("request=\"MESSAGE\""), &reply("200 OK", "")]);
    let mut stage = mixed(&placed, &received, |settings| settings.calls_max = Some(1));
    stage.wait(200);
    assert_eq!(stage.logs(), ["placed 0 ///main-init", "received 0 ///main-init"]);
    assert!(stage.hears("OPTIONS").contains("tag=A1"), "they take no number");
}

#[test]
fn global_variables_are_shared_by_name() {
    let placed = scenario(&[
        "<Global variables=\"other,seen\"/>",
        "<Reference variables=\"other\"/>",
        &send_with("OPTIONS", "", "Subject: [$seen]", ""),
        &recv("response=\"200\""),
    ]);
    let received = scenario(&[
        "<Global variables=\"seen\"/>",
        "<recv request=\"MESSAGE\"><action><assignstr assign_to=\"seen\" value=\"by the other\"/></action></recv>",
        &reply("200 OK", ""),
        "<nop><action><log message=\"[$seen]\"/></action></nop>",
    ]);
    let mut stage = mixed(&placed, &received, |settings| settings.calls_max = Some(1));
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.wait(200);
    assert_eq!(header(&stage.hears("OPTIONS"), "Subject"), "by the other");
}

#[test]
fn only_what_follows_the_first_three_slashes_of_a_call_id_counts() {
    let text = scenario(&[
        &recv("request=\"MESSAGE\""),
        &reply("200 OK", ""),
        &recv("request=\"INFO\""),
        &reply("200 OK", ""),
    ]);
    let mut stage = Stage::server(&text, |_| {});
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.say(&request("INFO", 2, "other///x"));
    assert_eq!(header(&stage.hears("200"), "Call-ID"), "other///x");
    stage.succeeds();

    let mut stage = Stage::server(&text, |settings| settings.keep_call_id_prefix = true);
    stage.say(&request("MESSAGE", 1, "x"));
    stage.hears("200");
    stage.say(&request("MESSAGE", 1, "other///x"));
    stage.hears("200");
    assert_eq!(stage.counters().incoming, 2);
}

#[test]
fn what_is_no_sip_is_counted_and_keep_alives_are_not() {
    let mut stage = Stage::server(&message_server(), |_| {});
    stage.say("hello");
    stage.say("\r\n\r\n");
    stage.say("\0\0\0\0");
    stage.say("MESSAGE sip:x SIP/2.0\r\n\r\n");
    let counters = stage.counters();
    assert_eq!((counters.not_sip, counters.no_call_id, counters.created()), (1, 1, 0));
}
