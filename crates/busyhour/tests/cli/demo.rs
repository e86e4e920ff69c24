//! `busyhour demo`.

use std::time::Duration;

use crate::program::{busyhour, start_in};

#[test]
fn a_short_demo_has_no_failed_call() {
    let outcome = busyhour(&["demo", "--duration", "2s", "--rate", "200"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let successful = outcome.stdout.lines().find_map(|line| line.strip_prefix("Successful calls: "));
    assert_eq!(successful, Some("210"), "the ramp's calls, no more and no less: {outcome:?}");
    assert!(outcome.stdout.contains("Generator verdict: "), "{outcome:?}");
    assert!(outcome.stdout.contains("ramp up"), "a line a second: {outcome:?}");
    assert!(!outcome.stdout.contains('\x1b'), "no terminal, no escape sequences");
    let places =
        ["\n\ncallers against", "\n\nMedia\n", "\n\nMedia of the callees\n", "\n\nGenerator verdict: "]
            .map(|heading| outcome.stdout.find(heading));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}: {outcome:?}");
    assert!(!outcome.stdout.contains("\n\n\n"), "{outcome:?}");
    for line in outcome.stdout.lines() {
        let most = if line.contains(" RTP packets/s, ") { 110 } else { 80 };
        let line = line.trim_end_matches(", generator-limited");
        assert!(line.chars().count() <= most, "{line}");
    }
}

#[test]
fn the_first_signal_ends_it_softly() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start_in(folder.path(), &["demo", "--duration", "60s", "--rate", "300"]);
    std::thread::sleep(Duration::from_millis(2500));
    demo.signal("INT");
    let outcome = demo.wait();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("Successful calls: "), "{outcome:?}");
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start_in(folder.path(), &["demo", "--duration", "60s", "--rate", "300"]);
    std::thread::sleep(Duration::from_millis(2500));
    demo.signal("INT");
    std::thread::sleep(Duration::from_millis(100));
    demo.signal("INT");
    let outcome = demo.wait();
    assert!(outcome.stdout.contains("Successful calls: "), "the report is never lost: {outcome:?}");
}
