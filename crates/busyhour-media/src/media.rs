//! One media thread's contract.

use std::net::SocketAddr;

use crate::command::{Command, Event};
use crate::ports::{PortId, PortRequest};
use crate::snapshot::MediaSnapshot;
use crate::time::Time;

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
    /// Wall clock at [`Time::ZERO`], µs since 1970, for sender reports.
    pub wall_start_us: u64,
    /// Random numbers come from it.
    pub seed: u64,
    /// Analyse what arrives beyond counting: off only to measure what it costs.
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
#[derive(Debug)]
pub struct Media {}

impl Media {
    /// Makes one without calls.
    pub fn new(settings: Settings) -> Media {
        let _ = settings;
        Media {}
    }

    /// Takes a command of an engine.
    pub fn handle_command(&mut self, now: Time, command: Command) {
        let _ = (now, command);
    }

    /// Takes a datagram that arrived at `received` by the kernel's stamp. It may be changed in place (SRTP). `rtcp`: on
    /// the pair's RTCP port.
    pub fn handle_datagram(
        &mut self,
        now: Time,
        received: Time,
        port: PortId,
        rtcp: bool,
        from: SocketAddr,
        bytes: &mut [u8],
    ) {
        let _ = (now, received, port, rtcp, from, bytes);
    }

    /// The far end has refused a packet (ICMP), or it could not be sent.
    pub fn handle_send_failure(
        &mut self,
        now: Time,
        port: PortId,
        to: Option<SocketAddr>,
        reason: &'static str,
    ) {
        let _ = (now, port, to, reason);
    }

    /// It is now at least what [`Media::next_timeout`] said.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// When to call [`Media::handle_timeout`].
    pub fn next_timeout(&self) -> Option<Time> {
        None
    }

    /// The next port to be read now.
    pub fn poll_read(&mut self) -> Option<PortId> {
        None
    }

    /// Swaps the packets to be sent into `batch`, which must be empty; false if there are none.
    pub fn poll_transmit(&mut self, batch: &mut Batch) -> bool {
        let _ = batch;
        false
    }

    /// The next wish about a port.
    pub fn poll_port(&mut self) -> Option<PortRequest> {
        None
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        None
    }

    /// Calls that have media.
    pub fn open_calls(&self) -> usize {
        0
    }

    /// Everything so far; calls that are open are not judged yet.
    pub fn snapshot(&mut self) -> MediaSnapshot {
        MediaSnapshot::empty()
    }
}
