//! Captures and sounds by name: read once, shared, bounded.

mod built_in;
mod lookup;
mod shelf;
mod wanted;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use busyhour_wire::rtp::PacketForm;

use crate::capture::Capture;
use crate::digits;
use crate::sound::Sound;
use shelf::Shelf;
pub use wanted::{Loaded, Wanted};

/// The media files of a run. A name is looked for as SIPp does (spec-media §3): `~` is a home folder, an
/// absolute name stands for itself, others are looked for beside the scenario and then in the working folder.
///
/// What was read is kept for the next call that wants it, up to [`MAX_BYTES`]; what no call uses makes room.
/// Threads share a library: only looking up is done under a lock, so two may read the same file at once, and
/// both get the same.
#[derive(Debug, Default)]
pub struct Library {
    /// The folder of the scenario.
    pub folder: Option<PathBuf>,
    captures: Shelf<String, Result<Arc<Capture>, BadMedia>>,
    sounds: Shelf<(String, String), Result<Arc<Sound>, BadMedia>>,
    digits: Shelf<Digits, Arc<Capture>>,
}

/// Why a file cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMedia {
    /// What is wrong and where: the file, the packet or the chunk.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

/// The longest file that is read, bytes.
pub const MAX_FILE: u64 = 512 << 20;
/// What captures may take in memory, bytes; sounds as much again.
pub const MAX_BYTES: u64 = 1 << 30;
/// Names that are remembered, of captures and of sounds each.
const MAX_NAMES: usize = 4096;
/// What remembered digits may take in memory, bytes.
const MAX_DIGIT_BYTES: u64 = 64 << 20;

impl Library {
    /// Makes one for a scenario in this folder.
    pub fn new(folder: Option<PathBuf>) -> Library {
        Library { folder, ..Library::default() }
    }

    /// The capture of this name.
    ///
    /// # Errors
    /// [`BadMedia`]; remembered like a file that can be played, so that a wrong name costs nothing the second
    /// time.
    pub fn capture(&self, name: &str) -> Result<Arc<Capture>, BadMedia> {
        if let Some(known) = self.captures.get(name) {
            return known;
        }
        let capture = match self.stand_in(name) {
            Some(made) => Ok(Arc::new(made)),
            None => self.read(name).and_then(|bytes| Capture::parse(&bytes, name)).map(Arc::new),
        };
        let weight = capture.as_ref().map_or(0, |capture| capture.weight());
        self.captures
            .put(name.to_owned(), capture, weight, LIMITS, in_use)
            .unwrap_or_else(|taken| Err(no_room(name, weight, taken)))
    }

    /// Whether the capture of this name is made here: it is one of SIPp's examples that `uac_pcap` plays, and there is
    /// no such file.
    pub fn is_stand_in(&self, name: &str) -> bool {
        built_in::is_known(name) && lookup::find(name, self.folder.as_deref()).is_err()
    }

    /// The sound of this name as this format wants it: WAV is converted, all else is taken for encoded bytes.
    ///
    /// # Errors
    /// As [`Library::capture`].
    pub fn sound(&self, name: &str, form: &PacketForm) -> Result<Arc<Sound>, BadMedia> {
        let key = Library::sound_key(name, form);
        if let Some(known) = self.sounds.get(&key) {
            return known;
        }
        let sound = self.read(name).and_then(|bytes| Sound::parse(bytes, name, form)).map(Arc::new);
        let weight = sound.as_ref().map_or(0, |sound| sound.bytes.len() as u64);
        self.sounds
            .put(key, sound, weight, LIMITS, in_use)
            .unwrap_or_else(|taken| Err(no_room(name, weight, taken)))
    }

    fn sound_key(name: &str, form: &PacketForm) -> (String, String) {
        (name.to_owned(), form.encoding.to_ascii_uppercase())
    }

    /// Keeps a sound that was made here under a name, as if it had been read from a file.
    pub fn keep(&self, name: &str, form: &PacketForm, sound: Arc<Sound>) {
        let key = Library::sound_key(name, form);
        let weight = sound.bytes.len() as u64;
        // Without room it is a name that is not known.
        let _ = self.sounds.put(key, Ok(sound), weight, LIMITS, in_use);
    }

    /// The events of these digits as a capture (spec-3.8 F): at most [`digits::MAX_DIGITS`].
    pub fn digits(&self, digits: &Digits) -> Arc<Capture> {
        if let Some(known) = self.digits.get(digits) {
            return known;
        }
        let capture = Arc::new(digits::capture(digits));
        let limits = (MAX_NAMES, MAX_DIGIT_BYTES);
        let kept =
            self.digits.put(digits.clone(), Arc::clone(&capture), capture.weight(), limits, |capture| {
                Arc::strong_count(capture) > 1
            });
        // Without room they are made anew each time.
        kept.unwrap_or(capture)
    }

    /// How many files and digits were dropped from memory to make room for others: much more than their
    /// number means that the calls want more files than fit.
    pub fn dropped(&self) -> u64 {
        self.captures.dropped() + self.sounds.dropped() + self.digits.dropped()
    }

    fn stand_in(&self, name: &str) -> Option<Capture> {
        self.is_stand_in(name).then(|| built_in::capture(name)).flatten()
    }

    /// The bytes of a file, found as any other, but not kept.
    ///
    /// # Errors
    /// [`BadMedia`]: not there, not readable, not a plain file, longer than [`MAX_FILE`].
    pub fn read(&self, name: &str) -> Result<Vec<u8>, BadMedia> {
        let path = lookup::find(name, self.folder.as_deref())?;
        read_whole(&path, name)
    }
}

/// Arguments of `play_dtmf`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Digits {
    /// `0`–`9`, `*`, `#`, `A`–`D`; others are left out.
    pub digits: String,
    /// Length of a tone, ms: 50 to 2000.
    pub tone_ms: u32,
    /// Payload type of the events.
    pub payload_type: u8,
}

const LIMITS: (usize, u64) = (MAX_NAMES, MAX_BYTES);

fn in_use<T>(kept: &Result<Arc<T>, BadMedia>) -> bool {
    kept.as_ref().is_ok_and(|media| Arc::strong_count(media) > 1)
}

/// Reads a file, but only a plain one of a length that can be kept: neither a device nor a pipe, which may
/// have no end.
fn read_whole(path: &Path, name: &str) -> Result<Vec<u8>, BadMedia> {
    let unreadable = |error: std::io::Error| BadMedia {
        what: format!("{name}: {} cannot be read: {error}", path.display()),
        help: "check who may read the file".to_owned(),
    };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(BadMedia {
            what: format!("{name}: {} is not a plain file", path.display()),
            help: "name a file; folders, pipes and devices cannot be played".to_owned(),
        });
    }
    if metadata.len() > MAX_FILE {
        return Err(too_long(name, metadata.len()));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // It may have grown since.
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_long(name, bytes.len() as u64));
    }
    Ok(bytes)
}

fn too_long(name: &str, len: u64) -> BadMedia {
    BadMedia {
        what: format!("{name}: {} MiB; files of up to {} MiB are played", len >> 20, MAX_FILE >> 20),
        help: "cut it: of a capture keep one stream with \
               tshark -r in -Y 'udp.dstport == 6000' -F pcap -w out.pcap, or its beginning with \
               editcap -r in out.pcap 1-50000; of a sound with sox in out trim 0 60"
            .to_owned(),
    }
}

fn no_room(name: &str, weight: u64, taken: u64) -> BadMedia {
    BadMedia {
        what: format!(
            "{name}: takes {} KiB, but what calls are playing holds {} of {} MiB, or all {MAX_NAMES} places",
            weight.div_ceil(1024),
            taken >> 20,
            MAX_BYTES >> 20
        ),
        help: "use fewer or shorter files at a time".to_owned(),
    }
}

#[cfg(test)]
mod tests;
