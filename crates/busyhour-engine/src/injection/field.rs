//! `[fieldN]`: the injection files of one program, the lines of its calls, and their values.

use std::cell::RefCell;

use busyhour_scenario::program::{Action, FileId, Program};
use busyhour_scenario::template::{Keyword, Template};

use super::Files;
use super::file::{Appended, BEYOND, NOBODY, line_number};
use crate::context::Context;
use crate::render::{Source, Unrenderable};
use crate::shared::Shared;
use crate::snapshot::FailureKind;

/// Most fields that are missing in one go of a call's steps and told; the others are only counted.
const MISSING_TOLD_MAX: usize = 16;

/// A call's line of one file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnLine {
    line: u32,
    /// Where the file has it, so that it is looked for once.
    start: u64,
}

/// The files that a program's keywords name, by [`FileId`].
#[derive(Debug, Default)]
pub(crate) struct FieldFiles {
    /// Places among the run's files; `None` where there is no such file.
    places: Vec<Option<usize>>,
    /// Whether a call's line stays as it is, and holds text only.
    fixed: Vec<bool>,
    missing: RefCell<Missing>,
}

/// Fields that were not there.
#[derive(Debug, Default)]
struct Missing {
    /// Place of the file, line, column.
    told: Vec<(usize, u32, u32)>,
    more: u64,
}

impl FieldFiles {
    pub(crate) fn new(program: &Program, shared: &Shared) -> FieldFiles {
        let files = shared.files();
        let places: Vec<_> = program.files.iter().map(|name| files.position(name.as_deref())).collect();
        let is_fixed = |place: &Option<usize>| {
            !shared.changes_files() && place.is_some_and(|place| !files.holds_authentication(place))
        };
        FieldFiles { fixed: places.iter().map(is_fixed).collect(), places, missing: RefCell::default() }
    }

    /// The program uses no injection file.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether this is a field that gives the same bytes whenever it is asked for by one call.
    pub(crate) fn is_stable(&self, keyword: &Keyword) -> bool {
        match keyword {
            Keyword::Field { file, line: None, .. } => self.fixed.get(usize::from(*file)) == Some(&true),
            _ => false,
        }
    }

    /// Place of a file among the run's.
    pub(crate) fn place(&self, file: FileId) -> Option<usize> {
        self.places.get(usize::from(file)).copied().flatten()
    }

    /// Chooses a call's lines, one for each file: they are the call's own from its start.
    pub(crate) fn choose(&self, files: &Files, number: u64, user: u32, seed: u64, lines: &mut Vec<OwnLine>) {
        lines.clear();
        lines.extend(self.places.iter().map(|place| {
            let Some(place) = *place else { return OwnLine { line: NOBODY, start: u64::MAX } };
            let line = files.line_of_call(place, number, user, seed);
            OwnLine { line, start: files.start(place, line) }
        }));
    }

    /// Warns of fields that were not there since it was last asked.
    pub(crate) fn warn_of_missing(&self, context: &mut Context) {
        if self.places.is_empty() {
            return;
        }
        let mut missing = self.missing.borrow_mut();
        for (place, line, column) in missing.told.drain(..) {
            let name = context.shared.files().table(place).name().to_owned();
            context.warn(|| {
                let text =
                    format!("Field {column} not found in the file {name}, line {line} (the first is 0)");
                (text + ": it is empty").into_bytes()
            });
        }
        let more = std::mem::take(&mut missing.more);
        context.statistics.counters.warnings += more;
        context.statistics.counters.warnings_suppressed += more;
    }

    fn note_missing(&self, place: usize, line: u32, column: u32) {
        let mut missing = self.missing.borrow_mut();
        if missing.told.len() < MISSING_TOLD_MAX {
            missing.told.push((place, line, column));
        } else {
            missing.more += 1;
        }
    }
}

/// Whether a program changes lines that calls may hold, or puts in lines with keywords that later calls will hold.
pub(crate) fn changes_files(program: &Program) -> bool {
    let steps = program.steps.iter().chain(&program.init);
    let mut actions = steps.flat_map(|step| &step.actions);
    actions.any(|action| matches!(action, Action::Replace { .. } | Action::Insert { .. }))
}

/// Appends the value of a field. `line` is `line=`; without, the call's own line counts.
pub(crate) fn append(
    source: &Source<'_>,
    file: FileId,
    column: u32,
    line: Option<&Template>,
    out: &mut Vec<u8>,
) -> Result<(), Unrenderable> {
    let (files, fields) = (source.shared.files(), &source.prepared.fields);
    let Some(place) = fields.place(file) else {
        let name = source.prepared.program.files.get(usize::from(file)).and_then(Option::as_deref);
        return Err(unusable(match name {
            Some(name) => format!("there is no injection file \"{name}\""),
            None => "[fieldN]: No injection file was specified!".to_owned(),
        }));
    };
    let (line, appended) = match line {
        None => match own_line(source, file, place, files)? {
            None => return Ok(()),
            Some(OwnLine { line, start }) => (line, files.append_at(place, line, start, column, out)),
        },
        Some(template) => match given_line(source, template, out)? {
            None => return Ok(()),
            Some(line) => (line, files.append(place, line, column, out)),
        },
    };
    if appended == Appended::NoField {
        fields.note_missing(place, line, column);
    }
    Ok(())
}

/// Whether a field's value may hold `[authentication …]`.
pub(crate) fn may_hold_credentials(source: &Source<'_>, file: FileId) -> bool {
    let place = source.prepared.fields.place(file);
    place.is_some_and(|place| source.shared.files().holds_authentication(place))
}

/// The line drawn for the call; `None` for a call without a user.
fn own_line(
    source: &Source<'_>,
    file: FileId,
    place: usize,
    files: &Files,
) -> Result<Option<OwnLine>, Unrenderable> {
    let lines = source.call.tables.as_ref().map_or(&[][..], |tables| &tables.lines);
    match lines.get(usize::from(file)) {
        Some(OwnLine { line: NOBODY, .. }) => Ok(None),
        Some(OwnLine { line: BEYOND, .. }) => {
            let table = files.table(place);
            Err(unusable(format!(
                "the injection file {} has only {} lines, yet user {} was requested",
                table.name(),
                table.lines(),
                source.call.user
            )))
        }
        Some(&line) => Ok(Some(line)),
        None => Err(unusable(
            "[fieldN] without line= in an automatic or out-of-call message: such a call has no line of an injection \
             file",
        )),
    }
}

/// What `line=` says; `None` where no line can be meant.
fn given_line(
    source: &Source<'_>,
    template: &Template,
    out: &mut Vec<u8>,
) -> Result<Option<u32>, Unrenderable> {
    let start = out.len();
    source.render(template, out)?;
    let line = line_number(&out[start..]).ok_or_else(|| {
        let text = String::from_utf8_lossy(&out[start..]);
        unusable(format!("[fieldN]: Invalid line number generated: '{text}'"))
    });
    out.truncate(start);
    line
}

fn unusable(text: impl Into<String>) -> Unrenderable {
    Unrenderable::new(FailureKind::InjectionFile, text)
}
