//! The call engine, sans-IO.
//!
//! Nothing in here asks the clock, opens a file or logs: time and bytes come in, messages and events come out. So a
//! hundred thousand calls run against a simulated network in virtual time, and a failure replays from its seed.
//!
//! A driver's turn, always in this order:
//!
//! 1. [`Engine::handle_message`] for each message that arrived (and the other `handle_*` for what else happened);
//! 2. [`Engine::handle_timeout`] if it is now at least [`Engine::next_timeout`];
//! 3. [`Engine::poll_transmit`], [`Engine::poll_socket`], [`Engine::poll_handover`], [`Engine::poll_twin`],
//!    [`Engine::poll_errand`], [`Engine::poll_media`], [`Engine::poll_event`] until empty;
//! 4. sleep until a message arrives or [`Engine::next_timeout`].

mod action;
mod adoption;
mod auth;
mod automatic;
mod call;
mod call_id;
mod calls;
pub mod circuits;
mod context;
mod date;
mod dead_call;
mod dialogs;
mod distribution;
mod engine;
mod errand;
pub mod event;
mod host;
pub mod injection;
mod kept;
mod matching;
mod media;
mod origination;
mod outside;
pub mod pacing;
mod pool;
mod prepare;
mod release;
mod render;
mod retransmit;
mod routes;
pub mod settings;
mod shared;
pub mod snapshot;
mod step;
pub mod transport;
mod twin;
mod unexpected;
pub mod variables;

pub use busyhour_media::Time;
pub use engine::{Command, Engine};
pub use event::{Direction, Event};
pub use origination::open_calls_max;
pub use settings::{Run, Settings};
pub use shared::Shared;
pub use snapshot::{FailureKind, Snapshot};
pub use transport::{
    Batch, CallRef, Errand, ErrandResult, Handover, Opened, Path, Protocol, Routing, SocketId, SocketRequest,
    Source, Transmit, Trouble, TwinSend,
};
pub use twin::command_owner;
