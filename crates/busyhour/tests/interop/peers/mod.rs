//! The programs under test and their peers: how they are found, started, watched and ended.

mod agent;
mod port;
mod ports;
mod process;
mod sniffer;
mod tool;

pub(crate) use agent::{Agent, Counts};
pub(crate) use port::{Transport, free_port, wait_until_bound};
pub(crate) use ports::{Ports, first_media_port};
pub(crate) use process::Process;
pub(crate) use sniffer::{Sniffer, read_capture};
pub(crate) use tool::{Tool, peer, scenario, scenario_with, subject_is_replaced};

use std::time::Duration;

/// How long something small may take on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(40);
