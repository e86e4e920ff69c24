//! The scripted peer at work: it follows its script and writes down everything it is sent.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::dialog::{self, Dialog, Received};
use crate::link::Link;
use crate::media::Stream;
use crate::peers::{Ports, Process, Tool, Transport};
use crate::script::{Step, What};

/// Longest wait for a message that the script expects.
const PATIENCE: Duration = Duration::from_secs(15);

/// The peer of one run.
pub(crate) struct Peer {
    /// Its two ports.
    pub(crate) links: [Link; 2],
    /// Media ports of the program: the same for every case but for where they begin.
    pub(crate) media: Ports,
    /// What arrived at each port, as it was.
    pub(crate) records: [Vec<Record>; 2],
    tool: Tool,
    via: &'static str,
    /// The server's port, 0 for clients.
    port: u16,
    /// Messages that nothing has been expected for so far, with where they came from.
    waiting: [VecDeque<(Received, SocketAddr)>; 2],
    last: Received,
    /// The last request of each method.
    requests: HashMap<String, Received>,
    dialogs: HashMap<String, Dialog>,
    /// Call-ID of the current dialog.
    current: Option<String>,
    /// Call-IDs of dialogs that the script has named.
    named: HashMap<String, String>,
    sent: [Vec<u8>; 2],
    number: u32,
    stream: Stream,
}

/// A message or a note of the script.
pub(crate) struct Record {
    /// Its text.
    pub(crate) text: String,
    /// The port it came from; a note has none.
    pub(crate) source: Option<u16>,
    /// The call it belongs to.
    pub(crate) call_id: String,
}

impl Peer {
    /// A peer that nothing has happened to.
    pub(crate) fn new(case: &Case, tool: Tool) -> Peer {
        let link = || if case.transport == Transport::Tcp { Link::tcp() } else { Link::udp() };
        Peer {
            links: [link(), link()],
            media: Ports::take(),
            records: [Vec::new(), Vec::new()],
            tool,
            via: if case.transport == Transport::Tcp { "TCP" } else { "UDP" },
            port: 0,
            waiting: [VecDeque::new(), VecDeque::new()],
            last: Received::default(),
            requests: HashMap::new(),
            dialogs: HashMap::new(),
            current: None,
            named: HashMap::new(),
            sent: [Vec::new(), Vec::new()],
            number: 0,
            stream: Stream::new(),
        }
    }

    /// Makes a server's port the destination.
    pub(crate) fn connect(&mut self, port: u16) {
        self.port = port;
        for link in &mut self.links {
            link.connect(port);
        }
    }

    /// Follows the script.
    ///
    /// # Panics
    /// If something expected does not arrive.
    pub(crate) fn play(&mut self, steps: &[Step], process: &mut Process) {
        for step in steps {
            if step.only.is_none_or(|only| only == self.tool) {
                self.step(step, process);
            }
        }
    }

    /// Writes down what else arrives until the program ends.
    ///
    /// # Panics
    /// If it does not end in time.
    pub(crate) fn drain(&mut self, process: &mut Process, limit: Duration) {
        let deadline = Instant::now() + limit;
        loop {
            let ended = process.ended().is_some();
            for link in 0..2 {
                while self.receive(link, Duration::ZERO) {}
            }
            if ended {
                return;
            }
            assert!(Instant::now() < deadline, "{} does not end\n{}", process.name(), self.told(process));
            sleep(Duration::from_millis(2));
        }
    }

    fn step(&mut self, step: &Step, process: &mut Process) {
        let link = step.link;
        match &step.what {
            What::Expect(kinds) => self.expect(link, kinds, process),
            What::Respond { status, method, lines } => {
                let request = match method {
                    Some(method) => self.requests.get(method).cloned(),
                    None => {
                        Some(self.last.clone()).filter(Received::is_request).or_else(|| self.last_request())
                    }
                };
                let request = request.unwrap_or_else(|| panic!("no request to answer with {status}"));
                let usual = dialog::response(status, &request, self.links[link].port);
                let message = dialog::complete(usual, &self.filled(lines));
                self.send(link, message);
            }
            What::Request { method, lines } => {
                self.number += 1;
                let (number, via, port) = (self.number, self.via, self.links[link].port);
                let usual = self.dialog().request(method, via, number, port);
                let message = dialog::complete(usual, &self.filled(lines));
                self.send(link, message);
            }
            What::Raw(lines) => {
                self.number += 1;
                let message = self.filled(lines).join("\r\n");
                self.send(link, message);
            }
            What::Repeat => self.links[link].send(&self.sent[link]),
            What::Wait(milliseconds) => sleep(Duration::from_millis(*milliseconds)),
            What::Dialog(name) => {
                let number = self.named.len() + 1;
                let (peer, port) = (self.links[link].port, self.port);
                let opened = Dialog::opened(name, number, peer, port);
                let call_id =
                    self.named.entry(name.clone()).or_insert_with(|| opened.call_id.clone()).clone();
                self.dialogs.entry(call_id.clone()).or_insert(opened);
                self.current = Some(call_id);
            }
            What::VerifyDigest { username, password } => {
                let text = crate::digest::verdict(&self.last, username, password);
                let call_id = self.last.header("Call-ID").to_owned();
                self.records[link].push(Record { text, source: None, call_id });
            }
            What::Rtp { count, payload_type } => {
                let port = self.audio_port();
                self.stream.send_sound(port, *count, *payload_type);
            }
            What::Events { digits, payload_type } => {
                let port = self.audio_port();
                self.stream.send_digits(port, digits, *payload_type);
            }
            What::Times(count, steps) => (0..*count).for_each(|_| self.play(steps, process)),
            What::Close { hard } => self.links[link].close(*hard),
            What::Signal(name) => process.signal(name),
        }
    }

    /// The port of the last `m=audio` that the program sent.
    fn audio_port(&self) -> u16 {
        let lines = self.records[0].iter().flat_map(|record| record.text.lines());
        let port = lines
            .filter_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok())
            .next_back();
        port.expect("the program has sent an m=audio line")
    }

    /// Takes the first message of these kinds, also if another has come before it: messages of different calls may overtake
    /// each other.
    fn expect(&mut self, link: usize, kinds: &[String], process: &mut Process) {
        let deadline = Instant::now() + PATIENCE;
        let mut looked_at = 0;
        loop {
            let ended = process.ended().is_some();
            while let Some((message, _)) = self.waiting[link].get(looked_at) {
                if kinds.iter().any(|kind| kind == message.kind()) {
                    self.take(link, looked_at);
                    return;
                }
                looked_at += 1;
            }
            if !self.receive(link, Duration::from_millis(20)) && (ended || Instant::now() >= deadline) {
                let why = if ended { "has ended" } else { "is silent" };
                panic!("no {} from {}: it {why}\n{}", kinds.join(" or "), process.name(), self.told(process));
            }
        }
    }

    fn receive(&mut self, link: usize, patience: Duration) -> bool {
        let Some((bytes, source)) = self.links[link].receive(patience) else { return false };
        let message = Received::new(&bytes);
        let call_id = message.header("Call-ID").to_owned();
        self.records[link].push(Record {
            text: message.text().to_owned(),
            source: Some(source.port()),
            call_id,
        });
        self.waiting[link].push_back((message, source));
        true
    }

    /// Makes a message the one that the next steps are about.
    fn take(&mut self, link: usize, position: usize) {
        let Some((message, source)) = self.waiting[link].remove(position) else { return };
        self.links[link].answer_to(source);
        let call_id = message.header("Call-ID").to_owned();
        if let Some(dialog) = self.dialogs.get_mut(&call_id) {
            dialog.learn(&message);
        } else if message.is_request() {
            self.dialogs.insert(call_id.clone(), Dialog::accepted(&message));
        }
        if self.dialogs.contains_key(&call_id) {
            self.current = Some(call_id);
        }
        if message.is_request() {
            self.requests.insert(message.kind().to_owned(), message.clone());
            self.requests.insert(String::new(), message.clone());
        }
        self.last = message;
    }

    fn last_request(&self) -> Option<Received> {
        self.requests.get("").cloned()
    }

    fn send(&mut self, link: usize, message: String) {
        self.sent[link] = message.into_bytes();
        self.links[link].send(&self.sent[link]);
    }

    /// The current dialog; the first one is opened by the peer if nobody has.
    fn dialog(&mut self) -> &mut Dialog {
        let (peer, port) = (self.links[0].port, self.port);
        let current = self.current.get_or_insert_with(|| "first-0@peer".to_owned()).clone();
        self.dialogs.entry(current).or_insert_with(|| Dialog::opened("first", 0, peer, port))
    }

    fn filled(&self, lines: &[String]) -> Vec<String> {
        let values = [
            ("{via}", self.last.header("Via").to_owned()),
            ("{from}", self.last.header("From").to_owned()),
            ("{to}", self.last.header("To").to_owned()),
            ("{call-id}", self.last.header("Call-ID").to_owned()),
            ("{cseq}", self.last.header("CSeq").to_owned()),
            ("{contact}", self.last.header("Contact").to_owned()),
            ("{uri}", self.last.uri().to_owned()),
            ("{peer}", self.links[0].port.to_string()),
            ("{peer-b}", self.links[1].port.to_string()),
            ("{port}", self.port.to_string()),
            ("{number}", self.number.to_string()),
        ];
        let fill =
            |line: &String| values.iter().fold(line.clone(), |line, (name, value)| line.replace(name, value));
        lines.iter().map(fill).collect()
    }

    /// All that has arrived, for the message of a failed test.
    fn told(&self, process: &Process) -> String {
        let received: Vec<&str> = self.records.iter().flatten().map(|record| record.text.as_str()).collect();
        format!("it sent:\n{}\n{}", received.join("\n"), process.logs())
    }
}
