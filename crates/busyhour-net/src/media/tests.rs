//! Media threads with streams that do what a test says.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use busyhour_media::{
    Batch, Command, Event, Happening, MediaCall, MediaSnapshot, Packet, PortId, PortRef, PortRequest, Ports,
    Time, What,
};

use super::endpoint::MediaEndpoint;
use super::threads::{MediaThreadOptions, MediaThreads};
use super::{MediaOptions, MediaPorts};
use crate::clock::Clock;
use crate::inbox::{Inbox, Request};

/// What a test has seen and wants next.
#[derive(Debug, Default)]
struct Desk {
    received: Vec<(PortId, bool, SocketAddr, Vec<u8>)>,
    failures: Vec<(Option<SocketAddr>, &'static str)>,
    commands: usize,
    finished: bool,
    /// Read these ports at each tick.
    read: Vec<PortId>,
    requests: VecDeque<PortRequest>,
    send: Vec<(PortId, bool, SocketAddr, Vec<u8>)>,
    events: VecDeque<Event>,
    /// Send back what comes.
    echo: bool,
    panic: bool,
    /// Panic at this command, counted from 1.
    panic_at: usize,
}

struct Fake {
    desk: Arc<Mutex<Desk>>,
    reads: VecDeque<PortId>,
    next: Time,
}

impl MediaEndpoint for Fake {
    fn handle_command(&mut self, _: Time, _: Command) {
        let mut desk = self.desk.lock().unwrap();
        desk.commands += 1;
        if desk.commands == desk.panic_at {
            drop(desk);
            panic!("a command's panic");
        }
    }

    fn handle_datagram(&mut self, _: Time, port: PortId, rtcp: bool, from: SocketAddr, bytes: &mut [u8]) {
        let mut desk = self.desk.lock().unwrap();
        desk.received.push((port, rtcp, from, bytes.to_vec()));
        if desk.echo {
            bytes.reverse();
            let back = bytes.to_vec();
            desk.send.push((port, rtcp, from, back));
        }
    }

    fn handle_rtcp_failure(&mut self) {}

    fn handle_send_failure(&mut self, _: PortId, to: Option<SocketAddr>, reason: &'static str) {
        self.desk.lock().unwrap().failures.push((to, reason));
    }

    fn handle_timeout(&mut self, now: Time) {
        self.next = now + 1000;
        let mut desk = self.desk.lock().unwrap();
        self.reads.extend(&desk.read);
        if std::mem::take(&mut desk.panic) {
            drop(desk);
            panic!("a test's panic");
        }
    }

    fn next_timeout(&self) -> Option<Time> {
        Some(self.next)
    }

    fn poll_read(&mut self) -> Option<PortId> {
        self.reads.pop_front()
    }

    fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        assert!(batch.bytes.is_empty() && batch.packets.is_empty());
        for (port, rtcp, to, bytes) in self.desk.lock().unwrap().send.drain(..) {
            let start = batch.bytes.len() as u32;
            batch.bytes.extend_from_slice(&bytes);
            batch.packets.push(Packet { start, len: bytes.len() as u16, rtcp, port, to });
        }
        !batch.packets.is_empty()
    }

    fn poll_port(&mut self) -> Option<PortRequest> {
        self.desk.lock().unwrap().requests.pop_front()
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.desk.lock().unwrap().events.pop_front()
    }

    fn open_calls(&self) -> usize {
        0
    }

    fn finish(&mut self, _: Time) {
        self.desk.lock().unwrap().finished = true;
    }

    fn snapshot(&mut self) -> MediaSnapshot {
        MediaSnapshot::empty()
    }
}

struct Rig {
    ip: Ipv4Addr,
    ports: Arc<MediaPorts>,
    desk: Arc<Mutex<Desk>>,
    threads: Arc<MediaThreads>,
    handles: Vec<JoinHandle<()>>,
    workers: Arc<[Inbox]>,
    stop: Arc<AtomicBool>,
    _poll: mio::Poll,
}

impl Rig {
    fn start(test: u8) -> Rig {
        let pid = std::process::id();
        let ip = Ipv4Addr::new(127, 128 + (pid >> 8) as u8 % 64, pid as u8, test);
        let options =
            MediaOptions { ip: ip.into(), port_min: 22_000, port_max: 22_099, ..MediaOptions::default() };
        let ports = Arc::new(MediaPorts::new(options));
        let poll = mio::Poll::new().unwrap();
        let workers: Arc<[Inbox]> = [Inbox::new(poll.registry(), mio::Token(0)).unwrap()].into();
        let stop = Arc::new(AtomicBool::new(false));
        let (threads, polls) =
            MediaThreads::new(Arc::clone(&ports), 1, Arc::clone(&workers), Arc::clone(&stop)).unwrap();
        let desk = Arc::new(Mutex::new(Desk::default()));
        let make = |_| Fake { desk: Arc::clone(&desk), reads: VecDeque::new(), next: Time::ZERO };
        let options = MediaThreadOptions { pin: None, single_packets: false };
        let mut handles = Vec::new();
        threads.start_with(make, polls, Clock::start(), &options, &mut handles).unwrap();
        Rig { ip, ports, desk, threads, handles, workers, stop, _poll: poll }
    }

    fn desk<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        look(&mut self.desk.lock().unwrap())
    }

    fn wait(&self, what: &str, mut holds: impl FnMut(&mut Desk) -> bool) {
        let start = Instant::now();
        while !self.desk(&mut holds) {
            assert!(start.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn client(&self) -> UdpSocket {
        let socket = UdpSocket::bind((self.ip, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    fn at(&self, port: u16) -> SocketAddr {
        (self.ip, port).into()
    }

    /// Waits until the thread has done all that is wanted, and begun anew.
    fn turn(&self) {
        for _ in 0..2 {
            let answers = self.threads.ask();
            self.threads.collect(&answers, Instant::now() + Duration::from_secs(20));
        }
    }

    fn snapshot(&self) -> MediaSnapshot {
        let mut snapshots = Vec::new();
        let answers = self.threads.ask();
        while let Ok((_, snapshot)) = answers.recv_timeout(Duration::from_secs(20)) {
            snapshots.push(snapshot);
        }
        assert_eq!(snapshots.len(), 1);
        snapshots.remove(0)
    }

    /// Ends the thread as a run does; returns its last snapshot.
    fn finish(self) -> MediaSnapshot {
        self.threads.worker_ended();
        self.handles.into_iter().for_each(|handle| handle.join().unwrap());
        assert!(self.threads.is_finished());
        assert!(self.desk.lock().unwrap().finished);
        self.threads.inbox(0).last().unwrap()
    }
}

fn command(what: What) -> Command {
    Command { thread: 0, call: MediaCall { worker: 0, token: 1 }, what }
}

fn event(happening: Happening) -> Event {
    Event { call: MediaCall { worker: 0, token: 1 }, happening }
}

#[test]
fn a_watched_port_is_answered_and_an_unwatched_one_is_not() {
    let rig = Rig::start(1);
    let port = rig.ports.take().unwrap();
    let client = rig.client();
    // It is there before anybody watches.
    client.send_to(b"abc", rig.at(port.port)).unwrap();
    rig.desk(|desk| {
        desk.echo = true;
        desk.requests.push_back(PortRequest::Watch(port.id));
    });
    let mut buffer = [0; 100];
    assert_eq!(client.recv_from(&mut buffer).unwrap(), (3, rig.at(port.port)));
    assert_eq!(&buffer[..3], b"cba");
    client.send_to(b"123", rig.at(port.port + 1)).unwrap();
    assert_eq!(client.recv_from(&mut buffer).unwrap(), (3, rig.at(port.port + 1)));
    rig.desk(|desk| {
        assert_eq!(desk.received.len(), 2);
        assert!(!desk.received[0].1 && desk.received[1].1);
        desk.requests.push_back(PortRequest::Unwatch(port.id));
    });
    rig.turn();
    client.send_to(b"unheard", rig.at(port.port)).unwrap();
    rig.turn();
    rig.desk(|desk| assert_eq!(desk.received.len(), 2));
    rig.desk(|desk| desk.read.push(port.id));
    rig.wait("a read", |desk| desk.received.len() == 3);
    rig.finish();
}

#[test]
fn what_is_read_at_ticks_comes_in_order_and_rtcp_comes_too() {
    let rig = Rig::start(2);
    let port = rig.ports.take().unwrap();
    rig.desk(|desk| desk.read.push(port.id));
    let client = rig.client();
    for n in 0..100u8 {
        client.send_to(&[n; 172], rig.at(port.port)).unwrap();
    }
    client.send_to(b"report", rig.at(port.port + 1)).unwrap();
    rig.wait("all packets", |desk| desk.received.len() == 101);
    rig.desk(|desk| {
        let rtp: Vec<u8> =
            desk.received.iter().filter(|packet| !packet.1).map(|packet| packet.3[0]).collect();
        assert_eq!(rtp, (0..100).collect::<Vec<_>>());
        assert!(desk.received.iter().all(|packet| packet.2 == client.local_addr().unwrap()));
    });
    assert_eq!(rig.finish().counters.kernel_drops, 0);
}

#[test]
fn a_flood_is_dropped_by_the_kernel_and_counted() {
    let rig = Rig::start(3);
    let port = rig.ports.take().unwrap();
    let client = rig.client();
    for _ in 0..5000 {
        client.send_to(&[7; 172], rig.at(port.port)).unwrap();
    }
    rig.desk(|desk| desk.read.push(port.id));
    let mut before = 0;
    rig.wait("what fits", |desk| {
        let received = std::mem::replace(&mut before, desk.received.len());
        std::thread::sleep(Duration::from_millis(20));
        received > 0 && received == before
    });
    rig.desk(|desk| desk.requests.push_back(PortRequest::GiveBack(port.id)));
    rig.wait("the end", |desk| desk.requests.is_empty());
    rig.turn();
    let desk = Arc::clone(&rig.desk);
    let drops = rig.finish().counters.kernel_drops;
    let received = desk.lock().unwrap().received.len() as u64;
    assert!(drops > 0 && received > 0 && received + drops == 5000, "{received} received, {drops} dropped");
}

#[test]
fn packets_of_a_shared_port_leave_together_and_arrive_one_by_one() {
    let rig = Rig::start(4);
    let port = rig.ports.take_at(22_000).unwrap();
    let (one, two) = (rig.client(), rig.client());
    let mut expected = [Vec::new(), Vec::new()];
    let mut send = Vec::new();
    for n in 0..200usize {
        let to = (n / 75) % 2;
        // Runs of one length, and now and then another.
        let len = if n % 37 == 0 { 60 } else { 172 };
        let mut bytes = vec![0; len];
        bytes[..2].copy_from_slice(&(n as u16).to_be_bytes());
        expected[to].push(bytes.clone());
        let address = [&one, &two][to].local_addr().unwrap();
        send.push((port.id, false, address, bytes));
    }
    rig.desk(|desk| desk.send = send);
    for (client, expected) in [one, two].iter().zip(expected) {
        for expected in expected {
            let mut buffer = [0; 2000];
            let (len, from) = client.recv_from(&mut buffer).unwrap();
            assert_eq!((&buffer[..len], from), (&expected[..], rig.at(22_000)));
        }
    }
    rig.desk(|desk| assert!(desk.failures.is_empty()));
    assert_eq!(rig.finish().counters.send_dropped, 0);
}

#[test]
fn failures_are_told_and_harm_no_other_packet() {
    let rig = Rig::start(5);
    let ports = [rig.ports.take().unwrap(), rig.ports.take_at(22_050).unwrap()];
    let client = rig.client();
    let good = client.local_addr().unwrap();
    let refused = rig.client().local_addr().unwrap();
    let bad: [SocketAddr; 4] = [
        rig.at(0),
        "[::1]:9".parse().unwrap(),
        "255.255.255.255:9".parse().unwrap(),
        "240.0.0.1:9".parse().unwrap(),
    ];
    for PortRef { id, .. } in ports {
        rig.desk(|desk| {
            for to in [good, refused, good].into_iter().chain(bad).chain([good]) {
                desk.send.push((id, false, to, b"packet".to_vec()));
            }
            desk.send.push((id, false, good, vec![0; 65_530]));
            desk.send.push((id, true, good, b"report".to_vec()));
        });
        for _ in 0..4 {
            let mut buffer = [0; 100];
            client.recv_from(&mut buffer).unwrap();
        }
        rig.desk(|desk| {
            for to in bad {
                assert!(
                    desk.failures.iter().any(|failure| failure.0 == Some(to)),
                    "{to}: {:?}",
                    desk.failures
                );
            }
            assert!(
                desk.failures.iter().any(|failure| failure.1.contains("too long")),
                "{:?}",
                desk.failures
            );
            desk.read.push(id);
        });
        rig.wait("ICMP", |desk| desk.failures.iter().any(|failure| failure.0 == Some(refused)));
        rig.desk(|desk| {
            let refused = desk.failures.iter().find(|failure| failure.0 == Some(refused)).unwrap();
            assert!(refused.1.contains("nobody listens"), "{}", refused.1);
            assert_eq!(desk.failures.len(), 6, "{:?}", desk.failures);
            desk.failures.clear();
        });
    }
    rig.desk(|desk| desk.send.push((PortId(99), false, good, b"no such port".to_vec())));
    rig.wait("a failure", |desk| desk.failures.len() == 1);
    rig.finish();
}

#[test]
fn commands_before_the_end_are_handled_and_none_after_it() {
    let rig = Rig::start(6);
    let threads = Arc::clone(&rig.threads);
    let desk = Arc::clone(&rig.desk);
    let mut commands: Vec<_> = (0..1000).map(|_| command(What::End)).collect();
    assert_eq!(threads.put(0, &mut commands), 0);
    rig.finish();
    assert_eq!(desk.lock().unwrap().commands, 1000);
    commands.push(command(What::TellStreamsEnd(1)));
    assert_eq!(threads.put(0, &mut commands), 0);
    assert!(commands.is_empty());
}

#[test]
fn events_reach_the_worker_and_after_its_end_whoever_reads_warnings() {
    let rig = Rig::start(7);
    rig.desk(|desk| desk.events.push_back(event(Happening::StreamsEnded(1))));
    rig.wait("an event's way", |desk| desk.events.is_empty());
    rig.turn();
    let mut requests = Vec::new();
    rig.workers[0].take(&mut requests);
    assert!(
        matches!(&requests[..], [Request::Media(event)] if event.happening == Happening::StreamsEnded(1))
    );
    rig.workers[0].close(None);
    let late =
        [Happening::Warning("late".into()), Happening::StreamsEnded(1), Happening::CheckFailed("bad".into())];
    rig.desk(|desk| desk.events.extend(late.map(event)));
    rig.wait("the others' way", |desk| desk.events.is_empty());
    rig.turn();
    assert_eq!(rig.threads.take_notes().len(), 2);
    rig.finish();
}

#[test]
fn a_command_that_panics_takes_no_other_with_it() {
    let rig = Rig::start(14);
    rig.desk(|desk| desk.panic_at = 3);
    let mut commands: Vec<_> = (0..10).map(|_| command(What::End)).collect();
    assert_eq!(rig.threads.put(0, &mut commands), 0);
    rig.wait("all commands", |desk| desk.commands == 10);
    rig.turn();
    assert_eq!((rig.threads.panics(), rig.threads.gave_up()), (1, false));
    rig.finish();
}

#[test]
fn a_panic_is_counted_and_the_thread_goes_on_but_not_for_ever() {
    let rig = Rig::start(8);
    rig.desk(|desk| desk.panic = true);
    rig.wait("the panic", |desk| !desk.panic);
    rig.turn();
    assert_eq!(rig.threads.panics(), 1);
    let notes = rig.threads.take_notes();
    assert!(format!("{notes:?}").len() > 20 && notes.len() == 1);
    assert!(!rig.stop.load(std::sync::atomic::Ordering::SeqCst));
    let start = Instant::now();
    while !rig.threads.is_finished() {
        rig.desk(|desk| desk.panic = true);
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(rig.stop.load(std::sync::atomic::Ordering::SeqCst), "the run ends");
    assert!(rig.threads.gave_up(), "not well");
    assert!(rig.threads.inbox(0).last().is_some(), "with its figures");
}

#[test]
fn a_port_given_back_is_watched_no_more_and_then_anothers() {
    let rig = Rig::start(9);
    let port = rig.ports.take_at(22_010).unwrap();
    let again = rig.ports.take_at(22_010).unwrap();
    assert_eq!(port, again);
    let client = rig.client();
    rig.desk(|desk| {
        desk.requests.extend([
            PortRequest::Watch(port.id),
            PortRequest::Watch(port.id),
            PortRequest::GiveBack(port.id),
        ]);
    });
    client.send_to(b"1", rig.at(22_010)).unwrap();
    rig.wait("the other call's packet", |desk| desk.received.len() == 1);
    rig.desk(|desk| desk.requests.push_back(PortRequest::GiveBack(port.id)));
    rig.wait("the end", |desk| desk.requests.is_empty());
    rig.turn();
    assert_eq!(rig.ports.in_use(), 0);
    client.send_to(b"2", rig.at(22_010)).unwrap();
    rig.turn();
    rig.desk(|desk| assert_eq!(desk.received.len(), 1));
    assert_eq!(rig.ports.take_at(22_010).unwrap(), port);
    rig.desk(|desk| desk.read.push(port.id));
    client.send_to(b"3", rig.at(22_010)).unwrap();
    rig.wait("the next call's packet", |desk| desk.received.len() == 2);
    rig.desk(|desk| assert_eq!(desk.received[1].3, b"3"));
    rig.finish();
}

#[test]
fn the_thread_measures_itself() {
    let rig = Rig::start(10);
    rig.turn();
    let counters = rig.snapshot().counters;
    assert!(counters.elapsed_us > 0 && counters.busy_us <= counters.elapsed_us);
    rig.finish();
}
