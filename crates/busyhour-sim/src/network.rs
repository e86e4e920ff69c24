//! Datagrams under way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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

#[derive(Debug)]
pub(crate) struct Network {
    conditions: Conditions,
    random: SmallRng,
    under_way: BinaryHeap<Reverse<Datagram>>,
    serial: u64,
}

impl Network {
    pub(crate) fn new(seed: u64, conditions: Conditions) -> Network {
        let random = SmallRng::seed_from_u64(seed);
        Network { conditions, random, under_way: BinaryHeap::new(), serial: 0 }
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

    pub(crate) fn next_arrival(&self) -> Option<Time> {
        self.under_way.peek().map(|Reverse(datagram)| datagram.arrives)
    }

    pub(crate) fn arrived(&mut self, now: Time) -> Option<Datagram> {
        if self.next_arrival()? > now {
            return None;
        }
        self.under_way.pop().map(|Reverse(datagram)| datagram)
    }
}
