//! What holds for whatever the network sends.

use busyhour_wire::{
    Frame, Framer, FramingError, Message, call_id, header_lines, long_name, tag, top_via_branch,
    uri_in_brackets,
};
use proptest::collection::vec;
use proptest::prelude::*;

const MESSAGES: [&[u8]; 8] = [
    include_bytes!("torture/wsinv.dat"),
    include_bytes!("torture/intmeth.dat"),
    include_bytes!("torture/longreq.dat"),
    include_bytes!("torture/dblreq.dat"),
    include_bytes!("torture/mpart01.dat"),
    include_bytes!("torture/noreason.dat"),
    include_bytes!("torture/quotbal.dat"),
    include_bytes!("torture/multi01.dat"),
];

/// What has a meaning on the wire, so that mutations hit it more often.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b"\r\n ",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"=",
    b"\0",
    b"\xff",
    b"SIP/2.0",
    b"Via: ",
    b";branch=",
    b"To: <",
    b"l: 9",
    b"Call-ID",
];

/// A change at a place that is a fraction of the length: what is cut there, and what comes in.
type Change = (prop::sample::Index, usize, usize);

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), 0..20_usize, 0..PIECES.len() + 1);
    (0..MESSAGES.len(), vec(change, 0..12)).prop_map(|(message, changes): (usize, Vec<Change>)| {
        let mut bytes = MESSAGES[message].to_vec();
        for (place, cut, piece) in changes {
            let start = place.index(bytes.len() + 1);
            let end = (start + cut).min(bytes.len());
            bytes.splice(start..end, PIECES.get(piece).copied().unwrap_or_default().iter().copied());
        }
        bytes
    })
}

/// Bytes out of few kinds, so that lines, folds and blank lines come together.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    vec(0..PIECES.len(), 0..60)
        .prop_map(|pieces| pieces.into_iter().flat_map(|piece| PIECES[piece].to_vec()).collect())
}

fn check_message(bytes: &[u8]) {
    let found = call_id(bytes);
    let _ = (tag(bytes), top_via_branch(bytes), uri_in_brackets(bytes));
    let Ok(message) = Message::parse(bytes) else { return };
    assert_eq!(found, Some(message.call_id()));
    assert_eq!(message.method().is_none(), message.status().is_some());
    assert!(!message.call_id().contains(&b'\n'));

    let (head, body) = (message.head(), message.body());
    assert!(bytes.starts_with(head) && bytes.ends_with(body));
    let blank = &bytes[head.len()..bytes.len() - body.len()];
    assert!(matches!(blank, b"\r\n" | b"\n" | b""), "{blank:?}");
    assert!(body.is_empty() || !blank.is_empty());
    let vias = header_lines(head).filter(|line| long_name(line.name).eq_ignore_ascii_case(b"via"));
    assert!(message.header(b"Via").eq(vias.map(|line| line.value)));

    // What the pass found is what a look-up finds.
    assert_eq!(message.to(), message.header(b"TO").next());
    assert_eq!(message.to_tag(), message.to().and_then(tag));
    assert_eq!(message.top_branch(), message.header(b"via").next().and_then(top_via_branch));
    if message.header(b"CSeq").next().is_none_or(<[u8]>::is_empty) {
        assert_eq!((message.cseq_number(), message.cseq_method()), (None, &b""[..]));
    }
    for line in header_lines(head) {
        assert!(line.raw.starts_with(line.name));
        assert!(message.header(line.name).any(|value| value == line.value));
    }
}

/// All frames, a ping as nothing, how it ended, and what is left.
fn frames<'s>(
    segments: impl IntoIterator<Item = &'s [u8]>,
) -> (Vec<Option<Vec<u8>>>, Option<FramingError>, usize) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for segment in segments {
        framer.push(segment);
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(message))) => frames.push(Some(message.to_vec())),
                Ok(Some(Frame::Ping)) => frames.push(None),
                Ok(None) => break,
                Err(error) => return (frames, Some(error), framer.buffered()),
            }
        }
    }
    (frames, None, framer.buffered())
}

fn segments<'s>(stream: &'s [u8], cuts: &[prop::sample::Index]) -> Vec<&'s [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(stream.len());
    let mut start = 0;
    cuts.into_iter()
        .map(|end| {
            let segment = &stream[start..end];
            start = end;
            segment
        })
        .collect()
}

proptest! {
    // A failure prints its input; nothing is written beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..600)) {
        check_message(&bytes);
    }

    #[test]
    fn scraps_of_messages_are_read_without_panic(bytes in scraps()) {
        check_message(&bytes);
    }

    #[test]
    fn mutated_messages_are_read_without_panic(bytes in mutated()) {
        check_message(&bytes);
    }

    #[test]
    fn segmentation_makes_no_difference(
        messages in vec(mutated(), 0..5),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let stream = messages.concat();
        let whole = frames([&stream[..]]);
        prop_assert_eq!(&frames(segments(&stream, &cuts)), &whole);
        prop_assert_eq!(&frames(stream.chunks(1)), &whole);
    }

    #[test]
    fn segmentation_of_scraps_makes_no_difference(stream in scraps(), size in 1..9_usize) {
        prop_assert_eq!(frames(stream.chunks(size)), frames([&stream[..]]));
    }

    #[test]
    fn whole_messages_come_out_as_they_went_in(
        order in vec(0..MESSAGES.len(), 0..8),
        cuts in vec(any::<prop::sample::Index>(), 0..40),
    ) {
        // Those whose Content-Length is true.
        let messages: Vec<_> =
            order.into_iter().map(|index| MESSAGES[index]).filter(|message| frames([*message]).2 == 0).collect();
        let expected: Vec<_> = messages.iter().flat_map(|message| frames([*message]).0).collect();
        let stream = messages.concat();
        prop_assert_eq!(frames(segments(&stream, &cuts)), (expected, None, 0));
    }
}
