//! How long calls of a scenario last, as far as it shows before the run.

use busyhour_media::Library;
use busyhour_media::library::{Loaded, Wanted};
use busyhour_scenario::media_arguments::packet_form;
use busyhour_scenario::program::{Action, Argument, MediaAction, Program, StepKind, Stream};
use busyhour_wire::rtp::PacketForm;
use busyhour_wire::sdp::Medium;

/// The pauses of a call and its waits for streams, ms, step after step; `u64::MAX` if it waits for a stream without an end.
/// `default_pause_ms` is `-d`, `default_payload` is `-rtp_payload`. What only a run can tell counts as nothing: pauses
/// by variables, files whose names hold keywords, jumps.
pub(super) fn held_ms(
    program: &Program,
    library: &Library,
    default_pause_ms: u64,
    default_payload: u8,
) -> u64 {
    let mut now = 0_u64;
    let mut ends = [0_u64; Medium::COUNT];
    for step in &program.steps {
        let mut held_until = now;
        for action in &step.actions {
            match action {
                Action::Media(MediaAction::Stream(Argument::Known(stream))) => match stream {
                    Stream::File { name, loops, medium, form } if *loops != Some(0) => {
                        let length = match loops {
                            Some(loops) => sound_ms(library, name, form.as_ref(), default_payload)
                                .unwrap_or(0)
                                .saturating_mul(u64::from(*loops)),
                            None => u64::MAX,
                        };
                        ends[medium.index()] = now.saturating_add(length);
                    }
                    Stream::Pattern { medium, .. } => ends[medium.index()] = u64::MAX,
                    Stream::File { .. } | Stream::Pause(_) | Stream::Resume(_) => {}
                },
                Action::Media(MediaAction::Stream(Argument::Text(_))) => ends = [now; Medium::COUNT],
                Action::Media(MediaAction::Wait { timeout_ms }) => {
                    let timeout = match timeout_ms {
                        0 => u64::MAX,
                        ms => now.saturating_add(*ms),
                    };
                    held_until = ends.into_iter().max().unwrap_or(0).min(timeout).max(now);
                }
                _ => {}
            }
        }
        now = held_until;
        if let StepKind::Pause(pause) = &step.kind {
            now = now.saturating_add(pause.expected_ms().unwrap_or(default_pause_ms));
        }
    }
    now
}

/// How long a sound plays once; `None` if it has not been read.
fn sound_ms(library: &Library, name: &str, form: Option<&PacketForm>, default_payload: u8) -> Option<u64> {
    let form = match form {
        Some(form) => form.clone(),
        None => packet_form(default_payload, None).ok()?,
    };
    let (packet_bytes, packet_ms) = (form.packet_bytes as u64, form.packet_ms as u64);
    match library.known(&Wanted::Sound(name.to_owned(), form))?.ok()? {
        Loaded::Sound(sound) => {
            Some((sound.bytes.len() as u64).div_ceil(packet_bytes.max(1)).saturating_mul(packet_ms))
        }
        Loaded::Capture(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use busyhour_scenario::source::Source;
    use busyhour_scenario::{Options, load, media_files};

    use super::*;

    /// Of a call with these steps behind its OPTIONS. `a.raw` has 1 s of PCMA, `b.raw` 100 ms.
    fn held(steps: &str) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.raw"), [0xd5; 8000]).unwrap();
        fs::write(folder.path().join("b.raw"), [0xd5; 800]).unwrap();
        let text = format!("<scenario><recv request=\"OPTIONS\"/>{steps}</scenario>");
        let loaded = load(&Source::from_bytes("x.xml", text.as_bytes()), &Options::default());
        let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let library = Library::new(Some(folder.path().to_owned()));
        media_files::check(&program, &library, 8);
        held_ms(&program, &library, 7, 8)
    }

    fn nop(actions: &[&str]) -> String {
        let actions = actions.iter().map(|action| match action.strip_prefix("wait,") {
            Some(ms) => format!("<exec rtp_stream=\"wait\" timeout=\"{ms}\"/>"),
            None => format!("<exec rtp_stream=\"{action}\"/>"),
        });
        format!("<nop><action>{}</action></nop>", actions.collect::<String>())
    }

    #[test]
    fn waits_last_as_long_as_what_streams() {
        let pause = "<pause milliseconds=\"300\"/>";
        assert_eq!(held(&format!("{pause}<pause/>")), 307);
        assert_eq!(held(&nop(&["a.raw"])), 0, "nobody waits");
        assert_eq!(held(&nop(&["a.raw", "wait"])), 1000);
        assert_eq!(held(&nop(&["a.raw,3", "wait"])), 3000);
        assert_eq!(held(&nop(&["a.raw,3,0", "wait,1200"])), 1200);
        assert_eq!(held(&nop(&["a.raw", "b.raw", "wait"])), 100, "the last one plays");
        assert_eq!(held(&nop(&["b.raw", "vpattern,1,96,H264/90000", "wait,50"])), 50);
        assert_eq!(held(&format!("{}{pause}{}", nop(&["a.raw"]), nop(&["wait"]))), 1000);
        assert_eq!(held(&format!("{}{pause}{}", nop(&["b.raw"]), nop(&["wait"]))), 300);
        assert_eq!(held(&format!("{}{pause}", nop(&["a.raw", "wait"]))), 1300);
        assert_eq!(held(&nop(&["a.raw,0", "wait"])), 0);
        assert_eq!(held(&nop(&["[call_number].raw", "wait"])), 0, "nobody knows");
        assert_eq!(held(&format!("{}{pause}", nop(&["a.raw,-1", "wait"]))), u64::MAX);
    }
}
