//! The media files that a scenario names: whether a run could play them.

use busyhour_media::{Library, library::BadMedia};
use busyhour_wire::sdp::Medium;

use crate::check::codes;
use crate::diagnostic::Diagnostic;
use crate::media_arguments::packet_form;
use crate::program::{MediaFile, Program};

/// Loads the files whose names stand in a program, so that a run has them at hand, and reports each that cannot be
/// played, each that is made here because it is not there, and
/// each that holds more than RTP. `default_payload` is `-rtp_payload`. Findings are in the
/// order of the file.
pub fn check(program: &Program, library: &Library, default_payload: u8) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> =
        program.media.files.iter().filter_map(|file| look(file, library, default_payload)).collect();
    findings.sort_by_key(|finding| finding.span.start);
    findings
}

fn look(file: &MediaFile, library: &Library, default_payload: u8) -> Option<Diagnostic> {
    let loaded = match &file.sound {
        None => library.capture(&file.name).map(Some),
        Some(Some(form)) => library.sound(&file.name, form).map(|_| None),
        Some(None) => packet_form(default_payload, None)
            .map_err(|what| BadMedia { what, help: "give another -rtp_payload".to_owned() })
            .and_then(|form| library.sound(&file.name, &form).map(|_| None)),
    };
    let capture = match loaded {
        Ok(capture) => capture?,
        Err(BadMedia { what, help }) => {
            let message = format!("cannot play {what}");
            let finding = Diagnostic::error(codes::BAD_MEDIA, file.span.clone(), message);
            return Some(finding.label("not played").help(help));
        }
    };
    if !library.is_stand_in(&file.name) {
        let mut skipped = capture.skipped;
        if file.medium == Medium::Image {
            // A fax is no RTP.
            skipped.not_rtp = 0;
        }
        let message = format!("{}: {}", file.name, skipped.note()?);
        let help = format!("look at it with: tshark -r {}", file.name);
        let finding = Diagnostic::warning(codes::STRANGE_CAPTURE, file.span.clone(), message);
        return Some(finding.label("not all of it is RTP").help(help));
    }
    let message = format!("{} is not there: one of busyhour's own making is played in its place", file.name);
    let help = "it is SIPp's example; put SIPp's pcap folder, or a recording of yours under this name, into the \
                working folder";
    let finding = Diagnostic::warning(codes::STAND_IN, file.span.clone(), message);
    Some(finding.label("no such file").help(help))
}
