//! Steps in a row with the labels between them: the scenario itself, and its `<init>`.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::check::codes;
use crate::check::flow::{self, StepPlace};
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::program::{Step, StepIndex};
use crate::xml::Element;

/// A stanza while it is read.
#[derive(Debug, Default)]
pub(crate) struct Stanza {
    steps: Vec<Step>,
    places: Vec<StepPlace>,
    labels: BTreeMap<String, StepIndex>,
    wanted: Vec<Wanted>,
    /// Methods of the requests sent so far, without those of named transactions.
    pub(crate) methods: String,
    /// Default of `hide` for the steps that follow.
    pub(crate) hide_rest: bool,
    /// The next step has a label.
    labelled: bool,
    left_out: bool,
}

/// A label that a step names.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) label: String,
    pub(crate) span: Range<usize>,
    pub(crate) attribute: Jump,
    /// Of the step that names it.
    pub(crate) index: usize,
}

/// The two ways to name a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    /// `next`.
    Next,
    /// `ontimeout`.
    OnTimeout,
}

impl Stanza {
    /// True if there are no steps.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Number of steps so far, which is the next one's index.
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Notes that a step could not be read.
    pub(crate) fn leave_out(&mut self) {
        self.left_out = true;
    }

    /// Puts something in the place of a step that could not be read, so that the ones behind it keep their indices.
    pub(crate) fn push_stand_in(&mut self, step: Step, place: StepPlace) {
        self.left_out = true;
        self.labelled = false;
        self.steps.push(step);
        self.places.push(place);
    }

    /// True if a step could not be read.
    pub(crate) fn left_out(&self) -> bool {
        self.left_out
    }

    /// The step that a label names.
    pub(crate) fn label(&self, name: &str) -> Option<StepIndex> {
        self.labels.get(name).copied()
    }

    /// Notes that the step about to be added names a label.
    pub(crate) fn want(&mut self, wanted: Wanted) {
        self.wanted.push(wanted);
    }
}

impl Compiler<'_> {
    /// Reads a `<label>`.
    pub(crate) fn label(&mut self, element: &Element, stanza: &mut Stanza) {
        self.check_attributes(element, &["id"]);
        let Some(attribute) = self.required(element, "id") else { return };
        stanza.labelled = true;
        let Ok(index) = StepIndex::try_from(stanza.len()) else { return };
        if stanza.labels.insert(attribute.value.clone(), index).is_some() {
            self.findings.add(
                codes::LABEL_TWICE,
                value_span(attribute),
                format!("The label name '{}' is used twice.", attribute.value),
                "the second one",
                "give each label a name of its own",
            );
        }
    }

    /// Adds a step, checked against its neighbour in front.
    pub(crate) fn push_step(&mut self, stanza: &mut Stanza, step: Step, mut place: StepPlace) {
        place.labelled = std::mem::take(&mut stanza.labelled);
        let before = stanza.steps.last().zip(stanza.places.last());
        let before = before.map(|(before, place)| (&before.kind, place));
        flow::check_neighbours(before, &step.kind, &place, &mut self.findings);
        stanza.steps.push(step);
        stanza.places.push(place);
    }

    /// Resolves the labels and gives the steps.
    pub(crate) fn close(&mut self, stanza: Stanza) -> Vec<Step> {
        let Stanza { mut steps, labels, wanted, .. } = stanza;
        for wanted in wanted {
            let Some(&target) = labels.get(&wanted.label) else {
                let attribute = match wanted.attribute {
                    Jump::Next => "next",
                    Jump::OnTimeout => "ontimeout",
                };
                let otherwise = format!("put <label id=\"{}\"/> in front of the step to go to", wanted.label);
                self.findings.add(
                    codes::LABEL_UNDEFINED,
                    wanted.span,
                    format!(
                        "The label '{}' was not defined (index {}, {attribute} attribute)",
                        wanted.label, wanted.index
                    ),
                    "no such label",
                    self.findings.suggest(&wanted.label, labels.keys().map(String::as_str), &otherwise),
                );
                continue;
            };
            let Some(step) = steps.get_mut(wanted.index) else { continue };
            match wanted.attribute {
                Jump::Next => {
                    if let Some(next) = &mut step.next {
                        next.target = target;
                    }
                }
                Jump::OnTimeout => step.on_timeout = Some(target),
            }
        }
        steps
    }
}
