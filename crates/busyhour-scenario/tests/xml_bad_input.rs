//! Files that are no scenario: each is refused or reported with its place, and none is read whole if it is huge.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use busyhour_scenario::diagnostic::{Level, codes, one_line, render};
use busyhour_scenario::source::{FILE_BYTES_MAX, LoadErrorReason, Source};
use busyhour_scenario::xml::parse;

/// A folder of its own for a test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("busyhour-xml-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Reads a file and gives its findings as lines.
fn findings(path: &Path) -> Vec<String> {
    let source = Source::read(path).unwrap();
    let mut diagnostics = source.diagnostics.clone();
    diagnostics.extend(parse(&source.text).1);
    let text = render(&source, &diagnostics, false);
    assert!(diagnostics.iter().all(|diagnostic| text.contains(&format!("[{}]", diagnostic.code))), "{text}");
    let name = format!("{}:", path.display());
    diagnostics
        .iter()
        .map(|diagnostic| one_line(&source, diagnostic).strip_prefix(&name).unwrap().to_owned())
        .collect()
}

#[test]
fn malformed_xml_is_reported_where_it_goes_wrong() {
    let scratch = Scratch::new();
    let path =
        scratch.file("bad.xml", b"<?xml version=\"1.0\"?>\n<scenario>\n  <send\n  <recv/>\n</scenario>\n");
    assert!(
        findings(&path)[0].starts_with("3:3: error[E007]: the tag <send> has no '>'"),
        "{:?}",
        findings(&path)
    );
}

#[test]
fn an_empty_or_blank_file_is_reported() {
    let scratch = Scratch::new();
    for bytes in [b"".as_slice(), b"\n  \n", b"\xEF\xBB\xBF", b"\xFF\xFE"] {
        assert_eq!(findings(&scratch.file("empty.xml", bytes)), ["1:1: error[E001]: the file is empty"]);
    }
}

#[test]
fn a_file_without_elements_is_reported() {
    let scratch = Scratch::new();
    let found = findings(&scratch.file("text.xml", b"hello\n"));
    assert!(found[0].starts_with("1:1: warning[W013]: 'hello'"), "{found:?}");
    assert!(found[1].starts_with("2:1: error[E002]"), "{found:?}");
}

#[test]
fn invalid_utf_8_is_reported_where_it_stands() {
    let scratch = Scratch::new();
    let found = findings(&scratch.file("latin.xml", b"<scenario>\n <!-- caf\xE9 -->\n</scenario>"));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("2:10: warning[W026]: byte 0xE9 is not valid UTF-8"), "{found:?}");
}

#[test]
fn binary_is_reported_as_such() {
    let scratch = Scratch::new();
    let path = scratch.file("binary.xml", b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe<\0<");
    let source = Source::read(&path).unwrap();
    let (root, diagnostics) = parse(&source.text);
    assert!(root.is_none());
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.code == codes::CONTROL_CHARACTER));
    assert!(diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error));
    assert!(
        render(&source, &diagnostics, false)
            .chars()
            .all(|character| character == '\n' || !character.is_control())
    );
}

#[test]
fn a_missing_file_a_directory_and_a_huge_file_are_refused() {
    let scratch = Scratch::new();
    let missing = Source::read(&scratch.0.join("none.xml")).unwrap_err();
    assert!(matches!(missing.reason, LoadErrorReason::NotFound));
    assert!(
        missing.to_string().contains("Unable to load") && missing.to_string().contains("File was not found")
    );

    let directory = Source::read(&scratch.0).unwrap_err();
    assert!(matches!(directory.reason, LoadErrorReason::Directory), "{directory}");

    let path = scratch.0.join("huge.xml");
    let huge = 100 * 1024 * 1024;
    File::create(&path).unwrap().set_len(huge).unwrap();
    let error = Source::read(&path).unwrap_err();
    assert!(matches!(error.reason, LoadErrorReason::TooLarge(Some(size)) if size == huge), "{error}");
    assert!(error.to_string().contains("16 MiB"), "{error}");
    assert!(FILE_BYTES_MAX < huge);
}

#[test]
#[cfg(unix)]
fn an_endless_device_is_read_up_to_the_limit() {
    let error = Source::read(Path::new("/dev/zero")).unwrap_err();
    assert!(matches!(error.reason, LoadErrorReason::TooLarge(None)), "{error}");
}

#[test]
#[cfg(unix)]
fn an_unreadable_file_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let path = scratch.file("secret.xml", b"<scenario/>");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    match Source::read(&path) {
        Err(error) => assert!(matches!(error.reason, LoadErrorReason::PermissionDenied), "{error}"),
        // Root may read everything.
        Ok(source) => assert_eq!(source.text, "<scenario/>"),
    }
}
