//! Received bytes: as a datagram through the message parser and the look-ups of headers, as a stream through the
//! framer in two segmentations, which must give the same messages.

#![no_main]

use busyhour_wire::{
    Frame, Framer, FramingError, Message, call_id, header_lines, tag, top_via_branch, uri_in_brackets,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read_datagram(bytes);
    let whole = read_stream(bytes.chunks(bytes.len().max(1)));
    // The first byte chooses the size, so that the fuzzer can look for the worst one.
    let size = 1 + usize::from(bytes.first().copied().unwrap_or_default() % 13);
    assert_eq!(read_stream(bytes.chunks(size)), whole);
    for frame in whole.0.iter().flatten() {
        read_datagram(frame);
    }
});

fn read_datagram(bytes: &[u8]) {
    let found = call_id(bytes);
    let _ = (tag(bytes), top_via_branch(bytes), uri_in_brackets(bytes));
    let Ok(message) = Message::parse(bytes) else { return };
    assert_eq!(found, Some(message.call_id()));

    let (head, body) = (message.head(), message.body());
    assert!(bytes.starts_with(head) && bytes.ends_with(body));
    assert!(matches!(&bytes[head.len()..bytes.len() - body.len()], b"\r\n" | b"\n" | b""));

    assert_eq!(message.to(), message.header(b"to").next());
    assert_eq!(message.top_branch(), message.header(b"Via").next().and_then(top_via_branch));
    // Each look-up reads the whole head: a few show as much as all.
    for line in header_lines(head).take(8) {
        assert!(message.header(line.name).any(|value| value == line.value));
    }
}

/// All frames, a ping as nothing, and how it ended.
fn read_stream<'s>(segments: impl Iterator<Item = &'s [u8]>) -> (Vec<Option<Vec<u8>>>, Option<FramingError>) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for segment in segments {
        framer.push(segment);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(message))) => frames.push(Some(message.to_vec())),
                Ok(Some(Frame::Ping)) => frames.push(None),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
