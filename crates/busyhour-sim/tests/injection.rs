//! Injection files: which call gets which line, whatever the number of workers (spec-scenario §10).

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use busyhour_engine::injection::{Files, Table};
use busyhour_engine::pacing::Plan;
use busyhour_engine::{Event, FailureKind, Run, Settings, Snapshot};
use busyhour_sim::{Conditions, Node, World, program};

const MESSAGE: &str = "<send><![CDATA[
OPTIONS sip:[field0] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:[field1]>;tag=[call_number]
To: <sip:x>
Call-ID: [call_id]
CSeq: 1 OPTIONS
X: [call_number] TEXT
Content-Length: 0

]]></send>";

/// A scenario whose header `X` holds the call's number and a text.
fn scenario(text: &str) -> String {
    format!("<scenario>{}</scenario>", MESSAGE.replace("TEXT", text))
}

fn files(texts: &[(&str, &str)]) -> Files {
    let mut files = Files::default();
    for (name, text) in texts {
        files.add(Table::parse(name, text.as_bytes().to_vec()).unwrap(), true);
    }
    files
}

/// What the run sent, by call number, and what was counted and told.
struct Outcome {
    /// Texts of `X`.
    values: Vec<String>,
    messages: Vec<String>,
    snapshot: Snapshot,
    warnings: Vec<String>,
}

fn run(scenario: &str, files: Files, workers: usize, change: impl FnOnce(&mut Settings)) -> Outcome {
    let mut world = World::new(7, Conditions::perfect());
    let peer = world.add_puppet();
    let mut settings = Settings {
        remote: Some(peer),
        plan: Plan::Constant { calls: 1000.0, period_us: 1_000_000 },
        ..Settings::default()
    };
    change(&mut settings);
    let run = Run { files: Arc::new(files), ..Run::placing(program(scenario)) };
    let node = world.add(Node::new(run, settings).workers(workers));
    world.run();
    let mut heard: Vec<(u64, String, String)> = world
        .heard(peer)
        .iter()
        .map(|heard| {
            let (number, value) = value(&heard.bytes);
            (number, value, String::from_utf8(heard.bytes.clone()).unwrap())
        })
        .collect();
    heard.sort();
    let warnings = world.node(node).events.iter().filter_map(warning).collect();
    let (values, messages) = heard.into_iter().map(|(_, value, message)| (value, message)).unzip();
    Outcome { values, messages, snapshot: world.snapshot(node), warnings }
}

fn value(message: &[u8]) -> (u64, String) {
    let text = String::from_utf8(message.to_vec()).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("X: ")).unwrap();
    let (number, value) = line.split_once(' ').unwrap();
    (number.parse().unwrap(), value.to_owned())
}

fn warning(event: &Event) -> Option<String> {
    match event {
        Event::Warning { text, .. } => Some(String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

#[test]
fn sequential_lines_come_in_order_and_once() {
    let text: String = (0..100).map(|line| format!("u{line};p{line}\n")).collect();
    for workers in [1, 2, 4] {
        let files = files(&[("a.csv", &format!("SEQUENTIAL\n{text}"))]);
        let outcome = run(&scenario("[field0] [field1]"), files, workers, |settings| {
            settings.calls_max = Some(250);
        });
        let wanted: Vec<String> = (0..250).map(|call| format!("u{0} p{0}", call % 100)).collect();
        assert_eq!(outcome.values, wanted, "{workers} workers");
        assert_eq!(outcome.snapshot.counters.successful, 250);
    }
}

#[test]
fn random_lines_do_not_depend_on_the_workers() {
    let text: String = (0..50).map(|line| format!("u{line}\n")).collect();
    let draw = |workers| {
        let files = files(&[("a.csv", &format!("RANDOM\n{text}")), ("b.csv", &format!("RANDOM\n{text}"))]);
        let scenario = scenario("[field0] [field0 file=\"b.csv\"]").replace("sip:[field1]", "sip:a");
        run(&scenario, files, workers, |settings| settings.calls_max = Some(300)).values
    };
    let one = draw(1);
    let different: HashSet<&String> = one.iter().collect();
    assert!(different.len() > 200, "{}", different.len());
    assert_eq!(draw(2), one);
    assert_eq!(draw(4), one);
}

#[test]
fn each_user_has_a_line() {
    for workers in [1, 3] {
        let files = files(&[("a.csv", "USERS\na\nb\nc\n")]);
        let scenario = scenario("[userid][field0]").replace("sip:[field1]", "sip:a");
        let outcome = run(&scenario, files, workers, |settings| {
            settings.users = Some(4);
            settings.calls_max = Some(40);
            settings.plan = Plan::Constant { calls: 1000.0, period_us: 1_000_000 };
        });
        assert!(outcome.values.iter().all(|value| ["1a", "2b", "3c"].contains(&value.as_str())));
        let counters = &outcome.snapshot.counters;
        assert_eq!(counters.failed[FailureKind::InjectionFile.index()], 10, "{counters:#?}");
        assert_eq!(counters.successful, 30);
        let wanted = "a.csv has only 3 lines, yet user 4 was requested";
        assert!(outcome.warnings.iter().any(|warning| warning.contains(wanted)), "{:?}", outcome.warnings);
    }
}

#[test]
fn without_users_a_file_by_users_is_empty() {
    let outcome = run(&scenario("([field0])"), files(&[("a.csv", "USER\na;b\n")]), 1, |settings| {
        settings.calls_max = Some(2);
    });
    assert_eq!(outcome.values, ["()", "()"]);
    assert_eq!(outcome.snapshot.counters.warnings, 0);
}

#[test]
fn a_given_line_counts_instead_of_the_calls_own() {
    for (line, wanted) in [
        ("0", "a"),
        ("2", "c"),
        ("3", ""),
        ("-1", ""),
        ("1.9", "b"),
        ("0x1", "b"),
        ("1e300", ""),
        ("[call_number]", "b"),
    ] {
        let text = format!("<[field0 line=\"{line}\"]>");
        let files = files(&[("a.csv", "SEQUENTIAL\na;1\nb;2\nc;3\n")]);
        let outcome = run(&scenario(&text), files, 1, |settings| settings.calls_max = Some(1));
        assert_eq!(outcome.values, [format!("<{wanted}>")], "line={line}");
    }
    let files = files(&[("a.csv", "SEQUENTIAL\na;1\n")]);
    let outcome = run(&scenario("[field0 line=\"1abc\"]"), files, 1, |settings| settings.calls_max = Some(1));
    assert_eq!(outcome.snapshot.counters.failed[FailureKind::InjectionFile.index()], 1);
    assert!(outcome.warnings[0].contains("Invalid line number generated: '1abc'"), "{:?}", outcome.warnings);
}

#[test]
fn a_field_that_is_not_there_is_empty_and_told() {
    let files = files(&[("a.csv", "SEQUENTIAL\na;b\nc\n")]);
    let outcome = run(&scenario("[field0]([field1])"), files, 1, |settings| settings.calls_max = Some(2));
    assert_eq!(outcome.values, ["a(b)", "c()"]);
    // Once in From, once in X.
    assert_eq!(outcome.snapshot.counters.warnings, 2);
    let wanted = "Field 1 not found in the file a.csv, line 1";
    assert!(outcome.warnings[0].contains(wanted), "{:?}", outcome.warnings);
}

#[test]
fn a_line_that_holds_nothing_but_an_empty_field_vanishes() {
    let files = files(&[("a.csv", "SEQUENTIAL\n;b\n")]);
    let scenario = scenario("z").replace("CSeq:", "[field0]\nCSeq:").replace("sip:[field0]", "sip:x");
    let outcome = run(&scenario, files, 1, |settings| settings.calls_max = Some(1));
    assert_eq!(outcome.values, ["z"]);
    let head = outcome.messages[0].split_once("\r\n\r\n").unwrap().0;
    assert!(head.contains("CSeq: 1 OPTIONS\r\nX: 1 z\r\nContent-Length: 0"), "{head}");
}

#[test]
fn a_call_keeps_its_line_when_lines_are_inserted() {
    let scenario = "<scenario><nop><action>\
         <insert file=\"a.csv\" value=\"n[call_number]\"/><lookup assign_to=\"at\" file=\"a.csv\" \
         key=\"n[call_number]\"/></action></nop><pause milliseconds=\"500\"/>"
        .to_owned()
        + &MESSAGE.replace("TEXT", "[field0] [field0 line=[$at]]").replace("sip:[field1]", "sip:a")
        + "</scenario>";
    for workers in [1, 2] {
        let mut files = files(&[("a.csv", "SEQUENTIAL\na\nb\n")]);
        files.index("a.csv", 0);
        let outcome = run(&scenario, files, workers, |settings| {
            settings.calls_max = Some(6);
            settings.plan = Plan::Constant { calls: 10.0, period_us: 1_000_000 };
        });
        // As in SIPp, where the sequence goes on behind line 1.
        assert_eq!(outcome.values, ["a n1", "b n2", "n1 n3", "n2 n4", "n3 n5", "n4 n6"], "{workers} workers");
        assert_eq!(outcome.snapshot.counters.warnings, 0, "{:?}", outcome.warnings);
    }
}

#[test]
fn what_is_replaced_in_mid_call_is_seen() {
    let scenario = "<scenario><nop><action><replace file=\"a.csv\" line=\"0\" value=\"z;y\"/></action></nop>"
        .to_owned()
        + &MESSAGE.replace("TEXT", "[field0]")
        + "</scenario>";
    let files = files(&[("a.csv", "SEQUENTIAL\na;1\nb;2\n")]);
    let outcome = run(&scenario, files, 1, |settings| settings.calls_max = Some(3));
    assert_eq!(outcome.values, ["z", "b", "z"]);
}

#[test]
fn incoming_calls_have_lines_and_automatic_ones_have_none() {
    let server = |out_of_call: bool| {
        let text = "<scenario><recv request=\"OPTIONS\"/><send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=1
[last_Call-ID:]
[last_CSeq:]
X: 1 [field0]
Content-Length: 0

]]></send></scenario>";
        let mut world = World::new(1, Conditions::perfect());
        let peer: SocketAddr = world.add_puppet();
        let run = Run {
            programs: vec![program(text)],
            placed: Vec::new(),
            received: (!out_of_call).then_some(0),
            out_of_call: out_of_call.then_some(0),
            files: Arc::new(files(&[("a.csv", "SEQUENTIAL\na\nb\n")])),
        };
        let node = world.add(Node::new(run, Settings::default()));
        for call in 0..3 {
            let request = format!(
                "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bK{call}\r\nFrom: <sip:a>;tag=1\r\nTo: \
                 <sip:b>\r\nCall-ID: {call}@x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            world.inject(peer, node, request.as_bytes());
            let end = world.now() + 5000;
            world.run_until(end);
        }
        let values: Vec<String> = world.heard(peer).iter().map(|heard| value(&heard.bytes).1).collect();
        let warnings: Vec<String> = world.node(node).events.iter().filter_map(warning).collect();
        (values, warnings)
    };
    assert_eq!(server(false).0, ["a", "b", "a"]);
    let (values, warnings) = server(true);
    assert_eq!(values, [] as [String; 0]);
    assert!(warnings.iter().any(|warning| warning.contains("out-of-call")), "{warnings:?}");
}

#[test]
fn init_sees_the_first_line_and_takes_none() {
    let scenario = "<scenario><init><nop><action><log message=\"init [field0]\"/></action></nop></init>"
        .to_owned()
        + &MESSAGE.replace("TEXT", "[field0]").replace("sip:[field1]", "sip:a")
        + "</scenario>";
    let outcome = run(&scenario, files(&[("a.csv", "SEQUENTIAL\na\nb\n")]), 1, |settings| {
        settings.calls_max = Some(3);
        settings.trace_logs = true;
    });
    assert_eq!(outcome.values, ["a", "b", "a"]);
}

#[test]
fn an_action_whose_text_cannot_be_made_changes_no_file() {
    for action in [
        "<insert file=\"a.csv\" value=\"[tdmmap]\"/>",
        "<replace file=\"a.csv\" line=\"[tdmmap]\" value=\"z\"/>",
        "<replace file=\"a.csv\" line=\"0\" value=\"[tdmmap]\"/>",
        "<lookup assign_to=\"at\" file=\"a.csv\" key=\"[tdmmap]\"/><log message=\"[$at]\"/>",
    ] {
        let scenario = format!("<scenario><nop><action>{action}</action></nop>")
            + &MESSAGE.replace("TEXT", "[field0 line=0]([field0 line=1])").replace("sip:[field1]", "sip:a")
            + "</scenario>";
        let mut files = files(&[("a.csv", "SEQUENTIAL\na\n")]);
        files.index("a.csv", 0);
        let outcome = run(&scenario, files, 1, |settings| settings.calls_max = Some(1));
        assert_eq!(outcome.values, ["a()"], "{action}");
        let counters = &outcome.snapshot.counters;
        assert_eq!(counters.failed[FailureKind::CannotMakeMessage.index()], 1, "{action}: {counters:#?}");
        assert!(
            outcome.warnings.iter().any(|warning| warning.contains("[tdmmap]")),
            "{:?}",
            outcome.warnings
        );
    }
}
