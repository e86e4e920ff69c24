//! A peer without a mind of its own: it hears, and a test speaks for it.

use std::net::SocketAddr;

use busyhour_engine::Time;

/// A datagram that a puppet has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When it arrived.
    pub at: Time,
    /// Who sent it.
    pub from: SocketAddr,
    /// What it says.
    pub bytes: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Puppet {
    pub(crate) address: SocketAddr,
    pub(crate) heard: Vec<Heard>,
}

impl Puppet {
    /// The `index`th one, at 10.0.1.n port 5060.
    pub(crate) fn new(index: usize) -> Puppet {
        Puppet { address: SocketAddr::from(([10, 0, 1, index as u8 + 1], 5060)), heard: Vec::new() }
    }
}

impl Heard {
    /// The message as text, with what is no UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}
