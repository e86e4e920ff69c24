//! `exec rtp_assert`: claims about what the call has heard and said, and the figures that they name.

use busyhour_media::Heard;
use busyhour_scenario::program::{Claim, ClaimKind, Compare, Figure};

use super::Host;
use crate::snapshot::FailureKind;

/// Checks all claims; the first that does not hold is told.
///
/// # Errors
/// What the call fails as. A warning has said why.
pub(super) fn assert(claims: &[Claim], host: &mut impl Host) -> Result<(), FailureKind> {
    for claim in claims {
        let heard = host.heard(claim.medium);
        let trouble = match &claim.kind {
            ClaimKind::BothWays => both_ways(&heard),
            ClaimKind::Silent => (heard.packets > 0).then(|| format!("{} packets were heard", heard.packets)),
            ClaimKind::Compare { figure, compare, with } => compared(*figure, *compare, *with, &heard),
            ClaimKind::Digits { equal, with } => {
                let mut wanted = Vec::new();
                host.render(with, &mut wanted)?;
                let digits: Vec<u8> = heard.digits.iter().map(|digit| digit.digit).collect();
                ((digits == wanted) != *equal).then(|| {
                    let wanted = String::from_utf8_lossy(&wanted);
                    format!("\"{}\" was heard, compared with \"{wanted}\"", String::from_utf8_lossy(&digits))
                })
            }
        };
        if let Some(trouble) = trouble {
            let call_id = String::from_utf8_lossy(host.call_id()).into_owned();
            host.warn(|| {
                format!(
                    "rtp_assert: {} does not hold: {trouble}; the call fails, Call-Id '{call_id}'",
                    claim.text
                )
                .into_bytes()
            });
            return Err(FailureKind::MediaAssert);
        }
    }
    Ok(())
}

fn both_ways(heard: &Heard) -> Option<String> {
    match (heard.sent, heard.packets) {
        (0, 0) => Some("nothing was sent and nothing was heard".to_owned()),
        (0, packets) => Some(format!("nothing was sent, {packets} packets were heard")),
        (sent, 0) => Some(format!("{sent} packets were sent, nothing was heard")),
        _ => None,
    }
}

/// What speaks against a comparison. A figure that is not known compares with nothing.
fn compared(figure: Figure, compare: Compare, with: f64, heard: &Heard) -> Option<String> {
    let Some(value) = value(figure, heard) else {
        let why = if heard.packets == 0 { "nothing was heard" } else { "there is no figure for this stream" };
        return Some(format!("{} is not known: {why}", name(figure)));
    };
    let holds = match compare {
        Compare::Equal => value == with,
        Compare::NotEqual => value != with,
        Compare::Greater => value > with,
        Compare::Less => value < with,
        Compare::GreaterOrEqual => value >= with,
        Compare::LessOrEqual => value <= with,
    };
    (!holds).then(|| format!("{} is {}", name(figure), shown(figure, value, heard)))
}

/// A figure of what was heard; `None` where it is not known. Ratios are from 0 to 1, durations in ms.
pub(super) fn value(figure: Figure, heard: &Heard) -> Option<f64> {
    // Of nothing there is neither a loss nor a jitter.
    let of_packets = |value: f64| (heard.packets > 0).then_some(value);
    match figure {
        Figure::Packets => Some(heard.packets as f64),
        Figure::Sent => Some(heard.sent as f64),
        Figure::Lost => Some(heard.lost as f64),
        Figure::Loss => of_packets(heard.loss),
        Figure::Duplicates => Some(heard.duplicates as f64),
        Figure::Reordered => Some(heard.reordered as f64),
        Figure::Jitter => of_packets(heard.jitter_ms),
        Figure::JitterMax => of_packets(heard.jitter_max_ms),
        Figure::Gap => of_packets(heard.gap_max_ms),
        Figure::SilentFor => of_packets(heard.silent_for_ms),
        Figure::FirstPacket => heard.first_packet_ms,
        Figure::SsrcChanges => Some(heard.ssrc_changes as f64),
        Figure::WrongPayloadType => Some(heard.wrong_payload_type as f64),
        Figure::FromElsewhere => Some(heard.from_elsewhere as f64),
        Figure::Level => heard.level_dbm0,
        Figure::DeadAir => heard.dead_air,
        Figure::BurstRatio => of_packets(heard.burst_ratio),
        Figure::RFactor => heard.r_factor,
        Figure::Mos => heard.mos,
        Figure::MosConversational => heard.mos_conversational,
        Figure::Rtt => heard.rtt_ms,
        Figure::FarLoss => heard.far_loss,
        Figure::FarJitter => heard.far_jitter_ms,
    }
}

/// A figure as scenarios call it.
fn name(figure: Figure) -> &'static str {
    match figure {
        Figure::Packets => "packets",
        Figure::Sent => "sent",
        Figure::Lost => "lost",
        Figure::Loss => "loss",
        Figure::Duplicates => "duplicates",
        Figure::Reordered => "reordered",
        Figure::Jitter => "jitter",
        Figure::JitterMax => "jitter_max",
        Figure::Gap => "gap",
        Figure::SilentFor => "silent_for",
        Figure::FirstPacket => "first_packet",
        Figure::SsrcChanges => "ssrc_changes",
        Figure::WrongPayloadType => "wrong_payload_type",
        Figure::FromElsewhere => "from_elsewhere",
        Figure::Level => "level",
        Figure::DeadAir => "dead_air",
        Figure::BurstRatio => "burst_ratio",
        Figure::RFactor => "r_factor",
        Figure::Mos => "mos",
        Figure::MosConversational => "mos_cq",
        Figure::Rtt => "rtt",
        Figure::FarLoss => "far_loss",
        Figure::FarJitter => "far_jitter",
    }
}

/// A figure with its unit, and what it was made of where that says more.
fn shown(figure: Figure, value: f64, heard: &Heard) -> String {
    match figure {
        Figure::Loss => {
            format!("{}% ({} of {} packets)", rounded(value * 100.0, 2), heard.lost, heard.expected)
        }
        Figure::DeadAir | Figure::FarLoss => format!("{}%", rounded(value * 100.0, 2)),
        Figure::Jitter
        | Figure::JitterMax
        | Figure::Gap
        | Figure::SilentFor
        | Figure::FirstPacket
        | Figure::Rtt
        | Figure::FarJitter => format!("{} ms", rounded(value, 3)),
        Figure::Level => format!("{} dBm0", rounded(value, 1)),
        Figure::BurstRatio | Figure::RFactor | Figure::Mos | Figure::MosConversational => rounded(value, 2),
        _ => rounded(value, 0),
    }
}

/// A number without zeros at its end.
fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use busyhour_media::heard::Digit;
    use busyhour_scenario::program::{Action, MediaAction};
    use busyhour_scenario::template::{Piece, Template};
    use busyhour_wire::sdp::Medium;

    use super::super::Outcome;
    use super::super::fake::*;
    use super::*;
    use crate::settings::MediaSettings;

    /// The reason for which a claim does not hold, without the words around it.
    fn trouble(heard: &Heard, text: &str, kind: ClaimKind) -> Option<String> {
        let mut host = FakeHost { media: Some(MediaSettings::default()), ..FakeHost::default() };
        host.heard.insert(Medium::Audio, heard.clone());
        let claims = vec![Claim { text: text.to_owned(), medium: Medium::Audio, kind }];
        let outcome = host.run(&[Action::Media(MediaAction::Assert { claims })]);
        if outcome == Outcome::Done {
            assert!(host.warnings.is_empty());
            return None;
        }
        assert_eq!(outcome, Outcome::EndCall(FailureKind::MediaAssert));
        let start = format!("rtp_assert: {text} does not hold: ");
        let end = "; the call fails, Call-Id '1@host'";
        let told = host.warnings[0].strip_prefix(&start).and_then(|rest| rest.strip_suffix(end));
        Some(told.unwrap_or_else(|| panic!("{:?}", host.warnings)).to_owned())
    }

    fn compare(figure: Figure, compare: Compare, with: f64) -> ClaimKind {
        ClaimKind::Compare { figure, compare, with }
    }

    #[test]
    fn what_was_measured_is_told() {
        let heard = Heard {
            packets: 363,
            sent: 370,
            lost: 12,
            expected: 375,
            loss: 0.032,
            jitter_ms: 20.5,
            mos: Some(3.456),
            ..Heard::default()
        };
        let loss = compare(Figure::Loss, Compare::Less, 0.01);
        assert_eq!(trouble(&heard, "loss < 1%", loss).as_deref(), Some("loss is 3.2% (12 of 375 packets)"));
        let jitter = compare(Figure::Jitter, Compare::LessOrEqual, 20.0);
        assert_eq!(trouble(&heard, "jitter <= 20ms", jitter).as_deref(), Some("jitter is 20.5 ms"));
        let mos = compare(Figure::Mos, Compare::Greater, 3.8);
        assert_eq!(trouble(&heard, "mos > 3.8", mos).as_deref(), Some("mos is 3.46"));
        assert_eq!(trouble(&heard, "mos > 3", compare(Figure::Mos, Compare::Greater, 3.0)), None);
        assert_eq!(
            trouble(&heard, "packets != 363", compare(Figure::Packets, Compare::NotEqual, 363.0)).as_deref(),
            Some("packets is 363")
        );
        let rtt = compare(Figure::Rtt, Compare::Less, 100.0);
        assert_eq!(
            trouble(&heard, "rtt < 100", rtt).as_deref(),
            Some("rtt is not known: there is no figure for this stream")
        );
    }

    #[test]
    fn of_nothing_there_is_no_loss() {
        let loss = compare(Figure::Loss, Compare::Less, 0.01);
        assert_eq!(
            trouble(&Heard::default(), "loss < 1%", loss).as_deref(),
            Some("loss is not known: nothing was heard")
        );
    }

    #[test]
    fn both_ways_and_silent() {
        let heard = |sent, packets| Heard { sent, packets, ..Heard::default() };
        assert_eq!(trouble(&heard(1, 1), "both_ways", ClaimKind::BothWays), None);
        for (sent, packets, why) in [
            (0, 0, "nothing was sent and nothing was heard"),
            (5, 0, "5 packets were sent, nothing was heard"),
            (0, 5, "nothing was sent, 5 packets were heard"),
        ] {
            assert_eq!(
                trouble(&heard(sent, packets), "both_ways", ClaimKind::BothWays).as_deref(),
                Some(why)
            );
        }
        assert_eq!(trouble(&heard(9, 0), "silent", ClaimKind::Silent), None);
        assert_eq!(
            trouble(&heard(9, 2), "silent", ClaimKind::Silent).as_deref(),
            Some("2 packets were heard")
        );
    }

    #[test]
    fn digits_are_compared_as_a_whole() {
        let digits = b"12".map(|digit| Digit { digit, payload_type: Some(96) }).to_vec();
        let heard = Heard { digits, ..Heard::default() };
        let claim = |equal, text: &str| ClaimKind::Digits {
            equal,
            with: Template { pieces: vec![Piece::Literal(text.into())] },
        };
        assert_eq!(trouble(&heard, "digits == 12", claim(true, "12")), None);
        assert_eq!(trouble(&heard, "digits != \"\"", claim(false, "")), None);
        assert_eq!(
            trouble(&heard, "digits == 123", claim(true, "123")).as_deref(),
            Some("\"12\" was heard, compared with \"123\"")
        );
    }

    #[test]
    fn every_figure_has_a_name_of_its_own() {
        use Figure::*;
        let figures = [
            Packets,
            Sent,
            Lost,
            Loss,
            Duplicates,
            Reordered,
            Jitter,
            JitterMax,
            Gap,
            SilentFor,
            FirstPacket,
            SsrcChanges,
            WrongPayloadType,
            FromElsewhere,
            Level,
            DeadAir,
            BurstRatio,
            RFactor,
            Mos,
            MosConversational,
            Rtt,
            FarLoss,
            FarJitter,
        ];
        let names: std::collections::HashSet<_> = figures.map(name).into_iter().collect();
        assert_eq!(names.len(), figures.len());
        let heard = Heard { packets: 1, silent_for_ms: 1_500.0, ..Heard::default() };
        let claim = compare(SilentFor, Compare::Less, 1_000.0);
        let told = trouble(&heard, "silent_for < 1s", claim);
        assert_eq!(told.as_deref(), Some("silent_for is 1500 ms"));
    }

    #[test]
    fn numbers_have_no_zeros_at_their_end() {
        assert_eq!(rounded(100.0, 0), "100");
        assert_eq!(rounded(3.20, 2), "3.2");
        assert_eq!(rounded(0.0, 2), "0");
    }
}
