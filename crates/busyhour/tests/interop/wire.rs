//! The same scenario through SIPp and through busyhour: the same messages on the wire.

mod transcript;

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{Agent, SOON, Tool, Transport};
use transcript::Transcript;

/// Longest a scripted peer waits for the next message; `branchc` pauses five seconds.
const PATIENCE: Duration = Duration::from_secs(12);

/// Runs `record` for both programs at the same time and compares what they sent.
fn compare(record: fn(Tool, &Path) -> Vec<String>) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (own, reference) = thread::scope(|scope| {
        let reference = scope.spawn(|| record(Tool::Sipp38, &folder.path().join("sipp")));
        let own = record(Tool::Busyhour, &folder.path().join("busyhour"));
        (own, reference.join())
    });
    let reference = reference.expect("the recording of SIPp panicked");
    for (position, (own, reference)) in own.iter().zip(&reference).enumerate() {
        assert!(own == reference, "message {position} differs; SIPp:\n{reference}\n--- busyhour:\n{own}");
    }
    assert_eq!(own.len(), reference.len(), "SIPp:\n{reference:#?}\n--- busyhour:\n{own:#?}");
    assert!(!own.is_empty(), "nothing was recorded");
}

#[test]
fn uac() {
    compare(|tool, folder| record_client(tool, folder, "uac", &[]));
}

#[test]
fn uac_with_options() {
    compare(|tool, folder| {
        let arguments = ["-s", "4711", "-base_cseq", "70", "-d", "50"];
        record_client(tool, folder, "uac", &arguments)
    });
}

#[test]
fn regexp() {
    compare(|tool, folder| record_client(tool, folder, "regexp", &[]));
}

#[test]
fn branchc() {
    compare(|tool, folder| record_client(tool, folder, "branchc", &[]));
}

#[test]
fn uas() {
    compare(|tool, folder| {
        record_server(tool, folder, "uas", &[("INVITE", 2), ("ACK", 0), ("BYE", 1)], "caller")
    });
}

#[test]
fn branchs_accepts() {
    compare(|tool, folder| {
        let script = [("REGISTER", 1), ("INVITE", 3), ("ACK", 0), ("BYE", 1)];
        record_server(tool, folder, "branchs", &script, "ua2")
    });
}

#[test]
fn branchs_refuses() {
    compare(|tool, folder| {
        let script = [("REGISTER", 1), ("INVITE", 2), ("BYE", 1)];
        record_server(tool, folder, "branchs", &script, "somebody")
    });
}

#[test]
fn ooc_default() {
    compare(|tool, folder| record_server(tool, folder, "ooc_default", &[("OPTIONS", 1)], "caller"));
}

/// Two calls of a client scenario, one after the other, to a peer that answers everything.
fn record_client(tool: Tool, folder: &Path, scenario: &str, arguments: &[&str]) -> Vec<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the scripted peer");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    let all = [&["-sn", scenario, "-m", "2", "-l", "1", "-r", "1000"], arguments].concat();
    let mut client = Agent::client(folder, tool, port, &all);
    let mut transcript = Transcript::new(client.process.id(), port);
    let deadline = Instant::now() + 3 * PATIENCE;
    while client.process.ended().is_none() {
        assert!(Instant::now() < deadline, "{tool:?} does not end\n{}", client.process.logs());
        let Some((message, source)) = receive(&socket, Duration::from_millis(50)) else { continue };
        if !transcript.add(&message, source.port()) {
            continue;
        }
        for answer in answers(&message, port) {
            socket.send_to(answer.as_bytes(), source).expect("answer the client");
        }
    }
    let counts = client.finish(SOON);
    assert_eq!((counts.exit, counts.successful), (0, 2), "{tool:?}\n{}", client.process.logs());
    transcript.messages
}

/// Two dialogs with a server scenario; `script` names each request and how many responses it gets.
fn record_server(
    tool: Tool,
    folder: &Path,
    scenario: &str,
    script: &[(&str, usize)],
    user: &str,
) -> Vec<String> {
    let server = Agent::server(folder, tool, Transport::Udp, &["-sn", scenario]);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the scripted peer");
    socket.connect(("127.0.0.1", server.port)).expect("name the server as the destination");
    let port = socket.local_addr().expect("a bound socket has an address").port();
    let mut transcript = Transcript::new(server.process.id(), port);
    for dialog in 1..=2 {
        for (number, (method, responses)) in script.iter().enumerate() {
            let request = request(method, dialog, number + 1, user, port, server.port);
            socket.send(request.as_bytes()).expect("send to the server");
            let mut response = 0;
            while response < *responses {
                let Some((message, source)) = receive(&socket, PATIENCE) else {
                    panic!("{tool:?}: response {response} to {method} is missing\n{}", server.process.logs());
                };
                response += usize::from(transcript.add(&message, source.port()));
            }
        }
    }
    transcript.messages
}

fn receive(socket: &UdpSocket, patience: Duration) -> Option<(String, SocketAddr)> {
    socket.set_read_timeout(Some(patience)).expect("set the socket's timeout");
    let mut buffer = vec![0; 65_536];
    let (length, source) = socket.recv_from(&mut buffer).ok()?;
    Some((String::from_utf8_lossy(&buffer[..length]).into_owned(), source))
}

const SDP: &str = "v=0\r\no=peer 20 30 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                   m=audio 9000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// What the scripted peer answers to a request.
fn answers(request: &str, port: u16) -> Vec<String> {
    let header = |name: &str| {
        request.lines().find(|line| line.to_lowercase().starts_with(&name.to_lowercase())).unwrap_or_default()
    };
    let method = request.split(' ').next().unwrap_or_default();
    let response = |status: &str, body: &str| {
        let to = header("To:");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag=peer") };
        let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "SIP/2.0 {status}\r\n{}\r\n{}\r\n{to}\r\n{}\r\n{}\r\nContact: <sip:127.0.0.1:{port};transport=UDP>\r\n\
             {content}Content-Length: {}\r\n\r\n{body}",
            header("Via:"),
            header("From:"),
            header("Call-ID:"),
            header("CSeq:"),
            body.len()
        )
    };
    match method {
        "INVITE" => vec![response("180 Ringing", ""), response("200 OK", SDP)],
        "ACK" => Vec::new(),
        _ => vec![response("200 OK", "")],
    }
}

/// A request of the scripted peer.
fn request(method: &str, dialog: u32, number: usize, user: &str, own: u16, server: u16) -> String {
    let body = if method == "INVITE" { SDP } else { "" };
    let content = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:service@127.0.0.1:{server} SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bK-{dialog}-{number}\r\n\
         From: {user} <sip:{user}@127.0.0.1:{own}>;tag=from{dialog}\r\n\
         To: service <sip:service@127.0.0.1:{server}>\r\n\
         Call-ID: dialog-{dialog}@127.0.0.1\r\n\
         CSeq: {number} {method}\r\n\
         Record-Route: <sip:127.0.0.1:{own};lr>\r\n\
         Contact: <sip:{user}@127.0.0.1:{own}>\r\n\
         Max-Forwards: 70\r\n{content}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
