//! Session descriptions: as a body on its own, and as the body of a message, of which a part may be one.

#![no_main]

use busyhour_wire::Message;
use busyhour_wire::sdp::{Destination, Medium, SECTIONS_MAX, Session};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read(Session::parse(bytes));
    let message = [b"SIP/2.0 200 OK\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nc: ", bytes].concat();
    if let Ok(message) = Message::parse(&message)
        && let Some(session) = Session::of_message(&message)
    {
        read(session);
    }
});

fn read(session: Session<'_>) {
    let _ = session.connection();
    let mut count = 0;
    for section in session.sections() {
        count += 1;
        assert_eq!(section.medium(), Medium::from_name(section.medium_name()));
        assert!(section.port() != 0 || section.destination() == Destination::Nowhere);
        let _ = (section.rtcp(), section.direction(), section.ptime());
        for payload_type in section.payload_types() {
            let _ = section.encoding(payload_type);
        }
        for line in section.crypto() {
            let _ = (line.key_and_salt(), line.has("UNENCRYPTED_SRTP"));
        }
    }
    assert!(count <= SECTIONS_MAX);
    for medium in Medium::ALL {
        let known = session.sections().any(|section| section.medium() == Some(medium));
        assert_eq!(session.section(medium).is_some(), known);
    }
}
