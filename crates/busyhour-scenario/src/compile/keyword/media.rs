//! Keywords of RTP and SRTP (spec-media §1, §8; spec-3.8 A3), and the media that ports belong to.

use busyhour_media::srtp::Suite;
use busyhour_wire::sdp::Medium;

use crate::template::{CryptoKeyword, CryptoPart, Keyword};

/// Suites as keywords write them. SIPp has no AEAD (RFC 7714); their names are ours.
const SUITES: &[(&str, Suite)] = &[
    ("aescm128sha180", Suite::AesCm128Sha1_80),
    ("aescm128sha132", Suite::AesCm128Sha1_32),
    ("aescm192sha180", Suite::AesCm192Sha1_80),
    ("aescm192sha132", Suite::AesCm192Sha1_32),
    ("aescm256sha180", Suite::AesCm256Sha1_80),
    ("aescm256sha132", Suite::AesCm256Sha1_32),
    ("nullsha180", Suite::NullSha1_80),
    ("nullsha132", Suite::NullSha1_32),
    ("aeadaes128gcm", Suite::AeadAes128Gcm),
    ("aeadaes256gcm", Suite::AeadAes256Gcm),
];

/// The keyword of that name, which stands in front of an offset.
pub(super) fn media_keyword(name: &str, offset: i32) -> Option<Keyword> {
    match name {
        "rtpstream_audio_port" => return Some(Keyword::RtpStreamPort(offset, Medium::Audio)),
        "rtpstream_video_port" => return Some(Keyword::RtpStreamPort(offset, Medium::Video)),
        _ => {}
    }
    // All others name a line of the offer and a medium: …1audio, …2video.
    let (name, medium) = [Medium::Audio, Medium::Video]
        .into_iter()
        .find_map(|medium| Some((name.strip_suffix(medium.name())?, medium)))?;
    let (name, line) =
        [("1", 1), ("2", 2)].into_iter().find_map(|(digit, line)| Some((name.strip_suffix(digit)?, line)))?;
    let suite_of = |name: &str| SUITES.iter().find(|(known, _)| *known == name).map(|(_, suite)| *suite);
    let part = match name {
        "cryptotag" => CryptoPart::Tag,
        "cryptokeyparams" => CryptoPart::KeyParams { again: offset < 0 },
        _ => match (name.strip_prefix("cryptosuite"), name.strip_prefix("ue")) {
            (Some(suite), _) => CryptoPart::Suite(suite_of(suite)?),
            // What encrypts nothing anyway, or must encrypt, has none.
            (_, Some(suite)) if suite.starts_with("aescm") => {
                suite_of(suite).map(|_| CryptoPart::Unencrypted)?
            }
            _ => return None,
        },
    };
    Some(Keyword::Crypto(CryptoKeyword { medium, line, part }))
}

/// The medium that the line around a place names: that of its `m=`, else the first word anywhere in it (spec-media §1).
pub(super) fn medium_of_line(text: &str, at: usize) -> Option<Medium> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..text[at..].find('\n').map_or(text.len(), |end| at + end)];
    if let Some(value) = line.trim_ascii_start().strip_prefix("m=") {
        let word = value.split_ascii_whitespace().next().unwrap_or_default();
        if let Some(medium) = Medium::from_name(word.as_bytes()) {
            return Some(medium);
        }
    }
    let places = Medium::ALL.into_iter().filter_map(|medium| Some((line.find(medium.name())?, medium)));
    places.min().map(|(_, medium)| medium)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crypto(medium: Medium, line: u8, part: CryptoPart) -> Option<Keyword> {
        Some(Keyword::Crypto(CryptoKeyword { medium, line, part }))
    }

    #[test]
    fn keywords_name_suite_line_and_medium() {
        let keyword = |name: &str| media_keyword(name, 0);
        assert_eq!(media_keyword("rtpstream_audio_port", 2), Some(Keyword::RtpStreamPort(2, Medium::Audio)));
        assert_eq!(keyword("rtpstream_video_port"), Some(Keyword::RtpStreamPort(0, Medium::Video)));
        assert_eq!(keyword("cryptotag1audio"), crypto(Medium::Audio, 1, CryptoPart::Tag));
        for (name, again) in [(0, false), (1, false), (-1, true), (-9, true)]
            .map(|(offset, again)| (media_keyword("cryptokeyparams2video", offset), again))
        {
            assert_eq!(name, crypto(Medium::Video, 2, CryptoPart::KeyParams { again }));
        }
        for (name, suite) in SUITES {
            for (line, medium) in
                [(1, Medium::Audio), (2, Medium::Audio), (1, Medium::Video), (2, Medium::Video)]
            {
                let name = format!("cryptosuite{name}{line}{}", medium.name());
                assert_eq!(keyword(&name), crypto(medium, line, CryptoPart::Suite(*suite)), "{name}");
            }
        }
        assert_eq!(keyword("ueaescm128sha1802audio"), crypto(Medium::Audio, 2, CryptoPart::Unencrypted));
        assert_eq!(keyword("ueaescm256sha1321video"), crypto(Medium::Video, 1, CryptoPart::Unencrypted));
    }

    #[test]
    fn other_names_are_none_of_them() {
        for unknown in [
            "rtpstream_audio_portx",
            "rtpstream_text_port",
            "cryptotag3audio",
            "cryptotag1text",
            "cryptosuiteaescm128sha180audio",
            "cryptosuiteaescm64sha1801audio",
            "cryptosuiteaeadaes128gcmaudio",
            "uenullsha1801audio",
            "ueaeadaes128gcm1audio",
            "ueaescm128sha180audio",
            "aescm128sha1801audio",
            "audio",
            "",
        ] {
            assert_eq!(media_keyword(unknown, 0), None, "{unknown}");
        }
    }

    #[test]
    fn ports_belong_to_the_medium_of_their_line() {
        let of = |text: &str| medium_of_line(text, text.find('§').unwrap());
        assert_eq!(of("v=0\r\nm=audio § RTP/AVP 0\r\nm=video 0 RTP/AVP 96"), Some(Medium::Audio));
        assert_eq!(of("m=audio 0\r\n m=video § RTP/AVP 96 audio\r\n"), Some(Medium::Video));
        assert_eq!(of("the text goes to §, the audio elsewhere"), Some(Medium::Text));
        assert_eq!(of("m=application § image"), Some(Medium::Image));
        assert_eq!(of("m=audio 0\n§\nm=video 1"), None);
        assert_eq!(of("§"), None);
    }
}
