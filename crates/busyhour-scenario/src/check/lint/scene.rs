//! A scenario that compiles, as the lints look at it: its program beside the text that it was made of.

use std::ops::Range;

use crate::check::lint::graph::Graph;
use crate::check::lint::message::Message;
use crate::program::{Program, Step};
use crate::source::Source;
use crate::syntax::cdata::{self, Purpose};
use crate::syntax::located::Located;
use crate::xml::{Attribute, Element, Node};

/// The whole scenario.
pub(crate) struct Scene<'a> {
    pub(crate) source: &'a Source,
    pub(crate) program: &'a Program,
    pub(crate) steps: Vec<StepScene<'a>>,
    /// Labels outside of `<init>`, in order, with the index of the step that they name.
    pub(crate) labels: Vec<(usize, &'a Attribute)>,
    /// Steps of `<init>`.
    pub(crate) init: Vec<&'a Element>,
    /// Labels inside of `<init>`, likewise.
    pub(crate) init_labels: Vec<(usize, &'a Attribute)>,
    /// Where calls may go; `None` if that cannot be told, or the scenario is too large to ask.
    pub(crate) graph: Option<Graph>,
}

/// A step and its element.
pub(crate) struct StepScene<'a> {
    pub(crate) step: &'a Step,
    pub(crate) element: &'a Element,
    /// The text of a send.
    pub(crate) message: Option<Message>,
    /// Where the raw text of a send or sendCmd stands.
    pub(crate) raw: Option<Range<usize>>,
}

impl<'a> Scene<'a> {
    /// Puts program and tree, with included files in place, beside each other. `None` if they do not fit, which only a
    /// tree with errors does.
    pub(crate) fn new(source: &'a Source, root: &'a Element, program: &'a Program) -> Option<Scene<'a>> {
        let mut elements = Vec::new();
        let mut labels = Vec::new();
        let mut init = Vec::new();
        let mut init_labels = Vec::new();
        for element in root.elements() {
            match element.name.as_str() {
                "send" | "recv" | "pause" | "timewait" | "nop" | "sendCmd" | "recvCmd" => {
                    elements.push(element);
                }
                "label" => labels.extend(element.attribute("id").map(|id| (elements.len(), id))),
                "init" => {
                    for child in element.elements() {
                        match child.name.as_str() {
                            "label" => init_labels.extend(child.attribute("id").map(|id| (init.len(), id))),
                            _ => init.push(child),
                        }
                    }
                }
                _ => {}
            }
        }
        if elements.len() != program.steps.len() {
            return None;
        }
        let steps = elements
            .into_iter()
            .zip(&program.steps)
            .map(|(element, step)| StepScene::new(source, element, step));
        let graph = Graph::of(program);
        Some(Scene { source, program, steps: steps.collect(), labels, init, init_labels, graph })
    }
}

impl<'a> StepScene<'a> {
    fn new(source: &Source, element: &'a Element, step: &'a Step) -> StepScene<'a> {
        let section = element.children.iter().find_map(|node| match node {
            Node::CData { text, span } => Some((text, span)),
            _ => None,
        });
        let section = section.filter(|_| matches!(element.name.as_str(), "send" | "sendCmd"));
        let message = section.filter(|_| element.name == "send").and_then(|(text, span)| {
            cdata::clean(&Located::from_cdata(&source.text, span, text), Purpose::Send).map(Message::new)
        });
        StepScene { step, element, message, raw: section.map(|(_, span)| span.clone()) }
    }

    /// The actions' elements, in order.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &'a Element> + use<'a> {
        actions_of(self.element)
    }
}

/// Place of an attribute's value; the name's if the value is empty, so that there is something to point at.
pub(crate) fn value_span(attribute: &Attribute) -> Range<usize> {
    if attribute.value_span.is_empty() { attribute.name_span.clone() } else { attribute.value_span.clone() }
}

/// The elements of a step's actions: those of an `<action>` that is its first child element.
pub(crate) fn actions_of(step: &Element) -> impl Iterator<Item = &Element> {
    step.elements().next().filter(|first| first.name == "action").into_iter().flat_map(Element::elements)
}
