//! ITU-T G.722: sub-band ADPCM of 7 kHz audio at 64 kbit/s. 16 000 samples a second, two to a byte.
//!
//! Blocks are named as in the Recommendation (§3 to §5); the integers are those of its description, so that
//! streams are bit-exact. All quantities are 16 bits wide unless said otherwise, in `i32` for the products.

/// Turns samples into bytes.
#[derive(Debug, Clone)]
pub struct Encoder {
    history: [i32; TAPS],
    lower: Band,
    upper: Band,
}

/// Turns bytes into samples.
#[derive(Debug, Clone)]
pub struct Decoder {
    history: [i32; TAPS],
    lower: Band,
    upper: Band,
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder { history: [0; TAPS], lower: Band::new(32), upper: Band::new(8) }
    }
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder { history: [0; TAPS], lower: Band::new(32), upper: Band::new(8) }
    }
}

impl Encoder {
    /// Encodes two samples (16 bits, 16 kHz): the lower band's six bits below, the upper band's two on top.
    pub fn encode(&mut self, samples: [i16; 2]) -> u8 {
        let (low, high) = self.split(samples);
        let lower = self.encode_lower(low);
        let upper = self.encode_upper(high);
        upper << 6 | lower
    }

    /// The transmitting quadrature mirror filter (§3.1).
    fn split(&mut self, samples: [i16; 2]) -> (i32, i32) {
        self.history.copy_within(2.., 0);
        self.history[TAPS - 2] = samples[0].into();
        self.history[TAPS - 1] = samples[1].into();
        let (mut even, mut odd) = (0, 0);
        for (pair, values) in self.history.chunks_exact(2).enumerate() {
            odd += values[0] * MIRROR[2 * pair];
            even += values[1] * MIRROR[2 * pair + 1];
        }
        ((even + odd) >> 14, (even - odd) >> 14)
    }

    /// Blocks 1L to 4L (§3.3 to §3.6).
    fn encode_lower(&mut self, sample: i32) -> u8 {
        let band = &mut self.lower;
        let difference = saturate(sample - band.estimate);
        let magnitude = if difference >= 0 { difference } else { !difference };
        let mut level = 1;
        while level < 30 && magnitude >= (LOWER_LEVELS[level] * band.scale) >> 12 {
            level += 1;
        }
        let code = if difference >= 0 { 62 - level } else { LOWER_NEGATIVE[level] as usize };
        band.adapt_lower(code >> 2);
        code as u8
    }

    /// Blocks 1H to 4H.
    fn encode_upper(&mut self, sample: i32) -> u8 {
        let band = &mut self.upper;
        let difference = saturate(sample - band.estimate);
        let magnitude = if difference >= 0 { difference } else { !difference };
        let outer = magnitude >= (564 * band.scale) >> 12;
        let code = match (difference < 0, outer) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        band.adapt_upper(code);
        code as u8
    }
}

impl Decoder {
    /// Decodes a byte to two samples (16 bits, 16 kHz).
    pub fn decode(&mut self, byte: u8) -> [i16; 2] {
        let (lower, upper) = (usize::from(byte & 0x3f), usize::from(byte >> 6));
        let fine = product(self.lower.scale, LOWER_OUTPUT_6[lower]);
        let low = (self.lower.estimate + fine).clamp(-16_384, 16_383);
        self.lower.adapt_lower(lower >> 2);
        let step = product(self.upper.scale, UPPER_OUTPUT[upper]);
        let high = (self.upper.estimate + step).clamp(-16_384, 16_383);
        self.upper.adapt_upper(upper);
        self.join(low, high)
    }

    /// The receiving quadrature mirror filter (§4.4).
    fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        self.history.copy_within(2.., 0);
        self.history[TAPS - 2] = low + high;
        self.history[TAPS - 1] = low - high;
        let (mut first, mut second) = (0, 0);
        for (pair, values) in self.history.chunks_exact(2).enumerate() {
            second += values[0] * MIRROR[2 * pair];
            first += values[1] * MIRROR[2 * pair + 1];
        }
        [first, second].map(|sum| saturate(sum >> 11) as i16)
    }
}

/// The adaptive predictor and quantizer of a sub-band.
#[derive(Debug, Clone)]
struct Band {
    /// SL, SH: what is expected next.
    estimate: i32,
    /// SZL: its part from the zeros.
    zero_estimate: i32,
    /// DETL, DETH: the quantizer's scale factor.
    scale: i32,
    /// NBL, NBH: its logarithm.
    log_scale: i32,
    /// DLT: quantized differences, the newest first.
    differences: [i32; 6],
    /// BL: coefficients of the zeros.
    zeros: [i32; 6],
    /// RLT: the last two reconstructed values.
    values: [i32; 2],
    /// AL: coefficients of the poles.
    poles: [i32; 2],
    /// PLT: the last two partially reconstructed values.
    partials: [i32; 2],
}

impl Band {
    fn new(scale: i32) -> Band {
        Band {
            estimate: 0,
            zero_estimate: 0,
            scale,
            log_scale: 0,
            differences: [0; 6],
            zeros: [0; 6],
            values: [0; 2],
            poles: [0; 2],
            partials: [0; 2],
        }
    }

    /// With a code of the lower band without its two lowest bits: INVQAL, LOGSCL, SCALEL and the predictor.
    fn adapt_lower(&mut self, code: usize) {
        let difference = product(self.scale, LOWER_OUTPUT_4[code]);
        self.log_scale = (((self.log_scale * 127) >> 7) + LOWER_WEIGHT[code]).clamp(0, 18_432);
        self.scale = scale_factor(self.log_scale, 8);
        self.predict(difference);
    }

    /// With a code of the upper band: INVQAH, LOGSCH, SCALEH and the predictor.
    fn adapt_upper(&mut self, code: usize) {
        let difference = product(self.scale, UPPER_OUTPUT[code]);
        self.log_scale = (((self.log_scale * 127) >> 7) + UPPER_WEIGHT[code]).clamp(0, 22_528);
        self.scale = scale_factor(self.log_scale, 10);
        self.predict(difference);
    }

    /// Block 4: PARREC, RECONS, UPPOL2, UPPOL1, UPZERO, FILTEP, FILTEZ, PREDIC.
    fn predict(&mut self, difference: i32) {
        let partial = saturate(self.zero_estimate + difference);
        let value = saturate(self.estimate + difference);
        self.poles = self.next_poles(partial);
        self.next_zeros(difference);

        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.partials = [partial, self.partials[0]];
        self.values = [value, self.values[0]];

        let pole_estimate = saturate(
            product(self.poles[0], saturate(2 * self.values[0]))
                + product(self.poles[1], saturate(2 * self.values[1])),
        );
        let zero_estimate: i32 = self
            .zeros
            .iter()
            .zip(&self.differences)
            .map(|(coefficient, difference)| product(*coefficient, saturate(2 * difference)))
            .sum();
        self.zero_estimate = saturate(zero_estimate);
        self.estimate = saturate(pole_estimate + self.zero_estimate);
    }

    fn next_poles(&self, partial: i32) -> [i32; 2] {
        let same = |other: i32| (partial < 0) == (other < 0);
        let weighted = saturate(4 * self.poles[0]);
        let toward = if same(self.partials[0]) { -weighted } else { weighted }.min(32_767);
        let step = if same(self.partials[1]) { 128 } else { -128 };
        let second = (step + (toward >> 7) + product(self.poles[1], 32_512)).clamp(-12_288, 12_288);
        let step = if same(self.partials[0]) { 192 } else { -192 };
        let limit = 15_360 - second;
        let first = saturate(step + product(self.poles[0], 32_640)).clamp(-limit, limit);
        [first, second]
    }

    fn next_zeros(&mut self, difference: i32) {
        let step = if difference == 0 { 0 } else { 128 };
        for (coefficient, before) in self.zeros.iter_mut().zip(&self.differences) {
            let step = if (difference < 0) == (*before < 0) { step } else { -step };
            *coefficient = saturate(step + product(*coefficient, 32_640));
        }
    }
}

/// SCALEL and SCALEH: from the logarithm to the linear domain.
fn scale_factor(log_scale: i32, shift: i32) -> i32 {
    let mantissa = INVERSE_LOG[(log_scale >> 6 & 31) as usize];
    let shift = shift - (log_scale >> 11);
    (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2
}

/// The product of two numbers of 16 bits, of which one is a fraction.
fn product(a: i32, b: i32) -> i32 {
    (a * b) >> 15
}

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

const TAPS: usize = 24;

/// Table 11: the quadrature mirror filter.
const MIRROR: [i32; TAPS] = [
    3, -11, -11, 53, 12, -156, 32, 362, -210, -805, 951, 3876, 3876, 951, -805, -210, 362, 32, -156, 12, 53,
    -11, -11, 3,
];

/// Table 14: decision levels of the lower band's quantizer.
const LOWER_LEVELS: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121,
    1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// Codes of negative differences by interval; the first two are out of their order.
const LOWER_NEGATIVE: [u8; 31] = [
    0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
    7, 6, 5, 4,
];

/// Outputs of the lower band by the upper four bits of a code.
const LOWER_OUTPUT_4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];

/// Outputs of the lower band by all six bits.
const LOWER_OUTPUT_6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];

/// What a code adds to the logarithm of the lower band's scale.
const LOWER_WEIGHT: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// Outputs of the upper band.
const UPPER_OUTPUT: [i32; 4] = [-7408, -1616, 7408, 1616];

/// What a code adds to the logarithm of the upper band's scale.
const UPPER_WEIGHT: [i32; 4] = [798, -214, 798, -214];

/// ILB: 2^(11 + n/32).
const INVERSE_LOG: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(samples: &[i16]) -> Vec<i16> {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        samples.chunks_exact(2).flat_map(|pair| decoder.decode(encoder.encode([pair[0], pair[1]]))).collect()
    }

    fn sine(hz: f64, amplitude: f64) -> Vec<i16> {
        let sample = |n| (amplitude * (std::f64::consts::TAU * hz * f64::from(n) / 16_000.0).sin()) as i16;
        (0..16_000).map(sample).collect()
    }

    /// Signal to noise, dB, past the start and the filters' delay of 22 samples.
    fn signal_to_noise(sent: &[i16], heard: &[i16]) -> f64 {
        const DELAY: usize = 22;
        let power = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
        let signal = power(&mut sent[1600..15_000].iter().map(|&sample| f64::from(sample)));
        let noise = power(&mut (1600..15_000).map(|n| f64::from(sent[n]) - f64::from(heard[n + DELAY])));
        10.0 * (signal / noise).log10()
    }

    #[test]
    fn tones_come_back() {
        for (hz, least) in [(300.0, 25.0), (1000.0, 25.0), (2600.0, 20.0), (5000.0, 9.0), (6500.0, 9.0)] {
            for amplitude in [500.0, 8000.0, 20_000.0] {
                let sent = sine(hz, amplitude);
                let ratio = signal_to_noise(&sent, &coded(&sent));
                assert!(ratio > least, "{hz} Hz at {amplitude}: {ratio:.1} dB");
            }
        }
    }

    #[test]
    fn silence_stays_silent() {
        assert!(coded(&[0; 1600]).iter().all(|sample| sample.abs() < 16));
    }

    proptest! {
        #[test]
        fn nothing_overflows(samples in prop::collection::vec(any::<i16>(), 0..600), bytes: Vec<u8>) {
            coded(&samples);
            let mut decoder = Decoder::default();
            for byte in bytes {
                decoder.decode(byte);
            }
        }

        #[test]
        fn extremes_do_not_overflow(signs in prop::collection::vec(any::<bool>(), 0..2000)) {
            let samples: Vec<i16> = signs.iter().map(|&up| if up { i16::MAX } else { i16::MIN }).collect();
            coded(&samples);
        }
    }
}
