//! Media of calls, sans-IO: what is played, when each packet leaves, what is heard, and how good it is.
//!
//! [`Media`] is one media thread without its sockets and its clock: commands of engines and datagrams come in, packets,
//! events and figures come out. A driver's turn, always in this order:
//!
//! 1. [`Media::handle_command`] for each command of an engine's `poll_media`;
//! 2. [`Media::handle_datagram`] for each datagram of the ports that are watched;
//! 3. [`Media::handle_timeout`] if it is now at least [`Media::next_timeout`];
//! 4. [`Media::poll_read`] until empty: each port named is visited; its datagrams are read and handled, or left to gather
//!    for a visit or two;
//! 5. [`Media::poll_transmit`], [`Media::poll_port`] and [`Media::poll_event`] until empty.
//!
//! Ports are not watched one by one unless a prompt answer matters: a call's port is visited when its next packet is
//! due anyway, and the kernel's time stamps say when its datagrams came.

pub mod call;
pub mod capture;
pub mod codec;
pub mod command;
pub mod digits;
pub mod ear;
pub mod generate;
pub mod hear;
pub mod heard;
pub mod library;
mod media;
pub mod ports;
pub mod quality;
mod session;
pub mod snapshot;
pub mod sound;
mod split_mix;
pub mod srtp;
mod time;
pub mod wheel;

pub use call::MediaCall;
pub use capture::Capture;
pub use command::{Command, Event, Happening, Source, What};
pub use ear::Ear;
pub use heard::Heard;
pub use library::Library;
pub use media::{Batch, Media, Packet, Settings};
pub use ports::{NoPort, PortId, PortRef, PortRequest, Ports};
pub use snapshot::MediaSnapshot;
pub use sound::Sound;
pub use split_mix::SplitMix64;
pub use time::Time;
