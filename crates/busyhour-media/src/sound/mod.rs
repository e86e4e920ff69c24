//! Sounds: encoded audio or video without packets around it.

mod describe;
mod resample;
mod wav;

use busyhour_wire::rtp::PacketForm;

use crate::codec::{g711, g722};
use crate::library::{BadMedia, MAX_FILE};
pub use describe::{Wave, describe_wave};
use resample::Resampler;
use wav::{Coding, Wav};

/// Bytes of a codec, encoded once and shared by all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sound {
    /// In the order of time; never empty.
    pub bytes: Vec<u8>,
}

impl Sound {
    /// Makes a sound from a file. A RIFF/WAVE file is converted to the form's encoding if that is PCMU, PCMA
    /// (8 kHz) or G722 (16 kHz), whatever its rate, width and number of channels; a file of the same G.711
    /// law in one channel at 8 kHz passes as it is. Of a WAVE file of another codec the data is taken.
    /// Anything else is encoded bytes already.
    ///
    /// `name` stands in messages.
    ///
    /// # Errors
    /// [`BadMedia`]: empty, a damaged WAVE file, or one that cannot be made into this encoding.
    pub fn parse(bytes: Vec<u8>, name: &str, form: &PacketForm) -> Result<Sound, BadMedia> {
        if bytes.is_empty() {
            return Err(BadMedia {
                what: format!("{name}: an empty file, nothing to play"),
                help: "name a WAV file, or one with the encoded bytes of the payload".to_owned(),
            });
        }
        if !wav::is_wave(&bytes) {
            return Ok(Sound { bytes });
        }
        let wave = Wav::parse(&bytes, name)?;
        let bytes = match (Target::of(form), wave.coding) {
            (Some(Target::ALaw), Coding::ALaw) if wave.is_narrow_mono() => wave.data.to_vec(),
            (Some(Target::MuLaw), Coding::MuLaw) if wave.is_narrow_mono() => wave.data.to_vec(),
            (Some(Target::G722), Coding::Other(wav::G722 | wav::G722_OLD)) => wave.data.to_vec(),
            (Some(_), Coding::Other(tag)) => return Err(unknown_coding(name, tag, form)),
            (Some(target), _) => target.encode(&wave, name)?,
            (None, Coding::Other(_)) => wave.data.to_vec(),
            (None, _) => return Err(cannot_encode(name, form)),
        };
        Ok(Sound { bytes })
    }
}

/// What WAVE files can be made into.
#[derive(Debug, Clone, Copy)]
enum Target {
    ALaw,
    MuLaw,
    G722,
}

impl Target {
    fn of(form: &PacketForm) -> Option<Target> {
        [("PCMA", Target::ALaw), ("PCMU", Target::MuLaw), ("G722", Target::G722)]
            .into_iter()
            .find(|(encoding, _)| form.encoding.eq_ignore_ascii_case(encoding))
            .map(|(_, target)| target)
    }

    /// Samples that its encoder wants, Hz. G.722 is 16 kHz though its RTP clock is not (RFC 3551 §4.5.2).
    fn rate(self) -> u32 {
        match self {
            Target::ALaw | Target::MuLaw => 8_000,
            Target::G722 => 16_000,
        }
    }

    fn encode(self, wave: &Wav<'_>, name: &str) -> Result<Vec<u8>, BadMedia> {
        let seconds = wave.frames() as u64 / u64::from(wave.rate);
        if seconds * 8_000 > MAX_FILE {
            return Err(BadMedia {
                what: format!("{name}: {} hours of sound", seconds / 3600),
                help: "cut it, for example to a minute: sox in.wav out.wav trim 0 60".to_owned(),
            });
        }
        let mut resampler = Resampler::new(wave.rate, self.rate());
        let mut bytes = Vec::new();
        let mut encoder = g722::Encoder::default();
        let mut waiting = None;
        let mut put = |sample: f32| {
            let sample = sample.round().clamp(-32_768.0, 32_767.0) as i16;
            match (self, waiting.take()) {
                (Target::ALaw, _) => bytes.push(g711::encode_alaw(sample)),
                (Target::MuLaw, _) => bytes.push(g711::encode_ulaw(sample)),
                (Target::G722, Some(before)) => bytes.push(encoder.encode([before, sample])),
                (Target::G722, None) => waiting = Some(sample),
            }
        };
        let mut block = Vec::new();
        let mut at = 0;
        while wave.mix(at, &mut block) {
            at += block.len();
            resampler.push(&block, &mut put);
        }
        resampler.finish(&mut put);
        if let Some(last) = waiting {
            bytes.push(encoder.encode([last, 0]));
        }
        Ok(bytes)
    }
}

fn unknown_coding(name: &str, tag: u16, form: &PacketForm) -> BadMedia {
    BadMedia {
        what: format!("{name}: a WAV file of coding {tag:#06x}, which cannot be made into {}", form.encoding),
        help: "convert it to PCM: sox in.wav -e signed-integer -b 16 out.wav".to_owned(),
    }
}

fn cannot_encode(name: &str, form: &PacketForm) -> BadMedia {
    BadMedia {
        what: format!(
            "{name}: a WAV file cannot be made into {} here, only into PCMU, PCMA and G722",
            form.encoding
        ),
        help: format!("encode it to a file of bare {} payload and name that", form.encoding),
    }
}

#[cfg(test)]
mod tests;
