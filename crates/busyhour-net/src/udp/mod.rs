//! Datagrams in batches.

mod backlog;
mod errors;
mod receiver;
mod refusals;
mod sender;

pub(crate) use backlog::Backlog;
pub(crate) use errors::{drain_errors, trouble_of};
pub(crate) use receiver::{DatagramSocket, Receiver};
pub(crate) use refusals::Refusals;
pub(crate) use sender::{Sender, Socket};
