//! The driver: sockets, threads and time for [`busyhour_engine::Engine`]s.
//!
//! [`bind`] opens the sockets, [`Bound::start`] puts each engine on a thread with a poll loop of its own, and
//! [`Workers`] is the controller's handle. Workers share nothing that is written on the message path; what one receives
//! for another's call goes over a bounded ring. All `unsafe` code of this crate is in `sys`.

mod bind;
mod bind_error;
mod clock;
mod datagrams;
mod endpoint;
mod errands;
mod inbox;
mod letterbox;
pub mod media;
mod order;
mod post;
mod process;
mod quota;
mod stream;
// The system calls have no safe equivalent; every block says why it is sound.
#[allow(unsafe_code)]
mod sys;
mod table;
mod twin;
mod udp;
mod worker;
mod workers;

pub use bind::{BindOptions, Bound, bind};
pub use bind_error::BindError;
pub use clock::{Clock, Stamps};
pub use endpoint::Endpoint;
pub use process::{available_workers, descriptor_limit, open_descriptors, raise_descriptor_limit};
pub use twin::{Connect, Loss, TwinError, TwinOptions, Twins, open_twins};
pub use workers::{StartOptions, Workers};
