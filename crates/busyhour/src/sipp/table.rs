//! All of SIPp's options, and those of our own, one row each, in the order of the help.

mod calls;
mod media;
mod network;
mod not_here;
mod process;
mod what_is_played;

use super::row::{Category, Row, Status, Takes};
use super::third_party;

/// All options.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    let tables = [
        what_is_played::ROWS,
        network::ROWS,
        media::ROWS,
        calls::ROWS,
        process::ROWS,
        third_party::ROWS,
        not_here::ROWS,
    ];
    tables.into_iter().flatten()
}

/// The option of this name, without dashes.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    all().find(|row| row.names.contains(&name))
}

const fn works(names: &'static [&'static str], takes: Takes, category: Category, help: &'static str) -> Row {
    Row { names, takes, category, status: Status::Works, help }
}

const fn no_effect(names: &'static [&'static str], takes: Takes, help: &'static str) -> Row {
    Row { names, takes, category: Category::Process, status: Status::NoEffect, help }
}
