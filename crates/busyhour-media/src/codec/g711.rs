//! ITU-T G.711: pulse code modulation at 64 kbit/s, A-law (PCMA) and µ-law (PCMU).
//!
//! Samples are linear, 16 bits, full scale at ±32767: 3.14 dBm0 for A-law, 3.17 dBm0 for µ-law is the highest
//! sine.

/// Encodes a sample in A-law (G.711 table 1), even bits inverted as on the wire.
pub const fn encode_alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    // The one's complement makes both halves alike: the decision value 0 belongs to the positive one.
    let magnitude = (if sample >= 0 { sample } else { !sample } as u16) >> 4;
    let code = if magnitude < 32 {
        magnitude as u8
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        (segment << 4 | magnitude >> (segment - 1) & 0x0f) as u8
    };
    (sign | code) ^ 0x55
}

/// Decodes A-law to the middle of its interval.
pub const fn decode_alaw(code: u8) -> i16 {
    ALAW[code as usize]
}

/// Encodes a sample in µ-law (G.711 table 2), all bits inverted as on the wire.
pub const fn encode_ulaw(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs();
    let magnitude = if magnitude > ULAW_CLIP { ULAW_CLIP } else { magnitude } + ULAW_BIAS;
    let segment = 8 - magnitude.leading_zeros() as u16;
    let code = (segment << 4 | magnitude >> (segment + 3) & 0x0f) as u8;
    !(code | if sample < 0 { 0x80 } else { 0 })
}

/// Decodes µ-law to the middle of its interval.
pub const fn decode_ulaw(code: u8) -> i16 {
    ULAW[code as usize]
}

/// What is added to a magnitude so that every segment begins at a power of two.
const ULAW_BIAS: u16 = 0x84;
/// The highest magnitude that can be told apart.
const ULAW_CLIP: u16 = 32_635;

/// The sample of each code.
pub(crate) const ALAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_alaw(code as u8);
        code += 1;
    }
    table
};

/// The sample of each code.
pub(crate) const ULAW: [i16; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = expand_ulaw(code as u8);
        code += 1;
    }
    table
};

const fn expand_alaw(code: u8) -> i16 {
    let code = code ^ 0x55;
    let segment = (code & 0x70) >> 4;
    let step = (code & 0x0f) as i16;
    let magnitude = if segment == 0 { step << 4 | 8 } else { (step << 4 | 0x108) << (segment - 1) };
    if code & 0x80 != 0 { magnitude } else { -magnitude }
}

const fn expand_ulaw(code: u8) -> i16 {
    let code = !code;
    let segment = (code & 0x70) >> 4;
    let magnitude = ((((code & 0x0f) as u16) << 3 | ULAW_BIAS) << segment) - ULAW_BIAS;
    if code & 0x80 != 0 { -(magnitude as i16) } else { magnitude as i16 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for code in 0..=255 {
            assert_eq!(encode_alaw(decode_alaw(code)), code);
            if code != 0x7f {
                assert_eq!(encode_ulaw(decode_ulaw(code)), code);
            }
        }
        // The negative zero of µ-law.
        assert_eq!(decode_ulaw(0x7f), 0);
        assert_eq!(encode_ulaw(0), 0xff);
    }

    /// The idle code, the ends, and values that the Recommendation's tables name.
    #[test]
    fn known_codes() {
        assert_eq!((encode_alaw(0), encode_alaw(-1)), (0xd5, 0x55));
        assert_eq!((encode_alaw(i16::MAX), encode_alaw(i16::MIN)), (0xaa, 0x2a));
        assert_eq!((encode_ulaw(i16::MAX), encode_ulaw(i16::MIN)), (0x80, 0x00));
        assert_eq!((decode_alaw(0xaa), decode_alaw(0x2a)), (32_256, -32_256));
        assert_eq!((decode_ulaw(0x80), decode_ulaw(0x00)), (32_124, -32_124));
    }

    /// G.711 table 5 and 6: a sine of 1 kHz at 0 dBm0 is this sequence.
    #[test]
    fn digital_milliwatt() {
        let alaw = [0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4];
        let ulaw = [0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e];
        let power = |samples: [i16; 8]| samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / 8.0;
        let full = 32_767.0_f64.powi(2) / 2.0;
        let below = |samples| 10.0 * (full / power(samples)).log10();
        assert!((below(alaw.map(decode_alaw)) - 3.1).abs() < 0.1);
        assert!((below(ulaw.map(decode_ulaw)) - 3.2).abs() < 0.1);
    }

    #[test]
    fn every_sample_comes_back_near() {
        for sample in i16::MIN..=i16::MAX {
            let wide = i32::from(sample);
            let limit = (wide.abs() / 16).max(16);
            assert!((i32::from(decode_alaw(encode_alaw(sample))) - wide).abs() <= limit, "{sample}");
            assert!((i32::from(decode_ulaw(encode_ulaw(sample))) - wide).abs() <= limit, "{sample}");
        }
    }
}
