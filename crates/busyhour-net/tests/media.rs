//! Media over loopback: two runs whose calls play to each other, by commands made by hand.

mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use busyhour_engine::{Command as EngineCommand, Snapshot};
use busyhour_media::command::{Begin, Format, Remote};
use busyhour_media::{
    Command, Ear, Happening, MediaCall, MediaSnapshot, PortRef, Ports, Settings, Sound, Source, Time, What,
};
use busyhour_net::media::{MediaOptions, MediaPorts, MediaSetup};
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;
use common::{Action, Rig, Setup, eventually};

/// One side of a test's calls.
struct Side {
    rig: Rig,
    ip: IpAddr,
    ports: Arc<MediaPorts>,
    threads: u16,
}

/// A call of one side.
struct Call {
    token: u64,
    port: PortRef,
    ear: Arc<Ear>,
}

/// An address that only this test of this process has.
fn address(test: u8) -> IpAddr {
    let pid = std::process::id();
    Ipv4Addr::new(127, 192 + (pid >> 8) as u8 % 32, pid as u8, test).into()
}

fn options(ip: IpAddr) -> MediaOptions {
    MediaOptions { ip, port_min: 23_000, port_max: 23_199, ..MediaOptions::default() }
}

impl Side {
    fn start(options: MediaOptions, threads: u16) -> Side {
        Side::start_with(Arc::new(MediaPorts::new(options)), Settings::default(), threads)
    }

    fn start_with(ports: Arc<MediaPorts>, settings: Settings, threads: u16) -> Side {
        let media = MediaSetup { ports: Arc::clone(&ports), settings, threads };
        let rig = Setup { media: Some(media), ..Setup::default() }.start();
        Side { rig, ip: ports.options().ip, ports, threads }
    }

    fn command(&self, token: u64, what: What) {
        let thread = (token % u64::from(self.threads)) as u16;
        self.rig.act(0, Action::Media(Command { thread, call: MediaCall { worker: 0, token }, what }));
    }

    fn begin(&self, token: u64, port: PortRef) -> Call {
        let ear = Arc::new(Ear::new(false));
        let call_id = format!("{token}@test").into_bytes().into();
        self.command(token, What::Begin(Box::new(Begin { call_id, number: token, ear: Arc::clone(&ear) })));
        self.command(token, What::Listen { medium: Medium::Audio, port });
        Call { token, port, ear }
    }

    fn connect(&self, call: &Call, rtp: SocketAddr) {
        let formats = vec![Format { payload_type: 0, encoding: "PCMU".into(), clock_hz: 8000 }];
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
        let to = Some(Box::new(Remote { rtp, rtcp, formats, sends: true }));
        self.command(call.token, What::Remote { medium: Medium::Audio, to, answered: Time::ZERO });
    }

    fn play(&self, call: &Call, packets: usize) {
        let sound = Arc::new(Sound { bytes: (0..packets * 160).map(|n| (n % 251) as u8).collect() });
        let source = Source::Sound { sound, form: PacketForm::telephone(0, "PCMU"), loops: Some(1) };
        self.command(call.token, What::Play { medium: Medium::Audio, source });
        self.command(call.token, What::TellStreamsEnd(1));
    }

    fn end(&self, call: &Call) {
        self.command(call.token, What::End);
    }

    fn wait_for_streams(&self, count: usize) {
        self.rig.wait(0, "the streams' end", |log| {
            let ended = |event: &&busyhour_media::Event| event.happening == Happening::StreamsEnded(1);
            log.media.iter().filter(ended).count() >= count
        });
    }

    fn media(&self) -> MediaSnapshot {
        let snapshots: Vec<Snapshot> = self.rig.workers().snapshots();
        *snapshots[0].media.clone().unwrap()
    }

    fn at(&self, call: &Call) -> SocketAddr {
        SocketAddr::new(self.ip, call.port.port)
    }

    fn finish(self) -> MediaSnapshot {
        let last = self.rig.finish();
        *last[0].media.clone().unwrap()
    }
}

fn packets_heard(call: &Call) -> u64 {
    call.ear.heard(Medium::Audio, Time::ZERO).map_or(0, |heard| heard.packets)
}

/// Calls play to each other until all streams have ended; then they end.
fn play_to_each_other(one: &Side, two: &Side, calls: &[(Call, Call)], packets: usize) {
    let before = [one, two].map(|side| side.rig.desks[0].log.lock().unwrap().media.len());
    for (here, there) in calls {
        one.connect(here, two.at(there));
        two.connect(there, one.at(here));
        one.play(here, packets);
        two.play(there, packets);
    }
    for (side, before) in [one, two].into_iter().zip(before) {
        side.rig.wait(0, "the streams' end", |log| log.media.len() >= before + calls.len());
    }
    // What was sent last may be on its way.
    eventually("all packets", || {
        calls
            .iter()
            .all(|(here, there)| [here, there].iter().all(|call| packets_heard(call) >= packets as u64))
    });
    for (here, there) in calls {
        one.end(here);
        two.end(there);
    }
}

#[test]
fn calls_hear_each_other_and_their_ports_serve_the_next() {
    let one = Side::start(options(address(1)), 2);
    let two = Side::start(options(address(2)), 1);
    let mut ports = Vec::new();
    for round in 0..2u64 {
        let calls: Vec<_> = (1..=20)
            .map(|n| {
                let token = round * 100 + n;
                let call = |side: &Side| side.begin(token, side.ports.take().unwrap());
                (call(&one), call(&two))
            })
            .collect();
        ports.extend(calls.iter().map(|(here, _)| here.port.port));
        play_to_each_other(&one, &two, &calls, 10);
        eventually("all ports back", || one.ports.in_use() + two.ports.in_use() == 0);
        for (here, there) in &calls {
            assert_eq!((packets_heard(here), packets_heard(there)), (10, 10));
        }
    }
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 40, "a port rests while there are others");
    for side in [one, two] {
        let media = side.finish().counters;
        assert_eq!((media.packets_sent, media.packets_received), (400, 400));
        assert_eq!((media.calls_ended, media.calls_open, media.heard, media.one_way), (40, 0, 40, 0));
        assert_eq!((media.lost, media.send_failures, media.send_dropped, media.kernel_drops), (0, 0, 0, 0));
        assert!(media.elapsed_us > 0 && media.busy_us > 0 && media.busy_us <= media.elapsed_us);
    }
}

#[test]
fn calls_on_one_port_hear_their_own_peers() {
    let one = Side::start(options(address(3)), 1);
    let two = Side::start(options(address(4)), 2);
    let shared = one.ports.open_shared(23_000, &[0, 2]).unwrap();
    let calls: Vec<_> = (1..=10)
        .map(|token| {
            let here = one.begin(token, one.ports.take_at(shared.base).unwrap());
            (here, two.begin(token, two.ports.take().unwrap()))
        })
        .collect();
    play_to_each_other(&one, &two, &calls, 10);
    eventually("all calls' ends", || one.media().counters.calls_ended == 10);
    for (here, there) in &calls {
        assert_eq!((packets_heard(here), packets_heard(there)), (10, 10));
    }
    let media = one.finish().counters;
    assert_eq!((media.packets_sent, media.packets_received, media.unattributed), (100, 100, 0));
    two.finish();
}

#[test]
fn a_flood_of_garbage_harms_no_call() {
    let one = Side::start(options(address(5)), 1);
    let two = Side::start(options(address(6)), 1);
    let here = one.begin(1, one.ports.take().unwrap());
    let there = two.begin(1, two.ports.take().unwrap());
    let stranger = UdpSocket::bind((address(5), 0)).unwrap();
    let to = one.at(&here);
    std::thread::scope(|scope| {
        let flood = scope.spawn(move || {
            for n in 0..20_000usize {
                let len = (n * 7) % 1400;
                let bytes: Vec<u8> = (0..len).map(|at| (n * 31 + at * 17) as u8).collect();
                let rtcp = SocketAddr::new(to.ip(), to.port() + 1);
                stranger.send_to(&bytes, if n % 10 == 0 { rtcp } else { to }).unwrap();
            }
        });
        one.connect(&here, two.at(&there));
        two.connect(&there, one.at(&here));
        one.play(&here, 20);
        two.play(&there, 20);
        one.wait_for_streams(1);
        two.wait_for_streams(1);
        flood.join().unwrap();
    });
    eventually("the quiet side's packets", || packets_heard(&there) == 20);
    one.end(&here);
    two.end(&there);
    let media = one.finish().counters;
    assert!(media.packets_received + media.not_rtp + media.rtcp_received + media.kernel_drops > 1000);
    assert_eq!(two.finish().counters.packets_received, 20);
}

#[test]
fn a_refusal_is_counted_and_told_to_the_call() {
    let side = Side::start(options(address(7)), 1);
    let call = side.begin(1, side.ports.take().unwrap());
    let nobody = UdpSocket::bind((address(7), 0)).unwrap().local_addr().unwrap();
    side.connect(&call, nobody);
    side.play(&call, 10);
    side.rig.wait(0, "a warning", |log| {
        log.media
            .iter()
            .any(|event| matches!(&event.happening, Happening::Warning(text) if text.contains("nobody")))
    });
    side.wait_for_streams(1);
    side.end(&call);
    let media = side.finish().counters;
    assert!(media.packets_sent == 10 && media.send_failures > 0, "{media:?}");
}

#[test]
fn a_remote_of_the_other_family_fails_and_no_more() {
    for (ip, remote) in [(address(8), "[::1]:9999"), (Ipv6Addr::LOCALHOST.into(), "127.0.0.1:9999")] {
        // Some machines have no IPv6.
        if UdpSocket::bind((ip, 0)).is_err() {
            continue;
        }
        let side = Side::start(MediaOptions { port_min: 23_400, port_max: 23_499, ..options(ip) }, 1);
        let call = side.begin(1, side.ports.take().unwrap());
        side.connect(&call, remote.parse().unwrap());
        side.play(&call, 5);
        side.wait_for_streams(1);
        side.end(&call);
        let media = side.finish().counters;
        assert_eq!((media.packets_sent, media.send_failures), (5, 5), "{media:?}");
    }
}

#[test]
fn media_pass_over_ipv6() {
    let ip: IpAddr = Ipv6Addr::LOCALHOST.into();
    if UdpSocket::bind((ip, 0)).is_err() {
        return;
    }
    let options = MediaOptions { port_min: 23_500, port_max: 23_599, ..options(ip) };
    let one = Side::start(options.clone(), 1);
    let two = Side::start(options, 1);
    let calls = [(one.begin(1, one.ports.take().unwrap()), two.begin(1, two.ports.take().unwrap()))];
    play_to_each_other(&one, &two, &calls, 5);
    one.finish();
    assert_eq!(two.finish().counters.packets_received, 5);
}

#[test]
fn an_echo_port_sends_back_whatever_comes() {
    let ports = Arc::new(MediaPorts::new(options(address(9))));
    let shared = ports.open_shared(23_000, &[0, 2]).unwrap();
    let echo_ports = shared.pairs.iter().map(|pair| pair.id).collect();
    let side = Side::start_with(ports, Settings { echo_ports, ..Settings::default() }, 2);
    let client = UdpSocket::bind((address(9), 0)).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for port in [shared.base, shared.base + 2] {
        for n in 0..50u8 {
            let to = SocketAddr::new(address(9), port);
            client.send_to(&[n; 172], to).unwrap();
            let mut buffer = [0; 2000];
            assert_eq!(client.recv_from(&mut buffer).unwrap(), (172, to));
            assert_eq!(buffer[..172], [n; 172]);
        }
    }
    assert_eq!(side.finish().counters.echoed, 100);
}

#[test]
fn calls_that_are_open_at_the_end_are_judged_and_leave_nothing() {
    let one = Side::start(options(address(10)), 2);
    let ports = Arc::clone(&one.ports);
    let peer = UdpSocket::bind((address(10), 0)).unwrap();
    let calls: Vec<_> = (1..=6).map(|token| one.begin(token, ports.take().unwrap())).collect();
    for call in &calls {
        one.connect(call, peer.local_addr().unwrap());
        one.play(call, 1000);
    }
    let sent = |call: &Call| call.ear.heard(Medium::Audio, Time::ZERO).map_or(0, |heard| heard.sent);
    eventually("packets of each", || calls.iter().all(|call| sent(call) > 0));
    let media = one.finish().counters;
    assert_eq!((media.calls_ended, media.calls_open), (6, 0));
    assert_eq!(ports.in_use(), 0);
    assert_eq!(Arc::strong_count(&ports), 1, "no thread has it any more");
}

#[test]
fn workers_that_are_told_to_stop_take_the_media_threads_along() {
    let one = Side::start(options(address(11)), 2);
    let ports = Arc::clone(&one.ports);
    let call = one.begin(1, ports.take().unwrap());
    one.connect(&call, "127.0.0.1:9".parse().unwrap());
    one.play(&call, 1000);
    one.rig.workers().stop_now();
    eventually("the end", || one.rig.workers().is_finished());
    assert!(one.media().counters.elapsed_us > 0, "the last figures stay");
    drop(one);
    eventually("all threads' end", || Arc::strong_count(&ports) == 1);
}

#[test]
fn a_run_dropped_ends_by_itself() {
    let one = Side::start(options(address(12)), 3);
    let ports = Arc::clone(&one.ports);
    assert!(one.rig.workers().command(0, EngineCommand::Wake));
    assert_eq!(one.rig.desks[0].count.load(Ordering::Relaxed), 0);
    drop(one);
    eventually("all threads' end", || Arc::strong_count(&ports) == 1);
}

#[test]
fn a_command_for_no_thread_is_counted() {
    let one = Side::start(options(address(13)), 1);
    let call = MediaCall { worker: 0, token: 1 };
    one.rig.act(0, Action::Media(Command { thread: 9, call, what: What::TellStreamsEnd(1) }));
    eventually("the count", || one.rig.workers().snapshots()[0].generator.ring_overflows == 1);
    one.finish();
}

#[test]
fn a_range_that_is_used_up_says_so() {
    let ports = MediaPorts::new(MediaOptions { port_max: 23_005, ..options(address(14)) });
    let taken: Vec<_> = (0..3).map(|_| ports.take().unwrap()).collect();
    let text = ports.take().unwrap_err().text;
    assert!(text.contains("between -min_rtp_port 23000 and -max_rtp_port 23005"), "{text}");
    ports.give_back(taken[1].id);
    assert_eq!(ports.take().unwrap(), taken[1]);
}
