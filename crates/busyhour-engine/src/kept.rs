//! What a call keeps of the last message it took: only the header values that some later text can ask for.
//!
//! A buffer holds the values, each already joined as `[last_…]` prints it, behind a table of their places. So
//! rendering copies, and never searches.

use busyhour_scenario::program::{Keep, Program, Role};
use busyhour_wire::{FirstLetters, Message, header_lines, long_name};

use crate::pool::Pool;

/// Which headers a program's calls keep.
#[derive(Debug)]
pub(crate) struct Layout {
    names: Vec<String>,
    letters: FirstLetters,
    whole: bool,
    /// Only automatic messages ask for anything, and we are the client: then Via, From and To are enough, and the first
    /// of each, for the answers to our requests hold our own Via.
    simple: bool,
}

/// Via, From, To, CSeq and Call-ID are always kept, in these slots: automatic messages are made from them.
const VIA: usize = 0;
pub(crate) const FROM: usize = 1;
pub(crate) const TO: usize = 2;
const ALWAYS: [&str; 5] = ["Via", "From", "To", "CSeq", "Call-ID"];

/// Bytes of one entry in the table: offset and length of a value, both u32. An absent header has the offset 0.
const PLACE_BYTES: usize = 8;

impl Layout {
    pub(crate) fn new(program: &Program) -> Layout {
        let mut names: Vec<String> = ALWAYS.map(String::from).into();
        let (mut whole, mut simple) = (false, program.sending == Role::Client);
        match &program.keep {
            Keep::Headers(headers) => {
                for header in headers {
                    simple = false;
                    if !names.iter().any(|name| name.eq_ignore_ascii_case(header)) {
                        names.push(header.clone());
                    }
                }
            }
            Keep::Everything => (whole, simple) = (true, false),
        }
        // The others are in the message's view already, and may stand only once (RFC 3261 §7.3.1).
        let searched = names.iter().enumerate().filter(|&(slot, _)| is_searched(slot));
        let letters = searched.fold(FirstLetters::NONE, |letters, (_, name)| letters.with(name.as_bytes()));
        Layout { names, letters, whole, simple }
    }

    /// The slot of a header named in `[last_…]`, if it has one.
    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.eq_ignore_ascii_case(name))
    }

    /// Keeps what is needed of a message. `scratch` is for the time until the size is known.
    pub(crate) fn keep(&self, pool: &mut Pool, scratch: &mut Vec<u8>, message: &Message<'_>) -> Vec<u8> {
        if self.simple && message.status().is_some() {
            return self.keep_simple(pool, message);
        }
        let kept = scratch;
        kept.clear();
        kept.resize(PLACE_BYTES * self.names.len(), 0);
        for (slot, value) in
            first_values(message).into_iter().enumerate().filter(|&(slot, _)| !is_searched(slot))
        {
            if let Some(value) = value {
                add(kept, slot, value);
            }
        }
        for line in message.headers_starting(self.letters) {
            let searched = self.names.iter().enumerate().filter(|&(slot, _)| is_searched(slot));
            if let Some((slot, _)) = searched.into_iter().find(|(_, known)| matches(known, line.name)) {
                add(kept, slot, line.value);
            }
        }
        if self.whole {
            kept.extend_from_slice(message.bytes());
        }
        pool.store(kept)
    }

    fn keep_simple(&self, pool: &mut Pool, message: &Message<'_>) -> Vec<u8> {
        let values = [message.via(), message.from(), message.to(), message.cseq(), Some(message.call_id())];
        let bytes: usize = values.iter().flatten().map(|value| value.len()).sum();
        let mut kept = pool.take(PLACE_BYTES * ALWAYS.len() + bytes);
        kept.resize(PLACE_BYTES * ALWAYS.len(), 0);
        for (slot, value) in values.iter().enumerate() {
            if let Some(value) = value {
                add(&mut kept, slot, value);
            }
        }
        kept
    }

    /// Value of a kept header; `None` if the message had none, or there was no message.
    pub(crate) fn value<'k>(&self, kept: &'k [u8], slot: usize) -> Option<&'k [u8]> {
        let (start, len) = place(kept, slot)?;
        kept.get(start..start + len)
    }

    /// The whole kept message, where the program asked for that.
    pub(crate) fn whole<'k>(&self, kept: &'k [u8]) -> &'k [u8] {
        let places = (0..self.names.len()).filter_map(|slot| place(kept, slot));
        let end = places.map(|(start, len)| start + len).max().unwrap_or(PLACE_BYTES * self.names.len());
        if self.whole { kept.get(end..).unwrap_or_default() } else { &[] }
    }

    /// Value of any header, searched for in the whole message if it has no slot.
    pub(crate) fn find<'k>(&self, kept: &'k [u8], name: &str, joined: &'k mut Vec<u8>) -> Option<&'k [u8]> {
        if let Some(slot) = self.slot(name) {
            return self.value(kept, slot);
        }
        joined.clear();
        let mut present = false;
        for line in header_lines(self.whole(kept)) {
            if matches(name, line.name) {
                if present {
                    joined.extend_from_slice(b", ");
                }
                joined.extend_from_slice(line.value);
                present = true;
            }
        }
        present.then_some(&joined[..])
    }
}

/// Via and what the scenario names can stand in several lines.
fn is_searched(slot: usize) -> bool {
    slot == VIA || slot >= ALWAYS.len()
}

/// The first header of each of [`ALWAYS`].
fn first_values<'m>(message: &Message<'m>) -> [Option<&'m [u8]>; ALWAYS.len()] {
    [message.via(), message.from(), message.to(), message.cseq(), Some(message.call_id())]
}

/// A long name finds its compact form too; a compact name finds only itself.
fn matches(wanted: &str, name: &[u8]) -> bool {
    let wanted = wanted.as_bytes();
    if name.len() == 1 && wanted.len() > 1 {
        return long_name(name).eq_ignore_ascii_case(wanted);
    }
    name.eq_ignore_ascii_case(wanted)
}

/// Adds a value to a slot, behind what is there already. The values of one header mostly stand together, so what is
/// there is mostly the last in the buffer; else it moves to the end.
fn add(kept: &mut Vec<u8>, slot: usize, value: &[u8]) {
    let mut start = kept.len();
    if let Some((there, len)) = place(kept, slot) {
        if there + len == kept.len() {
            start = there;
        } else {
            kept.extend_from_within(there..there + len);
        }
        kept.extend_from_slice(b", ");
    }
    kept.extend_from_slice(value);
    let len = kept.len() - start;
    let entry = &mut kept[PLACE_BYTES * slot..PLACE_BYTES * (slot + 1)];
    entry[..4].copy_from_slice(&(start as u32).to_le_bytes());
    entry[4..].copy_from_slice(&(len as u32).to_le_bytes());
}

fn place(kept: &[u8], slot: usize) -> Option<(usize, usize)> {
    let entry: [u8; PLACE_BYTES] = kept.get(PLACE_BYTES * slot..PLACE_BYTES * (slot + 1))?.try_into().ok()?;
    let entry = u64::from_le_bytes(entry);
    let (start, len) = (entry as u32 as usize, (entry >> 32) as usize);
    (start > 0).then_some((start, len))
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::source::Source;
    use busyhour_scenario::{Options, load};

    use super::*;

    fn layout(step: &str) -> Layout {
        let text = format!("<scenario>{step}<recv request='BYE'/></scenario>");
        let loaded = load(&Source::from_bytes("test.xml", text.as_bytes()), &Options::default());
        Layout::new(&loaded.program.unwrap())
    }

    const MESSAGE: &[u8] =
        b"INVITE sip:a@b SIP/2.0\r\nVia: one\r\nFrom: f\r\nv: two\r\nTo: t\r\nCall-ID: c\r\n\
        CSeq: 1 INVITE\r\nX-Other: x\r\n\r\n";

    #[test]
    fn values_of_one_header_are_joined_wherever_they_stand() {
        let layout = layout("<recv request='INVITE'/>");
        let kept = layout.keep(&mut Pool::default(), &mut Vec::new(), &Message::parse(MESSAGE).unwrap());
        assert_eq!(layout.value(&kept, 0), Some(&b"one, two"[..]));
        assert_eq!(layout.value(&kept, TO), Some(&b"t"[..]));
        assert_eq!(layout.value(&[], TO), None);
        assert!(layout.whole(&kept).is_empty());
    }

    #[test]
    fn what_the_scenario_asks_for_is_kept_too() {
        let layout = layout(
            "<recv request='INVITE'/><send><![CDATA[SIP/2.0 200 OK\n[last_X-Other:]\n[last_X-None:]\n\n]]></send>",
        );
        let kept = layout.keep(&mut Pool::default(), &mut Vec::new(), &Message::parse(MESSAGE).unwrap());
        assert_eq!(layout.value(&kept, layout.slot("x-other").unwrap()), Some(&b"x"[..]));
        assert_eq!(layout.value(&kept, layout.slot("X-None").unwrap()), None);
    }

    #[test]
    fn a_whole_message_comes_back_whole() {
        let layout =
            layout("<recv request='INVITE'/><send><![CDATA[SIP/2.0 200 OK\n\n[last_message]]]></send>");
        let kept = layout.keep(&mut Pool::default(), &mut Vec::new(), &Message::parse(MESSAGE).unwrap());
        assert_eq!(layout.whole(&kept), MESSAGE);
        assert_eq!(layout.find(&kept, "X-Other", &mut Vec::new()), Some(&b"x"[..]));
    }
}
