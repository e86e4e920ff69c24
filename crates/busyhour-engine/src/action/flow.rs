//! Actions beyond the call's values: `jump`, `gettimeofday`, `error`, `exec`.

use busyhour_scenario::program::{Operand, Variable};
use busyhour_scenario::template::Template;

use super::{Host, Input, Outcome, arithmetic};
use crate::event::Event;
use crate::snapshot::FailureKind;
use crate::variables::Value;

/// The fraction of the target is cut. A target that does not exist, or the present step itself, fails the call.
pub(super) fn jump(target: Operand, input: Input<'_>, host: &mut impl Host) -> Outcome {
    let wanted = arithmetic::operand("jump", target, input, host).trunc();
    let (own, last) = (host.step_index(), host.step_count());
    if wanted == f64::from(own) {
        host.warn(|| {
            format!("jump: step {own} jumps to itself, which would never end: the call fails").into_bytes()
        });
        return Outcome::Failed(FailureKind::CallRejected);
    }
    if !(0.0..=f64::from(last)).contains(&wanted) {
        host.warn(|| {
            let range =
                format!("steps have the indices 0 to {}, and {last} is the end", last.saturating_sub(1));
            format!("jump: there is no step {wanted} ({range}): the call fails").into_bytes()
        });
        return Outcome::Failed(FailureKind::CallRejected);
    }
    host.set_jump(wanted as u32);
    Outcome::Done
}

pub(super) fn get_time_of_day(seconds: Variable, microseconds: Variable, host: &mut impl Host) {
    let now = host.wall_us();
    host.update(seconds, |value| *value = Value::Number((now / 1_000_000) as f64));
    host.update(microseconds, |value| *value = Value::Number((now % 1_000_000) as f64));
}

pub(super) fn error(template: &Template, host: &mut impl Host) -> Outcome {
    let mut text = Vec::new();
    if host.render(template, &mut text).is_err() {
        // The run ends all the same: that is what the scenario wants here.
        text.extend_from_slice(b"error: its text could not be made");
    }
    stop(Some(text), 255, host)
}

pub(super) fn stop_now(host: &mut impl Host) -> Outcome {
    stop(None, 97, host)
}

fn stop(text: Option<Vec<u8>>, exit_status: u8, host: &mut impl Host) -> Outcome {
    let at = host.now();
    host.emit(Event::Stop { at, text, exit_status });
    Outcome::StopRun
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::Action;

    use super::super::fake::*;
    use super::*;
    use busyhour_media::Time;

    fn jumped(to: Value) -> (Outcome, Option<u32>, usize) {
        let mut host = FakeHost { step_index: 3, step_count: 10, ..FakeHost::default() };
        host.put(A, to);
        let outcome = host.run(&[Action::Jump(Operand::Variable(A))]);
        (outcome, host.jump, host.warnings.len())
    }

    #[test]
    fn jump_goes_anywhere_up_to_the_end() {
        for (to, target) in [(0.0, 0), (2.9, 2), (9.0, 9), (10.0, 10), (-0.5, 0)] {
            assert_eq!(jumped(Value::Number(to)), (Outcome::Done, Some(target), 0));
        }
        assert_eq!(jumped(Value::Text(b"5".to_vec())), (Outcome::Done, Some(5), 0));
    }

    #[test]
    fn jump_elsewhere_fails_the_call() {
        for to in [3.0, 3.5, 11.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            let failed = Outcome::Failed(FailureKind::CallRejected);
            assert_eq!(jumped(Value::Number(to)), (failed, None, 1), "{to}");
        }
    }

    #[test]
    fn actions_after_a_jump_run() {
        let mut host = FakeHost { step_count: 10, ..FakeHost::default() };
        host.run(&[Action::Jump(Operand::Value(4.0)), Action::Log(template("after", A))]);
        assert_eq!((host.jump, host.logs.len()), (Some(4), 1));
    }

    #[test]
    fn gettimeofday_has_seconds_and_microseconds() {
        let mut host = FakeHost { wall_us: 1_700_000_000_123_456, ..FakeHost::default() };
        host.run(&[Action::GetTimeOfDay { seconds: A, microseconds: B }]);
        assert_eq!((host.get(A), host.get(B)), (Value::Number(1_700_000_000.0), Value::Number(123_456.0)));
    }

    #[test]
    fn error_ends_the_run() {
        let mut host = FakeHost { now: Time::from_millis(9), ..FakeHost::default() };
        host.put(A, Value::Bool(true));
        assert_eq!(host.run(&[Action::Error(template("bad: ", A))]), Outcome::StopRun);
        let text = Some(b"bad: true".to_vec());
        assert_eq!(host.events, [Event::Stop { at: Time::from_millis(9), text, exit_status: 255 }]);
    }
}
