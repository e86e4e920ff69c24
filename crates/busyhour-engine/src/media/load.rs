//! Files that nobody has read yet, for their names came up in the run: other threads read them, while the call waits and
//! others go on.
//!
//! Only the call's next step waits, as for other errands: the rest of the list of actions is carried out at once. What it
//! wants of media is held back, so that it happens in the order in which it is written.

use std::collections::VecDeque;
use std::sync::Arc;

use busyhour_media::library::{BadMedia, Loaded, Wanted};
use busyhour_media::{Source, What};
use busyhour_wire::sdp::Medium;

use super::play::{play, tell};
use super::{begin, of};
use crate::call::Call;
use crate::context::Context;
use crate::prepare::Prepared;
use crate::snapshot::FailureKind;
use crate::transport::Errand;

/// A file that took so long to read is told of, ms: calls have waited for it.
const SLOW_MS: u64 = 50;

/// A file to be played.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FilePlay {
    pub(crate) medium: Medium,
    pub(crate) file: Wanted,
    /// Of a capture: as part of the call's own stream.
    pub(crate) renumbered: bool,
    /// Of a sound: how often; `None`: without end.
    pub(crate) loops: Option<u32>,
}

/// What a call wants of its media behind a file that is being read.
#[derive(Debug, Default)]
pub(super) struct Held {
    wishes: VecDeque<Wish>,
    /// How many files were asked for.
    asked: u32,
}

#[derive(Debug)]
enum Wish {
    Play {
        play: FilePlay,
        /// Its place among the files asked for.
        number: u32,
        /// `None`: it is being read.
        loaded: Option<Loaded>,
    },
    Tell(What),
}

impl Held {
    pub(super) fn push(&mut self, what: What) {
        self.wishes.push_back(Wish::Tell(what));
    }

    /// Files that will be played.
    pub(super) fn plays(&self) -> impl Iterator<Item = &FilePlay> {
        self.wishes.iter().filter_map(|wish| match wish {
            Wish::Play { play, .. } => Some(play),
            Wish::Tell(_) => None,
        })
    }

    /// Notes what a file holds.
    fn note(&mut self, read: u32, holds: Loaded) {
        let place = self.wishes.iter_mut().find_map(|wish| match wish {
            Wish::Play { number, loaded, .. } if *number == read => Some(loaded),
            _ => None,
        });
        if let Some(place) = place {
            *place = Some(holds);
        }
    }
}

/// Plays a file: at once if it is known, else as soon as it has been read, which the call's next step waits for.
///
/// # Errors
/// What the call fails as: there is no port, or the file can't be played. A warning says why.
pub(crate) fn play_file(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    wish: FilePlay,
) -> Result<(), FailureKind> {
    let Some(settings) = &context.settings.media else { return Err(FailureKind::MediaPort) };
    let library = Arc::clone(&settings.library);
    let mut known = match library.known(&wish.file) {
        Some(Err(bad)) => return Err(refuse(context, call, &bad)),
        Some(Ok(loaded)) => Some(loaded),
        None => None,
    };
    let is_held = call.media.as_ref().is_some_and(|media| media.held.is_some());
    if let Some(loaded) = known.take_if(|_| !is_held) {
        return start(prepared, context, call, wish, loaded);
    }
    begin(prepared, context, call);
    let file = wish.file.clone();
    let held = of(prepared, context, call).held.get_or_insert_default();
    held.asked += 1;
    let number = held.asked;
    let is_known = known.is_some();
    held.wishes.push_back(Wish::Play { play: wish, number, loaded: known });
    if !is_known {
        call.errands += 1;
        context.errands.push_back(Errand::Load { call: context.current, number, library, file });
    }
    Ok(())
}

/// A file has been read, or can't be: plays it and what comes behind it, up to the next that is still being read.
///
/// # Errors
/// As [`play_file`].
pub(crate) fn loaded(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    number: u32,
    file: &Wanted,
    result: Result<Loaded, BadMedia>,
    took_ms: u64,
) -> Result<(), FailureKind> {
    if took_ms >= SLOW_MS {
        context.warn(|| {
            let name = file.name();
            let text = format!(
                "{name}: reading it took {took_ms} ms, which calls that play it have waited for; a name without keywords is \
                 read before the run, and a shorter file, or one that is encoded already, is read faster"
            );
            text.into_bytes()
        });
    }
    let loaded = result.map_err(|bad| refuse(context, call, &bad))?;
    // Without the list, what is told goes to the media thread.
    let Some(mut held) = call.media.as_mut().and_then(|media| media.held.take()) else { return Ok(()) };
    held.note(number, loaded);
    while let Some(wish) = held.wishes.pop_front() {
        match wish {
            Wish::Tell(what) => tell(prepared, context, call, what),
            Wish::Play { play, loaded: Some(loaded), .. } => start(prepared, context, call, play, loaded)?,
            reading @ Wish::Play { loaded: None, .. } => {
                held.wishes.push_front(reading);
                of(prepared, context, call).held = Some(held);
                break;
            }
        }
    }
    Ok(())
}

fn start(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    wish: FilePlay,
    loaded: Loaded,
) -> Result<(), FailureKind> {
    let FilePlay { medium, file, renumbered, loops } = wish;
    let source = match (loaded, file) {
        (Loaded::Capture(capture), _) => Source::Capture { capture, renumbered },
        (Loaded::Sound(sound), Wanted::Sound(_, form)) => Source::Sound { sound, form, loops },
        // A library gives what was asked for.
        (Loaded::Sound(_), Wanted::Capture(_)) => return Err(FailureKind::MediaFile),
    };
    play(prepared, context, call, medium, source)
}

fn refuse(context: &mut Context, call: &Call, bad: &BadMedia) -> FailureKind {
    let help = if bad.help.is_empty() { String::new() } else { format!(" ({})", bad.help) };
    context.warn(|| call.warning(&format!("{}{help}: the call fails", bad.what)));
    FailureKind::MediaFile
}
