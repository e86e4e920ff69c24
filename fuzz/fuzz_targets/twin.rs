//! Bytes of a 3PCC peer: framed in two segmentations, which must give the same commands, and each looked into.

#![no_main]

use busyhour_wire::{COMMAND_BYTES_MAX, COMMAND_END, CommandFramer, command_call_id};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes.chunks(bytes.len().max(1)));
    // The first byte chooses the size, so that the fuzzer can look for the worst one.
    let size = 1 + usize::from(bytes.first().copied().unwrap_or_default() % 13);
    assert_eq!(read(bytes.chunks(size)), whole);
    for command in &whole.0 {
        assert!(!command.is_empty() && command.len() <= COMMAND_BYTES_MAX);
        assert!(!command.contains(&COMMAND_END) && !command.contains(&0));
        if let Some(id) = command_call_id(command) {
            assert!(!id.is_empty() && !id.contains(&b'\n'));
        }
    }
});

/// All commands, and how many were dropped.
fn read<'s>(segments: impl Iterator<Item = &'s [u8]>) -> (Vec<Vec<u8>>, u64) {
    let mut framer = CommandFramer::default();
    let mut commands = Vec::new();
    let mut dropped = 0;
    for segment in segments {
        dropped += framer.push(segment, |command| commands.push(command.to_vec()));
    }
    (commands, dropped)
}
