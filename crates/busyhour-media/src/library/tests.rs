use std::path::Path;

use super::*;
use crate::generate;

/// A folder that goes with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(name), bytes).expect("a file");
    }

    fn library(&self) -> Library {
        Library::new(Some(self.0.path().to_owned()))
    }
}

fn form(encoding: &str) -> PacketForm {
    PacketForm::telephone(8, encoding)
}

#[test]
fn a_file_is_read_once() {
    let folder = Folder::new();
    folder.write("one.pcap", &generate::digit_capture("1", 96));
    let library = folder.library();
    let first = library.capture("one.pcap").expect("a capture");
    std::fs::remove_file(folder.0.path().join("one.pcap")).expect("removed");
    assert!(Arc::ptr_eq(&first, &library.capture("one.pcap").expect("still known")));
    assert_eq!(first.packets.len(), 10);
}

#[test]
fn errors_are_remembered() {
    let folder = Folder::new();
    let library = folder.library();
    let error = library.capture("late.pcap").unwrap_err();
    assert!(error.what.contains("late.pcap: no such file"), "{}", error.what);
    folder.write("late.pcap", &generate::digit_capture("1", 96));
    assert_eq!(library.capture("late.pcap").unwrap_err(), error);
}

#[test]
fn a_sound_is_kept_for_each_encoding() {
    let folder = Folder::new();
    folder.write("tone.wav", &generate::write_wav(&generate::tone(1000.0, -10.0, 100, 8000), 1, 8000));
    folder.write("bare.al", &[0xd5; 7]);
    let library = folder.library();
    let alaw = library.sound("tone.wav", &form("PCMA")).expect("A-law");
    let ulaw = library.sound("tone.wav", &form("PCMU")).expect("µ-law");
    let wide = library.sound("tone.wav", &form("G722")).expect("G.722");
    assert_eq!([alaw.bytes.len(), ulaw.bytes.len(), wide.bytes.len()], [800; 3]);
    assert_ne!(alaw.bytes, ulaw.bytes);
    assert!(Arc::ptr_eq(&alaw, &library.sound("tone.wav", &form("pcma")).expect("A-law")));
    assert_eq!(library.sound("bare.al", &form("PCMA")).expect("bytes").bytes, [0xd5; 7]);
}

#[test]
fn files_that_are_too_long_are_not_read() {
    let folder = Folder::new();
    let file = File::create(folder.0.path().join("huge.pcap")).expect("a file");
    // A hole: it takes no room on the disk.
    file.set_len(5 << 30).expect("a length");
    let error = folder.library().capture("huge.pcap").unwrap_err();
    assert!(error.what.contains("huge.pcap: 5120 MiB; files of up to 512 MiB"), "{}", error.what);
    assert!(error.help.contains("editcap"));
}

#[test]
fn only_plain_files_are_read() {
    let folder = Folder::new();
    for name in [".", "/dev/zero"] {
        let error = folder.library().sound(name, &form("PCMA")).unwrap_err();
        assert!(error.what.contains("not a plain file"), "{}", error.what);
    }
    folder.write("empty.wav", b"");
    assert!(folder.library().sound("empty.wav", &form("PCMA")).unwrap_err().what.contains("empty file"));
    assert!(folder.library().capture("empty.wav").unwrap_err().what.contains("empty file"));
}

#[test]
fn digits_of_every_call_do_not_pile_up() {
    let library = Library::default();
    let wish = |number: usize| Digits { digits: number.to_string(), tone_ms: 100, payload_type: 96 };
    let kept = library.digits(&wish(0));
    for number in 1..3 * MAX_NAMES {
        assert!(library.digits(&wish(number)).packets.len() > 20);
    }
    assert!(library.dropped() > 0);
    assert!(Arc::ptr_eq(&kept, &library.digits(&wish(0))));
}

#[test]
fn threads_share_what_they_read() {
    let folder = Folder::new();
    folder.write("two.pcap", &generate::digit_capture("2", 96));
    let library = folder.library();
    let captures: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..4).map(|_| scope.spawn(|| library.capture("two.pcap").expect("read"))).collect();
        readers.into_iter().map(|reader| reader.join().expect("no panic")).collect()
    });
    let kept = library.capture("two.pcap").expect("kept");
    assert!(captures.iter().all(|capture| Arc::ptr_eq(capture, &kept) && capture.packets.len() == 10));
}

#[test]
fn a_name_with_a_home_is_looked_for_there() {
    let error = Library::default().capture("~/no-such-file-of-busyhour.pcap").unwrap_err();
    let expected = match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Path::new(&home).join("no-such-file-of-busyhour.pcap").display().to_string(),
        None => "HOME is not set".to_owned(),
    };
    assert!(error.what.ends_with(&expected), "{}, expected {expected}", error.what);
}
