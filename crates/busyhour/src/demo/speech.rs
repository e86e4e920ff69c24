//! What the two sides of the demo say.

use std::sync::Arc;

use busyhour_media::{Library, Sound, generate};
use busyhour_scenario::media_arguments;

/// How long it takes until somebody begins anew, ms.
const LENGTH_MS: u32 = 8_000;
/// Samples a second.
const RATE_HZ: u32 = 8_000;
/// Names in the scenarios.
const NAMES: [&str; 2] = ["caller.wav", "callee.wav"];
/// PCMU.
const PAYLOAD_TYPE: u8 = 0;

/// A library with something like speech for each side, made here and now: no file is read.
pub(super) fn library() -> Library {
    let library = Library::default();
    for (seed, name) in (1..).zip(NAMES) {
        let wave = generate::write_wav(&generate::speech(seed, LENGTH_MS, RATE_HZ), 1, RATE_HZ);
        // A payload type that every table has, and a WAV file just written: neither is refused.
        if let Ok(form) = media_arguments::packet_form(PAYLOAD_TYPE, None)
            && let Ok(sound) = Sound::parse(wave, name, &form)
        {
            library.keep(name, &form, Arc::new(sound));
        }
    }
    library
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_have_something_to_say() {
        let library = library();
        let form = media_arguments::packet_form(PAYLOAD_TYPE, None).unwrap();
        let sounds = NAMES.map(|name| library.sound(name, &form).unwrap());
        assert_eq!(sounds.clone().map(|sound| sound.bytes.len()), [64_000; 2]);
        assert_ne!(sounds[0], sounds[1]);
    }
}
