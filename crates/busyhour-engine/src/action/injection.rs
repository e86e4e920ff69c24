//! `lookup`, `insert`, `replace` (spec-scenario §7.2, §10).

use busyhour_scenario::program::Variable;
use busyhour_scenario::template::Template;

use super::{Host, Outcome};
use crate::injection::Unusable;
use crate::snapshot::FailureKind;
use crate::variables::Value;

/// Finds the line of a key: its number, or −1.
pub(super) fn lookup(to: Variable, file: &Template, key: &Template, host: &mut impl Host) -> Outcome {
    let found = with_rendered([file, key], host, |host, [file, key]| host.files().0.lookup(file, key));
    match found {
        Ok(Ok(line)) => {
            host.update(to, |value| *value = Value::Number(line.map_or(-1.0, f64::from)));
            Outcome::Done
        }
        Ok(Err(unusable)) => failed("lookup", &unusable, host),
        Err(kind) => Outcome::Failed(kind),
    }
}

/// Appends a line.
pub(super) fn insert(file: &Template, value: &Template, host: &mut impl Host) -> Outcome {
    let done = with_rendered([file, value], host, |host, [file, value]| {
        let (files, next_call) = host.files();
        files.insert(file, value, next_call)
    });
    finished("insert", done, host)
}

/// Replaces a line.
pub(super) fn replace(file: &Template, line: &Template, value: &Template, host: &mut impl Host) -> Outcome {
    let done = with_rendered([file, line, value], host, |host, [file, line, value]| {
        host.files().0.replace(file, line, value)
    });
    finished("replace", done, host)
}

fn finished(action: &str, done: Result<Result<(), Unusable>, FailureKind>, host: &mut impl Host) -> Outcome {
    match done {
        Ok(Ok(())) => Outcome::Done,
        Ok(Err(unusable)) => failed(action, &unusable, host),
        Err(kind) => Outcome::Failed(kind),
    }
}

/// SIPp ends the run here; a call that fails and says why is worth more.
fn failed(action: &str, unusable: &Unusable, host: &mut impl Host) -> Outcome {
    host.warn(|| format!("{action}: {unusable}: the call fails").into_bytes());
    Outcome::Failed(FailureKind::InjectionFile)
}

/// Fills the keywords of several texts in, one behind the other in one buffer. They are used only if all can be made:
/// an empty line number would mean line 0.
fn with_rendered<H: Host, T, const N: usize>(
    templates: [&Template; N],
    host: &mut H,
    use_texts: impl FnOnce(&H, [&[u8]; N]) -> T,
) -> Result<T, FailureKind> {
    let mut buffer = host.take_buffer();
    buffer.clear();
    let mut ends = [0; N];
    let made = templates.into_iter().zip(&mut ends).try_for_each(|(template, end)| {
        host.render(template, &mut buffer)?;
        *end = buffer.len();
        Ok(())
    });
    let result = made.map(|()| {
        let mut start = 0;
        use_texts(host, ends.map(|end| &buffer[std::mem::replace(&mut start, end)..end]))
    });
    host.return_buffer(buffer);
    result
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;
    use busyhour_scenario::template::Piece;

    use super::super::fake::*;
    use super::*;
    use crate::injection::{Files, Table};

    fn text(text: &str) -> Template {
        Template { pieces: vec![Piece::Literal(text.into())] }
    }

    fn host() -> FakeHost {
        let mut files = Files::default();
        files.add(Table::parse("u.csv", b"SEQUENTIAL\na;1\nb;2\n".to_vec()).unwrap(), true);
        files.index("u.csv", 0);
        FakeHost { files, ..FakeHost::default() }
    }

    fn find(host: &mut FakeHost, key: &str) -> Value {
        let outcome = host.run(&[Action::Lookup { to: A, file: text("u.csv"), key: text(key) }]);
        assert_eq!(outcome, Outcome::Done);
        host.get(A)
    }

    #[test]
    fn lookup_gives_a_number() {
        let mut host = host();
        assert_eq!(find(&mut host, "b"), Value::Number(1.0));
        assert_eq!(find(&mut host, "z"), Value::Number(-1.0));
    }

    #[test]
    fn lines_can_be_inserted_and_replaced() {
        let mut host = host();
        host.put(B, Value::Text(b"c".to_vec()));
        let insert = Action::Insert { file: text("u.csv"), value: template("", B) };
        let replace = Action::Replace { file: text("u.csv"), line: text("0"), value: text("d;4") };
        assert_eq!(host.run(&[insert, replace]), Outcome::Done);
        assert_eq!(find(&mut host, "c"), Value::Number(2.0));
        assert_eq!(find(&mut host, "d"), Value::Number(0.0));
        assert_eq!(find(&mut host, "a"), Value::Number(-1.0));
    }

    #[test]
    fn what_is_not_there_fails_the_call() {
        let mut host = host();
        host.put(A, Value::Number(7.0));
        for action in [
            Action::Lookup { to: A, file: text("v.csv"), key: text("a") },
            Action::Insert { file: text("v.csv"), value: text("a") },
            Action::Replace { file: text("u.csv"), line: text("2"), value: text("a") },
        ] {
            assert_eq!(host.run(&[action]), Outcome::Failed(FailureKind::InjectionFile));
        }
        assert_eq!(host.get(A), Value::Number(7.0));
        let warning = &host.warnings[0];
        assert!(warning.contains("lookup: there is no injection file \"v.csv\", only u.csv"), "{warning}");
    }
}
