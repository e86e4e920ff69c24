//! Actions on texts: `log`, `warning`, `assignstr`, `strcmp`.

use busyhour_scenario::program::{Check, Text, Variable};
use busyhour_scenario::template::Template;

use super::{Host, Input, Outcome, check, name, quoted};
use crate::snapshot::FailureKind;
use crate::variables::Value;

pub(super) fn log(template: &Template, host: &mut impl Host) -> Outcome {
    with_rendered(template, host, |text, host| host.log(text))
}

pub(super) fn warning(template: &Template, host: &mut impl Host) -> Outcome {
    with_rendered(template, host, |text, host| host.warn(|| text.to_vec()))
}

pub(super) fn assign(to: Variable, template: &Template, host: &mut impl Host) -> Outcome {
    with_rendered(template, host, |text, host| host.update(to, |value| value.set_text(text)))
}

/// Compares byte for byte; the result is the difference of the first bytes that differ, an end counting as 0.
pub(super) fn compare(
    variable: Variable,
    with: &Text,
    assign_to: Option<Variable>,
    check: Check,
    input: Input<'_>,
    host: &mut impl Host,
) -> Outcome {
    let difference = match with {
        Text::Literal(literal) => {
            host.with_value(variable, |value| difference(value.as_text(), literal.as_bytes()))
        }
        Text::Variable(other) => {
            let mut buffer = host.take_buffer();
            copy(*other, &mut buffer, host);
            let difference = host.with_value(variable, |value| difference(value.as_text(), &buffer));
            host.return_buffer(buffer);
            difference
        }
    };
    if check::fails(check, difference == 0) {
        warn_of_check(variable, with, check, input, host);
        return Outcome::Failed(match check {
            Check::MustNotHold => FailureKind::StrcmpShouldntMatch,
            Check::MustHold | Check::No => FailureKind::StrcmpDoesntMatch,
        });
    }
    if let Some(to) = assign_to {
        host.update(to, |value| *value = Value::Number(difference.into()));
    }
    Outcome::Done
}

/// Puts a variable's text into a buffer.
pub(super) fn copy(variable: Variable, buffer: &mut Vec<u8>, host: &impl Host) {
    buffer.clear();
    host.with_value(variable, |value| buffer.extend_from_slice(value.as_text()));
}

fn with_rendered<H: Host>(
    template: &Template,
    host: &mut H,
    use_text: impl FnOnce(&[u8], &mut H),
) -> Outcome {
    let mut buffer = host.take_buffer();
    buffer.clear();
    let outcome = match host.render(template, &mut buffer) {
        Ok(()) => {
            use_text(&buffer, host);
            Outcome::Done
        }
        Err(kind) => Outcome::Failed(kind),
    };
    host.return_buffer(buffer);
    outcome
}

fn difference(left: &[u8], right: &[u8]) -> i32 {
    let at = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let byte = |text: &[u8]| i32::from(text.get(at).copied().unwrap_or(0));
    byte(left) - byte(right)
}

fn warn_of_check(variable: Variable, with: &Text, check: Check, input: Input<'_>, host: &mut impl Host) {
    let left = host.with_value(variable, |value| quoted(value.as_text()));
    let right = match with {
        Text::Literal(literal) => quoted(literal.as_bytes()),
        Text::Variable(other) => {
            let text = host.with_value(*other, |value| quoted(value.as_text()));
            format!("${} ({text})", name(*other, input))
        }
    };
    let (variable, attribute) = (name(variable, input), check::attribute(check));
    let is = if check == Check::MustNotHold { "equals" } else { "differs from" };
    host.warn(|| format!("strcmp with {attribute} fails: ${variable} ({left}) {is} {right}").into_bytes());
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn log_and_warning_fill_keywords_in() {
        let mut host = FakeHost::default();
        host.put(A, text("x"));
        host.run(&[Action::Log(template("a is ", A)), Action::Warning(template("mind ", A))]);
        assert_eq!(
            (&host.logs[..], &host.warnings[..]),
            (&["a is x".to_owned()][..], &["mind x".to_owned()][..])
        );
    }

    #[test]
    fn assignstr_reuses_memory() {
        let mut host = FakeHost::default();
        host.put(A, text("0123456789"));
        host.put(B, Value::Number(2.0));
        let memory = host.with_value(A, |value| value.as_text().as_ptr());
        host.run(&[Action::AssignString { to: A, value: template("", B) }]);
        assert_eq!(host.get(A), text("2.000000"));
        assert_eq!(host.with_value(A, |value| value.as_text().as_ptr()), memory);
        host.run(&[Action::AssignString { to: A, value: template("v=", A) }]);
        assert_eq!(host.get(A), text("v=2.000000"));
    }

    fn compared(left: Value, with: Text, check: Check) -> (Outcome, Value) {
        let mut host = FakeHost::default();
        host.put(A, left);
        host.put(B, text("42"));
        host.put(C, text("old"));
        let outcome = host.run(&[Action::StringCompare { variable: A, with, assign_to: Some(C), check }]);
        assert_eq!(host.warnings.is_empty(), outcome == Outcome::Done);
        (outcome, host.get(C))
    }

    #[test]
    fn strcmp_gives_the_difference_of_bytes() {
        let literal = |literal: &str| Text::Literal(literal.to_owned());
        for (left, with, difference) in [
            (text("42"), literal("42"), 0.0),
            (text("42"), Text::Variable(B), 0.0),
            (text("42"), literal("4"), 50.0),
            (text("h"), literal("a"), 7.0),
            (text("a"), literal("\u{e9}"), f64::from(b'a') - 195.0),
            (Value::Number(12.0), literal("12"), -49.0),
            (Value::Unset, literal(""), 0.0),
        ] {
            assert_eq!(compared(left, with, Check::No), (Outcome::Done, Value::Number(difference)));
        }
    }

    #[test]
    fn strcmp_of_a_variable_with_itself() {
        assert_eq!(compared(text("x"), Text::Variable(A), Check::MustHold).0, Outcome::Done);
    }

    #[test]
    fn failing_strcmp_does_not_assign() {
        let by = |left: &str, check| compared(text(left), Text::Variable(B), check);
        assert_eq!(by("42", Check::MustHold), (Outcome::Done, Value::Number(0.0)));
        let failed = |kind| (Outcome::Failed(kind), text("old"));
        assert_eq!(by("43", Check::MustHold), failed(FailureKind::StrcmpDoesntMatch));
        assert_eq!(by("42", Check::MustNotHold), failed(FailureKind::StrcmpShouldntMatch));
        let with = Text::Literal("42".to_owned());
        assert_eq!(compared(text("42"), with, Check::MustNotHold), failed(FailureKind::StrcmpShouldntMatch));
    }
}
