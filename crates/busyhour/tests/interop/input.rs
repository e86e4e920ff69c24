//! Bad input from the network at a running busyhour: it lives, stays small, and serves the next call.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::peers::{Agent, Counts, SOON, Tool, Transport, free_port};

/// Most resident memory that a server may have after the attack, KiB.
const RESIDENT_MAX_KIB: u64 = 300 * 1024;

/// A well-formed request that the bad ones are made from.
const INVITE: &str = "INVITE sip:service@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-1\r\n\
                      From: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:b@127.0.0.1>\r\nCall-ID: base@attack\r\n\
                      CSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

#[test]
fn datagrams() {
    attack_udp(|send| {
        let mut random = Random(7);
        for _ in 0..2000 {
            let length = 1 + random.next() as usize % 1400;
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            send(&bytes);
        }
        for end in 0..INVITE.len() {
            send(&INVITE.as_bytes()[..end]);
        }
        // The largest datagrams: a header, a body, nothing but one letter, nothing but line ends.
        let space = 65_507 - INVITE.len() - 8;
        let long_header =
            INVITE.replace("Max-Forwards", &format!("X: {}\r\nMax-Forwards", "x".repeat(space)));
        let announced = INVITE.replace("Length: 0", &format!("Length: {space}")) + &"b".repeat(space - 8);
        for _ in 0..50 {
            send(long_header.as_bytes());
            send(announced.as_bytes());
            send(&[b'a'; 65_507]);
            send("\r\n".repeat(30_000).as_bytes());
        }
    });
}

#[test]
fn odd_messages() {
    attack_udp(|send| {
        let odd = [
            INVITE.replace("Call-ID: base@attack\r\n", ""),
            INVITE.replace("Call-ID: base@attack", "Call-ID:"),
            INVITE
                .replace("Call-ID:", "i:")
                .replace("Via:", "v:")
                .replace("From:", "f:")
                .replace("To:", "t:"),
            INVITE.replace("CSeq: 1 INVITE", "CSeq: 1 INVITE\r\nCSeq: 2 BYE\r\nCall-ID: other@attack"),
            INVITE.replace("Call-ID: ", "Call-ID:\r\n  "),
            INVITE.replace("From: ", "From:\r\n\t\r\n "),
            INVITE.replace("CSeq: 1 INVITE", "CSeq: 99999999999999999999 INVITE"),
            INVITE.replace("CSeq: 1 INVITE", "CSeq: INVITE"),
            INVITE.replace("Content-Length: 0", "Content-Length: -1"),
            INVITE.replace("Content-Length: 0", "Content-Length: 99999999999999999999999"),
            INVITE.replace("INVITE", &"M".repeat(500)),
            INVITE.replace("\r\n", "\n"),
            INVITE.replace("SIP/2.0\r\n", "SIP/2.0\r\n\r\n"),
            INVITE.replace("base@attack", &"c".repeat(60_000)),
            INVITE.replace("base@attack", "\u{0}\u{1}\u{7f}\u{fffd}"),
            "SIP/2.0 999999999999 What\r\nCall-ID: x\r\n\r\n".to_owned(),
            "SIP/2.0 -1 What\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n".to_owned(),
            "SIP/2.0 200 OK\r\nCall-ID: nobody\r\nCSeq: 1 INVITE\r\n\r\n".to_owned(),
        ];
        for round in 0..20 {
            for message in &odd {
                send(message.replace("attack", &format!("attack{round}")).as_bytes());
            }
        }
    });
}

#[test]
fn torture_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../busyhour-wire/tests/torture");
    let messages: Vec<Vec<u8>> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| fs::read(entry.expect("list the torture messages").path()).expect("read a message"))
        .collect();
    assert!(messages.len() >= 40, "only {} torture messages", messages.len());
    attack_udp(|send| {
        for _ in 0..20 {
            messages.iter().for_each(|message| send(message));
        }
    });
}

#[test]
fn a_client_is_flooded_with_unknown_calls() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let mut server = Agent::server(folder.path(), Tool::Sipp38, Transport::Udp, &["-sn", "uas", "-m", "20"]);
    let port = free_port().to_string();
    let arguments = ["-sn", "uac", "-m", "20", "-r", "20", "-d", "2500", "-p", port.as_str()];
    let mut client = Agent::client(folder.path(), Tool::Busyhour, server.port, &arguments);
    sleep(Duration::from_millis(800));
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind a socket");
    for number in 0..30_000 {
        let id = format!("flood-{number}@attack");
        let message = match number % 3 {
            0 => INVITE.replace("base@attack", &id),
            1 => INVITE.replace("base@attack", &id).replace("INVITE", "BYE"),
            _ => format!("SIP/2.0 200 OK\r\nCall-ID: {id}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"),
        };
        let _ = socket.send_to(message.as_bytes(), format!("127.0.0.1:{port}"));
        if number % 100 == 0 {
            sleep(Duration::from_millis(1));
        }
    }
    let resident = client.process.resident_kib();
    assert!(resident < RESIDENT_MAX_KIB, "{resident} KiB resident after the flood");
    let placed = client.finish(SOON);
    assert_eq!(placed, Counts::all_well(20), "{}", client.process.logs());
    assert_eq!(server.finish(SOON), Counts::all_well(20), "{}", server.process.logs());
}

#[test]
fn streams() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let server = Agent::server(folder.path(), Tool::Busyhour, Transport::Tcp, &["-sn", "uas", "-t", "t1"]);
    let connect = || {
        let stream = TcpStream::connect(("127.0.0.1", server.port)).expect("connect to the server");
        stream.set_write_timeout(Some(Duration::from_millis(500))).expect("set a timeout");
        stream
    };
    // Each writes until the server closes or stops reading, up to 32 MiB.
    let start = INVITE.replace("\r\nContent-Length: 0\r\n\r\n", "\r\n");
    let huge = INVITE.replace("Content-Length: 0", "Content-Length: 4294967296");
    let mut kept = Vec::new();
    for (first, filler) in [
        (start.clone() + "X: ", "x".repeat(65_536)),
        (start.clone(), "X: y\r\n".repeat(10_000)),
        (huge, "b".repeat(65_536)),
        (String::new(), "\r\n\r\n".repeat(16_384)),
        (String::new(), "not sip at all ".repeat(4_000)),
    ] {
        let mut stream = connect();
        let _ = stream.write_all(first.as_bytes());
        for _ in 0..512 {
            // Pongs are read away, so that the server is not blocked by us.
            let _ = stream.set_nonblocking(true);
            let mut sink = [0; 65_536];
            while stream.read(&mut sink).is_ok_and(|length| length > 0) {}
            let _ = stream.set_nonblocking(false);
            if stream.write_all(filler.as_bytes()).is_err() {
                break;
            }
        }
        kept.push(stream);
    }
    // Connections that say nothing, that say half a message, and that are reset.
    for number in 0..300 {
        let mut stream = connect();
        let cut = INVITE.len() * (number % 3) / 3;
        let _ = stream.write_all(&INVITE.as_bytes()[..cut]);
        if number % 2 == 0 {
            kept.push(stream);
        }
    }
    still_serves(folder.path(), server, "t1");
}

/// Starts a server, lets `attack` send datagrams to it, and sees that it still works.
fn attack_udp(attack: impl FnOnce(&mut dyn FnMut(&[u8]))) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let server = Agent::server(folder.path(), Tool::Busyhour, Transport::Udp, &["-sn", "uas"]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind a socket");
    let mut sent = 0_u32;
    attack(&mut |bytes| {
        let _ = socket.send_to(bytes, ("127.0.0.1", server.port));
        sent += 1;
        if sent.is_multiple_of(50) {
            // So that the server's socket buffer is not what protects it.
            sleep(Duration::from_millis(2));
        }
    });
    still_serves(folder.path(), server, "u1");
}

/// Calls the server with SIPp: it must answer every call, and be small.
fn still_serves(folder: &Path, mut server: Agent, mode: &str) {
    let deadline = Instant::now() + Duration::from_millis(500);
    while Instant::now() < deadline {
        if let Some(status) = server.process.ended() {
            panic!("the server ended with {status}\n{}", server.process.logs());
        }
        sleep(Duration::from_millis(50));
    }
    let arguments = ["-sn", "uac", "-t", mode, "-m", "50", "-r", "100"];
    let mut client = Agent::client(folder, Tool::Sipp38, server.port, &arguments);
    let counts = client.finish(SOON);
    let logs = || format!("{}{}", client.process.logs(), server.process.logs());
    assert_eq!(counts, Counts::all_well(50), "{}", logs());
    let resident = server.process.resident_kib();
    assert!(resident < RESIDENT_MAX_KIB, "{resident} KiB resident after the attack\n{}", logs());
}

/// A small generator of numbers (xorshift), so that a run can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
