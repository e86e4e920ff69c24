//! `busyhour media`: example files to play, and what is in a capture or a sound.

mod capture;

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use busyhour_media::generate::{EXAMPLES, example_file};
use busyhour_media::library::BadMedia;
use busyhour_media::sound::{Wave, describe_wave};
use busyhour_media::{Capture, Library};
use busyhour_report::figures::{counted, duration, entry};
use clap::{Args, Subcommand};

use crate::exit::SUCCESS;
use crate::terminal::say;

/// A file cannot be played, or not be written.
const FAILED: u8 = 1;

/// What to do with media files.
#[derive(Debug, Args)]
pub(crate) struct MediaArguments {
    #[command(subcommand)]
    command: MediaCommand,
}

#[derive(Debug, Subcommand)]
enum MediaCommand {
    /// Lists the example captures and sounds that `example` writes
    Examples,
    /// Writes an example capture or sound, made by this program: something to play before you have recordings
    Example {
        /// Which one: see `busyhour media examples`
        name: String,
        /// File or folder to write to; the name in the working folder by default
        file: Option<PathBuf>,
        /// Write over a file that is there
        #[arg(long)]
        force: bool,
    },
    /// Says what is in captures and sounds, as a scenario would play them
    ///
    /// Of a capture: packets, length, streams with their payload types, digits, and what is left out. Of a WAV file: how it
    /// is coded, and how long it lasts. Any other file is taken for encoded bytes without packets. The exit status is 1 if
    /// one of the files cannot be played, else 0.
    Show {
        /// Captures (pcap, pcapng) and sounds
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
}

/// Does what is asked for: 0, or 1 if a file cannot be played or written.
pub(crate) fn run(arguments: &MediaArguments) -> u8 {
    match &arguments.command {
        MediaCommand::Examples => say(&list()),
        MediaCommand::Example { name, file, force } => return write(name, file.as_deref(), *force),
        MediaCommand::Show { files } => return show(files),
    }
    SUCCESS
}

fn list() -> String {
    let width = EXAMPLES.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, what) in EXAMPLES {
        text.push_str(&format!("{name:<width$}  {what}\n"));
    }
    text.push_str("\nbusyhour media example NAME writes one to the working folder.\n");
    text
}

fn write(name: &str, file: Option<&Path>, force: bool) -> u8 {
    let Some(bytes) = example_file(name) else {
        let name = name.escape_debug();
        return complain(&format!("no example is called {name}"), "busyhour media examples lists them");
    };
    let path = match file {
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file.to_owned(),
        None => PathBuf::from(name),
    };
    let mut how = OpenOptions::new();
    how.write(true).create(force).create_new(!force).truncate(force);
    let place = path.display().to_string();
    let place = place.escape_debug();
    match how.open(&path).and_then(|mut file| file.write_all(&bytes)) {
        Ok(()) => {
            say(&format!("{place}: written, {}\n", counted(bytes.len() as u64, "byte")));
            SUCCESS
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            complain(&format!("{place} is there already"), "name another file, or write over it with --force")
        }
        Err(error) => {
            complain(&format!("{place} cannot be written: {error}"), "name a file in a folder of yours")
        }
    }
}

fn show(files: &[String]) -> u8 {
    let library = Library::new(None);
    let mut status = SUCCESS;
    for (n, name) in files.iter().enumerate() {
        if n > 0 {
            say("\n");
        }
        match library.read(name).and_then(|bytes| described(&bytes, name)) {
            Ok(text) => say(&text),
            Err(BadMedia { what, help }) => {
                status = complain(&printable(&format!("cannot play {what}")), &printable(&help));
            }
        }
    }
    status
}

fn complain(what: &str, help: &str) -> u8 {
    let _ = writeln!(io::stderr(), "error: {what}\n  help: {help}");
    FAILED
}

fn described(bytes: &[u8], name: &str) -> Result<String, BadMedia> {
    let shown = name.escape_debug();
    if let Some(wave) = describe_wave(bytes, name)? {
        return Ok(format!("{shown}: a WAV file\n{}", sound(&wave)));
    }
    if let Some(what) = coded_otherwise(bytes) {
        return Err(BadMedia {
            what: format!("{name}: {what}; rtp_stream would send its bytes as they are, which is noise"),
            help: format!("convert it to WAV: ffmpeg -i {name} -ac 1 -ar 8000 out.wav"),
        });
    }
    if is_capture(bytes) || (is_called(name, &CAPTURES) && !bytes.is_empty()) {
        let capture = Capture::parse(bytes, name)?;
        return Ok(format!("{shown}: a capture\n{}", capture::text(&capture, name)));
    }
    if bytes.is_empty() {
        return Err(BadMedia {
            what: format!("{name}: an empty file, nothing to play"),
            help: "name a capture, a WAV file, or one with the encoded bytes of a payload".to_owned(),
        });
    }
    let mut text = format!("{shown}: neither a capture nor a WAV file\n");
    line(&mut text, "rtp_stream sends it byte by byte", &counted(bytes.len() as u64, "byte"), "");
    // 8000 bytes a second.
    line(&mut text, "length as PCMU, PCMA or G722", &duration(bytes.len() as u64 * 125), "");
    text.push_str("  play_pcap_audio and its like can't play it.\n");
    if is_called(name, &["wav"]) {
        text.push_str("  Its name says WAV, but a WAV file begins with RIFF: is it damaged?\n");
    }
    Ok(text)
}

/// What else a file says that it is.
fn coded_otherwise(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'I', b'D', b'3', ..] => Some("an MP3 file"),
        [b'O', b'g', b'g', b'S', ..] => Some("an Ogg file"),
        [b'f', b'L', b'a', b'C', ..] => Some("a FLAC file"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Some("an AMR file"),
        [b'R', b'I', b'F', b'X', ..] => Some("a WAV file of the other byte order (RIFX)"),
        [b'R', b'I', b'F', b'F', ..] => Some("a RIFF file, but not of WAVE"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("an MP4 or M4A file"),
        _ => None,
    }
}

/// Endings of names of captures, and of what they are compressed to.
const CAPTURES: [&str; 6] = ["pcap", "pcapng", "cap", "gz", "zst", "lz4"];

/// Whether a file's name ends so.
fn is_called(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| extensions.iter().any(|known| found.eq_ignore_ascii_case(known)))
}

/// Text that names and bytes of files stand in, for a terminal: what is not printable becomes an escape.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

fn sound(wave: &Wave) -> String {
    let mut text = String::new();
    line(&mut text, "coding", &wave.coding, "");
    line(
        &mut text,
        "channels",
        &wave.channels.to_string(),
        if wave.channels > 1 { "mixed to one" } else { "" },
    );
    line(&mut text, "rate", &format!("{} Hz", wave.rate_hz), "");
    match wave.frames {
        Some(frames) => {
            let us = frames * 1_000_000 / u64::from(wave.rate_hz);
            let packets = format!("{} of 20 ms", counted(us.div_ceil(20_000), "packet"));
            line(&mut text, "length", &duration(us), &packets);
            text.push_str("  rtp_stream plays it as PCMU (0), PCMA (8) or G722 (9), converted when it is loaded.\n");
        }
        None => text.push_str("  rtp_stream sends its data as they are: give the payload type and name that they are coded in.\n"),
    }
    text
}

/// Whether a file says that it is pcap, of either byte order and clock, or pcapng.
fn is_capture(bytes: &[u8]) -> bool {
    matches!(
        bytes.get(..4),
        Some(
            [0xd4, 0xc3, 0xb2, 0xa1]
                | [0xa1, 0xb2, 0xc3, 0xd4]
                | [0x4d, 0x3c, 0xb2, 0xa1]
                | [0xa1, 0xb2, 0x3c, 0x4d]
                | [0x0a, 0x0d, 0x0d, 0x0a]
        )
    )
}

/// Adds a line of a list.
fn line(text: &mut String, label: &str, value: &str, note: &str) {
    text.push_str(&entry(label, value, note));
    text.push('\n');
}
