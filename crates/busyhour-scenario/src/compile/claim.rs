//! The claims of `exec rtp_assert` (ours): a comma-separated list of what must hold of the media heard so far.

use std::ops::Range;

use busyhour_wire::sdp::Medium;

use crate::check::codes;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::{Claim, ClaimKind, Compare, Figure};
use crate::syntax::located::Located;
use crate::syntax::number;
use crate::template::{Piece, Template};
use crate::xml::Attribute;

/// Units of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A plain number.
    None,
    /// From 0 to 1, or per cent.
    Ratio,
    /// Milliseconds.
    Ms,
}

/// The figures by name (see [`Figure`]).
const FIGURES: &[(&str, Figure, Unit)] = &[
    ("packets", Figure::Packets, Unit::None),
    ("sent", Figure::Sent, Unit::None),
    ("lost", Figure::Lost, Unit::None),
    ("loss", Figure::Loss, Unit::Ratio),
    ("duplicates", Figure::Duplicates, Unit::None),
    ("reordered", Figure::Reordered, Unit::None),
    ("jitter", Figure::Jitter, Unit::Ms),
    ("jitter_max", Figure::JitterMax, Unit::Ms),
    ("gap", Figure::Gap, Unit::Ms),
    ("silent_for", Figure::SilentFor, Unit::Ms),
    ("first_packet", Figure::FirstPacket, Unit::Ms),
    ("ssrc_changes", Figure::SsrcChanges, Unit::None),
    ("wrong_payload_type", Figure::WrongPayloadType, Unit::None),
    ("from_elsewhere", Figure::FromElsewhere, Unit::None),
    ("level", Figure::Level, Unit::None),
    ("dead_air", Figure::DeadAir, Unit::Ratio),
    ("burst_ratio", Figure::BurstRatio, Unit::None),
    ("r_factor", Figure::RFactor, Unit::None),
    ("mos", Figure::Mos, Unit::None),
    ("mos_cq", Figure::MosConversational, Unit::None),
    ("rtt", Figure::Rtt, Unit::Ms),
    ("far_loss", Figure::FarLoss, Unit::Ratio),
    ("far_jitter", Figure::FarJitter, Unit::Ms),
];

/// What claims may say beside figures.
const WORDS: &[&str] = &["both_ways", "silent", "digits"];

/// Operators, the longer ones first.
const OPERATORS: &[(&str, Compare)] = &[
    ("==", Compare::Equal),
    ("!=", Compare::NotEqual),
    ("<=", Compare::LessOrEqual),
    (">=", Compare::GreaterOrEqual),
    ("<", Compare::Less),
    (">", Compare::Greater),
];

/// The names of the figures.
pub(crate) fn figure_names() -> impl Iterator<Item = &'static str> + Clone {
    FIGURES.iter().map(|(name, _, _)| *name)
}

/// The figure of this name.
pub(crate) fn figure(name: &str) -> Option<Figure> {
    FIGURES.iter().find(|(known, _, _)| *known == name).map(|(_, figure, _)| *figure)
}

impl Compiler<'_> {
    /// The claims of an attribute; `None` if one of them is wrong, which is reported.
    pub(crate) fn claims(&mut self, attribute: &Attribute) -> Option<Vec<Claim>> {
        let located = Located::from_attribute(self.text, attribute);
        if located.as_str().trim_ascii().is_empty() {
            return self.no_claim(value_span(attribute));
        }
        let mut claims = Vec::new();
        let mut all_right = true;
        for range in split(located.as_str()) {
            match self.claim(&located, range) {
                Some(claim) => claims.push(claim),
                None => all_right = false,
            }
        }
        all_right.then_some(claims)
    }

    fn claim(&mut self, located: &Located, range: Range<usize>) -> Option<Claim> {
        let whole = located.as_str();
        let range = trimmed(whole, range);
        let text = &whole[range.clone()];
        if text.is_empty() {
            // An empty range has no place of its own.
            let comma = range.start.saturating_sub(1)..(range.start + 1).min(whole.len());
            return self.no_claim(located.span(trimmed(whole, comma)));
        }
        let (medium, name_at) = self.medium_of_claim(located, &range)?;
        let rest = &whole[name_at..range.end];
        let operator_at = rest.find(['=', '!', '<', '>']);
        let name = rest[..operator_at.unwrap_or(rest.len())].trim_ascii();
        let name_range = name_at..name_at + name.len();
        let make = |kind| Some(Claim { text: text.to_owned(), medium, kind });

        let Some(operator_at) = operator_at else {
            return match name {
                "both_ways" => make(ClaimKind::BothWays),
                "silent" => make(ClaimKind::Silent),
                _ if figure(name).is_some() || name == "digits" => self.bad_claim(
                    located.span(range),
                    &format!("\"{text}\" does not say what {name} must be"),
                    "compared with nothing",
                    &format!("write for example {}", example(name)),
                ),
                _ => self.unknown_claim(located, name_range, name),
            };
        };
        let known = FIGURES.iter().find(|(known, _, _)| *known == name);
        if known.is_none() && name != "digits" {
            if matches!(name, "both_ways" | "silent") {
                return self.bad_claim(
                    located.span(range),
                    &format!("{name} is not compared with anything"),
                    "a claim of its own",
                    &format!("write {name} alone"),
                );
            }
            return self.unknown_claim(located, name_range, name);
        }
        let tail = &rest[operator_at..];
        let Some((sign, compare)) = OPERATORS.iter().find(|(sign, _)| tail.starts_with(sign)) else {
            let at = name_at + operator_at;
            return self.bad_claim(
                located.span(at..at + 1),
                &format!("\"{text}\" has no operator that is known"),
                "not an operator",
                "write ==, !=, <, <=, > or >=",
            );
        };
        let value_range = trimmed(whole, name_at + operator_at + sign.len()..range.end);
        match known {
            Some(&(_, figure, unit)) => {
                let with = self.claim_number(located, value_range, range, name, unit)?;
                make(ClaimKind::Compare { figure, compare: *compare, with })
            }
            None => {
                let equal = match compare {
                    Compare::Equal => true,
                    Compare::NotEqual => false,
                    _ => {
                        return self.bad_claim(
                            located.span(range),
                            "digits are equal to a text or not",
                            "neither less nor more",
                            "write digits == 1234, or digits != \"\"",
                        );
                    }
                };
                let with = self.claim_digits(located, value_range, range)?;
                make(ClaimKind::Digits { equal, with })
            }
        }
    }

    /// The medium in front of a claim, and where what follows it begins.
    fn medium_of_claim(&mut self, located: &Located, range: &Range<usize>) -> Option<(Medium, usize)> {
        let text = &located.as_str()[range.clone()];
        let name = &text[..text.find(['=', '!', '<', '>', ' ']).unwrap_or(text.len())];
        let Some((medium, _)) = name.split_once('.') else { return Some((Medium::Audio, range.start)) };
        let Some(found) = Medium::ALL.into_iter().find(|known| known.name() == medium) else {
            let media = Medium::ALL.map(Medium::name);
            let help = self.findings.suggest(medium, media, &format!("write one of {}", media.join(", ")));
            return self.bad_claim(
                located.span(range.start..range.start + medium.len().max(1)),
                &format!("\"{medium}\" is no medium"),
                "unknown medium",
                &help,
            );
        };
        Some((found, range.start + medium.len() + 1))
    }

    /// A number in the unit of a figure.
    fn claim_number(
        &mut self,
        located: &Located,
        range: Range<usize>,
        claim: Range<usize>,
        name: &str,
        unit: Unit,
    ) -> Option<f64> {
        let text = &located.as_str()[range.clone()];
        let span = located.span(if range.is_empty() { claim } else { range });
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit() && c != '.');
        let written = text[digits.len()..].trim_ascii();
        let Some(value) = number::double(digits) else {
            return self.bad_claim(
                span,
                &format!("\"{text}\" is not a number to compare {name} with"),
                "expected a number",
                &format!("write for example {}", example(name)),
            );
        };
        let value = match (unit, written) {
            (_, "") => value,
            (Unit::Ratio, "%") => return Some(value / 100.0),
            (Unit::Ms, "ms") => value,
            _ => {
                let help = match unit {
                    Unit::None => format!("{name} has no unit: write {digits}"),
                    Unit::Ratio => format!("write {digits}% or a ratio from 0 to 1"),
                    Unit::Ms => format!("write {digits}ms"),
                };
                let message = format!("\"{written}\" is not a unit of {name}");
                return self.bad_claim(span, &message, "wrong unit", &help);
            }
        };
        if unit == Unit::Ratio && value >= 1.0 {
            return self.bad_claim(
                span,
                &format!("{name} is a ratio from 0 to 1, so it is hardly compared with {text}"),
                "per cent?",
                &format!("write {text}% or {}", value / 100.0),
            );
        }
        Some(value)
    }

    /// The digits expected: a text, with or without double quotes, in which keywords are filled in.
    fn claim_digits(
        &mut self,
        located: &Located,
        range: Range<usize>,
        claim: Range<usize>,
    ) -> Option<Template> {
        let text = &located.as_str()[range.clone()];
        if text.is_empty() {
            return self.bad_claim(
                located.span(claim),
                "no digits are given",
                "equal to what?",
                "write digits == 1234, or digits == \"\" for none",
            );
        }
        let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let inner = match unquoted {
            Some(_) => range.start + 1..range.end - 1,
            None => range,
        };
        let value = located.slice(inner);
        let template = self.template(&value);
        if let [Piece::Literal(digits)] = &template.pieces[..]
            && !digits.iter().all(|digit| b"0123456789*#ABCD".contains(digit))
        {
            return self.bad_claim(
                value.whole(),
                &format!("\"{}\" are not digits", value.as_str()),
                "digits are 0-9, *, #, A-D",
                "write the digits that are to be heard, without anything between them",
            );
        }
        Some(template)
    }

    fn unknown_claim<T>(&mut self, located: &Located, range: Range<usize>, name: &str) -> Option<T> {
        let names = figure_names().chain(WORDS.iter().copied());
        let all: Vec<&str> = names.clone().collect();
        let help = self.findings.suggest(name, names, &format!("claims are about {}", all.join(", ")));
        let message = format!("rtp_assert knows nothing called \"{name}\"");
        let span = located.span(if range.is_empty() { range.start..range.start + 1 } else { range });
        self.bad_claim(span, &message, "unknown", &help)
    }

    fn no_claim<T>(&mut self, span: Range<usize>) -> Option<T> {
        let help = "write claims with commas between them, such as both_ways, loss < 1%";
        self.bad_claim(span, "nothing is claimed here", "a claim is missing", help)
    }

    fn bad_claim<T>(&mut self, span: Range<usize>, message: &str, label: &str, help: &str) -> Option<T> {
        self.findings.add(codes::BAD_VALUE, span, format!("<exec> rtp_assert, {message}"), label, help);
        None
    }
}

/// What might be claimed of a figure.
fn example(name: &str) -> String {
    match FIGURES.iter().find(|(known, _, _)| *known == name) {
        Some((_, _, Unit::Ratio)) => format!("{name} < 1%"),
        Some((_, _, Unit::Ms)) => format!("{name} < 20ms"),
        Some((_, Figure::Mos | Figure::MosConversational, _)) => format!("{name} > 3.8"),
        Some(_) => format!("{name} > 0"),
        None => "digits == 1234".to_owned(),
    }
}

/// The ranges between commas; those in quotes and brackets do not count.
fn split(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut depth, mut quoted) = (0, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'[' if !quoted => depth += 1,
            b']' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => {
                ranges.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    ranges
}

/// The range without blanks at both ends.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_ascii_start().len());
    start..start + part.trim_ascii().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_separate_nothing() {
        let parts =
            |text: &'static str| split(text).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(parts("a,b"), ["a", "b"]);
        assert_eq!(parts("a == \",\",b"), ["a == \",\"", "b"]);
        assert_eq!(parts("d == [field0 file=\"a,[b\"],"), ["d == [field0 file=\"a,[b\"]", ""]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn every_figure_has_one_name() {
        for (index, (name, figure, _)) in FIGURES.iter().enumerate() {
            assert!(
                FIGURES[..index].iter().all(|(other, known, _)| other != name && known != figure),
                "{name}"
            );
        }
    }
}
