//! `ereg` (spec-scenario §7.3, spec-3.8 A5).

use busyhour_scenario::program::{Check, Ereg, SearchIn};
use busyhour_scenario::regex::Groups;
use memchr::memmem;

use super::header::rest_of_line;
use super::{Host, Input, Outcome, check, name, quoted, text};
use crate::snapshot::FailureKind;

/// Searches, and assigns what was found. Without a match, and for a group that took no part, variables keep their value.
pub(super) fn run(index: usize, ereg: &Ereg, input: Input<'_>, host: &mut impl Host) -> Outcome {
    let place = match &ereg.search_in {
        SearchIn::Message => Some(input.message),
        SearchIn::Body => {
            memmem::find(input.message, b"\r\n\r\n").map(|end_of_head| &input.message[end_of_head + 4..])
        }
        SearchIn::Header { header, place, ignore_case, occurrence } => {
            rest_of_line(input.message, header.as_bytes(), *place, *ignore_case, *occurrence)
                .filter(|rest| !rest.is_empty())
        }
        SearchIn::Variable(variable) => {
            let mut buffer = host.take_buffer();
            text::copy(*variable, &mut buffer, host);
            let outcome = search(index, ereg, &buffer, input, host);
            host.return_buffer(buffer);
            return outcome;
        }
    };
    if place.is_none() && ereg.check == Check::MustHold {
        host.warn(|| {
            format!("ereg with check_it fails: the message has no {}", place_name(ereg, input)).into_bytes()
        });
        return Outcome::Failed(FailureKind::RegexpHdrNotFound);
    }
    search(index, ereg, place.unwrap_or_default(), input, host)
}

fn search(index: usize, ereg: &Ereg, text: &[u8], input: Input<'_>, host: &mut impl Host) -> Outcome {
    let mut groups = Groups::default();
    let matches = host.captures(index, text, &mut groups);
    if matches {
        for (variable, group) in ereg.assign_to.iter().zip(groups) {
            if let Some(found) = group.and_then(|range| text.get(range)) {
                host.update(*variable, |value| value.set_match(found));
            }
        }
    }
    if !check::fails(ereg.check, matches) {
        return Outcome::Done;
    }
    host.warn(|| {
        let (attribute, pattern) = (check::attribute(ereg.check), &ereg.pattern.source);
        let matches = if matches { "matches" } else { "does not match" };
        let place = place_name(ereg, input);
        format!("ereg with {attribute} fails: \"{pattern}\" {matches} the {place}: {}", quoted(text))
            .into_bytes()
    });
    Outcome::Failed(match ereg.check {
        Check::MustNotHold => FailureKind::RegexpShouldntMatch,
        Check::MustHold | Check::No => FailureKind::RegexpDoesntMatch,
    })
}

fn place_name(ereg: &Ereg, input: Input<'_>) -> String {
    match &ereg.search_in {
        SearchIn::Message => "message".to_owned(),
        SearchIn::Body => "body".to_owned(),
        SearchIn::Header { header, occurrence: 0 | 1, .. } => {
            format!("text after \"{}\"", header.escape_debug())
        }
        SearchIn::Header { header, occurrence, .. } => {
            format!("text after \"{}\", occurrence {occurrence}", header.escape_debug())
        }
        SearchIn::Variable(variable) => format!("variable ${}", name(*variable, input)),
    }
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::{Action, HeaderPlace, Variable};
    use busyhour_scenario::regex::Pattern;

    use super::super::fake::*;
    use super::*;
    use crate::variables::Value;

    const MESSAGE: &[u8] = b"SIP/2.0 200 OK\r\nContact: <sip:a@b>\r\nX-Empty:\r\n\r\nv=0\r\n";

    fn ereg(pattern: &str, search_in: SearchIn, assign_to: &[Variable], check: Check) -> [Action; 1] {
        let pattern = Pattern::new(pattern).expect("a good expression");
        [Action::Ereg(Ereg { pattern, search_in, assign_to: assign_to.to_vec(), check })]
    }

    fn header(header: &str) -> SearchIn {
        let place = HeaderPlace::LineStart;
        SearchIn::Header { header: header.to_owned(), place, ignore_case: false, occurrence: 1 }
    }

    /// What A, B and C hold afterwards; before, A and B are `old` and C is unset.
    fn ran(message: &[u8], actions: &[Action]) -> (Outcome, [String; 3]) {
        let mut host = FakeHost { message: message.to_vec(), ..FakeHost::default() };
        host.put(A, Value::Text(b"old".to_vec()));
        host.put(B, Value::Text(b"old".to_vec()));
        let outcome = host.run(actions);
        assert_eq!(host.warnings.is_empty(), outcome == Outcome::Done);
        (
            outcome,
            [A, B, C].map(|variable| String::from_utf8_lossy(host.get(variable).as_text()).into_owned()),
        )
    }

    fn done(values: [&str; 3]) -> (Outcome, [String; 3]) {
        (Outcome::Done, values.map(str::to_owned))
    }

    fn failed(kind: FailureKind, values: [&str; 3]) -> (Outcome, [String; 3]) {
        (Outcome::Failed(kind), values.map(str::to_owned))
    }

    #[test]
    fn assigns_the_match_and_its_groups() {
        let actions = ereg("sip:([a-z])@([a-z])", SearchIn::Message, &[A, B, C], Check::MustHold);
        assert_eq!(ran(MESSAGE, &actions), done(["sip:a@b", "a", "b"]));
    }

    #[test]
    fn value_is_a_match() {
        let mut host = FakeHost { message: MESSAGE.to_vec(), ..FakeHost::default() };
        host.run(&ereg("2..", SearchIn::Message, &[A], Check::No));
        assert_eq!(host.get(A), Value::Match(b"2.0".to_vec()));
    }

    #[test]
    fn group_without_part_is_left_as_it_is() {
        let actions = ereg("(nope)|(200)", SearchIn::Message, &[A, B, C], Check::No);
        assert_eq!(ran(MESSAGE, &actions), done(["200", "old", "200"]));
    }

    #[test]
    fn more_names_than_groups() {
        let actions = ereg("200", SearchIn::Message, &[C, A], Check::No);
        assert_eq!(ran(MESSAGE, &actions), done(["old", "old", "200"]));
    }

    #[test]
    fn no_match_leaves_the_value() {
        assert_eq!(ran(MESSAGE, &ereg("z", SearchIn::Message, &[A], Check::No)), done(["old", "old", ""]));
        let actions = ereg("z", SearchIn::Message, &[A], Check::MustNotHold);
        assert_eq!(ran(MESSAGE, &actions), done(["old", "old", ""]));
        let actions = ereg("z", SearchIn::Message, &[A], Check::MustHold);
        assert_eq!(ran(MESSAGE, &actions), failed(FailureKind::RegexpDoesntMatch, ["old", "old", ""]));
    }

    #[test]
    fn match_that_should_not_be_is_assigned_all_the_same() {
        let actions = ereg("200", SearchIn::Message, &[A], Check::MustNotHold);
        assert_eq!(ran(MESSAGE, &actions), failed(FailureKind::RegexpShouldntMatch, ["200", "old", ""]));
    }

    #[test]
    fn body_follows_the_blank_line() {
        assert_eq!(
            ran(MESSAGE, &ereg("^.*$", SearchIn::Body, &[A], Check::No)),
            done(["v=0\r\n", "old", ""])
        );
    }

    #[test]
    fn message_without_blank_line_has_an_empty_body() {
        let message = b"SIP/2.0 200 OK\r\nX: y\r\n";
        let run = |check| ran(message, &ereg(".*", SearchIn::Body, &[A], check));
        assert_eq!(run(Check::No), done(["", "old", ""]));
        assert_eq!(run(Check::MustHold), failed(FailureKind::RegexpHdrNotFound, ["old", "old", ""]));
        assert_eq!(run(Check::MustNotHold), failed(FailureKind::RegexpShouldntMatch, ["", "old", ""]));
    }

    #[test]
    fn empty_body_is_a_body() {
        let message = b"SIP/2.0 200 OK\r\n\r\n";
        let actions = ereg(".*", SearchIn::Body, &[A], Check::MustHold);
        assert_eq!(ran(message, &actions), done(["", "old", ""]));
    }

    #[test]
    fn header_keeps_its_leading_blank() {
        let actions = ereg(".*", header("Contact:"), &[A], Check::MustHold);
        assert_eq!(ran(MESSAGE, &actions), done([" <sip:a@b>", "old", ""]));
    }

    #[test]
    fn header_that_is_absent_or_empty() {
        for name in ["X-None:", "X-Empty:"] {
            let run = |pattern, check| ran(MESSAGE, &ereg(pattern, header(name), &[A], check));
            assert_eq!(run(".*", Check::No), done(["", "old", ""]));
            assert_eq!(
                run(".*", Check::MustHold),
                failed(FailureKind::RegexpHdrNotFound, ["old", "old", ""])
            );
            assert_eq!(
                run(".*", Check::MustNotHold),
                failed(FailureKind::RegexpShouldntMatch, ["", "old", ""])
            );
            assert_eq!(run("z", Check::MustNotHold), done(["old", "old", ""]));
        }
    }

    #[test]
    fn header_without_match() {
        let actions = ereg("z", header("Contact:"), &[A], Check::MustHold);
        assert_eq!(ran(MESSAGE, &actions), failed(FailureKind::RegexpDoesntMatch, ["old", "old", ""]));
    }

    #[test]
    fn variable_is_searched_and_may_be_its_own_target() {
        let actions = ereg("l.", SearchIn::Variable(A), &[A, B], Check::MustHold);
        assert_eq!(ran(MESSAGE, &actions), done(["ld", "old", ""]));
    }

    #[test]
    fn step_without_message() {
        for search_in in [SearchIn::Message, SearchIn::Body, header("To:")] {
            let actions = ereg("x", search_in, &[A], Check::No);
            assert_eq!(ran(b"", &actions), done(["old", "old", ""]));
        }
        let actions = ereg("x", header("To:"), &[A], Check::MustHold);
        assert_eq!(ran(b"", &actions), failed(FailureKind::RegexpHdrNotFound, ["old", "old", ""]));
    }

    #[test]
    fn warm_match_reuses_memory() {
        let mut host = FakeHost { message: MESSAGE.to_vec(), ..FakeHost::default() };
        let actions = ereg("sip:.@.", SearchIn::Message, &[A], Check::No);
        host.run(&actions);
        let memory = host.with_value(A, |value| value.as_text().as_ptr());
        host.run(&actions);
        assert_eq!(host.with_value(A, |value| value.as_text().as_ptr()), memory);
    }
}
