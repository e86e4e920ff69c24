//! `exec command` and `exec verify` (spec-scenario §7.2, spec-3.8 A5).

use busyhour_scenario::template::Template;

use super::{Host, Outcome};

/// Has a command run; if `verify`, the call's next step waits for its end. A command that cannot be made is not run:
/// half of one could do anything.
pub(super) fn run(template: &Template, verify: bool, host: &mut impl Host) -> Outcome {
    let mut command = Vec::new();
    if let Err(kind) = host.render(template, &mut command) {
        return Outcome::Failed(kind);
    }
    host.run_command(command, verify);
    Outcome::Done
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use super::*;
    use crate::variables::Value;

    #[test]
    fn commands_are_handed_out() {
        let mut host = FakeHost::default();
        host.put(A, Value::Text(b"x".to_vec()));
        let actions = [Action::ExecCommand(template("echo ", A)), Action::ExecVerify(template("test ", A))];
        assert_eq!(host.run(&actions), Outcome::Done);
        assert_eq!(host.commands, [("echo x".to_owned(), false), ("test x".to_owned(), true)]);
    }
}
