//! Captures that stand in for SIPp's examples where those are not installed: `uac_pcap` plays them.

use busyhour_wire::rtp::{Header, PacketForm};

use crate::capture::Capture;
use crate::codec::g711;
use crate::generate;

/// How long `uac_pcap` waits behind its first capture, ms.
const SPEECH_MS: u32 = 8000;

/// The names, relative as `uac_pcap` writes them.
const SPEECH: &str = "pcap/g711a.pcap";
const DIGIT: &str = "pcap/dtmf_2833_1.pcap";

/// Whether there is one of this name.
pub(super) fn is_known(name: &str) -> bool {
    name == SPEECH || name == DIGIT
}

/// The capture of this name: something like speech in PCMA, or the digit 1 as RFC 4733 event of payload type
/// 101, which its SDP offers.
pub(super) fn capture(name: &str) -> Option<Capture> {
    match name {
        SPEECH => {
            let samples = generate::speech(1, SPEECH_MS, 8000);
            let encoded: Vec<u8> = samples.iter().map(|&sample| g711::encode_alaw(sample)).collect();
            let form = PacketForm::telephone(8, "PCMA");
            let first =
                Header { marker: true, payload_type: 8, sequence: 1, timestamp: 160, ssrc: 0x6275_7379 };
            Some(generate::rtp_capture(&encoded, &form, first))
        }
        DIGIT => Capture::parse(&generate::digit_capture("1", 101), name).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Library;

    #[test]
    fn examples_that_are_missing_are_made_here() {
        let nowhere = Library::new(Some(PathBuf::from("/nowhere")));
        assert!(nowhere.is_stand_in(SPEECH) && nowhere.is_stand_in(DIGIT));
        let speech = nowhere.capture(SPEECH).unwrap();
        assert_eq!(speech.packets.len(), 400);
        let (header, payload) = Header::parse(speech.payload(&speech.packets[0])).unwrap();
        assert_eq!((header.payload_type, payload.len()), (8, 160));
        let digit = nowhere.capture(DIGIT).unwrap();
        let (header, payload) = Header::parse(digit.payload(&digit.packets[0])).unwrap();
        assert_eq!((header.payload_type, payload[0]), (101, 1));
        assert!(!nowhere.is_stand_in("g711a.pcap") && nowhere.capture("g711a.pcap").is_err());
    }

    #[test]
    fn a_file_of_the_name_goes_before() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("pcap")).unwrap();
        std::fs::write(folder.path().join(SPEECH), generate::digit_capture("5", 97)).unwrap();
        let library = Library::new(Some(folder.path().to_owned()));
        assert!(!library.is_stand_in(SPEECH) && library.is_stand_in(DIGIT));
        let capture = library.capture(SPEECH).unwrap();
        assert_eq!(Header::parse(capture.payload(&capture.packets[0])).unwrap().0.payload_type, 97);
    }
}
