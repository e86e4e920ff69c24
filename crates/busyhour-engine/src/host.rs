//! The side of a call that actions see, and small questions about a call's variables.

use std::sync::atomic::Ordering::Relaxed;

use busyhour_media::{Heard, Source, What};
use busyhour_scenario::program::{Action, Scope, StepKind, Variable};
use busyhour_scenario::regex::Groups;
use busyhour_scenario::template::Template;
use busyhour_wire::Message;
use busyhour_wire::sdp::Medium;
use rand::rngs::SmallRng;

use crate::action::{self, Host, Input, Outcome};
use crate::call::{Call, Fate};
use crate::context::Context;
use crate::dead_call::Ending;
use crate::errand;
use crate::event::Event;
use crate::injection::Files;
use crate::media::{self, FilePlay, Keys};
use crate::prepare::{Eregs, Prepared};
use crate::render;
use crate::settings::MediaSettings;
use crate::snapshot::FailureKind;
use crate::step;
use crate::transport::Protocol;
use crate::unexpected;
use crate::variables::Value;
use busyhour_media::Time;

/// Whose actions run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// A message step.
    Step(u32),
    /// A step of `<init>`.
    Init(u32),
}

/// What actions have done to the flow of the call.
#[derive(Debug, Default)]
pub(crate) struct Acted {
    /// The call ends.
    pub(crate) fate: Option<Fate>,
    /// The call goes on there.
    pub(crate) jump: Option<u32>,
}

/// Runs a step's actions on a message (empty where there is none).
pub(crate) fn act(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    part: Part,
    message: &[u8],
) -> Acted {
    let (actions, eregs): (&[Action], &Eregs) = match part {
        Part::Step(index) => (&prepared.program.steps[index as usize].actions, &prepared.eregs),
        Part::Init(index) => (&prepared.program.init[index as usize].actions, &prepared.init_eregs),
    };
    if actions.is_empty() {
        return Acted::default();
    }
    let input = Input { message, names: &prepared.program.variables };
    let mut running = Running { prepared, context, call, part, eregs, jump: None };
    let outcome = action::run(actions, input, &mut running);
    let jump = running.jump;
    let fate = match outcome {
        Outcome::Done => None,
        Outcome::Failed(kind) => {
            call.failure = Some(kind);
            None
        }
        Outcome::EndCall(kind) => {
            // The message in hand, if it was received, is the one to go by in what ends the call.
            if let Part::Step(index) = part
                && matches!(prepared.program.steps[index as usize].kind, StepKind::Recv(_))
                && let Ok(message) = Message::parse(message)
            {
                step::keep(prepared, context, call, &message);
            }
            Some(unexpected::release(prepared, context, call, kind))
        }
        Outcome::StopCall => Some(Fate::EndsForgotten(Ending::Failed(call.step, FailureKind::CallRejected))),
        Outcome::StopRun => {
            context.shared.stop();
            Some(Fate::Waits)
        }
    };
    Acted { fate, jump }
}

/// Whether a variable is set, as `test` and `condexec` see it.
pub(crate) fn is_set(prepared: &Prepared, context: &Context, call: &Call, variable: Variable) -> bool {
    with_value(prepared, context, call, variable, Value::is_set)
}

/// A variable as a number.
pub(crate) fn number(prepared: &Prepared, context: &Context, call: &Call, variable: Variable) -> f64 {
    with_value(prepared, context, call, variable, Value::as_number)
}

/// Sets a variable.
pub(crate) fn assign(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    variable: Variable,
    value: Value,
) {
    update(prepared, context, call, variable, |slot| *slot = value);
}

fn with_value<T>(
    prepared: &Prepared,
    context: &Context,
    call: &Call,
    variable: Variable,
    read: impl FnOnce(&Value) -> T,
) -> T {
    match variable.scope {
        Scope::Call => read(call.variables().get(variable.slot as usize).unwrap_or(&Value::Unset)),
        scope => read(context.shared.values().get(call.user, scope, prepared.place(variable))),
    }
}

fn update<T>(
    prepared: &Prepared,
    context: &mut Context,
    call: &mut Call,
    variable: Variable,
    change: impl FnOnce(&mut Value) -> T,
) -> T {
    match variable.scope {
        // `Engine::enter` has made the table as long as the program's.
        Scope::Call => change(&mut call.tables.get_or_insert_default().variables[variable.slot as usize]),
        scope => change(context.shared.values().get_mut(call.user, scope, prepared.place(variable))),
    }
}

/// Renders a text that is not part of a message. What cannot be made is told, and empty: such a timeout falls back to
/// the default one.
pub(crate) fn text(prepared: &Prepared, context: &mut Context, call: &Call, template: &Template) -> Vec<u8> {
    let mut out = Vec::new();
    if let Err(trouble) = source(prepared, context, call, Keys::NONE).render(template, &mut out) {
        context.warn(|| trouble.text.into_bytes());
        out.clear();
    }
    out
}

fn source<'a>(
    prepared: &'a Prepared,
    context: &'a Context,
    call: &'a Call,
    keys: &'a Keys,
) -> render::Source<'a> {
    render::Source {
        prepared,
        settings: &context.settings,
        shared: &context.shared,
        call,
        now: context.now,
        branch_index: i64::from(call.step) - 1,
        message_index: -1,
        swapped: false,
        keys,
    }
}

struct Running<'a> {
    prepared: &'a Prepared,
    context: &'a mut Context,
    call: &'a mut Call,
    part: Part,
    eregs: &'a Eregs,
    jump: Option<u32>,
}

impl Host for Running<'_> {
    fn with_value<T>(&self, variable: Variable, read: impl FnOnce(&Value) -> T) -> T {
        with_value(self.prepared, self.context, self.call, variable, read)
    }

    fn update<T>(&mut self, variable: Variable, change: impl FnOnce(&mut Value) -> T) -> T {
        update(self.prepared, self.context, self.call, variable, change)
    }

    fn render(&mut self, template: &Template, out: &mut Vec<u8>) -> Result<(), FailureKind> {
        let start = out.len();
        // No call is there in `<init>` that could have ports or keys.
        let ready = match self.part {
            Part::Step(_) => media::prepare_text(self.prepared, self.context, self.call, template),
            Part::Init(_) => Ok(Keys::default()),
        };
        let rendered = ready
            .and_then(|keys| source(self.prepared, self.context, self.call, &keys).render(template, out));
        rendered.map_err(|trouble| {
            out.truncate(start);
            self.context.warn(|| trouble.text.into_bytes());
            trouble.kind
        })
    }

    fn captures(&mut self, action: usize, text: &[u8], groups: &mut Groups) -> bool {
        let (Part::Step(index) | Part::Init(index)) = self.part;
        self.eregs.get(&(index, action)).is_some_and(|regex| regex.borrow_mut().captures(text, groups))
    }

    fn random(&mut self) -> SmallRng {
        self.context.random(self.call)
    }

    fn step_index(&self) -> u32 {
        self.call.step
    }

    fn step_count(&self) -> u32 {
        match self.part {
            Part::Step(_) => self.prepared.program.steps.len() as u32,
            Part::Init(_) => self.prepared.program.init.len() as u32,
        }
    }

    fn wall_us(&self) -> u64 {
        self.context.settings.wall_start_us + self.context.now.as_micros()
    }

    fn now(&self) -> Time {
        self.context.now
    }

    fn emit(&mut self, event: Event) {
        self.context.emit(event);
    }

    fn log(&mut self, text: &[u8]) {
        if self.context.settings.trace_logs {
            self.context.emit(Event::Log { text: text.to_vec() });
        }
    }

    fn warn(&mut self, text: impl FnOnce() -> Vec<u8>) {
        self.context.warn(text);
    }

    fn files(&self) -> (&Files, u64) {
        (self.context.shared.files(), self.context.shared.created() + 1)
    }

    fn set_jump(&mut self, target: u32) {
        self.jump = Some(target);
    }

    fn restore_pause(&mut self, deadline_ms: f64) {
        // A float cast saturates.
        self.call.extra().restored_pause = Some(Time::from_millis(deadline_ms as u64));
    }

    fn stop_gracefully(&mut self) {
        self.context.shared.begin_quit();
    }

    fn run_command(&mut self, command: Vec<u8>, verify: bool) {
        // No call is there that could wait in `<init>`.
        let verify = verify && matches!(self.part, Part::Step(_));
        errand::run_command(self.context, self.call, command, verify);
    }

    fn protocol(&self) -> Protocol {
        self.context.settings.protocol
    }

    fn set_destination(&mut self, name: &str, port: u16) -> Result<(), String> {
        if matches!(self.part, Part::Init(_)) {
            return Err("<init> has no call that sends".to_owned());
        }
        errand::set_destination(self.prepared, self.context, self.call, name, port)
    }

    fn close_connection(&mut self) {
        if matches!(self.part, Part::Step(_)) {
            errand::close_connection(self.prepared, self.context, self.call);
        }
    }

    fn media(&self) -> Result<&MediaSettings, &'static str> {
        if matches!(self.part, Part::Init(_)) {
            return Err("<init> has no call that plays or listens");
        }
        self.context.settings.media.as_ref().ok_or("this run has no media")
    }

    fn play(&mut self, medium: Medium, source: Source) -> Result<(), FailureKind> {
        media::play(self.prepared, self.context, self.call, medium, source)
    }

    fn play_file(&mut self, play: FilePlay) -> Result<(), FailureKind> {
        media::play_file(self.prepared, self.context, self.call, play)
    }

    fn tell_media(&mut self, medium: Option<Medium>, what: What) -> Result<(), FailureKind> {
        match medium {
            Some(medium) => media::tell_of(self.prepared, self.context, self.call, medium, what),
            None => {
                media::tell(self.prepared, self.context, self.call, what);
                Ok(())
            }
        }
    }

    fn wait_for_streams(&mut self, timeout_ms: u64) {
        if let Part::Step(step) = self.part {
            media::wait_for_streams(self.context, self.call, step, timeout_ms);
        }
    }

    fn switch_echo(&mut self, on: bool) {
        if let Some(media) = &self.context.settings.media {
            media.echo_on.store(on, Relaxed);
        }
    }

    fn heard(&self, medium: Medium) -> Heard {
        media::heard(self.context, self.call, medium)
    }

    fn call_id(&self) -> &[u8] {
        self.call.id.as_bytes()
    }

    fn take_buffer(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.context.scratch)
    }

    fn return_buffer(&mut self, buffer: Vec<u8>) {
        self.context.scratch = buffer;
    }
}
