//! What would make the run of a scenario go wrong although it compiles.
//!
//! A lint speaks only if it is sure: where a text comes from keywords, or a way through the scenario cannot be told, it
//! says nothing.

mod acknowledge;
mod blank_line;
pub mod codes;
mod graph;
mod indentation;
mod labels;
mod length;
mod media;
mod message;
mod reach;
mod receive;
mod routes;
pub(crate) mod scene;
mod slots;
mod unset;
mod wait;

use crate::check::findings::Findings;
use crate::compile::include;
use crate::diagnostic::Diagnostic;
use crate::program::Program;
use crate::source::Source;
use crate::xml::{self, Element};
use scene::Scene;

/// Looks for what would go wrong in runs of a program, which [`load`](crate::load) made of this source. All findings are
/// warnings, by place.
pub fn lint(source: &Source, program: &Program) -> Vec<Diagnostic> {
    let Some(root) = tree(source) else { return Vec::new() };
    let Some(scene) = Scene::new(source, &root, program) else { return Vec::new() };
    let mut findings = Findings::default();
    for check in CHECKS {
        check(&scene, &mut findings);
    }
    findings.finish().0
}

/// The tree of a scenario that compiles, with the content of included files in place.
pub(crate) fn tree(source: &Source) -> Option<Element> {
    let mut root = xml::parse(source.main_text()).0?;
    // What this finds is found already: there is a program.
    include::expand(&mut root, source, &mut Findings::default());
    Some(root)
}

const CHECKS: &[fn(&Scene<'_>, &mut Findings)] = &[
    labels::check,
    reach::check,
    receive::check,
    acknowledge::check,
    routes::check,
    length::check,
    blank_line::check,
    indentation::check,
    unset::check,
    media::check,
    wait::check,
];
