//! A last header that is nothing but a keyword which may be empty: SIPp then drops the blank line behind it, too
//! (spec-scenario §4.3). We do not, but the scenario may be played by both.

use crate::check::findings::Findings;
use crate::check::lint::codes;
use crate::check::lint::scene::Scene;

/// Headers that every message has.
const ALWAYS: &[&str] = &["Via", "v", "From", "f", "To", "t", "Call-ID", "i", "CSeq"];

/// Reports such headers in sends.
pub(crate) fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for message in scene.steps.iter().filter_map(|step| step.message.as_ref()) {
        let Some(line) = message.last_header() else { continue };
        let Some(keyword) = lone_keyword(message.get(line.clone())) else { continue };
        if may_be_empty(keyword) {
            findings.add(
                codes::BLANK_LINE_LOST,
                message.span(line),
                format!("where [{keyword}] is empty, SIPp leaves out the blank line behind it as well"),
                "the last header",
                "move it up, and let another header such as Content-Length be the last",
            );
        }
    }
}

/// The keyword that a line consists of.
pub(super) fn lone_keyword(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']').filter(|keyword| !keyword.contains(['[', ']']))
}

/// True for a keyword that may be empty. A variable may be so, too, but whoever ends a message with one has put headers
/// into it.
pub(super) fn may_be_empty(keyword: &str) -> bool {
    let Some(header) = keyword.strip_prefix("last_") else {
        return keyword == "routes"
            || keyword
                .strip_prefix("field")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    };
    let header = header.strip_suffix(':').or(header.strip_suffix(".value")).unwrap_or(header);
    header != "message" && !ALWAYS.iter().any(|always| always.eq_ignore_ascii_case(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_every_message_has_are_never_empty() {
        assert!(!may_be_empty("last_CSeq:") && !may_be_empty("last_via") && !may_be_empty("last_message"));
        assert!(may_be_empty("last_Record-Route:") && may_be_empty("routes") && may_be_empty("field0"));
        assert!(!may_be_empty("fieldname") && !may_be_empty("$1") && !may_be_empty("authentication"));
        assert_eq!(lone_keyword("[a][b]"), None);
        assert_eq!(lone_keyword("X: [a]"), None);
    }
}
