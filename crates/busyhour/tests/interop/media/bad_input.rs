//! Bad input to media, with the program as it runs: what cannot work fails its call, never the run.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use super::call::{Side, claim, exec, pause};
use super::scripted::{Answer, Scripted};
use super::stage::{Ended, Part, Stage};
use crate::peers::{Ports, Tool};

/// A description with this connection line, port and further lines.
fn sdp(connection: &str, port: u16, more: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n{connection}t=0 0\r\nm=audio {port} RTP/AVP 0\r\n{more}"
    )
}

/// A caller that streams, plays a capture and digits, and fails if nothing left it.
fn speaker(ms: u32) -> String {
    let steps = [
        exec("rtp_stream", "tone.wav,-1,0,PCMU/8000"),
        exec("play_pcap_audio", "g711a.pcap"),
        exec("play_dtmf", "12,100,101"),
        pause(ms),
        claim("sent > 0"),
    ];
    Side { steps: steps.concat(), ..Side::default() }.caller()
}

/// The files of [`speaker`].
fn stage() -> Stage {
    Stage::with(&["tone.wav", "g711a.pcap"])
}

/// Runs so many calls in `stage` against answers by number.
fn run(stage: &Stage, calls: u64, options: &str, scenario: String, answer: impl Fn(u64) -> Answer) -> Ended {
    let callee = Scripted::new();
    let caller = Part::new(Tool::Busyhour, scenario, options);
    let mut agent = stage.start_caller(&caller, callee.port, calls);
    callee.serve(&mut agent, answer, |_| {});
    stage.end("caller", agent)
}

#[test]
fn descriptions_that_lead_nowhere_fail_their_calls() {
    let sink = Sink::new();
    let here = "c=IN IP4 127.0.0.1\r\n";
    let at_sink = |connection: &str| Some(sdp(connection, sink.port(), ""));
    // What the callee answers, and what the warning names; the first call and the last are good.
    let answers: Vec<(Option<String>, &str)> = vec![
        (at_sink(here), ""),
        (at_sink(""), "no c= line"),
        (at_sink("c=IN IP4 media.invalid\r\n"), "'media.invalid'"),
        (at_sink("c=IN IP6 ::1\r\n"), "address family"),
        (at_sink("c=IN IP4\r\n"), "c= "),
        (at_sink("c=IN IP4 0.0.0.0\r\n"), ""),
        (Some(sdp(here, 0, "")), ""),
        (None, ""),
        (Some(String::new()), ""),
        (Some("no description at all".to_owned()), "without m=audio"),
        (Some("m=audio".to_owned()), ""),
        (Some("v=0\r\nm=audio 99999 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n".to_owned()), ""),
        (Some("\u{fffd}\0\0\r\n\r\n=\r\nm=\r\nc=\r\na=".to_owned()), ""),
        (at_sink(here), ""),
    ];
    let calls = answers.len() as u64;
    let ended = run(&stage(), calls, "-r 20", speaker(500), |number| Answer {
        body: answers[(number - 1) as usize].0.clone(),
        ..Answer::default()
    });
    let counts = ended.counts;
    assert_eq!((counts.exit, counts.created, counts.successful), (1, calls, 2), "{}", ended.errors);
    for (number, (body, expected)) in answers.iter().enumerate().map(|(at, answer)| (at + 1, answer)) {
        let of_call = format!("Call-Id '{number}-");
        let warnings: Vec<&str> = ended.errors.lines().filter(|line| line.contains(&of_call)).collect();
        let is_good = number == 1 || number as u64 == calls;
        assert_eq!(warnings.is_empty(), is_good, "{number}: {warnings:?}\n{}", ended.errors);
        assert!(is_good || warnings.iter().any(|line| line.contains("sent > 0")), "{number}: {warnings:?}");
        assert!(
            expected.is_empty() || warnings.iter().any(|line| line.contains(expected)),
            "{number} {body:?}: {warnings:?}"
        );
    }
    assert!(sink.count() > 50, "the good calls are heard");
}

#[test]
fn refused_packets_do_not_end_calls() {
    let stage = stage();
    // Nobody listens there: ICMP says so for every packet.
    let nobody = Ports::take();
    let body = sdp("c=IN IP4 127.0.0.1\r\n", nobody.first, "");
    let ended =
        run(&stage, 5, "-r 20", speaker(2300), |_| Answer { body: Some(body.clone()), ..Answer::default() });
    assert_eq!((ended.counts.exit, ended.counts.successful), (0, 5), "{}", ended.errors);
    assert!(ended.agent.media_total("RTP packets sent") >= 5 * 100, "{}", ended.agent.process.stdout());
    let one_way = ended.agent.media_total("one-way streams: sent, nothing heard");
    assert_eq!(one_way, 5, "{}", ended.agent.process.stdout());
}

#[test]
fn calls_end_while_they_play() {
    let sink = Sink::new();
    let body = sdp("c=IN IP4 127.0.0.1\r\n", sink.port(), "");
    // Ports of a range of 40 pairs are used again and again; every third call is ended by the callee, which
    // makes it fail.
    let ended = run(&stage(), 300, "-r 150 -l 30", speaker(100), |number| Answer {
        body: Some(body.clone()),
        hangs_up: number.is_multiple_of(3),
    });
    let counts = ended.counts;
    assert_eq!((counts.exit, counts.created, counts.successful), (1, 300, 200), "{}", ended.errors);
    assert!(!ended.errors.contains("no free"), "{}", ended.errors);
    // Nothing comes from calls that are over.
    thread::sleep(Duration::from_millis(200));
    sink.count();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(sink.count(), 0);
}

#[test]
fn floods_and_garbage_on_media_ports_are_survived() {
    let sink = Sink::new();
    let body = sdp("c=IN IP4 127.0.0.1\r\n", sink.port(), "a=rtpmap:0 PCMU/8000\r\n");
    let stage = Stage::with(&["tone.wav"]);
    let steps =
        [exec("rtp_stream", "tone.wav,-1,0,PCMU/8000"), pause(2500), claim("sent > 100, from_elsewhere > 0")];
    let scenario = Side { steps: steps.concat(), ..Side::default() }.caller();
    let caller = Part::new(Tool::Busyhour, scenario, "-r 20");
    let callee = Scripted::new();
    let mut agent = stage.start_caller(&caller, callee.port, 4);
    let mut floods = Vec::new();
    callee.serve(
        &mut agent,
        |_| Answer { body: Some(body.clone()), ..Answer::default() },
        |port| floods.push(thread::spawn(move || flood(port))),
    );
    let sent: u64 = floods.into_iter().map(|flood| flood.join().expect("the flood ends")).sum();
    let ended = stage.end("caller", agent);
    assert_eq!((ended.counts.exit, ended.counts.successful), (0, 4), "{}", ended.errors);
    assert!(sent > 2_000, "{sent}");
    // The calls kept their pace all the while.
    assert!(sink.count() >= 4 * 110, "{}", ended.agent.process.stdout());
}

/// Two seconds of what does not belong to a media port: noise of all lengths, broken RTP and RTCP, good RTP
/// of many sources. How many datagrams that were.
fn flood(port: SocketAddr) -> u64 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the flood's socket");
    let reports = SocketAddr::new(port.ip(), port.port() + 1);
    let until = Instant::now() + Duration::from_secs(2);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut sent = 0;
    while Instant::now() < until {
        for _ in 0..20 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let draw = (random >> 33) as usize;
            let mut packet: Vec<u8> =
                (0..draw % 1500).map(|at| (at as u8).wrapping_mul(draw as u8)).collect();
            match draw % 7 {
                // RTP of version 2 with some payload type, with CSRCs, an extension or padding that may not
                // be there.
                0..=2 if packet.len() > 2 => packet[0] = 0x80 | (draw >> 8) as u8 & 0x3f,
                // RTCP with a length that is not its own.
                3 if packet.len() > 4 => {
                    packet[..4].copy_from_slice(&[0x81, 200 + (draw >> 9) as u8 % 5, 0xff, draw as u8]);
                }
                4 => packet = vec![0; 60_000],
                _ => {}
            }
            let to = if draw.is_multiple_of(5) { reports } else { port };
            // The port is closed when the call is over.
            sent += u64::from(socket.send_to(&packet, to).is_ok());
        }
        thread::sleep(Duration::from_millis(2));
    }
    sent
}

/// Where good media go: it counts what comes.
struct Sink {
    socket: UdpSocket,
    _reports: UdpSocket,
}

impl Sink {
    fn new() -> Sink {
        let ports = Ports::take();
        let bind = |port| UdpSocket::bind(("127.0.0.1", port)).expect("bind a free port");
        let socket = bind(ports.first);
        socket.set_nonblocking(true).expect("make the socket non-blocking");
        socket2::SockRef::from(&socket).set_recv_buffer_size(4 << 20).expect("enlarge the socket's buffer");
        Sink { socket, _reports: bind(ports.first + 1) }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().expect("a bound socket has an address").port()
    }

    /// How many datagrams have come since it was asked last; what does not fit into the socket's buffer is
    /// lost.
    fn count(&self) -> usize {
        let mut buffer = [0; 2048];
        std::iter::from_fn(|| self.socket.recv(&mut buffer).ok()).count()
    }
}
