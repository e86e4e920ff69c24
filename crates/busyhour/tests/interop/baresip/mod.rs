//! baresip, a telephone: it calls us and is called, plain and over SRTP, and each side says what it heard.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use busyhour_media::generate;

use crate::peers::{
    Agent, Counts, Process, SOON, Tool, Transport, first_media_port, free_port, peer, scenario,
    scenario_with, wait_until_bound,
};

/// Packets that it must tell of. It tells of those before its last RTCP report, which is sent at a random time of the
/// five seconds, perhaps after the first one (RFC 3550 §6.3.1: half of five seconds, by 0.5 to 1.5, by 1 / 1.21828).
const PACKETS_MIN: u64 = 20;
/// The digits that are sent to it.
const DIGITS: &str = "1159*";

/// Whether media are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    Plain,
    /// Under a suite of SRTP, as keywords name it.
    Srtp(&'static str),
}

/// The suite of the scenarios, AES_CM_128_HMAC_SHA1_80. It is the one that baresip offers; it takes those of RFC 7714 too.
const SUITE: &str = "aescm128sha180";

/// A running baresip that speaks and answers every call.
struct Telephone {
    process: Process,
    port: u16,
}

impl Telephone {
    /// Starts it; it calls `callee` at once if there is one.
    fn start(folder: &Path, media: Media, callee: Option<u16>) -> Telephone {
        for attempt in 0..5 {
            let (port, folder) = (free_port(), folder.join(format!("baresip-{attempt}")));
            write_settings(&folder, port, media);
            let mut command = Command::new(peer("baresip"));
            command.arg("-f").arg(&folder);
            if let Some(callee) = callee {
                command.args(["-e", &format!("/dial sip:service@127.0.0.1:{callee}")]);
            }
            let mut process = Process::start("baresip", &folder, command);
            if wait_until_bound(&mut process, Transport::Udp, port) {
                let telephone = Telephone { process, port };
                telephone.wait_for("baresip is ready");
                return telephone;
            }
        }
        panic!("baresip did not start in five tries");
    }

    /// Waits until it has printed a text, and returns all that it has printed.
    fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let printed = self.process.stdout();
            if printed.contains(text) {
                return printed;
            }
            assert!(Instant::now() < deadline, "baresip does not say `{text}`\n{}", self.process.logs());
            sleep(Duration::from_millis(50));
        }
    }

    /// What it says at the end of its call must tell of good media both ways.
    fn check_heard(&self) {
        // `EX=BareSip;CS=0;CD=5;PR=250;PS=250;PL=0,0;…`: packets received and sent, and lost here and there.
        let printed = self.wait_for("EX=BareSip");
        let figure = |name: &str| -> Vec<u64> {
            let text = printed.split(&format!(";{name}=")).nth(1).and_then(|rest| rest.split(';').next());
            text.unwrap_or_default().split(',').filter_map(|number| number.trim().parse().ok()).collect()
        };
        let (received, sent, lost) = (figure("PR"), figure("PS"), figure("PL"));
        let well =
            received.len() == 1 && received[0] >= PACKETS_MIN && sent.len() == 1 && sent[0] >= PACKETS_MIN;
        assert!(well && lost == [0, 0], "received {received:?}, sent {sent:?}, lost {lost:?}\n{printed}");
    }
}

/// Everything that baresip reads and needs stays in the test's folder.
fn write_settings(folder: &Path, port: u16, media: Media) {
    fs::create_dir_all(folder).expect("make baresip's folder");
    write_speech(&folder.join("telephone.wav"), 3);
    let own = folder.display();
    let modules =
        ["g711", "aufile", "srtp", "rtcpsummary"].map(|name| format!("module {name}.so\n")).concat();
    let security = if media != Media::Plain { ";mediaenc=srtp-mand" } else { "" };
    // Without a buffer against jitter, or the end of the last digit would stay in it.
    let config = format!(
        "sip_listen 127.0.0.1:{port}\naudio_source aufile,{own}/telephone.wav\n\
         audio_srate 8000-8000\naudio_channels 1-1\nrtp_ports 10000-19999\njitter_buffer_delay 0-0\n\
         module_path /usr/lib/baresip/modules\n{modules}module_tmp account.so\nmodule_app menu.so\nmodule_app debug_cmd.so\n"
    );
    let account =
        format!("<sip:telephone@127.0.0.1>;regint=0;answermode=auto;audio_codecs=PCMU,PCMA{security}\n");
    for (name, text) in [("config", config), ("accounts", account), ("contacts", String::new())] {
        fs::write(folder.join(name), text).expect("write baresip's settings");
    }
}

fn write_speech(path: &Path, seed: u64) {
    fs::write(path, generate::write_wav(&generate::speech(seed, 8000, 8000), 1, 8000))
        .expect("write a sound");
}

fn is_called(media: Media, name: &str, arguments: &[&str]) -> (tempfile::TempDir, Telephone) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let telephone = Telephone::start(folder.path(), media, None);
    let file = match media {
        Media::Plain => scenario(name),
        Media::Srtp(suite) => scenario_with(folder.path(), name, &[(SUITE, suite)]),
    };
    let sound = folder.path().join("speech.wav").display().to_string();
    write_speech(Path::new(&sound), 4);
    let ports = first_media_port();
    let arguments = [arguments, &["-min_rtp_port", &ports]].concat();
    let common =
        ["-sf", &file, "-s", "telephone", "-key", "user", "caller", "-key", "sound", &sound, "-m", "1"];
    let mut client =
        Agent::client(folder.path(), Tool::Busyhour, telephone.port, &[&common[..], &arguments].concat());
    let placed = client.finish(SOON);
    assert_eq!(placed, Counts::all_well(1), "{}{}", client.process.logs(), telephone.process.logs());
    (folder, telephone)
}

fn is_called_over_srtp(suite: &'static str, name: &str) {
    let (_folder, telephone) = is_called(Media::Srtp(suite), "media_both_ways_srtp.xml", &[]);
    telephone.check_heard();
    let printed = telephone.process.stdout();
    assert!(printed.contains(&format!("SRTP is Enabled (cryptosuite={name})")), "{printed}");
}

fn calls(media: Media, name: &str) {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let (file, sound) = (scenario(name), folder.path().join("speech.wav").display().to_string());
    write_speech(Path::new(&sound), 4);
    let ports = first_media_port();
    let arguments = ["-sf", &file, "-key", "sound", &sound, "-m", "1", "-min_rtp_port", &ports];
    let mut server = Agent::server(folder.path(), Tool::Busyhour, Transport::Udp, &arguments);
    let telephone = Telephone::start(folder.path(), media, Some(server.port));
    let answered = server.finish(SOON);
    assert_eq!(answered, Counts::all_well(1), "{}{}", server.process.logs(), telephone.process.logs());
    telephone.check_heard();
}

#[test]
fn is_called_and_both_hear_each_other() {
    is_called(Media::Plain, "media_both_ways.xml", &[]).1.check_heard();
}

#[test]
fn is_called_over_srtp_and_both_hear_each_other() {
    is_called_over_srtp(SUITE, "AES_CM_128_HMAC_SHA1_80");
}

#[test]
fn is_called_over_aes_128_gcm_and_both_hear_each_other() {
    is_called_over_srtp("aeadaes128gcm", "AEAD_AES_128_GCM");
}

#[test]
fn is_called_over_aes_256_gcm_and_both_hear_each_other() {
    is_called_over_srtp("aeadaes256gcm", "AEAD_AES_256_GCM");
}

#[test]
fn calls_and_both_hear_each_other() {
    calls(Media::Plain, "media_answers.xml");
}

#[test]
fn calls_over_srtp_and_both_hear_each_other() {
    calls(Media::Srtp(SUITE), "media_answers_srtp.xml");
}

#[test]
fn is_sent_digits() {
    let (_folder, telephone) = is_called(Media::Plain, "media_dtmf.xml", &["-key", "digits", DIGITS]);
    // `received event: '1' (end=1)`
    let printed = telephone.process.stdout();
    let ends = printed.lines().filter(|line| line.contains("received event: ") && line.ends_with("(end=1)"));
    let heard: String = ends.filter_map(|line| line.split('\'').nth(1)).collect();
    assert_eq!(heard, DIGITS, "{printed}");
}
