//! `busyhour check`.

use std::fs;

use crate::program::busyhour_in;

const GOOD: &str = "<scenario name=\"x\">\n<recv request=\"INVITE\"/>\n</scenario>\n";

#[test]
fn good_and_bad_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.xml"), GOOD).unwrap();
    fs::write(
        folder.path().join("bad.xml"),
        "<scenario>\n<recv request=\"INVITE\" next=\"1\"/>\n</scenario>\n",
    )
    .unwrap();

    let outcome = busyhour_in(folder.path(), &["check", "good.xml"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(outcome.stdout, "good.xml: ok\n");

    let outcome = busyhour_in(folder.path(), &["check", "good.xml", "bad.xml"]);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("good.xml: ok\n"), "{outcome:?}");
    assert!(outcome.stdout.contains("bad.xml:2:"), "the place: {outcome:?}");
    assert!(outcome.stdout.contains("<recv request=\"INVITE\" next=\"1\"/>"), "the line: {outcome:?}");
    assert!(outcome.stdout.contains("help:"), "the way out: {outcome:?}");
    assert!(outcome.stdout.contains("bad.xml: 1 error"), "{outcome:?}");
}

#[test]
fn what_is_no_scenario_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.xml"), "").unwrap();
    fs::write(folder.path().join("noise.xml"), [0xff_u8, 0xfe, 0x00, 0x80, b'<', 0xc3]).unwrap();
    let large = fs::File::create(folder.path().join("large.xml")).unwrap();
    large.set_len(100 << 20).unwrap();
    for file in ["missing.xml", ".", "empty.xml", "noise.xml", "large.xml"] {
        let outcome = busyhour_in(folder.path(), &["check", file]);
        assert_eq!(outcome.status, 1, "{file}: {outcome:?}");
        assert!(outcome.stdout.contains("error"), "{file}: {outcome:?}");
    }
}
