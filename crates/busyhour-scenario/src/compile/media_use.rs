//! What a program needs of the media side.

use busyhour_wire::sdp::Medium;

use crate::program::{Action, Argument, MediaAction, MediaFile, MediaUse, Program, Stream};
use crate::template::{Keyword, Piece, Template};

/// What a program, whose files these are, needs.
pub(crate) fn media_use(program: &Program, files: Vec<MediaFile>) -> MediaUse {
    let mut found = MediaUse { files, ..MediaUse::default() };
    for step in program.init.iter().chain(&program.steps) {
        for action in &step.actions {
            if let Action::Media(action) = action {
                of_action(action, &mut found);
            }
        }
    }
    let mut shared_without_line = false;
    for (_, keyword) in program.keywords() {
        match keyword {
            Keyword::MediaPort(_, Some(medium)) => found.shared_port[medium.index()] = true,
            Keyword::MediaPort(_, None) => shared_without_line = true,
            Keyword::AutoMediaPort(_, medium) => {
                found.auto_port[medium.unwrap_or(Medium::Audio).index()] = true;
            }
            Keyword::RtpStreamPort(_, medium) => found.own_port[medium.index()] = true,
            Keyword::Crypto(_) => found.crypto = true,
            _ => {}
        }
    }
    let texts = program.texts();
    found.crypto |= texts.flat_map(|text| &text.pieces).any(|piece| match piece {
        Piece::Literal(bytes) => memchr::memmem::find(bytes, b"a=crypto:").is_some(),
        Piece::Keyword(_) => false,
    });
    for medium in Medium::ALL {
        let index = medium.index();
        // It stands on a line that does not name its medium, such as `a=rtcp:`.
        let by_default = shared_without_line && medium == Medium::Audio;
        if (by_default || found.used[index]) && !found.own_port[index] && !found.auto_port[index] {
            found.shared_port[index] = true;
        }
    }
    found
}

fn of_action(action: &MediaAction, found: &mut MediaUse) {
    let mut uses = |medium: Medium| {
        found.any = true;
        found.used[medium.index()] = true;
    };
    match action {
        MediaAction::PlayCapture { medium, .. }
        | MediaAction::Echo { medium, .. }
        | MediaAction::Quality { medium, .. }
        | MediaAction::Stream(Argument::Known(
            Stream::File { medium, .. } | Stream::Pattern { medium, .. },
        )) => uses(*medium),
        MediaAction::PlayDigits(_) | MediaAction::HeardDigits { .. } => uses(Medium::Audio),
        MediaAction::Stream(Argument::Text(text)) => uses(medium_of_text(text)),
        MediaAction::Statistics { medium, payload, .. } => {
            uses(*medium);
            found.wants_first_payload |= payload.is_some();
        }
        MediaAction::Assert { claims } => claims.iter().for_each(|claim| uses(claim.medium)),
        // They change what others start. The echo of the process needs no call.
        MediaAction::Stream(Argument::Known(Stream::Pause(_) | Stream::Resume(_)))
        | MediaAction::Wait { .. }
        | MediaAction::EchoAll(_) => {}
    }
}

/// The medium of a stream that is known only when it runs, as far as its text tells.
fn medium_of_text(text: &Template) -> Medium {
    let says = |word: &[u8]| {
        text.pieces.iter().any(
            |piece| matches!(piece, Piece::Literal(bytes) if memchr::memmem::find(bytes, word).is_some()),
        )
    };
    if says(b"vpattern") || says(b"/90000") { Medium::Video } else { Medium::Audio }
}
