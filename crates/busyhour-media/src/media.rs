//! One media thread's contract.

mod attribution;
mod calls;
mod commands;
mod ending;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::command::Event;
use crate::media::attribution::{Attribution, Owner};
use crate::media::calls::{Calls, Lines};
use crate::ports::{PortId, PortRequest};
use crate::session::Outbox;
use crate::session::outbox::{Form, Way};
use crate::session::receive::Hearing;
use crate::session::report::Reporter;
use crate::snapshot::MediaSnapshot;
use crate::time::Time;
use crate::wheel::Wheel;

/// What is the same for all calls.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Send RTCP (not with `-no_rtcp`).
    pub rtcp: bool,
    /// CNAME of our reports: `busyhour-<pid>@<media ip>`.
    pub cname: String,
    /// `-random_base_ssrc`: first SSRC, else `0xCA110000`.
    pub base_ssrc: u32,
    /// `-audiotolerance`: part of failed checks from which a pattern has failed.
    pub audio_tolerance: f64,
    /// `-videotolerance`.
    pub video_tolerance: f64,
    /// `-rtp_echo`: ports on which whatever comes is sent back, whoever's it is.
    pub echo_ports: Vec<PortId>,
    /// Whether echoes, of calls too, send at present: `<rtp_echo>` switches all of them.
    pub echo_on: Arc<AtomicBool>,
    /// Calls without a number so far: counted here by all media threads of a process, so that no two have the same SSRC.
    pub unnumbered: Arc<AtomicU64>,
    /// Most calls at a time; further ones have no media and are counted.
    pub calls_max: usize,
    /// Wall clock at [`Time::ZERO`], µs since 1970, for sender reports.
    pub wall_start_us: u64,
    /// Random numbers come from it.
    pub seed: u64,
    /// Judge what arrives; else it is only counted (`-no_hearing`).
    pub analyse: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            rtcp: true,
            cname: "busyhour".to_owned(),
            base_ssrc: 0xca11_0000,
            audio_tolerance: 1.0,
            video_tolerance: 1.0,
            echo_ports: Vec::new(),
            echo_on: Arc::new(AtomicBool::new(true)),
            unnumbered: Arc::default(),
            calls_max: 1 << 18,
            wall_start_us: 0,
            seed: 1,
            analyse: true,
        }
    }
}

/// Packets to send.
#[derive(Debug, Default)]
pub struct Batch {
    /// Their bytes, one after the other.
    pub bytes: Vec<u8>,
    /// What and where to.
    pub packets: Vec<Packet>,
}

impl Batch {
    /// Packets for which memory is kept from one batch to the next.
    const PACKETS_KEPT: usize = 2048;
    /// Bytes kept likewise.
    const BYTES_KEPT: usize = 512 << 10;

    /// Forgets all packets and keeps the memory, but for what a burst of late ones has taken.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.bytes.shrink_to(Self::BYTES_KEPT);
        self.packets.shrink_to(Self::PACKETS_KEPT);
    }
}

/// One packet of a [`Batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// First byte in [`Batch::bytes`].
    pub start: u32,
    /// Number of bytes.
    pub len: u16,
    /// From the pair's RTCP port, not from its RTP port.
    pub rtcp: bool,
    /// Which pair it leaves from.
    pub port: PortId,
    /// Where it goes.
    pub to: SocketAddr,
}

/// The streams of one media thread.
///
/// Each line (one medium of a call) has one timer: for its next packet, the next reading of its port, or its next RTCP.
/// Packets leave in the call's own part of the 20 ms between packets. What is late is sent as fast as five packets in a
/// millisecond for each stream; nothing is skipped.
#[derive(Debug)]
pub struct Media {
    settings: Settings,
    calls: Calls,
    lines: Lines,
    attribution: Attribution,
    wheel: Wheel,
    out: Outbox,
    /// Lines whose timers are due, the next one last. Empty between turns, but for what a panic has left undone.
    due: Vec<u32>,
}

impl Media {
    /// Makes one without calls.
    pub fn new(settings: Settings) -> Media {
        let reporter = Reporter::new(settings.rtcp, &settings.cname, settings.wall_start_us, settings.seed);
        let mut out = Outbox::new(reporter);
        out.wishes.extend(settings.echo_ports.iter().map(|port| PortRequest::Watch(*port)));
        Media {
            calls: Calls::new(settings.calls_max, Arc::clone(&settings.unnumbered)),
            lines: Lines::default(),
            attribution: Attribution::default(),
            wheel: Wheel::new(),
            out,
            due: Vec::new(),
            settings,
        }
    }

    /// Takes a datagram that arrived at `received` by the kernel's stamp. It may be changed in place (SRTP). `rtcp`: on
    /// the pair's RTCP port.
    pub fn handle_datagram(
        &mut self,
        received: Time,
        port: PortId,
        rtcp: bool,
        from: SocketAddr,
        bytes: &mut [u8],
    ) {
        let echo_on = self.settings.echo_on.load(Ordering::Relaxed);
        let echo_port = !rtcp && self.settings.echo_ports.contains(&port);
        let echoed = echo_port && echo_on && self.send_back(port, from, bytes);
        if echo_port && !self.attribution.is_used(port) {
            if !self.out.count_received(bytes) {
                self.out.figures.counters.not_rtp += 1;
            }
            return;
        }
        let line = match self.attribution.owner(port, from, bytes) {
            Owner::Line(index) => self.lines.get(index),
            Owner::Echo(index) => {
                let line = self.lines.get(index).filter(|line| line.is_echo(received, from, bytes));
                if line.is_none() {
                    self.attribution.unknown(port, from, bytes);
                }
                line
            }
            Owner::Unknown => None,
        };
        let Some(line) = line else {
            // An echo needs no call: nothing of it was dropped.
            if !(echoed && self.out.count_received(bytes)) {
                self.out.figures.counters.unattributed += 1;
            }
            return;
        };
        if echoed {
            line.note_echoed();
        }
        let hearing = Hearing { analyse: self.settings.analyse, echo_on: echo_on && !echo_port };
        line.receive(received, rtcp, from, bytes, hearing, &mut self.out);
    }

    /// Sends a datagram back to its sender as it is.
    fn send_back(&mut self, port: PortId, to: SocketAddr, bytes: &[u8]) -> bool {
        let start = self.out.begin();
        self.out.bytes().extend_from_slice(bytes);
        let sent = self.out.finish(start, Form::Other, Way { port, from_rtcp: false, to }, None);
        self.out.figures.counters.echoed += u64::from(sent);
        sent
    }

    /// The far end has refused a packet (ICMP), or it could not be sent. The call goes on sending; it is warned of once.
    pub fn handle_send_failure(&mut self, port: PortId, to: Option<SocketAddr>, reason: &'static str) {
        let index = self.attribution.line_to(port, to);
        let Some(line) = index.and_then(|index| self.lines.get(index)) else {
            self.out.figures.counters.send_failures += 1;
            return;
        };
        let peer = line.peer();
        if peer.is_some_and(|peer| Some(peer.rtcp) == to && peer.rtcp != peer.rtp) {
            self.out.figures.counters.rtcp_refused += 1;
            return;
        }
        self.out.figures.counters.send_failures += 1;
        let to = to.or(peer.map(|peer| peer.rtp));
        if line.is_closing() {
            return;
        }
        let (call, medium) = (line.call, line.medium.name());
        self.warn(call, || match to {
            Some(to) => format!("{medium} to {to}: {reason}"),
            None => format!("{medium}: {reason}"),
        });
    }

    /// The same of a packet from an RTCP port: the far end may have no RTCP, which is no fault of the call.
    pub fn handle_rtcp_failure(&mut self) {
        self.out.figures.counters.rtcp_refused += 1;
    }

    /// It is now at least what [`Media::next_timeout`] said.
    pub fn handle_timeout(&mut self, now: Time) {
        // What a panic has left undone is still in there, and is done first; each is out before it is acted on.
        self.wheel.advance(now, &mut self.due);
        self.due.reverse();
        while let Some(index) = self.due.pop() {
            let Some(line) = self.lines.get(index) else { continue };
            let call = line.call;
            if line.is_closing() {
                self.close(now, call);
                continue;
            }
            let ended = line.run(now, &mut self.out);
            // What is still due has sent all that it may send in one go.
            let next_tick = Time::from_millis(now.as_millis() + 1);
            self.wheel.arm(
                index,
                match line.due() {
                    Time::MAX => Time::MAX,
                    due => due.max(next_tick),
                },
            );
            if ended {
                self.tell_streams_end(call);
            }
        }
    }

    fn arm(&mut self, index: u32) {
        if let Some(line) = self.lines.get(index) {
            self.wheel.arm(index, line.due());
        }
    }

    /// When to call [`Media::handle_timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        if self.due.is_empty() { self.wheel.next_deadline() } else { Some(Time::ZERO) }
    }

    /// The next port to be visited now.
    pub fn poll_read(&mut self) -> Option<PortId> {
        self.out.reads.pop_front()
    }

    /// Swaps the packets to be sent into `batch`, which must be empty; false if there are none.
    pub fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        self.out.take_batch(batch)
    }

    /// The next wish about a port.
    pub fn poll_port(&mut self) -> Option<PortRequest> {
        self.out.wishes.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.out.events.pop_front()
    }

    /// Calls that have media; also those that have ended a few milliseconds ago and are not judged yet.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }

    /// Everything so far; calls that are open are not judged yet. Kernel drops and times are the driver's to fill in.
    pub fn snapshot(&mut self) -> MediaSnapshot {
        let mut figures = self.out.figures.clone();
        figures.counters.calls_open = self.calls.len() as u64;
        figures
    }
}
