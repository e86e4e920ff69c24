//! `busyhour media`: examples, and what is in files.

use std::fs;

use crate::program::{Outcome, busyhour, busyhour_in};

/// Writes these examples into a new folder.
fn folder_with(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let outcome = busyhour_in(folder.path(), &["media", "example", name]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
    folder
}

/// The text in a line of `show` behind its label.
fn value(outcome: &Outcome, label: &str) -> String {
    let line = outcome.stdout.lines().find_map(|line| line.trim_start().strip_prefix(label));
    line.unwrap_or_else(|| panic!("{label}: {outcome:?}")).trim().to_owned()
}

#[test]
fn every_example_of_the_list_is_written_and_can_be_played() {
    let list = busyhour(&["media", "examples"]);
    let (names, _) = list.stdout.split_once("\n\n").unwrap();
    let names: Vec<&str> = names.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert!(names.contains(&"g711a.pcap") && names.contains(&"speech.wav"), "{list:?}");
    let folder = folder_with(&names);
    let words = ["media", "show"].into_iter().chain(names);
    let shown = busyhour_in(folder.path(), &words.collect::<Vec<_>>());
    assert_eq!((shown.status, shown.stderr.as_str()), (0, ""), "{shown:?}");
}

#[test]
fn nothing_is_written_over_unless_forced() {
    let folder = folder_with(&[]);
    let target = folder.path().join("mine.wav");
    fs::write(&target, "mine").unwrap();
    let refused = busyhour_in(folder.path(), &["media", "example", "tone.wav", "mine.wav"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("mine.wav is there already") && refused.stderr.contains("--force"),
        "{refused:?}"
    );
    assert_eq!(fs::read(&target).unwrap(), b"mine");
    let forced = busyhour_in(folder.path(), &["media", "example", "tone.wav", "mine.wav", "--force"]);
    assert_eq!(forced.status, 0, "{forced:?}");
    assert!(fs::read(&target).unwrap().starts_with(b"RIFF"));
    let unknown = busyhour_in(folder.path(), &["media", "example", "tune.wav"]);
    assert_eq!(unknown.status, 1, "{unknown:?}");
    assert!(unknown.stderr.contains("busyhour media examples"), "{unknown:?}");
}

#[test]
fn captures_are_described() {
    let folder = folder_with(&["g711a.pcap", "dtmf_2833_star.pcap"]);
    let speech = busyhour_in(folder.path(), &["media", "show", "g711a.pcap"]);
    assert_eq!(value(&speech, "packets that are played"), "400");
    assert_eq!(value(&speech, "length"), "8.0 s");
    assert!(value(&speech, "payload type 8").ends_with("PCMA"), "{speech:?}");
    assert!(!speech.stdout.contains("missing"), "{speech:?}");
    let star = busyhour_in(folder.path(), &["media", "show", "dtmf_2833_star.pcap"]);
    assert_eq!(value(&star, "digits (telephone events):"), "*");
}

#[test]
fn both_directions_in_one_capture_are_told() {
    let folder = folder_with(&["g711a.pcap"]);
    let file = folder.path().join("g711a.pcap");
    let mut bytes = fs::read(&file).unwrap();
    // The SSRC of the first packet: behind headers of file, record, Ethernet, IPv4 and UDP, and eight bytes of RTP.
    bytes[24 + 16 + 14 + 20 + 8 + 8] ^= 1;
    fs::write(&file, bytes).unwrap();
    let shown = busyhour_in(folder.path(), &["media", "show", "g711a.pcap"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.stdout.contains("both directions"), "{shown:?}");
}

#[test]
fn sounds_are_described() {
    let folder = folder_with(&["speech_16k.wav"]);
    fs::write(folder.path().join("a.raw"), [0; 8000]).unwrap();
    let shown = busyhour_in(folder.path(), &["media", "show", "speech_16k.wav"]);
    assert_eq!(value(&shown, "coding"), "PCM, 16 bits");
    assert_eq!(value(&shown, "rate"), "16000 Hz");
    assert!(value(&shown, "length").starts_with("10.0 s"), "{shown:?}");
    let raw = busyhour_in(folder.path(), &["media", "show", "a.raw"]);
    assert!(value(&raw, "length as PCMU").ends_with("1.0 s"), "{raw:?}");
}

/// What was printed, without its line ends.
fn one_line(outcome: &Outcome) -> String {
    outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The example's beginning, of packets of 16 + 214 bytes each, every second of them changed.
fn every_second_packet(mut change: impl FnMut(&mut [u8])) -> Vec<u8> {
    let folder = folder_with(&["g711a.pcap"]);
    let mut file = fs::read(folder.path().join("g711a.pcap")).unwrap()[..24 + 6 * 230].to_vec();
    file[24..].chunks_exact_mut(230).step_by(2).for_each(|record| change(&mut record[16..]));
    file
}

#[test]
fn what_a_capture_holds_besides_rtp_is_told_once_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    // Offset 6 of the IPv4 header: more fragments follow. The first byte of RTP: its version.
    fs::write(folder.path().join("fragments.pcap"), every_second_packet(|frame| frame[20] = 0x20)).unwrap();
    fs::write(folder.path().join("web.pcap"), every_second_packet(|frame| frame[42] = b'G')).unwrap();
    let shown = busyhour_in(folder.path(), &["media", "show", "fragments.pcap"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(one_line(&shown).contains("3 fragments of IP packets, left out"), "{shown:?}");
    assert!(one_line(&shown).contains("record where packets are whole"), "{shown:?}");
    let shown = busyhour_in(folder.path(), &["media", "show", "web.pcap"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    assert_eq!(shown.stdout.matches("neither RTP nor RTCP").count(), 1, "{shown:?}");
    assert!(one_line(&shown).contains("To keep what went to one port"), "{shown:?}");
    assert!(shown.stdout.lines().all(|line| line.chars().count() <= 100), "{shown:?}");
}

#[test]
fn files_of_another_kind_than_they_are_taken_for_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, words, way_out) in [
        ("a.mp3", &b"ID3\x04\0\0\0"[..], "an MP3 file", "ffmpeg -i a.mp3"),
        ("a.ogg", b"OggS\0\x02", "an Ogg file", "ffmpeg -i a.ogg"),
        ("a.wav", b"RIFX\0\0\0\x08WAVE", "byte order (RIFX)", "ffmpeg -i a.wav"),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST", "not of WAVE", "ffmpeg -i a.avi"),
        ("a.pcap.gz", b"\x1f\x8b\x08\0", "compressed with gzip", "gunzip"),
        ("text.pcap", b"no capture but a text", "neither pcap nor pcapng", "editcap"),
    ] {
        fs::write(folder.path().join(name), bytes).unwrap();
        let shown = busyhour_in(folder.path(), &["media", "show", name]);
        assert_eq!(shown.status, 1, "{name}: {shown:?}");
        assert!(shown.stderr.starts_with(&format!("error: cannot play {name}: ")), "{name}: {shown:?}");
        assert!(shown.stderr.contains(words) && shown.stderr.contains(way_out), "{name}: {shown:?}");
    }
    fs::write(folder.path().join("raw.wav"), [0xd5; 1600]).unwrap();
    let shown = busyhour_in(folder.path(), &["media", "show", "raw.wav"]);
    assert_eq!(shown.status, 0, "SIPp's sounds may be called so: {shown:?}");
    assert!(shown.stdout.contains("begins with RIFF"), "{shown:?}");
}

#[test]
fn what_can_not_be_played_is_told_with_its_help() {
    let folder = folder_with(&["g711a.pcap", "tone.wav"]);
    for name in ["g711a.pcap", "tone.wav"] {
        let bytes = fs::read(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name), &bytes[..1000]).unwrap();
    }
    fs::write(folder.path().join("empty"), "").unwrap();
    let names = ["g711a.pcap", "tone.wav", "empty", "gone.pcap"];
    let words = ["media", "show"].into_iter().chain(names);
    let shown = busyhour_in(folder.path(), &words.collect::<Vec<_>>());
    assert_eq!(shown.status, 1, "{shown:?}");
    for name in names {
        assert!(shown.stderr.contains(&format!("error: cannot play {name}: ")), "{name}: {shown:?}");
    }
    assert_eq!(shown.stderr.matches("\n  help: ").count(), 4, "{shown:?}");
    assert!(shown.stderr.contains("chunk \"data\" has"), "quotes as they are: {shown:?}");
    assert!(shown.stderr.contains("editcap -F pcap g711a.pcap whole.pcap"), "{shown:?}");
    assert!(shown.stderr.contains("gone.pcap: no such file in the working folder"), "{shown:?}");
}
