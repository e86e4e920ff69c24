//! Ranges of media ports.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports in a range.
const RANGE: u16 = 80;
/// Ranges below the ports that the kernel gives away.
const FIRST_PORT: u16 = 10_000;
const RANGES: u32 = 250;

/// The lowest media port of a test's agents that need no range of their own, as an option's text. At SIPp's default, 6000,
/// they would hear what peers send to other tests' agents, which name that port and do not bind it.
pub(crate) fn first_media_port() -> String {
    (7000 + std::process::id() % 6 * 500).to_string()
}

/// Media ports that a program may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    /// The lowest, even.
    pub(crate) first: u16,
    /// The highest.
    pub(crate) last: u16,
}

impl Ports {
    /// A range that nobody has bound a port of.
    pub(crate) fn take() -> Ports {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        // Tests run as processes of their own: ranges of neighbours lie apart.
        let own = std::process::id().wrapping_mul(4);
        for _ in 0..RANGES {
            let number = own.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % RANGES;
            let first = FIRST_PORT + RANGE * u16::try_from(number).unwrap_or_default();
            let ports = Ports { first, last: first + RANGE - 1 };
            if (ports.first..=ports.last).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok()) {
                return ports;
            }
        }
        panic!("no free range of {RANGE} media ports");
    }

    /// Whether it is one of them.
    pub(crate) fn has(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}
