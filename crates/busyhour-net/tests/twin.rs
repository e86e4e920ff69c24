//! Commands of a third-party call control over loopback: who connects, whose they are, what loss means.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use busyhour_engine::{CallRef, Event, TwinSend};
use busyhour_net::{Connect, Loss, TwinOptions, open_twins};
use common::{Action, Rig, Setup, eventually};

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Of `-3pcc`, side B.
fn answering() -> TwinOptions {
    TwinOptions {
        listen: Some(anywhere()),
        peers: vec![None],
        connect: Connect::Never,
        answers: true,
        loss: Loss::EndsCalls,
        incoming_max: 1,
        keep_call_id_prefix: false,
    }
}

/// Of `-3pcc`, side A.
fn connecting(to: SocketAddr) -> TwinOptions {
    TwinOptions {
        listen: None,
        peers: vec![Some(to)],
        connect: Connect::AtStart,
        answers: false,
        loss: Loss::NoNewCalls,
        ..answering()
    }
}

fn start(options: &TwinOptions, workers: usize) -> (Rig, Option<SocketAddr>) {
    let twins = open_twins(options).unwrap();
    let at = twins.listens_on();
    let mut setup = Setup { twins: Some(twins), ..Setup::default() };
    setup.options.workers = workers;
    (setup.start(), at)
}

fn connect(to: Option<SocketAddr>) -> TcpStream {
    let stream = TcpStream::connect(to.unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn send(rig: &Rig, worker: usize, to: u16, text: &str) {
    let bytes = text.as_bytes().to_vec();
    rig.act(worker, Action::Twin(TwinSend { call: CallRef::default(), to, bytes }));
}

fn hears(stream: &mut TcpStream, text: &str) {
    let mut bytes = vec![0; text.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(String::from_utf8_lossy(&bytes), text);
}

fn notes(rig: &Rig) -> Vec<String> {
    let events = rig.workers().try_events();
    let texts = events.into_iter().filter_map(|event| match event {
        Event::Warning { text, .. } => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn commands_come_to_the_owner_of_their_call_and_answers_leave_on_the_same_connection() {
    let (rig, at) = start(&answering(), 3);
    let mut twin = connect(at);
    for call in 0..60 {
        twin.write_all(format!("Call-ID: {call}@h\r\nX: 1\r\n\r\n\u{1b}").as_bytes()).unwrap();
    }
    let count = || rig.desks.iter().map(|desk| desk.log.lock().unwrap().commands.len()).sum::<usize>();
    eventually("all commands", || count() == 60);
    for (worker, desk) in rig.desks.iter().enumerate() {
        let log = desk.log.lock().unwrap();
        assert!(log.commands.len() > 5, "worker {worker} has few calls");
        for command in &log.commands {
            assert_eq!(busyhour_engine::command_owner(command, false, &rig.shared), Some(worker));
        }
    }
    send(&rig, 1, 0, "i: 1@h\r\n");
    hears(&mut twin, "i: 1@h\r\n\u{1b}");
    rig.finish();
    // Nothing is left open: the end is heard.
    assert_eq!(twin.read(&mut [0; 10]).unwrap(), 0);
    assert!(TcpStream::connect(at.unwrap()).is_err());
}

#[test]
fn the_last_commands_of_a_run_leave() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let (rig, _) = start(&connecting(listener.local_addr().unwrap()), 1);
    let mut twin = accept(&listener);
    for call in 0..1000 {
        send(&rig, 0, 0, &format!("i: {call}"));
    }
    rig.workers().wake_all();
    eventually("all to be taken", || rig.desks[0].actions.lock().unwrap().is_empty());
    rig.finish();
    let mut all = String::new();
    twin.read_to_string(&mut all).unwrap();
    assert_eq!(all.matches('\u{1b}').count(), 1000);
    assert!(all.ends_with("i: 999\u{1b}"));
}

#[test]
fn without_a_connection_a_command_fails() {
    let (rig, at) = start(&answering(), 1);
    send(&rig, 0, 0, "i: 1");
    rig.wait(0, "the failure", |log| log.commands_not_sent == 1);
    send(&rig, 0, 7, "i: 1");
    rig.wait(0, "the failure", |log| log.commands_not_sent == 2);
    // A call is open, or the workers would end.
    rig.shared.next_call(None);
    drop(connect(at));
    eventually("the end of the twin", || rig.shared.quit_level() == 20);
    send(&rig, 0, 0, "i: 1");
    rig.wait(0, "the failure", |log| log.commands_not_sent == 3);
    assert!(notes(&rig).iter().any(|note| note.contains("the run ends")));
}

#[test]
fn the_side_that_connects_only_makes_no_new_calls_when_the_other_has_gone() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let (rig, _) = start(&connecting(listener.local_addr().unwrap()), 1);
    drop(accept(&listener));
    eventually("the end of the twin", || rig.shared.quit_level() == 1);
}

#[test]
fn who_must_be_there_and_is_not_is_named() {
    let listener = TcpListener::bind(anywhere()).unwrap();
    let taken = listener.local_addr().unwrap();
    let error = open_twins(&TwinOptions { listen: Some(taken), ..answering() }).unwrap_err();
    assert!(error.address_in_use() && error.to_string().contains(&taken.to_string()), "{error}");
    drop(listener);
    let error = open_twins(&connecting(taken)).unwrap_err();
    assert!(!error.address_in_use());
    assert!(error.to_string().contains(&format!("{taken}: Connection refused")), "{error}");
}

#[test]
fn a_follower_connects_when_the_first_peer_has_and_turns_away_who_is_too_much() {
    let leader = TcpListener::bind(anywhere()).unwrap();
    let options = TwinOptions {
        peers: vec![Some(leader.local_addr().unwrap())],
        connect: Connect::AtFirstPeer,
        answers: false,
        incoming_max: 2,
        ..answering()
    };
    let (rig, at) = start(&options, 1);
    let mut first = connect(at);
    let mut back = accept(&leader);
    first.write_all(b"i: 1\x1b").unwrap();
    rig.wait(0, "the command", |log| log.commands.len() == 1);
    send(&rig, 0, 0, "i: 1");
    hears(&mut back, "i: 1\u{1b}");
    let mut second = connect(at);
    second.write_all(b"i: 2\x1b").unwrap();
    rig.wait(0, "the command", |log| log.commands.len() == 2);
    let mut third = connect(at);
    assert_eq!(third.read(&mut [0; 10]).unwrap_or(0), 0);
    eventually("a note", || notes(&rig).iter().any(|note| note.contains("turned away")));
    assert_eq!(rig.shared.quit_level(), 0);
}

#[test]
fn what_is_too_long_is_dropped_and_counted() {
    let (rig, at) = start(&answering(), 1);
    let mut twin = connect(at);
    twin.write_all(&vec![b'a'; 70_000]).unwrap();
    twin.write_all(b"\x1bi: 1\0rest\x1b").unwrap();
    rig.wait(0, "the command", |log| log.commands == [b"i: 1"]);
    assert!(notes(&rig).iter().any(|note| note.contains("longer than 65536 bytes")));
    let snapshots = rig.finish();
    assert_eq!(snapshots[0].counters.commands_dropped, 1);
}

#[test]
fn a_connection_that_has_ended_is_closed_while_the_run_goes_on() {
    let (rig, at) = start(&answering(), 1);
    // A call is open, or the workers would end.
    rig.shared.next_call(None);
    let mut twin = connect(at);
    twin.write_all(b"i: 1\x1b").unwrap();
    rig.wait(0, "the command", |log| log.commands.len() == 1);
    twin.shutdown(Shutdown::Write).unwrap();
    assert_eq!(twin.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_full_inbox_holds_the_twin_back_and_loses_nothing() {
    const COMMANDS: usize = 70_000;
    let (rig, at) = start(&answering(), 1);
    let mut twin = connect(at);
    let writer = std::thread::spawn(move || {
        twin.write_all(&b"i: 1\x1b".repeat(COMMANDS)).unwrap();
        twin
    });
    rig.held(|| std::thread::sleep(Duration::from_secs(1)));
    rig.wait(0, "all commands", |log| log.commands.len() == COMMANDS);
    let _twin = writer.join().unwrap();
    assert_eq!(rig.workers().snapshots()[0].counters.commands_dropped, 0);
}
