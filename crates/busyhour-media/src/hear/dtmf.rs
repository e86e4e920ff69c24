//! Digits as tones in G.711 (ITU-T Q.23, Q.24): two sines, one of each group, in blocks of 105 samples.
//!
//! Each look is at what passed the one before: is the block louder than −36 dBm0; do neighbours among every
//! third sample differ as those of such tones do; is half of the power, as these samples show it, near two of
//! the frequencies; is it so with all samples; are two sines nearly all there is ([`tones`]). The powers at
//! the eight frequencies come from sums of products with sines and cosines, which is what Goertzel's
//! recursion computes too, but without its chain of dependencies. Among every third sample 1477 Hz appears at
//! 1190 Hz, near 1209, and 1336 Hz, near half the rate, may vanish, so there the frequencies are not chosen
//! yet.

use std::sync::LazyLock;

use super::level::POWER_0_DBM0;
use super::tones;

/// Samples of a block: 13.1 ms. The width of 76 Hz tells the frequencies apart, which are 70 Hz or more from
/// each other.
pub(super) const BLOCK: usize = 105;
/// Samples looked at first: every third.
pub(super) const THIRD: usize = BLOCK / 3;

/// Q.23: the low group, then the high group.
pub(super) const FREQUENCIES: [f64; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];
pub(super) const KEYS: [[u8; 4]; 4] = [*b"123A", *b"456B", *b"789C", *b"*0#D"];

/// Lowest level of a block with a digit: −36 dBm0. Q.24's administrations ask for tones down to −24 to −27 dBm.
const ENERGY_MIN: f32 = (POWER_0_DBM0 * 0.000_251_188_6 * THIRD as f64) as f32;
/// Pairs of neighbours among every third sample.
const NEIGHBOURS: usize = THIRD - 1;
/// Their highest correlation in a block with a digit. The cosine of the phase between two samples is −0.07 or
/// less for each low tone, −0.76 or less for each high one, so it is −0.15 at most at the highest twist; the
/// rest is for what the ends of the block cut off. Most voices are above: their power is below 667 Hz.
const NEIGHBOURS_ALIKE: f32 = 0.1;
/// Part of a block's power near two of the frequencies, from every third sample, that makes it worth a closer
/// look.
const SHARE_THIRD: f32 = 0.5;
/// The same from all samples: a tone 1.5 % off still has 0.71 of its power where it is looked for.
const SHARE_WHOLE: f32 = 0.6;
/// Part of a block's power in the two tones that fit it best. Noise at 15 dB under the tones takes 0.03,
/// being between two of the frequencies that are tried 0.04; speech that has so much in two sines is rare.
pub(super) const SHARE: f32 = 0.82;
/// The low tone may be this much stronger (Q.24: 8 dB for AT&T; and 1 dB for the error), as a ratio of powers:
/// 9 dB.
pub(super) const TWIST_LOW: f32 = 7.94;
/// The high tone may be this much stronger (Q.24: 4 dB for AT&T, 5 for NTT, 6 in Denmark; and 1 dB): 7 dB.
pub(super) const TWIST_HIGH: f32 = 5.01;
/// A tone is not below this part of a block's power, at any twist.
const PART_MIN: f32 = 0.05;

/// Blocks with the same digit in a row that are needed: a tone of 40 ms has at least two whole blocks, one of 20 ms none
/// that pass next to each other.
const HITS: u8 = 2;
/// So many are enough: a tone of 34 ms has them, one of 24 ms has not.
const HITS_SURE: u8 = 3;
/// How long a tone of two such blocks is with its ends in the blocks around them, in blocks, by their energy: 31 ms. Tones
/// of 40 ms are digits in all of Q.24's table A-1, those of 20 ms (Denmark, Brazil), 23 ms (AT&T), 24 ms (NTT) are none.
const LENGTH_MIN: f32 = 2.4;
/// Blocks without it until it may come again: a pause of 40 ms spoils at least three, a break of 10 ms two (both by Q.24).
const MISSES: u8 = 3;

/// The state of the detector of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Dtmf {
    /// The digit of the last blocks; 0: none.
    candidate: u8,
    hits: u8,
    /// The digit that counted and has not ended; 0: none.
    sounding: u8,
    misses: u8,
    /// Energy of the last block.
    energy: f32,
    /// Highest energy of the candidate's blocks.
    peak: f32,
    /// Energy of the candidate's blocks and of the one before them.
    whole: f32,
}

impl Dtmf {
    /// A pause that was not sent: what sounded has ended.
    pub(super) fn pause(&mut self) {
        *self = Dtmf::default();
    }

    /// What comes next does not follow: how long the tones before and after it were is not known, so they are believed.
    pub(super) fn lose(&mut self) {
        self.energy = f32::INFINITY;
        if self.hits > 0 {
            self.whole = f32::INFINITY;
        }
    }

    /// True if the next block decides whether there was a digit.
    pub(super) fn is_undecided(&self) -> bool {
        self.hits == HITS && self.candidate != self.sounding
    }

    /// Takes a block of which nothing is known.
    pub(super) fn take_block(&mut self, table: &[f32; 256], block: &[u8; BLOCK]) -> Option<u8> {
        let third = third(table, block);
        self.take(table, block, &third, dot(&third, &third))
    }

    /// Takes a block; gives a digit when it counts. `energy` is that of every third sample.
    pub(super) fn take(
        &mut self,
        table: &[f32; 256],
        block: &[u8; BLOCK],
        third: &[f32; THIRD],
        energy: f32,
    ) -> Option<u8> {
        let (digit, energy) =
            if energy < ENERGY_MIN { (0, energy) } else { look(table, block, third, energy) };
        let mut counts = None;
        if digit == 0 || digit != self.candidate {
            if self.is_undecided() && self.whole + energy.min(self.peak) >= self.peak * LENGTH_MIN {
                counts = Some(self.candidate);
            }
            self.candidate = digit;
            self.hits = 0;
            (self.peak, self.whole) = (energy, self.energy.min(energy));
        }
        self.energy = energy;
        if digit != 0 {
            self.hits = self.hits.saturating_add(1);
            self.peak = self.peak.max(energy);
            self.whole += energy;
        }
        if digit != self.sounding && self.sounding != 0 {
            self.misses += 1;
            if self.misses >= MISSES {
                self.sounding = 0;
            }
        } else {
            self.misses = 0;
        }
        let long = self.hits >= HITS_SURE || self.hits == HITS && self.whole >= self.peak * LENGTH_MIN;
        if digit != 0 && digit != self.sounding && long {
            counts = Some(digit);
        }
        if let Some(counted) = counts {
            self.sounding = counted;
            self.misses = u8::from(counted != digit);
        }
        counts
    }
}

/// Every third sample of a block, from the second: the middle one is the block's middle.
#[inline]
pub(super) fn third(table: &[f32; 256], block: &[u8; BLOCK]) -> [f32; THIRD] {
    let mut samples = [0.0; THIRD];
    for (sample, codes) in samples.iter_mut().zip(block.as_chunks::<3>().0) {
        *sample = table[usize::from(codes[1])];
    }
    samples
}

/// The digit of a block, 0: none, and a third of its energy. `energy` is that of every third sample, which is as good where
/// no tones are; of a tone near half their rate it may be anything.
fn look(table: &[f32; 256], block: &[u8; BLOCK], third: &[f32; THIRD], energy: f32) -> (u8, f32) {
    let (first, second) = (third.first_chunk::<NEIGHBOURS>(), third.last_chunk::<NEIGHBOURS>());
    if first.zip(second).is_none_or(|(first, second)| dot(first, second) > energy * NEIGHBOURS_ALIKE) {
        return (0, energy);
    }
    let mut samples = [0.0; BLOCK];
    for (sample, code) in samples.iter_mut().zip(block) {
        *sample = table[usize::from(*code)];
    }
    let whole = dot(&samples, &samples);
    (digit(&samples, whole, third, energy), whole / 3.0)
}

fn digit(samples: &[f32; BLOCK], whole: f32, third: &[f32; THIRD], energy: f32) -> u8 {
    let (low, high) = strongest(third, &WAVES_THIRD);
    // A sine of amplitude A has energy N·A²/2 and, where it is looked for, power (N·A/2)².
    let all = energy * (THIRD as f32 / 2.0);
    if low.1 < all * PART_MIN || low.1 + high.1 < all * SHARE_THIRD {
        return 0;
    }
    let (low, high) = strongest(samples, &WAVES);
    let all = whole * (BLOCK as f32 / 2.0);
    if low.1 < all * PART_MIN || low.1 + high.1 < all * SHARE_WHOLE { 0 } else { tones::key(samples, low.0) }
}

/// For a distance from the middle of a block, the cosines of the eight frequencies, then their sines.
type Waves<const HALF: usize> = [[f32; 16]; HALF];

static WAVES: LazyLock<Waves<{ BLOCK / 2 + 1 }>> = LazyLock::new(|| waves(8_000.0));
static WAVES_THIRD: LazyLock<Waves<{ THIRD / 2 + 1 }>> = LazyLock::new(|| waves(8_000.0 / 3.0));

fn waves<const HALF: usize>(rate_hz: f64) -> Waves<HALF> {
    std::array::from_fn(|n| {
        std::array::from_fn(|wave| {
            let angle = n as f64 * FREQUENCIES[wave % 8] / rate_hz * std::f64::consts::TAU;
            match (wave < 8, n) {
                // The sample in the middle is added to itself.
                (true, 0) => 0.5,
                (true, _) => angle.cos() as f32,
                (false, _) => angle.sin() as f32,
            }
        })
    })
}

/// The strongest frequency of each group, and its power. Samples at the same distance from the middle share a
/// cosine, and a sine but for its sign, which halves the products.
fn strongest<const LEN: usize, const HALF: usize>(
    samples: &[f32; LEN],
    waves: &Waves<HALF>,
) -> ((usize, f32), (usize, f32)) {
    const { assert!(LEN == 2 * HALF - 1) };
    let mut sums = [0.0; 16];
    let (before, after) = (samples[..HALF].iter().rev(), samples[HALF - 1..].iter());
    for ((before, after), wave) in before.zip(after).zip(waves) {
        let (even, odd) = (after + before, after - before);
        for k in 0..8 {
            sums[k] += even * wave[k];
            sums[8 + k] += odd * wave[8 + k];
        }
    }
    let powers: [f32; 8] = std::array::from_fn(|k| sums[k] * sums[k] + sums[8 + k] * sums[8 + k]);
    let best = |group: &[f32]| {
        let (mut index, mut strongest) = (0, group[0]);
        for (n, power) in group.iter().enumerate().skip(1) {
            if *power > strongest {
                (index, strongest) = (n, *power);
            }
        }
        (index, strongest)
    };
    (best(&powers[..4]), best(&powers[4..]))
}

/// Sums are kept in so many parts, as one would be a chain of additions.
const LANES: usize = 8;

/// Sum of products.
#[inline]
pub(super) fn dot<const LEN: usize>(a: &[f32; LEN], b: &[f32; LEN]) -> f32 {
    let mut sums = [0.0; LANES];
    let whole = LEN - LEN % LANES;
    for n in (0..whole).step_by(LANES) {
        for lane in 0..LANES {
            sums[lane] += a[n + lane] * b[n + lane];
        }
    }
    for n in whole..LEN {
        sums[n - whole] += a[n] * b[n];
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::level::{Law, Level};
    use super::*;
    use crate::codec::g711;

    const ALL: &[u8; 16] = b"0123456789*#ABCD";

    /// Two tones, each at its level, and noise.
    struct Tones {
        low_dbm0: f64,
        high_dbm0: f64,
        /// Deviation of both frequencies.
        off: f64,
        noise_dbm0: f64,
    }

    const PLAIN: Tones = Tones { low_dbm0: -10.0, high_dbm0: -10.0, off: 0.0, noise_dbm0: -90.0 };

    fn amplitude(dbm0: f64) -> f64 {
        32_767.0 * 10_f64.powf((dbm0 - 3.17) / 20.0)
    }

    /// Evenly distributed noise from a fixed seed.
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
        }
    }

    fn tones(digit: u8, tones: &Tones, ms: usize, noise: &mut Noise) -> Vec<f64> {
        let row = KEYS.iter().position(|keys| keys.contains(&digit)).unwrap();
        let column = KEYS[row].iter().position(|key| *key == digit).unwrap();
        let wave =
            |n: usize, hz: f64| (n as f64 * hz * (1.0 + tones.off) * std::f64::consts::TAU / 8_000.0).sin();
        (0..ms * 8)
            .map(|n| {
                amplitude(tones.low_dbm0) * wave(n, FREQUENCIES[row])
                    + amplitude(tones.high_dbm0) * wave(n + 3, FREQUENCIES[4 + column])
                    // Even noise has a third of its peak's square as power, a sine the half.
                    + amplitude(tones.noise_dbm0) * 1.5_f64.sqrt() * noise.next()
            })
            .collect()
    }

    fn heard(samples: &[f64], law: Law) -> String {
        let mut level = Level::new(law);
        let mut digits = Vec::new();
        let encoded: Vec<u8> = samples
            .iter()
            .map(|sample| match law {
                Law::Mu => g711::encode_ulaw(*sample as i16),
                Law::A => g711::encode_alaw(*sample as i16),
            })
            .collect();
        for packet in encoded.chunks(160) {
            level.take(packet, true, true, |digit| digits.push(digit));
        }
        String::from_utf8(digits).unwrap()
    }

    /// All digits, so long with such pauses, at every alignment to the blocks.
    fn check(how: &Tones, ms: usize, pause_ms: usize) {
        for law in [Law::Mu, Law::A] {
            for shift in (0..BLOCK).step_by(7) {
                let mut noise = Noise(shift as u64 + 1);
                let mut samples = vec![0.0; shift];
                for digit in ALL {
                    // Twice: each must count once.
                    for _ in 0..2 {
                        samples.extend(tones(*digit, how, ms, &mut noise));
                        samples.extend((0..pause_ms * 8).map(|_| amplitude(how.noise_dbm0) * noise.next()));
                    }
                }
                let all: String = ALL.iter().flat_map(|digit| [char::from(*digit); 2]).collect();
                assert_eq!(heard(&samples, law), all, "{law:?}, shifted by {shift}");
            }
        }
    }

    #[test]
    fn all_digits_at_all_levels() {
        for dbm0 in [-3.0, -6.0, -10.0, -20.0, -25.0, -30.0] {
            check(&Tones { low_dbm0: dbm0, high_dbm0: dbm0, ..PLAIN }, 60, 60);
        }
    }

    /// Each digit alone, at every alignment to the blocks: how many were heard, and all as what they are.
    fn count(how: &Tones, ms: usize) -> (usize, usize) {
        let (mut played, mut count) = (0, 0);
        for law in [Law::Mu, Law::A] {
            for shift in (0..BLOCK).step_by(8) {
                for digit in ALL {
                    let mut samples = vec![0.0; shift];
                    samples.extend(tones(*digit, how, ms, &mut Noise(shift as u64 + 1)));
                    samples.extend([0.0; 4 * BLOCK]);
                    let heard = heard(&samples, law);
                    assert!(heard.bytes().all(|other| other == *digit), "{}: {heard}", char::from(*digit));
                    played += 1;
                    count += heard.len();
                }
            }
        }
        (played, count)
    }

    /// Q.24 table A-1: 40 ms must be accepted, 20 to 24 ms must not, at all levels and with frequencies 1.5 % off.
    #[test]
    fn lengths_of_tones() {
        for dbm0 in [-3.0, -25.0, -33.0] {
            for off in [-0.015, 0.0, 0.015] {
                let how = Tones { low_dbm0: dbm0, high_dbm0: dbm0, off, ..PLAIN };
                for (ms, accepted) in [(20, false), (24, false), (40, true), (50, true)] {
                    let (played, heard) = count(&how, ms);
                    let expected = if accepted { played } else { 0 };
                    assert_eq!(heard, expected, "{ms} ms at {dbm0} dBm0, {off} off, of {played}");
                }
            }
        }
    }

    #[test]
    fn the_shortest_tones_and_pauses() {
        check(&PLAIN, 40, 40);
        check(&Tones { off: 0.015, ..PLAIN }, 40, 40);
        check(&Tones { off: -0.015, ..PLAIN }, 40, 40);
    }

    #[test]
    fn twist() {
        check(&Tones { low_dbm0: -8.0, high_dbm0: -16.0, ..PLAIN }, 50, 50);
        check(&Tones { low_dbm0: -16.0, high_dbm0: -10.0, ..PLAIN }, 50, 50);
    }

    #[test]
    fn frequencies_off_by_a_percent_and_a_half() {
        check(&Tones { off: 0.015, ..PLAIN }, 50, 50);
        check(&Tones { off: -0.015, ..PLAIN }, 50, 50);
    }

    #[test]
    fn noise_at_15_db() {
        check(&Tones { noise_dbm0: -25.0, ..PLAIN }, 50, 50);
    }

    #[test]
    fn what_is_no_digit() {
        let mut noise = Noise(3);
        for (what, how) in [
            ("4 % too high", Tones { off: 0.04, ..PLAIN }),
            ("4 % too low", Tones { off: -0.04, ..PLAIN }),
            ("too quiet", Tones { low_dbm0: -42.0, high_dbm0: -42.0, ..PLAIN }),
            ("only the low tone", Tones { high_dbm0: -40.0, ..PLAIN }),
            ("only the high tone", Tones { low_dbm0: -40.0, ..PLAIN }),
            ("under noise", Tones { noise_dbm0: -7.0, ..PLAIN }),
        ] {
            for digit in ALL {
                assert_eq!(heard(&tones(*digit, &how, 500, &mut noise), Law::Mu), "", "{what}");
            }
        }
    }

    #[test]
    fn a_break_of_10_ms_is_no_second_digit() {
        for digit in ALL {
            for at in (0..960 - 80).step_by(5) {
                let mut samples = tones(*digit, &PLAIN, 120, &mut Noise(1));
                samples[at..at + 80].fill(0.0);
                samples.extend([0.0; 800]);
                assert_eq!(heard(&samples, Law::Mu), char::from(*digit).to_string(), "at {at}");
            }
        }
    }

    /// Two times ten minutes.
    #[test]
    fn speech_has_no_digits() {
        for seed in 1..=10 {
            let speech = crate::generate::speech(seed, 60_000, 8_000);
            for louder in [1.0, 3.0] {
                let samples: Vec<_> = speech
                    .iter()
                    .map(|sample| (f64::from(*sample) * louder).clamp(-32_000.0, 32_000.0))
                    .collect();
                assert_eq!(heard(&samples, Law::A), "", "seed {seed}, {louder} times as loud");
            }
        }
    }
}
