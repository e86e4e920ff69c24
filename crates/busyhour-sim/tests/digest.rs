//! Digest authentication of calls (spec-engine §10, spec-3.8 B §10): a puppet challenges, or our own server verifies.

mod stage;

use std::sync::Arc;

use busyhour_engine::injection::{Files, Table};
use busyhour_engine::{FailureKind, Run, Settings};
use busyhour_sim::{Conditions, Node, World, program};
use busyhour_wire::digest;
use stage::*;

const JOE: &str = "[authentication username=joe password=secret]";

/// A REGISTER with a body, and with a further line.
fn register(line: &str) -> String {
    send_with("REGISTER", "retrans=\"500\"", line, "")
        .replace("Content-Length: 0\n\n]]>", "Content-Length: [len]\n\nhello body\n]]>")
}

/// Registers, is challenged with `code`, registers again with `line`.
fn client(code: u16, line: &str) -> String {
    scenario(&[
        &register(""),
        &recv(&format!("response=\"{code}\" auth=\"true\"")),
        &register(line),
        &recv("response=\"200\""),
    ])
}

fn challenge(request: &str, code: u16, headers: &str) -> String {
    let text = response(request, &format!("{code} Challenge"));
    text.replace("Content-Length", &format!("{headers}\r\nContent-Length"))
}

/// The second request of a call that is challenged like this.
fn answered(code: u16, line: &str, headers: &str, change: impl FnOnce(&mut Settings)) -> (Stage, String) {
    let mut stage = Stage::client(&client(code, line), change);
    let first = stage.hears("REGISTER");
    stage.say(&challenge(&first, code, headers));
    let second = stage.hears("REGISTER");
    (stage, second)
}

fn fits(request: &str, name: &str, password: &[u8]) -> bool {
    let (_, body) = request.split_once("\r\n\r\n").expect("a blank line");
    digest::verify(header(request, name).as_bytes(), b"REGISTER", body.as_bytes(), b"joe", password)
}

/// A parameter of the header, without quotes.
fn parameter<'a>(request: &'a str, header_name: &str, name: &str) -> &'a str {
    let value = header(request, header_name);
    let (_, rest) = value.split_once(&format!(",{name}=")).unwrap_or_else(|| panic!("no {name} in {value}"));
    match rest.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or_default(),
        None => rest.split(',').next().unwrap_or_default(),
    }
}

/// The call fails because its second request cannot be made; the text of the warning.
fn unmakeable(line: &str, headers: &str) -> String {
    let mut stage = Stage::client(&client(401, line), |_| {});
    let first = stage.hears("REGISTER");
    stage.say(&challenge(&first, 401, headers));
    let sent = stage.lines();
    assert!(!sent.contains(&"REGISTER".to_owned()), "{sent:?}");
    stage.fails(FailureKind::CannotMakeMessage);
    stage.events().join("\n")
}

#[test]
fn code_decides_the_header() {
    for (code, name) in [(401, "Authorization"), (407, "Proxy-Authorization")] {
        // The header of the challenge does not count.
        for challenge in ["WWW-Authenticate", "Proxy-Authenticate"] {
            let headers = format!("{challenge}: Digest realm=\"r\", nonce=\"n\", opaque=\"o\"");
            let (mut stage, second) = answered(code, JOE, &headers, |_| {});
            let uri = format!("sip:{}", stage.peer);
            let value = header(&second, name);
            let start = format!("Digest username=\"joe\",realm=\"r\",uri=\"{uri}\",nonce=\"n\",response=\"");
            assert!(value.starts_with(&start), "{value}");
            assert!(value.ends_with(",algorithm=MD5,opaque=\"o\""), "{value}");
            assert!(fits(&second, name, b"secret"), "{value}");
            stage.say(&response(&second, "200 OK"));
            stage.succeeds();
        }
    }
}

#[test]
fn the_proxys_challenge_is_looked_at_first() {
    let headers = "WWW-Authenticate: Digest realm=\"w\", nonce=\"1\"\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"2\"";
    let (_, second) = answered(401, JOE, headers, |_| {});
    assert_eq!(parameter(&second, "Authorization", "realm"), "p");
}

#[test]
fn first_challenge_that_can_be_answered_wins() {
    let headers = "WWW-Authenticate: Basic realm=\"b\"\r\n\
        WWW-Authenticate: Digest realm=\"a, b\", nonce=\"1\", algorithm=FOO, Digest realm=\"c\",\r\n nonce=\"2\", \
        algorithm=sha-256\r\nWWW-Authenticate: Digest realm=\"d\", nonce=\"3\"";
    let (_, second) = answered(401, JOE, headers, |_| {});
    assert_eq!(parameter(&second, "Authorization", "realm"), "c");
    assert_eq!(parameter(&second, "Authorization", "algorithm"), "sha-256");
    assert!(fits(&second, "Authorization", b"secret"));
}

#[test]
fn integrity_covers_the_body_and_the_length_is_right() {
    let headers =
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=MD5-sess";
    let (_, second) = answered(401, JOE, headers, |_| {});
    assert_eq!(parameter(&second, "Authorization", "qop"), "auth-int");
    assert_eq!(header(&second, "Content-Length"), "   12");
    assert!(second.ends_with("\r\n\r\nhello body\r\n"));
    assert!(fits(&second, "Authorization", b"secret"));
    assert!(!fits(&second.replace("hello", "hallo"), "Authorization", b"secret"));
}

#[test]
fn user_and_password_come_from_the_settings_by_default() {
    let headers = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    let line = "[authentication]";
    let (_, second) = answered(401, line, headers, |settings| settings.service = "joe".to_owned());
    assert!(fits(&second, "Authorization", b"password"));
    let (_, second) = answered(401, line, headers, |settings| {
        settings.auth_user = Some("joe".to_owned());
        settings.auth_password = "pw".to_owned();
        settings.auth_uri = Some("host;x=y".to_owned());
    });
    assert!(fits(&second, "Authorization", b"pw"));
    assert_eq!(parameter(&second, "Authorization", "uri"), "sip:host;x=y");
}

#[test]
fn nonce_count_rises_with_each_use_and_begins_again_with_a_challenge() {
    let text = scenario(&[
        &register(""),
        &recv("response=\"401\" auth=\"true\""),
        &register(JOE),
        &recv("response=\"200\""),
        &register(JOE),
        &recv("response=\"401\" auth=\"true\""),
        &register(JOE),
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let offer = |nonce| format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"");
    let first = stage.hears("REGISTER");
    stage.say(&challenge(&first, 401, &offer("old")));
    let second = stage.hears("REGISTER");
    // Sent again, a message is the same to the last byte.
    stage.wait(600);
    assert_eq!(stage.hears("REGISTER"), second);
    stage.say(&response(&second, "200 OK"));
    let third = stage.hears("REGISTER");
    stage.say(&challenge(&third, 401, &format!("{}, stale=true", offer("new"))));
    let fourth = stage.hears("REGISTER");
    stage.say(&response(&fourth, "200 OK"));
    stage.succeeds();

    let used = |request| ["nonce", "nc"].map(|name| parameter(request, "Authorization", name).to_owned());
    assert_eq!(used(&second), ["old", "00000001"]);
    assert_eq!(used(&third), ["old", "00000002"]);
    assert_eq!(used(&fourth), ["new", "00000001"]);
    let requests = [&second, &third, &fourth];
    let mut cnonces = requests.map(|request| parameter(request, "Authorization", "cnonce"));
    assert!(cnonces.iter().all(|cnonce| cnonce.len() == 16), "{cnonces:?}");
    cnonces.sort_unstable();
    assert!(cnonces[0] != cnonces[1] && cnonces[1] != cnonces[2], "{cnonces:?}");
    assert!(requests.iter().all(|request| fits(request, "Authorization", b"secret")));
}

#[test]
fn a_run_is_repeated_from_its_seed() {
    let headers = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    let second = || answered(401, JOE, headers, |_| {}).1;
    assert_eq!(second(), second());
}

#[test]
fn a_message_that_cannot_be_made_fails_the_call() {
    let headers = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    let text = unmakeable(JOE, &format!("{headers}, algorithm=FOO"));
    assert!(text.contains("authentication must use MD5") && text.contains("not 'FOO'"), "{text}");
    let text = unmakeable(JOE, &format!("{headers}, algorithm=MD5-sess"));
    assert!(text.contains("MD5-sess needs a qop in the challenge, for a cnonce"), "{text}");
    let text = unmakeable(JOE, "WWW-Authenticate: Basic realm=\"r\"");
    assert!(text.contains("authentication must be digest"), "{text}");
    let text = unmakeable(JOE, "WWW-Authenticate: Digest realm=\"r\"");
    assert!(text.contains("couldn't parse nonce"), "{text}");
    let text = unmakeable(JOE, &format!("{headers}, algorithm=AKAv1-MD5"));
    assert!(text.contains("Nonce is too short"), "{text}");
}

#[test]
fn a_keyword_without_a_challenge_fails_the_call() {
    let text = scenario(&[&register(JOE), &recv("response=\"200\"")]);
    let mut stage = Stage::client(&text, |_| {});
    stage.hears_nothing();
    stage.fails(FailureKind::CannotMakeMessage);
    let events = stage.events().join("\n");
    assert!(events.contains("Authentication keyword without dialog_authentication!"), "{events}");
}

#[test]
fn a_challenge_without_its_header_fails_the_call() {
    let mut stage = Stage::client(&client(401, JOE), |settings| settings.behaviors.bye = false);
    let first = stage.hears("REGISTER");
    stage.say(&response(&first, "401 Challenge"));
    stage.hears_nothing();
    stage.fails(FailureKind::UnexpectedMessage);
    let events = stage.events().join("\n");
    assert!(
        events.contains("Couldn't find 'Proxy-Authenticate' or 'WWW-Authenticate' in 401 or 407!"),
        "{events}"
    );
}

#[test]
fn without_auth_nothing_is_stored() {
    let text = client(401, JOE).replace(" auth=\"true\"", "");
    let mut stage = Stage::client(&text, |_| {});
    let first = stage.hears("REGISTER");
    stage.say(&challenge(&first, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\""));
    stage.fails(FailureKind::CannotMakeMessage);
}

const AKA: &str = "[authentication username=joe aka_K=0x465b5ce8b199b49faa5f0a2ee238a6bc \
    aka_OP=0xcdc202d5123e20f62b6d676ac72cb318]";
const AKA_OPC: &str = "[authentication username=joe aka_K=0x465b5ce8b199b49faa5f0a2ee238a6bc \
    aka_OPc=0xcd63cb71954a9f4e48a5994e37a02baf]";
const RES: [u8; 8] = [0xa5, 0x42, 0x11, 0xd5, 0xe3, 0xba, 0x50, 0xbf];
/// Challenges with the key and RAND of test set 1 of TS 35.208, AMF 0x8000, and the sequence numbers 0x21, 0x20, 0x40.
const NONCES: [&str; 3] = [
    "I1U8vpY3qJ0hiuZNrke/NaponGSDUYAAQe1mKujHTs0=",
    "I1U8vpY3qJ0hiuZNrke/NaponGSDUIAAkEy7RRtl3vg=",
    "I1U8vpY3qJ0hiuZNrke/NaponGSDMIAAHTTCvqvmgLw=",
];

fn aka_offer(nonce: &str) -> String {
    format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", algorithm=AKAv1-MD5")
}

/// Checks a header of AKA: as MD5 with this password.
fn fits_aka(request: &str, password: &[u8]) -> bool {
    fits(&request.replace("AKAv1-MD5", "MD5"), "Authorization", password)
}

#[test]
fn aka_answers_with_res() {
    for line in [AKA, AKA_OPC] {
        let (_, second) = answered(401, line, &aka_offer(NONCES[0]), |_| {});
        assert!(fits_aka(&second, &RES));
        assert_eq!(parameter(&second, "Authorization", "algorithm"), "AKAv1-MD5");
    }
    let text = unmakeable(AKA, &aka_offer("I1U8vpY3qJ0hiuZNrke/NaponGSDUYAAQe1mKujHTt0="));
    assert!(text.contains("MAC != expectedMAC"), "{text}");
}

#[test]
fn without_an_operator_code_aka_is_passed_over_where_it_can_be() {
    let both = format!("{}, Digest realm=\"r2\", nonce=\"n\"", aka_offer(NONCES[0]));
    let (_, second) = answered(401, JOE, &both, |_| {});
    assert!(fits(&second, "Authorization", b"secret"));
    let (_, second) = answered(401, AKA, &both, |_| {});
    assert!(fits_aka(&second, &RES));
}

#[test]
fn aka_resynchronises_when_the_sequence_number_goes_back() {
    let challenged = recv("response=\"401\" auth=\"true\"");
    let text = scenario(&[
        &register(""),
        &challenged,
        &register(AKA),
        &challenged,
        &register(AKA),
        &challenged,
        &register(AKA),
        &recv("response=\"200\""),
    ]);
    let mut stage = Stage::client(&text, |_| {});
    let mut request = stage.hears("REGISTER");
    let mut answers = Vec::new();
    for nonce in NONCES {
        stage.say(&challenge(&request, 401, &aka_offer(nonce)));
        request = stage.hears("REGISTER");
        answers.push(request.clone());
    }
    stage.say(&response(&request, "200 OK"));
    stage.succeeds();
    assert!(fits_aka(&answers[0], &RES) && !answers[0].contains("auts"));
    // The token was computed with Python and OpenSSL from the formulas of TS 35.206.
    assert!(fits_aka(&answers[1], b""), "{}", answers[1]);
    assert_eq!(parameter(&answers[1], "Authorization", "auts"), "RR6L7KQagBJeyoiEtWo=");
    assert!(fits_aka(&answers[2], &RES) && !answers[2].contains("auts"));
}

/// So many calls, with this line in their file.
fn with_line(scenario: &str, line: &str, calls: u64) -> Stage {
    let table = Table::parse("a.csv", format!("SEQUENTIAL\n{line}\n").into_bytes());
    let mut files = Files::default();
    assert!(files.add(table.expect("a table"), true));
    let run = Run { files: Arc::new(files), ..Run::placing(program(scenario)) };
    let mut world = World::new(1, Conditions::perfect());
    let peer = world.add_puppet();
    let settings =
        Settings { remote: Some(peer), calls_max: Some(calls), trace_logs: true, ..Settings::default() };
    let node = world.add(Node::new(run, settings));
    Stage { world, node, peer }
}

#[test]
fn a_value_of_a_file_may_hold_the_keyword() {
    let line = "[authentication username=joe password=secret]";
    let mut stage = with_line(&client(401, "[field0]"), line, 1);
    stage.wait(200);
    let first = stage.hears("REGISTER");
    stage.say(&challenge(&first, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""));
    let second = stage.hears("REGISTER");
    assert!(fits(&second, "Authorization", b"secret"), "{second}");
    assert_eq!(header(&second, "Content-Length"), "   12");
    stage.say(&response(&second, "200 OK"));
    stage.succeeds();
}

/// A registrar of ours: it challenges, verifies, and answers 200 or 403.
fn registrar() -> String {
    let answer =
        |status: &str, line: &str| reply(status, "").replace("X-Id: [dynamic_id]\n", &format!("{line}\n"));
    let verify = "<action><verifyauth assign_to=\"fits\" username=\"joe\" password=\"secret\"/></action>";
    scenario(&[
        &recv("request=\"REGISTER\""),
        &answer(
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"[call_id]\", qop=\"auth,auth-int\", algorithm=SHA-512-256-sess",
        ),
        &format!("<recv request=\"REGISTER\">{verify}</recv>"),
        "<nop next=\"good\" test=\"fits\"/>",
        &answer("403 Forbidden", "X-Verified: no"),
        "<nop next=\"end\"/>",
        "<label id=\"good\"/>",
        &answer("200 OK", "X-Verified: yes"),
        "<label id=\"end\"/>",
        "<pause milliseconds=\"10\"/>",
    ])
}

#[test]
fn our_server_verifies_our_client() {
    for (line, successful) in [(JOE, 20), ("[authentication username=joe password=wrong]", 0)] {
        let mut world = World::new(3, Conditions::perfect());
        let server = world.add(Node::server(&registrar()));
        let node = world.add(Node::client(&client(401, line), server.address(), |settings| {
            settings.calls_max = Some(20);
        }));
        world.run();
        let counters = world.snapshot(node).counters;
        assert_eq!((counters.successful, counters.failed_total()), (successful, 20 - successful));
    }
}

/// `verifyauth` with an expected name or password that cannot be made.
#[test]
fn what_cannot_be_made_verifies_nobody() {
    for (username, password) in [("[tdmmap]", ""), ("", "[tdmmap]")] {
        let verify = format!(
            "<verifyauth assign_to=\"ok\" username=\"{username}\" password=\"{password}\"/><log message=\"on\"/>"
        );
        let steps = [
            &*format!("<recv request=\"REGISTER\"><action>{verify}</action></recv>"),
            &nop("", "<log message=\"ok [$ok]\"/>"),
        ];
        let mut stage = Stage::server(&scenario(&steps), |_| {});
        // The response of an empty name and an empty password.
        let response = "677b6811f7279276d833a3ebc0156f77";
        let header = format!(
            "Authorization: Digest username=\"\",realm=\"r\",nonce=\"n\",uri=\"sip:a\",response=\"{response}\""
        );
        let text =
            request("REGISTER", 1, "x").replace("Content-Length", &format!("{header}\r\nContent-Length"));
        assert!(fits_empty(&text), "{text}");
        stage.say(&text);
        stage.fails(FailureKind::CannotMakeMessage);
        assert_eq!(stage.logs(), ["ok false"]);
    }
}

fn fits_empty(request: &str) -> bool {
    digest::verify(header(request, "Authorization").as_bytes(), b"REGISTER", b"", b"", b"")
}

/// A line that was inserted is a call's own later on, and what it makes is not made twice.
#[test]
fn a_message_with_credentials_of_an_inserted_line_is_sent_again_as_it_was() {
    let plain = |line: &str| {
        register(line).replace("[peer_tag_param]", "").replace("[cseq]", "1").replace("[transport]", "UDP")
    };
    let value = JOE.replace('[', "\\x5b");
    let insert =
        format!("<init><nop><action><insert file=\"a.csv\" value=\"{value}\"/></action></nop></init>");
    let text = scenario(&[
        &insert,
        &plain(""),
        &recv("response=\"401\" auth=\"true\""),
        &plain("[field0]").replace("CSeq: 1", "CSeq: 2"),
        &recv("response=\"200\""),
    ]);
    let mut stage = with_line(&text, "X-Plain: 1", 2);
    let mut authorized = Vec::new();
    for _ in 0..400 {
        stage.wait(10);
        for heard in stage.heard() {
            let text = heard.text();
            if text.contains("X-Plain") {
                stage.say(&response(&text, "200 OK"));
            } else if text.contains("Authorization") {
                authorized.push(text);
            } else {
                let headers = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
                stage.say(&challenge(&text, 401, headers));
            }
        }
    }
    assert!(authorized.len() > 1, "{:?}", stage.events());
    assert!(authorized.iter().all(|text| *text == authorized[0]), "{authorized:#?}");
}
