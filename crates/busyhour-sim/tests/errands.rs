//! Commands, names and files: what a call has done outside of the engine.

mod stage;

use std::net::IpAddr;
use std::sync::Arc;

use busyhour_engine::pacing::Plan;
use busyhour_engine::settings::{ReadFile, ThirdParty};
use busyhour_engine::transport::CommandEnd;
use busyhour_engine::{FailureKind, Settings};
use busyhour_sim::{Conditions, Node, World};
use stage::{Stage, nop, recv, response, scenario, send, send_with, times};

/// One call of a client whose commands take as many ms as they say, and end with the status that they say.
fn client(steps: &[&str], change: impl FnOnce(&mut Settings)) -> Stage {
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = Node::client(&scenario(steps), peer, |settings| {
        settings.plan = Plan::Constant { calls: 1000.0, period_us: 1_000_000 };
        settings.calls_max = Some(1);
        settings.trace_logs = true;
        change(settings);
    });
    let node = world.add(node.commands(end).names(find));
    Stage { world, node, peer }
}

/// `wait MS` and how it ends.
fn end(command: &str) -> (u64, CommandEnd) {
    let mut words = command.split(' ').skip(1);
    let ms = words.next().and_then(|ms| ms.parse().ok()).unwrap_or(0);
    let end = match words.next() {
        Some("killed") => CommandEnd::Killed(9),
        Some("refused") => CommandEnd::NotStarted("too many".to_owned()),
        Some(status) => CommandEnd::Exited(status.parse().unwrap()),
        None => CommandEnd::Exited(0),
    };
    (ms, end)
}

/// `second` is the second puppet, `far` takes its time.
fn find(name: &str) -> (u64, Option<IpAddr>) {
    match name {
        "first" => (50, Some([10, 0, 1, 1].into())),
        "second" => (100, Some([10, 0, 1, 2].into())),
        "six" => (0, Some("::1".parse().unwrap())),
        _ => (200, None),
    }
}

fn verify(command: &str) -> String {
    format!("<exec verify=\"{command}\"/>")
}

fn actions(actions: &str) -> String {
    format!("<action>{actions}</action>")
}

fn setdest(host: &str, protocol: &str) -> String {
    format!("<setdest host=\"{host}\" port=\"5060\" protocol=\"{protocol}\"/>")
}

#[test]
fn the_next_step_waits_for_all_commands_and_the_rest_of_the_list_does_not() {
    let list = format!(
        "{}<log message=\"on\"/>{}<exec command=\"touch x\"/>",
        verify("wait 300"),
        verify("wait 100")
    );
    let mut stage = client(&[&nop("", &list), &send("OPTIONS", "")], |_| {});
    stage.wait(200);
    assert_eq!(stage.logs(), ["on"]);
    assert_eq!(stage.world.node(stage.node).commands, ["wait 300", "wait 100", "touch x"]);
    stage.hears_nothing();
    stage.wait(110);
    stage.hears("OPTIONS");
    stage.succeeds();
}

#[test]
fn a_command_that_does_not_end_well_fails_the_call_at_its_end() {
    for (command, reason) in [
        ("wait 10 1", "'wait 10 1' returned 1"),
        ("wait 10 127", "'wait 10 127' returned 127: not found"),
        ("wait 10 killed", "'wait 10 killed' was killed by signal 9"),
        ("wait 10 refused", "'wait 10 refused' could not be started: too many"),
    ] {
        let list = format!("{}{}", verify("wait 5"), verify(command));
        let mut stage = client(&[&nop("", &list), &send("OPTIONS", ""), &recv("response=\"200\"")], |_| {});
        stage.wait(20);
        let options = stage.hears("OPTIONS");
        stage.is_open();
        stage.say(&response(&options, "200 OK"));
        stage.fails(FailureKind::VerifyFailed);
        let events = stage.events().join("\n");
        assert!(events.contains(reason) && events.contains("Call-Id: 1-5061@10.0.0.1, "), "{events}");
    }
}

#[test]
fn messages_that_come_meanwhile_are_kept_and_retransmission_goes_on() {
    let invite = send_with("INVITE", "retrans=\"500\"", "", &actions(&verify("wait 2000")));
    let steps = [&*invite, &recv("response=\"180\" optional=\"true\""), &recv("response=\"200\"")];
    let mut stage = client(&steps, |_| {});
    stage.wait(1600);
    let heard = stage.heard();
    assert_eq!(times(&heard), [0, 500, 1500]);
    stage.say(&response(&heard[0].text(), "180 Ringing"));
    stage.say(&response(&heard[0].text(), "200 OK"));
    stage.is_open();
    stage.wait(500);
    stage.succeeds();
    stage.hears_nothing();
}

#[test]
fn a_call_does_not_end_before_its_last_command() {
    let mut stage = client(&[&send("OPTIONS", ""), &nop("", &verify("wait 500 1"))], |_| {});
    stage.wait(400);
    stage.is_open();
    stage.wait(200);
    stage.fails(FailureKind::VerifyFailed);
}

#[test]
fn a_pause_goes_on_meanwhile() {
    let pause = |ms: u64, command: &str| {
        format!("<pause milliseconds=\"{ms}\">{}</pause>", actions(&verify(command)))
    };
    for (ms, command, end) in [(300, "wait 100", 300), (100, "wait 300", 300)] {
        let mut stage = client(&[&pause(ms, command), &send("OPTIONS", "")], |_| {});
        stage.wait(end - 5);
        stage.hears_nothing();
        stage.wait(5);
        stage.hears("OPTIONS");
        stage.succeeds();
    }
}

#[test]
fn commands_of_init_hold_nobody_up() {
    let text = scenario(&[&send("OPTIONS", "")])
        .replace("<send", "<init><nop><action><exec verify=\"wait 100 1\"/></action></nop></init><send");
    let mut stage = Stage::client(&text, |_| {});
    stage.hears("OPTIONS");
    stage.succeeds();
    assert_eq!(stage.world.node(stage.node).commands, ["wait 100 1"]);
}

#[test]
fn a_call_goes_to_another_place_with_everything_that_follows() {
    let list = actions(&setdest("10.0.1.2", "UDP"));
    let steps = [
        &*send("INVITE", "retrans=\"500\""),
        &format!("<recv response=\"183\">{list}</recv>"),
        &send("PRACK", "retrans=\"500\""),
        &recv("response=\"200\""),
        &send("BYE", "retrans=\"500\""),
        &recv("response=\"200\""),
    ];
    let mut stage = client(&steps, |_| {});
    let second = stage.world.add_puppet();
    let invite = stage.hears("INVITE");
    stage.say(&response(&invite, "183 Session Progress"));
    stage.wait(600);
    stage.hears_nothing();
    stage.peer = second;
    let heard = stage.heard();
    assert_eq!(heard.len(), 2, "the message and its repetition");
    assert_eq!(heard[0].bytes, heard[1].bytes);
    // As in SIPp, the keywords name the target of the run still.
    assert!(heard[0].text().starts_with("PRACK sip:b@10.0.1.1:5060 SIP/2.0"), "{}", heard[0].text());
    stage.say(&response(&heard[0].text(), "200 OK"));
    let bye = stage.hears("BYE");
    stage.say(&response(&bye, "200 OK"));
    stage.succeeds();
}

#[test]
fn what_was_sent_before_is_repeated_to_the_new_place_as_it_was() {
    let list = actions(&setdest("10.0.1.2", "udp"));
    let steps = [
        &*send("OPTIONS", "retrans=\"500\""),
        &format!("<pause milliseconds=\"1\">{list}</pause>"),
        &recv("response=\"200\""),
    ];
    let mut stage = client(&steps, |_| {});
    let second = stage.world.add_puppet();
    let options = stage.hears("OPTIONS");
    stage.peer = second;
    stage.wait(500);
    assert_eq!(stage.hears("OPTIONS"), options);
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
}

#[test]
fn the_next_step_waits_for_a_name() {
    let list = format!("{}{}", setdest("second", "udp"), setdest("[$name]", "udp"));
    let list = format!("<assignstr assign_to=\"name\" value=\"first\"/>{list}");
    for (list, waits_ms, puppet) in [(list, 100, 0), (setdest("second", "udp"), 100, 1)] {
        let mut stage = client(&[&nop("", &list), &send("OPTIONS", "")], |_| {});
        let second = stage.world.add_puppet();
        stage.peer = [stage.peer, second][puppet];
        stage.wait(waits_ms - 5);
        stage.hears_nothing();
        stage.wait(5);
        stage.hears("OPTIONS");
        stage.succeeds();
    }
}

#[test]
fn a_place_that_cannot_be_fails_the_call_with_a_reason() {
    for (host, protocol, reason) in [
        ("nowhere", "udp", "the host name 'nowhere' has no address"),
        ("six", "udp", "::1 is of another address family"),
        ("::1", "udp", "::1 is of another address family"),
        ("[$empty]", "udp", "the host is empty"),
        ("second", "tcp", "not the one of this run, UDP"),
    ] {
        let list = format!("<assignstr assign_to=\"empty\" value=\"\"/>{}", setdest(host, protocol));
        let mut stage =
            client(&[&nop("", &format!("{list}<log message=\"[$empty]\"/>")), &send("OPTIONS", "")], |_| {});
        stage.wait(300);
        stage.hears_nothing();
        stage.fails(FailureKind::CannotSendMessage);
        let events = stage.events().join("\n");
        assert!(events.contains(reason), "{events}");
    }
}

#[test]
fn a_call_without_a_socket_of_its_own_cannot_send_after_closecon() {
    let mut stage = client(&[&send("OPTIONS", ""), &nop("", "<closecon/>"), &send("OPTIONS", "")], |_| {});
    stage.hears("OPTIONS");
    stage.fails(FailureKind::CannotSendMessage);
    let events = stage.events().join("\n");
    assert!(events.contains("has no socket to send on"), "{events}");
}

#[test]
fn a_call_with_a_socket_of_its_own_gets_another_after_closecon() {
    let options = send_with("OPTIONS", "", "", "<action><closecon/></action>");
    let steps = [&*options, &send("OPTIONS", ""), &recv("response=\"200\"")];
    let mut stage = client(&steps, |settings| settings.socket_per_call = true);
    stage.wait(2);
    let heard = stage.heard();
    assert_eq!(heard.len(), 2);
    assert_ne!(heard[0].from, heard[1].from);
    for message in &heard {
        assert!(message.text().contains(&format!("<sip:a@{}>", message.from)), "{}", message.text());
    }
    let ok = response(&heard[1].text(), "200 OK");
    stage.world.inject(stage.peer, stage.node, ok.as_bytes());
    stage.wait(2);
    stage.succeeds();
}

#[test]
fn failures_and_ends_by_actions_count_in_every_step() {
    let check = "<strcmp assign_to=\"x\" variable=\"x\" value=\"never\" check_it=\"true\"/>";
    let stop = "<exec int_cmd=\"stop_call\"/>";
    let reference = "<Reference variables=\"x\"/>";
    let step = |kind: &str, list: &str| match kind {
        "send" => send_with("INFO", "", "", &actions(list)),
        "pause" => format!("<pause milliseconds=\"5\">{}</pause>", actions(list)),
        "sendCmd" => format!("<sendCmd><![CDATA[\nCall-ID: [call_id]\n\n]]>{}</sendCmd>", actions(list)),
        _ => nop("", list),
    };
    let twin = |settings: &mut Settings| {
        settings.third_party = Some(ThirdParty { name: None, peers: vec![String::new()] });
    };
    for kind in ["send", "pause", "nop", "sendCmd"] {
        let skipped = format!("{check}<log message=\"skipped\"/>");
        let mut stage = client(&[&step(kind, &skipped), &send("OPTIONS", ""), reference], twin);
        stage.wait(20);
        assert!(stage.lines().contains(&"OPTIONS".to_owned()), "{kind}: the scenario goes on");
        assert!(stage.logs().is_empty(), "{kind}: the rest of the list is skipped");
        stage.fails(FailureKind::StrcmpDoesntMatch);

        let mut stage = client(&[&step(kind, stop), &send("OPTIONS", "")], twin);
        stage.wait(20);
        assert!(!stage.lines().contains(&"OPTIONS".to_owned()), "{kind}: the call has ended");
        stage.fails(FailureKind::CallRejected);
    }
}

#[derive(Debug)]
struct Shelf;

impl ReadFile for Shelf {
    fn read(&self, path: &str) -> Result<Arc<[u8]>, String> {
        match path {
            "body-1.txt" => Ok(b"X-File: yes"[..].into()),
            path => Err(format!("there is no '{path}'")),
        }
    }
}

#[test]
fn files_stand_in_messages() {
    let options = send_with("OPTIONS", "", "[file name=\"body-[call_number].txt\"]", "");
    let mut stage = client(&[&options], |settings| settings.read_file = Arc::new(Shelf));
    let heard = stage.hears("OPTIONS");
    assert!(heard.contains("Max-Forwards: 70\r\nX-File: yes\r\nContent-Length: 0\r\n"), "{heard}");
    stage.succeeds();
}

#[test]
fn a_message_without_its_file_is_not_sent() {
    let options = send_with("OPTIONS", "", "[file name=none]", "");
    let mut stage = client(&[&options], |settings| settings.read_file = Arc::new(Shelf));
    stage.hears_nothing();
    stage.fails(FailureKind::CannotMakeMessage);
    let events = stage.events().join("\n");
    assert!(events.contains("[file]: there is no 'none'"), "{events}");
}

#[test]
fn of_several_failures_the_last_one_counts() {
    let check = "<strcmp assign_to=\"d\" variable=\"v\" value=\"b\" check_it=\"true\"/>";
    let check = format!("<assignstr assign_to=\"v\" value=\"a\"/>{check}");
    for (first, second, kind) in [
        (&*check, &*verify("wait 10 1"), FailureKind::VerifyFailed),
        (&*verify("wait 10 1"), &*check, FailureKind::StrcmpDoesntMatch),
        (&*check, "<log message=\"[tdmmap]\"/>", FailureKind::CannotMakeMessage),
    ] {
        let used = nop("", "<log message=\"[$d]\"/>");
        let mut stage = client(&[&send("OPTIONS", ""), &nop("", first), &nop("", second), &used], |_| {});
        stage.wait(50);
        stage.fails(kind);
    }
}

#[test]
fn of_too_many_messages_that_wait_the_last_are_dropped_and_counted() {
    let options = send_with("OPTIONS", "", "", &actions(&verify("wait 500")));
    let mut stage = client(&[&*options, &recv("response=\"200\"")], |_| {});
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    for _ in 0..66 {
        stage.say(&response(&options, "480 Unavailable"));
    }
    stage.is_open();
    stage.wait(500);
    stage.succeeds();
    let events = stage.events();
    let told: Vec<_> = events.iter().filter(|event| event.contains("wait for a receive")).collect();
    assert!(told.len() == 3 && told[0].contains("480 Unavailable"), "{events:?}");
    assert_eq!(stage.counters().waiting_dropped, 3);
}

#[test]
fn a_text_that_cannot_be_made_is_not_used_and_skips_the_rest() {
    for (action, logs) in [
        ("<log message=\"x[tdmmap]\"/>", &["v=old"][..]),
        ("<warning message=\"x[tdmmap]\"/>", &["v=old"]),
        ("<assignstr assign_to=\"v\" value=\"x[tdmmap]\"/>", &["v=old"]),
        ("<exec command=\"x[tdmmap]\"/>", &["v=old"]),
    ] {
        let list = format!("<assignstr assign_to=\"v\" value=\"old\"/>{action}<log message=\"rest\"/>");
        let steps = [&*send("OPTIONS", ""), &nop("", &list), &nop("", "<log message=\"v=[$v]\"/>")];
        let mut stage = client(&steps, |_| {});
        stage.wait(10);
        stage.fails(FailureKind::CannotMakeMessage);
        assert_eq!(stage.logs(), logs, "{action}");
        assert_eq!(stage.counters().warnings, 1, "{:?}", stage.events());
        assert!(stage.world.node(stage.node).commands.is_empty());
    }
}

#[test]
fn error_ends_the_run_even_without_its_text() {
    let mut stage = client(&[&send("OPTIONS", ""), &nop("", "<error message=\"x[tdmmap]\"/>")], |_| {});
    stage.wait(10);
    let events = stage.events().join("\n");
    assert!(events.contains("this call has no circuit") && events.contains("Stop"), "{events}");
    assert!(!events.contains("text: Some([])"), "{events}");
}
