//! Indentation that SIPp does not take away whole: blanks behind a tab stay, and the line continues the header before it
//! (spec-scenario §4.1).

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::Scene;

/// Reports the first such line of each message.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.steps {
        let Some(span) = &step.raw else { continue };
        let text = scene.source.text.get(span.clone()).unwrap_or_default();
        // White space before the first line goes whole.
        let mut at = span.start + (text.len() - text.trim_ascii_start().len());
        let rest = scene.source.text.get(at..span.end).unwrap_or_default();
        for (number, line) in rest.split_inclusive('\n').enumerate() {
            let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
            let is_blank = line.trim_ascii().is_empty();
            if number > 0 && !is_blank && stays(&line[..indentation]) {
                findings.add(
                    codes::FOLDED,
                    at..at + indentation,
                    "SIPp keeps the blanks behind a tab: for it, this line continues the one before",
                    "a tab, then blanks",
                    "indent with blanks only, or with tabs only",
                );
                break;
            }
            at += line.len();
        }
    }
}

/// True if something is left when first the blanks and then the tabs in front have gone.
fn stays(indentation: &str) -> bool {
    !indentation.trim_start_matches(' ').trim_start_matches('\t').is_empty()
}
