//! A call for the tests of actions.

use std::collections::HashMap;

use busyhour_media::{Heard, Source, What};
use busyhour_scenario::program::{Action, Scope, Variable, VariableTable};
use busyhour_scenario::regex::{Groups, Regex};
use busyhour_scenario::template::{Keyword, Piece, Template};
use busyhour_wire::sdp::Medium;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{Host, Input, Outcome};
use crate::event::Event;
use crate::injection::Files;
use crate::media::FilePlay;
use crate::settings::MediaSettings;
use crate::snapshot::FailureKind;
use crate::transport::Protocol;
use crate::variables::Value;
use busyhour_media::Time;

pub(super) const A: Variable = Variable { scope: Scope::Call, slot: 0 };
pub(super) const B: Variable = Variable { scope: Scope::Call, slot: 1 };
pub(super) const C: Variable = Variable { scope: Scope::Global, slot: 0 };

/// Remembers what actions did to it.
#[derive(Debug, Default)]
pub(super) struct FakeHost {
    pub(super) message: Vec<u8>,
    pub(super) step_index: u32,
    pub(super) step_count: u32,
    pub(super) wall_us: u64,
    pub(super) now: Time,
    pub(super) events: Vec<Event>,
    pub(super) logs: Vec<String>,
    pub(super) warnings: Vec<String>,
    pub(super) jump: Option<u32>,
    pub(super) restored_pause: Option<f64>,
    pub(super) stopped_gracefully: bool,
    pub(super) values: HashMap<Variable, Value>,
    pub(super) expressions: HashMap<usize, Regex>,
    pub(super) commands: Vec<(String, bool)>,
    pub(super) destinations: Vec<(String, u16)>,
    pub(super) connections_closed: usize,
    pub(super) buffers_lent: usize,
    pub(super) files: Files,
    pub(super) media: Option<MediaSettings>,
    pub(super) told: Vec<String>,
    pub(super) waits: Vec<u64>,
    pub(super) echoes: Vec<bool>,
    pub(super) heard: HashMap<Medium, Heard>,
}

impl FakeHost {
    pub(super) fn run(&mut self, actions: &[Action]) -> Outcome {
        self.expressions.clear();
        for (index, action) in actions.iter().enumerate() {
            if let Action::Ereg(ereg) = action {
                self.expressions.insert(index, Regex::new(&ereg.pattern).expect("a good expression"));
            }
        }
        let names = VariableTable {
            call: vec!["a".to_owned(), "b".to_owned()],
            user: Vec::new(),
            global: vec!["c".to_owned()],
        };
        let message = self.message.clone();
        let outcome = super::run(actions, Input { message: &message, names: &names }, self);
        assert_eq!(self.buffers_lent, 0);
        outcome
    }

    pub(super) fn get(&self, variable: Variable) -> Value {
        self.with_value(variable, Value::clone)
    }

    pub(super) fn put(&mut self, variable: Variable, value: Value) {
        self.values.insert(variable, value);
    }
}

impl Host for FakeHost {
    fn with_value<T>(&self, variable: Variable, read: impl FnOnce(&Value) -> T) -> T {
        read(self.values.get(&variable).unwrap_or(&Value::Unset))
    }

    fn update<T>(&mut self, variable: Variable, change: impl FnOnce(&mut Value) -> T) -> T {
        change(self.values.entry(variable).or_default())
    }

    fn render(&mut self, template: &Template, out: &mut Vec<u8>) -> Result<(), FailureKind> {
        for piece in &template.pieces {
            match piece {
                Piece::Literal(bytes) => out.extend_from_slice(bytes),
                Piece::Keyword(Keyword::Variable(variable)) => {
                    self.with_value(*variable, |value| value.render_into(out));
                }
                Piece::Keyword(keyword) => panic!("{keyword:?}"),
            }
        }
        Ok(())
    }

    fn captures(&mut self, action: usize, text: &[u8], groups: &mut Groups) -> bool {
        self.expressions.get_mut(&action).expect("an ereg stands there").captures(text, groups)
    }

    fn random(&mut self) -> SmallRng {
        SmallRng::seed_from_u64(1)
    }

    fn step_index(&self) -> u32 {
        self.step_index
    }

    fn step_count(&self) -> u32 {
        self.step_count
    }

    fn wall_us(&self) -> u64 {
        self.wall_us
    }

    fn now(&self) -> Time {
        self.now
    }

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    fn log(&mut self, text: &[u8]) {
        self.logs.push(String::from_utf8_lossy(text).into_owned());
    }

    fn warn(&mut self, text: impl FnOnce() -> Vec<u8>) {
        self.warnings.push(String::from_utf8_lossy(&text()).into_owned());
    }

    fn files(&self) -> (&Files, u64) {
        (&self.files, 1)
    }

    fn set_jump(&mut self, target: u32) {
        self.jump = Some(target);
    }

    fn restore_pause(&mut self, deadline_ms: f64) {
        self.restored_pause = Some(deadline_ms);
    }

    fn stop_gracefully(&mut self) {
        self.stopped_gracefully = true;
    }

    fn run_command(&mut self, command: Vec<u8>, verify: bool) {
        self.commands.push((String::from_utf8_lossy(&command).into_owned(), verify));
    }

    fn protocol(&self) -> Protocol {
        Protocol::Udp
    }

    fn set_destination(&mut self, name: &str, port: u16) -> Result<(), String> {
        if name == "nowhere" {
            return Err("nowhere is no place".to_owned());
        }
        self.destinations.push((name.to_owned(), port));
        Ok(())
    }

    fn close_connection(&mut self) {
        self.connections_closed += 1;
    }

    fn media(&self) -> Result<&MediaSettings, &'static str> {
        self.media.as_ref().ok_or("no media")
    }

    fn play(&mut self, medium: Medium, source: Source) -> Result<(), FailureKind> {
        self.tell_media(Some(medium), What::Play { medium, source })
    }

    fn play_file(&mut self, play: FilePlay) -> Result<(), FailureKind> {
        self.told.push(format!("{play:?}"));
        Ok(())
    }

    fn tell_media(&mut self, _: Option<Medium>, what: What) -> Result<(), FailureKind> {
        self.told.push(format!("{what:?}"));
        Ok(())
    }

    fn wait_for_streams(&mut self, timeout_ms: u64) {
        self.waits.push(timeout_ms);
    }

    fn switch_echo(&mut self, on: bool) {
        self.echoes.push(on);
    }

    fn heard(&self, medium: Medium) -> Heard {
        self.heard.get(&medium).cloned().unwrap_or_default()
    }

    fn call_id(&self) -> &[u8] {
        b"1@host"
    }

    fn take_buffer(&mut self) -> Vec<u8> {
        self.buffers_lent += 1;
        b"left behind".to_vec()
    }

    fn return_buffer(&mut self, _: Vec<u8>) {
        self.buffers_lent -= 1;
    }
}

/// A literal and a variable.
pub(super) fn template(literal: &str, variable: Variable) -> Template {
    let pieces = vec![Piece::Literal(literal.into()), Piece::Keyword(Keyword::Variable(variable))];
    Template { pieces }
}
