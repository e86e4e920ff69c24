//! Media: actions, claims, keywords, and what a program needs.

use busyhour_media::capture::{Capture, CapturedPacket};
use busyhour_media::library::Digits;
use busyhour_media::srtp::Suite;
use busyhour_media::{Library, generate};
use busyhour_scenario::check::codes::*;
use busyhour_scenario::diagnostic::Diagnostic;
use busyhour_scenario::program::{
    Action, Argument, Claim, ClaimKind, Compare, EchoChange, Figure, MediaAction, MediaFile, Operand, Stream,
};
use busyhour_scenario::template::{CryptoKeyword, CryptoPart, Keyword, Piece, Template};
use busyhour_scenario::{Options, media_files};
use busyhour_wire::sdp::Medium;

use crate::support::{
    actions, assert_actions, assert_findings, call, keyword, literal, load_text, of, pieces, program,
    program_with, scenario, send, steps,
};

fn message(actions: &str) -> String {
    let loaded = load_text(&scenario(&steps(actions)), &Options::default());
    loaded.diagnostics.into_iter().map(|finding| finding.message).collect()
}

/// The one media action.
fn action(text: &str) -> MediaAction {
    match &actions(text)[..] {
        [Action::Media(action)] => action.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

fn stream(text: &str) -> Stream {
    match action(&format!("<exec rtp_stream='{text}'/>")) {
        MediaAction::Stream(Argument::Known(stream)) => stream,
        other => panic!("{text}: {other:?}"),
    }
}

fn claims(text: &str) -> Vec<Claim> {
    match action(&format!("<exec rtp_assert='{text}'/>")) {
        MediaAction::Assert { claims } => claims,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn captures_are_played_by_medium() {
    for (name, medium, renumbered) in [
        ("play_pcap_audio", Medium::Audio, false),
        ("play_pcap_image", Medium::Image, false),
        ("play_pcap_video", Medium::Video, false),
        ("play_pcap_text", Medium::Text, false),
        ("play_dyn_pcap_audio", Medium::Audio, true),
    ] {
        let expected = MediaAction::PlayCapture { medium, file: literal("a.pcap"), renumbered };
        assert_eq!(action(&format!("<exec {name}='a.pcap'/>")), expected, "{name}");
    }
    assert_actions("<exec §play_pcap_audio=''/>", &[BAD_VALUE]);
    assert_actions("<exec §play_dyn_pcap_audio=''/>", &[BAD_VALUE]);
}

#[test]
fn names_of_captures_may_hold_keywords() {
    let file = |text: &str| match action(&format!("<exec play_dyn_pcap_audio='{text}'/>")) {
        MediaAction::PlayCapture { file, .. } => file,
        other => panic!("{other:?}"),
    };
    assert_eq!(file("[$a]"), of(Keyword::Variable(call(0))));
    assert_eq!(
        file("prompts/[field2].pcap").pieces,
        [
            Piece::Literal(b"prompts/".to_vec()),
            Piece::Keyword(Keyword::Field { file: 0, column: 2, line: None }),
            Piece::Literal(b".pcap".to_vec())
        ]
    );
    let key = Options { keys: vec![("file".to_owned(), "a.pcap".to_owned())], ..Options::default() };
    let program = program_with(&steps("<exec play_pcap_audio='[file]'/>"), &key);
    let expected =
        MediaAction::PlayCapture { medium: Medium::Audio, file: literal("a.pcap"), renumbered: false };
    assert!(matches!(&program.steps[2].actions[..], [Action::Media(found)] if *found == expected));
    assert_eq!(program.media.files[0].name, "a.pcap");
    assert_actions("<exec play_pcap_audio='[§prompt]'/>", &[UNKNOWN_KEYWORD]);
}

#[test]
fn digits_are_played() {
    let digits = |text: &str| match action(&format!("<exec play_dtmf='{text}'/>")) {
        MediaAction::PlayDigits(Argument::Known(digits)) => digits,
        other => panic!("{other:?}"),
    };
    let all =
        |digits: &str, tone_ms, payload_type| Digits { digits: digits.to_owned(), tone_ms, payload_type };
    assert_eq!(digits("12"), all("12", 200, 96));
    assert_eq!(digits("1 2xA#, 0500,101"), all("12A#", 500, 101));
    assert_eq!(digits("12,,"), all("12", 200, 96));
    assert!(matches!(
        action("<exec play_dtmf='[$a],20'/>"),
        MediaAction::PlayDigits(Argument::Text(text)) if text.pieces.len() == 2
    ));
    for (wrong, phrase) in [
        ("§xyz", "no digit to send"),
        ("§,200", "no digit to send"),
        ("12,§49", "the tone length is not 50 to 2000 ms"),
        ("12,§2001", "the tone length"),
        ("12,§200 ", "the tone length"),
        ("12,§0x64", "the tone length"),
        ("12,200,§128", "the payload type is not 0 to 127"),
        ("12,200,96,§1", "nothing follows the payload type"),
        (&format!("§{}", "1".repeat(513)), "513 digits"),
    ] {
        let action = format!("<exec play_dtmf='{wrong}'/>");
        assert_actions(&action, &[BAD_VALUE]);
        assert!(message(&action.replace('§', "")).contains(phrase), "{wrong}");
    }
}

#[test]
fn sounds_and_patterns_are_streamed() {
    assert_eq!(
        stream("a.raw"),
        Stream::File { name: "a.raw".to_owned(), loops: Some(1), medium: Medium::Audio, form: None }
    );
    let Stream::File { name, loops, medium, form } = stream("a.raw, -1,0,PCMU/8000,x") else { panic!() };
    assert_eq!((name.as_str(), loops, medium), ("a.raw", None, Medium::Audio));
    assert_eq!(form.map(|form| (form.payload_type, form.packet_bytes, form.ticks)), Some((0, 160, 160)));
    assert!(matches!(
        stream("v,2,96,H264/90000"),
        Stream::File { medium: Medium::Video, loops: Some(2), .. }
    ));
    assert_eq!(stream("apattern"), Stream::Pattern { medium: Medium::Audio, id: 1, form: None });
    assert!(matches!(
        stream("vpattern,6,96,H264/90000"),
        Stream::Pattern { medium: Medium::Video, id: 6, form: Some(_) }
    ));
    assert!(matches!(
        action("<exec rtp_stream='[$a],x,3'/>"),
        MediaAction::Stream(Argument::Text(text)) if text.pieces.len() == 2
    ));
    assert_actions("<exec rtp_stream='[§foo]'/>", &[UNKNOWN_KEYWORD]);
}

#[test]
fn payloads_have_many_names() {
    let payload = |text: &str| match stream(&format!("a,1,{text}")) {
        Stream::File { form: Some(form), .. } => {
            (form.payload_type, form.encoding, form.clock_hz, form.packet_ms, form.packet_bytes)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(payload("0,PCMU"), (0, "PCMU".to_owned(), 8000, 20, 160));
    assert_eq!(payload("3"), (3, "GSM".to_owned(), 8000, 20, 33));
    assert_eq!(payload("13,CN"), (13, "CN".to_owned(), 8000, 150, 1));
    assert_eq!(payload("97,iLBC/8000"), (97, "iLBC".to_owned(), 8000, 30, 50));
    assert_eq!(payload("98,g726-32"), (98, "G726-32".to_owned(), 8000, 20, 80));
    assert_eq!(payload("111,opus/48000/160/20"), (111, "opus".to_owned(), 48_000, 20, 160));
}

#[test]
fn streams_are_paused_resumed_and_waited_for() {
    assert_eq!(stream("pause"), Stream::Pause(None));
    assert_eq!(stream("resume"), Stream::Resume(None));
    assert_eq!(stream("pauseapattern"), Stream::Pause(Some(Medium::Audio)));
    assert_eq!(stream("resumevpattern"), Stream::Resume(Some(Medium::Video)));
    assert_eq!(action("<exec rtp_stream='wait'/>"), MediaAction::Wait { timeout_ms: 0 });
    assert_eq!(action("<exec rtp_stream='wait' timeout='0x10'/>"), MediaAction::Wait { timeout_ms: 16 });
    assert_actions("<exec rtp_stream='wait' timeout='§-1'/>", &[BAD_VALUE]);
    assert_actions("<exec rtp_stream='wait' timeout='§x'/>", &[BAD_INTEGER]);
    assert_actions("<exec rtp_stream='pause' §timeout='5'/>", &[NO_EFFECT]);
    let program = program(
        "<recv request='INVITE'/><nop ontimeout='out'><action><exec rtp_stream='wait' timeout='5'/></action></nop>\
         <label id='out'/><recv request='BYE'/>",
    );
    assert_eq!(program.steps[1].on_timeout, Some(2));
}

#[test]
fn bad_streams_are_refused_where_they_are_bad() {
    for (action, phrase) in [
        ("<exec §rtp_stream=''/>", "it names no file"),
        ("<exec rtp_stream='a.raw,1,§0,PCMA'/>", "it is PCMU, not PCMA"),
        ("<exec rtp_stream='a.raw,1,§96'/>", "Missing mandatory payload_name parameter in rtp_stream action"),
        ("<exec rtp_stream='a.raw,1,§35,foo'/>", "Unknown static rtp payload type 35"),
        ("<exec rtp_stream='a.raw,1,§96,foo'/>", "Unknown dynamic rtp payload type 96"),
        ("<exec rtp_stream='a.raw,1,§128,foo'/>", "Invalid rtp payload type 128"),
        ("<exec rtp_stream='a.raw,1,§96,x/8000/0/20'/>", "cannot set playback parameters"),
        ("<exec rtp_stream='apattern,§7'/>", "there is no pattern 7"),
    ] {
        assert_actions(action, &[BAD_VALUE]);
        let found = message(&action.replace('§', ""));
        assert!(found.contains(phrase), "{action}: {found}");
    }
    for (action, help) in [
        ("<exec rtp_stream='a.raw,§x'/>", "write a whole number"),
        ("<exec rtp_stream='a.raw,1,§x'/>", "write a whole number"),
        ("<exec rtp_stream='a.raw,§1 ,0'/>", "remove the blank behind the number"),
        ("<exec rtp_echo='§startaudio,'/>", "nothing stands there"),
        ("<exec rtp_stream='apattern,§one'/>", "write a whole number"),
    ] {
        assert_actions(action, &[BAD_INTEGER]);
        let loaded = load_text(&scenario(&steps(&action.replace('§', ""))), &Options::default());
        assert!(loaded.diagnostics[0].help.starts_with(help), "{action}: {:?}", loaded.diagnostics);
    }
}

#[test]
fn media_are_echoed() {
    let echo = |medium, change| MediaAction::Echo { medium, change };
    assert_eq!(action("<exec rtp_echo='startaudio'/>"), echo(Medium::Audio, EchoChange::Start));
    assert_eq!(
        action("<exec rtp_echo='updatevideo,96,H264/90000'/>"),
        echo(Medium::Video, EchoChange::Update)
    );
    assert_eq!(action("<exec rtp_echo='stopaudio,0,PCMU'/>"), echo(Medium::Audio, EchoChange::Stop));
    assert_eq!(action("<rtp_echo value='1'/>"), MediaAction::EchoAll(Operand::Value(1.0)));
    assert_eq!(action("<rtp_echo variable='a'/>"), MediaAction::EchoAll(Operand::Variable(call(0))));
    assert_actions("<exec rtp_echo='§foo'/>", &[BAD_VALUE]);
    assert_actions("<exec rtp_echo='startaudio,§96'/>", &[BAD_VALUE]);
    assert_actions("<exec rtp_echo='startaudio,§[$a]'/>", &[BAD_INTEGER]);
    assert!(
        message("<exec rtp_echo='startaudio,96'/>")
            .contains("Missing mandatory payload_name parameter in rtp_echo action")
    );
    assert_actions("<§rtp_echo/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<rtp_echo value='1' §variable='a'/>", &[EXCLUSIVE_ATTRIBUTES]);
    assert_actions("<rtp_echo value='§x'/>", &[BAD_NUMBER]);
}

#[test]
fn what_is_heard_goes_into_variables() {
    let statistics = |payload_type, payload, medium| MediaAction::Statistics {
        medium,
        packets: call(0),
        payload_type,
        payload,
    };
    assert_eq!(action("<rtp_stats assign_to='a'/>"), statistics(None, None, Medium::Audio));
    assert_eq!(
        action("<rtp_stats assign_to='a,b,a' media='video'/>"),
        statistics(Some(call(1)), Some(call(0)), Medium::Video)
    );
    assert_eq!(
        action("<rtp_dtmf assign_to='b'/>"),
        MediaAction::HeardDigits { to: call(1), payload_type: 96 }
    );
    assert_eq!(
        action("<rtp_dtmf assign_to='a' payload_type='0x65'/>"),
        MediaAction::HeardDigits { to: call(0), payload_type: 101 }
    );
    assert_actions("<rtp_stats assign_to='§a,b,a,b'/>", &[BAD_VALUE]);
    assert_actions("<rtp_stats assign_to='a' media='§text'/>", &[BAD_VALUE]);
    assert_actions("<rtp_dtmf assign_to='a' payload_type='§128'/>", &[BAD_VALUE]);
    assert_actions("<rtp_dtmf assign_to='a' payload_type='§x'/>", &[BAD_INTEGER]);
    assert_actions("<rtp_dtmf assign_to='§a,b'/>", &[BAD_NAME]);
    assert_actions("<§rtp_stats/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<§rtp_dtmf/>", &[MISSING_ATTRIBUTE]);
    let found = message("<rtp_dtmf assign_to='a' payload_type='128'/>");
    assert!(found.contains("rtp_dtmf payload_type must be from 0 to 127, not 128"), "{found}");
}

#[test]
fn figures_go_into_variables() {
    let quality = |figure, medium| MediaAction::Quality { to: call(0), medium, figure };
    assert_eq!(action("<rtp_quality assign_to='a' figure='mos'/>"), quality(Figure::Mos, Medium::Audio));
    assert_eq!(
        action("<rtp_quality assign_to='a' figure='far_loss' media='video'/>"),
        quality(Figure::FarLoss, Medium::Video)
    );
    assert_actions("<rtp_quality assign_to='a' figure='§moss'/>", &[BAD_VALUE]);
    assert_actions("<rtp_quality assign_to='a' figure='mos' media='§speech'/>", &[BAD_VALUE]);
    assert_actions("<§rtp_quality assign_to='a'/>", &[MISSING_ATTRIBUTE]);
    assert_actions("<§rtp_quality figure='mos'/>", &[MISSING_ATTRIBUTE]);
}

#[test]
fn claims_are_listed() {
    let found = claims("both_ways, video.silent,loss&lt;1%, mos > 3.8 ,text.jitter &lt;= 20ms,level>=-30.5");
    let kinds: Vec<_> = found.iter().map(|claim| (claim.text.as_str(), claim.medium, &claim.kind)).collect();
    let compare = |figure, compare, with| ClaimKind::Compare { figure, compare, with };
    assert_eq!(
        kinds,
        [
            ("both_ways", Medium::Audio, &ClaimKind::BothWays),
            ("video.silent", Medium::Video, &ClaimKind::Silent),
            ("loss<1%", Medium::Audio, &compare(Figure::Loss, Compare::Less, 0.01)),
            ("mos > 3.8", Medium::Audio, &compare(Figure::Mos, Compare::Greater, 3.8)),
            ("text.jitter <= 20ms", Medium::Text, &compare(Figure::Jitter, Compare::LessOrEqual, 20.0)),
            ("level>=-30.5", Medium::Audio, &compare(Figure::Level, Compare::GreaterOrEqual, -30.5)),
        ]
    );
    let ratio = claims("dead_air != 0.25, packets == 100, first_packet &lt; 500");
    assert_eq!(ratio[0].kind, compare(Figure::DeadAir, Compare::NotEqual, 0.25));
    assert_eq!(ratio[1].kind, compare(Figure::Packets, Compare::Equal, 100.0));
    assert_eq!(ratio[2].kind, compare(Figure::FirstPacket, Compare::Less, 500.0));
}

#[test]
fn digits_are_claimed() {
    let digits = |text: &str| match claims(text).pop().unwrap().kind {
        ClaimKind::Digits { equal, with } => (equal, with),
        other => panic!("{other:?}"),
    };
    assert_eq!(digits("digits == 12*#"), (true, literal("12*#")));
    assert_eq!(digits("digits != \"\""), (false, Template::default()));
    assert_eq!(digits("digits==[$a]"), (true, of(Keyword::Variable(call(0)))));
    let field = Keyword::Field { file: 0, column: 1, line: None };
    assert_eq!(digits("both_ways, digits == \"0[field1]\"").1.pieces[1], Piece::Keyword(field));
    assert_actions("<exec rtp_assert='digits == [§$nobody]'/>", &[VARIABLE_ONCE]);
}

#[test]
fn bad_claims_are_refused_where_they_are_bad() {
    for (claims, phrase) in [
        ("§", "nothing is claimed here"),
        ("both_ways§,", "nothing is claimed here"),
        ("both_ways, §losss &lt; 1%", "nothing called \"losss\""),
        ("§speech.loss &lt; 1%", "\"speech\" is no medium"),
        ("§loss", "does not say what loss must be"),
        ("§digits", "does not say what digits must be"),
        ("§both_ways == 1", "both_ways is not compared"),
        ("loss §= 1%", "no operator"),
        ("loss §!1%", "no operator"),
        ("loss &lt; §much", "not a number"),
        ("§loss &lt;", "not a number"),
        ("loss &lt; §1", "ratio from 0 to 1"),
        ("loss &lt; §20ms", "not a unit of loss"),
        ("jitter &lt; §20 %", "not a unit of jitter"),
        ("mos &gt; §4%", "not a unit of mos"),
        ("§digits &lt; 12", "equal to a text or not"),
        ("§digits ==", "no digits are given"),
        ("digits == §12x4", "are not digits"),
        ("digits == \"§1 2\"", "are not digits"),
    ] {
        let action = if claims == "§" {
            "<exec §rtp_assert=''/>".to_owned()
        } else {
            format!("<exec rtp_assert='{claims}'/>")
        };
        let found = message(&action.replace('§', ""));
        assert!(found.contains(phrase), "{claims}: {found}");
        assert_actions(&action, &[BAD_VALUE]);
    }
    // All that is wrong is told at once.
    assert_actions("<exec rtp_assert='§a, mos &gt; 1, §b'/>", &[BAD_VALUE, BAD_VALUE]);
}

#[test]
fn ports_belong_to_the_medium_of_their_line() {
    let first = |text: &str| match &pieces(text, &Options::default())[..] {
        [_, Piece::Keyword(keyword), ..] => keyword.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(first("x\n  m=audio [media_port] RTP/AVP 0"), Keyword::MediaPort(0, Some(Medium::Audio)));
    assert_eq!(first("x\n  m=video [media_port+2] a"), Keyword::MediaPort(2, Some(Medium::Video)));
    assert_eq!(first("m=image [auto_media_port-4]"), Keyword::AutoMediaPort(-4, Some(Medium::Image)));
    assert_eq!(first("m=text [auto_media_port]"), Keyword::AutoMediaPort(0, Some(Medium::Text)));
    assert_eq!(keyword("[media_port]"), Keyword::MediaPort(0, None));
    assert_eq!(keyword("[rtpstream_audio_port]"), Keyword::RtpStreamPort(0, Medium::Audio));
    assert_eq!(keyword("[rtpstream_video_port+1]"), Keyword::RtpStreamPort(1, Medium::Video));
}

#[test]
fn crypto_keywords_are_known() {
    let crypto = |medium, line, part| Keyword::Crypto(CryptoKeyword { medium, line, part });
    assert_eq!(keyword("[cryptotag1audio]"), crypto(Medium::Audio, 1, CryptoPart::Tag));
    for (name, suite) in [
        ("aescm128sha180", Suite::AesCm128Sha1_80),
        ("aescm192sha132", Suite::AesCm192Sha1_32),
        ("aescm256sha180", Suite::AesCm256Sha1_80),
        ("nullsha132", Suite::NullSha1_32),
        ("aeadaes128gcm", Suite::AeadAes128Gcm),
        ("aeadaes256gcm", Suite::AeadAes256Gcm),
    ] {
        assert_eq!(
            keyword(&format!("[cryptosuite{name}2video]")),
            crypto(Medium::Video, 2, CryptoPart::Suite(suite))
        );
    }
    let keys = |again| crypto(Medium::Audio, 1, CryptoPart::KeyParams { again });
    assert_eq!(keyword("[cryptokeyparams1audio]"), keys(false));
    assert_eq!(keyword("[cryptokeyparams1audio-9]"), keys(true));
    assert_eq!(keyword("[ueaescm128sha1802audio]"), crypto(Medium::Audio, 2, CryptoPart::Unencrypted));
    assert_findings(
        &scenario(&send("[§cryptosuiteaescm64sha1801audio]")),
        &[UNKNOWN_KEYWORD],
        &Options::default(),
    );
}

#[test]
fn a_program_says_what_it_needs() {
    let none = program(&send("1")).media;
    assert!(!none.any && !none.crypto && none.used == [false; 4] && none.shared_port == [false; 4]);

    let media = program(&format!(
        "{}<nop><action><exec play_pcap_text='t.pcap'/><exec rtp_stream='a.wav,1,0'/><exec rtp_stream='b.wav'/>\
         <exec play_pcap_audio='[field0].pcap'/><rtp_stats assign_to='x,y,z'/></action></nop>\
         <Reference variables='x,y,z'/>",
        send("\n  m=audio [rtpstream_audio_port] RTP/SAVP 0\n  a=crypto:1 x\n  m=video [auto_media_port] RTP/AVP 9\n  m=image [media_port]")
    ))
    .media;
    assert!(media.any && media.crypto && media.wants_first_payload);
    assert_eq!(media.used, [true, false, false, true]);
    assert_eq!(media.own_port, [true, false, false, false]);
    assert_eq!(media.auto_port, [false, true, false, false]);
    // Text has no keyword: it has its place above [media_port].
    assert_eq!(media.shared_port, [false, false, true, true]);
    let name = |file: &MediaFile| (file.name.clone(), file.sound.as_ref().map(Option::is_some));
    assert_eq!(
        media.files.iter().map(name).collect::<Vec<_>>(),
        [("t.pcap".to_owned(), None), ("a.wav".to_owned(), Some(true)), ("b.wav".to_owned(), Some(false))]
    );

    let used = |action: &str| program(&steps(action)).media;
    assert!(used("<exec rtp_assert='silent'/>").any);
    assert!(!used("<rtp_echo value='0'/>").any);
    assert!(used("<exec rtp_stream='vpattern,[field0]'/>").used[Medium::Video.index()]);
    assert!(used("<exec rtp_stream='[field0]'/>").used[Medium::Audio.index()]);
    let crypto = program(&send("[cryptotag1audio]")).media;
    assert!(crypto.crypto && !crypto.any);
    assert!(program(&send("a=rtcp:[media_port+1]")).media.shared_port[0]);
}

#[test]
fn texts_of_media_are_texts_of_the_program() {
    let program = program(
        "<recv request='A'/><nop><action><exec play_pcap_audio='[field0]'/><exec play_dtmf='[field1]'/>\
         <exec rtp_stream='[field2]'/><exec rtp_assert='digits == [field3]'/></action></nop>",
    );
    let columns: Vec<u32> = program
        .keywords()
        .filter_map(|(_, keyword)| match keyword {
            Keyword::Field { column, .. } => Some(*column),
            _ => None,
        })
        .collect();
    assert_eq!(columns, [0, 1, 2, 3]);
}

#[test]
fn files_are_looked_at_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("digits.pcap"), generate::digit_capture("12", 101)).unwrap();
    std::fs::write(folder.path().join("text.pcap"), "this is no capture").unwrap();
    std::fs::write(folder.path().join("tone.wav"), generate::write_wav(&[0; 800], 1, 8000)).unwrap();
    let library = Library::new(Some(folder.path().to_owned()));
    let found = |actions: &str, default_payload| {
        let text = scenario(&steps(actions));
        let program = load_text(&text, &Options::default()).program.unwrap();
        let findings = media_files::check(&program, &library, default_payload);
        let place = |finding: &Diagnostic| (finding.code, text[finding.span.clone()].to_owned());
        findings.iter().map(place).collect::<Vec<_>>()
    };
    let exec = |action: &str| format!("<exec {action}/>");
    assert_eq!(found(&exec("play_pcap_audio='digits.pcap'"), 8), []);
    assert_eq!(found(&exec("play_dyn_pcap_audio='digits.pcap'"), 8), []);
    assert_eq!(found(&exec("play_pcap_audio='gone-[pid].pcap'"), 8), []);
    assert_eq!(found(&exec("rtp_stream='tone.wav,1,0'"), 8), []);
    assert_eq!(found(&exec("rtp_stream='tone.wav'"), 8), []);
    assert_eq!(found(&exec("rtp_stream='tone.wav'"), 96), [("E136", "tone.wav".to_owned())]);
    assert_eq!(found(&exec("rtp_stream='tone.wav,1,18'"), 8), [("E136", "tone.wav,1,18".to_owned())]);
    // What is no RTP is told, but of a fax.
    let packet = CapturedPacket { offset_us: 0, port_offset: 0, start: 0, len: 5 };
    let fax = Capture { packets: vec![packet], bytes: b"udptl".to_vec(), ..Capture::default() };
    std::fs::write(folder.path().join("fax.pcap"), generate::write_pcap(&fax)).unwrap();
    assert_eq!(found(&exec("play_pcap_audio='fax.pcap'"), 8), [("W130", "fax.pcap".to_owned())]);
    assert_eq!(found(&exec("play_pcap_image='fax.pcap'"), 8), []);
    let several =
        ["rtp_stream='gone.wav,2'", "play_pcap_video='text.pcap'", "play_pcap_audio='pcap/g711a.pcap'"];
    assert_eq!(
        found(&several.map(exec).concat(), 8),
        [
            ("E136", "gone.wav,2".to_owned()),
            ("E136", "text.pcap".to_owned()),
            ("W125", "pcap/g711a.pcap".to_owned())
        ]
    );
}
