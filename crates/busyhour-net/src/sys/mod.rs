//! System calls that no library offers in the form needed here. All `unsafe` of the crate is in this folder.
//!
//! Every function takes and returns ordinary values: whoever calls it can't break memory safety.

mod address;
mod error_queue;
mod options;
mod process;
mod receive;
mod send;
mod wait;

pub(crate) use error_queue::read_error_queue;
pub(crate) use options::{
    bind_late, buffer_bytes, datagram_extras, dropped_datagrams, packet_extras, raise_buffers,
    receive_singly, stamp_streams, supports_segmentation,
};
pub(crate) use process::{
    affinity, descriptor_limit, keep_on, pin_to, set_descriptor_limit, set_timer_slack,
};
pub(crate) use receive::{ReceiveTable, receive_stream, throw_away};
pub(crate) use send::{Piece, Send, SendTable, send_to};
pub(crate) use wait::{Ready, Waiter, sleep_us};

use std::io;

/// The result of a system call that says -1 for an error.
fn check(result: libc::c_int) -> io::Result<usize> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as usize) }
}
