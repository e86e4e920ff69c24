//! Keywords of ports and keys: what they stand for is there before a text is rendered, and rendering only reads it.

use busyhour_media::srtp::Suite;
use busyhour_scenario::template::{CryptoKeyword, CryptoPart, Keyword, Piece, Template};
use busyhour_wire::sdp::Medium;

use super::plan::Plan;
use super::port::{take_at, take_own};
use super::{auto_port, crypto, of};
use crate::call::Call;
use crate::context::Context;
use crate::prepare::Prepared;
use crate::render::{Unrenderable, number};
use crate::snapshot::FailureKind;

/// What a text needs before it can be rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A pair of ports of the call's own.
    OwnPort(Medium),
    /// `[media_port]`, so many ports above it.
    SharedPort(Medium, i32),
    /// `[auto_media_port]`, the same.
    AutoPort(Medium, i32),
    /// A key of a crypto line.
    Key {
        /// Of which medium.
        medium: Medium,
        /// 1 or 2.
        line: u8,
        /// Whose key.
        suite: Suite,
        /// The present one, if there is one.
        again: bool,
    },
}

/// What this text needs, in order.
pub(crate) fn needs(template: &Template, plan: &Plan) -> Box<[Need]> {
    let mut needs = Vec::new();
    let mut suite = None;
    for piece in &template.pieces {
        match piece {
            // Without the keyword, the suite may be written out.
            Piece::Literal(text) => suite = last_suite(text).or(suite),
            Piece::Keyword(Keyword::RtpStreamPort(_, medium)) => needs.push(Need::OwnPort(*medium)),
            Piece::Keyword(Keyword::MediaPort(offset, Some(medium))) if plan.has => {
                needs.push(Need::SharedPort(*medium, *offset));
            }
            Piece::Keyword(Keyword::AutoMediaPort(offset, Some(medium))) if plan.has => {
                needs.push(Need::AutoPort(*medium, *offset));
            }
            Piece::Keyword(Keyword::Crypto(CryptoKeyword { medium, line, part })) => match *part {
                CryptoPart::Suite(named) => suite = Some(named),
                CryptoPart::KeyParams { again } => {
                    let suite = suite.unwrap_or(Suite::AesCm128Sha1_80);
                    needs.push(Need::Key { medium: *medium, line: *line, suite, again });
                }
                CryptoPart::Tag | CryptoPart::Unencrypted => {}
            },
            Piece::Keyword(_) => {}
        }
    }
    needs.into()
}

/// The suite that a text names last.
fn last_suite(text: &[u8]) -> Option<Suite> {
    let places = Suite::ALL.into_iter().filter_map(|suite| {
        let place = memchr::memmem::rfind(text, suite.name().as_bytes())?;
        Some((place, suite))
    });
    places.max_by_key(|&(place, _)| place).map(|(_, suite)| suite)
}

/// The keys of a text's crypto lines, as `inline:` has them, one for each keyword in their order.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<Box<str>>);

impl Keys {
    /// Those of a text that nobody has prepared: its keywords stand for the keys that the call has.
    pub(crate) const NONE: &Keys = &Keys(Vec::new());

    pub(crate) fn iter(&self) -> KeysLeft<'_> {
        self.0.iter()
    }
}

/// The keys that a text still comes to.
pub(crate) type KeysLeft<'k> = std::slice::Iter<'k, Box<str>>;

/// Takes ports and makes keys.
pub(crate) fn prepare(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    needs: &[Need],
) -> Result<Keys, Unrenderable> {
    let mut keys = Keys::default();
    for need in needs {
        let taken = match *need {
            Need::OwnPort(medium) => take_own(prepared, context, call, medium),
            Need::SharedPort(medium, offset) => {
                let port = i64::from(context.settings.media_port) + i64::from(offset);
                take_at(prepared, context, call, medium, port)
            }
            Need::AutoPort(medium, offset) => {
                let port = auto_port(&context.settings, call.number) + i64::from(offset);
                take_at(prepared, context, call, medium, port)
            }
            Need::Key { medium, line, suite, again } => {
                let mut random = context.random(call);
                let crypto = of(prepared, context, call).line(medium).crypto.get_or_insert_default();
                keys.0.extend(crypto.make_key(line, suite, again, &mut random).map(Box::from));
                Ok(())
            }
        };
        taken.map_err(|no_port| Unrenderable::new(FailureKind::MediaPort, no_port.text))?;
    }
    Ok(keys)
}

/// The same for a text outside of messages, whose needs nobody has written down.
pub(crate) fn prepare_text(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    template: &Template,
) -> Result<Keys, Unrenderable> {
    if !prepared.media.has_keywords {
        return Ok(Keys::default());
    }
    // Shared ports are taken only by messages: in other texts they promise nothing to a peer.
    let plan = Plan::default();
    prepare(prepared, context, call, &needs(template, &plan))
}

/// Appends what such a keyword stands for. A key is the next one of `keys`, or, past them, the call's present one.
pub(crate) fn append(
    keyword: &Keyword,
    call: &Call,
    keys: &mut KeysLeft<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Unrenderable> {
    match keyword {
        Keyword::RtpStreamPort(offset, medium) => {
            let port = call.media.as_ref().and_then(|media| media.lines[medium.index()].port);
            let Some(port) = port else {
                let text = format!("[rtpstream_{}_port]: the call has no such port", medium.name());
                return Err(Unrenderable::new(FailureKind::MediaPort, text));
            };
            number(i64::from(port.port) + i64::from(*offset), out);
        }
        Keyword::Crypto(CryptoKeyword { medium, line, part: CryptoPart::KeyParams { .. } }) => {
            let crypto = || call.media.as_ref()?.lines[medium.index()].crypto.as_ref();
            let key = keys.next().map(AsRef::as_ref).or_else(|| crypto()?.key_text(*line));
            let Some(key) = key else {
                let text = format!("[cryptokeyparams{line}{}]: there is no key yet", medium.name());
                return Err(Unrenderable::new(FailureKind::CannotMakeMessage, text));
            };
            out.extend_from_slice(key.as_bytes());
        }
        Keyword::Crypto(crypto) => append_crypto_word(crypto, out),
        _ => {}
    }
    Ok(())
}

/// Appends the part of a crypto line that is the same for all calls; a key is not.
pub(crate) fn append_crypto_word(keyword: &CryptoKeyword, out: &mut Vec<u8>) {
    match keyword.part {
        CryptoPart::Tag => out.push(b'0' + keyword.line),
        CryptoPart::Suite(suite) => out.extend_from_slice(suite.name().as_bytes()),
        CryptoPart::Unencrypted => out.extend_from_slice(crypto::UNENCRYPTED.as_bytes()),
        CryptoPart::KeyParams { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyword(part: CryptoPart) -> Piece {
        Piece::Keyword(Keyword::Crypto(CryptoKeyword { medium: Medium::Audio, line: 1, part }))
    }

    fn suites(pieces: Vec<Piece>) -> Vec<Suite> {
        let needs = needs(&Template { pieces }, &Plan::default());
        let suites = needs.iter().map(|need| match need {
            Need::Key { suite, .. } => *suite,
            other => panic!("{other:?}"),
        });
        suites.collect()
    }

    #[test]
    fn the_suite_comes_before_its_key() {
        let key = || keyword(CryptoPart::KeyParams { again: false });
        let named = |suite| keyword(CryptoPart::Suite(suite));
        let literal = |text: &str| Piece::Literal(text.into());
        assert_eq!(suites(vec![key()]), [Suite::AesCm128Sha1_80]);
        assert_eq!(
            suites(vec![
                named(Suite::NullSha1_32),
                literal(" inline:"),
                key(),
                named(Suite::AesCm256Sha1_80),
                key()
            ]),
            [Suite::NullSha1_32, Suite::AesCm256Sha1_80]
        );
        let lines =
            "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:x\r\na=crypto:2 AES_192_CM_HMAC_SHA1_32 inline:";
        assert_eq!(suites(vec![literal(lines), key()]), [Suite::AesCm192Sha1_32]);
    }

    #[test]
    fn shared_ports_are_wanted_only_by_calls_with_media() {
        let pieces = vec![
            Piece::Keyword(Keyword::MediaPort(2, Some(Medium::Video))),
            Piece::Keyword(Keyword::AutoMediaPort(0, Some(Medium::Audio))),
            Piece::Keyword(Keyword::MediaPort(1, None)),
            Piece::Keyword(Keyword::RtpStreamPort(1, Medium::Audio)),
        ];
        let template = Template { pieces };
        let with = Plan { has: true, ..Plan::default() };
        assert_eq!(
            *needs(&template, &with),
            [
                Need::SharedPort(Medium::Video, 2),
                Need::AutoPort(Medium::Audio, 0),
                Need::OwnPort(Medium::Audio)
            ]
        );
        assert_eq!(*needs(&template, &Plan::default()), [Need::OwnPort(Medium::Audio)]);
    }
}
