//! Datagrams, over loopback.

mod common;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use busyhour_engine::{Handover, Path, SocketId, Time, Trouble};
use busyhour_net::BindOptions;
use common::{Action, Rig, Setup};

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(len);
    (buffer, from)
}

fn main_path(peer: SocketAddr) -> Path {
    Path { peer, socket: SocketId::MAIN }
}

#[test]
fn what_arrives_comes_back_with_kernel_times_and_no_drops() {
    let rig = Setup::default().start();
    let client = client();
    for n in 0..100u32 {
        client.send_to(format!("message {n:03}").as_bytes(), rig.local).unwrap();
    }
    let mut back: Vec<_> = (0..100).map(|_| String::from_utf8(receive(&client).0).unwrap()).collect();
    back.sort();
    assert_eq!(back[7], "message 007");
    {
        let log = rig.desks[0].log.lock().unwrap();
        assert!(log.received.windows(2).all(|pair| pair[0].0.received <= pair[1].0.received));
        for (source, now, _) in &log.received {
            assert!(source.received <= *now && now.micros_since(source.received) < 5_000_000);
            assert_eq!(source.path, main_path(client.local_addr().unwrap()));
        }
        assert!(log.received.iter().any(|(source, now, _)| source.received < *now), "no kernel stamps");
    }
    let last = rig.finish();
    let generator = &last[0].generator;
    assert_eq!((generator.kernel_drops, generator.send_failures, generator.receive_failures), (0, 0, 0));
    assert!(generator.turns > 0 && generator.elapsed_us > 0 && generator.busy_us <= generator.elapsed_us);
}

#[test]
fn runs_of_every_length_arrive_whole() {
    let rig = Setup { echo: false, ..Setup::default() }.start();
    let peer = Setup { echo: false, ..Setup::default() }.start();
    let sizes = [1usize, 559, 560, 560, 560, 561, 1400, 1473, 9000, 60_000, 65_507];
    let messages: Vec<_> = (0..600)
        .map(|n| {
            let size = sizes[n % sizes.len()].min(if n < 22 { 65_507 } else { 1500 });
            let mut bytes = vec![b'.'; size];
            let text = n.to_string();
            let len = text.len().min(size);
            bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
            bytes
        })
        .collect();
    let mut expected = messages.clone();
    rig.act(0, Action::Send(messages.into_iter().map(|bytes| (main_path(peer.local), 0, bytes)).collect()));
    peer.wait(0, "all messages", |log| log.received.len() == 600);
    let mut received: Vec<_> =
        peer.desks[0].log.lock().unwrap().received.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    received.sort();
    expected.sort();
    assert!(received == expected);
    assert!(rig.desks[0].log.lock().unwrap().failures.is_empty());
}

#[test]
fn messages_of_a_call_keep_their_order() {
    let rig = Setup::default().start();
    let sink = client();
    let to = main_path(sink.local_addr().unwrap());
    let mut messages = Vec::new();
    for rank in 0..6u8 {
        for call in 0..40usize {
            let text = format!("{call} {rank} {}", "x".repeat((call * 7 + usize::from(rank) * 13) % 50));
            messages.push((to, rank, text.into_bytes()));
        }
    }
    // The batch lists each call's messages together, as an engine does.
    messages.sort_by_key(|(_, rank, bytes)| (bytes[0], bytes[1], *rank));
    rig.act(0, Action::Send(messages));
    let mut next = vec![0; 40];
    for _ in 0..240 {
        let text = String::from_utf8(receive(&sink).0).unwrap();
        let mut words = text.split(' ').map(|word| word.parse::<usize>().unwrap_or(0));
        let (call, rank) = (words.next().unwrap(), words.next().unwrap());
        assert_eq!(next[call], rank, "call {call}");
        next[call] += 1;
    }
}

#[test]
fn a_refused_datagram_is_reported_and_harms_no_other() {
    let rig = Setup { echo: false, ..Setup::default() }.start();
    let sink = client();
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for round in 0..20 {
        let good = (main_path(sink.local_addr().unwrap()), 0, format!("good {round}").into_bytes());
        let bad = (main_path(nobody), 0, b"refused".to_vec());
        rig.act(0, Action::Send(vec![bad.clone(), good, bad]));
        assert_eq!(receive(&sink).0, format!("good {round}").into_bytes());
    }
    // One of the first two may have gone unreported, since they left as one run.
    rig.wait(0, "ICMP", |log| log.unreachable.len() >= 39);
    let log = rig.desks[0].log.lock().unwrap();
    assert!(
        log.unreachable
            .iter()
            .all(|(original, trouble)| { original.starts_with(b"refused") && *trouble == Trouble::Refused })
    );
    assert!(log.failures.is_empty());
}

#[test]
fn a_message_too_long_fails_alone() {
    let rig = Setup { echo: false, ..Setup::default() }.start();
    let sink = client();
    let to = main_path(sink.local_addr().unwrap());
    rig.act(0, Action::Send(vec![(to, 0, vec![b'x'; 65_600]), (to, 0, b"short".to_vec())]));
    assert_eq!(receive(&sink).0, b"short");
    rig.wait(0, "a failure", |log| log.failures == [Trouble::TooLong]);
    assert_eq!(rig.finish()[0].generator.send_failures, 1);
}

#[test]
fn two_workers_share_a_port_and_each_gets_its_own() {
    let options = BindOptions { workers: 2, ..Setup::default().options };
    let rig = Setup { options, ..Setup::default() }.start();
    let clients: Vec<_> = (0..8).map(|_| client()).collect();
    for n in 0..125 {
        for (c, client) in clients.iter().enumerate() {
            client.send_to(format!("{n} owner: {}", (n + c) % 2).as_bytes(), rig.local).unwrap();
        }
        for client in &clients {
            let (_, from) = receive(client);
            assert_eq!(from, rig.local);
        }
    }
    for worker in 0..2 {
        let log = rig.desks[worker].log.lock().unwrap();
        assert_eq!(log.received.len(), 500);
        let mine = format!("owner: {worker}");
        assert!(log.received.iter().all(|(_, _, bytes)| bytes.ends_with(mine.as_bytes())));
    }
    let snapshots = rig.workers().snapshots();
    assert_eq!(snapshots.len(), 2);
    assert!(snapshots.iter().all(|snapshot| snapshot.generator.ring_overflows == 0));
    rig.finish();
}

#[test]
fn handovers_are_never_lost() {
    let options = BindOptions { workers: 3, ..Setup::default().options };
    let rig = Setup { options, ..Setup::default() }.start();
    const COUNT: u32 = 100_000;
    for user in 0..COUNT {
        rig.desks[0].actions.lock().unwrap().push_back(Action::Handover(1, Handover::UserFree { user }));
    }
    rig.act(0, Action::Handover(2, Handover::UserFree { user: 7 }));
    rig.wait(1, "all handovers", |log| log.handovers.len() == COUNT as usize);
    rig.wait(2, "the other", |log| log.handovers == [Handover::UserFree { user: 7 }]);
    let log = rig.desks[1].log.lock().unwrap();
    assert!(log.handovers.iter().zip(0..).all(|(handover, user)| *handover == Handover::UserFree { user }));
}

#[test]
fn each_call_has_a_socket_and_shares_one_beyond_the_limit() {
    let options = BindOptions { socket_per_call: true, max_sockets: 2, ..Setup::default().options };
    let rig = Setup { options, ..Setup::default() }.start();
    let peer = client();
    let to = peer.local_addr().unwrap();
    for _ in 0..3 {
        rig.act(0, Action::Open(to));
    }
    rig.wait(0, "three answers", |log| log.opened.len() == 3);
    let opened: Vec<_> =
        rig.desks[0].log.lock().unwrap().opened.iter().map(|result| result.unwrap()).collect();
    assert_ne!(opened[0].socket, opened[1].socket);
    assert_eq!((opened[2].socket, opened[2].local_port), (opened[0].socket, opened[0].local_port));
    for opened in &opened[..2] {
        rig.act(0, Action::Send(vec![(Path { peer: to, socket: opened.socket }, 0, b"hello".to_vec())]));
        let (_, from) = receive(&peer);
        assert_eq!(from.port(), opened.local_port);
        peer.send_to(b"back", from).unwrap();
        let echoed = receive(&peer);
        assert_eq!(echoed, (b"back".to_vec(), from));
    }
    // The shared one stays until its second user has gone.
    rig.act(0, Action::Close(opened[0].socket));
    rig.act(0, Action::Send(vec![(Path { peer: to, socket: opened[0].socket }, 0, b"still".to_vec())]));
    assert_eq!(receive(&peer).0, b"still");
    rig.act(0, Action::Close(opened[0].socket));
    // What is to be sent leaves before a socket is closed in the same turn.
    common::eventually("the end of the socket", || rig.workers().snapshots()[0].generator.sockets == 2);
    rig.act(0, Action::Send(vec![(Path { peer: to, socket: opened[0].socket }, 0, b"gone".to_vec())]));
    rig.wait(0, "a failure", |log| log.failures == [Trouble::Closed]);
    // A place is free again, under another number.
    rig.act(0, Action::Open(to));
    rig.wait(0, "the fourth answer", |log| log.opened.len() == 4);
    assert_ne!(rig.desks[0].log.lock().unwrap().opened[3].unwrap().socket, opened[0].socket);
}

#[test]
fn it_works_over_ipv6_too() {
    let options = BindOptions { ip: "::1".parse().unwrap(), ..Setup::default().options };
    let rig = Setup { options, ..Setup::default() }.start();
    let client = UdpSocket::bind("[::1]:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    client.send_to(b"six", rig.local).unwrap();
    assert_eq!(receive(&client), (b"six".to_vec(), rig.local));
    let nobody = UdpSocket::bind("[::1]:0").unwrap().local_addr().unwrap();
    rig.act(0, Action::Send(vec![(main_path(nobody), 0, b"refused".to_vec())]));
    rig.wait(0, "ICMPv6", |log| log.unreachable == [(b"refused".to_vec(), Trouble::Refused)]);
}

#[test]
fn a_stop_ends_it_at_once_and_snapshots_stay() {
    let rig: Rig = Setup::default().start();
    rig.workers().stop_now();
    common::eventually("the end", || rig.workers().is_finished());
    let snapshots = rig.workers().snapshots();
    assert_eq!(snapshots.len(), 1);
    assert!(snapshots[0].at > Time::ZERO);
}

#[test]
fn events_are_bounded_and_counted() {
    use busyhour_engine::Event;
    use busyhour_net::StartOptions;
    let start = StartOptions { event_bytes_max: 1000, ..StartOptions::default() };
    let rig = Setup { start, ..Setup::default() }.start();
    for _ in 0..10 {
        rig.act(0, Action::Event(Event::Log { text: vec![b'x'; 300] }));
    }
    rig.act(0, Action::Event(Event::Stop { at: Time::ZERO, text: None, exit_status: 1 }));
    let mut events = Vec::new();
    common::eventually("drops", || rig.workers().snapshots()[0].counters.events_dropped > 0);
    common::eventually("the stop", || {
        events.extend(rig.workers().try_events());
        matches!(events.last(), Some(Event::Stop { .. }))
    });
    let dropped = rig.workers().snapshots()[0].counters.events_dropped;
    assert_eq!(events.len() as u64 + dropped, 11);
}
