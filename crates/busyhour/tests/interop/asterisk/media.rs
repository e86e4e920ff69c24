//! Media with Asterisk: it sends back, takes digits, plays a file, or stays silent.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use busyhour_media::codec::g711::encode_ulaw;
use busyhour_media::generate;

use super::{Pbx, Setup};
use crate::peers::{Agent, Counts, SOON, Tool, Transport, first_media_port, scenario};

/// Payload type of our telephone events.
const EVENTS: u8 = 101;
/// Length of the file that Asterisk plays.
const FILE_MS: u32 = 3000;
/// How long the calls of a test may take; those that go well take a few seconds.
const CALL: Duration = Duration::from_secs(60);
/// Digits that Asterisk sends.
const DIGITS: &str = "1159*";

const SETUP: Setup<'_> = Setup {
    modules: &[
        "res_pjsip_endpoint_identifier_user",
        "res_srtp",
        "res_timing_timerfd",
        "format_pcm",
        "res_clioriginate",
        "app_echo",
        "app_read",
        "app_playback",
        "app_senddtmf",
        "codec_g722",
        "app_verbose",
    ],
    pjsip: "[plain](!)\ntype=endpoint\ntransport=udp\ncontext=incoming\ndisallow=all\nallow=ulaw\ndtmf_mode=rfc4733\n\n\
            [caller](plain)\n\n\
            [wideband](plain)\nallow=!all,g722\n\n\
            [secret](plain)\nmedia_encryption=sdes\n",
    extensions: "[incoming]\n\
        exten => echo,1,Answer()\n same => n,Echo()\n\
        exten => read,1,Answer()\n same => n,Read(DIGITS,,20,,1,2)\n same => n,Log(WARNING,heard digits ${DIGITS} end)\n same => n,Hangup()\n\
        exten => play,1,Answer()\n same => n,Playback(${SOUNDS}/known)\n same => n,Hangup()\n\
        exten => tones,1,Answer()\n same => n,Wait(0.5)\n same => n,Playback(${SOUNDS}/tones)\n same => n,Wait(0.5)\n same => n,Hangup()\n\
        exten => events,1,Answer()\n same => n,Wait(0.5)\n same => n,SendDTMF(1159*,200)\n same => n,Wait(0.5)\n same => n,Hangup()\n\
        exten => silent,1,Answer()\n same => n,Wait(30)\n",
};

/// Asterisk with a sound to play, and ours beside it.
struct Stage {
    pbx: Pbx,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Stage {
        let folder = tempfile::tempdir().expect("make a temporary folder");
        let sounds = folder.path().join("sounds");
        fs::create_dir_all(&sounds).expect("make the folder of sounds");
        write(&sounds.join("speech.wav"), &generate::write_wav(&generate::speech(1, 4000, 8000), 1, 8000));
        write(
            &sounds.join("wideband.wav"),
            &generate::write_wav(&generate::speech(1, 4000, 16000), 1, 16000),
        );
        let encoded = |samples: Vec<i16>| samples.into_iter().map(encode_ulaw).collect::<Vec<u8>>();
        write(&sounds.join("known.ulaw"), &encoded(generate::speech(2, FILE_MS, 8000)));
        write(&sounds.join("tones.ulaw"), &encoded(generate::digits_inband(DIGITS, 100, 8000)));
        for digit in ["1", "5"] {
            write(&sounds.join(format!("{digit}.pcap")), &generate::digit_capture(digit, EVENTS));
        }
        let extensions = SETUP.extensions.replace("${SOUNDS}", &sounds.display().to_string());
        let pbx = Pbx::start(&folder.path().join("asterisk"), &Setup { extensions: &extensions, ..SETUP });
        Stage { pbx, folder }
    }

    /// The path of a sound.
    fn sound(&self, name: &str) -> String {
        self.folder.path().join("sounds").join(name).display().to_string()
    }

    /// Places so many calls, which must all go well.
    fn call(&self, name: &str, extension: &str, calls: u64, arguments: &[&str]) -> Agent {
        let (file, count) = (scenario(name), calls.to_string());
        let ports = first_media_port();
        let own = ["-sf", &file, "-s", extension, "-r", "50", "-m", &count, "-min_rtp_port", &ports];
        let all = [&own[..], arguments].concat();
        let all =
            if arguments.contains(&"user") { all } else { [&all[..], &["-key", "user", "caller"]].concat() };
        let mut agent =
            Agent::client(&self.folder.path().join(extension), Tool::Busyhour, self.pbx.port, &all);
        let placed = agent.finish(CALL);
        let logs = || format!("{}{}", agent.process.logs(), self.pbx.process.logs());
        assert_eq!(placed, Counts::all_well(calls), "{}", logs());
        agent
    }

    /// Asterisk calls us by one of its endpoints, and sends back what it hears.
    fn is_called(&self, name: &str, endpoint: &str) {
        let (file, sound) = (scenario(name), self.sound("speech.wav"));
        let ports = first_media_port();
        let arguments = ["-sf", &file, "-key", "sound", &sound, "-m", "1", "-min_rtp_port", &ports];
        let mut server = Agent::server(self.folder.path(), Tool::Busyhour, Transport::Udp, &arguments);
        let callee = format!("PJSIP/{endpoint}/sip:service@127.0.0.1:{}", server.port);
        let answer = self.pbx.ask(&format!("channel originate {callee} application Echo"));
        assert!(!answer.contains("No such command"), "{answer}");
        let answered = server.finish(CALL);
        let logs = || format!("{answer}{}{}", server.process.logs(), self.pbx.process.logs());
        assert_eq!(answered, Counts::all_well(1), "{}", logs());
    }

    /// The digits that Asterisk has read. A thread of its own writes them down.
    fn digits(&self) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            let log = self.pbx.process.file("messages.log");
            let heard = log.split("heard digits ").nth(1).and_then(|rest| rest.split_once(" end"));
            if let Some((digits, _)) = heard {
                return digits.to_owned();
            }
            assert!(Instant::now() < deadline, "no digits in {log}");
            sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_hundred_calls_hear_themselves_well() {
    let stage = Stage::new();
    stage.call("media_both_ways.xml", "echo", 100, &["-key", "sound", &stage.sound("speech.wav")]);
}

#[test]
fn srtp_both_ways() {
    let stage = Stage::new();
    let sound = stage.sound("speech.wav");
    stage.call("media_both_ways_srtp.xml", "echo", 20, &["-key", "sound", &sound, "-key", "user", "secret"]);
}

#[test]
fn a_call_from_asterisk_hears_itself() {
    Stage::new().is_called("media_answers.xml", "caller");
}

#[test]
fn a_call_from_asterisk_hears_itself_over_srtp() {
    Stage::new().is_called("media_answers_srtp.xml", "secret");
}

#[test]
fn wideband_both_ways() {
    let stage = Stage::new();
    let sound = stage.sound("wideband.wav");
    stage.call(
        "media_both_ways_wideband.xml",
        "echo",
        10,
        &["-key", "sound", &sound, "-key", "user", "wideband"],
    );
}

#[test]
fn digits_are_heard_as_events() {
    Stage::new().call("media_hears_digits.xml", "events", 2, &["-key", "digits", DIGITS]);
}

#[test]
fn digits_are_heard_as_tones() {
    Stage::new().call("media_hears_digits.xml", "tones", 2, &["-key", "digits", DIGITS]);
}

#[test]
fn digits_of_play_dtmf_are_read() {
    let stage = Stage::new();
    stage.call("media_dtmf_read.xml", "read", 1, &["-key", "digits", "0123456789*"]);
    assert_eq!(stage.digits(), "0123456789*");
}

#[test]
fn digits_of_captures_are_read() {
    let stage = Stage::new();
    let (first, second) = (stage.sound("1.pcap"), stage.sound("5.pcap"));
    // Captures are played as they are: a second one looks like the first again, so only one digit is sure to be heard.
    stage.call("media_dtmf_captures.xml", "read", 1, &["-key", "first", &first, "-key", "second", &second]);
    assert!(stage.digits().starts_with('1'), "{}", stage.digits());
}

#[test]
fn a_digit_played_twice_as_one_stream_is_read_twice() {
    let stage = Stage::new();
    let (first, second) = (stage.sound("1.pcap"), stage.sound("5.pcap"));
    stage.call("media_dtmf_dynamic.xml", "read", 1, &["-key", "first", &first, "-key", "second", &second]);
    assert_eq!(stage.digits(), "115");
}

#[test]
fn a_file_is_heard_from_beginning_to_end() {
    let stage = Stage::new();
    // 3 s in packets of 20 ms; the scenario checks their number.
    stage.call("media_listen.xml", "play", 10, &[]);
}

#[test]
fn silence_is_reported_as_one_way() {
    let stage = Stage::new();
    let agent = stage.call("media_one_way.xml", "silent", 5, &["-key", "sound", &stage.sound("speech.wav")]);
    assert_eq!(agent.media_total("one-way streams: sent, nothing heard"), 5, "{}", agent.process.stdout());
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("write a sound");
}
