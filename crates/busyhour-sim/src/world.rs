//! Nodes, network and virtual time.

use std::net::SocketAddr;

use busyhour_engine::{Command, Snapshot, Time};

use crate::network::{Conditions, Network};
use crate::node::Node;
use crate::puppet::{Heard, Puppet};

/// Longest simulated run: a world that does not come to rest by then is broken.
const END: Time = Time::from_millis(20 * 60 * 1000);

/// A node of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(usize);

impl NodeId {
    /// The node's address: 10.0.0.n, port 5060 + n.
    pub fn address(self) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, self.0 as u8 + 1], 5061 + self.0 as u16))
    }
}

/// A simulated network with its nodes.
#[derive(Debug)]
pub struct World {
    nodes: Vec<Node>,
    puppets: Vec<Puppet>,
    network: Network,
    now: Time,
    seed: u64,
    next_port: u16,
}

impl World {
    /// An empty world. Everything random comes from the seed.
    pub fn new(seed: u64, conditions: Conditions) -> World {
        World {
            nodes: Vec::new(),
            puppets: Vec::new(),
            network: Network::new(seed, conditions),
            now: Time::ZERO,
            seed,
            next_port: 10_000,
        }
    }

    /// Puts a node on the network.
    pub fn add(&mut self, mut node: Node) -> NodeId {
        let id = NodeId(self.nodes.len());
        node.place(id.address(), self.seed.wrapping_add(self.nodes.len() as u64));
        self.nodes.push(node);
        id
    }

    /// Puts a puppet on the network: what is sent to its address can be read with [`World::heard`], and
    /// [`World::inject`] speaks for it.
    pub fn add_puppet(&mut self) -> SocketAddr {
        let puppet = Puppet::new(self.puppets.len());
        let address = puppet.address;
        self.puppets.push(puppet);
        address
    }

    /// Takes what a puppet has received since it was last asked, in order.
    pub fn heard(&mut self, puppet: SocketAddr) -> Vec<Heard> {
        let puppet = self.puppets.iter_mut().find(|known| known.address == puppet);
        puppet.map(|puppet| std::mem::take(&mut puppet.heard)).unwrap_or_default()
    }

    /// Hands a controller's command to a node's workers.
    pub fn command(&mut self, id: NodeId, command: &Command) {
        let now = self.now;
        self.nodes[id.0].command(now, command);
        self.nodes[id.0].drain(now, &mut self.network, &mut self.next_port);
    }

    /// Lays a line for 3PCC commands from one node to another, which is its peer number `position`. Commands arrive in
    /// order, after `delay_us`.
    pub fn link(&mut self, from: NodeId, position: u16, to: NodeId, delay_us: u64) {
        self.network.link(from.address(), position, to.address(), delay_us);
    }

    /// Cuts all lines of a node; the commands under way to it are lost.
    pub fn cut(&mut self, node: NodeId) {
        self.network.cut(node.address());
    }

    /// Hands a 3PCC command to a node, as from a peer outside of this world.
    pub fn say_command(&mut self, node: NodeId, command: &str) {
        let now = self.now;
        self.nodes[node.0].receive_command(now, command.as_bytes().to_vec());
        self.nodes[node.0].drain(now, &mut self.network, &mut self.next_port);
    }

    /// Runs until nothing can happen any more.
    ///
    /// # Panics
    /// If the world does not come to rest within 20 simulated minutes.
    pub fn run(&mut self) {
        while self.turn() {
            assert!(self.now < END, "the world does not come to rest");
        }
    }

    /// Runs until a moment, or until nothing can happen any more.
    pub fn run_until(&mut self, end: Time) {
        while self.next().is_some_and(|at| at <= end) && self.turn() {}
        self.now = self.now.max(end);
    }

    /// The present.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A node.
    pub fn node(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// All that a node has counted, over its workers.
    pub fn snapshot(&mut self, id: NodeId) -> Snapshot {
        let now = self.now;
        self.nodes[id.0].snapshot(now)
    }

    /// Sends a datagram from nowhere.
    pub fn inject(&mut self, from: SocketAddr, to: NodeId, bytes: &[u8]) {
        self.network.send(self.now, from, to.address(), bytes);
    }

    fn next(&self) -> Option<Time> {
        let timers = self.nodes.iter().filter_map(Node::next_timeout);
        timers.chain(self.network.next_arrival()).min()
    }

    fn turn(&mut self) -> bool {
        let Some(next) = self.next() else { return false };
        self.now = self.now.max(next);
        let now = self.now;
        while let Some(datagram) = self.network.arrived(now) {
            if let Some(puppet) = self.puppets.iter_mut().find(|puppet| puppet.address == datagram.to) {
                puppet.heard.push(Heard { at: now, from: datagram.from, bytes: datagram.bytes });
            } else if let Some(node) = self.nodes.iter_mut().find(|node| node.has_socket(datagram.to)) {
                node.receive(now, datagram.from, datagram.to, &datagram.bytes);
            }
        }
        while let Some((to, command)) = self.network.arrived_command(now) {
            if let Some(node) = self.nodes.iter_mut().find(|node| node.address == to) {
                node.receive_command(now, command);
            }
        }
        for node in &mut self.nodes {
            node.timeout(now);
            node.drain(now, &mut self.network, &mut self.next_port);
        }
        true
    }
}
