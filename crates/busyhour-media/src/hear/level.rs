//! How loud G.711 is, and how much of it is dead air; its blocks are searched for digits too.
//!
//! Sound is taken in blocks of 105 samples (13.1 ms). Of each, every third sample is looked at: enough for
//! the power of speech within a few tenths of a decibel, at a third of the cost.

use super::dtmf::{self, BLOCK, Dtmf};
use crate::codec::g711;

/// Which of the two laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    /// PCMU.
    Mu,
    /// PCMA.
    A,
}

impl Law {
    /// The code of silence.
    const fn silence(self) -> u8 {
        match self {
            Law::Mu => 0xff,
            Law::A => 0xd5,
        }
    }

    /// Linear samples of all codes, full scale at ±32768.
    const fn table(self) -> &'static [f32; 256] {
        match self {
            Law::Mu => &MU,
            Law::A => &A,
        }
    }
}

/// Mean square of a sine at 0 dBm0 in [`Law::table`]'s units: full scale is 3.17 dBm0 (G.711 table 2; 3.14
/// for A-law, taken as the same here).
pub(super) const POWER_0_DBM0: f64 = 32_768.0 * 32_768.0 / 2.0 / 2.074_914; // 10^0.317

/// Power of a block from which it is no dead air: −50 dBm0.
const DEAD: f32 = (POWER_0_DBM0 * 1e-5 * dtmf::THIRD as f64) as f32;

/// The lowest level that is told: digital silence has none.
const LEVEL_MIN: f64 = -90.0;

/// The sound of one source.
#[derive(Debug, Clone)]
pub(super) struct Level {
    law: Law,
    /// The beginning of a block that is not complete.
    partial: [u8; BLOCK],
    filled: u8,
    /// All samples, those of incomplete blocks included; of the first six days.
    samples: u32,
    blocks: Blocks,
}

/// What was found in complete blocks.
#[derive(Debug, Clone, Default)]
struct Blocks {
    loud: u32,
    quiet: u32,
    loud_power: f64,
    quiet_power: f64,
    dtmf: Dtmf,
}

impl Blocks {
    fn take(&mut self, table: &[f32; 256], block: &[u8; BLOCK], digits: bool) -> Option<u8> {
        let third = dtmf::third(table, block);
        let energy = dtmf::dot(&third, &third);
        if energy < DEAD {
            self.quiet += 1;
            self.quiet_power += f64::from(energy);
        } else {
            self.loud += 1;
            self.loud_power += f64::from(energy);
        }
        if digits { self.dtmf.take(table, block, &third, energy) } else { None }
    }
}

impl Level {
    /// Makes one that has heard nothing.
    pub(super) fn new(law: Law) -> Level {
        Level { law, partial: [0; BLOCK], filled: 0, samples: 0, blocks: Blocks::default() }
    }

    /// Changes the law, if it is another.
    pub(super) fn set_law(&mut self, law: Law) {
        if self.law != law {
            self.law = law;
            self.filled = 0;
        }
    }

    /// Between the last payload and the next one the sender was silent and sent nothing. Gives the digit that this ends.
    pub(super) fn pause(&mut self) -> Option<u8> {
        let filled = usize::from(std::mem::take(&mut self.filled));
        let blocks = &mut self.blocks;
        let ended = blocks.dtmf.is_undecided().then(|| {
            self.partial[filled..].fill(self.law.silence());
            blocks.dtmf.take_block(self.law.table(), &self.partial)
        });
        blocks.dtmf.pause();
        ended.flatten()
    }

    /// Takes what follows the last payload; `follows` is false if something was lost between. With `digits`,
    /// gives the digits that were recognised.
    pub(super) fn take(
        &mut self,
        mut payload: &[u8],
        follows: bool,
        digits: bool,
        mut heard: impl FnMut(u8),
    ) {
        if !follows && self.samples > 0 {
            self.filled = 0;
            self.blocks.dtmf.lose();
        }
        // A datagram has no more than 2^16.
        self.samples = self.samples.saturating_add(payload.len() as u32);
        let table = self.law.table();
        let filled = usize::from(self.filled);
        if filled > 0 {
            let (head, rest) = payload.split_at(payload.len().min(BLOCK - filled));
            self.partial[filled..filled + head.len()].copy_from_slice(head);
            self.filled += head.len() as u8;
            payload = rest;
            if usize::from(self.filled) < BLOCK {
                return;
            }
            if let Some(digit) = self.blocks.take(table, &self.partial, digits) {
                heard(digit);
            }
        }
        let (blocks, rest) = payload.as_chunks::<BLOCK>();
        for block in blocks {
            if let Some(digit) = self.blocks.take(table, block, digits) {
                heard(digit);
            }
        }
        self.partial[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len() as u8;
    }

    /// Seconds of sound above −50 dBm0: that part of what was taken that the complete blocks have.
    pub(super) fn loud_seconds(&self) -> f64 {
        let (loud, quiet) = (f64::from(self.blocks.loud), f64::from(self.blocks.quiet));
        if loud == 0.0 { 0.0 } else { f64::from(self.samples) / 8_000.0 * loud / (loud + quiet) }
    }

    /// Mean power of what is above −50 dBm0, in dBm0; of everything if nothing is, down to −90. `None` before
    /// the first block.
    pub(super) fn dbm0(&self) -> Option<f64> {
        let found = &self.blocks;
        let (power, blocks) =
            if found.loud > 0 { (found.loud_power, found.loud) } else { (found.quiet_power, found.quiet) };
        if blocks == 0 {
            return None;
        }
        let mean = power / (f64::from(blocks) * dtmf::THIRD as f64);
        Some((10.0 * (mean / POWER_0_DBM0).log10()).max(LEVEL_MIN))
    }
}

static MU: [f32; 256] = floats(&g711::ULAW);
static A: [f32; 256] = floats(&g711::ALAW);

const fn floats(samples: &[i16; 256]) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = samples[code] as f32;
        code += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine of a frequency and level, encoded.
    fn sine(law: Law, hz: f64, dbm0: f64, samples: usize) -> Vec<u8> {
        let peak = 32_767.0 * 10_f64.powf((dbm0 - 3.17) / 20.0);
        (0..samples)
            .map(|n| {
                let linear = (peak * (n as f64 * hz * std::f64::consts::TAU / 8_000.0).sin()).round() as i16;
                match law {
                    Law::Mu => g711::encode_ulaw(linear),
                    Law::A => g711::encode_alaw(linear),
                }
            })
            .collect()
    }

    fn level(law: Law, payloads: &[Vec<u8>]) -> Level {
        let mut level = Level::new(law);
        for payload in payloads {
            level.take(payload, true, true, |_| {});
        }
        level
    }

    #[test]
    fn levels_of_sines() {
        for law in [Law::Mu, Law::A] {
            for dbm0 in [3.0, 0.0, -10.0, -20.0, -36.0, -45.0] {
                for hz in [300.0, 1_020.0, 2_900.0] {
                    let found = level(law, &[sine(law, hz, dbm0, 8_000)]).dbm0().unwrap();
                    assert!((found - dbm0).abs() < 0.6, "{law:?} {hz} Hz: {dbm0} dBm0 is heard as {found}");
                }
            }
        }
    }

    #[test]
    fn silence_is_dead_air() {
        for (law, code) in [(Law::Mu, 0xff), (Law::A, 0xd5)] {
            let silent = level(law, &[vec![code; 8_000]]);
            assert_eq!(silent.loud_seconds(), 0.0);
            assert!(silent.dbm0().unwrap() < -60.0);
            let quiet = level(law, &[sine(law, 440.0, -53.0, 8_000)]);
            assert_eq!(quiet.loud_seconds(), 0.0);
            let half = level(law, &[sine(law, 440.0, -20.0, 8_000), vec![code; 8_000]]);
            assert!((half.loud_seconds() - 1.0).abs() < 0.02);
            assert!((half.dbm0().unwrap() + 20.0).abs() < 0.6);
        }
        assert_eq!(Level::new(Law::Mu).dbm0(), None);
    }

    #[test]
    fn packets_of_any_length_give_the_same_blocks() {
        let sound = sine(Law::A, 700.0, -12.0, 10 * 1_050);
        let whole = level(Law::A, std::slice::from_ref(&sound));
        for len in [1, 7, 104, 105, 106, 160, 240, 1_000] {
            let parts: Vec<_> = sound.chunks(len).map(<[u8]>::to_vec).collect();
            let cut = level(Law::A, &parts);
            assert_eq!(
                (cut.blocks.loud, cut.blocks.loud_power),
                (whole.blocks.loud, whole.blocks.loud_power)
            );
        }
    }
}
