//! `setdest`, `closecon` and `exec`: who sends what where, beside SIPp 3.8.0 with the same scenario.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::peers::{Process, Tool};

/// What a place has heard: its name, the number of the connection or port that it came from, and the mark in it.
type Heard = Vec<(&'static str, usize, String)>;

/// Makes places for a run.
type Make = fn() -> Places;

/// Two places that answer every request, the target `a` and another one.
struct Places {
    ports: [u16; 2],
    heard: Arc<Mutex<Heard>>,
}

impl Places {
    fn udp() -> Places {
        let places = ["a", "b"].map(|name| (name, UdpSocket::bind("127.0.0.1:0").unwrap()));
        let ports = places.each_ref().map(|(_, socket)| socket.local_addr().unwrap().port());
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let froms: Arc<Mutex<Vec<u16>>> = Arc::default();
        for (name, socket) in places {
            let (heard, froms) = (Arc::clone(&heard), Arc::clone(&froms));
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok((len, from)) = socket.recv_from(&mut buffer) {
                    let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
                    let number = {
                        let mut froms = froms.lock().unwrap();
                        froms.iter().position(|&port| port == from.port()).unwrap_or_else(|| {
                            froms.push(from.port());
                            froms.len() - 1
                        })
                    };
                    heard.lock().unwrap().push((name, number, mark(&text)));
                    let _ = socket.send_to(ok(&text).as_bytes(), from);
                }
            });
        }
        Places { ports, heard }
    }

    fn tcp() -> Places {
        let places = ["a", "b"].map(|name| (name, TcpListener::bind("127.0.0.1:0").unwrap()));
        let ports = places.each_ref().map(|(_, listener)| listener.local_addr().unwrap().port());
        let heard: Arc<Mutex<Heard>> = Arc::default();
        for (name, listener) in places {
            let heard = Arc::clone(&heard);
            thread::spawn(move || {
                for (number, stream) in listener.incoming().flatten().enumerate() {
                    let heard = Arc::clone(&heard);
                    thread::spawn(move || serve(name, number, stream, &heard));
                }
            });
        }
        Places { ports, heard }
    }
}

fn serve(name: &'static str, number: usize, mut stream: TcpStream, heard: &Mutex<Heard>) {
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while let Ok(len @ 1..) = stream.read(&mut buffer) {
        text.push_str(&String::from_utf8_lossy(&buffer[..len]));
        while let Some((message, rest)) = text.split_once("\r\n\r\n") {
            heard.lock().unwrap().push((name, number, mark(message)));
            let answer = ok(message);
            text = rest.to_owned();
            let _ = stream.write_all(answer.as_bytes());
        }
    }
}

fn mark(message: &str) -> String {
    message.lines().find_map(|line| line.strip_prefix("X-Mark: ")).unwrap_or_default().to_owned()
}

fn ok(request: &str) -> String {
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let mut text = "SIP/2.0 200 OK\r\n".to_owned();
    for line in request.lines().filter(|line| kept.iter().any(|name| line.starts_with(name))) {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text + "Content-Length: 0\r\n\r\n"
}

/// A request with this mark that waits for its answer.
fn options(mark: &str) -> String {
    format!(
        "<send><![CDATA[\nOPTIONS sip:b@127.0.0.1 SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\nFrom: <sip:a@127.0.0.1>;tag=a\n\
         To: <sip:b@127.0.0.1>\nCall-ID: [call_id]\nCSeq: [cseq] OPTIONS\nX-Mark: {mark}\n\
         Content-Length: 0\n\n]]></send><recv response=\"200\"/>"
    )
}

fn nop(actions: &str) -> String {
    format!("<nop><action>{actions}</action></nop>")
}

/// Runs one call of a program; says what the places heard, how it exited, and what it left in its folder as `made`.
fn run(tool: Tool, places: &Places, transport: &str, steps: &[String]) -> (Heard, Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("<scenario name=\"places\">{}</scenario>", steps.concat());
    fs::write(folder.path().join("places.xml"), text).unwrap();
    let [a, b] = places.ports;
    let mut command = tool.command();
    command.args(["-sf", "places.xml", "-i", "127.0.0.1", "-m", "1", "-nostdin", "-t", transport]);
    command.args(["-max_socket", "100", "-timeout", "20", "-key", "other", &b.to_string()]);
    command.arg(format!("127.0.0.1:{a}"));
    let mut process = Process::start(&format!("{tool:?}"), folder.path(), command);
    let status = process.wait(Duration::from_secs(30)).code();
    let heard = std::mem::take(&mut *places.heard.lock().unwrap());
    (heard, status, fs::read_to_string(folder.path().join("made")).unwrap_or_default())
}

/// Runs both programs and compares them; returns what ours did.
fn compare(places: Make, transport: &str, steps: &[String]) -> (Heard, Option<i32>, String) {
    let ours = run(Tool::Busyhour, &places(), transport, steps);
    let theirs = run(Tool::Sipp38, &places(), transport, steps);
    assert_eq!(ours, theirs, "ours, then SIPp's");
    ours
}

fn heard(expected: &[(&'static str, usize, &str)]) -> Heard {
    expected.iter().map(|&(name, number, mark)| (name, number, mark.to_owned())).collect()
}

fn setdest(host: &str, protocol: &str) -> String {
    nop(&format!("<setdest host=\"{host}\" port=\"[other]\" protocol=\"{protocol}\"/>"))
}

#[test]
fn datagrams_go_elsewhere_after_setdest() {
    for (transport, host) in [("u1", "127.0.0.1"), ("un", "127.0.0.1"), ("u1", "localhost")] {
        let steps = [options("1"), setdest(host, "UDP"), options("2"), options("3")];
        let (places, status, _) = compare(Places::udp, transport, &steps);
        assert_eq!(places, heard(&[("a", 0, "1"), ("b", 0, "2"), ("b", 0, "3")]));
        assert_eq!(status, Some(0));
    }
}

#[test]
fn a_call_with_a_connection_of_its_own_connects_elsewhere_after_setdest() {
    let steps = [options("1"), setdest("localhost", "tcp"), options("2"), options("3")];
    let (places, status, _) = compare(Places::tcp, "tn", &steps);
    assert_eq!(places, heard(&[("a", 0, "1"), ("b", 0, "2"), ("b", 0, "3")]));
    assert_eq!(status, Some(0));
}

#[test]
fn a_call_with_a_socket_of_its_own_opens_another_after_closecon() {
    let steps = [options("1"), nop("<closecon/>"), options("2"), options("3")];
    let places: [(&str, Make); 2] = [("tn", Places::tcp), ("un", Places::udp)];
    for (transport, places) in places {
        let (places, status, _) = compare(places, transport, &steps);
        assert_eq!(places, heard(&[("a", 0, "1"), ("a", 1, "2"), ("a", 1, "3")]));
        assert_eq!(status, Some(0));
    }
}

#[test]
fn what_is_fatal_to_sipp_fails_the_call() {
    let closecon = [options("1"), nop("<closecon/>"), options("2")];
    let shared = [options("1"), setdest("127.0.0.1", "TCP"), options("2")];
    let protocol = [options("1"), setdest("127.0.0.1", "TCP"), options("2")];
    let cases: [(&str, Make, &[String]); 4] = [
        ("u1", Places::udp, &closecon),
        ("t1", Places::tcp, &closecon),
        ("t1", Places::tcp, &shared),
        ("u1", Places::udp, &protocol),
    ];
    for (transport, places, steps) in cases {
        let (theirs, status, _) = run(Tool::Sipp38, &places(), transport, steps);
        assert_eq!((theirs, status), (heard(&[("a", 0, "1")]), Some(255)));
        let (ours, status, _) = run(Tool::Busyhour, &places(), transport, steps);
        assert_eq!((&ours[0], status), (&heard(&[("a", 0, "1")])[0], Some(1)));
        assert!(ours.iter().all(|(name, _, mark)| *name == "a" && mark != "2"), "{ours:?}");
    }
}

#[test]
fn a_call_whose_command_does_not_end_well_fails_at_its_end() {
    for (command, status) in [("true", 0), ("false", 1), ("/no/such/command", 1), ("kill -9 $$", 1)] {
        let actions = format!("<exec verify=\"{command}\"/><exec command=\"echo yes &gt; made\"/>");
        // SIPp does not wait for commands at its end, so one that is waited for comes after.
        let steps =
            [options("1"), nop(&actions), options("2"), nop("<exec verify=\"sleep 0.3\"/>"), options("3")];
        let (places, exit, made) = compare(Places::udp, "u1", &steps);
        assert_eq!(places, heard(&[("a", 0, "1"), ("a", 0, "2"), ("a", 0, "3")]), "{command}");
        assert_eq!((exit, made.as_str()), (Some(status), "yes\n"), "{command}");
    }
}
