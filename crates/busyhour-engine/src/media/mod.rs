//! Media of calls: which ports they have, what SDP has agreed on, and what media threads are told of it (spec-media,
//! spec-3.8 F). What is played and heard happens there (`busyhour-media`); what is known here is who talks to whom.
//!
//! A call without media carries a null pointer and nothing else.

mod crypto;
mod description;
mod keywords;
mod load;
mod plan;
mod play;
mod port;
mod wait;

pub(crate) use description::{received, sent};
pub(crate) use keywords::{Keys, KeysLeft, Need, append, append_crypto_word, needs, prepare, prepare_text};
pub(crate) use load::{FilePlay, loaded, play_file};
pub(crate) use plan::Plan;
pub(crate) use play::{heard, play, tell, tell_of};
pub(crate) use port::auto_port;
pub(crate) use wait::{streams_ended, timeout, wait_for_streams};

use std::sync::Arc;

use busyhour_media::command::{Begin, Format, Remote};
use busyhour_media::srtp::Policy;
use busyhour_media::{Command, Ear, Event, Happening, MediaCall, PortRef, Time, What};
use busyhour_wire::sdp::Medium;

use crate::call::Call;
use crate::context::Context;
use crate::engine::Engine;
use crate::prepare::Prepared;
use crate::transport::CallRef;
use wait::Wait;

/// The media of one call.
#[derive(Debug)]
pub(crate) struct CallMedia {
    id: MediaCall,
    thread: u16,
    /// What is heard; `None` while no media thread knows the call.
    ear: Option<Arc<Ear>>,
    lines: [Line; Medium::COUNT],
    offer: Offer,
    wait: Option<Box<Wait>>,
    /// What waits for a file to be read.
    held: Option<Box<load::Held>>,
    /// How many waits there have been.
    waits: u32,
    /// Somebody was told that nothing can be sent yet.
    warned: bool,
    /// Of each medium: what streams there does not end by itself.
    endless: [bool; Medium::COUNT],
    /// When the SDP that is settled came or went.
    answered: Time,
}

/// One medium of a call.
#[derive(Debug, Default)]
struct Line {
    /// Ours. A media thread knows it.
    port: Option<PortRef>,
    /// No other call has it.
    is_own: bool,
    /// Where the peer wants it sent, by its last SDP.
    remote: Option<Box<Remote>>,
    /// The media thread does not know of it yet.
    is_news: bool,
    /// The peer, and we, can do with one port for RTP and RTCP (`a=rtcp-mux`).
    peer_muxes: bool,
    we_mux: bool,
    crypto: Option<Box<crypto::State>>,
    /// Payload types of our own SDP.
    formats: Option<Box<[Format]>>,
}

/// Whose offer was the last (RFC 3264). An INVITE or UPDATE without SDP leaves none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Nobodys,
    Ours,
    Theirs,
}

impl CallMedia {
    fn command(&self, what: What) -> Command {
        Command { thread: self.thread, call: self.id, what }
    }

    fn line(&mut self, medium: Medium) -> &mut Line {
        &mut self.lines[medium.index()]
    }

    /// Hears a medium by the payload types of our own SDP (RFC 3264 §5.1, §6.1).
    fn hear_ours(&self, medium: Medium) {
        let line = &self.lines[medium.index()];
        if let (Some(ear), Some(formats), Some(_)) = (&self.ear, &line.formats, line.port) {
            ear.set_formats(medium, formats);
        }
    }

    /// BYE went or came.
    fn hang_up(&self, now: Time) {
        if let Some(ear) = &self.ear {
            ear.hang_up(now);
        }
    }

    /// Tells the media thread what has been agreed on since it was last told. `answered`: when.
    fn settle(&mut self, context: &mut Context, answered: Time) {
        self.answered = answered;
        self.tell_agreed(context);
    }

    /// As [`CallMedia::settle`], later, when a port has come: the time of the SDP counts.
    fn tell_agreed(&mut self, context: &mut Context) {
        let answered = if self.answered == Time::ZERO { context.now } else { self.answered };
        for medium in Medium::ALL {
            let line = self.line(medium);
            if line.port.is_none() {
                continue;
            }
            if let Some((send, receive)) = line.crypto.as_mut().and_then(|crypto| crypto.news()) {
                let what = What::Secure { medium, send, receive };
                context.media.push_back(self.command(what));
            }
            let line = self.line(medium);
            if std::mem::take(&mut line.is_news) {
                let mut to = line.remote.clone();
                if let Some(remote) = &mut to
                    && line.peer_muxes
                    && line.we_mux
                {
                    remote.rtcp = remote.rtp;
                }
                let what = What::Remote { medium, to, answered };
                context.media.push_back(self.command(what));
            }
        }
    }

    /// End of the wait for streams; [`Time::ZERO`]: none, or no end.
    pub(crate) fn wait_until(&self) -> Time {
        self.wait.as_ref().map_or(Time::ZERO, |wait| wait.until)
    }
}

/// A pair of policies, ours and the peer's; none for plain RTP.
type Policies = (Option<Box<Policy>>, Option<Box<Policy>>);

/// The media of a call, which are made if it has none yet.
fn of<'c>(prepared: &Prepared, context: &Context, call: &'c mut Call) -> &'c mut CallMedia {
    let Call { media, number, hash, .. } = call;
    media.get_or_insert_with(|| {
        let threads = context.settings.media.as_ref().map_or(1, |media| media.threads);
        let CallRef { index, generation } = context.current;
        let token = u64::from(generation) << 32 | u64::from(index);
        Box::new(CallMedia {
            id: MediaCall { worker: context.worker as u16, token },
            thread: prepared.media.thread(*number, *hash, threads),
            ear: None,
            lines: Default::default(),
            offer: Offer::Nobodys,
            wait: None,
            held: None,
            waits: 0,
            warned: false,
            endless: [false; Medium::COUNT],
            answered: Time::ZERO,
        })
    })
}

/// Makes a call known to its media thread.
fn begin(prepared: &Prepared, context: &mut Context, call: &mut Call) {
    of(prepared, context, call);
    let Call { media: Some(media), id, number, .. } = call else { return };
    if media.ear.is_some() {
        return;
    }
    let ear = Arc::new(Ear::new(prepared.program.media.wants_first_payload));
    media.ear = Some(Arc::clone(&ear));
    let begin = Begin { call_id: id.as_bytes().into(), number: *number, ear };
    context.media.push_back(media.command(What::Begin(Box::new(begin))));
}

/// The call has ended: its media end too, and its ports go back.
pub(crate) fn end(context: &mut Context, call: &mut Call) {
    let Some(media) = call.media.take() else { return };
    if media.ear.is_some() {
        context.media.push_back(media.command(What::End));
    }
}

/// Takes what a media thread says of a call; it may have ended by now.
pub(crate) fn handle(engine: &mut Engine, event: Event) {
    let token = event.call.token;
    let reference = CallRef { index: token as u32, generation: (token >> 32) as u32 };
    let index = engine.calls.resolve(reference);
    match event.happening {
        Happening::StreamsEnded(wait) => {
            if let Some(index) = index {
                engine.work(index, |prepared, context, call| streams_ended(prepared, context, call, wait));
            }
        }
        Happening::Warning(text) | Happening::CheckFailed(text) => {
            let call = index.and_then(|index| engine.calls.get_mut(index));
            engine.context.warn(|| match call {
                Some(call) => call.warning(&text),
                None => text.into_bytes(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small() {
        let size = size_of::<CallMedia>();
        assert!(size <= 256, "{size}");
    }
}
