//! One node and a puppet that a test speaks for.

// Each test file uses a part of it.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod media;

use std::net::SocketAddr;

use busyhour_engine::pacing::Plan;
use busyhour_engine::snapshot::Counters;
use busyhour_engine::{Event, FailureKind, Settings, Time};
use busyhour_sim::{Conditions, Heard, Node, NodeId, World};

pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) node: NodeId,
    pub(crate) peer: SocketAddr,
}

impl Stage {
    /// One call of a client, 1 ms after the start.
    pub(crate) fn client(scenario: &str, change: impl FnOnce(&mut Settings)) -> Stage {
        let mut world = World::new(1, Conditions::perfect());
        let peer = world.add_puppet();
        let node = world.add(Node::client(scenario, peer, |settings| {
            settings.plan = Plan::Constant { calls: 1000.0, period_us: 1_000_000 };
            settings.calls_max = Some(1);
            settings.trace_logs = true;
            change(settings);
        }));
        Stage { world, node, peer }
    }

    pub(crate) fn server(scenario: &str, change: impl FnOnce(&mut Settings)) -> Stage {
        let mut world = World::new(1, Conditions::perfect());
        let peer = world.add_puppet();
        let node = world.add(Node::server(scenario).with(|settings| {
            settings.trace_logs = true;
            change(settings);
        }));
        Stage { world, node, peer }
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        let end = self.world.now() + ms * 1000;
        self.world.run_until(end);
    }

    pub(crate) fn say(&mut self, text: &str) {
        self.world.inject(self.peer, self.node, text.as_bytes());
        self.wait(2);
    }

    /// What the puppet has heard since it was last asked.
    pub(crate) fn heard(&mut self) -> Vec<Heard> {
        self.world.heard(self.peer)
    }

    /// Start lines of what the puppet has heard since it was last asked, without the version.
    pub(crate) fn lines(&mut self) -> Vec<String> {
        self.heard().iter().map(line).collect()
    }

    /// Waits a little for the only message, which begins like this.
    pub(crate) fn hears(&mut self, start: &str) -> String {
        self.wait(2);
        let heard = self.heard();
        let lines: Vec<_> = heard.iter().map(line).collect();
        assert!(
            lines.len() == 1 && lines[0].starts_with(start),
            "heard {lines:?}, not one {start}\n{:?}",
            self.events()
        );
        heard[0].text()
    }

    pub(crate) fn hears_nothing(&mut self) {
        self.wait(2);
        let lines = self.lines();
        assert!(lines.is_empty(), "heard {lines:?}\n{:?}", self.events());
    }

    pub(crate) fn counters(&mut self) -> Counters {
        self.world.snapshot(self.node).counters
    }

    pub(crate) fn failed(&mut self, kind: FailureKind) -> u64 {
        self.counters().failed[kind.index()]
    }

    /// Of the only call.
    pub(crate) fn succeeds(&mut self) {
        let counters = self.counters();
        let figures = (counters.successful, counters.failed_total(), counters.open);
        assert_eq!(figures, (1, 0, 0), "{:?}", self.events());
    }

    /// Of the only call.
    pub(crate) fn fails(&mut self, kind: FailureKind) {
        let counters = self.counters();
        let figures = (counters.successful, counters.failed_total(), counters.open);
        assert_eq!(figures, (0, 1, 0), "{:?}", self.events());
        assert_eq!(counters.failed[kind.index()], 1, "{:?}", self.events());
    }

    pub(crate) fn is_open(&mut self) {
        let counters = self.counters();
        let figures = (counters.successful, counters.failed_total(), counters.open);
        assert_eq!(figures, (0, 0, 1), "{:?}", self.events());
    }

    pub(crate) fn step(&mut self, index: usize) -> busyhour_engine::snapshot::StepCounters {
        self.world.snapshot(self.node).programs[0].steps[index]
    }

    /// Lines of `<log>`.
    pub(crate) fn logs(&mut self) -> Vec<String> {
        let events = &self.world.node(self.node).events;
        let texts = events.iter().filter_map(|event| match event {
            Event::Log { text } => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn events(&mut self) -> Vec<String> {
        let events = &self.world.node(self.node).events;
        let texts = events.iter().map(|event| match event {
            Event::Warning { at, text } => format!("{at:?} {}", String::from_utf8_lossy(text)),
            other => format!("{other:?}"),
        });
        texts.collect()
    }
}

/// Start line without the version, and in a request without the URI.
pub(crate) fn line(heard: &Heard) -> String {
    let text = heard.text();
    let first = text.lines().next().unwrap_or_default();
    match first.strip_prefix("SIP/2.0 ") {
        Some(status) => status.to_owned(),
        None => first.split(' ').next().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .split("\r\n")
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// The puppet's response to a request, with its tag in To.
pub(crate) fn response(request: &str, status: &str) -> String {
    let to = header(request, "To");
    let tag = if to.contains(";tag=") { "" } else { ";tag=peer" };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:b@10.0.1.1:5060>\r\nContent-Length: 0\r\n\r\n",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
    )
}

/// The puppet's request in a call it has opened itself.
pub(crate) fn request(method: &str, cseq: u32, call_id: &str) -> String {
    format!(
        "{method} sip:us@10.0.0.1:5061 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bK-{method}-{cseq}\r\n\
         From: <sip:b@10.0.1.1>;tag=peer\r\nTo: <sip:us@10.0.0.1>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:b@10.0.1.1:5060>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// The puppet's request in a call that `ours`, a request of the node, has opened.
pub(crate) fn request_back(method: &str, cseq: u32, ours: &str) -> String {
    format!(
        "{method} sip:a@10.0.0.1:5061 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bK-b-{method}-{cseq}\r\n\
         From: {};tag=peer\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n\
         Contact: <sip:b@10.0.1.1:5060>\r\nContent-Length: 0\r\n\r\n",
        header(ours, "To"),
        header(ours, "From"),
        header(ours, "Call-ID"),
    )
}

pub(crate) fn scenario(steps: &[&str]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"t\">\n{}\n</scenario>\n",
        steps.join("\n")
    )
}

/// A `<send>` of a request.
pub(crate) fn send(method: &str, attributes: &str) -> String {
    send_with(method, attributes, "", "")
}

/// The same with a further header line and with actions.
pub(crate) fn send_with(method: &str, attributes: &str, line: &str, actions: &str) -> String {
    let line = if line.is_empty() { String::new() } else { format!("{line}\n") };
    format!(
        "<send {attributes}><![CDATA[\n{method} sip:b@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n\
         From: <sip:a@[local_ip]>;tag=A[call_number]\nTo: <sip:b@[remote_ip]>[peer_tag_param]\n\
         Call-ID: [call_id]\nCSeq: [cseq] {method}\nContact: <sip:a@[local_ip]:[local_port]>\n\
         Max-Forwards: 70\n{line}Content-Length: 0\n\n]]>{actions}</send>"
    )
}

/// A `<send>` of a response to the last request.
pub(crate) fn reply(status: &str, attributes: &str) -> String {
    format!(
        "<send {attributes}><![CDATA[\nSIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=S[call_number]\n\
         [last_Call-ID:]\n[last_CSeq:]\nContact: <sip:us@[local_ip]:[local_port]>\nX-Id: [dynamic_id]\n\
         Content-Length: 0\n\n]]></send>"
    )
}

pub(crate) fn recv(attributes: &str) -> String {
    format!("<recv {attributes}/>")
}

pub(crate) fn nop(attributes: &str, actions: &str) -> String {
    format!("<nop {attributes}><action>{actions}</action></nop>")
}

/// ms between the first and each.
pub(crate) fn times(heard: &[Heard]) -> Vec<u64> {
    let first = heard.first().map_or(Time::ZERO, |heard| heard.at);
    heard.iter().map(|heard| heard.at.micros_since(first).div_ceil(1000)).collect()
}
