//! Datagrams under way.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;

use busyhour_engine::Time;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

/// What the network does to datagrams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Share of datagrams that never arrive, 0..=1.
    pub loss: f64,
    /// Share of datagrams that arrive twice.
    pub duplication: f64,
    /// Shortest way, µs.
    pub delay_us_min: u64,
    /// Longest way, µs. A spread makes datagrams overtake each other.
    pub delay_us_max: u64,
}

impl Conditions {
    /// Everything arrives once, in order, after 100 µs.
    pub const fn perfect() -> Conditions {
        Conditions { loss: 0.0, duplication: 0.0, delay_us_min: 100, delay_us_max: 100 }
    }
}

/// A datagram.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Datagram {
    pub(crate) arrives: Time,
    /// Breaks ties in the order of sending.
    serial: u64,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

/// When it arrives, its place in the order of sending, where it goes, and its text.
type CommandUnderWay = (Time, u64, SocketAddr, Vec<u8>);

#[derive(Debug)]
pub(crate) struct Network {
    conditions: Conditions,
    random: SmallRng,
    under_way: BinaryHeap<Reverse<Datagram>>,
    /// Where 3PCC commands of a node go, by its address and the peer's position, and how long that takes, µs.
    links: HashMap<(SocketAddr, u16), (SocketAddr, u64)>,
    commands: BinaryHeap<Reverse<CommandUnderWay>>,
    serial: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Network {
        let random = SmallRng::seed_from_u64(seed);
        Network {
            conditions,
            random,
            under_way: BinaryHeap::new(),
            links: HashMap::new(),
            commands: BinaryHeap::new(),
            serial: 0,
        }
    }

    pub(crate) fn send(&mut self, now: Time, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Conditions { loss, duplication, delay_us_min, delay_us_max } = self.conditions;
        if self.random.random::<f64>() < loss {
            return;
        }
        let copies = if self.random.random::<f64>() < duplication { 2 } else { 1 };
        for _ in 0..copies {
            let arrives = now + self.random.random_range(delay_us_min..=delay_us_max);
            self.serial += 1;
            let bytes = bytes.to_vec();
            self.under_way.push(Reverse(Datagram { arrives, serial: self.serial, from, to, bytes }));
        }
    }

    /// Lays a line for 3PCC commands from one node to another, which is its peer number `position`.
    pub(crate) fn link(&mut self, from: SocketAddr, position: u16, to: SocketAddr, delay_us: u64) {
        self.links.insert((from, position), (to, delay_us));
    }

    /// Cuts all lines of a node. What is under way is lost.
    pub(crate) fn cut(&mut self, node: SocketAddr) {
        self.links.retain(|(from, _), (to, _)| *from != node && *to != node);
        self.commands.retain(|Reverse((_, _, to, _))| *to != node);
    }

    /// Sends a command. False if there is no line.
    pub(crate) fn send_command(&mut self, now: Time, from: SocketAddr, position: u16, bytes: &[u8]) -> bool {
        let Some(&(to, delay_us)) = self.links.get(&(from, position)) else { return false };
        self.serial += 1;
        self.commands.push(Reverse((now + delay_us, self.serial, to, bytes.to_vec())));
        true
    }

    /// The next command that has arrived, and where.
    pub(crate) fn arrived_command(&mut self, now: Time) -> Option<(SocketAddr, Vec<u8>)> {
        if self.commands.peek().is_none_or(|Reverse((arrives, ..))| *arrives > now) {
            return None;
        }
        self.commands.pop().map(|Reverse((_, _, to, bytes))| (to, bytes))
    }

    pub(crate) fn next_arrival(&self) -> Option<Time> {
        let command = self.commands.peek().map(|Reverse((arrives, ..))| *arrives);
        [self.next_datagram(), command].into_iter().flatten().min()
    }

    fn next_datagram(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse(datagram)| datagram.arrives)
    }

    pub(crate) fn arrived(&mut self, now: Time) -> Option<Datagram> {
        if self.next_datagram()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse(datagram)| datagram)
    }
}
