//! One call's media in one medium: a line. What it sends and when, what it makes of what arrives, and its RTCP.

pub(crate) mod check;
pub(crate) mod keys;
pub(crate) mod line;
pub(crate) mod outbox;
pub(crate) mod phase;
pub(crate) mod receive;
pub(crate) mod renumber;
pub(crate) mod replay;
pub(crate) mod report;
mod sending;
pub(crate) mod stream;
pub(crate) mod timeline;

pub(crate) use line::{Line, Peer};
pub(crate) use outbox::Outbox;
