//! How good a stream sounds: the E-model of ITU-T G.107, and G.107.1 for wideband, from the codec, the losses
//! and the delay.
//!
//! The score is that of a planning tool, not of an ear: it knows the codec, how many packets were lost and
//! how they cluster, and the delay if RTCP tells it. It does not know what was said, and takes every other
//! parameter (noise, loudness, echo) at the Recommendation's default. A packet counts as lost if it never
//! came; one that came late is taken as played, as no playout buffer is simulated.

mod codec;
mod emodel;

pub use codec::Codec;
use codec::Impairment;

/// What a score is computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stream {
    /// What the speech was coded with.
    pub codec: Codec,
    /// Part of the packets that were lost, 0 to 1.
    pub loss: f64,
    /// How losses cluster: 1 at random, more in bursts (G.107 §3.5).
    pub burst_ratio: f64,
    /// Mean one-way delay from mouth to ear, ms; `None`: not known.
    pub delay_ms: Option<f64>,
}

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// R without delay: up to 93.2, or 129 for a wideband codec.
    pub r_factor: f64,
    /// Mean opinion score, listening: from `r_factor`, 1 to 4.5.
    pub mos: f64,
    /// Mean opinion score, conversational, if the delay is known.
    pub mos_conversational: Option<f64>,
}

/// Judges a stream; `None` where no value is published for the codec under such loss.
pub fn judge(stream: &Stream) -> Option<Score> {
    let loss = (stream.loss * 100.0).clamp(0.0, 100.0);
    let Impairment { wideband, ie, bpl } = stream.codec.impairment();
    let ie = match (loss > 0.0, bpl) {
        (false, _) => ie,
        (true, Some(bpl)) => emodel::effective_impairment(ie, loss, stream.burst_ratio, bpl),
        (true, None) => return None,
    };
    let rate = |delay_ms| {
        if wideband { emodel::rating_wideband(delay_ms, ie) } else { emodel::rating(delay_ms, ie) }
    };
    let mos = |r| emodel::mos(if wideband { r / emodel::WIDEBAND_SCALE } else { r });
    let r_factor = rate(0.0);
    Some(Score {
        r_factor,
        mos: mos(r_factor),
        mos_conversational: stream.delay_ms.map(|delay| mos(rate(delay))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(codec: Codec, loss: f64, burst_ratio: f64) -> Score {
        judge(&Stream { codec, loss, burst_ratio, delay_ms: None }).unwrap()
    }

    #[track_caller]
    fn near(found: f64, expected: f64, by: f64) {
        assert!((found - expected).abs() <= by, "found {found}, expected {expected}");
    }

    /// R and MOS by hand: Ie,eff = Ie + (95 − Ie)·Ppl/(Ppl + Bpl), R = 93.2 − Ie,eff.
    #[test]
    fn narrowband_scores() {
        for (codec, loss, r, mos) in [
            (Codec::G711, 0.0, 93.2, 4.41),
            (Codec::G711, 0.01, 89.56, 4.32),
            (Codec::G711, 0.05, 77.42, 3.92),
            (Codec::G711, 0.20, 51.07, 2.63),
            (Codec::G729, 0.0, 82.2, 4.10),
            (Codec::G729, 0.02, 74.2, 3.79),
            (Codec::Ilbc, 0.0, 82.2, 4.10),
            (Codec::G7231, 0.0, 78.2, 3.95),
        ] {
            let found = score(codec, loss, 1.0);
            near(found.r_factor, r, 0.1);
            near(found.mos, mos, 0.02);
        }
    }

    #[test]
    fn wideband_has_its_own_scale() {
        let clear = score(Codec::G722, 0.0, 1.0);
        near(clear.r_factor, 116.0, 0.1);
        near(clear.mos, 4.337, 0.001);
    }

    #[test]
    fn bursts_are_worse_than_random_loss() {
        let random = score(Codec::G711, 0.05, 1.0);
        let bursts = score(Codec::G711, 0.05, 2.0);
        // 95·5/(5/2 + 25.1) = 17.2.
        near(bursts.r_factor, 93.2 - 17.21, 0.1);
        assert!(bursts.mos < random.mos);
    }

    #[test]
    fn delay_counts_for_conversation_only() {
        let with = |delay_ms| {
            judge(&Stream { codec: Codec::G711, loss: 0.0, burst_ratio: 1.0, delay_ms: Some(delay_ms) })
                .unwrap()
        };
        assert_eq!(with(400.0).mos, score(Codec::G711, 0.0, 1.0).mos);
        let conversational = |delay_ms| with(delay_ms).mos_conversational.unwrap();
        near(conversational(0.0), 4.41, 0.01);
        assert!(conversational(50.0) > 4.3 && conversational(150.0) > 4.2);
        assert!(conversational(300.0) < 3.8 && conversational(400.0) < conversational(300.0));
    }

    #[test]
    fn what_is_not_published_is_not_judged() {
        assert_eq!(Codec::of("opus", 48_000), None);
        assert!(score(Codec::G728, 0.0, 1.0).mos > 3.9);
        let lossy = Stream { codec: Codec::G728, loss: 0.01, burst_ratio: 1.0, delay_ms: None };
        assert_eq!(judge(&lossy), None);
    }
}
