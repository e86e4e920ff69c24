//! What actions do (spec-scenario §7, spec-3.8 A5).
//!
//! An action sees its call through [`Host`] and knows nothing of how calls are kept.

mod arithmetic;
mod auth;
mod check;
mod claim;
mod command;
mod destination;
mod ereg;
#[cfg(test)]
mod fake;
mod flow;
mod header;
mod injection;
mod media;
mod text;
mod url;

use busyhour_media::{Heard, Source, What};
use busyhour_scenario::program::{Action, InternalCommand, Scope, Variable, VariableTable};
use busyhour_scenario::regex::Groups;
use busyhour_scenario::template::Template;
use busyhour_wire::sdp::Medium;
use rand::rngs::SmallRng;

use crate::event::Event;
use crate::injection::Files;
use crate::media::FilePlay;
use crate::settings::MediaSettings;
use crate::snapshot::FailureKind;
use crate::transport::Protocol;
use crate::variables::Value;
use busyhour_media::Time;

/// What an action needs of the call that it runs in.
pub(crate) trait Host {
    /// Reads a variable. `read` must not look at another one: a lock may be held.
    fn with_value<T>(&self, variable: Variable, read: impl FnOnce(&Value) -> T) -> T;

    /// Changes a variable in place; for one that calls share, in one piece. `change` must not look at another one.
    fn update<T>(&mut self, variable: Variable, change: impl FnOnce(&mut Value) -> T) -> T;

    /// Appends what a text gives with its keywords filled in.
    ///
    /// # Errors
    /// What the call fails as, if the text cannot be made: nothing is appended then, and a warning says why.
    fn render(&mut self, template: &Template, out: &mut Vec<u8>) -> Result<(), FailureKind>;

    /// Runs the expression of the `ereg` at this place of the list.
    fn captures(&mut self, action: usize, text: &[u8], groups: &mut Groups) -> bool;

    /// Random numbers for one draw.
    fn random(&mut self) -> SmallRng;

    /// The call's current step, which in a `recv` is not always the step whose actions run.
    fn step_index(&self) -> u32;

    /// Number of steps of the scenario.
    fn step_count(&self) -> u32;

    /// Wall clock, µs since 1970.
    fn wall_us(&self) -> u64;

    /// The engine's time.
    fn now(&self) -> Time;

    /// Hands something to the reporters.
    fn emit(&mut self, event: Event);

    /// Takes a line of `log`, without line end.
    fn log(&mut self, text: &[u8]);

    /// Takes a warning; the text is made only if it is wanted.
    fn warn(&mut self, text: impl FnOnce() -> Vec<u8>);

    /// The injection files, and the number that the next call will have.
    fn files(&self) -> (&Files, u64);

    /// The call goes on at this step, at most [`Host::step_count`], unless its present step is a `recv`.
    fn set_jump(&mut self, target: u32);

    /// The present pause ends at this moment, in ms since the start of the run.
    fn restore_pause(&mut self, deadline_ms: f64);

    /// No new calls; the run ends with the last open one.
    fn stop_gracefully(&mut self);

    /// Gives a command to whoever runs it; if `verify`, the call's next step waits for its end.
    fn run_command(&mut self, command: Vec<u8>, verify: bool);

    /// What carries the call's messages.
    fn protocol(&self) -> Protocol;

    /// The call's messages go there from now on; a name is looked up first, and the call's next step waits for that.
    ///
    /// # Errors
    /// Why that cannot be, in words.
    fn set_destination(&mut self, name: &str, port: u16) -> Result<(), String>;

    /// Gives the call's socket up.
    fn close_connection(&mut self);

    /// Media of the run.
    ///
    /// # Errors
    /// There are none, or no call that could have any: why, in words.
    fn media(&self) -> Result<&MediaSettings, &'static str>;

    /// Plays something, on a port that the medium gets if it has none.
    ///
    /// # Errors
    /// What the call fails as, if there is no port: a warning says why.
    fn play(&mut self, medium: Medium, source: Source) -> Result<(), FailureKind>;

    /// Plays a file likewise, once it has been read: if that is still to be done, the call's next step waits for it.
    ///
    /// # Errors
    /// As [`Host::play`], or the file is known as one that can't be played.
    fn play_file(&mut self, play: FilePlay) -> Result<(), FailureKind>;

    /// Tells the media thread something of a medium, which gets a port if it has none; or of the whole call.
    ///
    /// # Errors
    /// As [`Host::play`].
    fn tell_media(&mut self, medium: Option<Medium>, what: What) -> Result<(), FailureKind>;

    /// The call's next step waits until nothing streams any more, at most so long; 0: for ever.
    fn wait_for_streams(&mut self, timeout_ms: u64);

    /// Switches the echoes of the whole process (`<rtp_echo>`).
    fn switch_echo(&mut self, on: bool);

    /// What the call has heard of a medium.
    fn heard(&self, medium: Medium) -> Heard;

    /// The call's Call-ID, for warnings.
    fn call_id(&self) -> &[u8];

    /// Lends a buffer, to be given back by [`Host::return_buffer`]; what is in it does not matter.
    fn take_buffer(&mut self) -> Vec<u8>;

    /// Takes a lent buffer back.
    fn return_buffer(&mut self, buffer: Vec<u8>);
}

/// What actions are run on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    /// The message of the step; empty where it has none.
    pub(crate) message: &'a [u8],
    /// Names of variables, for warnings.
    pub(crate) names: &'a VariableTable,
}

/// How a list of actions ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of them ran.
    Done,
    /// One failed and the rest was skipped: the call goes on, and has failed at its end.
    Failed(FailureKind),
    /// The call ends now, and has failed so.
    EndCall(FailureKind),
    /// The call ends now and counts as rejected.
    StopCall,
    /// The run ends now; [`Event::Stop`] has been emitted.
    StopRun,
}

/// Runs actions in order, up to the first that does not end well.
pub(crate) fn run(actions: &[Action], input: Input<'_>, host: &mut impl Host) -> Outcome {
    for (index, action) in actions.iter().enumerate() {
        let outcome = run_one(index, action, input, host);
        if outcome != Outcome::Done {
            return outcome;
        }
    }
    Outcome::Done
}

fn run_one(index: usize, action: &Action, input: Input<'_>, host: &mut impl Host) -> Outcome {
    match action {
        Action::Ereg(ereg) => return ereg::run(index, ereg, input, host),
        Action::Log(template) => return text::log(template, host),
        Action::Warning(template) => return text::warning(template, host),
        Action::Error(template) => return flow::error(template, host),
        Action::Assign { to, value } => arithmetic::assign(*to, *value, input, host),
        Action::AssignString { to, value } => return text::assign(*to, value, host),
        Action::Arithmetic { operator, to, value } => arithmetic::run(*operator, *to, *value, input, host),
        Action::Sample { to, distribution } => arithmetic::sample(*to, distribution, host),
        Action::ToDouble { to, from } => arithmetic::to_double(*to, *from, input, host),
        Action::Test { variable, compare, with, assign_to, check } => {
            return arithmetic::test(*variable, *compare, *with, *assign_to, *check, input, host);
        }
        Action::StringCompare { variable, with, assign_to, check } => {
            return text::compare(*variable, with, *assign_to, *check, input, host);
        }
        Action::Trim(variable) => host.update(*variable, Value::trim),
        Action::UrlEncode(variable) => url::encode(*variable, host),
        Action::UrlDecode(variable) => url::decode(*variable, host),
        Action::Lookup { to, file, key } => return injection::lookup(*to, file, key, host),
        Action::Insert { file, value } => return injection::insert(file, value, host),
        Action::Replace { file, line, value } => return injection::replace(file, line, value, host),
        Action::VerifyAuth { to, username, password } => {
            return auth::verify(*to, username, password, input, host);
        }
        Action::SetDestination { host: name, port, protocol } => {
            return destination::set(name, port, protocol, host);
        }
        Action::CloseConnection => host.close_connection(),
        Action::ExecVerify(template) => return command::run(template, true, host),
        Action::Index(variable) => {
            let index = f64::from(host.step_index());
            host.update(*variable, |value| *value = Value::Number(index));
        }
        Action::Jump(target) => return flow::jump(*target, input, host),
        Action::PauseRestore(deadline) => {
            let deadline_ms = arithmetic::operand("pauserestore", *deadline, input, host);
            host.restore_pause(deadline_ms);
        }
        Action::GetTimeOfDay { seconds, microseconds } => {
            flow::get_time_of_day(*seconds, *microseconds, host);
        }
        Action::ExecCommand(template) => return command::run(template, false, host),
        Action::ExecInternal(InternalCommand::StopNow) => return flow::stop_now(host),
        Action::ExecInternal(InternalCommand::StopGracefully) => host.stop_gracefully(),
        Action::ExecInternal(InternalCommand::StopCall) => return Outcome::StopCall,
        Action::Media(action) => return media::run(action, input, host),
    }
    Outcome::Done
}

/// A variable as warnings call it.
fn name<'a>(variable: Variable, input: Input<'a>) -> &'a str {
    let names = match variable.scope {
        Scope::Call => &input.names.call,
        Scope::User => &input.names.user,
        Scope::Global => &input.names.global,
    };
    names.get(variable.slot as usize).map_or("?", String::as_str)
}

/// Bytes as warnings show them: in quotes, and cut where they are long.
fn quoted(text: &[u8]) -> String {
    const BYTES_MAX: usize = 500;
    let shown = String::from_utf8_lossy(&text[..text.len().min(BYTES_MAX)]);
    let more = if text.len() > BYTES_MAX { "…" } else { "" };
    format!("\"{shown}{more}\"")
}

#[cfg(test)]
mod tests {
    use busyhour_scenario::program::{Check, Compare, Operand};

    use super::fake::*;
    use super::*;

    #[test]
    fn failing_action_skips_the_rest() {
        let mut host = FakeHost::default();
        let actions = [
            Action::Assign { to: A, value: Operand::Value(1.0) },
            Action::Test {
                variable: A,
                compare: Compare::Equal,
                with: Operand::Value(5.0),
                assign_to: None,
                check: Check::MustHold,
            },
            Action::Assign { to: A, value: Operand::Value(2.0) },
        ];
        assert_eq!(host.run(&actions), Outcome::Failed(FailureKind::TestDoesntMatch));
        assert_eq!(host.get(A), Value::Number(1.0));
    }

    #[test]
    fn index_is_the_calls_step() {
        let mut host = FakeHost { step_index: 7, ..FakeHost::default() };
        assert_eq!(host.run(&[Action::Index(A)]), Outcome::Done);
        assert_eq!(host.get(A), Value::Number(7.0));
    }

    #[test]
    fn trim_makes_a_text() {
        let mut host = FakeHost::default();
        host.put(A, Value::Match(b" sip:a \r\n".to_vec()));
        assert_eq!(host.run(&[Action::Trim(A)]), Outcome::Done);
        assert_eq!(host.get(A), Value::Text(b"sip:a".to_vec()));
    }

    #[test]
    fn pauserestore_takes_a_variable() {
        let mut host = FakeHost::default();
        host.put(A, Value::Number(1234.5));
        host.run(&[Action::PauseRestore(Operand::Variable(A))]);
        assert_eq!(host.restored_pause, Some(1234.5));
    }

    #[test]
    fn internal_commands() {
        let mut host = FakeHost { now: Time::from_millis(5), ..FakeHost::default() };
        let run = |host: &mut FakeHost, command| host.run(&[Action::ExecInternal(command)]);
        assert_eq!(run(&mut host, InternalCommand::StopCall), Outcome::StopCall);
        assert_eq!(run(&mut host, InternalCommand::StopGracefully), Outcome::Done);
        assert!(host.stopped_gracefully);
        assert_eq!(run(&mut host, InternalCommand::StopNow), Outcome::StopRun);
        let stop = Event::Stop { at: Time::from_millis(5), text: None, exit_status: 97 };
        assert_eq!(host.events, [stop]);
    }
}
