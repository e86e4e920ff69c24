//! Sending packets of media.

use std::os::fd::BorrowedFd;

use busyhour_media::{Batch, Packet};

use super::endpoint::MediaEndpoint;
use super::pair::Pair;
use super::reader::{drain_errors, reason};
use super::sockets::Sockets;
use super::thread::Core;
use crate::sys::{self, Piece, Send, SendTable};

/// Most packets of one run: the kernel's `UDP_MAX_SEGMENTS` (128 since Linux 6.9).
const RUN_MAX: usize = 64;
/// Longest packet that goes into a run: shorter ones are not refused because of the path's length.
const RUN_PACKET_MAX: u16 = 1200;
/// How often an ICMP error is taken for the reason of a failed send, for each packet.
const ICMP_RETRIES_MAX: usize = 2;

/// Turns batches into system calls: one for each packet that leaves from a port of its own, few for many packets that
/// leave from one port.
pub(super) struct Sender {
    table: SendTable,
    sends: Vec<Send>,
    pieces: Vec<Piece>,
    /// How many packets each of `sends` holds.
    counts: Vec<usize>,
    /// Whether packets of one length to one destination leave as one, which the kernel then cuts.
    runs: bool,
}

impl Sender {
    pub(super) fn new(runs: bool) -> Sender {
        Sender {
            table: SendTable::new(),
            sends: Vec::with_capacity(SendTable::ENTRIES_MAX),
            pieces: Vec::with_capacity(SendTable::ENTRIES_MAX),
            counts: Vec::with_capacity(SendTable::ENTRIES_MAX),
            runs,
        }
    }

    /// Sends all packets of a batch that can be sent now. Nothing waits: what finds its socket full comes too late anyway,
    /// so it is dropped and counted.
    pub(super) fn send<M: MediaEndpoint>(
        &mut self,
        batch: &Batch,
        sockets: &mut Sockets,
        core: &mut Core<M>,
    ) {
        core.packets += batch.packets.len() as u64;
        let mut rest = &batch.packets[..];
        while let Some(first) = rest.first() {
            let same = |packet: &&Packet| packet.port == first.port && packet.rtcp == first.rtcp;
            let count = rest.iter().take_while(same).count();
            let (now, later) = rest.split_at(count);
            rest = later;
            match sockets.pair(first.port) {
                None => {
                    for packet in now {
                        let failed = "its port is closed";
                        tell_failure(packet, failed, core);
                    }
                }
                Some(pair) if count == 1 => send_one(pair, first, &batch.bytes, core),
                Some(pair) => self.send_many(pair, now, &batch.bytes, core),
            }
        }
    }

    /// Sends packets that all leave from one socket.
    fn send_many<M: MediaEndpoint>(
        &mut self,
        pair: &Pair,
        packets: &[Packet],
        bytes: &[u8],
        core: &mut Core<M>,
    ) {
        let runs = self.runs;
        if self.send_all(pair, packets, bytes, core) {
            // What failed was this run, not runs: a firewall or a route may have refused it.
            self.runs = runs;
        }
    }

    /// Does so; runs are off afterwards if one has failed. False if because there are none here.
    fn send_all<M: MediaEndpoint>(
        &mut self,
        pair: &Pair,
        packets: &[Packet],
        bytes: &[u8],
        core: &mut Core<M>,
    ) -> bool {
        let head = &packets[0];
        let mut takes_runs = true;
        let socket: BorrowedFd<'_> = pair.outlet(head.rtcp);
        let mut next = 0;
        let mut retries = 0;
        while next < packets.len() {
            self.plan(&packets[next..]);
            let error = match self.table.send(socket, &self.sends, &self.pieces, bytes) {
                Ok(sent) => {
                    next += self.counts[..sent].iter().sum::<usize>();
                    retries = 0;
                    continue;
                }
                Err(error) => error.raw_os_error().unwrap_or(0),
            };
            match error {
                libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM => {
                    core.send_dropped += (packets.len() - next) as u64;
                    return takes_runs;
                }
                libc::EINTR => continue,
                _ => {}
            }
            if retries < ICMP_RETRIES_MAX && drain_errors(pair, head.port, head.rtcp, core) {
                retries += 1;
                continue;
            }
            if self.counts[0] > 1 {
                // This kernel, or this device, may take no runs; else each packet tells of its own failure.
                self.runs = false;
                takes_runs &= !matches!(error, libc::EINVAL | libc::EIO | libc::EOPNOTSUPP | libc::EMSGSIZE);
                continue;
            }
            let packet = &packets[next];
            tell_failure(packet, reason(error), core);
            next += 1;
            retries = 0;
        }
        takes_runs
    }

    /// Fills `sends` with as many of the packets as one call takes.
    fn plan(&mut self, packets: &[Packet]) {
        self.sends.clear();
        self.pieces.clear();
        self.counts.clear();
        let mut rest = packets;
        while let Some(head) = rest.first() {
            if self.sends.len() == SendTable::ENTRIES_MAX {
                break;
            }
            let count = self.run_length(rest);
            let segment = if count > 1 { head.len } else { 0 };
            let last = &rest[count - 1];
            let end = last.start as usize + usize::from(last.len);
            self.pieces.push(Piece { start: head.start as usize, len: end - head.start as usize });
            self.sends.push(Send { to: head.to, segment, first: self.pieces.len() - 1, pieces: 1 });
            self.counts.push(count);
            rest = &rest[count..];
        }
    }

    /// How many of the next packets, whose bytes follow each other, can leave as one.
    fn run_length(&self, packets: &[Packet]) -> usize {
        let head = &packets[0];
        if !self.runs || head.len == 0 || head.len > RUN_PACKET_MAX {
            return 1;
        }
        let follows = |&(index, packet): &(usize, &Packet)| {
            packet.to == head.to
                && packet.len == head.len
                && packet.start as usize == head.start as usize + index * usize::from(head.len)
        };
        packets
            .iter()
            .enumerate()
            .take(RUN_MAX.min(65_000 / usize::from(head.len)))
            .take_while(follows)
            .count()
    }
}

/// Sends a packet that leaves from a port of its own.
fn send_one<M: MediaEndpoint>(pair: &Pair, packet: &Packet, bytes: &[u8], core: &mut Core<M>) {
    let start = packet.start as usize;
    let bytes = &bytes[start..start + usize::from(packet.len)];
    let mut retries = 0;
    loop {
        let Err(error) = sys::send_to(pair.outlet(packet.rtcp), bytes, packet.to) else { return };
        let errno = error.raw_os_error().unwrap_or(0);
        match errno {
            libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM => {
                core.send_dropped += 1;
                return;
            }
            libc::EINTR => continue,
            _ => {}
        }
        if retries < ICMP_RETRIES_MAX && drain_errors(pair, packet.port, packet.rtcp, core) {
            retries += 1;
            continue;
        }
        tell_failure(packet, reason(errno), core);
        return;
    }
}

fn tell_failure<M: MediaEndpoint>(packet: &Packet, reason: &'static str, core: &mut Core<M>) {
    if packet.rtcp {
        core.media.handle_rtcp_failure();
    } else {
        core.media.handle_send_failure(packet.port, Some(packet.to), reason);
    }
}
