//! Keys of SRTP by SDES (RFC 4568; spec-media §8, spec-3.8 F): made for our crypto lines, read from both sides' lines,
//! and chosen when an offer has been answered.
//!
//! Keys come from the run's seed like all else that is random here: good enough to load a platform, not to keep a secret.

use busyhour_media::srtp::{Policy, Suite};
use busyhour_wire::sdp::{Crypto, Section};
use rand::RngExt as _;
use rand::rngs::SmallRng;

use super::Policies;

/// Session parameter of RTP that is authenticated only (RFC 4568 §6.3.2).
pub(super) const UNENCRYPTED: &str = "UNENCRYPTED_SRTP";

/// Most crypto lines of a section that are looked at.
const LINES_MAX: usize = 16;

/// Keys of one medium of a call.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Those that keywords have made, for lines 1 and 2: suite and base64.
    made: [Option<(Suite, String)>; 2],
    /// The crypto lines of our last SDP, and of the peer's.
    pub(super) ours: Vec<Line>,
    pub(super) theirs: Vec<Line>,
    /// Ours and the peer's, by the last answer.
    agreed: Option<(Policy, Policy)>,
    /// The media thread does not know of it yet.
    is_news: bool,
}

/// A crypto line that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    tag: u32,
    policy: Policy,
}

impl State {
    /// Makes a key for crypto line 1 or 2, unless the present one is to stay, and returns it as `inline:` has it.
    pub(super) fn make_key(
        &mut self,
        line: u8,
        suite: Suite,
        again: bool,
        random: &mut SmallRng,
    ) -> Option<&str> {
        let made = self.made.get_mut(usize::from(line).wrapping_sub(1))?;
        if !again || made.as_ref().is_none_or(|(of, _)| *of != suite) {
            let mut key = vec![0; suite.key_len() + suite.salt_len()];
            random.fill(&mut key[..]);
            *made = Some((suite, Policy::new(suite, key).to_inline()));
        }
        self.key_text(line)
    }

    /// The key of crypto line 1 or 2, as `inline:` has it.
    pub(super) fn key_text(&self, line: u8) -> Option<&str> {
        let made = self.made.get(usize::from(line).wrapping_sub(1))?;
        made.as_ref().map(|(_, text)| text.as_str())
    }

    /// An offer has been answered, by us or by the peer: chooses the keys.
    ///
    /// # Errors
    /// Why there is no choice, in words.
    pub(super) fn negotiate(&mut self, we_answered: bool) -> Result<(), String> {
        let agreed = match (self.ours.is_empty(), self.theirs.is_empty()) {
            (false, false) => Some(self.choose(we_answered).ok_or_else(|| self.nothing_in_common())?),
            // One side does without: plain RTP.
            _ => None,
        };
        if self.agreed != agreed {
            self.agreed = agreed;
            self.is_news = true;
        }
        Ok(())
    }

    /// What the media thread has to hear.
    pub(super) fn news(&mut self) -> Option<Policies> {
        if !std::mem::take(&mut self.is_news) {
            return None;
        }
        Some(match &self.agreed {
            Some((send, receive)) => (Some(Box::new(send.clone())), Some(Box::new(receive.clone()))),
            None => (None, None),
        })
    }

    /// The first offered line that the answer has too. An answer takes over tag and suite (RFC 4568 §5.1.2); one whose
    /// tag is another, as scenarios write it, goes by the suite alone.
    fn choose(&self, we_answered: bool) -> Option<(Policy, Policy)> {
        let (offered, answered) =
            if we_answered { (&self.theirs, &self.ours) } else { (&self.ours, &self.theirs) };
        let same_suite = |a: &Line, b: &Line| a.policy.suite == b.policy.suite;
        let pair = |fits: &dyn Fn(&Line, &Line) -> bool| {
            offered
                .iter()
                .find_map(|offer| Some((offer, answered.iter().find(|answer| fits(offer, answer))?)))
        };
        let (offer, answer) =
            pair(&|a, b| same_suite(a, b) && a.tag == b.tag).or_else(|| pair(&|a, b| same_suite(a, b)))?;
        let (ours, theirs) = if we_answered { (answer, offer) } else { (offer, answer) };
        Some((ours.policy.clone(), theirs.policy.clone()))
    }

    fn nothing_in_common(&self) -> String {
        let names = |lines: &[Line]| {
            let names: Vec<_> = lines.iter().map(|line| line.policy.suite.name()).collect();
            names.join(", ")
        };
        format!("we have {}, the peer has {}", names(&self.ours), names(&self.theirs))
    }
}

/// The crypto lines of a section that can be used.
///
/// # Errors
/// Why none of them can, in words.
pub(super) fn lines(section: &Section<'_>) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let mut trouble = None;
    for line in section.crypto().take(LINES_MAX) {
        match policy(&line) {
            Ok(policy) => lines.push(Line { tag: line.tag, policy }),
            Err(why) => {
                trouble.get_or_insert(format!("a=crypto:{}: {why}", line.tag));
            }
        }
    }
    match trouble {
        Some(trouble) if lines.is_empty() => Err(trouble),
        None if lines.is_empty() && section.attributes("crypto").next().is_some() => {
            Err("its a=crypto has no tag, suite and key".to_owned())
        }
        _ => Ok(lines),
    }
}

fn policy(line: &Crypto<'_>) -> Result<Policy, String> {
    let text = |bytes| String::from_utf8_lossy(bytes);
    let name = text(line.suite);
    let suite = Suite::from_name(&name).ok_or_else(|| format!("suite {name} is not known"))?;
    if line.key_text.is_empty() {
        return Err("it has no key (inline:)".to_owned());
    }
    let inline = format!("{}|{}", text(line.key_text), text(line.key_rest));
    let mut policy = Policy::from_inline(suite, &inline).map_err(|unreadable| unreadable.to_string())?;
    policy.unencrypted = line.has(UNENCRYPTED);
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;
    use busyhour_wire::sdp::{Medium, Session};

    fn line(tag: u32, suite: Suite, byte: u8) -> Line {
        let key_and_salt = vec![byte; suite.key_len() + suite.salt_len()];
        Line { tag, policy: Policy::new(suite, key_and_salt) }
    }

    fn chosen(ours: &[Line], theirs: &[Line], we_answered: bool) -> Option<(u8, u8)> {
        let mut state = State { ours: ours.to_vec(), theirs: theirs.to_vec(), ..State::default() };
        state.negotiate(we_answered).ok()?;
        let (send, receive) = state.news()?;
        Some((send?.key_and_salt[0], receive?.key_and_salt[0]))
    }

    const A: Suite = Suite::AesCm192Sha1_32;
    const B: Suite = Suite::AesCm128Sha1_32;

    #[test]
    fn the_answer_names_the_line() {
        let offer = [line(1, A, 1), line(2, B, 2)];
        assert_eq!(chosen(&offer, &[line(2, B, 9)], false), Some((2, 9)));
        assert_eq!(chosen(&offer, &[line(1, A, 9)], false), Some((1, 9)));
        assert_eq!(chosen(&offer, &[line(1, B, 9)], false), Some((2, 9)), "another tag, as SIPp answers");
        assert_eq!(chosen(&[line(2, B, 9)], &offer, true), Some((9, 2)));
        assert_eq!(chosen(&[line(1, B, 9)], &offer, true), Some((9, 2)));
        let both = [line(1, B, 8), line(2, A, 9)];
        assert_eq!(chosen(&both, &offer, true), Some((9, 1)), "the first offered line that we have too");
        let same = [line(1, A, 1), line(2, A, 2)];
        assert_eq!(chosen(&same, &[line(2, A, 9)], false), Some((2, 9)), "by its tag");
    }

    #[test]
    fn nothing_in_common_has_a_reason() {
        let mut state = State { ours: vec![line(1, A, 1)], theirs: vec![line(1, B, 2)], ..State::default() };
        assert_eq!(
            state.negotiate(true),
            Err("we have AES_192_CM_HMAC_SHA1_32, the peer has AES_CM_128_HMAC_SHA1_32".to_owned())
        );
    }

    #[test]
    fn only_what_changes_is_news() {
        let mut state = State { ours: vec![line(1, A, 1)], theirs: vec![line(1, A, 2)], ..State::default() };
        assert_eq!((state.negotiate(false), state.news().is_some()), (Ok(()), true));
        assert_eq!((state.negotiate(false), state.news().is_some()), (Ok(()), false));
        state.theirs = vec![line(1, A, 3)];
        assert_eq!((state.negotiate(true), state.news().is_some()), (Ok(()), true));
        state.theirs = Vec::new();
        assert_eq!((state.negotiate(true), state.news()), (Ok(()), Some((None, None))));
        assert_eq!(State::default().news(), None, "plain RTP needs no word");
    }

    #[test]
    fn keys_stay_when_they_are_to_stay() {
        let mut random = SmallRng::seed_from_u64(1);
        let mut state = State::default();
        state.make_key(1, A, true, &mut random);
        let first = state.key_text(1).unwrap().to_owned();
        assert_eq!(first.len(), 52);
        state.make_key(1, A, true, &mut random);
        assert_eq!(state.key_text(1), Some(first.as_str()));
        state.make_key(1, A, false, &mut random);
        assert_ne!(state.key_text(1), Some(first.as_str()));
        state.make_key(2, Suite::AesCm256Sha1_80, false, &mut random);
        assert_eq!(state.key_text(2).map(str::len), Some(64));
        state.make_key(1, B, true, &mut random);
        assert_eq!(state.key_text(1).map(str::len), Some(40), "of another suite it is no key");
        state.make_key(9, A, false, &mut random);
        assert_eq!((state.key_text(0), state.key_text(9)), (None, None));
    }

    fn read(lines_of: &str) -> Result<Vec<(u32, bool)>, String> {
        let text = format!("v=0\r\nm=audio 4000 RTP/SAVP 0\r\n{lines_of}");
        let section = Session::parse(text.as_bytes()).section(Medium::Audio).unwrap();
        lines(&section).map(|lines| lines.iter().map(|line| (line.tag, line.policy.unencrypted)).collect())
    }

    #[test]
    fn lines_that_cannot_be_used_are_passed_over_or_told() {
        let key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
        let good = format!("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20 UNENCRYPTED_SRTP\r\n");
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(&good), Ok(vec![(2, true)]));
        assert_eq!(read(&format!("a=crypto:1 F8 inline:{key}\r\n{good}")), Ok(vec![(2, true)]));
        let refused = |lines: &str| read(lines).unwrap_err();
        assert!(refused(&format!("a=crypto:1 F8 inline:{key}\r\n")).contains("suite F8 is not known"));
        assert!(refused("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n").contains("3 bytes"));
        assert!(refused("a=crypto:1 AES_CM_128_HMAC_SHA1_80\r\n").contains("no key"));
        assert!(refused("a=crypto:x\r\n").contains("no tag"));
        assert!(
            refused(&format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|1:0\r\n"))
                .contains("identifier")
        );
    }
}
