//! Captures and sounds by name: read once, shared, bounded.

use std::path::PathBuf;
use std::sync::Arc;

use busyhour_wire::rtp::PacketForm;

use crate::capture::Capture;
use crate::sound::Sound;

/// The media files of a run. A name is looked for as SIPp does (spec-media §3): `~` is a home folder, an absolute name
/// stands for itself, others are looked for beside the scenario and then in the working folder.
#[derive(Debug, Default)]
pub struct Library {
    /// The folder of the scenario.
    pub folder: Option<PathBuf>,
}

/// Why a file cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadMedia {
    /// What is wrong and where: the file, the packet or the chunk.
    pub what: String,
    /// How to mend it.
    pub help: String,
}

impl Library {
    /// The capture of this name.
    ///
    /// # Errors
    /// [`BadMedia`]; remembered like a file that can be played, so that a wrong name costs nothing the second time.
    pub fn capture(&self, name: &str) -> Result<Arc<Capture>, BadMedia> {
        let _ = name;
        Err(BadMedia { what: "no captures yet".to_owned(), help: String::new() })
    }

    /// The sound of this name as this format wants it: WAV is converted, all else is taken for encoded bytes.
    ///
    /// # Errors
    /// As [`Library::capture`].
    pub fn sound(&self, name: &str, form: &PacketForm) -> Result<Arc<Sound>, BadMedia> {
        let _ = (name, form);
        Err(BadMedia { what: "no sounds yet".to_owned(), help: String::new() })
    }

    /// The events of these digits as a capture (spec-3.8 F).
    pub fn digits(&self, digits: &Digits) -> Arc<Capture> {
        let _ = digits;
        Arc::default()
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
