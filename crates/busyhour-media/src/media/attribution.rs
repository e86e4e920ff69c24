//! Whose a datagram is: by its port, and on a port of several calls by where it comes from, then by its SSRC.
//!
//! Where several calls have their peer at one address, only what we send ourselves and an echo sends back can be told
//! apart: each call's own stream has an SSRC of its own. Captures that are sent as they are have the same one in all
//! calls, and far ends may number their streams alike, so the rest is nobody's.

use std::net::SocketAddr;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::ports::PortId;
use crate::session::Peer;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// SSRCs of the far end that are remembered for a line on a shared port.
const LEARNED_MAX: usize = 4;

/// The lines on each port.
#[derive(Debug, Default)]
pub(crate) struct Attribution {
    ports: Map<PortId, Use>,
}

/// The lines on one port.
#[derive(Debug)]
struct Use {
    /// The only line; of several the last that came.
    line: u32,
    lines: u32,
    /// How to tell several apart; stays once there have been several, until the last has gone.
    shared: Option<Box<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Lines whose peer is at an address.
    sources: Map<SocketAddr, Vec<u32>>,
    /// Lines by the SSRC of their own streams.
    own: Map<u32, u32>,
    /// Lines by the SSRC of their far ends, which may come from another address some day; `None`: several have it.
    far: Map<u32, Option<u32>>,
    /// SSRCs in `far`, by line.
    learned: Map<u32, Learned>,
    /// Datagrams that could be of several lines, or of none.
    unattributed: u64,
}

#[derive(Debug, Default)]
struct Learned {
    ssrcs: [u32; LEARNED_MAX],
    count: usize,
}

/// Names of a line on its port: what it sends, and to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) ssrc: u32,
    pub(crate) peer: Option<&'a Peer>,
}

/// Whose a datagram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Line(u32),
    /// Of any of several, or of none.
    Unknown,
}

impl Attribution {
    /// A line comes to a port. If it is no longer alone there, returns the line that was, whose names are to be
    /// [told](Attribution::name) then.
    pub(crate) fn join(&mut self, port: PortId, line: u32, names: Names<'_>) -> Option<u32> {
        let found = match self.ports.entry(port) {
            Entry::Vacant(vacant) => {
                vacant.insert(Use { line, lines: 1, shared: None });
                return None;
            }
            Entry::Occupied(occupied) => occupied.into_mut(),
        };
        found.lines += 1;
        let first = std::mem::replace(&mut found.line, line);
        let begins = found.shared.is_none();
        found.shared.get_or_insert_default().name(line, names);
        begins.then_some(first)
    }

    /// Says by what a line on a shared port can be told.
    pub(crate) fn name(&mut self, port: PortId, line: u32, names: Names<'_>) {
        if let Some(shared) = self.shared(port) {
            shared.name(line, names);
        }
    }

    /// A line has another peer, or none.
    pub(crate) fn set_peer(&mut self, port: PortId, line: u32, before: Option<&Peer>, peer: Option<&Peer>) {
        if let Some(shared) = self.shared(port) {
            shared.forget_peer(line, before);
            shared.name_peer(line, peer);
        }
    }

    /// A line leaves a port. True if it was the last.
    pub(crate) fn leave(&mut self, port: PortId, line: u32, names: Names<'_>) -> bool {
        let Some(found) = self.ports.get_mut(&port) else { return false };
        found.lines = found.lines.saturating_sub(1);
        if found.lines == 0 {
            self.ports.remove(&port);
            return true;
        }
        if let Some(shared) = &mut found.shared {
            shared.forget(line, names);
        }
        false
    }

    /// True if several lines are or were on the port.
    pub(crate) fn is_shared(&self, port: PortId) -> bool {
        self.ports.get(&port).is_some_and(|found| found.shared.is_some())
    }

    /// True if something came to the port that could not be attributed: silence of a line proves nothing then.
    pub(crate) fn is_uncertain(&self, port: PortId) -> bool {
        let shared = self.ports.get(&port).and_then(|found| found.shared.as_ref());
        shared.is_some_and(|shared| shared.unattributed > 0)
    }

    /// Whose the datagram is.
    pub(crate) fn owner(&mut self, port: PortId, from: SocketAddr, bytes: &[u8]) -> Owner {
        let Some(found) = self.ports.get_mut(&port) else { return Owner::Unknown };
        match &mut found.shared {
            None => Owner::Line(found.line),
            Some(shared) => shared.owner(from, bytes),
        }
    }

    /// The line on the port that sends to `to`, if there is exactly one.
    pub(crate) fn line_to(&self, port: PortId, to: Option<SocketAddr>) -> Option<u32> {
        let found = self.ports.get(&port)?;
        let Some(shared) = &found.shared else { return Some(found.line) };
        match shared.sources.get(&to?)?.as_slice() {
            [line] => Some(*line),
            _ => None,
        }
    }

    /// True if some line is on the port.
    pub(crate) fn is_used(&self, port: PortId) -> bool {
        self.ports.contains_key(&port)
    }

    fn shared(&mut self, port: PortId) -> Option<&mut Shared> {
        self.ports.get_mut(&port)?.shared.as_deref_mut()
    }
}

impl Shared {
    fn name(&mut self, line: u32, names: Names<'_>) {
        self.own.entry(names.ssrc).or_insert(line);
        self.name_peer(line, names.peer);
    }

    fn name_peer(&mut self, line: u32, peer: Option<&Peer>) {
        for address in addresses(peer) {
            let lines = self.sources.entry(address).or_default();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }

    fn forget_peer(&mut self, line: u32, peer: Option<&Peer>) {
        for address in addresses(peer) {
            let Entry::Occupied(mut lines) = self.sources.entry(address) else { continue };
            lines.get_mut().retain(|other| *other != line);
            if lines.get().is_empty() {
                lines.remove();
            }
        }
    }

    fn forget(&mut self, line: u32, names: Names<'_>) {
        self.forget_peer(line, names.peer);
        let learned = self.learned.remove(&line).unwrap_or_default();
        for ssrc in learned.ssrcs.into_iter().take(learned.count) {
            self.far.remove(&ssrc);
        }
        if self.own.get(&names.ssrc) == Some(&line) {
            self.own.remove(&names.ssrc);
        }
    }

    fn owner(&mut self, from: SocketAddr, bytes: &[u8]) -> Owner {
        let ssrc = ssrc_of(bytes);
        let lines = self.sources.get(&from).map(Vec::as_slice).unwrap_or_default();
        if let [line] = lines {
            let line = *line;
            if let Some(ssrc) = ssrc {
                self.learn(line, ssrc);
            }
            return Owner::Line(line);
        }
        let from_elsewhere = lines.is_empty();
        let own = ssrc.and_then(|ssrc| self.own.get(&ssrc).copied());
        let far = ssrc.filter(|_| from_elsewhere).and_then(|ssrc| self.far.get(&ssrc).copied().flatten());
        match own.or(far) {
            Some(line) => Owner::Line(line),
            None => {
                self.unattributed += 1;
                Owner::Unknown
            }
        }
    }

    /// Remembers whom the line hears, for packets that come from another address than its peer's.
    fn learn(&mut self, line: u32, ssrc: u32) {
        match self.far.entry(ssrc) {
            Entry::Occupied(mut other) if *other.get() != Some(line) => *other.get_mut() = None,
            Entry::Occupied(_) => {}
            Entry::Vacant(vacant) => {
                let learned = self.learned.entry(line).or_default();
                if let Some(free) = learned.ssrcs.get_mut(learned.count) {
                    *free = ssrc;
                    learned.count += 1;
                    vacant.insert(Some(line));
                }
            }
        }
    }
}

/// Addresses from which a peer sends.
fn addresses(peer: Option<&Peer>) -> impl Iterator<Item = SocketAddr> {
    let rtp = peer.map(|peer| peer.rtp);
    rtp.into_iter().chain(peer.map(|peer| peer.rtcp).filter(move |rtcp| Some(*rtcp) != rtp))
}

/// SSRC of the sender of RTP or RTCP, which SRTP leaves readable.
fn ssrc_of(bytes: &[u8]) -> Option<u32> {
    let at = if busyhour_wire::rtcp::is_rtcp(bytes) { 4 } else { 8 };
    bytes.get(at..)?.first_chunk().map(|ssrc| u32::from_be_bytes(*ssrc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Remote;

    const PORT: PortId = PortId(4);

    fn peer(port: u16) -> Peer {
        let rtp = SocketAddr::from(([127, 0, 0, 1], port));
        let rtcp = SocketAddr::from(([127, 0, 0, 1], port + 1));
        Peer::new(&Remote { rtp, rtcp, formats: Vec::new(), sends: true, receives: true })
    }

    fn names(ssrc: u32, peer: &Peer) -> Names<'_> {
        Names { ssrc, peer: Some(peer) }
    }

    fn rtp(ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x80, 8, 0, 1, 0, 0, 0, 0];
        packet.extend_from_slice(&ssrc.to_be_bytes());
        packet
    }

    #[test]
    fn only_line_of_a_port_has_all() {
        let mut table = Attribution::default();
        let one = peer(1000);
        assert_eq!(table.join(PORT, 7, names(1, &one)), None);
        assert_eq!(table.owner(PORT, peer(9).rtp, b"x"), Owner::Line(7));
        assert_eq!(table.owner(PortId(5), one.rtp, b"x"), Owner::Unknown);
        assert!(table.leave(PORT, 7, names(1, &one)));
        assert_eq!(table.owner(PORT, one.rtp, b"x"), Owner::Unknown);
    }

    #[test]
    fn far_ends_with_one_ssrc_are_not_told_by_it() {
        let mut table = Attribution::default();
        let (one, two) = (peer(1000), peer(2000));
        table.join(PORT, 1, names(11, &one));
        table.join(PORT, 2, names(22, &two));
        table.name(PORT, 1, names(11, &one));
        for (line, peer) in [(1, &one), (2, &two), (1, &one)] {
            assert_eq!(table.owner(PORT, peer.rtp, &rtp(99)), Owner::Line(line));
        }
        assert_eq!(table.owner(PORT, peer(3000).rtp, &rtp(99)), Owner::Unknown);
        table.leave(PORT, 1, names(11, &one));
        assert_eq!(table.owner(PORT, two.rtp, &rtp(99)), Owner::Line(2));
        assert_eq!(table.owner(PORT, peer(3000).rtp, &rtp(99)), Owner::Line(2));
    }

    #[test]
    fn source_tells_calls_apart_then_ssrc() {
        let mut table = Attribution::default();
        let (one, two) = (peer(1000), peer(2000));
        table.join(PORT, 1, names(11, &one));
        assert_eq!(table.join(PORT, 2, names(22, &two)), Some(1));
        table.name(PORT, 1, names(11, &one));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(99)), Owner::Line(1));
        assert_eq!(table.owner(PORT, two.rtcp, &[0x80, 200, 0, 0]), Owner::Line(2));
        // Who was heard before is known when he moves.
        assert_eq!(table.owner(PORT, peer(3000).rtp, &rtp(99)), Owner::Line(1));
        assert!(!table.is_uncertain(PORT));
        // A third call at the first one's address: echoes of what is ours are known, others are not.
        table.join(PORT, 3, names(33, &one));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(33)), Owner::Line(3));
        assert!(!table.is_uncertain(PORT));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(99)), Owner::Unknown);
        assert_eq!(table.owner(PORT, one.rtp, &rtp(44)), Owner::Unknown);
        assert_eq!(table.owner(PORT, one.rtp, b"?"), Owner::Unknown);
        assert!(table.is_uncertain(PORT));
        assert!(!table.leave(PORT, 1, names(11, &one)));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(44)), Owner::Line(3));
        table.set_peer(PORT, 3, Some(&one), None);
        assert_eq!(table.owner(PORT, one.rtp, &rtp(99)), Owner::Unknown);
        assert!(!table.leave(PORT, 3, Names { ssrc: 33, peer: None }));
        assert!(table.leave(PORT, 2, names(22, &two)));
        assert!(!table.is_shared(PORT));
    }
}
