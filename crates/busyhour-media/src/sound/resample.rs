//! Sampling rates: from any to any, by a windowed sinc filter in polyphase form (linear phase, so waveforms
//! keep their shape).

/// Takes blocks of samples at one rate and gives samples at another.
#[derive(Debug)]
pub(super) struct Resampler {
    /// Positions between two input samples that an output may have.
    up: u64,
    /// Input samples for `up` outputs.
    down: u64,
    /// Filter coefficients, one row for each of `phases` positions.
    rows: Vec<f32>,
    phases: u64,
    /// Coefficients of a row.
    taps: usize,
    /// Input that is still needed.
    window: Vec<f32>,
    /// Number of the input sample that comes first in `window`; the input begins at `taps / 2`, silence comes
    /// before it.
    first: u64,
    /// Number of the next output.
    next: u64,
    /// Input samples so far.
    taken: u64,
}

/// Zero crossings of the sinc on each side.
const CROSSINGS: f64 = 16.0;
/// Where the filter begins to fall, as a part of the lower of the two Nyquist frequencies.
const EDGE: f64 = 0.92;
/// Most rows: for rates without a simple ratio the nearest one is taken, an error of −60 dB at most.
const MAX_PHASES: u64 = 1024;

impl Resampler {
    pub(super) fn new(from: u32, to: u32) -> Resampler {
        let common = greatest_common_divisor(from, to);
        let (up, down) = (u64::from(to / common), u64::from(from / common));
        let phases = up.min(MAX_PHASES);
        let lower = (f64::from(to) / f64::from(from)).min(1.0);
        let half = if up == down { 0 } else { (CROSSINGS / lower).ceil() as usize };
        let taps = 2 * half + 1;
        let mut rows = Vec::with_capacity(phases as usize * taps);
        for phase in 0..phases {
            let row = rows.len();
            let shift = phase as f64 / phases as f64;
            for tap in 0..taps {
                let distance = tap as f64 - half as f64 - shift;
                rows.push((sinc(distance * lower * EDGE) * window(distance / (half as f64 + 1.0))) as f32);
            }
            // A constant stays the same in all phases.
            let sum: f32 = rows[row..].iter().sum();
            for value in &mut rows[row..] {
                *value /= sum;
            }
        }
        let window = vec![0.0; half];
        Resampler { up, down, rows, phases, taps, window, first: 0, next: 0, taken: 0 }
    }

    /// Takes samples and gives those that they complete.
    pub(super) fn push(&mut self, samples: &[f32], mut put: impl FnMut(f32)) {
        self.taken += samples.len() as u64;
        self.window.extend_from_slice(samples);
        self.drain(u64::MAX, &mut put);
    }

    /// The end of the input: gives the rest, so that as much time comes out as went in.
    pub(super) fn finish(mut self, mut put: impl FnMut(f32)) {
        let outputs = (self.taken * self.up).div_ceil(self.down);
        self.window.resize(self.window.len() + self.taps, 0.0);
        self.drain(outputs, &mut put);
    }

    fn drain(&mut self, outputs: u64, put: &mut impl FnMut(f32)) {
        while self.next < outputs {
            let position = self.next * self.down;
            let (whole, part) = (position / self.up, position % self.up);
            let start = (whole - self.first) as usize;
            let Some(input) = self.window.get(start..start + self.taps) else { break };
            let row = (part * self.phases / self.up) as usize * self.taps;
            put(product(input, &self.rows[row..row + self.taps]));
            self.next += 1;
        }
        let whole = self.next * self.down / self.up;
        let spent = ((whole - self.first) as usize).min(self.window.len());
        self.window.drain(..spent);
        self.first += spent as u64;
    }
}

/// The sum of products, in eight parts: the order of one sum would forbid the compiler to work side by side.
fn product(samples: &[f32], weights: &[f32]) -> f32 {
    let mut parts = [0.0; 8];
    let (mut samples, mut weights) = (samples.chunks_exact(8), weights.chunks_exact(8));
    for (samples, weights) in samples.by_ref().zip(weights.by_ref()) {
        for lane in 0..8 {
            parts[lane] += samples[lane] * weights[lane];
        }
    }
    let rest = samples.remainder().iter().zip(weights.remainder()).map(|(sample, weight)| sample * weight);
    parts.iter().sum::<f32>() + rest.sum::<f32>()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
}

/// Blackman's window over −1 to 1.
fn window(x: f64) -> f64 {
    let angle = std::f64::consts::PI * x.clamp(-1.0, 1.0);
    0.42 + 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(from: u32, to: u32, input: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        let mut resampler = Resampler::new(from, to);
        for block in input.chunks(777) {
            resampler.push(block, |sample| output.push(sample));
        }
        resampler.finish(|sample| output.push(sample));
        output
    }

    fn sine(hz: f64, rate: u32, seconds: f64) -> Vec<f32> {
        let count = (f64::from(rate) * seconds) as u32;
        let sample =
            |n| (10_000.0 * (std::f64::consts::TAU * hz * f64::from(n) / f64::from(rate)).sin()) as f32;
        (0..count).map(sample).collect()
    }

    #[test]
    fn a_tone_stays_where_it_is() {
        for (from, to) in
            [(44_100, 8000), (48_000, 8000), (22_050, 16_000), (8000, 16_000), (11_025, 8000), (44_101, 8000)]
        {
            let output = through(from, to, &sine(1000.0, from, 0.5));
            let wanted = sine(1000.0, to, 0.5);
            assert!(output.len().abs_diff(wanted.len()) <= 1, "{from} to {to}");
            let middle = 400..wanted.len() - 400;
            let error = middle.map(|n| (output[n] - wanted[n]).abs()).fold(0.0, f32::max);
            assert!(error < 60.0, "{from} to {to}: {error}");
        }
    }

    #[test]
    fn what_does_not_fit_is_filtered_out() {
        let output = through(48_000, 8000, &sine(6000.0, 48_000, 0.5));
        let loudest =
            output[400..output.len() - 400].iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        assert!(loudest < 20.0, "{loudest}");
    }

    #[test]
    fn the_same_rate_changes_nothing() {
        let input = sine(3000.0, 8000, 0.1);
        assert_eq!(through(8000, 8000, &input), input);
        assert!(through(8000, 16_000, &[]).is_empty());
    }
}
