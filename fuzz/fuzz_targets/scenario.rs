//! Scenario texts: from source to program, in the ways of the newest and of the oldest SIPp. An error is the only reason
//! for no program, findings have places, and a program's indices are within it.

#![no_main]

use busyhour_scenario::diagnostic::Level;
use busyhour_scenario::source::Source;
use busyhour_scenario::{Options, Version, load};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source = Source::from_bytes("fuzz.xml", bytes);
    for (version, files) in [(Version::V3_8, None), (Version::V3_6, Some(vec!["a.csv".to_owned()]))] {
        let options = Options {
            keys: vec![("key".to_owned(), "[call_id]".to_owned())],
            files,
            compat: version.into(),
            ..Options::default()
        };
        let loaded = load(&source, &options);
        let has_error = loaded.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
        assert_eq!(loaded.program.is_none(), has_error);
        for diagnostic in &loaded.diagnostics {
            let _ = &source.text[diagnostic.span.clone()];
        }
        let Some(program) = loaded.program else { continue };
        for (steps, end) in [(&program.steps, program.steps.len()), (&program.init, program.init.len())] {
            for step in steps {
                assert!(step.next.is_none_or(|next| next.target as usize <= end));
                assert!(step.on_timeout.is_none_or(|target| target as usize <= end));
                assert!(usize::from(step.dialog) < program.dialogs.len());
            }
        }
    }
});
