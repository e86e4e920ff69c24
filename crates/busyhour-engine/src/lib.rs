//! The call engine, sans-IO.
//!
//! Nothing in here asks the clock, opens a file or logs: time and bytes come in, messages and events come out. So a
//! hundred thousand calls run against a simulated network in virtual time, and a failure replays from its seed.
//!
//! A driver's turn, always in this order:
//!
//! 1. [`Engine::handle_message`] for each message that arrived (and the other `handle_*` for what else happened);
//! 2. [`Engine::handle_timeout`] if it is now at least [`Engine::next_timeout`];
//! 3. [`Engine::poll_transmit`], [`Engine::poll_socket`], [`Engine::poll_handover`], [`Engine::poll_event`] until empty;
//! 4. sleep until a message arrives or [`Engine::next_timeout`].

pub mod pacing;
pub mod settings;
mod shared;
pub mod snapshot;
mod time;
pub mod event;
pub mod transport;
mod engine;
mod wheel;
pub mod variables;
mod distribution;

pub use engine::{Command, Engine, owner};
pub use event::{Direction, Event};
pub use settings::{Run, Settings};
pub use shared::Shared;
pub use snapshot::Snapshot;
pub use time::Time;
pub use transport::{
    Batch, CallRef, Handover, Opened, Path, Protocol, Routing, SocketId, SocketRequest, Source, Transmit, Trouble,
};
