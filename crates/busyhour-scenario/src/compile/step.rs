//! What all steps have in common (spec-scenario §3.1).

use std::ops::Range;

use crate::check::codes;
use crate::check::flow::StepPlace;
use crate::check::timers::Timers;
use crate::compile::Compiler;
use crate::compile::attributes::value_span;
use crate::compile::stanza::{Jump, Stanza, Wanted};
use crate::program::{Condition, CounterId, DialogSlot, Display, Next, Step, StepKind, TimerId};
use crate::syntax::located::Located;
use crate::syntax::{names, number};
use crate::xml::{Attribute, Element, Node};

/// Most steps of a scenario.
const STEPS_MAX: usize = 65_536;

impl Compiler<'_> {
    /// Reads a step and adds it; an element that is none is reported.
    pub(crate) fn step(&mut self, element: &Element, stanza: &mut Stanza) {
        let place = |name: &'static str| StepPlace {
            element: name,
            span: element.name_span.clone(),
            timeout: None,
            labelled: false,
        };
        let place = match element.name.as_str() {
            "send" => place("send"),
            "recv" => place("recv"),
            "pause" => place("pause"),
            "timewait" => place("timewait"),
            "nop" => place("nop"),
            "sendCmd" => place("sendCmd"),
            "recvCmd" => place("recvCmd"),
            other => return self.unknown_element(other, element.name_span.clone(), stanza),
        };
        if stanza.len() == STEPS_MAX {
            let message = format!("more than {STEPS_MAX} steps");
            self.findings.add(
                codes::TOO_MANY,
                place.span,
                message,
                "one too many",
                "use <label> and next to repeat",
            );
            return stanza.leave_out();
        }
        self.check_attributes(element, &names::attributes_of(&element.name));
        self.check_children(element);

        // In this order: it is that of the columns in the statistics file.
        let stop_timers = self.stop_timers(element);
        let start_timers = self.start_timers(element);
        let repeat_timers = self.repeat_timers(element);
        let counter = self.counter(element);
        let condition = self.condition(element);
        let next = self.next(element, stanza);
        let display = self.display(element, stanza);
        let lost_percent = self.double(element, "lost");
        self.has_loss |= element.attribute("lost").is_some();
        let ignore_sdp = self.boolean(element, "ignoresdp");
        self.on_timeout(element, stanza);
        let dialog = self.dialog(element, stanza);

        let kind = match place.element {
            "send" => self.send(element, stanza).map(StepKind::Send),
            "recv" => self.recv(element, stanza).map(StepKind::Recv),
            "pause" | "timewait" => self.pause(element).map(StepKind::Pause),
            "sendCmd" => self.send_cmd(element),
            "recvCmd" => self.recv_cmd(element),
            _ => Some(StepKind::Nop),
        };
        // Actions come last: SIPp counts a variable's mentions in the same order, text first.
        let actions = self.actions(element);
        let Some(kind) = kind else {
            // A stand-in keeps the indices of the steps behind it, which findings name.
            return stanza.push_stand_in(stand_in(self.line_of(element)), place);
        };
        let timeout = element.attribute("timeout").filter(|_| element.name == "recv").map(value_span);
        let step = Step {
            kind,
            start_timers,
            stop_timers,
            repeat_timers,
            counter,
            next,
            condition,
            lost_percent,
            on_timeout: None,
            actions,
            ignore_sdp,
            dialog,
            display,
            line: self.line_of(element),
        };
        self.push_step(stanza, step, StepPlace { timeout, ..place });
    }

    fn unknown_element(&mut self, name: &str, span: Range<usize>, stanza: &mut Stanza) {
        stanza.leave_out();
        let help = match names::ACTIONS.iter().any(|(action, _)| *action == name) {
            true => {
                "this is an action: put it into the <action> of a step, for example of a <nop>".to_owned()
            }
            false => self.findings.suggest(
                name,
                names::ELEMENTS.iter().copied(),
                "a scenario holds send, recv, pause, nop, label and the like",
            ),
        };
        self.findings.add(
            codes::UNKNOWN_ELEMENT,
            span,
            format!("Unknown element '{name}' in xml scenario file"),
            "unknown element",
            help,
        );
    }

    /// Reports children of a step that are not read: text, and elements other than an `<action>` in first place.
    fn check_children(&mut self, element: &Element) {
        let has_text = matches!(element.name.as_str(), "send" | "sendCmd");
        let mut elements = 0;
        let has_cdata = element.children.iter().any(|node| matches!(node, Node::CData { .. }));
        for node in &element.children {
            match node {
                Node::Element(child) => {
                    elements += 1;
                    if child.name != "action" {
                        let help = self.findings.suggest(
                            &child.name,
                            ["action"],
                            "a step holds one <action> and nothing else; is the end tag of the step missing?",
                        );
                        self.ignored_element(child, "a step does not read it", &help);
                    } else if elements > 1 {
                        self.ignored_element(
                            child,
                            "an <action> is read only if it is the step's first element",
                            "move it to the front, or put all actions into one <action>",
                        );
                    }
                }
                // A send without CDATA gets an error of its own.
                Node::Text { .. } if has_text && !has_cdata => {}
                Node::CData { .. } if has_text => {}
                Node::Text { text, span } | Node::CData { text, span } => {
                    self.ignored_text(text, span.clone(), &element.name);
                }
            }
        }
    }

    pub(crate) fn ignored_element(&mut self, child: &Element, why: &str, help: &str) {
        self.findings.add(
            codes::ELEMENT_IGNORED,
            child.name_span.clone(),
            format!("<{}> is ignored: {why}", child.name),
            "not read",
            help,
        );
    }

    fn start_timers(&mut self, element: &Element) -> Vec<TimerId> {
        let Some(attribute) = element.attribute("start_rtd") else { return Vec::new() };
        let span = value_span(attribute);
        let ids = Timers::names(&attribute.value).map(|name| self.timers.start(name, span.clone())).collect();
        self.ids_or_too_many(ids, attribute)
    }

    fn stop_timers(&mut self, element: &Element) -> Vec<TimerId> {
        let Some(attribute) = element.attribute("rtd") else { return Vec::new() };
        let ids = Timers::names(&attribute.value).map(|name| self.timers.stop(name)).collect();
        self.ids_or_too_many(ids, attribute)
    }

    fn ids_or_too_many(&mut self, ids: Option<Vec<TimerId>>, attribute: &Attribute) -> Vec<TimerId> {
        ids.unwrap_or_else(|| {
            let span = value_span(attribute);
            self.findings.add(codes::TOO_MANY, span, "more than 65536 timers", "one too many", "use fewer");
            Vec::new()
        })
    }

    fn repeat_timers(&mut self, element: &Element) -> bool {
        let Some(attribute) = element.attribute("repeat_rtd") else { return false };
        let repeat = self.boolean(element, "repeat_rtd");
        let stops = element.attribute("rtd").is_some_and(|rtd| Timers::names(&rtd.value).next().is_some());
        if !stops {
            self.findings.add(
                codes::MISPLACED_ATTRIBUTE,
                attribute.name_span.clone(),
                format!("There is a repeat_rtd element without an rtd element in <{}>", element.name),
                "repeats nothing",
                "add rtd=\"…\" to the same step, or remove repeat_rtd",
            );
        }
        repeat
    }

    fn counter(&mut self, element: &Element) -> Option<CounterId> {
        let attribute = element.attribute("counter")?;
        let name = attribute.value.as_str();
        if name.is_empty() || name.contains(['$', ',']) {
            self.findings.add(
                codes::BAD_NAME,
                value_span(attribute),
                format!("'{name}' is not a name for a counter"),
                "this name",
                "a name is not empty and holds no $ and no comma",
            );
            return None;
        }
        let next = self.counters.len();
        let index = *self.counter_ids.entry(name.to_owned()).or_insert(next);
        if index == next {
            self.counters.push(name.to_owned());
        }
        let id = CounterId::try_from(index).ok();
        if id.is_none() {
            let span = value_span(attribute);
            self.findings.add(codes::TOO_MANY, span, "more than 65536 counters", "one too many", "use fewer");
        }
        id
    }

    fn condition(&mut self, element: &Element) -> Option<Condition> {
        let inverse = self.boolean(element, "condexec_inverse");
        let Some(attribute) = element.attribute("condexec") else {
            if let Some(alone) = element.attribute("condexec_inverse") {
                self.no_effect(alone, "there is no condexec", "add condexec=\"variable\", or remove it");
            }
            return None;
        };
        let name = attribute.value.trim_ascii();
        let variable = self.variables.mention(name, value_span(attribute), &mut self.findings)?;
        Some(Condition { variable, inverse })
    }

    fn next(&mut self, element: &Element, stanza: &mut Stanza) -> Option<Next> {
        let Some(attribute) = element.attribute("next") else {
            for name in ["test", "chance"] {
                if let Some(alone) = element.attribute(name) {
                    self.no_effect(alone, "there is no next", "add next=\"label\", or remove it");
                }
            }
            return None;
        };
        if !self.allows_jump(element, attribute) {
            return None;
        }
        stanza.want(Wanted {
            label: attribute.value.clone(),
            span: value_span(attribute),
            attribute: Jump::Next,
            index: stanza.len(),
        });
        let test = self.variable(element, "test");
        let chance = self.double(element, "chance").unwrap_or(1.0);
        if !(0.0..=1.0).contains(&chance)
            && let Some(attribute) = element.attribute("chance")
        {
            self.findings.add(
                codes::BAD_VALUE,
                value_span(attribute),
                format!("<{}> chance, {chance} is not a probability", element.name),
                "expected 0 to 1",
                "write a number from 0 (never) to 1 (always)",
            );
        }
        // SIPp holds it as a float too. The target is filled in when all labels are known.
        Some(Next { target: 0, test, chance: chance as f32 })
    }

    fn on_timeout(&mut self, element: &Element, stanza: &mut Stanza) {
        let Some(attribute) = element.attribute("ontimeout") else { return };
        if self.allows_jump(element, attribute) {
            stanza.want(Wanted {
                label: attribute.value.clone(),
                span: value_span(attribute),
                attribute: Jump::OnTimeout,
                index: stanza.len(),
            });
        }
    }

    fn allows_jump(&mut self, element: &Element, attribute: &Attribute) -> bool {
        if element.name != "timewait" {
            return true;
        }
        self.findings.add(
            codes::MISPLACED_ATTRIBUTE,
            attribute.name_span.clone(),
            format!("<timewait> cannot have {}: it is the last step", attribute.name),
            "not allowed here",
            "use <pause> if the call goes on",
        );
        false
    }

    fn display(&mut self, element: &Element, stanza: &mut Stanza) -> Display {
        if let Some(attribute) = element.attribute("crlf")
            && number::boolean(&attribute.value, false) == Some(false)
        {
            self.findings.add(
                codes::CRLF_FALSE,
                value_span(attribute),
                format!("crlf=\"{}\" is true: any value turns it on", attribute.value),
                "counts as true",
                "remove the attribute to turn it off",
            );
        }
        stanza.hide_rest = self.boolean_or(element, "hiderest", stanza.hide_rest);
        Display {
            text: element.attribute("display").map(|display| display.value.clone()),
            blank_line: element.attribute("crlf").is_some(),
            hidden: self.boolean_or(element, "hide", stanza.hide_rest),
        }
    }

    /// The slot of the dialog that a send or recv names (spec-3.8 A2).
    fn dialog(&mut self, element: &Element, stanza: &Stanza) -> DialogSlot {
        if !matches!(element.name.as_str(), "send" | "recv") {
            return 0;
        }
        let Some(attribute) = element.attribute("dialog") else { return 0 };
        match self.integer(element, "dialog").map(u32::try_from) {
            None => 0,
            Some(Ok(2..)) if element.name == "recv" && stanza.is_empty() => {
                self.findings.add(
                    codes::BAD_VALUE,
                    value_span(attribute),
                    format!(
                        "A call begins in dialog 1: its first message can not have dialog=\"{}\"",
                        attribute.value
                    ),
                    "the call's first message",
                    "number the dialogs in the order in which they begin; without the attribute it is dialog 1",
                );
                0
            }
            Some(Ok(number @ 1..)) => {
                if let Some(slot) = self.dialog_slots.get(&number) {
                    return *slot;
                }
                let Ok(slot) = DialogSlot::try_from(self.dialogs.len()) else {
                    let message = "more than 65536 dialogs";
                    self.findings.add(
                        codes::TOO_MANY,
                        value_span(attribute),
                        message,
                        "one too many",
                        "use fewer",
                    );
                    return 0;
                };
                self.dialogs.push(number);
                self.dialog_slots.insert(number, slot);
                slot
            }
            Some(_) => {
                self.findings.add(
                    codes::BAD_VALUE,
                    value_span(attribute),
                    format!("dialog must be a positive number, not '{}'", attribute.value),
                    "expected 1 or more",
                    "number dialogs from 1; 1 is the default",
                );
                0
            }
        }
    }

    /// The line that an element stands on.
    pub(crate) fn line_of(&self, element: &Element) -> u32 {
        u32::try_from(self.source.line(element.span.start)).unwrap_or(u32::MAX)
    }

    /// The text of an attribute with its places.
    pub(crate) fn located(&self, attribute: &Attribute) -> Located {
        Located::from_attribute(self.text, attribute)
    }
}

/// What takes the place of a step that could not be read, so that the ones behind it keep their indices.
fn stand_in(line: u32) -> Step {
    Step {
        kind: StepKind::Nop,
        start_timers: Vec::new(),
        stop_timers: Vec::new(),
        repeat_timers: false,
        counter: None,
        next: None,
        condition: None,
        lost_percent: None,
        on_timeout: None,
        actions: Vec::new(),
        ignore_sdp: false,
        dialog: 0,
        display: Display::default(),
        line,
    }
}
