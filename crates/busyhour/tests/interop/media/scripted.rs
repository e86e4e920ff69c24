//! A callee of the test's own: its session descriptions, and what it does to the media ports of callers, are
//! the test's.

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::peers::Agent;

/// Longest that a run against it may take.
const END: Duration = Duration::from_secs(40);

/// What it does with a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// The body of its 200; none without.
    pub(super) body: Option<String>,
    /// Whether it hangs up as soon as the call stands.
    pub(super) hangs_up: bool,
}

/// A SIP user agent on a port of the kernel's choice.
pub(super) struct Scripted {
    socket: UdpSocket,
    /// Its SIP port.
    pub(super) port: u16,
}

impl Scripted {
    /// Binds its port.
    pub(super) fn new() -> Scripted {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("bind the scripted callee");
        socket.set_read_timeout(Some(Duration::from_millis(10))).expect("set the socket's timeout");
        let port = socket.local_addr().expect("a bound socket has an address").port();
        Scripted { socket, port }
    }

    /// Answers the calls of `caller` until it ends. `answer` decides by the call's number, from 1; `media` is
    /// told the port that a caller wants its audio at, once for each call.
    pub(super) fn serve(
        &self,
        caller: &mut Agent,
        answer: impl Fn(u64) -> Answer,
        mut media: impl FnMut(SocketAddr),
    ) {
        let deadline = Instant::now() + END;
        let mut known = HashSet::new();
        let mut buffer = [0; 65_536];
        while caller.process.ended().is_none() {
            assert!(Instant::now() < deadline, "the caller does not end\n{}", caller.process.logs());
            let Ok((length, source)) = self.socket.recv_from(&mut buffer) else { continue };
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let number = call_number(&message);
            let send = |text: String| {
                self.socket.send_to(text.as_bytes(), source).expect("send to the caller");
            };
            match message.split(' ').next().unwrap_or_default() {
                "INVITE" => {
                    send(self.response(&message, answer(number).body.as_deref()));
                    if known.insert(number) {
                        media(SocketAddr::new(source.ip(), audio_port(&message)));
                    }
                }
                "ACK" if answer(number).hangs_up => send(self.hang_up(&message)),
                "ACK" | "SIP/2.0" => {}
                _ => send(self.response(&message, None)),
            }
        }
    }

    fn response(&self, request: &str, body: Option<&str>) -> String {
        let to = header(request, "To:");
        let to = if to.contains(";tag=") { to.to_owned() } else { format!("{to};tag=scripted") };
        let kind = if body.is_some() { "Content-Type: application/sdp\r\n" } else { "" };
        let body = body.unwrap_or_default();
        format!(
            "SIP/2.0 200 OK\r\n{}\r\n{}\r\n{to}\r\n{}\r\n{}\r\nContact: <sip:127.0.0.1:{}>\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            header(request, "Via:"),
            header(request, "From:"),
            header(request, "Call-ID:"),
            header(request, "CSeq:"),
            self.port,
            body.len()
        )
    }

    fn hang_up(&self, ack: &str) -> String {
        let address = |name: &str| header(ack, name).split_once(':').map_or("", |(_, value)| value.trim());
        let number = call_number(ack);
        format!(
            "BYE sip:caller@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{};branch=z9hG4bK-bye-{number}\r\n\
             From: {}\r\nTo: {}\r\n{}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
            self.port,
            address("To:"),
            address("From:"),
            header(ack, "Call-ID:"),
        )
    }
}

/// The number that callers of these tests put into their tag.
fn call_number(message: &str) -> u64 {
    let digits = header(message, "Call-ID:").trim_start_matches("Call-ID:").trim();
    digits.split('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn audio_port(message: &str) -> u16 {
    let line = message.lines().find_map(|line| line.strip_prefix("m=audio ")).unwrap_or_default();
    line.split(' ').next().and_then(|port| port.parse().ok()).unwrap_or_default()
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find(|line| line.starts_with(name)).unwrap_or_default()
}
