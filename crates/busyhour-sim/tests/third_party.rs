//! Third-party call control: two controllers between two user agents, and one side with a test that speaks for its twin.

mod stage;

use busyhour_engine::settings::{Run, ThirdParty};
use busyhour_engine::{Command, FailureKind, Settings};
use busyhour_sim::{Conditions, Node, NodeId, World, program};
use stage::{Stage, line, nop, recv, reply, response, scenario, send};

/// Of `-3pcc`.
fn twin(settings: &mut Settings) {
    settings.third_party = Some(ThirdParty { name: None, peers: vec![String::new()] });
}

/// Of `-master` and `-slave`.
fn named(name: &str, peers: &[&str]) -> impl FnOnce(&mut Settings) {
    let third_party = ThirdParty {
        name: Some(name.to_owned()),
        peers: peers.iter().map(|peer| (*peer).to_owned()).collect(),
    };
    move |settings| settings.third_party = Some(third_party)
}

/// A run that peers start the calls of, and that sends to `remote`.
fn follower(text: &str, remote: std::net::SocketAddr) -> Node {
    let run = Run::receiving(program(text));
    Node::new(run, Settings { remote: Some(remote), trace_logs: true, ..Settings::default() }).with(twin)
}

/// The four roles of `-3pcc`.
struct Square {
    world: World,
    caller: NodeId,
    called: NodeId,
    a: NodeId,
    b: NodeId,
}

impl Square {
    fn new(calls: u64, workers: usize, called: &str) -> Square {
        let mut world = World::new(5, Conditions::perfect());
        let first = world.add(Node::server("3pcc-A"));
        let second = world.add(Node::server(called));
        let b = world.add(follower("3pcc-C-B", second.address()).workers(workers));
        let a = world.add(
            Node::client("3pcc-C-A", first.address(), |settings| {
                settings.calls_max = Some(calls);
                twin(settings);
            })
            .workers(workers),
        );
        world.link(a, 0, b, 300);
        world.link(b, 0, a, 300);
        Square { world, caller: first, called: second, a, b }
    }
}

fn succeeds(calls: u64, workers: usize) {
    let mut square = Square::new(calls, workers, "3pcc-B");
    square.world.run();
    for node in [square.a, square.b, square.caller, square.called] {
        let snapshot = square.world.snapshot(node);
        let counters = &snapshot.counters;
        assert_eq!(
            (counters.successful, counters.failed_total(), counters.open, counters.panics),
            (calls, 0, 0, 0),
            "{:?}\n{counters:#?}",
            square.world.node(node).events
        );
    }
    let b = square.world.snapshot(square.b);
    assert_eq!((b.counters.outgoing, b.counters.incoming), (calls, 0));
    assert_eq!((b.programs[0].steps[0].messages, b.programs[0].steps[7].messages), (calls, calls));
}

#[test]
fn four_roles_agree() {
    succeeds(50, 1);
}

#[test]
fn four_roles_agree_with_three_workers() {
    succeeds(50, 3);
}

#[test]
fn a_refused_leg_gives_up_the_other_one() {
    let refuses =
        scenario(&[&recv("request=\"INVITE\""), &reply("486 Busy Here", ""), &recv("request=\"ACK\"")]);
    let mut square = Square::new(10, 2, &refuses);
    square.world.run();
    let (a, b) = (square.world.snapshot(square.a).counters, square.world.snapshot(square.b).counters);
    assert_eq!(a.failed[FailureKind::TwinAborted.index()], 10, "{a:#?}");
    assert_eq!(b.failed[FailureKind::UnexpectedMessage.index()], 10, "{b:#?}");
    // Its INVITE was answered, so it gets an ACK and a BYE.
    let caller = square.world.snapshot(square.caller).counters;
    assert_eq!((caller.successful, caller.failed_total()), (10, 0), "{caller:#?}");
}

#[test]
fn a_command_without_a_line_fails_its_call() {
    let mut square = Square::new(3, 1, "3pcc-B");
    square.world.cut(square.b);
    square.world.run();
    let a = square.world.snapshot(square.a).counters;
    assert_eq!((a.failed[FailureKind::CmdNotSent.index()], a.failed_total(), a.open), (3, 3, 0));
}

/// One node whose calls the test starts by commands.
struct Follower {
    stage: Stage,
}

impl Follower {
    fn new(steps: &[&str]) -> Follower {
        Follower::with(steps, |_| ())
    }

    fn with(steps: &[&str], change: impl FnOnce(&mut Settings)) -> Follower {
        let mut world = World::new(1, Conditions::perfect());
        let peer = world.add_puppet();
        let node = world.add(follower(&scenario(steps), peer).with(change));
        Follower { stage: Stage { world, node, peer } }
    }

    fn say(&mut self, command: &str) {
        let node = self.stage.node;
        self.stage.world.say_command(node, command);
        self.stage.wait(1);
    }
}

fn recv_cmd(attributes: &str, log: &str) -> String {
    format!("<recvCmd {attributes}><action><log message=\"{log}\"/></action></recvCmd>")
}

#[test]
fn a_command_waits_for_its_step_behind_a_message() {
    let steps = [
        &recv_cmd("", "first"),
        &recv("request=\"INVITE\""),
        &recv_cmd("", "second"),
        &recv_cmd("", "third"),
    ];
    let mut run = Follower::new(&steps.map(String::as_str));
    run.say("i: c1\r\n\r\n");
    run.say("i: c1\r\nX: 2\r\n\r\n");
    run.say("i: c1\r\nX: 3\r\n\r\n");
    assert_eq!(run.stage.logs(), ["first"]);
    run.stage.say(&stage::request("INVITE", 1, "c1"));
    assert_eq!(run.stage.logs(), ["first", "second", "third"]);
    run.stage.succeeds();
}

#[test]
fn a_command_in_a_pause_is_rejected() {
    let steps = [&recv_cmd("", "first"), "<pause milliseconds=\"500\"/>", &recv_cmd("", "second")];
    let mut run = Follower::new(&steps);
    run.say("i: c1\r\n\r\n");
    run.say("i: c1\r\n\r\n");
    run.stage.fails(FailureKind::CallRejected);
}

#[test]
fn optional_steps_are_passed_over_and_nops_run_before() {
    let steps = [
        &nop("", "<log message=\"nop\"/>"),
        &recv_cmd("optional=\"true\"", "maybe"),
        &recv("request=\"INFO\" optional=\"true\""),
        &recv_cmd("", "surely"),
    ];
    let mut run = Follower::new(&steps.map(String::as_str));
    run.say("call-id: c1\r\n\r\n");
    run.say("CALL-ID : c1\r\n\r\n");
    assert_eq!(run.stage.logs(), ["nop", "maybe", "surely"]);
    run.stage.succeeds();
}

#[test]
fn actions_see_the_text_without_its_last_blank_line() {
    let ereg = "<ereg regexp=\"X:.*\" search_in=\"msg\" assign_to=\"1\"/><log message=\"[$1]!\"/>";
    let steps = [format!("<recvCmd><action>{ereg}</action></recvCmd>"), recv_cmd("", "[call_number]")];
    let mut run = Follower::new(&[&steps[0], &steps[1]]);
    run.say("i: c1\r\nX: 1\r\n\r\n");
    run.say("i: c2\r\nX: 2\r\n\r\n\r\n");
    run.say("i: c3\r\nX: 3\r\n");
    run.say("i: c3\r\n");
    assert_eq!(run.stage.logs(), ["X: 1!", "X: 2\r\n!", "X: 3\r\n!", "3"]);
}

#[test]
fn a_call_is_given_up_at_the_twins_word_and_released_on_the_wire() {
    let invite = send("INVITE", "retrans=\"500\"");
    let mut run =
        Follower::new(&[&recv_cmd("", "first"), &invite, &recv("response=\"200\""), &recv_cmd("", "")]);
    run.say("i: c1\r\n\r\n");
    let invite = run.stage.hears("INVITE");
    run.stage.say(&response(&invite, "200 OK"));
    run.say("call-id: c1\r\ninternal-cmd: abort_call\r\n\r\n");
    let lines: Vec<String> = run.stage.heard().iter().map(line).collect();
    assert_eq!(lines, ["ACK", "BYE"]);
    run.stage.fails(FailureKind::TwinAborted);
    // Of a call that is not there nothing is made.
    run.say("call-id: c2\r\ninternal-cmd: abort_call\r\n\r\n");
    assert_eq!((run.stage.counters().created(), run.stage.counters().out_of_call), (1, 1));
}

#[test]
fn what_no_call_can_take_is_counted() {
    let mut run = Follower::with(&[&recv_cmd("", "first"), &recv("request=\"INVITE\"")], |settings| {
        settings.calls_open_max = 1;
    });
    run.say("From: m\r\n\r\n");
    assert_eq!(run.stage.counters().no_call_id, 1);
    run.say("i: c1\r\n\r\n");
    run.say("i: c2\r\n\r\n");
    assert_eq!((run.stage.counters().open, run.stage.counters().calls_refused), (1, 1));
    for _ in 0..70 {
        run.say("i: c1\r\n\r\n");
    }
    assert_eq!(run.stage.counters().commands_dropped, 6);
    run.stage.is_open();
}

#[test]
fn the_run_makes_no_more_calls_than_it_may() {
    let mut run = Follower::with(&[&recv_cmd("", "first")], |settings| settings.calls_max = Some(2));
    for call in 1..4 {
        run.say(&format!("i: c{call}\r\n\r\n"));
    }
    let counters = run.stage.counters();
    assert_eq!((counters.outgoing, counters.successful, counters.out_of_call), (2, 2, 1));
}

#[test]
fn a_run_that_quits_begins_no_call_for_a_command() {
    let mut run = Follower::new(&[&recv_cmd("", "first"), &recv("request=\"INVITE\"")]);
    run.say("i: c1\r\n\r\n");
    let node = run.stage.node;
    run.stage.world.node(node).shared().begin_quit();
    run.say("i: c2\r\n\r\n");
    let counters = run.stage.counters();
    assert_eq!((counters.outgoing, counters.open, counters.out_of_call), (1, 1, 1));
    // A command is an occasion to abort, too.
    run.stage.world.node(node).shared().raise_quit(10);
    run.say("i: c2\r\n\r\n");
    run.stage.fails(FailureKind::Aborted);
}

#[test]
fn calls_that_wait_for_a_command_end_with_the_line() {
    let steps = [
        &recv_cmd("", "first"),
        &recv("request=\"INVITE\""),
        &recv("request=\"INFO\" optional=\"true\""),
        &recv_cmd("", "second"),
        &recv("request=\"BYE\""),
    ];
    let mut run = Follower::with(&steps.map(String::as_str), twin);
    for call in ["c1", "c2", "c3"] {
        run.say(&format!("i: {call}\r\n\r\n"));
    }
    // c1 waits behind an optional step, c2 has its command already, c3 comes to the step later.
    run.stage.say(&stage::request("INVITE", 1, "c1"));
    run.say("i: c2\r\n\r\n");
    let node = run.stage.node;
    run.stage.world.command(node, &Command::TwinLost);
    let ended = |run: &mut Follower| {
        let counters = run.stage.counters();
        (counters.failed[FailureKind::TwinAborted.index()], counters.failed_total(), counters.open)
    };
    assert_eq!(ended(&mut run), (1, 1, 2));
    run.stage.say(&stage::request("INVITE", 1, "c2"));
    assert_eq!(ended(&mut run), (1, 1, 2));
    run.stage.say(&stage::request("INVITE", 1, "c3"));
    assert_eq!(ended(&mut run), (2, 2, 1));
}

#[test]
fn a_command_with_an_end_mark_inside_is_not_sent() {
    let ereg = "<ereg regexp=\".*\" search_in=\"hdr\" header=\"X:\" assign_to=\"1\"/>";
    let steps = [
        format!("<recvCmd><action>{ereg}</action></recvCmd>"),
        "<sendCmd><![CDATA[\nCall-ID: [call_id]\nX: [$1]\n]]></sendCmd>".to_owned(),
    ];
    let mut run = Follower::with(&[&steps[0], &steps[1]], twin);
    run.say("i: c1\r\nX: a\u{1b}b\r\n\r\n");
    run.stage.fails(FailureKind::CmdNotSent);
}

/// A master and its slave, with scenarios of commands only.
fn extended(source: &str) -> (World, NodeId, NodeId) {
    let order = |dest: &str, from: &str| {
        format!(
            "<sendCmd dest=\"{dest}\"><![CDATA[\nCall-ID: [call_id]\nFrom: {from}\nX-N: [call_number]\n]]></sendCmd>"
        )
    };
    let mut world = World::new(2, Conditions::perfect());
    let nobody = world.add_puppet();
    let slave = [&recv_cmd(&format!("src=\"{source}\""), "heard"), &order("m", "s1")];
    let slave = world.add(follower(&scenario(&slave.map(String::as_str)), nobody).with(named("s1", &["m"])));
    let master = [&order("s1", "m"), &recv_cmd("src=\"s1\"", "answered")];
    let master = scenario(&master.map(String::as_str));
    let master = world.add(Node::client(&master, nobody, |settings| {
        settings.calls_max = Some(5);
        settings.recv_timeout_ms = 1000;
        named("m", &["s1"])(settings);
    }));
    world.link(master, 0, slave, 200);
    world.link(slave, 0, master, 200);
    (world, master, slave)
}

#[test]
fn master_and_slave_agree() {
    let (mut world, master, slave) = extended("m");
    world.run();
    for node in [master, slave] {
        let counters = world.snapshot(node).counters;
        assert_eq!((counters.successful, counters.failed_total(), counters.open), (5, 0, 0), "{counters:#?}");
    }
}

#[test]
fn a_slave_rejects_the_word_of_strangers() {
    let (mut world, master, slave) = extended("other");
    world.run();
    let counters = world.snapshot(slave).counters;
    assert_eq!(counters.failed[FailureKind::CallRejected.index()], 5, "{counters:#?}");
    assert!(world.snapshot(master).counters.open == 5);
}

#[test]
fn a_send_command_waits_for_the_retransmission_timer() {
    let order = "<sendCmd><![CDATA[\nCall-ID: [call_id]\n]]></sendCmd>";
    let steps = [
        &recv_cmd("", "first"),
        &send("INVITE", "retrans=\"500\""),
        &recv("response=\"100\" advance_state=\"false\" optional=\"true\""),
        &recv("response=\"180\""),
        order,
        &recv("response=\"200\""),
    ];
    let mut run = Follower::new(&steps.map(|step| step));
    let (node, twin) = (run.stage.node, run.stage.world.add(Node::server("uas").with(twin)));
    run.stage.world.link(node, 0, twin, 100);
    run.say("i: c1\r\n\r\n");
    let invite = run.stage.hears("INVITE");
    assert_eq!(run.stage.step(4).messages, 0);
    run.stage.say(&response(&invite, "180 Ringing"));
    assert_eq!(run.stage.step(4).messages, 1);
    run.stage.say(&response(&invite, "200 OK"));
    run.stage.succeeds();
}
