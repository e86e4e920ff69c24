//! Example files by name.

use busyhour_wire::rtp::{Header, PacketForm};

use super::{digit_capture, digits_inband, rtp_capture, speech, tone, write_pcap, write_wav};
use crate::codec::g711;

/// What [`example_file`] can make, with a word on each.
pub const EXAMPLES: [(&str, &str); 7] = [
    ("g711a.pcap", "eight seconds of speech-like sound, RTP with PCMA (8)"),
    ("g711u.pcap", "the same with PCMU (0)"),
    ("dtmf_2833_1.pcap", "one digit as an RFC 4733 event (101); also 0 to 9, star, pound, a to d"),
    ("speech.wav", "ten seconds of speech-like sound, 8 kHz, 16 bits"),
    ("speech_16k.wav", "the same at 16 kHz"),
    ("tone.wav", "five seconds of 1 kHz at -10 dBm0, 8 kHz, 16 bits"),
    ("digits.wav", "the sixteen digits as in-band tones, 8 kHz, 16 bits"),
];

/// An example file; `None` if there is none of this name. Files of the names that SIPp's own captures have do the same
/// work, with other sound.
pub fn example_file(name: &str) -> Option<Vec<u8>> {
    match name {
        "g711a.pcap" => Some(spoken(8, "PCMA", g711::encode_alaw)),
        "g711u.pcap" => Some(spoken(0, "PCMU", g711::encode_ulaw)),
        "speech.wav" => Some(write_wav(&speech(SEED, 10_000, 8_000), 1, 8_000)),
        "speech_16k.wav" => Some(write_wav(&speech(SEED, 10_000, 16_000), 1, 16_000)),
        "tone.wav" => Some(write_wav(&tone(1_000.0, -10.0, 5_000, 8_000), 1, 8_000)),
        "digits.wav" => Some(write_wav(&digits_inband("0123456789*#ABCD", 100, 8_000), 1, 8_000)),
        _ => {
            let digit = match name.strip_prefix("dtmf_2833_")?.strip_suffix(".pcap")? {
                "star" => "*".to_owned(),
                "pound" => "#".to_owned(),
                other if other.len() == 1 => other.to_ascii_uppercase(),
                _ => return None,
            };
            "0123456789*#ABCD".contains(&digit).then(|| digit_capture(&digit, 101))
        }
    }
}

const SEED: u64 = 1;

fn spoken(payload_type: u8, encoding: &str, encode: impl Fn(i16) -> u8) -> Vec<u8> {
    let form = PacketForm::telephone(payload_type, encoding);
    let first = Header { marker: true, payload_type, sequence: 1, timestamp: 0, ssrc: 0xb05e_0000 };
    let encoded: Vec<u8> = speech(SEED, 8_000, 8_000).into_iter().map(encode).collect();
    write_pcap(&rtp_capture(&encoded, &form, first))
}
