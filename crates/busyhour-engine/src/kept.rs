//! What a call keeps of the last message it took: only the header values that some later text can ask for.
//!
//! A buffer holds the values one after the other, each already joined as `[last_…]` prints it, behind a table of
//! their ends. So rendering copies, and never searches.

use busyhour_scenario::program::{Keep, Program};
use busyhour_wire::{Message, header_lines, long_name};

use crate::pool::Pool;

/// Which headers a program's calls keep.
#[derive(Debug)]
pub(crate) struct Layout {
    names: Vec<String>,
    whole: bool,
}

/// Via, From, To, CSeq and Call-ID are always kept, in these slots: automatic messages are made from them.
pub(crate) const FROM: usize = 1;
pub(crate) const TO: usize = 2;

/// Most header lines of one message that are looked at.
const LINES_MAX: usize = 128;

/// Bytes of one entry in the table of ends.
const MARK_BYTES: usize = 4;

/// Marks an absent header in the table of ends.
const ABSENT: u32 = 1 << 31;

impl Layout {
    pub(crate) fn new(program: &Program) -> Layout {
        let mut names: Vec<String> = ["Via", "From", "To", "CSeq", "Call-ID"].map(String::from).into();
        let mut whole = false;
        match &program.keep {
            Keep::Headers(headers) => {
                for header in headers {
                    if !names.iter().any(|name| name.eq_ignore_ascii_case(header)) {
                        names.push(header.clone());
                    }
                }
            }
            Keep::Everything => whole = true,
        }
        Layout { names, whole }
    }

    /// The slot of a header named in `[last_…]`, if it has one.
    pub(crate) fn slot(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.eq_ignore_ascii_case(name))
    }

    /// Keeps what is needed of a message.
    pub(crate) fn keep(&self, pool: &mut Pool, message: &Message<'_>) -> Vec<u8> {
        let mut found = [(0u8, &[][..]); LINES_MAX];
        let mut count = 0;
        let mut bytes = 0;
        for line in header_lines(message.head()) {
            let name = line.name;
            let Some(slot) = self.names.iter().position(|known| matches(known, name)) else { continue };
            if count == LINES_MAX {
                break;
            }
            found[count] = (slot as u8, line.value);
            count += 1;
            bytes += line.value.len() + 2;
        }
        let found = &found[..count];
        let table = MARK_BYTES * self.names.len();
        let mut kept = pool.take(table + bytes + if self.whole { message.bytes().len() } else { 0 });
        kept.resize(table, 0);
        for slot in 0..self.names.len() {
            let mut present = false;
            for &(_, value) in found.iter().filter(|&&(of, _)| of as usize == slot) {
                if present {
                    kept.extend_from_slice(b", ");
                }
                kept.extend_from_slice(value);
                present = true;
            }
            let end = (kept.len() - table) as u32;
            let mark = if present { end } else { end | ABSENT };
            kept[MARK_BYTES * slot..MARK_BYTES * (slot + 1)].copy_from_slice(&mark.to_le_bytes());
        }
        if self.whole {
            kept.extend_from_slice(message.bytes());
        }
        kept
    }

    /// Value of a kept header; `None` if the message had none, or there was no message.
    pub(crate) fn value<'k>(&self, kept: &'k [u8], slot: usize) -> Option<&'k [u8]> {
        let mark = mark(kept, slot)?;
        if mark & ABSENT != 0 {
            return None;
        }
        let start = if slot == 0 { 0 } else { mark_end(kept, slot - 1)? };
        let table = MARK_BYTES * self.names.len();
        kept.get(table + start..table + mark as usize)
    }

    /// The whole kept message, where the program asked for that.
    pub(crate) fn whole<'k>(&self, kept: &'k [u8]) -> &'k [u8] {
        match mark_end(kept, self.names.len() - 1) {
            Some(end) if self.whole => &kept[MARK_BYTES * self.names.len() + end..],
            _ => &[],
        }
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

/// A long name finds its compact form too; a compact name finds only itself.
fn matches(wanted: &str, name: &[u8]) -> bool {
    let wanted = wanted.as_bytes();
    if name.len() == 1 && wanted.len() > 1 {
        return long_name(name).eq_ignore_ascii_case(wanted);
    }
    name.eq_ignore_ascii_case(wanted)
}

fn mark(kept: &[u8], slot: usize) -> Option<u32> {
    let bytes = kept.get(MARK_BYTES * slot..MARK_BYTES * (slot + 1))?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn mark_end(kept: &[u8], slot: usize) -> Option<usize> {
    mark(kept, slot).map(|mark| (mark & !ABSENT) as usize)
}
