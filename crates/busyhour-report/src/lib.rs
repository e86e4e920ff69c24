//! Snapshots in, text out: people's summaries, SIPp's screens and files, traces, and the verdict on the generator.
//!
//! Nothing in here opens a file, asks the clock or knows of sockets and threads: values and times come as arguments,
//! and text comes back.

pub mod clock;
mod dropped;
pub mod figures;
mod interval;
pub mod live;
mod media;
mod page;
pub mod sipp;
pub mod summary;
pub mod trace;
pub mod verdict;

pub use clock::Clock;
pub use dropped::dropped_text;
pub use media::media_text;
pub use summary::Style;
pub use verdict::{Judge, Verdict};
