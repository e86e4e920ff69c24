//! Whose a datagram is: by its port, and on a port of several calls by where it comes from, then by its SSRC.
//!
//! Where several calls have their peer at one address, only what we send ourselves and an echo sends back can be told
//! apart: each call's own stream has an SSRC of its own. Far ends may number theirs from the same base (SIPp does, and
//! so do we), so its line has to say whether it is what it has just sent. Captures that are sent as they are have the
//! same SSRC in all calls. The rest is nobody's.
//!
//! Silence of a line proves nothing while something comes that could be its own: from its peer's address, or from one
//! that is nobody's and never was.

use std::net::SocketAddr;

use busyhour_wire::rtcp::is_rtcp;
use busyhour_wire::rtp::HEADER_LEN;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};

use crate::ports::PortId;
use crate::session::Peer;

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// SSRCs of the far end that are remembered for a line on a shared port.
const LEARNED_MAX: usize = 4;
/// Addresses of peers that have left a port which are remembered for it: between this and twice as many of the latest.
const LEFT_MAX: usize = 1024;
/// A line's silence is doubtful from so many packets that could be its own as are this part of what it has sent: a few
/// are no stream.
const DOUBTFUL_PART: u64 = 10;

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
    /// What is at an address.
    sources: Map<SocketAddr, Source>,
    /// Lines by the SSRC of their own streams.
    own: Map<u32, u32>,
    /// Lines by the SSRC of their far ends, which may come from another address some day; `None`: several have it.
    far: Map<u32, Option<u32>>,
    members: Map<u32, Member>,
    left: Left,
    /// RTP packets from addresses that are nobody's, and never were.
    strangers: u64,
}

/// The lines whose peer is at an address.
#[derive(Debug, Default)]
struct Source {
    /// Each with what `doubtful` was when it came.
    lines: Vec<(u32, u64)>,
    /// RTP packets from here that could be of several lines.
    doubtful: u64,
}

/// What is known of a line on a shared port.
#[derive(Debug, Default)]
struct Member {
    /// SSRCs in [`Shared::far`].
    ssrcs: [u32; LEARNED_MAX],
    count: usize,
    /// [`Shared::strangers`] when it came.
    strangers_before: u64,
    /// Packets that could have been its own, from the addresses of peers that it had before.
    doubtful_before: u64,
}

/// Addresses of peers whose calls have ended: what they still send is no riddle.
#[derive(Debug, Default)]
struct Left {
    latest: HashSet<SocketAddr, foldhash::fast::RandomState>,
    before: HashSet<SocketAddr, foldhash::fast::RandomState>,
}

impl Left {
    fn insert(&mut self, address: SocketAddr) {
        if self.latest.len() >= LEFT_MAX {
            std::mem::swap(&mut self.latest, &mut self.before);
            self.latest.clear();
        }
        self.latest.insert(address);
    }

    fn contains(&self, address: &SocketAddr) -> bool {
        self.latest.contains(address) || self.before.contains(address)
    }
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
    /// This line's if it is an echo of what the line has just sent there; else [unknown](Attribution::unknown).
    Echo(u32),
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

    /// True if what came to the port and is nobody's could well be the line's: its silence proves nothing then.
    pub(crate) fn is_uncertain(&self, port: PortId, line: u32, peer: Option<&Peer>, sent: u64) -> bool {
        let shared = self.ports.get(&port).and_then(|found| found.shared.as_ref());
        shared.is_some_and(|shared| shared.doubtful(line, peer).saturating_mul(DOUBTFUL_PART) >= sent.max(1))
    }

    /// Whose the datagram is.
    pub(crate) fn owner(&mut self, port: PortId, from: SocketAddr, bytes: &[u8]) -> Owner {
        let Some(found) = self.ports.get_mut(&port) else { return Owner::Unknown };
        match &mut found.shared {
            None => Owner::Line(found.line),
            Some(shared) => shared.owner(from, bytes),
        }
    }

    /// The datagram is nobody's.
    pub(crate) fn unknown(&mut self, port: PortId, from: SocketAddr, bytes: &[u8]) {
        if let Some(shared) = self.shared(port) {
            shared.unknown(from, bytes);
        }
    }

    /// The line on the port that sends to `to`, if there is exactly one.
    pub(crate) fn line_to(&self, port: PortId, to: Option<SocketAddr>) -> Option<u32> {
        let found = self.ports.get(&port)?;
        let Some(shared) = &found.shared else { return Some(found.line) };
        match shared.sources.get(&to?)?.lines.as_slice() {
            [(line, _)] => Some(*line),
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
        let strangers_before = self.strangers;
        self.members.entry(line).or_insert(Member { strangers_before, ..Member::default() });
        self.name_peer(line, names.peer);
    }

    fn name_peer(&mut self, line: u32, peer: Option<&Peer>) {
        for address in addresses(peer) {
            let source = self.sources.entry(address).or_default();
            if source.lines.iter().all(|(other, _)| *other != line) {
                source.lines.push((line, source.doubtful));
            }
        }
    }

    fn forget_peer(&mut self, line: u32, peer: Option<&Peer>) {
        for address in addresses(peer) {
            let Entry::Occupied(mut entry) = self.sources.entry(address) else { continue };
            let source = entry.get_mut();
            let Some(place) = source.lines.iter().position(|(other, _)| *other == line) else { continue };
            let (_, before) = source.lines.swap_remove(place);
            if let Some(member) = self.members.get_mut(&line) {
                member.doubtful_before += source.doubtful - before;
            }
            if source.lines.is_empty() {
                entry.remove();
                self.left.insert(address);
            }
        }
    }

    fn forget(&mut self, line: u32, names: Names<'_>) {
        self.forget_peer(line, names.peer);
        let member = self.members.remove(&line).unwrap_or_default();
        for ssrc in member.ssrcs.into_iter().take(member.count) {
            self.far.remove(&ssrc);
        }
        if self.own.get(&names.ssrc) == Some(&line) {
            self.own.remove(&names.ssrc);
        }
    }

    /// RTP packets that could have been the line's.
    fn doubtful(&self, line: u32, peer: Option<&Peer>) -> u64 {
        let Some(member) = self.members.get(&line) else { return 0 };
        let here = addresses(peer).filter_map(|address| {
            let source = self.sources.get(&address)?;
            let (_, before) = source.lines.iter().find(|(other, _)| *other == line)?;
            Some(source.doubtful - before)
        });
        member.doubtful_before + (self.strangers - member.strangers_before) + here.sum::<u64>()
    }

    fn owner(&mut self, from: SocketAddr, bytes: &[u8]) -> Owner {
        let ssrc = ssrc_of(bytes);
        let owner = match self.sources.get(&from).map(|source| source.lines.as_slice()) {
            Some([(line, _)]) => {
                let line = *line;
                if let Some(ssrc) = ssrc {
                    self.learn(line, ssrc);
                }
                return Owner::Line(line);
            }
            None => ssrc.and_then(|ssrc| self.far.get(&ssrc).copied().flatten()).map(Owner::Line),
            // Echoes are of RTP: who writes an RTCP packet is its own sender.
            Some(_) if is_rtp(bytes) => ssrc.and_then(|ssrc| self.own.get(&ssrc).copied()).map(Owner::Echo),
            Some(_) => None,
        };
        owner.unwrap_or_else(|| {
            self.unknown(from, bytes);
            Owner::Unknown
        })
    }

    fn unknown(&mut self, from: SocketAddr, bytes: &[u8]) {
        if !is_rtp(bytes) {
            return;
        }
        match self.sources.get_mut(&from) {
            Some(source) => source.doubtful += 1,
            None => self.strangers += u64::from(!self.left.contains(&from)),
        }
    }

    /// Remembers whom the line hears, for packets that come from another address than its peer's.
    fn learn(&mut self, line: u32, ssrc: u32) {
        match self.far.entry(ssrc) {
            Entry::Occupied(mut other) if *other.get() != Some(line) => *other.get_mut() = None,
            Entry::Occupied(_) => {}
            Entry::Vacant(vacant) => {
                let member = self.members.entry(line).or_default();
                if let Some(free) = member.ssrcs.get_mut(member.count) {
                    *free = ssrc;
                    member.count += 1;
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
    let at = if is_rtcp(bytes) { 4 } else { 8 };
    bytes.get(at..)?.first_chunk().map(|ssrc| u32::from_be_bytes(*ssrc))
}

/// Whether it looks like RTP.
fn is_rtp(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER_LEN && bytes[0] >> 6 == 2 && !is_rtcp(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Remote;

    const PORT: PortId = PortId(4);

    fn peer(port: u16) -> Peer {
        let rtp = SocketAddr::from(([127, 0, 0, 1], port));
        let rtcp = SocketAddr::from(([127, 0, 0, 1], port + 1));
        Peer::new(&Remote { rtp, rtcp, formats: Vec::new(), sends: true })
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
        // A third call at the first one's address: echoes of what is ours can be known, others can't.
        table.join(PORT, 3, names(33, &one));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(33)), Owner::Echo(3));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(99)), Owner::Unknown);
        assert_eq!(table.owner(PORT, one.rtp, &rtp(44)), Owner::Unknown);
        assert_eq!(table.owner(PORT, one.rtp, b"?"), Owner::Unknown);
        assert_eq!(table.owner(PORT, one.rtcp, &[0x80, 200, 0, 0, 0, 0, 0, 33]), Owner::Unknown);
        assert!(!table.leave(PORT, 1, names(11, &one)));
        assert_eq!(table.owner(PORT, one.rtp, &rtp(44)), Owner::Line(3));
        table.set_peer(PORT, 3, Some(&one), None);
        assert_eq!(table.owner(PORT, one.rtp, &rtp(99)), Owner::Unknown);
        assert!(!table.leave(PORT, 3, Names { ssrc: 33, peer: None }));
        assert!(table.leave(PORT, 2, names(22, &two)));
        assert!(!table.is_shared(PORT));
    }

    #[test]
    fn silence_is_doubtful_while_something_comes_that_could_be_the_lines() {
        let mut table = Attribution::default();
        let (one, two, elsewhere) = (peer(1000), peer(2000), peer(3000));
        for (line, peer) in [(1, &one), (2, &one), (3, &two), (4, &elsewhere)] {
            table.join(PORT, line, names(line, peer));
        }
        table.name(PORT, 1, names(1, &one));
        let doubtful = |table: &Attribution| {
            [(1, &one), (2, &one), (3, &two)]
                .map(|(line, peer)| table.is_uncertain(PORT, line, Some(peer), 100))
        };
        let hear = |table: &mut Attribution, from: &Peer, count| {
            for _ in 0..count {
                table.owner(PORT, from.rtp, &rtp(99));
            }
        };
        // A few are no stream.
        hear(&mut table, &one, 9);
        assert_eq!(doubtful(&table), [false; 3]);
        hear(&mut table, &one, 1);
        assert_eq!(doubtful(&table), [true, true, false]);
        // What a peer sends on after its call is nobody else's.
        table.leave(PORT, 4, names(4, &elsewhere));
        hear(&mut table, &elsewhere, 1000);
        assert_eq!(doubtful(&table), [true, true, false]);
        // A line that comes later has not been meant before.
        table.join(PORT, 5, names(5, &one));
        assert!(!table.is_uncertain(PORT, 5, Some(&one), 100));
        // A stranger's could be anybody's; what was doubtful stays so with another peer.
        hear(&mut table, &peer(4000), 10);
        assert_eq!(doubtful(&table), [true; 3]);
        table.set_peer(PORT, 1, Some(&one), Some(&two));
        assert!(table.is_uncertain(PORT, 1, Some(&two), 200));
    }

    #[test]
    fn addresses_that_have_left_are_few() {
        let mut left = Left::default();
        let address = |n: u32| SocketAddr::from((std::net::Ipv4Addr::from_bits(n), 1));
        for n in 0..10_000 {
            left.insert(address(n));
        }
        assert!(
            left.contains(&address(9_999)) && left.contains(&address(9_000)) && !left.contains(&address(1))
        );
        assert!(left.latest.len() + left.before.len() <= 2 * LEFT_MAX);
    }
}
