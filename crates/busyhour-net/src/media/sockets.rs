//! The ports that one media thread has, and which of them the poll watches.

use std::os::fd::AsRawFd;
use std::sync::Arc;

use busyhour_media::{PortId, Time};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

use super::pair::Pair;
use super::ports::MediaPorts;

/// How often an RTCP port that isn't watched is read, µs. Reports come every few seconds, and the kernel says when.
const RTCP_READ_US: u64 = 200_000;

/// One thread's ports, by their numbers.
#[derive(Debug)]
pub(super) struct Sockets {
    ports: Arc<MediaPorts>,
    local: Vec<Option<Local>>,
    /// Watched sockets that may have something to read.
    ready: Vec<(PortId, bool)>,
    watched: usize,
}

/// How often a port that isn't watched is read. A stream brings a packet from one visit to the next; they are taken
/// together at every third, which costs little more than one. The kernel says when they came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beat {
    visits: u8,
    /// More than a packet comes from one visit to the next: they are taken at each, lest the socket overflow.
    quick: bool,
    /// When its RTCP port was last read.
    rtcp_read: Time,
}

/// A port is read at every so many visits.
const READ_EVERY: u8 = 3;

impl Beat {
    /// Begins a visit: true if the port is to be read.
    pub(super) fn is_due(&mut self) -> bool {
        self.visits += 1;
        let due = self.quick || self.visits >= READ_EVERY;
        if due {
            self.visits = 0;
        }
        due
    }

    /// Whether the RTCP port is to be read too.
    pub(super) fn rtcp_is_due(&mut self, now: Time) -> bool {
        let due = now.micros_since(self.rtcp_read) >= RTCP_READ_US;
        if due {
            self.rtcp_read = now;
        }
        due
    }

    /// How many packets there were when it was read.
    pub(super) fn note(&mut self, packets: u64) {
        self.quick = packets > if self.quick { 1 } else { u64::from(READ_EVERY) + 1 };
    }
}

/// A pair in this thread.
#[derive(Debug)]
struct Local {
    pair: Arc<Pair>,
    /// How it is read.
    beat: Beat,
    watched: bool,
    /// Whether its sockets (RTP, RTCP) are in `ready`.
    ready: [bool; 2],
}

impl Sockets {
    pub(super) fn new(ports: Arc<MediaPorts>) -> Sockets {
        Sockets { ports, local: Vec::new(), ready: Vec::new(), watched: 0 }
    }

    /// The sockets of a pair, if somebody has it.
    pub(super) fn pair(&mut self, id: PortId) -> Option<&Pair> {
        self.local(id).map(|local| &*local.pair)
    }

    /// The sockets of a pair, if somebody has it, and how they are read.
    pub(super) fn visit(&mut self, id: PortId) -> Option<(&Pair, &mut Beat)> {
        self.local(id).map(|local| (&*local.pair, &mut local.beat))
    }

    /// Reads a pair's sockets whenever something arrives.
    pub(super) fn watch(&mut self, id: PortId, registry: &Registry) {
        let Some(local) = self.local(id).filter(|local| !local.watched) else { return };
        local.watched = true;
        for rtcp in [false, true] {
            if let Some(socket) = local.pair.inlet(rtcp) {
                let token = Token(token(id, rtcp) as usize);
                // It fails for want of memory only. Then the port is read when the stream has something to do.
                let _ = registry.register(&mut SourceFd(&socket.as_raw_fd()), token, Interest::READABLE);
            }
        }
        self.watched += 1;
        // What is there already counts, whatever the poll says of it.
        self.note_ready(token(id, false));
        self.note_ready(token(id, true));
    }

    /// Reads a pair's sockets only when asked to.
    pub(super) fn unwatch(&mut self, id: PortId, registry: &Registry) {
        let Some(local) = self.local.get_mut(id.0 as usize).and_then(Option::as_mut) else { return };
        if std::mem::take(&mut local.watched) {
            self.watched -= 1;
            for rtcp in [false, true] {
                if let Some(socket) = local.pair.inlet(rtcp) {
                    let _ = registry.deregister(&mut SourceFd(&socket.as_raw_fd()));
                }
            }
        }
    }

    /// A call has no more use for a pair. Says how many datagrams the kernel has dropped at it that nobody knew of.
    pub(super) fn give_back(&mut self, id: PortId, registry: &Registry) -> u64 {
        let mut drops = 0;
        // Others can only come to have it, none but this thread can make it nobody's: so it is forgotten here before
        // another thread can get it.
        if self.ports.users(id) <= 1 {
            self.unwatch(id, registry);
            if let Some(local) = self.local.get_mut(id.0 as usize).and_then(Option::take) {
                drops = local.pair.count_drops();
            }
        }
        busyhour_media::Ports::give_back(&*self.ports, id);
        drops
    }

    /// The poll says that a watched socket has something.
    pub(super) fn note_ready(&mut self, token: u64) {
        let (id, rtcp) = port_of(token);
        if let Some(local) = self.local.get_mut(id.0 as usize).and_then(Option::as_mut)
            && local.watched
            && !std::mem::replace(&mut local.ready[usize::from(rtcp)], true)
        {
            self.ready.push((id, rtcp));
        }
    }

    /// Looks through watched sockets that may have something: `read` says whether more may be left.
    pub(super) fn read_ready(&mut self, mut read: impl FnMut(&Pair, PortId, bool) -> bool) {
        let Sockets { ready, local, .. } = self;
        ready.retain(|&(id, rtcp)| {
            let Some(local) = local.get_mut(id.0 as usize).and_then(Option::as_mut) else { return false };
            let more = local.watched && read(&local.pair, id, rtcp);
            local.ready[usize::from(rtcp)] = more;
            more
        });
    }

    /// Whether watched sockets may have more.
    pub(super) fn has_more(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether any is watched.
    pub(super) fn watches(&self) -> bool {
        self.watched > 0
    }

    /// What the kernel has dropped at all of them that nobody knew of.
    pub(super) fn count_drops(&self) -> u64 {
        self.local.iter().flatten().map(|local| local.pair.count_drops()).sum()
    }

    fn local(&mut self, id: PortId) -> Option<&mut Local> {
        let index = id.0 as usize;
        if self.local.get(index).is_none_or(Option::is_none) {
            let pair = self.ports.pair(id)?;
            if self.local.len() <= index {
                self.local.resize_with(index + 1, || None);
            }
            self.local[index] =
                Some(Local { pair, beat: Beat::default(), watched: false, ready: [false; 2] });
        }
        self.local[index].as_mut()
    }
}

fn token(id: PortId, rtcp: bool) -> u64 {
    u64::from(id.0) << 1 | u64::from(rtcp)
}

fn port_of(token: u64) -> (PortId, bool) {
    (PortId((token >> 1) as u32), token & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Visits so many times, with so many packets coming from one visit to the next; says at which the port was read.
    fn read_at(beat: &mut Beat, visits: u64, each: u64) -> Vec<u64> {
        let mut waiting = 0;
        let mut read = Vec::new();
        for visit in 1..=visits {
            waiting += each;
            if beat.is_due() {
                beat.note(std::mem::take(&mut waiting));
                read.push(visit);
            }
        }
        read
    }

    #[test]
    fn a_stream_is_read_at_every_third_visit_and_a_quick_one_at_each() {
        let mut beat = Beat::default();
        assert_eq!(read_at(&mut beat, 9, 1), [3, 6, 9]);
        assert_eq!(read_at(&mut beat, 6, 2), [3, 4, 5, 6]);
        assert_eq!(read_at(&mut beat, 6, 1), [1, 4], "quick until a visit finds but one");
        assert_eq!(read_at(&mut Beat::default(), 6, 0), [3, 6]);
    }

    #[test]
    fn reports_are_read_five_times_a_second() {
        let mut beat = Beat::default();
        let due = (1..=50_u64).filter(|&n| beat.rtcp_is_due(Time::from_micros(n * 20_000))).count();
        assert_eq!(due, 5);
    }
}
