//! What a turn leaves for its driver: packets, ports to read, wishes, events, figures.

use std::collections::VecDeque;
use std::net::SocketAddr;

use busyhour_wire::rtp::Header;

use crate::command::Event;
use crate::media::{Batch, Packet};
use crate::ports::{PortId, PortRequest};
use crate::session::report::Reporter;
use crate::snapshot::MediaSnapshot;
use crate::srtp::Protector;
use crate::time::Time;

/// Most bytes of one batch; packets beyond are dropped and counted.
const BATCH_BYTES_MAX: usize = 32 << 20;
/// A packet that leaves so much after its moment is late, µs.
const LATE_US: u64 = 10_000;

/// Everything that goes out.
#[derive(Debug)]
pub(crate) struct Outbox {
    batch: Batch,
    /// Ports to be read now.
    pub(crate) reads: VecDeque<PortId>,
    /// Wishes about ports.
    pub(crate) wishes: VecDeque<PortRequest>,
    /// What engines are to know: at most one of each kind for each medium of a call.
    pub(crate) events: VecDeque<Event>,
    /// Everything counted so far.
    pub(crate) figures: MediaSnapshot,
    /// Writes RTCP.
    pub(crate) reporter: Reporter,
}

/// A packet's transport.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    pub(crate) port: PortId,
    /// From the RTCP socket.
    pub(crate) from_rtcp: bool,
    pub(crate) to: SocketAddr,
}

/// What a packet is, which decides how it is protected and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Rtp,
    Rtcp,
    /// Neither: T.38, or whatever a capture holds. It can't be protected.
    Other,
}

impl Outbox {
    pub(crate) fn new(reporter: Reporter) -> Outbox {
        Outbox {
            batch: Batch::default(),
            reads: VecDeque::new(),
            wishes: VecDeque::new(),
            events: VecDeque::new(),
            figures: MediaSnapshot::empty(),
            reporter,
        }
    }

    /// Swaps the packets of this turn with an empty batch; false if there are none.
    pub(crate) fn take_batch(&mut self, batch: &mut Batch) -> bool {
        debug_assert!(batch.packets.is_empty(), "the driver has sent what it got");
        std::mem::swap(&mut self.batch, batch);
        self.batch.bytes.clear();
        self.batch.packets.clear();
        !batch.packets.is_empty()
    }

    /// Begins a packet at the end of [`Outbox::bytes`].
    pub(crate) fn begin(&mut self) -> usize {
        self.batch.bytes.len()
    }

    /// Where packets are written.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.batch.bytes
    }

    /// Writes RTCP into the batch: the reporter and where it writes.
    pub(crate) fn reporting(&mut self) -> (&mut Reporter, &mut Vec<u8>) {
        (&mut self.reporter, &mut self.batch.bytes)
    }

    /// Sends what was written since [`Outbox::begin`], protected if there are keys. False: it was dropped, and counted.
    pub(crate) fn finish(
        &mut self,
        start: usize,
        form: Form,
        way: Way,
        protector: Option<&mut Protector>,
    ) -> bool {
        let done = match (protector, form) {
            (None, _) => true,
            (Some(protector), Form::Rtp) => protector.protect(&mut self.batch.bytes, start).is_ok(),
            (Some(protector), Form::Rtcp) => protector.protect_rtcp(&mut self.batch.bytes, start).is_ok(),
            // In the clear it would give away what was to be secret.
            (Some(_), Form::Other) => false,
        };
        if !done {
            self.batch.bytes.truncate(start);
            self.figures.counters.unprotected += 1;
            return false;
        }
        let len = self.batch.bytes.len() - start;
        let Ok(len) = u16::try_from(len) else { return self.drop_from(start) };
        if len == 0 && form != Form::Other || self.batch.bytes.len() > BATCH_BYTES_MAX {
            return self.drop_from(start);
        }
        // Within BATCH_BYTES_MAX.
        let start = start as u32;
        self.batch.packets.push(Packet { start, len, rtcp: way.from_rtcp, port: way.port, to: way.to });
        let counters = &mut self.figures.counters;
        if form == Form::Rtcp {
            counters.rtcp_sent += 1;
        } else {
            counters.packets_sent += 1;
            counters.bytes_sent += u64::from(len);
        }
        true
    }

    fn drop_from(&mut self, start: usize) -> bool {
        self.batch.bytes.truncate(start);
        self.figures.counters.send_dropped += 1;
        false
    }

    /// Counts a datagram for which no line is needed; false, and nothing is counted, if it is no RTP.
    pub(crate) fn count_received(&mut self, bytes: &[u8]) -> bool {
        let is_rtp = Header::parse(bytes).is_some();
        if is_rtp {
            self.figures.counters.packets_received += 1;
            self.figures.counters.bytes_received += bytes.len() as u64;
        }
        is_rtp
    }

    /// Notes how late a packet is.
    pub(crate) fn note_lateness(&mut self, due: Time, now: Time) {
        let us = now.micros_since(due);
        self.figures.lateness.saturating_record(us);
        self.figures.counters.late += u64::from(us > LATE_US);
    }
}
