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
    /// Texts of `<DefaultMessage>` elements.
    pub(crate) default_messages: Vec<Located>,
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
    /// The text of a sendCmd. It is no message: its first line may be a header.
    pub(crate) command: Option<Located>,
    /// Where the raw text of a send or sendCmd stands.
    pub(crate) raw: Option<Range<usize>>,
}

impl<'a> Scene<'a> {
    /// Puts program and tree, with included files in place, beside each other. `None` if they do not fit, which only a
    /// tree with errors does.
    pub(crate) fn new(source: &'a Source, root: &'a Element, program: &'a Program) -> Option<Scene<'a>> {
        let mut elements = Vec::new();
        let mut labels = Vec::new();
        let mut default_messages = Vec::new();
        let mut init = Vec::new();
        let mut init_labels = Vec::new();
        for element in root.elements() {
            match element.name.as_str() {
                "send" | "recv" | "pause" | "timewait" | "nop" | "sendCmd" | "recvCmd" => {
                    elements.push(element);
                }
                "label" => labels.extend(element.attribute("id").map(|id| (elements.len(), id))),
                "DefaultMessage" => default_messages.extend(
                    section_of(element).and_then(|(text, span)| cleaned(source, text, span, Purpose::Other)),
                ),
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
        Some(Scene {
            source,
            program,
            steps: steps.collect(),
            labels,
            default_messages,
            init,
            init_labels,
            graph,
        })
    }
}

impl<'a> StepScene<'a> {
    fn new(source: &Source, element: &'a Element, step: &'a Step) -> StepScene<'a> {
        let section = section_of(element).filter(|_| matches!(element.name.as_str(), "send" | "sendCmd"));
        let text = |purpose| section.and_then(|(text, span)| cleaned(source, text, span, purpose));
        let (message, command) = match element.name.as_str() {
            "send" => (text(Purpose::Send).map(Message::new), None),
            _ => (None, text(Purpose::Other)),
        };
        StepScene { step, element, message, command, raw: section.map(|(_, span)| span.clone()) }
    }

    /// The actions' elements, in order.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &'a Element> + use<'a> {
        actions_of(self.element)
    }
}

/// The CDATA section of an element that is read: the first.
fn section_of(element: &Element) -> Option<(&str, &Range<usize>)> {
    element.children.iter().find_map(|node| match node {
        Node::CData { text, span } => Some((text.as_str(), span)),
        _ => None,
    })
}

fn cleaned(source: &Source, text: &str, span: &Range<usize>, purpose: Purpose) -> Option<Located> {
    cdata::clean(&Located::from_cdata(&source.text, span, text), purpose)
}

/// Place of an attribute's value; the name's if the value is empty, so that there is something to point at.
pub(crate) fn value_span(attribute: &Attribute) -> Range<usize> {
    if attribute.value_span.is_empty() { attribute.name_span.clone() } else { attribute.value_span.clone() }
}

/// The elements of a step's actions: those of an `<action>` that is its first child element.
pub(crate) fn actions_of(step: &Element) -> impl Iterator<Item = &Element> {
    step.elements().next().filter(|first| first.name == "action").into_iter().flat_map(Element::elements)
}
