//! Third-party call control with SIPp 3.8 on the other side, in every role. A relay between the two sides writes down
//! what passes, which must be what SIPp sends.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::peers::{Agent, Counts, SOON, Tool, Transport, free_port, scenario, wait_until_bound};

/// How long a relay keeps the end of one side from the other, so that calls there can end too.
const LINGER: Duration = Duration::from_millis(1500);

/// Forwards one connection and keeps what passed.
struct Relay {
    port: u16,
    /// From who connects, and to.
    passed: [Arc<Mutex<Vec<u8>>>; 2],
}

impl Relay {
    fn to(target: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind the relay");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let passed = [Arc::default(), Arc::default()];
        let kept = passed.clone();
        thread::spawn(move || {
            let (near, _) = listener.accept().expect("accept");
            let far = TcpStream::connect(("127.0.0.1", target)).expect("connect to the listening side");
            let handles = |stream: &TcpStream| stream.try_clone().expect("a second handle");
            let [forth, back] = kept;
            let (to_far, to_near) = (handles(&far), handles(&near));
            thread::spawn(move || pump(near, to_far, &forth));
            pump(far, to_near, &back);
        });
        Relay { port, passed }
    }

    /// The commands of both ways, without what differs from run to run, in a fixed order.
    fn commands(&self) -> [Vec<String>; 2] {
        self.passed.each_ref().map(|bytes| {
            let text = String::from_utf8_lossy(&bytes.lock().expect("not poisoned")).into_owned();
            assert!(text.is_empty() || text.ends_with('\u{1b}'), "a command has no end: {text:?}");
            let mut commands: Vec<String> = text.split_terminator('\u{1b}').map(without_pid).collect();
            commands.sort();
            commands
        })
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, keep: &Mutex<Vec<u8>>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        keep.lock().expect("not poisoned").extend_from_slice(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    thread::sleep(LINGER);
    let _ = to.shutdown(Shutdown::Both);
}

/// `1-4711@127.0.0.1` is call 1 of some process.
fn without_pid(command: &str) -> String {
    let Some((before, after)) = command.split_once('@') else { return command.to_owned() };
    match before.rsplit_once('-') {
        Some((number, _)) => format!("{number}-PID@{after}"),
        None => command.to_owned(),
    }
}

/// What came of a run of two controllers.
struct Outcome {
    a: Counts,
    b: Counts,
    caller: Counts,
    called: Counts,
    commands: [Vec<String>; 2],
    logs: String,
}

/// Controllers A and B between two user agents, whose options are given.
fn classic(a: Tool, b: Tool, agents: Tool, calls: u64, caller: &[&str], called: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let calls_text = calls.to_string();
    let with_count = |options: &[&'_ str]| -> Vec<String> {
        options.iter().copied().chain(["-m", &calls_text]).map(str::to_owned).collect()
    };
    let server = |name: &str, options: &[String]| {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        Agent::server(&at(name), agents, Transport::Udp, &options)
    };
    let mut caller = server("caller", &with_count(caller));
    let mut called = server("called", &with_count(called));

    let twin_port = free_port();
    let (twin, called_at) = (format!("127.0.0.1:{twin_port}"), format!("127.0.0.1:{}", called.port));
    let options = ["-sn", "3pcc-C-B", "-3pcc", &twin, &called_at];
    let mut b = Agent::server(&at("b"), b, Transport::Udp, &options);
    assert!(wait_until_bound(&mut b.process, Transport::Tcp, twin_port), "{}", b.process.logs());

    let relay = Relay::to(twin_port);
    let twin = format!("127.0.0.1:{}", relay.port);
    let options = ["-sn", "3pcc-C-A", "-3pcc", &twin, "-m", &calls_text, "-r", "50", "-timeout", "20"];
    let mut a = Agent::client(&at("a"), a, caller.port, &options);
    let placed = a.finish(Duration::from_secs(60));
    let outcome = Outcome {
        a: placed,
        b: b.finish(SOON),
        caller: caller.finish(SOON),
        called: called.finish(SOON),
        commands: relay.commands(),
        logs: [&a, &b, &caller, &called].map(|agent| agent.process.logs()).concat(),
    };
    assert_eq!(outcome.a.created, calls, "{}", outcome.logs);
    outcome
}

/// A run in which every call succeeds on every side.
fn succeeds(a: Tool, b: Tool, agents: Tool) -> [Vec<String>; 2] {
    const CALLS: u64 = 20;
    let outcome = classic(a, b, agents, CALLS, &["-sn", "3pcc-A"], &["-sn", "3pcc-B"]);
    for counts in [outcome.a, outcome.b, outcome.caller, outcome.called] {
        assert_eq!(counts, Counts::all_well(CALLS), "{}", outcome.logs);
    }
    assert_eq!(outcome.commands.each_ref().map(Vec::len), [CALLS as usize; 2], "{}", outcome.logs);
    outcome.commands
}

#[test]
fn controllers_say_what_sipps_say() {
    let pairs = [
        (Tool::Sipp38, Tool::Sipp38),
        (Tool::Busyhour, Tool::Sipp38),
        (Tool::Sipp38, Tool::Busyhour),
        (Tool::Busyhour, Tool::Busyhour),
    ];
    let said = thread::scope(|scope| {
        let runs = pairs.map(|(a, b)| scope.spawn(move || succeeds(a, b, Tool::Sipp38)));
        runs.map(|run| run.join().expect("the run is well"))
    });
    for (pair, commands) in pairs.iter().zip(&said) {
        assert_eq!(commands, &said[0], "{pair:?}");
    }
}

#[test]
fn four_busyhours_agree() {
    succeeds(Tool::Busyhour, Tool::Busyhour, Tool::Busyhour);
}

/// A run in which the second leg is refused: B gives up, and A at its word.
fn refused(a: Tool, b: Tool) -> [Vec<String>; 2] {
    const CALLS: u64 = 5;
    let given_up = scenario("third_party_given_up.xml");
    let refuses = scenario("third_party_refuses.xml");
    let outcome = classic(a, b, Tool::Sipp38, CALLS, &["-sf", &given_up], &["-sf", &refuses]);
    let failed = Counts { exit: 1, created: CALLS, successful: 0, failed: CALLS };
    assert_eq!([outcome.a, outcome.b], [failed; 2], "{}", outcome.logs);
    let well = Counts::all_well(CALLS);
    assert_eq!([outcome.caller, outcome.called], [well; 2], "{}", outcome.logs);
    outcome.commands
}

#[test]
fn a_refused_leg_ends_the_other_one() {
    let pairs =
        [(Tool::Sipp38, Tool::Sipp38), (Tool::Busyhour, Tool::Sipp38), (Tool::Sipp38, Tool::Busyhour)];
    let said = thread::scope(|scope| {
        let runs = pairs.map(|(a, b)| scope.spawn(move || refused(a, b)));
        runs.map(|run| run.join().expect("the run is well"))
    });
    assert!(said[0][1].iter().all(|command| command.contains("internal-cmd: abort_call")), "{said:?}");
    for (pair, commands) in pairs.iter().zip(&said) {
        assert_eq!(commands, &said[0], "{pair:?}");
    }
}

/// A master and a slave with scenarios of commands only, each behind a relay.
fn extended(master: Tool, slave: Tool) -> [Vec<String>; 2] {
    const CALLS: u64 = 20;
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (master_port, slave_port) = (free_port(), free_port());
    let (to_master, to_slave) = (Relay::to(master_port), Relay::to(slave_port));
    let addresses = |name: &str, master: u16, slave: u16| {
        let file = folder.path().join(name);
        let text = format!("this line means nothing\nm;127.0.0.1:{master}\ns1;127.0.0.1:{slave}\n");
        fs::write(&file, text).expect("write the addresses");
        file.display().to_string()
    };
    let of_master = addresses("master.cfg", master_port, to_slave.port);
    let of_slave = addresses("slave.cfg", to_master.port, slave_port);
    let (plays_master, plays_slave) = (scenario("third_party_master.xml"), scenario("third_party_slave.xml"));

    let options = ["-sf", &plays_slave, "-slave", "s1", "-slave_cfg", &of_slave, "127.0.0.1:9"];
    let mut slave = Agent::server(&folder.path().join("slave"), slave, Transport::Udp, &options);
    assert!(wait_until_bound(&mut slave.process, Transport::Tcp, slave_port), "{}", slave.process.logs());
    let calls = CALLS.to_string();
    let options = [
        "-sf",
        &plays_master,
        "-master",
        "m",
        "-slave_cfg",
        &of_master,
        "-m",
        &calls,
        "-r",
        "50",
        "-timeout",
        "20",
    ];
    let mut master = Agent::client(&folder.path().join("master"), master, 9, &options);
    let led = master.finish(Duration::from_secs(60));
    let followed = slave.finish(SOON);
    let logs = [&master, &slave].map(|agent| agent.process.logs()).concat();
    assert_eq!([led, followed], [Counts::all_well(CALLS); 2], "{logs}");
    let [[questions, nothing], [answers, neither]] = [to_slave.commands(), to_master.commands()];
    assert!(nothing.is_empty() && neither.is_empty(), "peers answer on connections of their own");
    assert_eq!([questions.len(), answers.len()], [2 * CALLS as usize, CALLS as usize]);
    [questions, answers]
}

#[test]
fn masters_and_slaves_say_what_sipps_say() {
    let pairs = [
        (Tool::Sipp38, Tool::Sipp38),
        (Tool::Busyhour, Tool::Sipp38),
        (Tool::Sipp38, Tool::Busyhour),
        (Tool::Busyhour, Tool::Busyhour),
    ];
    let said = thread::scope(|scope| {
        let runs = pairs.map(|(master, slave)| scope.spawn(move || extended(master, slave)));
        runs.map(|run| run.join().expect("the run is well"))
    });
    for (pair, commands) in pairs.iter().zip(&said) {
        assert_eq!(commands, &said[0], "{pair:?}");
    }
}

/// B ends while calls of A go on: they do, and no new ones begin. A is killed: B ends at once.
#[test]
fn the_loss_of_the_twin_ends_a_run() {
    for (a, b, killed) in [
        (Tool::Busyhour, Tool::Sipp38, "b"),
        (Tool::Sipp38, Tool::Busyhour, "a"),
        (Tool::Busyhour, Tool::Busyhour, "b"),
    ] {
        loss(a, b, killed);
    }
}

fn loss(a: Tool, b: Tool, killed: &str) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let at = |name: &str| -> std::path::PathBuf { Path::join(folder.path(), name) };
    let agent = |name: &str, scenario: &str| {
        Agent::server(&at(name), Tool::Sipp38, Transport::Udp, &["-sn", scenario])
    };
    let (caller, called) = (agent("caller", "3pcc-A"), agent("called", "3pcc-B"));
    let twin_port = free_port();
    let (twin, called_at) = (format!("127.0.0.1:{twin_port}"), format!("127.0.0.1:{}", called.port));
    let options = ["-sn", "3pcc-C-B", "-3pcc", &twin, &called_at];
    let mut b = Agent::server(&at("b"), b, Transport::Udp, &options);
    assert!(wait_until_bound(&mut b.process, Transport::Tcp, twin_port), "{}", b.process.logs());
    let options = ["-sn", "3pcc-C-A", "-3pcc", &twin, "-r", "20", "-rp", "1000", "-recv_timeout", "3000"];
    let mut a = Agent::client(&at("a"), a, caller.port, &options);
    let (dies, lives) = if killed == "a" { (&mut a, &mut b) } else { (&mut b, &mut a) };
    lives.wait_for("SuccessfulCall(C)", 6);
    dies.process.signal("KILL");
    let counts = lives.finish(SOON);
    assert_eq!(counts.created, counts.successful + counts.failed, "{}", lives.process.logs());
    assert!(counts.successful > 5, "{counts:?}\n{}", lives.process.logs());
}
