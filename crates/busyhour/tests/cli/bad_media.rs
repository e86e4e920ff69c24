//! Media files that cannot be played: refused before the run with their place, or the failure of the call that named
//! them.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use busyhour_media::generate::{example_file, write_wav};

use crate::caller::{OWN_PORT, against_uas, caller, folder_with};
use crate::program::{Outcome, free_port, sipp_in, start_sipp_in, wait_for_port};

/// Time for a refusal, whatever the file's size, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A call with media whose only action this is, on a line of its own.
fn scenario(action: &str) -> String {
    caller(OWN_PORT, &format!("\n{action}\n"))
}

fn pcap_action(name: &str) -> String {
    format!("  <exec play_pcap_audio=\"{name}\"/>")
}

fn sound_action(name: &str) -> String {
    format!("  <exec rtp_stream=\"{name},1,0,PCMU/8000\"/>")
}

/// What a file holds, and words of the message about it.
struct Bad {
    name: &'static str,
    bytes: Vec<u8>,
    words: &'static str,
}

fn bad(name: &'static str, bytes: impl Into<Vec<u8>>, words: &'static str) -> Bad {
    Bad { name, bytes: bytes.into(), words }
}

fn example() -> Vec<u8> {
    example_file("g711a.pcap").unwrap()
}

/// The example's beginning, of so many packets of 16 + 214 bytes each, changed one by one.
fn changed(packets: usize, mut change: impl FnMut(&mut [u8])) -> Vec<u8> {
    let mut file = example()[..24 + packets * 230].to_vec();
    file[24..].chunks_exact_mut(230).for_each(|record| change(&mut record[16..]));
    file
}

fn with_link(number: u32) -> Vec<u8> {
    let mut file = changed(3, |_| {});
    file[20..24].copy_from_slice(&number.to_le_bytes());
    file
}

fn bad_captures() -> Vec<Bad> {
    vec![
        bad("empty.pcap", "", "empty"),
        bad("text.pcap", "this is no capture, but a text of some length", "not a"),
        bad("header_only.pcap", &example()[..24], "without any packet"),
        bad("cut_header.pcap", &example()[..17], "ends in the middle"),
        bad("cut_packet.pcap", &example()[..24 + 230 + 100], "ends in the middle"),
        bad("cut_record.pcap", &example()[..24 + 230 + 7], "ends in the middle"),
        // Offset 6 of the IPv4 header: more fragments follow.
        bad("fragments.pcap", changed(3, |frame| frame[20] = 0x20), "fragment"),
        // Protocol 6.
        bad("tcp.pcap", changed(3, |frame| frame[23] = 6), "UDP"),
        bad("arp.pcap", changed(3, |frame| frame[12..14].copy_from_slice(&[8, 6])), "UDP"),
        // Bluetooth HCI.
        bad("bluetooth.pcap", with_link(187), "187"),
    ]
}

fn wav() -> Vec<u8> {
    write_wav(&[1000; 800], 1, 8_000)
}

/// A WAV file with some bytes of its header replaced: channels at 22, rate at 24, frame at 32, bits at 34, data's
/// length at 40.
fn wav_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = wav();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn bad_sounds() -> Vec<Bad> {
    vec![
        bad("empty.wav", "", "empty"),
        bad("riff_only.wav", &wav()[..12], "without a data chunk"),
        bad("no_data.wav", &wav()[..36], "without a data chunk"),
        bad("no_sound.wav", &wav()[..44], "cut off"),
        bad("cut.wav", &wav()[..500], "cut off"),
        bad("no_format.wav", wav_with(12, b"junk"), "without a format chunk"),
        bad("no_channels.wav", wav_with(22, &[0, 0]), "0 channels"),
        bad("too_many_channels.wav", wav_with(22, &[0xff, 0xff]), "65535 channels"),
        bad("no_rate.wav", wav_with(24, &[0, 0, 0, 0]), "of 0 Hz"),
        bad("wide.wav", wav_with(32, &[9, 0]), "samples of 9 bytes"),
        bad("odd.wav", wav_with(40, &[0x3f, 6, 0, 0]), "middle of a frame"),
        bad("short_format.wav", wav_with(16, &[2, 0, 0, 0]), "bytes"),
        bad("mp3_in_wav.wav", wav_with(20, &[0x55, 0]), "0x0055"),
        bad("long_chunk.wav", wav_with(16, &[0xff, 0xff, 0xff, 0xff]), "cut off"),
    ]
}

/// Runs a scenario with this action in a folder that needs no peer, as it is not to get so far.
fn refused(folder: &Path, action: &str) -> Outcome {
    fs::write(folder.join("x.xml"), scenario(action)).unwrap();
    sipp_in(folder, "-sf x.xml 127.0.0.1:9 -i 127.0.0.1 -m 1 -timeout 5")
}

/// Line and column of the file's name.
fn place(name: &str, action: &str) -> String {
    let text = scenario(action);
    let line = text.lines().position(|line| line == action).unwrap();
    format!("x.xml:{}:{}", line + 1, action.find(name).unwrap() + 1)
}

#[track_caller]
fn assert_refused(folder: &Path, name: &str, action: &str, words: &str) {
    let begun = Instant::now();
    let outcome = refused(folder, action);
    assert!(begun.elapsed() < AT_ONCE, "{name}: {:?}", begun.elapsed());
    assert_eq!(outcome.status, 255, "{name}: {outcome:?}");
    for part in [&place(name, action), name, words] {
        assert!(outcome.stderr.contains(part), "{name}: no '{part}' in: {}", outcome.stderr);
    }
}

#[test]
fn captures_that_can_not_be_played_are_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for Bad { name, bytes, words } in bad_captures() {
        fs::write(folder.path().join(name), bytes).unwrap();
        assert_refused(folder.path(), name, &pcap_action(name), words);
    }
}

#[test]
fn sounds_that_can_not_be_played_are_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for Bad { name, bytes, words } in bad_sounds() {
        fs::write(folder.path().join(name), bytes).unwrap();
        assert_refused(folder.path(), name, &sound_action(name), words);
    }
}

#[test]
fn files_of_5_gb_folders_and_missing_files_are_refused_at_start() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["huge.pcap", "huge.wav"] {
        // Sparse: it takes no place.
        File::create(folder.path().join(name)).unwrap().set_len(5 << 30).unwrap();
    }
    fs::create_dir(folder.path().join("folder")).unwrap();
    for (name, words) in [
        ("huge.pcap", "5120 MiB"),
        ("huge.wav", "5120 MiB"),
        ("folder", "not a plain file"),
        ("missing.pcap", "no such file"),
        ("/dev/zero", "not a plain file"),
    ] {
        assert_refused(folder.path(), name, &pcap_action(name), words);
        assert_refused(folder.path(), name, &sound_action(name), words);
    }
}

#[test]
fn packets_that_are_no_rtp_are_played_with_a_warning() {
    let folder = folder_with(&scenario(&pcap_action("not_rtp.pcap")));
    // RTP's version is in the first byte behind Ethernet, IPv4 and UDP.
    let bytes = changed(3, |frame| frame[42] = 0);
    fs::write(folder.path().join("not_rtp.pcap"), bytes).unwrap();
    let (client, _) = against_uas(folder.path(), "", "", 1);
    assert_eq!(client.status, 0, "{client:?}");
    assert!(client.stderr.contains("not_rtp.pcap") && client.stderr.contains("RTP"), "{client:?}");
}

/// Calls that name their file by a field, good and bad in turn: the bad ones fail, and the run goes on.
fn by_field(names: &[&str], folder: &Path, action: &str) -> Outcome {
    let lines: Vec<String> = names.iter().map(|name| format!("{name};\n")).collect();
    fs::write(folder.join("names.csv"), format!("SEQUENTIAL\n{}", lines.concat())).unwrap();
    fs::write(folder.join("x.xml"), scenario(action)).unwrap();
    let port = free_port();
    let server = start_sipp_in(folder, &format!("-sn uas -i 127.0.0.1 -p {port} -timeout 60"));
    wait_for_port(port);
    let line = format!(
        "-sf x.xml -inf names.csv 127.0.0.1:{port} -i 127.0.0.1 -m {} -r 20 -timeout 40 -trace_err -error_file e.log",
        names.len()
    );
    let client = sipp_in(folder, &line);
    drop(server);
    client
}

#[track_caller]
fn assert_failed(client: &Outcome, folder: &Path, good: usize, bad: &[&str]) {
    assert_eq!(client.status, 1, "{client:?}");
    let number = |label: &str| {
        let line = client.stdout.lines().rfind(|line| line.trim_start().starts_with(label));
        let line = line.unwrap_or_else(|| panic!("no {label}: {client:?}"));
        line.split('|').next_back().unwrap().trim().parse::<usize>().unwrap()
    };
    assert_eq!((number("Successful call"), number("Failed call")), (good, bad.len()), "{client:?}");
    let errors = fs::read_to_string(folder.join("e.log")).unwrap();
    for name in bad {
        assert!(errors.contains(name), "{name}: {errors}");
    }
}

/// Asserts that of calls which name good and bad files with this ending, the latter alone fail.
#[track_caller]
fn assert_bad_ones_fail(ending: &str, good: &[u8], bad: Vec<Bad>, action: &str) {
    let folder = tempfile::tempdir().unwrap();
    let [good_name, huge, missing] = ["good", "huge", "missing"].map(|name| format!("{name}.{ending}"));
    fs::write(folder.path().join(&good_name), good).unwrap();
    File::create(folder.path().join(&huge)).unwrap().set_len(5 << 30).unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let mut bad_names = vec![huge.as_str(), "folder", missing.as_str()];
    for Bad { name, bytes, .. } in bad {
        fs::write(folder.path().join(name), bytes).unwrap();
        bad_names.push(name);
    }
    let names: Vec<&str> = bad_names.iter().flat_map(|name| [good_name.as_str(), name]).collect();
    let client = by_field(&names, folder.path(), action);
    assert_failed(&client, folder.path(), bad_names.len(), &bad_names);
}

#[test]
fn captures_named_by_keywords_fail_their_call_only() {
    assert_bad_ones_fail("pcap", &changed(5, |_| {}), bad_captures(), &pcap_action("[field0]"));
}

#[test]
fn sounds_named_by_keywords_fail_their_call_only() {
    assert_bad_ones_fail("wav", &wav(), bad_sounds(), &sound_action("[field0]"));
}
