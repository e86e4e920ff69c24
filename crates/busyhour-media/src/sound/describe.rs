//! What a WAV file is, in words.

use super::wav::{self, Coding, Wav};
use crate::library::BadMedia;

/// A WAV file as its header says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// How samples are written, in words: `PCM, 16 bits`.
    pub coding: String,
    /// 1 to 64.
    pub channels: u16,
    /// Samples of a channel in a second.
    pub rate_hz: u32,
    /// Samples of a channel; `None` if the coding is one that is not converted.
    pub frames: Option<u64>,
}

/// Describes a WAV file; `None` if these bytes are none. `name` stands in messages.
///
/// # Errors
/// [`BadMedia`]: it is damaged, or holds no sound.
pub fn describe_wave(bytes: &[u8], name: &str) -> Result<Option<Wave>, BadMedia> {
    if !wav::is_wave(bytes) {
        return Ok(None);
    }
    let wave = Wav::parse(bytes, name)?;
    let (coding, is_known) = match wave.coding {
        Coding::Pcm8 => ("PCM, 8 bits".to_owned(), true),
        Coding::Pcm16 => ("PCM, 16 bits".to_owned(), true),
        Coding::Pcm24 => ("PCM, 24 bits".to_owned(), true),
        Coding::Pcm32 => ("PCM, 32 bits".to_owned(), true),
        Coding::Float32 => ("float, 32 bits".to_owned(), true),
        Coding::Float64 => ("float, 64 bits".to_owned(), true),
        Coding::ALaw => ("G.711 A-law".to_owned(), true),
        Coding::MuLaw => ("G.711 µ-law".to_owned(), true),
        Coding::Other(wav::G722 | wav::G722_OLD) => ("G.722".to_owned(), false),
        Coding::Other(tag) => (format!("format {tag:#06x}"), false),
    };
    let frames = is_known.then(|| wave.frames() as u64);
    Ok(Some(Wave { coding, channels: wave.channels, rate_hz: wave.rate, frames }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    #[test]
    fn header_is_told() {
        let file = generate::write_wav(&[0; 1600], 2, 16_000);
        let wave = describe_wave(&file, "x.wav").unwrap().unwrap();
        assert_eq!((wave.coding.as_str(), wave.channels, wave.rate_hz), ("PCM, 16 bits", 2, 16_000));
        assert_eq!(wave.frames, Some(800));
        assert_eq!(describe_wave(b"RIFF", "x").unwrap(), None);
        assert!(describe_wave(&file[..40], "x.wav").is_err());
    }
}
