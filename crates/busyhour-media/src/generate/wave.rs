//! WAV files.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

/// A WAV file of these samples: PCM, 16 bits. With several channels they come in turn; an incomplete last
/// frame is left out. Empty if `channels` or `rate` is 0.
pub fn write_wav(samples: &[i16], channels: u16, rate: u32) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    if channels == 0 || rate == 0 {
        return file.into_inner();
    }
    let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let whole = samples.len() - samples.len() % usize::from(channels);
    let mut write = || {
        let mut writer = WavWriter::new(&mut file, spec)?;
        for &sample in &samples[..whole] {
            writer.write_sample(sample)?;
        }
        writer.finalize()
    };
    // Writing to memory fails only past the 4 GiB that a WAV file can have.
    if write().is_err() { Vec::new() } else { file.into_inner() }
}
