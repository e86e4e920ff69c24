//! Something like speech: a voice and noise through formants, in syllables, words and pauses.

use std::f64::consts::{PI, TAU};

use super::{ZERO_DBM0, count, to_sample};
use crate::SplitMix64;

/// Something like speech, `ms` long: the same for the same seed. Level about −20 dBm0 while it speaks, as of
/// a telephone (ITU-T P.56's active level); it speaks about two thirds of the time.
pub fn speech(seed: u64, ms: u32, rate: u32) -> Vec<i16> {
    let mut dice = SplitMix64(seed);
    let total = count(ms, rate);
    let mut voice: Vec<f64> = Vec::with_capacity(total);
    let mut spoken = vec![false; total];
    while voice.len() < total {
        for _ in 0..3 + (dice.fraction() * 5.0) as usize {
            let from = voice.len().min(total);
            syllable(&mut voice, &mut dice, rate);
            let to = voice.len().min(total);
            spoken[from..to].fill(true);
        }
        voice.resize(voice.len() + count(150 + (dice.fraction() * 900.0) as u32, rate), 0.0);
    }
    voice.truncate(total);
    let active = spoken.iter().filter(|&&spoken| spoken).count().max(1);
    let power = voice.iter().map(|value| value * value).sum::<f64>() / active as f64;
    let wanted = ZERO_DBM0 / 2_f64.sqrt() * 10_f64.powf(-20.0 / 20.0);
    let gain = if power > 0.0 { wanted / power.sqrt() } else { 0.0 };
    voice.iter().map(|value| to_sample(value * gain)).collect()
}

/// Adds a syllable of 120 to 320 ms: a breath of noise, then a voice whose pitch falls, through three
/// formants.
fn syllable(out: &mut Vec<f64>, dice: &mut SplitMix64, rate: u32) {
    let len = count(120 + (dice.fraction() * 200.0) as u32, rate);
    let breath = len / 6;
    let mut pitch = 95.0 + dice.fraction() * 60.0;
    let mut formants = [
        Resonator::new(300.0 + dice.fraction() * 450.0, 90.0, rate),
        Resonator::new(900.0 + dice.fraction() * 1300.0, 120.0, rate),
        Resonator::new(2300.0 + dice.fraction() * 600.0, 180.0, rate),
    ];
    let mut phase = 0.0;
    for n in 0..len {
        pitch *= 0.999_98;
        phase += pitch / f64::from(rate);
        let pulse = if phase >= 1.0 {
            phase -= 1.0;
            1.0
        } else {
            0.0
        };
        let noise = dice.fraction() - 0.5;
        let source = if n < breath { 0.25 * noise } else { pulse + 0.03 * noise };
        let sum: f64 =
            formants.iter_mut().zip([1.0, 0.6, 0.3]).map(|(formant, part)| part * formant.pass(source)).sum();
        out.push(sum * (PI * (n as f64 + 0.5) / len as f64).sin());
    }
}

/// A resonance of two poles.
struct Resonator {
    gain: f64,
    poles: [f64; 2],
    past: [f64; 2],
}

impl Resonator {
    fn new(hz: f64, bandwidth: f64, rate: u32) -> Resonator {
        let rate = f64::from(rate);
        let radius = (-PI * bandwidth / rate).exp();
        let turn = TAU * hz.min(0.45 * rate) / rate;
        Resonator { gain: 1.0 - radius, poles: [2.0 * radius * turn.cos(), -radius * radius], past: [0.0; 2] }
    }

    fn pass(&mut self, input: f64) -> f64 {
        let value = self.gain * input + self.poles[0] * self.past[0] + self.poles[1] * self.past[1];
        self.past = [value, self.past[0]];
        value
    }
}
