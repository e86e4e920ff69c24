//! Scenario files: the XML reader on whatever is valid UTF-8.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = busyhour_scenario::xml::parse(text);
    }
});
