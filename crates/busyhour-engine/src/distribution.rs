//! Random draws for pauses and `sample` (spec-scenario §3.5).

use busyhour_scenario::program::Distribution;
use rand::{Rng, RngExt};
use rand_distr::{Exp1, Gamma, OpenClosed01, Poisson, StandardNormal};

/// Draws one value. Parameters that make no sense (a shape of 0, a probability above 1) give 0 rather than a panic; a
/// draw may be infinite where the distribution has no bound.
pub(crate) fn sample(distribution: &Distribution, rng: &mut impl Rng) -> f64 {
    match *distribution {
        Distribution::Fixed(value) => value,
        Distribution::Uniform { min, max } => min + rng.random::<f64>() * (max - min),
        Distribution::Normal { mean, stdev } => normal(mean, stdev, rng),
        Distribution::LogNormal { mean, stdev } => normal(mean, stdev, rng).exp(),
        Distribution::Exponential { mean } => mean * exponential(rng),
        Distribution::Weibull { lambda, k } if k > 0.0 => lambda * exponential(rng).powf(k.recip()),
        Distribution::Pareto { k, x_m } if k > 0.0 => x_m * (exponential(rng) / k).exp(),
        Distribution::GPareto { shape, scale, location } => location + scale * generalised_pareto(shape, rng),
        Distribution::Gamma { k, theta } => gamma(k, theta, rng),
        Distribution::NegBin { p, n } => negative_binomial(p, n, rng),
        Distribution::Weibull { .. } | Distribution::Pareto { .. } => 0.0,
    }
}

fn normal(mean: f64, stdev: f64, rng: &mut impl Rng) -> f64 {
    mean + stdev * rng.sample::<f64, _>(StandardNormal)
}

/// With mean 1.
fn exponential(rng: &mut impl Rng) -> f64 {
    rng.sample(Exp1)
}

/// With scale 1 and location 0: (u^−shape − 1) / shape, whose limit at shape 0 is −ln u.
fn generalised_pareto(shape: f64, rng: &mut impl Rng) -> f64 {
    let u: f64 = rng.sample(OpenClosed01);
    if shape == 0.0 { -u.ln() } else { (-shape * u.ln()).exp_m1() / shape }
}

fn gamma(k: f64, theta: f64, rng: &mut impl Rng) -> f64 {
    Gamma::new(k, theta).map_or(0.0, |gamma| rng.sample(gamma))
}

/// A Poisson draw whose mean is a gamma draw.
fn negative_binomial(p: f64, n: f64, rng: &mut impl Rng) -> f64 {
    let mean = gamma(n, (1.0 - p) / p, rng);
    Poisson::new(mean).map_or(0.0, |poisson| rng.sample(poisson))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    const N: usize = 200_000;

    fn draws(distribution: &Distribution) -> Vec<f64> {
        let mut rng = SmallRng::seed_from_u64(42);
        let mut draws: Vec<f64> = (0..N).map(|_| sample(distribution, &mut rng)).collect();
        draws.sort_by(f64::total_cmp);
        draws
    }

    /// Compares mean and standard deviation, to 2 % and 5 % of the deviation.
    fn assert_moments(distribution: &Distribution, mean: f64, deviation: f64) {
        let draws = draws(distribution);
        let found = draws.iter().sum::<f64>() / N as f64;
        let spread = (draws.iter().map(|draw| (draw - found).powi(2)).sum::<f64>() / N as f64).sqrt();
        assert!((found - mean).abs() <= 0.02 * deviation, "{distribution:?}: mean {found}, not {mean}");
        let wrong = (spread - deviation).abs() > 0.05 * deviation;
        assert!(!wrong, "{distribution:?}: deviation {spread}, not {deviation}");
    }

    /// Compares the lowest value and quantiles, to 3 %.
    fn assert_quantiles(distribution: &Distribution, quantile: impl Fn(f64) -> f64) {
        let draws = draws(distribution);
        assert!(draws[0] >= quantile(0.0), "{distribution:?}: {} is too low", draws[0]);
        for p in [0.1, 0.5, 0.9, 0.99] {
            let (found, expected) = (draws[(p * N as f64) as usize], quantile(p));
            let wrong = (found - expected).abs() > 0.03 * expected.abs();
            assert!(!wrong, "{distribution:?}: quantile {p} is {found}, not {expected}");
        }
    }

    #[test]
    fn fixed() {
        assert_moments(&Distribution::Fixed(12.5), 12.5, 0.0);
    }

    #[test]
    fn uniform() {
        assert_moments(&Distribution::Uniform { min: 100.0, max: 400.0 }, 250.0, 300.0 / 12f64.sqrt());
    }

    #[test]
    fn normal() {
        assert_moments(&Distribution::Normal { mean: 500.0, stdev: 40.0 }, 500.0, 40.0);
    }

    #[test]
    fn log_normal() {
        let (mean, spread) = ((2.0 + 0.125f64).exp(), 0.25f64.exp_m1().sqrt());
        assert_moments(&Distribution::LogNormal { mean: 2.0, stdev: 0.5 }, mean, mean * spread);
    }

    #[test]
    fn exponential() {
        assert_moments(&Distribution::Exponential { mean: 90.0 }, 90.0, 90.0);
    }

    #[test]
    fn weibull() {
        let quantile = |p: f64| 60.0 * (-(1.0 - p).ln()).powf(0.5);
        assert_quantiles(&Distribution::Weibull { lambda: 60.0, k: 2.0 }, quantile);
    }

    #[test]
    fn pareto() {
        assert_quantiles(&Distribution::Pareto { k: 3.0, x_m: 20.0 }, |p| 20.0 * (1.0 - p).powf(-1.0 / 3.0));
    }

    #[test]
    fn generalised_pareto() {
        let distribution = Distribution::GPareto { shape: 0.25, scale: 10.0, location: 5.0 };
        assert_quantiles(&distribution, |p| 5.0 + 10.0 * ((1.0 - p).powf(-0.25) - 1.0) / 0.25);
        let distribution = Distribution::GPareto { shape: 0.0, scale: 10.0, location: 5.0 };
        assert_quantiles(&distribution, |p| 5.0 - 10.0 * (1.0 - p).ln());
        let distribution = Distribution::GPareto { shape: -0.5, scale: 10.0, location: 5.0 };
        assert_quantiles(&distribution, |p| 5.0 + 20.0 * (1.0 - (1.0 - p).sqrt()));
    }

    #[test]
    fn gamma() {
        assert_moments(&Distribution::Gamma { k: 4.0, theta: 25.0 }, 100.0, 50.0);
    }

    #[test]
    fn negative_binomial_counts_failures_before_the_nth_success() {
        let distribution = Distribution::NegBin { p: 0.2, n: 5.0 };
        assert_moments(&distribution, 20.0, 10.0);
        assert!(draws(&distribution).iter().all(|draw| draw.fract() == 0.0 && *draw >= 0.0));
        assert_moments(&Distribution::NegBin { p: 1.0, n: 5.0 }, 0.0, 0.0);
    }

    #[test]
    fn nonsense_is_drawn_without_a_panic() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e-300] {
            for other in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 2.0] {
                let mut rng = SmallRng::seed_from_u64(1);
                for distribution in [
                    Distribution::Uniform { min: value, max: other },
                    Distribution::Normal { mean: value, stdev: other },
                    Distribution::LogNormal { mean: value, stdev: other },
                    Distribution::Exponential { mean: value },
                    Distribution::Weibull { lambda: value, k: other },
                    Distribution::Pareto { k: value, x_m: other },
                    Distribution::GPareto { shape: value, scale: other, location: other },
                    Distribution::Gamma { k: value, theta: other },
                    Distribution::NegBin { p: value, n: other },
                ] {
                    sample(&distribution, &mut rng);
                }
            }
        }
    }

    #[test]
    fn same_seed_same_draws() {
        let distribution = Distribution::Gamma { k: 4.0, theta: 25.0 };
        assert_eq!(draws(&distribution), draws(&distribution));
    }
}
