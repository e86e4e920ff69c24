//! RIFF/WAVE files: chunk by chunk, forgiving what recorders and pipes leave wrong in headers.

use crate::codec::g711;
use crate::library::BadMedia;

/// The format and the data of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wav<'a> {
    pub(super) coding: Coding,
    pub(super) channels: u16,
    /// Frames a second.
    pub(super) rate: u32,
    /// Only for codings that are known: whole frames, at least one.
    pub(super) data: &'a [u8],
}

/// How samples are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Unsigned, 8 bits.
    Pcm8,
    /// Signed, 16 bits.
    Pcm16,
    /// Signed, 24 bits.
    Pcm24,
    /// Signed, 32 bits.
    Pcm32,
    /// Float, 32 bits, full scale 1.
    Float32,
    /// Float, 64 bits.
    Float64,
    /// G.711.
    ALaw,
    /// G.711.
    MuLaw,
    /// Anything else, by its format tag.
    Other(u16),
}

/// G.722 as some recorders number it.
pub(super) const G722: u16 = 0x028f;
/// The number it was registered with.
pub(super) const G722_OLD: u16 = 0x0065;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;
/// What programs write before they know the length: from here on a length means "to the end of the file".
const UNKNOWN_LEN: u32 = 0x7fff_f000;
/// Frames that are decoded at a time.
const BLOCK: usize = 4096;
const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;
const MAX_CHANNELS: u16 = 64;

/// Whether a file says that it is RIFF/WAVE, or one of its 64-bit forms.
pub(super) fn is_wave(bytes: &[u8]) -> bool {
    matches!(bytes.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && bytes.get(8..12) == Some(b"WAVE")
}

impl<'a> Wav<'a> {
    pub(super) fn parse(bytes: &'a [u8], name: &str) -> Result<Wav<'a>, BadMedia> {
        let mut format = None;
        let mut rest = bytes.get(12..).unwrap_or_default();
        while let Some((head, after)) = rest.split_first_chunk::<8>() {
            let stated = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            let id = &head[..4];
            if id == b"data" {
                let Some(format) = format else { return Err(no_format(name)) };
                return Wav::with_data(format, after, stated, name);
            }
            let len = stated as usize;
            let body = after.get(..len).ok_or_else(|| cut_chunk(name, id, stated, after.len()))?;
            if id == b"fmt " {
                format = Some(Format::parse(body, name)?);
            }
            // Chunks begin at even places, but not all programs pad them.
            let padding = usize::from(len % 2 == 1 && after.get(len) == Some(&0));
            rest = &after[len + padding..];
        }
        Err(BadMedia {
            what: format!("{name}: a WAV file without a data chunk"),
            help: "it was not written to its end; record or copy it again".to_owned(),
        })
    }

    fn with_data(format: Format, after: &'a [u8], stated: u32, name: &str) -> Result<Wav<'a>, BadMedia> {
        let Format { coding, channels, rate } = format;
        let known = stated != 0 && stated < UNKNOWN_LEN;
        let data = match after.get(..stated as usize).filter(|_| known) {
            Some(data) => data,
            None if known => return Err(cut_chunk(name, b"data", stated, after.len())),
            None => after,
        };
        let frame = coding.width().map_or(1, |width| width * usize::from(channels));
        let odd = data.len() % frame;
        if known && odd != 0 {
            return Err(BadMedia {
                what: format!(
                    "{name}: its data chunk of {stated} bytes ends in the middle of a frame of {frame} bytes"
                ),
                help: "its header does not fit its data; write it again: sox in.wav out.wav".to_owned(),
            });
        }
        let data = &data[..data.len() - odd];
        if data.is_empty() {
            return Err(BadMedia {
                what: format!("{name}: a WAV file without any sound"),
                help: "record it again".to_owned(),
            });
        }
        Ok(Wav { coding, channels, rate, data })
    }

    /// Number of frames: samples of one channel.
    pub(super) fn frames(&self) -> usize {
        self.data.len() / self.frame_len()
    }

    /// One channel at 8 kHz, as G.711 wants it.
    pub(super) fn is_narrow_mono(&self) -> bool {
        self.channels == 1 && self.rate == 8_000
    }

    /// The next frames from `at` on, each mixed to one sample at the scale of 16 bits; false at the end.
    pub(super) fn mix(&self, at: usize, block: &mut Vec<f32>) -> bool {
        block.clear();
        let len = self.frame_len();
        let width = len / usize::from(self.channels);
        let frames = self.data.chunks_exact(len).skip(at).take(BLOCK);
        block.extend(frames.map(|frame| {
            let sum: f32 = frame.chunks_exact(width).map(|sample| self.coding.sample(sample)).sum();
            sum / f32::from(self.channels)
        }));
        !block.is_empty()
    }

    fn frame_len(&self) -> usize {
        self.coding.width().unwrap_or(1) * usize::from(self.channels)
    }
}

#[derive(Debug, Clone, Copy)]
struct Format {
    coding: Coding,
    channels: u16,
    rate: u32,
}

impl Format {
    /// Reads a format chunk, of the old 14 or 16 bytes or longer.
    fn parse(body: &[u8], name: &str) -> Result<Format, BadMedia> {
        let short = |at: usize| body.get(at..at + 2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let fields = (|| {
            let rate = body.get(4..8)?;
            let rate = u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]]);
            Some((short(0)?, short(2)?, rate, short(12)?))
        })();
        let Some((mut tag, channels, rate, frame)) = fields else {
            return Err(BadMedia {
                what: format!("{name}: a format chunk of {} bytes; at least 14 are needed", body.len()),
                help: "its header is damaged; write it again: sox in.wav out.wav".to_owned(),
            });
        };
        if !(1..=MAX_CHANNELS).contains(&channels) || !RATES.contains(&rate) {
            return Err(BadMedia {
                what: format!("{name}: {channels} channels of {rate} Hz"),
                help: format!(
                    "1 to {MAX_CHANNELS} channels of 1000 to 768000 Hz are played; if it has others: \
                     sox in.wav -c 1 -r 8000 out.wav; else its header is damaged: record it again"
                ),
            });
        }
        if tag == EXTENSIBLE {
            // The first field of the sub-format.
            tag = short(24).unwrap_or(PCM);
        }
        // The width that samples take comes from the frame's length; the number of bits may be less,
        // left-aligned.
        let bits = short(14).unwrap_or(0);
        let width = match frame / channels {
            0 => bits.div_ceil(8),
            bytes => bytes,
        };
        let coding = match (tag, width) {
            (PCM, 1) => Coding::Pcm8,
            (PCM, 2) => Coding::Pcm16,
            (PCM, 3) => Coding::Pcm24,
            (PCM, 4) => Coding::Pcm32,
            (FLOAT, 4) => Coding::Float32,
            (FLOAT, 8) => Coding::Float64,
            (ALAW, 1) => Coding::ALaw,
            (MULAW, 1) => Coding::MuLaw,
            (PCM | FLOAT | ALAW | MULAW, _) => {
                return Err(BadMedia {
                    what: format!("{name}: samples of {width} bytes (format {tag}, {bits} bits)"),
                    help: "write it with 16 bits: sox in.wav -e signed-integer -b 16 out.wav".to_owned(),
                });
            }
            (other, _) => Coding::Other(other),
        };
        Ok(Format { coding, channels, rate })
    }
}

impl Coding {
    /// Bytes of a sample; `None` if unknown.
    fn width(self) -> Option<usize> {
        match self {
            Coding::Pcm8 | Coding::ALaw | Coding::MuLaw => Some(1),
            Coding::Pcm16 => Some(2),
            Coding::Pcm24 => Some(3),
            Coding::Pcm32 | Coding::Float32 => Some(4),
            Coding::Float64 => Some(8),
            Coding::Other(_) => None,
        }
    }

    /// A sample at the scale of 16 bits; 0 for a float that is no number, and for codings that are not known.
    fn sample(self, bytes: &[u8]) -> f32 {
        let value = match (self, bytes) {
            (Coding::Pcm8, &[a]) => (f32::from(a) - 128.0) * 256.0,
            (Coding::ALaw, &[a]) => g711::decode_alaw(a).into(),
            (Coding::MuLaw, &[a]) => g711::decode_ulaw(a).into(),
            (Coding::Pcm16, &[a, b]) => i16::from_le_bytes([a, b]).into(),
            (Coding::Pcm24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 65_536.0,
            (Coding::Pcm32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 65_536.0,
            (Coding::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]) * 32_768.0,
            (Coding::Float64, &[a, b, c, d, e, f, g, h]) => {
                (f64::from_le_bytes([a, b, c, d, e, f, g, h]) * 32_768.0) as f32
            }
            _ => 0.0,
        };
        // What is no number must not spread through filters; what is too loud is cut.
        if value.is_nan() { 0.0 } else { value.clamp(-32_768.0, 32_767.0) }
    }
}

fn no_format(name: &str) -> BadMedia {
    BadMedia {
        what: format!("{name}: a WAV file whose data comes without a format chunk before it"),
        help: "its header is damaged; write it again: sox in.wav out.wav".to_owned(),
    }
}

fn cut_chunk(name: &str, id: &[u8], stated: u32, there: usize) -> BadMedia {
    BadMedia {
        what: format!(
            "{name}: cut off: chunk \"{}\" has {stated} bytes by its header, but {there} are there",
            id.escape_ascii()
        ),
        help: "copy the file again, or have its header written anew: sox --ignore-length in.wav out.wav"
            .to_owned(),
    }
}
