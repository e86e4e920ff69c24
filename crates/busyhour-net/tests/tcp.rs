//! Streams, over loopback.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use busyhour_engine::{Path, Protocol, SocketId, Trouble};
use busyhour_net::BindOptions;
use common::{Action, Rig, Setup, eventually};

fn options() -> BindOptions {
    BindOptions { protocol: Protocol::Tcp, ..Setup::default().options }
}

fn connect(rig: &Rig) -> TcpStream {
    let stream = TcpStream::connect(rig.local).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn message(text: &str, body: &str) -> Vec<u8> {
    format!("MESSAGE sip:x SIP/2.0\r\nSubject: {text}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn read_exactly(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut buffer = vec![0; bytes];
    stream.read_exact(&mut buffer).unwrap();
    buffer
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn messages_are_framed_whatever_the_segmentation() {
    let rig = Setup { options: options(), ..Setup::default() }.start();
    let mut stream = connect(&rig);
    let first = message("one", "body");
    for byte in &first {
        stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(read_exactly(&mut stream, first.len()), first);
    let several: Vec<u8> = (0..50).flat_map(|n| message(&n.to_string(), &"x".repeat(n * 37))).collect();
    for chunk in several.chunks(1000) {
        stream.write_all(chunk).unwrap();
    }
    assert!(read_exactly(&mut stream, several.len()) == several);
    let log = rig.desks[0].log.lock().unwrap();
    assert_eq!(log.received.len(), 51);
    let source = log.received[0].0;
    assert_eq!(source.path.peer, stream.local_addr().unwrap());
    assert!(log.received.iter().all(|(source, now, _)| source.received <= *now));
    assert!(log.received.iter().any(|(source, now, _)| source.received < *now), "no kernel stamps");
}

#[test]
fn a_ping_is_answered() {
    let rig = Setup { options: options(), ..Setup::default() }.start();
    let mut stream = connect(&rig);
    let text = message("x", "");
    stream.write_all(b"\r\n\r\n").unwrap();
    assert_eq!(read_exactly(&mut stream, 2), b"\r\n");
    stream.write_all(&text).unwrap();
    assert_eq!(read_exactly(&mut stream, text.len()), text);
}

#[test]
fn an_announcement_of_4_gb_closes_the_stream_only() {
    let rig = Setup { options: options(), ..Setup::default() }.start();
    let mut bad = connect(&rig);
    let mut good = connect(&rig);
    bad.write_all(b"INVITE sip:x SIP/2.0\r\nContent-Length: 4294967296\r\n\r\n").unwrap();
    assert!(matches!(bad.read(&mut [0; 10]), Ok(0) | Err(_)));
    let mut endless = connect(&rig);
    // It is closed before all of this is written.
    let _ = endless.write_all(&vec![b'x'; 1 << 20]);
    assert!(matches!(endless.read(&mut [0; 10]), Ok(0) | Err(_)));
    rig.wait(0, "both ends", |log| log.closed.len() == 2);
    let text = message("x", "");
    good.write_all(&text).unwrap();
    assert_eq!(read_exactly(&mut good, text.len()), text);
    let generator = &rig.workers().snapshots()[0].generator;
    assert_eq!((generator.framing_errors, generator.sockets), (2, 2));
}

#[test]
fn an_end_is_reported_with_its_reason() {
    let rig = Setup { options: options(), ..Setup::default() }.start();
    let mut ending = connect(&rig);
    let text = message("x", "");
    ending.write_all(&text).unwrap();
    read_exactly(&mut ending, text.len());
    drop(ending);
    rig.wait(0, "the end", |log| log.closed.len() == 1);
    let mut resetting = connect(&rig);
    resetting.write_all(&text).unwrap();
    read_exactly(&mut resetting, text.len());
    socket2::SockRef::from(&resetting).set_linger(Some(Duration::ZERO)).unwrap();
    drop(resetting);
    rig.wait(0, "the reset", |log| log.closed.len() == 2);
    let log = rig.desks[0].log.lock().unwrap();
    assert_eq!((log.closed[0].1, log.closed[1].1), (Trouble::Closed, Trouble::Reset));
    assert_eq!(log.closed[0].0, log.received[0].0.path.socket);
    assert_ne!(log.closed[0].0, log.closed[1].0);
}

#[test]
fn a_call_connects_sends_and_closes() {
    let server = Setup { options: options(), ..Setup::default() }.start();
    let client = Setup { options: options(), echo: false, ..Setup::default() }.start();
    client.act(0, Action::Open(server.local));
    client.wait(0, "an answer", |log| log.opened.len() == 1);
    let opened = client.desks[0].log.lock().unwrap().opened[0].unwrap();
    let path = Path { peer: server.local, socket: opened.socket };
    let messages: Vec<_> = (0..100).map(|n| message(&n.to_string(), "x")).collect();
    client.act(0, Action::Send(messages.iter().map(|bytes| (path, 0, bytes.clone())).collect()));
    client.wait(0, "echoes", |log| log.received.len() == 100);
    let echoed: Vec<_> =
        client.desks[0].log.lock().unwrap().received.iter().map(|(_, _, bytes)| bytes.clone()).collect();
    assert_eq!(echoed.len(), messages.len());
    let peer = server.desks[0].log.lock().unwrap().received[0].0.path.peer;
    assert_eq!(peer.port(), opened.local_port);
    client.act(0, Action::Close(opened.socket));
    server.wait(0, "the end", |log| log.closed.len() == 1 && log.closed[0].1 == Trouble::Closed);
    client.act(0, Action::Send(vec![(path, 0, messages[0].clone())]));
    client.wait(0, "a failure", |log| log.failures == [Trouble::Closed]);
}

#[test]
fn a_refused_connection_is_its_calls_failure() {
    let rig = Setup { options: options(), ..Setup::default() }.start();
    rig.act(0, Action::Open(nobody()));
    rig.wait(0, "the refusal", |log| log.closed.len() == 1);
    let log = rig.desks[0].log.lock().unwrap();
    assert_eq!(log.closed[0], (log.opened[0].unwrap().socket, Trouble::Refused));
}

#[test]
fn the_shared_connection_says_why_it_is_gone() {
    let server = Setup { options: options(), ..Setup::default() }.start();
    let options = BindOptions { bind_source: true, workers: 2, ..options() };
    let rig =
        Setup { options: options.clone(), connect: Some(server.local), echo: false, ..Setup::default() }
            .start();
    let socket = rig.shared_socket.unwrap();
    let path = Path { peer: server.local, socket };
    let text = message("owner: 1", "");
    // Worker 1 sends through worker 0's connection and gets the answer.
    rig.act(1, Action::Send(vec![(path, 0, text.clone())]));
    rig.wait(1, "the echo", |log| log.received.len() == 1 && log.received[0].2 == text);
    assert_eq!(rig.desks[1].log.lock().unwrap().received[0].0.path, path);
    assert_eq!(server.desks[0].log.lock().unwrap().received[0].0.path.peer, rig.local);
    server.workers().stop_now();
    for worker in 0..2 {
        rig.wait(worker, "the end", |log| log.closed.len() == 1 && log.closed[0].0 == socket);
    }
    rig.act(1, Action::Send(vec![(path, 0, text.clone())]));
    rig.wait(1, "a failure", |log| log.failures.len() == 1);

    let refused = Setup { options, connect: Some(nobody()), ..Setup::default() }.start();
    let socket = refused.shared_socket.unwrap();
    for worker in 0..2 {
        refused.wait(worker, "the refusal", |log| log.closed == [(socket, Trouble::Refused)]);
    }
    refused.act(0, Action::Send(vec![(Path { peer: nobody(), socket }, 0, text)]));
    refused.wait(0, "a failure", |log| log.failures == [Trouble::Refused]);
}

#[test]
fn a_slow_reader_is_bounded_and_catches_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let rig = Setup { options: options(), connect: Some(to), ..Setup::default() }.start();
    let (mut slow, _) = listener.accept().unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let path = Path { peer: to, socket: rig.shared_socket.unwrap() };
    let bytes = message("x", &"y".repeat(60_000));
    const COUNT: usize = 400;
    rig.act(0, Action::Send(vec![(path, 0, bytes.clone())]));
    assert!(read_exactly(&mut slow, bytes.len()) == bytes);
    for _ in 0..COUNT / 40 {
        rig.act(0, Action::Send((0..40).map(|_| (path, 0, bytes.clone())).collect()));
    }
    rig.wait(0, "a full queue", |log| !log.failures.is_empty());
    eventually("all actions", || rig.desks[0].actions.lock().unwrap().is_empty());
    std::thread::sleep(Duration::from_millis(50));
    let failed = {
        let log = rig.desks[0].log.lock().unwrap();
        assert!(log.failures.iter().all(|trouble| *trouble == Trouble::QueueFull));
        log.failures.len()
    };
    let mut read = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match slow.read(&mut buffer) {
            Ok(0) => panic!("closed"),
            Ok(count) => read += count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            Err(error) => panic!("{error}"),
        }
    }
    // What was not refused arrives, whole messages only.
    assert_eq!(read, (COUNT - failed) * bytes.len());
    assert!(rig.workers().snapshots()[0].generator.congested > 0);
    rig.act(0, Action::Send(vec![(path, 0, bytes.clone())]));
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert!(read_exactly(&mut slow, bytes.len()) == bytes);
}

#[test]
fn any_workers_connection_reaches_any_call() {
    let options = BindOptions { workers: 2, ..options() };
    let rig = Setup { options, ..Setup::default() }.start();
    let mut streams: Vec<_> = (0..16).map(|_| connect(&rig)).collect();
    for n in 0..20 {
        for (s, stream) in streams.iter_mut().enumerate() {
            let text = message(&format!("owner: {}", (n + s) % 2), "body");
            stream.write_all(&text).unwrap();
            assert_eq!(read_exactly(stream, text.len()), text);
        }
    }
    let sockets: Vec<SocketId> =
        rig.desks[0].log.lock().unwrap().received.iter().map(|(source, ..)| source.path.socket).collect();
    assert_eq!(sockets.len(), 160);
    drop(streams);
    for worker in 0..2 {
        rig.wait(worker, "all ends", |log| log.closed.len() == 16);
    }
    rig.finish();
}

#[test]
fn connections_beyond_the_limit_are_shared_or_closed() {
    let server = Setup { options: BindOptions { max_sockets: 2, ..options() }, ..Setup::default() }.start();
    let client = Setup { options: BindOptions { max_sockets: 2, ..options() }, ..Setup::default() }.start();
    for _ in 0..5 {
        client.act(0, Action::Open(server.local));
    }
    client.wait(0, "answers", |log| log.opened.len() == 5);
    let opened: Vec<_> =
        client.desks[0].log.lock().unwrap().opened.iter().map(|result| result.unwrap()).collect();
    assert_eq!(opened[4].socket, opened[0].socket.min(opened[1].socket).min(opened[4].socket));
    assert!(opened[2..].iter().all(|opened| opened.local_port != 0));
    eventually("two connections", || server.workers().snapshots()[0].generator.sockets == 3);
    let mut third = connect(&client_of(&server));
    assert!(matches!(third.read(&mut [0; 1]), Ok(0) | Err(_)));

    fn client_of(server: &Rig) -> Rig {
        Rig {
            local: server.local,
            desks: Vec::new(),
            shared: server.shared.clone(),
            workers: None,
            shared_socket: None,
        }
    }
}

#[test]
fn a_connection_released_before_it_is_up_does_not_stay_with_a_peer_that_never_reads() {
    let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    listener.set_recv_buffer_size(4096).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    // One connection fills it; the next ones stay in their handshake until that is accepted.
    listener.listen(0).unwrap();
    let to = listener.local_addr().unwrap().as_socket().unwrap();
    let _filler = TcpStream::connect(to).unwrap();
    let options = BindOptions { buffer_bytes: Some(4096), ..options() };
    let rig = Setup { options, echo: false, ..Setup::default() }.start();
    rig.act(0, Action::Open(to));
    rig.wait(0, "an answer", |log| log.opened.len() == 1);
    let opened = rig.desks[0].log.lock().unwrap().opened[0].unwrap();
    let path = Path { peer: to, socket: opened.socket };
    let bytes = message("x", &"y".repeat(60_000));
    rig.act(0, Action::Send(vec![(path, 0, bytes); 10]));
    rig.act(0, Action::Close(opened.socket));
    let sockets = || rig.workers().snapshots()[0].generator.sockets;
    assert_eq!(sockets(), 2);
    let _accepted = [listener.accept().unwrap(), listener.accept().unwrap()];
    eventually("its end", || sockets() == 1);
    assert_eq!(rig.workers().snapshots()[0].generator.send_failures, 1);
}
