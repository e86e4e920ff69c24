//! The formulas of ITU-T G.107 (06/2015) at its default values, and of G.107.1 (06/2019 with Cor. 1 of 01/2020) for
//! wideband.
//!
//! What they give was held against what others print of them: R = 93.2 and MOS 4.41 of all defaults (G.107 §7.7), table
//! B.1, and the fit of Cole and Rosenbluth (Voice over IP performance monitoring, ACM CCR 31(2), 2001) for the delay.

/// R of G.107.1 is divided by this to use the mapping of R to MOS of G.107 (G.107.1 Annex A).
pub(super) const WIDEBAND_SCALE: f64 = 1.29;

/// R of a wideband connection without impairment (G.107.1 §7.1, default values).
const WIDEBAND_BEST: f64 = 129.0;

/// Default values of G.107 table 3.
mod default {
    pub(super) const SLR: f64 = 8.0;
    pub(super) const RLR: f64 = 2.0;
    pub(super) const STMR: f64 = 15.0;
    pub(super) const DR: f64 = 3.0;
    pub(super) const DS: f64 = 3.0;
    pub(super) const TELR: f64 = 65.0;
    pub(super) const WEPL: f64 = 110.0;
    pub(super) const QDU: f64 = 1.0;
    pub(super) const NC: f64 = -70.0;
    pub(super) const NFOR: f64 = -64.0;
    pub(super) const PS: f64 = 35.0;
    pub(super) const PR: f64 = 35.0;
}
use default::*;

/// Ie,eff (G.107 §7.5, equation 7-29; G.107.1 equation 7-15 is the same for random loss, with 95 too). `loss`
/// in per cent. The burst ratio has a range of 1 to 8 there; less, loss spread more evenly than chance would,
/// counts as 1.
pub(super) fn effective_impairment(ie: f64, loss: f64, burst_ratio: f64, bpl: f64) -> f64 {
    ie + (95.0 - ie) * loss / (loss / burst_ratio.clamp(1.0, 8.0) + bpl)
}

/// R = Ro − Is − Id − Ie,eff + A (equation 7-1), A = 0, for a mean one-way delay in ms that is the whole
/// delay (Ta = T, Tr = 2·T).
pub(super) fn rating(delay_ms: f64, effective_impairment: f64) -> f64 {
    let no = noise();
    let ro = 15.0 - 1.5 * (SLR + no);
    ro - simultaneous(ro, no, delay_ms) - delay_impairment(ro, no, delay_ms) - effective_impairment
}

/// R of G.107.1 (equation 7-1): Is,WB = 0 and A = 0; of the delay only the pure delay counts, as its echo
/// terms are without effect at the default losses.
pub(super) fn rating_wideband(delay_ms: f64, effective_impairment: f64) -> f64 {
    WIDEBAND_BEST - pure_delay(delay_ms) - effective_impairment
}

/// MOS of R (Annex B, equation B-4). Below R = 6.5 the cubic dips under 1, which no opinion can.
pub(super) fn mos(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

/// No: all noise as one source at the 0 dBr point, dBm0p (equations 7-3 to 7-7).
fn noise() -> f64 {
    let olr = SLR + RLR;
    let nos = PS - SLR - DS - 100.0 + 0.004 * (PS - olr - DS - 14.0).powi(2);
    let lstr = STMR + DR;
    let pre = PR + 10.0 * (1.0 + power((10.0 - lstr) / 10.0)).log10();
    let nor = RLR - 121.0 + pre + 0.008 * (pre - 35.0).powi(2);
    let nfo = NFOR + RLR;
    10.0 * [NC, nos, nor, nfo].iter().map(|level| power(level / 10.0)).sum::<f64>().log10()
}

/// Is: what happens at once with the voice (equations 7-8 to 7-17).
fn simultaneous(ro: f64, no: f64, delay_ms: f64) -> f64 {
    let olr = SLR + RLR;
    let xolr = olr + 0.2 * (64.0 + no - RLR);
    let iolr = 20.0 * ((1.0 + (xolr / 8.0).powi(8)).powf(1.0 / 8.0) - xolr / 8.0);
    let stmro = -10.0 * (power(-STMR / 10.0) + (-delay_ms / 4.0).exp() * power(-TELR / 10.0)).log10();
    let ist = 12.0 * (1.0 + ((stmro - 13.0) / 6.0).powi(8)).powf(1.0 / 8.0)
        - 28.0 * (1.0 + ((stmro + 1.0) / 19.4).powi(35)).powf(1.0 / 35.0)
        - 13.0 * (1.0 + ((stmro - 3.0) / 33.0).powi(13)).powf(1.0 / 13.0)
        + 29.0;
    let q = 37.0 - 15.0 * QDU.log10();
    let g = 1.07 + 0.258 * q + 0.0602 * q * q;
    let y = (ro - 100.0) / 15.0 + 46.0 / 8.4 - g / 9.0;
    let z = 46.0 / 30.0 - g / 40.0;
    let iq = 15.0 * (1.0 + power(y) + power(z)).log10();
    iolr + ist + iq
}

/// Id = Idte + Idle + Idd (equations 7-18 to 7-28); STMR is between 9 and 20 dB, where Idte stands as it is.
fn delay_impairment(ro: f64, no: f64, delay_ms: f64) -> f64 {
    let roe = -1.5 * (no - RLR);
    let spread = (1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0);
    let terv = TELR - 40.0 * spread.log10() + 6.0 * (-0.3 * delay_ms * delay_ms).exp();
    let re = 80.0 + 2.5 * (terv - 14.0);
    // Within a millisecond an echo is sidetone (§7.4).
    let idte = if delay_ms < 1.0 {
        0.0
    } else {
        ((roe - re) / 2.0 + ((roe - re).powi(2) / 4.0 + 100.0).sqrt() - 1.0) * (1.0 - (-delay_ms).exp())
    };
    let rle = 10.5 * (WEPL + 7.0) * (2.0 * delay_ms + 1.0).powf(-0.25);
    let idle = (ro - rle) / 2.0 + ((ro - rle).powi(2) / 4.0 + 169.0).sqrt();
    idte + idle + pure_delay(delay_ms)
}

/// Idd: too long a delay even without echo (equations 7-27, 7-28; default sensitivity sT = 1, mT = 100 ms).
fn pure_delay(delay_ms: f64) -> f64 {
    if delay_ms <= 100.0 {
        return 0.0;
    }
    let x = (delay_ms / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0) + 2.0)
}

fn power(exponent: f64) -> f64 {
    10_f64.powf(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() <= by, "found {found}, expected {expected}");
    }

    /// G.107 §7.7: "all default values: R = 93.2", and MOS of G.107 table B.1's borders.
    #[test]
    fn default_rating() {
        near(rating(0.0, 0.0), 93.2, 0.05);
        near(mos(93.2), 4.41, 0.005);
    }

    /// G.107 Annex B, table B.1: R and MOS of the classes of satisfaction.
    #[test]
    fn table_b1() {
        for (r, expected) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            near(mos(r), expected, 0.01);
        }
        assert_eq!((mos(-5.0), mos(0.0), mos(3.0), mos(100.0), mos(120.0)), (1.0, 1.0, 1.0, 4.5, 4.5));
    }

    /// Without echo, G.107 Idd: 0 up to 100 ms, then by equation 7-27; doubled delay gives X = 1.
    #[test]
    fn pure_delay_by_hand() {
        assert_eq!(pure_delay(100.0), 0.0);
        let x1 = 25.0 * (2_f64.powf(1.0 / 6.0) - 3.0 * (1.0 + 3_f64.powi(-6)).powf(1.0 / 6.0) + 2.0);
        near(pure_delay(200.0), x1, 1e-9);
        near(x1, 3.04, 0.01);
        near(pure_delay(400.0), 23.0, 1.5);
    }

    /// Id of Cole and Rosenbluth, a fit of G.107 below 400 ms: 0.024·T + 0.11·(T − 177.3)·H(T − 177.3). At 150 ms it is 3.6, which
    /// leaves R = 89.6 and MOS 4.33; at 300 ms it is 20.7, R = 72.5 and MOS 3.72.
    #[test]
    fn delay_as_published() {
        for ms in [0.0, 25.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0] {
            let published = 0.024 * ms + 0.11 * f64::max(ms - 177.3, 0.0);
            near(rating(0.0, 0.0) - rating(ms, 0.0), published, 2.5);
        }
        near(rating(150.0, 0.0), 89.6, 0.5);
        near(rating(300.0, 0.0), 72.5, 0.5);
        near(mos(rating(150.0, 0.0)), 4.33, 0.02);
        near(mos(rating(300.0, 0.0)), 3.72, 0.02);
        assert!(rating(0.99, 0.0) > rating(0.0, 0.0) - 0.1, "an echo so near is sidetone");
    }

    /// G.107.1: R is 129 at best and is divided by 1.29 for MOS; no delay counts up to 100 ms.
    #[test]
    fn wideband_scale() {
        near(rating_wideband(100.0, 0.0), 129.0, 1e-9);
        near(mos(129.0 / WIDEBAND_SCALE), 4.5, 1e-9);
        near(129.0 - rating_wideband(300.0, 0.0), pure_delay(300.0), 1e-9);
    }

    /// The well-known curve of R over delay with good echo control (G.107 figure, G.114 figure 1): 94 to 93
    /// up to 100 ms, above 80 until 200 to 250 ms, about 70 at 350 ms.
    #[test]
    fn rating_over_delay() {
        assert!(rating(100.0, 0.0) > 89.0);
        assert!(rating(200.0, 0.0) > 84.0);
        let long = rating(350.0, 0.0);
        assert!((65.0..76.0).contains(&long), "{long}");
        for ms in 1..1_000 {
            let (now, before) = (rating(f64::from(ms), 0.0), rating(f64::from(ms - 1), 0.0));
            assert!(now <= before + 0.2, "falls with delay: {before} to {now} at {ms} ms");
        }
    }
}
