//! Distributions of pauses and of `<sample>`: their parameters, and the 99th percentile of each (spec-scenario §3.5).

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::Distribution;
use crate::syntax::names;
use crate::xml::{Attribute, Element};

impl Compiler<'_> {
    /// Reads `distribution=` and its parameters.
    pub(crate) fn distribution(&mut self, element: &Element, attribute: &Attribute) -> Option<Distribution> {
        let name = attribute.value.as_str();
        if !names::DISTRIBUTIONS.contains(&name) {
            self.findings.add(
                codes::UNKNOWN_DISTRIBUTION,
                value_span(attribute),
                format!("Unknown distribution: {name}"),
                "unknown",
                self.findings.suggest(
                    name,
                    names::DISTRIBUTIONS.iter().copied(),
                    &format!("use one of {}", names::DISTRIBUTIONS.join(", ")),
                ),
            );
            return None;
        }
        self.distribution_named(element, name)
    }

    /// Reads the parameters of the distribution called `name`. All that are wrong are reported.
    pub(crate) fn distribution_named(&mut self, element: &Element, name: &str) -> Option<Distribution> {
        match name {
            "fixed" => self.parameter(element, "value").map(Distribution::Fixed),
            "uniform" => {
                let min = self.parameter(element, "min");
                let max = self.parameter(element, "max");
                let (min, max) = (min?, max?);
                if min > max {
                    self.taken_for(
                        element,
                        "max",
                        format!("max, {max} is below min, {min}: the two are exchanged"),
                    );
                }
                Some(Distribution::Uniform { min: min.min(max), max: min.max(max) })
            }
            "normal" | "lognormal" => {
                let mean = self.parameter(element, "mean");
                let stdev = self.parameter(element, "stdev");
                let (mean, stdev) = (mean?, stdev?);
                if stdev < 0.0 {
                    self.taken_for(element, "stdev", format!("stdev, {stdev} is taken for {}", -stdev));
                }
                let stdev = stdev.abs();
                Some(match name {
                    "normal" => Distribution::Normal { mean, stdev },
                    _ => Distribution::LogNormal { mean, stdev },
                })
            }
            "exponential" => {
                let mean = self.parameter(element, "mean")?;
                if mean > 0.0 {
                    return Some(Distribution::Exponential { mean });
                }
                self.taken_for(element, "mean", format!("mean, {mean} is not above 0: it is always 0"));
                Some(Distribution::Fixed(0.0))
            }
            "weibull" => {
                let lambda = self.positive(element, "lambda");
                let k = self.positive(element, "k");
                Some(Distribution::Weibull { lambda: lambda?, k: k? })
            }
            "pareto" => {
                let k = self.positive(element, "k");
                let x_m = self.positive(element, "x_m");
                Some(Distribution::Pareto { k: k?, x_m: x_m? })
            }
            "gpareto" => {
                let shape = self.parameter(element, "shape");
                let scale = self.parameter(element, "scale");
                let location = self.parameter(element, "location");
                Some(Distribution::GPareto { shape: shape?, scale: scale?, location: location? })
            }
            "gamma" => {
                let k = self.positive(element, "k");
                let theta = self.positive(element, "theta");
                Some(Distribution::Gamma { k: k?, theta: theta? })
            }
            "negbin" => {
                let p =
                    self.parameter_within(element, "p", |p| p > 0.0 && p <= 1.0, "be above 0 and at most 1");
                let n = self.positive(element, "n");
                Some(Distribution::NegBin { p: p?, n: n? })
            }
            _ => None,
        }
    }

    fn parameter(&mut self, element: &Element, name: &str) -> Option<f64> {
        self.required(element, name)?;
        self.double(element, name)
    }

    fn positive(&mut self, element: &Element, name: &str) -> Option<f64> {
        self.parameter_within(element, name, |value| value > 0.0, "be above 0")
    }

    fn parameter_within(
        &mut self,
        element: &Element,
        name: &str,
        allowed: impl Fn(f64) -> bool,
        must: &str,
    ) -> Option<f64> {
        let value = self.parameter(element, name)?;
        if allowed(value) {
            return Some(value);
        }
        self.findings.add(
            codes::BAD_VALUE,
            element.attribute(name).map_or(element.name_span.clone(), value_span),
            format!("<{}> {name}, {value} is not possible: it must {must}", element.name),
            format!("must {must}"),
            "correct the parameter",
        );
        None
    }

    /// Reports a parameter that SIPp accepts although it makes little sense.
    pub(crate) fn taken_for(&mut self, element: &Element, name: &str, what: String) {
        self.findings.add(
            codes::VALUE_TAKEN_FOR,
            element.attribute(name).map_or(element.name_span.clone(), value_span),
            format!("<{}> {what}", element.name),
            "probably not meant",
            "correct the parameter",
        );
    }
}

/// The standard normal distribution's 99th percentile.
const NORMAL_99: f64 = 2.326_347_874_040_841;

/// The value that 99 of 100 samples stay below. Like SIPp's, uniform's is min + 0.99·max and negbin's is 0.
pub(crate) fn percentile_99(distribution: &Distribution) -> f64 {
    const REST: f64 = 0.01;
    match *distribution {
        Distribution::Fixed(value) => value,
        Distribution::Uniform { min, max } => min + 0.99 * max,
        Distribution::Normal { mean, stdev } => mean + NORMAL_99 * stdev,
        Distribution::LogNormal { mean, stdev } => (mean + NORMAL_99 * stdev).exp(),
        Distribution::Exponential { mean } => -mean * REST.ln(),
        Distribution::Weibull { lambda, k } => lambda * (-REST.ln()).powf(1.0 / k),
        Distribution::Pareto { k, x_m } => x_m * REST.powf(-1.0 / k),
        Distribution::GPareto { shape: 0.0, scale, location } => location - scale * REST.ln(),
        Distribution::GPareto { shape, scale, location } => {
            location + scale * (REST.powf(-shape) - 1.0) / shape
        }
        Distribution::Gamma { k, theta } => theta * gamma_percentile(k),
        Distribution::NegBin { .. } => 0.0,
    }
}

/// The 99th percentile of a gamma distribution of shape `k` and scale 1, by bisection.
fn gamma_percentile(k: f64) -> f64 {
    // The sum below takes about as many terms as the root of k; by then the Wilson-Hilferty cube is exact enough.
    if k > 1000.0 {
        return k * (1.0 - 1.0 / (9.0 * k) + NORMAL_99 / (9.0 * k).sqrt()).powi(3);
    }
    let mut low = 0.0;
    let mut high = k + 10.0;
    while gamma_below(k, high) < 0.99 && high < 1e6 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if gamma_below(k, middle) < 0.99 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The regularised lower incomplete gamma function P(k, x), by its power series below the mean and by the continued
/// fraction of its complement above (Abramowitz and Stegun 6.5.29, 6.5.31).
fn gamma_below(k: f64, x: f64) -> f64 {
    const STEPS_MAX: u32 = 2_000;
    if x <= 0.0 {
        return 0.0;
    }
    let scale = (k * x.ln() - x - ln_gamma(k)).exp();
    if x < k + 1.0 {
        let mut term = 1.0 / k;
        let mut sum = term;
        for n in 1..STEPS_MAX {
            term *= x / (k + f64::from(n));
            sum += term;
            if term < sum * 1e-15 {
                break;
            }
        }
        return (sum * scale).min(1.0);
    }
    // Lentz's method.
    const TINY: f64 = 1e-300;
    let mut b = x + 1.0 - k;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..STEPS_MAX {
        let n = f64::from(n);
        let a = -n * (n - k);
        b += 2.0;
        d = a * d + b;
        d = 1.0 / if d.abs() < TINY { TINY } else { d };
        c = b + a / c;
        c = if c.abs() < TINY { TINY } else { c };
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (1.0 - fraction * scale).clamp(0.0, 1.0)
}

/// The logarithm of the gamma function for `x` above 0, by Stirling's series after moving `x` beyond 10.
fn ln_gamma(x: f64) -> f64 {
    let mut x = x;
    let mut shift = 0.0;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let square = x * x;
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x * square) + 1.0 / (1260.0 * x * square * square);
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6 * expected.abs().max(1.0), "{found} is not {expected}");
    }

    #[test]
    fn percentiles() {
        close(percentile_99(&Distribution::Fixed(1000.0)), 1000.0);
        close(percentile_99(&Distribution::Uniform { min: 10.0, max: 20.0 }), 29.8);
        close(percentile_99(&Distribution::Normal { mean: 100.0, stdev: 10.0 }), 123.263_478_740);
        close(percentile_99(&Distribution::Exponential { mean: 100.0 }), 460.517_018_599);
        close(percentile_99(&Distribution::Pareto { k: 1.0, x_m: 2.0 }), 200.0);
        close(percentile_99(&Distribution::GPareto { shape: 1.0, scale: 1.0, location: 5.0 }), 104.0);
        // A gamma of shape 1 is an exponential; of shape n/2 and scale 2, a chi-squared of n degrees: table values.
        close(percentile_99(&Distribution::Gamma { k: 1.0, theta: 100.0 }), 460.517_018_599);
        close(percentile_99(&Distribution::Gamma { k: 0.5, theta: 2.0 }), 6.634_896_601);
        close(percentile_99(&Distribution::Gamma { k: 50.0, theta: 2.0 }), 135.806_723_2);
        close(percentile_99(&Distribution::Gamma { k: 500.0, theta: 2.0 }), 1_106.968_995);
        let near = |k| gamma_percentile(k) / k;
        assert!((near(1001.0) - near(999.0)).abs() < 1e-4);
    }
}
