use std::net::IpAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const OFFER: &[u8] = b"v=0\r\no=a 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.1/127\r\nt=0 0\r\na=sendonly\r\n\
    m=audio 0 RTP/AVP 0\r\n\
    m=audio 4000/2 RTP/SAVP 0 97 101 18\r\na=rtpmap:97 iLBC/8000\r\na=fmtp:97 mode=20\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\na=rtcp:4010 IN IP4 192.0.2.7\r\na=recvonly\r\n\
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4 UNENCRYPTED_SRTP\r\n\
    a=crypto:2 AES_256_CM_HMAC_SHA1_80 inline:AAAA KDR=0\r\n\
    m=video 5000 RTP/AVPF 96\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:96 H264/90000\r\na=rtcp-mux\r\n\
    m=image 6000 udptl t38\r\nm=application 7000 TCP/BFCP *\r\n";

fn offer(medium: Medium) -> Section<'static> {
    Session::parse(OFFER).section(medium).expect("the offer has it")
}

fn only(lines: &str) -> String {
    format!("v=0\nm=audio 4000 RTP/AVP 0 8\n{lines}")
}

#[test]
fn sections_come_in_order_with_media_unknown_here() {
    let names: Vec<&[u8]> = Session::parse(OFFER).sections().map(|section| section.medium_name()).collect();
    assert_eq!(names, [&b"audio"[..], b"audio", b"video", b"image", b"application"]);
    let last = Session::parse(OFFER).sections().last().unwrap();
    assert_eq!((last.medium(), last.port(), last.is_rtp()), (None, 7000, false));
    assert!(Session::parse(OFFER).section(Medium::Text).is_none());
    assert_eq!(Session::parse(OFFER).connection(), Some(Connection::Address([192, 0, 2, 1].into())));
}

#[test]
fn the_first_section_with_a_port_is_the_one() {
    let audio = offer(Medium::Audio);
    assert_eq!(audio.port(), 4000);
    assert_eq!(audio.proto(), b"RTP/SAVP");
    assert!(audio.is_rtp() && audio.is_secure());
    let refused = Session::parse(b"m=audio 0 RTP/AVP 0\nm=audio 0 RTP/AVP 8\nc=IN IP4 192.0.2.1\n");
    let section = refused.section(Medium::Audio).unwrap();
    assert_eq!(section.payload_types().collect::<Vec<_>>(), [0]);
    assert_eq!(section.destination(), Destination::Nowhere);
}

#[test]
fn media_goes_where_the_section_says_else_the_session() {
    assert_eq!(offer(Medium::Audio).destination(), Destination::To("192.0.2.1:4000".parse().unwrap()));
    assert_eq!(offer(Medium::Video).destination(), Destination::To("[2001:db8::1]:5000".parse().unwrap()));
    assert_eq!(offer(Medium::Image).destination(), Destination::To("192.0.2.1:6000".parse().unwrap()));
    let rtcp = Some((4010, Some(Connection::Address([192, 0, 2, 7].into()))));
    assert_eq!((offer(Medium::Audio).rtcp(), offer(Medium::Audio).rtcp_mux()), (rtcp, false));
    assert_eq!((offer(Medium::Video).rtcp(), offer(Medium::Video).rtcp_mux()), (None, true));
    assert_eq!((offer(Medium::Image).rtcp(), offer(Medium::Image).rtcp_mux()), (None, false));
}

#[test]
fn what_is_no_address_is_told() {
    let destination =
        |lines: &str| match Session::parse(only(lines).as_bytes()).sections().next().unwrap().destination() {
            Destination::To(to) => to.to_string(),
            Destination::Nowhere => "nowhere".to_owned(),
            Destination::NoConnection => "no c=".to_owned(),
            Destination::Name(name) => String::from_utf8_lossy(name).into_owned(),
        };
    assert_eq!(destination(""), "no c=");
    assert_eq!(destination("c="), "no c=");
    assert_eq!(destination("c=IN IP4"), "no c=");
    assert_eq!(destination("c=IN IP4 /127"), "no c=");
    assert_eq!(destination("c=IN IP4 0.0.0.0"), "nowhere");
    assert_eq!(destination("c=IN IP6 ::"), "nowhere");
    assert_eq!(destination("c=IN IP4 media.example.com"), "media.example.com");
    assert_eq!(destination("c=IN IP4 192.0.2.999"), "192.0.2.999");
    assert_eq!(destination("c=IN IP6 [2001:db8::2]"), "[2001:db8::2]:4000");
    assert_eq!(destination("  c=IN  IP4\t192.0.2.4/127/3  \r\n"), "192.0.2.4:4000");
}

#[test]
fn ports_that_are_none_are_0() {
    for port in ["", "65536", "-1", "4000a", "0x10", "/2", "99999999999999999999"] {
        let text = format!("m=audio {port} RTP/AVP 0");
        assert_eq!(Session::parse(text.as_bytes()).sections().next().unwrap().port(), 0, "{text}");
    }
}

#[test]
fn payload_types_stand_for_encodings() {
    let audio = offer(Medium::Audio);
    assert_eq!(audio.payload_types().collect::<Vec<_>>(), [0, 97, 101, 18]);
    let encoding = |number| audio.encoding(number).map(|found| (found.name, found.clock_hz, found.channels));
    assert_eq!(encoding(0), Some((&b"PCMU"[..], 8000, 1)));
    assert_eq!(encoding(97), Some((&b"iLBC"[..], 8000, 1)));
    assert_eq!(encoding(18), Some((&b"G729"[..], 8000, 1)));
    assert_eq!(encoding(98), None);
    assert_eq!(audio.ptime(), Some(30));
    assert_eq!(offer(Medium::Image).payload_types().count(), 0);
    assert_eq!(offer(Medium::Image).formats().collect::<Vec<_>>(), [b"t38"]);

    let text =
        only("a=rtpmap:8 L16/16000/2\na=rtpmap:96 opus\na=rtpmap:97 x/0\na=rtpmap:98\na=rtpmap: 99 y/1");
    let section = Session::parse(text.as_bytes()).section(Medium::Audio).unwrap();
    assert_eq!(section.encoding(8), Some(Encoding { name: b"L16", clock_hz: 16_000, channels: 2 }));
    assert_eq!(section.encoding(96).map(|found| found.clock_hz), Some(8_000));
    assert_eq!(section.encoding(97).map(|found| found.clock_hz), Some(8_000));
    assert_eq!(section.encoding(98), None);
    assert_eq!(section.encoding(99).map(|found| found.clock_hz), Some(1));
}

#[test]
fn the_direction_of_the_section_goes_before_that_of_the_session() {
    assert_eq!(offer(Medium::Audio).direction(), Direction::RecvOnly);
    assert_eq!(offer(Medium::Video).direction(), Direction::SendOnly);
    assert_eq!(
        Session::parse(b"m=audio 1 RTP/AVP 0").section(Medium::Audio).unwrap().direction(),
        Direction::SendRecv
    );
    assert!(!Direction::RecvOnly.sends());
    assert!(!Direction::Inactive.sends());
}

#[test]
fn crypto_lines_belong_to_their_section() {
    let lines: Vec<Crypto<'_>> = offer(Medium::Audio).crypto().collect();
    assert_eq!((lines[0].tag, lines[0].suite), (1, &b"AES_CM_128_HMAC_SHA1_80"[..]));
    assert_eq!(lines[0].key_and_salt().map(|key| key.len()), Some(30));
    assert_eq!(lines[0].key_rest, b"2^20|1:4");
    assert!(lines[0].has("UNENCRYPTED_SRTP") && !lines[1].has("UNENCRYPTED_SRTP"));
    assert_eq!((lines[1].tag, lines[1].session_parameters), (2, &b"KDR=0"[..]));
    assert_eq!(lines[1].key_and_salt(), Some(vec![0; 3]));
    assert_eq!(offer(Medium::Video).crypto().count(), 0);

    let read = |value: &'static str| Crypto::read(value.as_bytes());
    assert_eq!(
        read("1 S inline: AAAA x").map(|line| (line.key_text, line.session_parameters)),
        Some((&b"AAAA"[..], &b"x"[..]))
    );
    assert_eq!(read("1 S inline:AAAA;inline:BBBB").map(|line| line.key_text), Some(&b"AAAA"[..]));
    assert_eq!(
        read("1 S KEY=1").map(|line| (line.key_text, line.session_parameters)),
        Some((&b""[..], &b"KEY=1"[..]))
    );
    assert_eq!(read("1 S inline:A=A=").and_then(|line| line.key_and_salt()), None);
    assert_eq!(read("1"), None);
    assert_eq!(read("x S inline:AAAA"), None);
}

fn body_of(text: &str) -> Option<String> {
    let text = text.replace('\n', "\r\n");
    let head = "SIP/2.0 200 OK\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n";
    let bytes = format!("{head}{text}");
    let message = Message::parse(bytes.as_bytes()).unwrap();
    sdp_of(&message).map(|body| String::from_utf8_lossy(body).into_owned())
}

#[test]
fn the_body_is_found_by_its_type() {
    assert_eq!(body_of("Content-Type: application/sdp\n\nv=0").as_deref(), Some("v=0"));
    assert_eq!(body_of("c : Application/SDP ; charset=utf-8\n\nv=0").as_deref(), Some("v=0"));
    assert_eq!(body_of("\nv=0").as_deref(), Some("v=0"));
    assert_eq!(body_of("\n{}"), None);
    assert_eq!(body_of("Content-Type: text/plain\n\nv=0"), None);
    assert_eq!(body_of("Content-Type: application/sdp\n\n"), None);
}

#[test]
fn a_part_of_the_body_is_found_by_its_type() {
    let part = "\npreamble\n--x\nContent-Type: text/plain\n\nv=1\n--x\nC: application/SDP;a=b\nContent-ID: 1\n\nv=0\ns=-\n--x--\nv=2";
    for head in
        ["multipart/mixed;boundary=x", "Multipart/Related; type=a; boundary=\"x\" ; b=c", "multipart/mixed"]
    {
        assert_eq!(
            body_of(&format!("Content-Type: {head}\n{part}")).as_deref(),
            Some("v=0\r\ns=-\r\n"),
            "{head}"
        );
    }
    assert_eq!(body_of(&format!("Content-Type: multipart/mixed;boundary=y\n{part}")), None);
    let nested = "Content-Type: multipart/mixed;boundary=o\n\n--o\nContent-Type: multipart/alternative;boundary=i\n\n--i\nContent-Type: application/sdp\n\nv=0\n--i--\n--o--\n";
    assert_eq!(body_of(nested).as_deref(), Some("v=0\r\n"));
    assert_eq!(body_of("Content-Type: multipart/mixed;boundary=x\n\n--x"), None);
    assert_eq!(body_of("Content-Type: multipart/mixed;boundary=x\n\n--x\nv=0"), None);
}

#[test]
fn hostile_descriptions_cost_little() {
    let sections = b"m=audio 1 RTP/AVP 0\n".repeat(10_000);
    assert_eq!(Session::parse(&sections).sections().count(), SECTIONS_MAX);
    let types = [b"m=audio 1 RTP/AVP".to_vec(), b" 1".repeat(40_000), b"\na=rtpmap:".repeat(5_000)].concat();
    let section = Session::parse(&types).section(Medium::Audio).unwrap();
    assert_eq!(section.payload_types().count(), PAYLOAD_TYPES_MAX);
}

/// Asks all questions.
fn ask(bytes: &[u8]) {
    let session = Session::parse(bytes);
    let _ = session.connection();
    for section in session.sections() {
        assert_eq!(section.medium(), Medium::from_name(section.medium_name()));
        let _ = (section.destination(), section.rtcp(), section.direction(), section.ptime());
        for number in section.payload_types() {
            assert!(number < 128);
            let _ = section.encoding(number);
        }
        for line in section.crypto() {
            let _ = line.key_and_salt();
        }
    }
    for medium in Medium::ALL {
        let of_medium = |section: &Section<'_>| section.medium() == Some(medium);
        assert_eq!(session.section(medium).is_some(), session.sections().any(|section| of_medium(&section)));
    }
    let message = [b"SIP/2.0 200 OK\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nc:".as_slice(), bytes].concat();
    if let Ok(message) = Message::parse(&message) {
        let _ = Session::of_message(&message).map(|session| session.sections().count());
    }
}

const PIECES: [&str; 24] = [
    "\r\n",
    "\n",
    "\r",
    " ",
    "/",
    "|",
    ":",
    ";",
    "m=audio 4000 RTP/AVP 0",
    "m=",
    "m=video ",
    "c=IN IP4 127.0.0.1",
    "c=",
    "a=rtcp:",
    "a=rtpmap:",
    "a=fmtp:0 ",
    "a=crypto:1 ",
    "AES inline:",
    "AAAA",
    "multipart/mixed;boundary=",
    "--",
    "Content-Type: application/sdp",
    "127.0.0.1",
    "\r\n\r\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..400)) {
        ask(&bytes);
    }

    #[test]
    fn scraps_are_read_without_panic(pieces in vec(0..PIECES.len(), 0..60)) {
        ask(pieces.into_iter().map(|piece| PIECES[piece]).collect::<String>().as_bytes());
    }

    #[test]
    fn mutated_offers_are_read_without_panic(
        changes in vec((any::<prop::sample::Index>(), 0..30_usize, 0..PIECES.len()), 0..10),
    ) {
        let mut bytes = OFFER.to_vec();
        for (place, cut, piece) in changes {
            let start = place.index(bytes.len() + 1);
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, PIECES[piece].bytes());
        }
        ask(&bytes);
    }

    #[test]
    fn addresses_are_read_as_written(octets in any::<[u8; 4]>(), port in 1..u16::MAX) {
        prop_assume!(octets != [0; 4]);
        let address = IpAddr::from(octets);
        let text = format!("c=IN IP4 {address}\r\nm=audio {port} RTP/AVP 0\r\n");
        let section = Session::parse(text.as_bytes()).section(Medium::Audio).unwrap();
        prop_assert_eq!(section.destination(), Destination::To((address, port).into()));
    }
}
