//! Actions on numbers: `assign`, arithmetic, `sample`, `todouble`, `test`.

use busyhour_scenario::program::{Arithmetic, Check, Compare, Distribution, Operand, Variable};

use super::{Host, Input, Outcome, check, name, quoted};
use crate::distribution;
use crate::snapshot::FailureKind;
use crate::variables::Value;

/// The value of an operand. A text that is no number counts 0, with a warning that names the action.
pub(super) fn operand(action: &str, operand: Operand, input: Input<'_>, host: &mut impl Host) -> f64 {
    match operand {
        Operand::Value(value) => value,
        Operand::Variable(variable) => {
            let (number, odd) = host.with_value(variable, number_of);
            warn_of_text(action, variable, odd, input, host);
            number
        }
    }
}

pub(super) fn assign(to: Variable, value: Operand, input: Input<'_>, host: &mut impl Host) {
    let number = operand("assign", value, input, host);
    set(to, number, host);
}

pub(super) fn run(
    operator: Arithmetic,
    to: Variable,
    value: Operand,
    input: Input<'_>,
    host: &mut impl Host,
) {
    let (action, calculate): (_, fn(f64, f64) -> f64) = match operator {
        Arithmetic::Add => ("add", |a, b| a + b),
        Arithmetic::Subtract => ("subtract", |a, b| a - b),
        Arithmetic::Multiply => ("multiply", |a, b| a * b),
        Arithmetic::Divide => ("divide", |a, b| a / b),
    };
    let by = operand(action, value, input, host);
    if operator == Arithmetic::Divide && by == 0.0 {
        let divisor = match value {
            Operand::Variable(variable) => format!("${}", name(variable, input)),
            Operand::Value(_) => "the divisor".to_owned(),
        };
        let to = name(to, input);
        host.warn(|| format!("divide: {divisor} is 0 or not set; ${to} stays as it is").into_bytes());
        return;
    }
    let odd = host.update(to, |value| {
        let (number, odd) = number_of(value);
        *value = Value::Number(calculate(number, by));
        odd
    });
    warn_of_text(action, to, odd, input, host);
}

pub(super) fn sample(to: Variable, distribution: &Distribution, host: &mut impl Host) {
    let number = distribution::sample(distribution, &mut host.random());
    set(to, number, host);
}

pub(super) fn to_double(to: Variable, from: Variable, input: Input<'_>, host: &mut impl Host) {
    match host.with_value(from, |value| value.to_number().ok_or_else(|| value.as_text().to_vec())) {
        Ok(number) => set(to, number, host),
        Err(text) => {
            let (to, from) = (name(to, input), name(from, input));
            host.warn(|| {
                let held = quoted(&text);
                format!("todouble: ${from} holds {held}, which is not a number; ${to} stays as it is")
                    .into_bytes()
            });
        }
    }
}

pub(super) fn test(
    variable: Variable,
    compare: Compare,
    with: Operand,
    assign_to: Option<Variable>,
    check: Check,
    input: Input<'_>,
    host: &mut impl Host,
) -> Outcome {
    let left = host.with_value(variable, Value::compare_number);
    let right = match with {
        Operand::Value(value) => value,
        Operand::Variable(variable) => host.with_value(variable, Value::compare_number),
    };
    let holds = holds(compare, left, right);
    if check::fails(check, holds) {
        let (variable, attribute) = (name(variable, input), check::attribute(check));
        let is = if holds { "is" } else { "is not" };
        let relation = relation(compare);
        host.warn(|| {
            format!("test with {attribute} fails: ${variable} ({left}) {is} {relation} {right}").into_bytes()
        });
        return Outcome::Failed(match check {
            Check::MustNotHold => FailureKind::TestShouldntMatch,
            Check::MustHold | Check::No => FailureKind::TestDoesntMatch,
        });
    }
    if let Some(to) = assign_to {
        host.update(to, |value| *value = Value::Bool(holds));
    }
    Outcome::Done
}

fn set(to: Variable, number: f64, host: &mut impl Host) {
    host.update(to, |value| *value = Value::Number(number));
}

/// The value as a number, and its text if that is not one.
fn number_of(value: &Value) -> (f64, Option<Vec<u8>>) {
    match (value.to_number(), value) {
        (Some(number), _) => (number, None),
        (None, Value::Text(text) | Value::Match(text)) => (0.0, Some(text.clone())),
        (None, _) => (0.0, None),
    }
}

fn warn_of_text(
    action: &str,
    variable: Variable,
    text: Option<Vec<u8>>,
    input: Input<'_>,
    host: &mut impl Host,
) {
    let Some(text) = text else { return };
    let variable = name(variable, input);
    host.warn(|| {
        format!("{action}: ${variable} holds {}, which is not a number; it counts as 0", quoted(&text))
            .into_bytes()
    });
}

fn holds(compare: Compare, left: f64, right: f64) -> bool {
    match compare {
        Compare::Equal => left == right,
        Compare::NotEqual => left != right,
        Compare::Greater => left > right,
        Compare::Less => left < right,
        Compare::GreaterOrEqual => left >= right,
        Compare::LessOrEqual => left <= right,
    }
}

fn relation(compare: Compare) -> &'static str {
    match compare {
        Compare::Equal => "equal to",
        Compare::NotEqual => "different from",
        Compare::Greater => "greater than",
        Compare::Less => "less than",
        Compare::GreaterOrEqual => "at least",
        Compare::LessOrEqual => "at most",
    }
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    fn arithmetic(operator: Arithmetic, value: Operand) -> [Action; 1] {
        [Action::Arithmetic { operator, to: A, value }]
    }

    fn after(operator: Arithmetic, before: Value, value: Operand) -> (Value, Vec<String>) {
        let mut host = FakeHost::default();
        host.put(A, before);
        host.put(B, text("4"));
        assert_eq!(host.run(&arithmetic(operator, value)), Outcome::Done);
        (host.get(A), host.warnings)
    }

    #[test]
    fn operators() {
        let seven = || Value::Number(7.0);
        for (operator, result) in [
            (Arithmetic::Add, 9.0),
            (Arithmetic::Subtract, 5.0),
            (Arithmetic::Multiply, 14.0),
            (Arithmetic::Divide, 3.5),
        ] {
            assert_eq!(after(operator, seven(), Operand::Value(2.0)), (Value::Number(result), vec![]));
        }
        assert_eq!(after(Arithmetic::Add, seven(), Operand::Variable(B)).0, Value::Number(11.0));
    }

    #[test]
    fn texts_take_part() {
        assert_eq!(after(Arithmetic::Add, text("12"), Operand::Value(3.0)), (Value::Number(15.0), vec![]));
        let found = Value::Match(b"42".to_vec());
        assert_eq!(after(Arithmetic::Add, found, Operand::Value(1.0)).0, Value::Number(43.0));
        let (value, warnings) = after(Arithmetic::Add, text("12abc"), Operand::Value(3.0));
        assert_eq!(value, Value::Number(3.0));
        assert!(warnings[0].starts_with("add: $a holds \"12abc\""), "{warnings:?}");
    }

    #[test]
    fn unset_counts_0_without_a_warning() {
        assert_eq!(after(Arithmetic::Add, Value::Unset, Operand::Variable(C)), (Value::Number(0.0), vec![]));
    }

    #[test]
    fn division_by_0_changes_nothing() {
        for divisor in [Operand::Variable(C), Operand::Value(0.0)] {
            let (value, warnings) = after(Arithmetic::Divide, text("12"), divisor);
            assert_eq!((value, warnings.len()), (text("12"), 1));
        }
    }

    #[test]
    fn assign_takes_value_or_variable() {
        let mut host = FakeHost::default();
        host.put(B, Value::Bool(true));
        host.run(&[Action::Assign { to: A, value: Operand::Value(2.5) }]);
        assert_eq!(host.get(A), Value::Number(2.5));
        host.run(&[Action::Assign { to: A, value: Operand::Variable(B) }]);
        assert_eq!(host.get(A), Value::Number(1.0));
    }

    #[test]
    fn sample_draws() {
        let mut host = FakeHost::default();
        let distribution = Distribution::Uniform { min: 10.0, max: 20.0 };
        host.run(&[Action::Sample { to: A, distribution }]);
        assert!((10.0..=20.0).contains(&host.get(A).as_number()));
    }

    #[test]
    fn todouble_takes_only_a_whole_number() {
        for (from, to) in [(text("2.5"), 2.5), (Value::Bool(true), 1.0), (Value::Number(3.0), 3.0)] {
            let mut host = FakeHost::default();
            host.put(B, from);
            host.run(&[Action::ToDouble { to: A, from: B }]);
            assert_eq!(host.get(A), Value::Number(to));
        }
        for from in [text("2.5s"), text(""), Value::Unset] {
            let mut host = FakeHost::default();
            host.put(A, Value::Number(7.0));
            host.put(B, from);
            assert_eq!(host.run(&[Action::ToDouble { to: A, from: B }]), Outcome::Done);
            assert_eq!((host.get(A), host.warnings.len()), (Value::Number(7.0), 1));
        }
    }

    fn tested(left: Value, compare: Compare, with: Operand, check: Check) -> (Outcome, Value) {
        let mut host = FakeHost::default();
        host.put(A, left);
        host.put(B, Value::Number(5.0));
        host.put(C, text("old"));
        let outcome = host.run(&[Action::Test { variable: A, compare, with, assign_to: Some(C), check }]);
        assert_eq!(host.warnings.is_empty(), outcome == Outcome::Done);
        (outcome, host.get(C))
    }

    #[test]
    fn test_compares() {
        use Compare::*;
        for (compare, results) in [
            (Equal, [false, true, false]),
            (NotEqual, [true, false, true]),
            (Greater, [false, false, true]),
            (Less, [true, false, false]),
            (GreaterOrEqual, [false, true, true]),
            (LessOrEqual, [true, true, false]),
        ] {
            for (left, result) in [4.0, 5.0, 6.0].into_iter().zip(results) {
                for with in [Operand::Value(5.0), Operand::Variable(B)] {
                    let found = tested(Value::Number(left), compare, with, Check::No);
                    assert_eq!(found, (Outcome::Done, Value::Bool(result)));
                }
            }
        }
    }

    #[test]
    fn test_counts_a_text_as_0() {
        let found = tested(text("5"), Compare::Equal, Operand::Value(5.0), Check::No);
        assert_eq!(found.1, Value::Bool(false));
        let found = tested(text("5"), Compare::Equal, Operand::Value(0.0), Check::No);
        assert_eq!(found.1, Value::Bool(true));
    }

    #[test]
    fn failing_test_does_not_assign() {
        let five = || Value::Number(5.0);
        let by = |value, check| tested(five(), Compare::Equal, Operand::Value(value), check);
        assert_eq!(by(5.0, Check::MustHold), (Outcome::Done, Value::Bool(true)));
        assert_eq!(by(6.0, Check::MustNotHold), (Outcome::Done, Value::Bool(false)));
        let failed = |kind| (Outcome::Failed(kind), text("old"));
        assert_eq!(by(6.0, Check::MustHold), failed(FailureKind::TestDoesntMatch));
        assert_eq!(by(5.0, Check::MustNotHold), failed(FailureKind::TestShouldntMatch));
    }
}
