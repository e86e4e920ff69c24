//! Media on the command line (spec-cli §2.6).

use std::num::NonZeroU16;

use busyhour_media::SplitMix64;
use busyhour_scenario::media_arguments;

use crate::media::{BASE_SSRC, MediaPlan};

/// Options of media as typed. `None` and `false` mean "not given".
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MediaOptions {
    /// `-mi`.
    pub(crate) ip: Option<String>,
    /// `-mp`, `-min_rtp_port`.
    pub(crate) port_min: Option<u16>,
    /// `-max_rtp_port`.
    pub(crate) port_max: Option<u16>,
    /// `-rtp_echo`.
    pub(crate) echo: bool,
    /// `-rtp_payload`.
    pub(crate) default_payload: Option<u8>,
    /// `-rtp_buffsize`, bytes.
    pub(crate) buffer_bytes: Option<u32>,
    /// `-audiotolerance`.
    pub(crate) audio_tolerance: Option<f64>,
    /// `-videotolerance`.
    pub(crate) video_tolerance: Option<f64>,
    /// `-random_base_ssrc`.
    pub(crate) random_base_ssrc: bool,
    /// `-no_rtcp`.
    pub(crate) no_rtcp: bool,
    /// `-no_hearing`.
    pub(crate) no_hearing: bool,
    /// `-hear`.
    pub(crate) hear: bool,
    /// `-media_threads`.
    pub(crate) threads: Option<NonZeroU16>,
}

impl MediaOptions {
    /// Fills in the defaults. Random draws come from `seed`. The error is for a person.
    pub(crate) fn plan(&self, seed: u64) -> Result<MediaPlan, String> {
        let default = MediaPlan::default();
        let plan = MediaPlan {
            port_min: self.port_min.unwrap_or(default.port_min),
            port_max: self.port_max.unwrap_or(default.port_max),
            echo: self.echo,
            default_payload: self.default_payload.unwrap_or(default.default_payload),
            buffer_bytes: self.buffer_bytes.unwrap_or(default.buffer_bytes),
            audio_tolerance: self.audio_tolerance.unwrap_or(default.audio_tolerance),
            video_tolerance: self.video_tolerance.unwrap_or(default.video_tolerance),
            base_ssrc: if self.random_base_ssrc { SplitMix64(seed).draw() as u32 } else { BASE_SSRC },
            rtcp: !self.no_rtcp,
            judge: !self.no_hearing,
            hear: self.hear,
            threads: self.threads,
        };
        if plan.port_min > plan.port_max {
            return Err(format!(
                "-min_rtp_port {} is above -max_rtp_port {}: no port lies between them. Give a higher -max_rtp_port, or a \
                 lower -min_rtp_port (-mp).",
                plan.port_min, plan.port_max
            ));
        }
        if let Some(payload_type) = self.default_payload
            && media_arguments::packet_form(payload_type, None).is_err()
        {
            return Err(format!(
                "-rtp_payload: {payload_type} alone does not say what is in the packets: give 0 (PCMU), 8 (PCMA), 9 (G722) \
                 or 18 (G729)"
            ));
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_to_be_in_order() {
        let options = |min, max| MediaOptions { port_min: min, port_max: max, ..MediaOptions::default() };
        let refused = |min, max| options(min, max).plan(1).unwrap_err();
        assert!(
            refused(Some(9000), Some(8000)).starts_with("-min_rtp_port 9000 is above -max_rtp_port 8000")
        );
        assert!(
            refused(None, Some(5999)).starts_with("-min_rtp_port 6000 is above"),
            "the default counts too"
        );
        assert!(options(Some(8000), Some(8000)).plan(1).is_ok());
    }

    #[test]
    fn only_random_sources_are_random() {
        let options = MediaOptions { random_base_ssrc: true, ..MediaOptions::default() };
        let drawn = |seed| options.plan(seed).unwrap().base_ssrc;
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
        assert_ne!(drawn(7), BASE_SSRC);
    }
}
