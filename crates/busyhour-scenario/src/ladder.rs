//! A scenario as a ladder of text: who sends what to whom, step by step, with the branches between the steps.
//!
//! Everything fits into 80 columns. Steps have their indices, which traces and statistics name.

mod actions;
mod notes;
mod page;

use crate::check::lint::scene::{Scene, StepScene, actions_of};
use crate::check::lint::tree;
use crate::program::{Expect, Optional, Program, Role, SendStart, StepKind};
use crate::source::Source;
use crate::xml::Element;
use page::{Arrow, Page};

/// Draws a program, which [`load`](crate::load) made of this source. Each line ends with LF.
pub fn ladder(source: &Source, program: &Program) -> String {
    let root = tree(source);
    let scene = root.as_ref().and_then(|root| Scene::new(source, root, program));
    // A program has a tree that fits it.
    let Some(scene) = scene else { return String::new() };
    let has_twin = program.first_command.is_some();
    let mut page = Page::new(has_twin);
    page.text(&title(program));
    if !scene.init.is_empty() {
        page.text("");
        page.text("init, once before the calls:");
        for (index, step) in scene.init.iter().enumerate() {
            labels_at(&scene.init_labels, index).for_each(|name| page.text(&format!("  label {name}")));
            let notes = notes::of_element(step).into_iter().chain(actions_of(step).map(actions::words));
            let notes: Vec<String> = notes.collect();
            page.text(&format!("{index:>4} nop  {}", notes.join("; ")));
        }
        labels_at(&scene.init_labels, scene.init.len())
            .for_each(|name| page.text(&format!("  label {name}")));
    }
    page.text("");
    page.heads();
    for (index, step) in scene.steps.iter().enumerate() {
        labels_at(&scene.labels, index).for_each(|name| page.label(name));
        draw(&mut page, index, step);
    }
    labels_at(&scene.labels, scene.steps.len()).for_each(|name| page.label(name));
    page.finish()
}

fn title(program: &Program) -> String {
    let role = match program.creation {
        Role::Client => "starts the calls",
        Role::Server => "waits for calls",
    };
    let name = Some(program.title.trim()).filter(|title| !title.is_empty()).unwrap_or(&program.base_name);
    format!("{name} ({role})")
}

fn labels_at<'a>(
    labels: &'a [(usize, &'a crate::xml::Attribute)],
    index: usize,
) -> impl Iterator<Item = &'a str> {
    // They are in order, and a file may hold as many of them as steps.
    let start = labels.partition_point(|(at, _)| *at < index);
    labels[start..].iter().take_while(move |(at, _)| *at == index).map(|(_, label)| label.value.as_str())
}

fn draw(page: &mut Page, index: usize, scene: &StepScene<'_>) {
    let mut notes = notes::of_step(scene);
    notes.extend(scene.actions().map(actions::words));
    match &scene.step.kind {
        StepKind::Send(send) => {
            let what = match &send.start {
                SendStart::Request(method) => method.clone(),
                SendStart::Response(code) => response(scene, *code),
            };
            page.arrow(index, Arrow::ToPeer, &what, &notes);
        }
        StepKind::Recv(recv) => {
            page.arrow(
                index,
                Arrow::FromPeer,
                &optional(&expected(scene.element, &recv.expect), recv.optional),
                &notes,
            );
        }
        StepKind::SendCmd(_) => page.arrow(index, Arrow::ToTwin, "command", &notes),
        StepKind::RecvCmd(recv) => {
            page.arrow(index, Arrow::FromTwin, &optional("command", recv.optional), &notes);
        }
        StepKind::Pause(pause) => {
            let name = if pause.final_wait { "timewait" } else { "pause" };
            page.aside(index, &format!("{name} {}", notes::length(&pause.length, scene.element)), &notes);
        }
        StepKind::Nop => {
            let name = scene.step.display.text.as_deref().unwrap_or("nop");
            page.aside(index, name, &notes);
        }
    }
}

/// Code and reason of a response as they stand in its text.
fn response(scene: &StepScene<'_>, code: u16) -> String {
    let text = scene.message.as_ref().map(|message| message.located().as_str()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.split_once(' ').map_or_else(|| code.to_string(), |(_, rest)| rest.trim().to_owned())
}

/// What a receive waits for, as it is written; an expression has a `~` in front.
fn expected(element: &Element, expect: &Expect) -> String {
    let expects = element.attribute("request").or(element.attribute("response"));
    let is_expression = matches!(expect, Expect::RequestMatching(_) | Expect::ResponseMatching(_));
    let what = expects.map_or("nothing", |expects| expects.value.as_str());
    format!("{}{what}", if is_expression { "~" } else { "" })
}

fn optional(what: &str, optional: Optional) -> String {
    match optional {
        Optional::No => what.to_owned(),
        Optional::Yes => format!("[{what}]"),
        Optional::Global => format!("[{what}, global]"),
    }
}
