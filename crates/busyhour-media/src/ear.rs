//! What a call hears, readable by its engine while a media thread goes on listening.

use std::sync::{Mutex, MutexGuard, PoisonError};

use busyhour_wire::sdp::Medium;

use crate::command::Format;
use crate::hear::Listening;
use crate::heard::Heard;
use crate::time::Time;

/// The hearing of one call: shared by its engine, which reads it, and its media thread, which fills it in.
/// The lock is held for a packet, or for a reading, and never while another one is taken.
#[derive(Debug, Default)]
pub struct Ear {
    media: [Mutex<Option<Box<Listening>>>; Medium::COUNT],
    /// Whether `rtp_stats` wants the payload of the first packet.
    pub keep_first_payload: bool,
}

impl Ear {
    /// Makes one that has heard nothing.
    pub fn new(keep_first_payload: bool) -> Ear {
        Ear { keep_first_payload, ..Ear::default() }
    }

    /// The figures of a medium up to now; `None` if the call has none of it.
    pub fn heard(&self, medium: Medium, now: Time) -> Option<Heard> {
        self.lock(medium).as_ref().map(|listening| listening.heard(now))
    }

    /// Says with which payload types the peer is to send a medium: those of our own SDP.
    pub fn set_formats(&self, medium: Medium, formats: &[Format]) {
        let mut place = self.lock(medium);
        place.get_or_insert_with(|| Box::new(Listening::new(self.keep_first_payload))).set_formats(formats);
    }

    /// BYE went or came at `now`: that nothing comes any more is no fault.
    pub fn hang_up(&self, now: Time) {
        for medium in Medium::ALL {
            if let Some(listening) = self.lock(medium).as_mut() {
                listening.hang_up(now);
            }
        }
    }

    /// The medium's state, for the media thread.
    pub(crate) fn lock(&self, medium: Medium) -> MutexGuard<'_, Option<Box<Listening>>> {
        // What is in there is whole after each packet.
        self.media[medium.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
