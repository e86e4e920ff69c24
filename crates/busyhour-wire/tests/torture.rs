//! The torture messages of RFC 4475, §3.1.1 to §3.4.1, one file each under `tests/torture`, named as in the RFC.

use busyhour_wire::{Frame, Framer, Message, ParseError, Start, call_id, header_lines};
use std::collections::BTreeMap;
use std::path::Path;

const INTERESTING: &str = "!interesting-Method0123456789_*+`.%indeed'~";

/// What §3.1.1 holds: start line, Call-ID, CSeq, branch of the top Via, tag of To.
struct Valid {
    name: &'static str,
    start: Start<'static>,
    call_id: String,
    cseq: (u32, &'static str),
    branch: Option<&'static str>,
    to_tag: Option<&'static str>,
}

fn request(method: &'static str, uri: &'static str) -> Start<'static> {
    Start::Request { method: method.as_bytes(), uri: uri.as_bytes() }
}

fn valid() -> Vec<Valid> {
    let message = |name, start, call_id: &str, cseq, branch, to_tag| Valid {
        name,
        start,
        call_id: call_id.to_owned(),
        cseq,
        branch,
        to_tag,
    };
    vec![
        message(
            "wsinv",
            request("INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam"),
            "wsinv.ndaksdj@192.0.2.1",
            (9, "INVITE"),
            Some("390skdjuw"),
            Some("1918181833n"),
        ),
        message(
            "intmeth",
            request(
                INTERESTING,
                "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)\
                 @example.com",
            ),
            r#"intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{"#,
            (139_122_385, INTERESTING),
            Some("z9hG4bK-.!%66*_+`'~"),
            None,
        ),
        message(
            "esc01",
            request("INVITE", "sip:sips%3Auser%40example.com@example.net"),
            "esc01.239409asdfakjkn23onasd0-3234",
            (234_234, "INVITE"),
            Some("z9hG4bKkdjuw"),
            None,
        ),
        message(
            "escnull",
            request("REGISTER", "sip:example.com"),
            "escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd",
            (14_398_234, "REGISTER"),
            Some("z9hG4bKkdjuw"),
            None,
        ),
        message(
            "esc02",
            request("RE%47IST%45R", "sip:registrar.example.com"),
            "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf",
            (29_344, "RE%47IST%45R"),
            Some("z9hG4bK209%fzsnel234"),
            None,
        ),
        message(
            "lwsdisp",
            request("OPTIONS", "sip:user@example.com"),
            "lwsdisp.1234abcd@funky.example.com",
            (60, "OPTIONS"),
            Some("z9hG4bKkdjuw"),
            None,
        ),
        message(
            "longreq",
            request("INVITE", "sip:user@example.com"),
            &format!("longreq.one{}longcallid", "really".repeat(20)),
            (3_882_340, "INVITE"),
            None,
            None,
        ),
        message(
            "dblreq",
            request("REGISTER", "sip:example.com"),
            "dblreq.0ha0isndaksdj99sdfafnl3lk233412",
            (8, "REGISTER"),
            Some("z9hG4bKkdjuw23492"),
            None,
        ),
        message(
            "semiuri",
            request("OPTIONS", "sip:user;par=u%40example.net@example.com"),
            "semiuri.0ha0isndaksdj",
            (8, "OPTIONS"),
            Some("z9hG4bKkdjuw"),
            None,
        ),
        message(
            "transports",
            request("OPTIONS", "sip:user@example.com"),
            "transports.kijh4akdnaqjkwendsasfdj",
            (60, "OPTIONS"),
            Some("z9hG4bKkdjuw"),
            None,
        ),
        message(
            "mpart01",
            request("MESSAGE", "sip:kumiko@example.org"),
            "3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..",
            (1, "MESSAGE"),
            Some("z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-"),
            None,
        ),
        message(
            "unreason",
            Start::Response { code: 200 },
            "unreason.1234ksdfak3j2erwedfsASdf",
            (35, "INVITE"),
            Some("z9hG4bK1324923"),
            Some("2229"),
        ),
        message(
            "noreason",
            Start::Response { code: 100 },
            "noreason.asndj203insdf99223ndf",
            (35, "INVITE"),
            Some("z9hG4bK2398ndaoe"),
            Some("902jndnke3"),
        ),
    ]
}

/// All files by name.
fn messages() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture");
    let mut messages = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dat") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            messages.insert(name, std::fs::read(path).unwrap());
        }
    }
    messages
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_set_is_complete_and_nothing_panics() {
    let messages = messages();
    assert_eq!(messages.len(), 49);
    for (name, bytes) in &messages {
        let parsed = Message::parse(bytes);
        match name.as_str() {
            "badvers" => assert_eq!(parsed.unwrap_err(), ParseError::NotSip),
            "insuf" => assert_eq!(parsed.unwrap_err(), ParseError::NoCallId),
            _ => {
                let message = parsed.unwrap();
                assert_eq!(call_id(bytes), Some(message.call_id()), "{name}");
                assert_eq!(header_lines(message.head()).count(), header_lines(bytes).count(), "{name}");
            }
        }
    }
}

#[test]
fn valid_messages_are_read() {
    let messages = messages();
    for expected in valid() {
        let name = expected.name;
        let message = Message::parse(&messages[name]).unwrap();
        assert_eq!(message.start(), expected.start, "{name}");
        assert_eq!(text(message.call_id()), expected.call_id, "{name}");
        assert_eq!(message.cseq_number(), Some(expected.cseq.0), "{name}");
        assert_eq!(text(message.cseq_method()), expected.cseq.1, "{name}");
        assert_eq!(message.top_branch().map(text).as_deref(), expected.branch, "{name}");
        assert_eq!(message.to_tag().map(text).as_deref(), expected.to_tag, "{name}");
    }
}

#[test]
fn headers_of_valid_messages_are_found() {
    let messages = messages();
    let values = |name: &str, header: &str| -> Vec<String> {
        Message::parse(&messages[name]).unwrap().header(header.as_bytes()).map(text).collect()
    };
    assert_eq!(values("wsinv", "via").len(), 2);
    assert_eq!(values("wsinv", "Subject"), [""]);
    assert_eq!(values("wsinv", "NewFangledHeader"), ["newfangled value\r\n continued newfangled value"]);
    assert_eq!(values("wsinv", "UnknownHeaderWithUnusualValue"), [";;,,;;,;"]);
    assert_eq!(values("wsinv", "Content-Length"), ["150"]);
    assert_eq!(values("intmeth", "extensionHeader-!.%*+_`'~"), ["\u{feff}大停電"]);
    assert_eq!(values("esc02", "Contact").len(), 2);
    assert_eq!(values("longreq", "Via").len(), 34);
    assert_eq!(values("transports", "Via").len(), 5);
    assert_eq!(values("regescrt", "Content-Length"), ["0"]);
}

#[test]
fn invalid_messages_are_read_as_far_as_they_go() {
    let messages = messages();
    let message = |name: &str| Message::parse(&messages[name]).unwrap();
    assert_eq!(message("badinv01").top_branch(), None);
    assert_eq!(
        (message("scalar02").cseq_number(), message("scalar02").cseq_method()),
        (None, &b"REGISTER"[..])
    );
    assert_eq!(
        (message("scalarlg").cseq_number(), message("scalarlg").cseq_method()),
        (None, &b"OPTIONS"[..])
    );
    assert_eq!(message("quotbal").to_tag(), None);
    assert_eq!(message("ltgtruri").start(), request("INVITE", "<sip:user@example.com>"));
    assert_eq!(message("lwsruri").start(), request("INVITE", "sip:user@example.com; lr"));
    assert_eq!(message("lwsstart").start(), request("INVITE", "sip:user@example.com"));
    assert_eq!(message("trws").start(), request("OPTIONS", "sip:remote-target@example.com"));
    assert_eq!(message("bigcode").start(), Start::Response { code: 0 });
    assert_eq!(message("badbranch").top_branch(), Some(&b"z9hG4bK"[..]));
    assert_eq!(message("multi01").call_id(), b"multi01.98asdh@192.0.2.1");
    assert_eq!(message("multi01").cseq_number(), Some(5));
    assert_eq!(message("bcast").top_branch(), Some(&b"z9hG4bK1324923"[..]));
    assert_eq!((message("inv2543").top_branch(), message("inv2543").body().len()), (None, 105));
}

#[test]
fn a_stream_of_valid_messages_is_cut_as_they_were_joined() {
    let messages = messages();
    // Two messages in one datagram, by its nature.
    let joined: Vec<_> = valid().into_iter().filter(|valid| valid.name != "dblreq").collect();
    let mut framer = Framer::default();
    for valid in &joined {
        framer.push(&messages[valid.name]);
    }
    for valid in &joined {
        assert_eq!(framer.next_frame(), Ok(Some(Frame::Message(&messages[valid.name]))), "{}", valid.name);
    }
    assert_eq!(framer.next_frame(), Ok(None));
    assert_eq!(framer.buffered(), 0);
}
