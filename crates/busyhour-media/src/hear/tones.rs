//! The two sines of a digit in a block that may hold one: which they are, how strong, and what remains
//! without them.
//!
//! Each tone is looked for at its frequency and 1 % below and above, which is close enough for the 1.5 % that
//! Q.24 allows. One is taken out before the other is measured, so that a strong one does not hide a weak one.

use std::sync::LazyLock;

use super::dtmf::{BLOCK, FREQUENCIES, KEYS, SHARE, TWIST_HIGH, TWIST_LOW, dot};

/// A tone is tried at these parts of its frequency.
const TRIED: [f64; 3] = [0.99, 1.0, 1.01];
type Samples = [f32; BLOCK];

/// The cosine and the sine of a frequency.
type Wave = [Samples; 2];

static WAVES: LazyLock<[[Wave; 3]; 8]> = LazyLock::new(|| {
    FREQUENCIES.map(|hz| {
        TRIED.map(|part| {
            let angle = |n: usize| n as f64 * hz * part / 8_000.0 * std::f64::consts::TAU;
            [std::array::from_fn(|n| angle(n).cos() as f32), std::array::from_fn(|n| angle(n).sin() as f32)]
        })
    })
});

/// The key of a block, 0 if it is none: the low tone, whose row is known, and a high one must be nearly all
/// there is, and about as strong as each other.
pub(super) fn key(block: &Samples, row: usize) -> u8 {
    let mut rest = *block;
    let all = dot(&rest, &rest);
    let low_wave = best(&rest, &WAVES[row]);
    let mut low = measure(&rest, low_wave);
    remove(&mut rest, low_wave, low);
    let powers: [f32; 4] = std::array::from_fn(|n| power(measure(&rest, &WAVES[4 + n][1])));
    let column = (0..4).fold(0, |best, n| if powers[n] > powers[best] { n } else { best });
    let high_wave = best(&rest, &WAVES[4 + column]);
    let mut high = measure(&rest, high_wave);
    remove(&mut rest, high_wave, high);
    // What the high tone had added to the low one, and the low one then to the high one.
    for (wave, tone) in [(low_wave, &mut low), (high_wave, &mut high)] {
        let more = measure(&rest, wave);
        remove(&mut rest, wave, more);
        *tone = [tone[0] + more[0], tone[1] + more[1]];
    }
    let (low, high) = (power(low), power(high));
    let balanced = low <= high * TWIST_LOW && high <= low * TWIST_HIGH;
    if balanced && dot(&rest, &rest) <= all * (1.0 - SHARE) { KEYS[row][column] } else { 0 }
}

/// The frequency that fits best.
fn best<'a>(samples: &Samples, tried: &'a [Wave; 3]) -> &'a Wave {
    let powers = tried.each_ref().map(|wave| power(measure(samples, wave)));
    let index = (0..3).fold(1, |best, n| if powers[n] > powers[best] { n } else { best });
    &tried[index]
}

/// The amplitudes of a cosine and a sine.
fn measure(samples: &Samples, [cosine, sine]: &Wave) -> [f32; 2] {
    const PART: f32 = 2.0 / BLOCK as f32;
    [dot(samples, cosine) * PART, dot(samples, sine) * PART]
}

fn remove(samples: &mut Samples, [cosine, sine]: &Wave, [re, im]: [f32; 2]) {
    for (sample, (cosine, sine)) in samples.iter_mut().zip(cosine.iter().zip(sine)) {
        *sample -= re * cosine + im * sine;
    }
}

fn power([re, im]: [f32; 2]) -> f32 {
    re * re + im * im
}
