//! Example media, made by code and by a seed alone: tones, digits, something like speech, and files of them.
//! For tests, the demonstration and the documents; nothing is copied from anywhere.
//!
//! Samples are linear, 16 bits. Levels are those of G.711: a full-scale sine is +3.14 dBm0.

mod capture;
mod example;
mod speech;
mod wave;

pub use capture::{digit_capture, rtp_capture, write_pcap};
pub use example::{EXAMPLES, example_file};
pub use speech::speech;
pub use wave::write_wav;

/// Peak of a sine of 0 dBm0 (G.711 note to table 5: full scale is 3.14 dBm0).
const ZERO_DBM0: f64 = 22_826.0;

/// A sine of `ms` milliseconds at `level_dbm0`, `rate` samples a second.
pub fn tone(hz: f64, level_dbm0: f64, ms: u32, rate: u32) -> Vec<i16> {
    tones(&[hz], level_dbm0, ms, rate)
}

/// Digits as in-band tones (ITU-T Q.23): each of `tone_ms` with as much silence behind it, both frequencies
/// at −8 dBm0. What is no digit (`0`–`9`, `*`, `#`, `A`–`D`) is silence.
pub fn digits_inband(digits: &str, tone_ms: u32, rate: u32) -> Vec<i16> {
    let mut samples = Vec::new();
    for digit in digits.chars() {
        match frequencies(digit) {
            Some(pair) => samples.extend(tones(&pair, -8.0, tone_ms, rate)),
            None => samples.extend(silence(tone_ms, rate)),
        }
        samples.extend(silence(tone_ms, rate));
    }
    samples
}

/// No sound.
pub fn silence(ms: u32, rate: u32) -> Vec<i16> {
    vec![0; count(ms, rate)]
}

/// The two frequencies of a digit, Hz (Q.23 figure 1).
fn frequencies(digit: char) -> Option<[f64; 2]> {
    let place = "123A456B789C*0#D".find(digit)?;
    Some([[697.0, 770.0, 852.0, 941.0][place / 4], [1209.0, 1336.0, 1477.0, 1633.0][place % 4]])
}

fn tones(frequencies: &[f64], level_dbm0: f64, ms: u32, rate: u32) -> Vec<i16> {
    let peak = ZERO_DBM0 * 10_f64.powf(level_dbm0 / 20.0);
    let sample = |n: usize| {
        let turn = std::f64::consts::TAU * n as f64 / f64::from(rate);
        to_sample(frequencies.iter().map(|hz| peak * (turn * hz).sin()).sum())
    };
    (0..count(ms, rate)).map(sample).collect()
}

fn count(ms: u32, rate: u32) -> usize {
    (u64::from(ms) * u64::from(rate) / 1000) as usize
}

fn to_sample(value: f64) -> i16 {
    value.round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests;
