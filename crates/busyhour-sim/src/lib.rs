//! A simulated network and clock for the engine.
//!
//! A [`World`] holds nodes (each a run with its workers) on a network that loses, delays, duplicates and reorders
//! datagrams, all from one seed and in virtual time. The same seed gives the same run, to the last message.
//!
//! ```
//! use busyhour_sim::{Conditions, Node, World};
//!
//! let mut world = World::new(7, Conditions::perfect());
//! let uas = world.add(Node::server("uas"));
//! let uac = world.add(Node::client("uac", uas.address(), |settings| settings.calls_max = Some(20)));
//! world.run();
//! assert_eq!(world.snapshot(uac).counters.successful, 20);
//! ```

mod media;
mod network;
mod node;
mod puppet;
mod threads;
mod world;

pub use media::SimPorts;
pub use network::Conditions;
pub use node::{Node, program};
pub use puppet::Heard;
pub use world::{NodeId, World};
