//! Files whose names come up in the run.

use std::sync::Arc;

use busyhour_wire::rtp::PacketForm;

use super::{BadMedia, Library};
use crate::capture::Capture;
use crate::sound::Sound;

/// A file that is to be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The capture of this name.
    Capture(String),
    /// The sound of this name, in this form.
    Sound(String, PacketForm),
}

/// What such a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loaded {
    /// Of a capture.
    Capture(Arc<Capture>),
    /// Of a sound.
    Sound(Arc<Sound>),
}

impl Wanted {
    /// The name of the file.
    pub fn name(&self) -> &str {
        match self {
            Wanted::Capture(name) | Wanted::Sound(name, _) => name,
        }
    }
}

impl Library {
    /// What is known of a file without reading it: what it holds, or why it can't be played.
    pub fn known(&self, wanted: &Wanted) -> Option<Result<Loaded, BadMedia>> {
        match wanted {
            Wanted::Capture(name) => Some(self.captures.get(name.as_str())?.map(Loaded::Capture)),
            Wanted::Sound(name, form) => {
                Some(self.sounds.get(&Library::sound_key(name, form))?.map(Loaded::Sound))
            }
        }
    }

    /// Reads a file, unless it is known. That takes milliseconds, and seconds for minutes of sound.
    ///
    /// # Errors
    /// As [`Library::capture`].
    pub fn load(&self, wanted: &Wanted) -> Result<Loaded, BadMedia> {
        match wanted {
            Wanted::Capture(name) => self.capture(name).map(Loaded::Capture),
            Wanted::Sound(name, form) => self.sound(name, form).map(Loaded::Sound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_known() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.raw"), [0xd5; 160]).unwrap();
        let library = Library::new(Some(folder.path().to_owned()));
        let form = PacketForm::telephone(8, "PCMA");
        for (wanted, plays) in [
            (Wanted::Sound("a.raw".to_owned(), form.clone()), true),
            (Wanted::Sound("b.raw".to_owned(), form), false),
            (Wanted::Capture("a.raw".to_owned()), false),
        ] {
            assert_eq!(library.known(&wanted), None);
            let loaded = library.load(&wanted);
            assert_eq!(loaded.is_ok(), plays, "{wanted:?}");
            assert_eq!(library.known(&wanted), Some(loaded));
        }
    }
}
