//! Media threads: sockets, threads and time for [`busyhour_media::Media`].
//!
//! [`MediaPorts`] opens local ports when engines promise them to peers. Each media thread has the streams of the calls
//! that engines gave it: commands come into its inbox, events go into the workers' inboxes. Sockets of calls are read
//! when their streams have something to do anyway, not when something arrives; only watched ones wake their thread.

mod endpoint;
mod inbox;
mod need;
mod options;
mod outbox;
mod pair;
mod ports;
mod reader;
mod sender;
mod sockets;
mod table;
mod thread;
mod threads;

pub use need::MediaNeed;
pub use options::MediaOptions;
pub use ports::{MediaPorts, SharedPorts};
pub use threads::MediaSetup;

pub(crate) use outbox::MediaOutbox;
pub(crate) use threads::{MediaAnswers, MediaThreadOptions, MediaThreads};

#[cfg(test)]
mod tests;
