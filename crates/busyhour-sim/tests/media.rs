//! Media of calls: ports, session descriptions both ways, keys, and what actions tell media threads.

mod stage;

use std::sync::Arc;

use busyhour_engine::FailureKind;
use busyhour_sim::{Conditions, Node, SimPorts, World};
use stage::media::{answer, invite, request_with, with_media, with_sdp};
use stage::{Stage, header, nop, recv, response, scenario, send, send_with};

/// The puppet's INVITE with an offer.
fn offer(cseq: u32, sdp: &str) -> String {
    with_sdp(&stage::request("INVITE", cseq, "in@peer"), sdp)
}

const AUDIO: &str = "c=IN IP4 10.0.1.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n";

/// Something that has a call have media.
const LISTENS: &str = "<rtp_quality assign_to=\"q\" figure=\"packets\"/><log message=\"[$q]\"/>";

fn client(steps: &[&str]) -> (Stage, Arc<SimPorts>) {
    let mut ports = None;
    let stage = Stage::client(&scenario(steps), |settings| ports = Some(with_media(settings)));
    (stage, ports.unwrap())
}

fn server(steps: &[&str]) -> (Stage, Arc<SimPorts>) {
    let mut ports = None;
    let stage = Stage::server(&scenario(steps), |settings| ports = Some(with_media(settings)));
    (stage, ports.unwrap())
}

fn told(stage: &mut Stage) -> Vec<String> {
    stage.wait(2);
    stage.world.node(stage.node).media_told()
}

fn warns(stage: &mut Stage, text: &str) {
    let events = stage.events();
    assert!(events.iter().any(|event| event.contains(text)), "no {text:?} in {events:#?}");
}

fn body_line<'m>(message: &'m str, start: &str) -> &'m str {
    let mut lines = message.split("\r\n");
    lines.find_map(|line| line.strip_prefix(start)).unwrap_or_else(|| panic!("no {start} in {message}"))
}

#[test]
fn a_call_has_the_port_that_it_promises() {
    let (mut stage, ports) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0", "a=rtcp:[rtpstream_audio_port+1]"]),
        &recv("response=\"200\""),
        &send("ACK", ""),
        &nop("", LISTENS),
        &recv("request=\"BYE\""),
    ]);
    let invite = stage.hears("INVITE");
    assert_eq!((body_line(&invite, "m="), body_line(&invite, "a=")), ("audio 10000 RTP/AVP 0", "rtcp:10001"));
    assert_eq!(told(&mut stage), ["Begin 1 on 0", "Listen audio 10000"]);
    stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
    assert_eq!(told(&mut stage), ["Remote audio 10.0.1.1:4000"]);
    assert_eq!(ports.counts(), (1, 0));
    stage.say(&stage::request_back("BYE", 1, &invite));
    assert_eq!(told(&mut stage), ["End"]);
    stage.succeeds();
    assert_eq!(ports.counts(), (1, 1));
}

#[test]
fn without_actions_a_media_port_is_a_number() {
    for keyword in ["[media_port]", "[auto_media_port]"] {
        let line = format!("m=audio {keyword} RTP/AVP 0");
        let (mut stage, ports) = client(&[&invite(&[&line]), &recv("response=\"200\"")]);
        let invite = stage.hears("INVITE");
        assert_eq!(body_line(&invite, "m="), "audio 6000 RTP/AVP 0");
        stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
        stage.succeeds();
        assert!(told(&mut stage).is_empty());
        assert_eq!(ports.counts(), (0, 0));
    }
}

#[test]
fn with_actions_the_shared_ports_are_taken() {
    let (mut stage, ports) = client(&[
        &invite(&[
            "m=audio [media_port] RTP/AVP 0",
            "a=rtcp:[media_port+1]",
            "m=video [media_port+2] RTP/AVP 99",
        ]),
        &recv("response=\"200\""),
        &nop("", LISTENS),
    ]);
    let invite = stage.hears("INVITE");
    assert_eq!(told(&mut stage), ["Begin 1 on 0", "Listen audio 6000", "Listen video 6002"]);
    stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
    assert_eq!(told(&mut stage), ["Remote audio 10.0.1.1:4000", "End"]);
    assert_eq!(ports.counts(), (2, 2));
}

#[test]
fn every_call_has_its_auto_media_port_and_thread() {
    let steps = scenario(&[&invite(&["m=audio [auto_media_port] RTP/AVP 0"]), &nop("", LISTENS)]);
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = world.add(Node::client(&steps, peer, |settings| {
        with_media(settings);
        settings.calls_max = Some(3);
        settings.media.as_mut().unwrap().threads = 2;
    }));
    world.run();
    let told = world.node(node).media_told();
    let ports: Vec<_> = told.iter().filter(|text| !text.starts_with("End")).map(String::as_str).collect();
    assert_eq!(
        ports,
        [
            "Begin 1 on 0",
            "Listen audio 6000",
            "Begin 2 on 1",
            "Listen audio 6004",
            "Begin 3 on 0",
            "Listen audio 6008"
        ]
    );
    assert_eq!(world.node(node).media_calls(), (3, 3));
}

/// What the media thread of a client is told when it gets this answer, and the warnings.
fn answered(sdp: &str) -> (Vec<String>, Vec<String>) {
    let (mut stage, _) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("response=\"200\""),
        &nop("", LISTENS),
        &recv("request=\"BYE\""),
    ]);
    let invite = stage.hears("INVITE");
    told(&mut stage);
    stage.say(&with_sdp(&response(&invite, "200 OK"), sdp));
    stage.is_open();
    let warnings = stage.events().into_iter().filter(|event| event.contains("Call-Id")).collect();
    (told(&mut stage), warnings)
}

#[test]
fn odd_descriptions_are_taken_for_what_they_are() {
    let media = "m=audio 4000 RTP/AVP 0\n";
    for (sdp, place) in [
        (format!("c=IN IP4 10.0.1.1\n{media}"), Some("Remote audio 10.0.1.1:4000")),
        (format!("c=IN IP4 10.9.9.9\n{media}c=IN IP4 10.0.1.7\n"), Some("Remote audio 10.0.1.7:4000")),
        (format!("c=IN IP4 10.0.1.1/127\nm=audio 0 RTP/AVP 0\n{media}"), Some("Remote audio 10.0.1.1:4000")),
        (format!("c=IN IP4 10.0.1.1\nm=video 5000 RTP/AVP 99\n{media}"), Some("Remote audio 10.0.1.1:4000")),
        (format!("c=IN IP4 0.0.0.0\n{media}"), None),
        ("c=IN IP4 10.0.1.1\nm=audio 0 RTP/AVP 0\n".to_owned(), None),
        ("c=IN IP4 10.0.1.1\nm=video 5000 RTP/AVP 99\n".to_owned(), None),
    ] {
        let (told, warnings) = answered(&sdp);
        assert_eq!(told, place.into_iter().collect::<Vec<_>>(), "{sdp}");
        assert!(warnings.is_empty(), "{sdp}: {warnings:?}");
    }
    for (sdp, why) in [
        (format!("c=IN IP4 media.example.com\n{media}"), "c= holds 'media.example.com', not an IP address"),
        (format!("c=IN IP6 2001:db8::1\n{media}"), "2001:db8::1 is of another address family than ours"),
        (media.to_owned(), "m=audio: no c= line"),
        ("c=IN IP4 10.0.1.1\n".to_owned(), "SDP without m=audio"),
    ] {
        let (told, warnings) = answered(&sdp);
        assert!(told.is_empty(), "{sdp}: {told:?}");
        assert!(warnings.iter().any(|warning| warning.contains(why)), "{sdp}: {warnings:?}");
    }
}

#[test]
fn only_what_changes_is_told_and_a_hold_is_told() {
    let (mut stage, _) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("response=\"183\" optional=\"true\""),
        &recv("response=\"200\""),
        &send("ACK", ""),
        &recv("request=\"INVITE\""),
        &answer(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("request=\"UPDATE\" ignoresdp=\"true\""),
        &answer(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &nop("", LISTENS),
        &recv("request=\"BYE\""),
    ]);
    let invite = stage.hears("INVITE");
    told(&mut stage);
    stage.say(&with_sdp(&response(&invite, "183 Session Progress"), AUDIO));
    assert_eq!(told(&mut stage), ["Remote audio 10.0.1.1:4000"]);
    stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
    assert!(told(&mut stage).is_empty());
    stage.hears("ACK");
    stage.say(&with_sdp(&stage::request_back("INVITE", 1, &invite), &AUDIO.replace("10.0.1.1", "0.0.0.0")));
    assert_eq!(told(&mut stage), ["Remote audio nowhere"]);
    stage.hears("200");
    stage.say(&with_sdp(&stage::request_back("UPDATE", 2, &invite), AUDIO));
    assert!(told(&mut stage).is_empty(), "ignoresdp");
}

#[test]
fn an_offer_counts_when_it_is_answered() {
    let (mut stage, _) = server(&[
        &recv("request=\"INVITE\""),
        "<pause milliseconds=\"100\"/>",
        &answer(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("request=\"ACK\""),
        &nop("", LISTENS),
        &recv("request=\"BYE\""),
    ]);
    stage.say(&offer(1, AUDIO));
    assert!(told(&mut stage).is_empty());
    stage.wait(100);
    stage.hears("200");
    assert_eq!(told(&mut stage), ["Begin 1 on 0", "Listen audio 10000", "Remote audio 10.0.1.1:4000"]);
}

#[test]
fn an_action_does_not_wait_for_the_answer() {
    let (mut stage, _) = server(&[
        &recv("request=\"INVITE\""),
        &nop("", "<exec rtp_stream=\"apattern,1\"/>"),
        &recv("request=\"BYE\""),
    ]);
    stage.say(&offer(1, AUDIO));
    let told = told(&mut stage);
    assert_eq!(&told[..3], ["Begin 1 on 0", "Listen audio 6000", "Remote audio 10.0.1.1:4000"], "{told:?}");
    assert!(told[3].starts_with("Play { medium: Audio"), "{told:?}");
}

#[test]
fn no_port_fails_only_its_call() {
    let steps =
        scenario(&[&invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]), "<pause milliseconds=\"1000\"/>"]);
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = world.add(Node::client(&steps, peer, |settings| {
        with_media(settings);
        settings.media.as_mut().unwrap().ports = Arc::new(SimPorts::with_most(1));
        settings.calls_max = Some(2);
    }));
    world.run();
    let counters = world.snapshot(node).counters;
    assert_eq!((counters.successful, counters.failed[FailureKind::MediaPort.index()]), (1, 1));
    assert_eq!(world.node(node).media_calls(), (1, 1));
}

#[test]
fn a_run_without_media_fails_calls_that_need_them() {
    for step in
        [invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]), nop("", "<exec rtp_stream=\"apattern,1\"/>")]
    {
        let mut stage = Stage::client(&scenario(&[&step, &send("OPTIONS", "")]), |_| {});
        stage.wait(2);
        stage.fails(FailureKind::MediaPort);
        warns(&mut stage, "this run has no media");
    }
}

#[test]
fn keywords_of_keys_make_them_anew_or_again() {
    let line = "a=crypto:[cryptotag1audio] [cryptosuiteaescm192sha1801audio] inline:[cryptokeyparams1audio] [ueaescm192sha1801audio]";
    let again = line.replace("params1audio", "params1audio-9");
    let (mut stage, _) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/SAVP 0", line]),
        &recv("response=\"200\""),
        &request_with("UPDATE", &["m=audio [rtpstream_audio_port] RTP/SAVP 0", &again], ""),
        &recv("response=\"200\""),
        &request_with("UPDATE", &["m=audio [rtpstream_audio_port] RTP/SAVP 0", line], ""),
    ]);
    let first = stage.hears("INVITE");
    let crypto = |message: &str| body_line(message, "a=crypto:").to_owned();
    let words: Vec<_> = crypto(&first).split(' ').map(str::to_owned).collect();
    assert_eq!(
        (words[0].as_str(), words[1].as_str(), words[3].as_str()),
        ("1", "AES_192_CM_HMAC_SHA1_80", "UNENCRYPTED_SRTP")
    );
    assert_eq!(words[2].len(), "inline:".len() + 52);
    stage.say(&response(&first, "200 OK"));
    let second = stage.hears("UPDATE");
    assert_eq!(crypto(&first), crypto(&second));
    stage.say(&response(&second, "200 OK"));
    let third = stage.hears("UPDATE");
    assert_ne!(crypto(&first), crypto(&third));
}

#[test]
fn each_keyword_has_its_key_however_many_lines_there_are() {
    let line = |suite: &str, key: &str| format!("a=crypto:[cryptotag1audio] {suite} inline:[{key}]");
    let lines = [
        line("[cryptosuiteaescm192sha1801audio]", "cryptokeyparams1audio"),
        line("[cryptosuitenullsha1801audio]", "cryptokeyparams1audio"),
        line("[cryptosuiteaescm128sha1322audio]", "cryptokeyparams2audio"),
        line("[cryptosuiteaescm256sha1801audio]", "cryptokeyparams1audio"),
        line("[cryptosuiteaescm256sha1321audio]", "cryptokeyparams1audio"),
        line("[cryptosuiteaescm256sha1321audio]", "cryptokeyparams1audio-9"),
        line("[cryptosuiteaescm128sha1322audio]", "cryptokeyparams2audio-9"),
    ];
    let mut sdp = vec!["m=audio [rtpstream_audio_port] RTP/SAVP 0"];
    sdp.extend(lines.iter().map(String::as_str));
    let (mut stage, _) =
        client(&[&invite(&sdp), &recv("response=\"200\""), &nop("", LISTENS), &recv("request=\"BYE\"")]);
    let invite = stage.hears("INVITE");
    let keys: Vec<_> = invite.split("\r\n").filter_map(|line| Some(line.split_once("inline:")?.1)).collect();
    assert_eq!(keys.iter().map(|key| key.len()).collect::<Vec<_>>(), [52, 40, 40, 64, 64, 64, 40]);
    let (fresh, repeated) = keys.split_at(5);
    assert_eq!(repeated, [keys[4], keys[2]]);
    for (at, key) in fresh.iter().enumerate() {
        assert!(!fresh[..at].contains(key), "line {at} has a key of its own: {keys:?}");
    }
    told(&mut stage);
    let theirs = format!("a=crypto:1 AES_192_CM_HMAC_SHA1_80 inline:{}AgI=", "AgIC".repeat(12));
    stage.say(&with_sdp(&response(&invite, "200 OK"), &secure(&[theirs])));
    let secured = told(&mut stage).swap_remove(0);
    let begin = format!("Secure audio AES_192_CM_HMAC_SHA1_80 {:02x} / ", first_byte(keys[0]));
    assert!(secured.starts_with(&begin), "{secured}, but the line's key is {}", keys[0]);
}

/// The first byte of base64.
fn first_byte(text: &str) -> u8 {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let place = |at: usize| alphabet.iter().position(|byte| *byte == text.as_bytes()[at]).unwrap() as u8;
    place(0) << 2 | place(1) >> 4
}

/// 30 bytes of `n`, as in `inline:`.
fn key(n: u8) -> &'static str {
    match n {
        0 => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        1 => "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
        _ => "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC",
    }
}

const S80: &str = "AES_CM_128_HMAC_SHA1_80";
const S32: &str = "AES_CM_128_HMAC_SHA1_32";

fn crypto(tag: u8, suite: &str, n: u8) -> String {
    format!("a=crypto:{tag} {suite} inline:{}", key(n))
}

fn secure(lines: &[String]) -> String {
    format!("{}{}\n", AUDIO.replace("AVP", "SAVP"), lines.join("\n"))
}

#[test]
fn the_answer_chooses_among_our_keys() {
    let ours = [crypto(1, S80, 0), crypto(2, S32, 1)];
    for (theirs, secure_told) in [
        (secure(&[crypto(1, S80, 2)]), Some(format!("Secure audio {S80} 00 / {S80} 02"))),
        (secure(&[crypto(2, S32, 2)]), Some(format!("Secure audio {S32} 01 / {S32} 02"))),
        (secure(&[crypto(1, S32, 2)]), Some(format!("Secure audio {S32} 01 / {S32} 02"))),
        (AUDIO.to_owned(), None),
    ] {
        let (mut stage, _) = client(&[
            &invite(&["m=audio [rtpstream_audio_port] RTP/SAVP 0", &ours[0], &ours[1]]),
            &recv("response=\"200\""),
            &nop("", LISTENS),
            &recv("request=\"BYE\""),
        ]);
        let invite = stage.hears("INVITE");
        told(&mut stage);
        stage.say(&with_sdp(&response(&invite, "200 OK"), &theirs));
        let wanted: Vec<_> =
            secure_told.into_iter().chain(["Remote audio 10.0.1.1:4000".to_owned()]).collect();
        assert_eq!(told(&mut stage), wanted, "{theirs}");
    }
}

#[test]
fn the_first_offered_key_that_we_answer_is_taken_and_a_new_offer_rekeys() {
    let ours = crypto(2, S32, 0);
    let answer = answer(&["m=audio [rtpstream_audio_port] RTP/SAVP 0", &ours]);
    let (mut stage, _) = server(&[
        &recv("request=\"INVITE\""),
        &answer,
        &recv("request=\"ACK\""),
        &recv("request=\"INVITE\""),
        &answer,
        &recv("request=\"ACK\""),
        &recv("request=\"INVITE\""),
        &answer,
        &nop("", LISTENS),
        &recv("request=\"BYE\""),
    ]);
    stage.say(&offer(1, &secure(&[crypto(1, S80, 2), crypto(2, S32, 1)])));
    assert_eq!(
        told(&mut stage)[2..],
        [format!("Secure audio {S32} 00 / {S32} 01"), "Remote audio 10.0.1.1:4000".to_owned()]
    );
    stage.say(&stage::request("ACK", 1, "in@peer"));
    stage.say(&offer(2, &secure(&[crypto(2, S32, 2)])));
    assert_eq!(told(&mut stage), [format!("Secure audio {S32} 00 / {S32} 02")]);
    stage.say(&stage::request("ACK", 2, "in@peer"));
    stage.say(&offer(3, AUDIO));
    assert_eq!(told(&mut stage), ["Secure audio plain / plain"]);
}

#[test]
fn keys_that_cannot_be_used_reject_the_call() {
    let answer = answer(&["m=audio [rtpstream_audio_port] RTP/SAVP 0", &crypto(1, S32, 0)]);
    for (sdp, why) in [
        (secure(&[crypto(1, S80, 1)]), "no crypto suite fits: we have AES_CM_128_HMAC_SHA1_32, the peer has"),
        (secure(&["a=crypto:1 F8 inline:AAAA".to_owned()]), "suite F8 is not known"),
        (secure(&["a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA".to_owned()]), "3 bytes"),
        (AUDIO.replace("AVP", "SAVP"), "SRTP without an a=crypto line"),
    ] {
        let (mut stage, ports) = server(&[&recv("request=\"INVITE\""), &answer, &nop("", LISTENS)]);
        stage.say(&offer(1, &sdp));
        stage.wait(2);
        stage.fails(FailureKind::CallRejected);
        warns(&mut stage, why);
        let (taken, given_back) = ports.counts();
        assert_eq!(taken, given_back);
    }
}

#[test]
fn a_wait_ends_with_the_streams() {
    let steps = [
        &nop("", "<exec rtp_stream=\"apattern,1\"/><exec rtp_stream=\"wait\"/><log message=\"on\"/>"),
        &send("OPTIONS", ""),
        &recv("response=\"200\""),
    ];
    let mut ports = None;
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = Node::client(&scenario(&steps.map(String::as_str)), peer, |settings| {
        ports = Some(with_media(settings));
        settings.calls_max = Some(1);
        settings.trace_logs = true;
    });
    let node = world.add(node.streams_end(300));
    let mut stage = Stage { world, node, peer };
    stage.wait(290);
    assert_eq!(stage.logs(), ["on"], "the rest of the list does not wait");
    stage.hears_nothing();
    stage.wait(20);
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
    assert_eq!(ports.unwrap().counts(), (1, 1));
}

#[test]
fn a_wait_may_time_out_to_a_label() {
    let wait = "<exec rtp_stream=\"apattern,1\"/><exec rtp_stream=\"wait\" timeout=\"200\"/>";
    let (mut stage, _) = client(&[
        &nop("ontimeout=\"late\"", wait),
        &send("OPTIONS", ""),
        "<label id=\"late\"/>",
        &send("INFO", ""),
    ]);
    stage.wait(190);
    stage.hears_nothing();
    stage.wait(20);
    stage.hears("INFO");
    stage.succeeds();
    warns(&mut stage, "rtp_stream wait timeout on message 0:0, jumping to label 2");
}

#[test]
fn an_answer_that_comes_late_ends_no_later_wait() {
    let first = "<exec rtp_stream=\"apattern,1\"/><exec rtp_stream=\"wait\" timeout=\"200\"/>";
    let steps = [
        &nop("ontimeout=\"late\"", first),
        "<label id=\"late\"/>",
        &nop("", "<exec rtp_stream=\"wait\"/>"),
        &send("OPTIONS", ""),
        &recv("response=\"200\""),
    ];
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let node = Node::client(&scenario(&steps), peer, |settings| {
        with_media(settings);
        settings.calls_max = Some(1);
    });
    let node = world.add(node.streams_end(300));
    let mut stage = Stage { world, node, peer };
    // The first wait's answer comes after 300 ms, the second one's 200 ms later.
    stage.wait(450);
    stage.hears_nothing();
    stage.wait(60);
    let options = stage.hears("OPTIONS");
    stage.say(&response(&options, "200 OK"));
    stage.succeeds();
}

#[test]
fn a_wait_that_times_out_without_a_label_hangs_up() {
    let (mut stage, _) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("response=\"200\""),
        &send("ACK", ""),
        &nop("", "<exec rtp_stream=\"apattern,1\"/><exec rtp_stream=\"wait\" timeout=\"200\"/>"),
        &recv("request=\"BYE\""),
    ]);
    let invite = stage.hears("INVITE");
    stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
    stage.hears("ACK");
    stage.wait(210);
    stage.hears("BYE");
    stage.fails(FailureKind::MediaWait);
    assert_eq!(told(&mut stage).last().unwrap(), "End");
}

#[test]
fn a_wait_without_media_waits_for_nothing() {
    let (mut stage, _) = client(&[&nop("", "<exec rtp_stream=\"wait\"/>"), &send("OPTIONS", "")]);
    stage.hears("OPTIONS");
    stage.succeeds();
}

#[test]
fn a_claim_that_does_not_hold_fails_the_call_with_the_reason() {
    let (mut stage, _) = client(&[
        &invite(&["m=audio [rtpstream_audio_port] RTP/AVP 0"]),
        &recv("response=\"200\""),
        &send_with("ACK", "", "", "<action><exec rtp_assert=\"silent, both_ways\"/></action>"),
        &recv("request=\"BYE\""),
    ]);
    let invite = stage.hears("INVITE");
    stage.say(&with_sdp(&response(&invite, "200 OK"), AUDIO));
    stage.wait(2);
    stage.fails(FailureKind::MediaAssert);
    let call_id = header(&invite, "Call-ID").to_owned();
    warns(
        &mut stage,
        &format!(
            "rtp_assert: both_ways does not hold: nothing was sent and nothing was heard; the call fails, Call-Id '{call_id}'"
        ),
    );
}

#[test]
fn files_are_chosen_by_call_and_a_bad_one_fails_only_its_call() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tone1.pcma"), [0xd5; 1600]).unwrap();
    let name = folder.path().join("tone[call_number].pcma");
    let play = format!("<exec rtp_stream=\"{},1\"/>", name.display());
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let steps = scenario(&[&nop("", &play), &send("OPTIONS", ""), "<pause milliseconds=\"100\"/>"]);
    let node = world.add(Node::client(&steps, peer, |settings| {
        with_media(settings);
        settings.calls_max = Some(2);
    }));
    world.run();
    let counters = world.snapshot(node).counters;
    assert_eq!((counters.successful, counters.failed[FailureKind::MediaFile.index()]), (1, 1));
    let told = world.node(node).media_told();
    assert_eq!(told.iter().filter(|text| text.starts_with("Play")).count(), 1, "{told:?}");
    let warned = world.node(node).events.iter().any(|event| match event {
        busyhour_engine::Event::Warning { text, .. } => String::from_utf8_lossy(text).contains("tone2.pcma"),
        _ => false,
    });
    assert!(warned, "the reason names the file");
}

#[test]
fn who_plays_to_nobody_is_told_once() {
    let play = "<exec rtp_stream=\"apattern,1\"/><exec rtp_stream=\"apattern,2\"/>";
    let (mut stage, _) = client(&[&nop("", play), &send("OPTIONS", "")]);
    stage.wait(2);
    stage.succeeds();
    let events = stage.events();
    let warnings = events.iter().filter(|event| event.contains("has named no address for audio yet"));
    assert_eq!(warnings.count(), 1, "{events:?}");
}

#[test]
fn in_init_media_actions_are_refused() {
    let init = "<init><nop><action><exec rtp_stream=\"apattern,1\"/></action></nop></init>";
    let (mut stage, ports) = client(&[init, &send("OPTIONS", "")]);
    stage.hears("OPTIONS");
    warns(&mut stage, "<init> has no call that plays or listens");
    assert_eq!(ports.counts(), (0, 0));
}
