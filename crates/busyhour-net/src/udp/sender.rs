//! Sending: runs of equal length to one destination as one send, as many sends as possible with one call.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use busyhour_engine::{Batch, Time};

use super::errors::{drain_errors, trouble_of};
use super::refusals::Refusals;
use crate::endpoint::Endpoint;
use crate::sys::{Piece, Send, SendTable};
use crate::worker::Core;

/// Most datagrams of one run: the kernel's `UDP_MAX_SEGMENTS` (128 since Linux 6.9).
const RUN_MAX: usize = 64;
/// Most bytes of one run: what a UDP length can say, less the largest headers.
const RUN_BYTES_MAX: usize = 65_000;
/// Shorter runs than this are refused for another reason than their length: no runs at all to that destination.
const SEGMENT_MIN: u16 = 1200;
/// Most destinations whose limits are remembered; when more refuse, runs are switched off for all.
const LIMITS_MAX: usize = 1024;
/// How often one call of [`Sender::send`] takes an ICMP error for the reason of a failed send.
const ICMP_RETRIES_MAX: usize = 16;

/// Where datagrams leave. A trait so that tests can refuse as real networks do.
pub(crate) trait Outlet {
    /// See [`SendTable::send`].
    fn send(
        &self,
        table: &mut SendTable,
        sends: &[Send],
        pieces: &[Piece],
        bytes: &[u8],
    ) -> io::Result<usize>;
    /// See [`drain_errors`].
    fn drain<E: Endpoint>(&self, core: &mut Core<E>) -> bool;
}

/// A UDP socket.
pub(crate) struct Socket<'a>(pub(crate) BorrowedFd<'a>);

impl Outlet for Socket<'_> {
    fn send(
        &self,
        table: &mut SendTable,
        sends: &[Send],
        pieces: &[Piece],
        bytes: &[u8],
    ) -> io::Result<usize> {
        table.send(self.0, sends, pieces, bytes)
    }

    fn drain<E: Endpoint>(&self, core: &mut Core<E>) -> bool {
        drain_errors(self.0, core)
    }
}

/// Turns stretches of a batch into as few system calls as possible.
pub(crate) struct Sender {
    table: SendTable,
    sends: Vec<Send>,
    /// How many messages each of `sends` holds.
    messages: Vec<usize>,
    pieces: Vec<Piece>,
    /// Whether the kernel takes runs.
    runs: bool,
    /// Longest message that goes into a run, for destinations that refused a longer one.
    limits: HashMap<SocketAddr, u16>,
}

impl Sender {
    pub(crate) fn new(runs: bool) -> Sender {
        Sender {
            table: SendTable::new(),
            sends: Vec::with_capacity(SendTable::ENTRIES_MAX),
            messages: Vec::with_capacity(SendTable::ENTRIES_MAX),
            pieces: Vec::with_capacity(SendTable::PIECES_MAX),
            runs,
            limits: HashMap::new(),
        }
    }

    /// Sends the messages `order` of `batch`, in this order, through one socket. Returns how many are done, which are
    /// all unless the socket is full; those that can't be sent are reported to the engine and counted.
    pub(crate) fn send<E: Endpoint>(
        &mut self,
        outlet: &impl Outlet,
        batch: &Batch,
        order: &[u32],
        core: &mut Core<E>,
    ) -> usize {
        let mut next = 0;
        let mut retries = 0;
        while next < order.len() {
            self.plan(batch, &order[next..], &core.refusals, core.now);
            let error = match outlet.send(&mut self.table, &self.sends, &self.pieces, &batch.bytes) {
                Ok(count) => {
                    next += self.messages[..count].iter().sum::<usize>();
                    continue;
                }
                Err(error) => error,
            };
            let errno = error.raw_os_error().unwrap_or(0);
            match errno {
                // The device's queue is full, or the socket's.
                libc::EAGAIN | libc::ENOBUFS => break,
                libc::EINTR => continue,
                _ => {}
            }
            // The kernel reports an ICMP error for an earlier datagram at the next send, whoever it is for.
            if retries < ICMP_RETRIES_MAX && outlet.drain(core) {
                retries += 1;
                continue;
            }
            let first = self.sends[0];
            if first.segment != 0
                && matches!(errno, libc::EIO | libc::EINVAL | libc::EMSGSIZE | libc::EOPNOTSUPP)
            {
                self.limit(first.to, first.segment, errno);
                continue;
            }
            let failed = self.messages[0];
            for &index in &order[next..next + failed] {
                core.send_failed(batch.transmits[index as usize].call, trouble_of(errno));
            }
            next += failed;
        }
        next
    }

    /// Fills `sends` with as much of `order` as one call takes.
    fn plan(&mut self, batch: &Batch, order: &[u32], refusals: &Refusals, now: Time) {
        self.sends.clear();
        self.messages.clear();
        self.pieces.clear();
        let mut next = 0;
        while next < order.len() && self.sends.len() < SendTable::ENTRIES_MAX {
            let to = batch.transmits[order[next] as usize].path.peer;
            let single = refusals.contains(to, now);
            let count = if single { 1 } else { self.run_length(batch, &order[next..]) };
            if self.pieces.len() + count > SendTable::PIECES_MAX {
                break;
            }
            let first = self.pieces.len();
            for &index in &order[next..next + count] {
                let transmit = &batch.transmits[index as usize];
                let piece = Piece { start: transmit.start as usize, len: transmit.len as usize };
                match self.pieces[first..].last_mut() {
                    Some(last) if last.start + last.len == piece.start => last.len += piece.len,
                    _ => self.pieces.push(piece),
                }
            }
            let head = &batch.transmits[order[next] as usize];
            let segment = if count > 1 { head.len as u16 } else { 0 };
            self.sends.push(Send { to, segment, first, pieces: self.pieces.len() - first });
            self.messages.push(count);
            next += count;
        }
    }

    /// How many of the next messages can leave as one run: to one destination and of one length, but for a shorter last.
    fn run_length(&self, batch: &Batch, order: &[u32]) -> usize {
        let head = &batch.transmits[order[0] as usize];
        if !self.runs || head.len == 0 || head.len > self.longest_in_run(head.path.peer) {
            return 1;
        }
        let mut total = head.len as usize;
        let mut count = 1;
        for &index in order[1..].iter().take(RUN_MAX - 1) {
            let transmit = &batch.transmits[index as usize];
            let len = transmit.len as usize;
            let fits = len > 0 && transmit.len <= head.len && total + len <= RUN_BYTES_MAX;
            if !fits || transmit.path.peer != head.path.peer {
                break;
            }
            total += len;
            count += 1;
            if transmit.len < head.len {
                break;
            }
        }
        count
    }

    fn longest_in_run(&self, to: SocketAddr) -> u32 {
        if self.limits.is_empty() {
            return RUN_BYTES_MAX as u32;
        }
        self.limits.get(&to).map_or(RUN_BYTES_MAX as u32, |&limit| u32::from(limit))
    }

    /// The kernel refused a run to `to`: because its messages don't fit the path, or because it takes none at all.
    fn limit(&mut self, to: SocketAddr, segment: u16, errno: i32) {
        let too_long = errno != libc::EIO && segment > SEGMENT_MIN;
        if self.limits.len() >= LIMITS_MAX && !self.limits.contains_key(&to) {
            self.runs = false;
        } else {
            self.limits.insert(to, if too_long { segment - 1 } else { 0 });
        }
    }
}

#[cfg(test)]
mod tests;
