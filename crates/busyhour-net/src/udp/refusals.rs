//! Destinations that answer with ICMP errors.

use std::net::SocketAddr;

use busyhour_engine::Time;

/// Remembers who refused lately. A run that never leaves this machine is refused as one, with one ICMP message for its
/// first datagram; so that every call hears of it, such destinations get single datagrams for a while.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    known: Vec<(SocketAddr, Time)>,
}

/// Most destinations remembered; the one that refused the longest ago is forgotten.
const KNOWN_MAX: usize = 64;
/// How long single datagrams are sent after a refusal.
const REMEMBERED_US: u64 = 2_000_000;

impl Refusals {
    pub(crate) fn note(&mut self, destination: SocketAddr, now: Time) {
        let until = now + REMEMBERED_US;
        if let Some(known) = self.known.iter_mut().find(|known| known.0 == destination) {
            known.1 = until;
            return;
        }
        self.known.retain(|known| known.1 > now);
        if self.known.len() >= KNOWN_MAX
            && let Some(oldest) = (0..self.known.len()).min_by_key(|&index| self.known[index].1)
        {
            self.known.swap_remove(oldest);
        }
        self.known.push((destination, until));
    }

    pub(crate) fn contains(&self, destination: SocketAddr, now: Time) -> bool {
        self.known.iter().any(|known| known.0 == destination && known.1 > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_forgotten() {
        let mut refusals = Refusals::default();
        let address = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
        for port in 0..100 {
            refusals.note(address(port), Time::from_millis(u64::from(port)));
        }
        let now = Time::from_millis(100);
        assert!(!refusals.contains(address(0), now) && refusals.contains(address(99), now));
        assert!(!refusals.contains(address(99), Time::from_millis(2_100)));
        assert_eq!(refusals.known.len(), KNOWN_MAX);
    }
}
