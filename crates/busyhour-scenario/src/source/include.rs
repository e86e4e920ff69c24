//! Which files a scenario includes (spec-3.8 A1), and reading them.
//!
//! An `<xi:include href="FILE"/>` stands for the content of the file. It is followed where the language takes its content:
//! in `<scenario>`, in `<init>` and in `<action>`. The file is looked for in the folder of the file that includes it.

use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use super::{FILE_BYTES_MAX, LoadErrorReason, Source};
use crate::diagnostic::{Diagnostic, codes};
use crate::xml::{self, Element};

/// Deepest nesting of included files, the first one counted, as in SIPp.
pub const NESTING_MAX: usize = 16;

/// Most files that a scenario includes, each counted as often as it is included. Beyond it is an error.
pub const INCLUDES_MAX: usize = 1000;

/// Name of the element. The prefix is part of it: no namespace is looked up.
pub(crate) const INCLUDE: &str = "xi:include";

/// True for an element whose children may be `<xi:include>`.
pub(crate) fn holds_includes(element: &Element) -> bool {
    matches!(element.name.as_str(), "scenario" | "init" | "action")
}

/// A file of the scenario. Its index is that of its share of the text.
struct Read {
    path: PathBuf,
    /// The path without detours, by which a file is known again.
    key: PathBuf,
    /// The file that includes it.
    by: Option<usize>,
    depth: usize,
}

/// An `<xi:include>`: where its name stands, and its `href`, if it has one.
struct Asked {
    at: Range<usize>,
    href: Option<(String, Range<usize>)>,
}

/// Reads all files that the main one, which stands at `path` and has so many bytes, includes, and those that they include.
pub(super) fn follow(
    source: &mut Source,
    path: &Path,
    bytes: u64,
    read: &mut dyn FnMut(&Path) -> Result<Vec<u8>, LoadErrorReason>,
) {
    source.follows_includes = true;
    let mut left = Some(FILE_BYTES_MAX.saturating_sub(bytes));
    let mut files = vec![Read { path: path.to_owned(), key: key(path), by: None, depth: 0 }];
    let mut asked_in_all = 0;
    let mut part = 0;
    while part < files.len() {
        for asked in asked_by(source, part) {
            asked_in_all += 1;
            if asked_in_all > INCLUDES_MAX {
                source.diagnostics.push(too_many(asked.at));
                return;
            }
            let included = file_of(&files, part, &asked).and_then(|file| {
                let bytes = read_within(&file.path, &mut left, read);
                bytes.map(|bytes| (file, bytes)).map_err(|reason| unreadable(source, &asked, &reason))
            });
            let included = match included {
                Ok((file, bytes)) => {
                    source.add_part(file.path.display().to_string(), &bytes, Some(asked.at.start));
                    files.push(file);
                    Some(files.len() - 1)
                }
                Err(refusal) => {
                    source.diagnostics.push(refusal);
                    None
                }
            };
            source.includes.insert(asked.at.start, included);
        }
        part += 1;
    }
}

/// The `<xi:include>` elements of one file that are to be followed, in order.
fn asked_by(source: &Source, part: usize) -> Vec<Asked> {
    let mut asked = Vec::new();
    let Some(span) = source.parts.get(part).map(|part| part.span.clone()) else { return asked };
    let text = source.text.get(span.clone()).unwrap_or_default();
    // Most files include nothing, and need not be read twice.
    if memchr::memmem::find(text.as_bytes(), INCLUDE.as_bytes()).is_none() {
        return asked;
    }
    if part == 0 {
        if let (Some(root), _) = xml::parse(text)
            && root.name == "scenario"
        {
            collect_below(&root, span.start, &mut asked);
        }
        return asked;
    }
    // Nothing is taken from what stands behind the first element.
    if let Some(element) = xml::parse_fragment(text).0.first() {
        if element.name == INCLUDE {
            asked.push(Asked::new(element, span.start));
        } else {
            collect_below(element, span.start, &mut asked);
        }
    }
    asked
}

fn collect_below(element: &Element, start: usize, asked: &mut Vec<Asked>) {
    for child in element.elements() {
        if child.name != INCLUDE {
            collect_below(child, start, asked);
        } else if holds_includes(element) {
            asked.push(Asked::new(child, start));
        }
    }
}

impl Asked {
    fn new(element: &Element, start: usize) -> Asked {
        let moved = |span: &Range<usize>| span.start + start..span.end + start;
        let href = element.attribute("href").map(|href| (href.value.clone(), moved(&href.value_span)));
        Asked { at: moved(&element.name_span), href: href.filter(|(name, _)| !name.is_empty()) }
    }
}

/// The file that is asked for, or why it may not be read.
fn file_of(files: &[Read], by: usize, asked: &Asked) -> Result<Read, Diagnostic> {
    let Some((name, span)) = &asked.href else {
        let message = "<xi:include> without an href";
        return Err(Diagnostic::error(codes::INCLUDE_WITHOUT_HREF, asked.at.clone(), message)
            .label("which file?")
            .help("write <xi:include href=\"FILE\"/>"));
    };
    let including = &files[by];
    let path = including.path.parent().unwrap_or(Path::new("")).join(name);
    let key = key(&path);
    if let Some(cycle) = cycle(files, by, &key) {
        let message = format!("cannot include '{name}': the file includes itself: {cycle}");
        return Err(Diagnostic::error(codes::INCLUDE_CYCLE, span.clone(), message)
            .label("here the circle closes")
            .help("put what both need into a file of its own that includes neither"));
    }
    let depth = including.depth + 1;
    if depth > NESTING_MAX {
        let message = format!("cannot include '{name}': more than {NESTING_MAX} nested includes");
        return Err(Diagnostic::error(codes::INCLUDE_TOO_DEEP, span.clone(), message)
            .label("one too deep")
            .help("include the file further up"));
    }
    Ok(Read { path, key, by: Some(by), depth })
}

/// The files from the one with this key down to `by` and back again; `None` if it is not among them.
fn cycle(files: &[Read], by: usize, key: &Path) -> Option<String> {
    let mut names = vec![key.display().to_string()];
    let mut file = Some(by);
    while let Some(read) = file.map(|index| &files[index]) {
        names.push(read.key.display().to_string());
        if read.key == key {
            names.reverse();
            return Some(names.join(" → "));
        }
        file = read.by;
    }
    None
}

/// A path without `.` and without `name/..`.
fn key(path: &Path) -> PathBuf {
    let mut key = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(key.components().next_back(), Some(Component::Normal(_))) => {
                key.pop();
            }
            other => key.push(other),
        }
    }
    key
}

/// Reads a file if there is room for it. Once there was none, nothing more is read.
fn read_within(
    path: &Path,
    left: &mut Option<u64>,
    read: &mut dyn FnMut(&Path) -> Result<Vec<u8>, LoadErrorReason>,
) -> Result<Vec<u8>, LoadErrorReason> {
    let room = left.ok_or(LoadErrorReason::TooLarge(None))?;
    let bytes = read(path).and_then(|bytes| {
        *left = Some(room.checked_sub(bytes.len() as u64).ok_or(LoadErrorReason::TooLarge(None))?);
        Ok(bytes)
    });
    if matches!(bytes, Err(LoadErrorReason::TooLarge(_))) {
        *left = None;
    }
    bytes
}

fn unreadable(source: &Source, asked: &Asked, reason: &LoadErrorReason) -> Diagnostic {
    let (what, help) = reason.words();
    let (name, span) = asked.href.clone().unwrap_or_default();
    let main = &source.name;
    let message = format!("Unable to load '{main}' xml scenario file: cannot include '{name}': {what}");
    let help = match (reason, help) {
        (LoadErrorReason::NotFound, _) => {
            "an href is relative to the folder of the file that it stands in".to_owned()
        }
        (_, "") => "see whether the file can be read".to_owned(),
        (_, help) => help.to_owned(),
    };
    Diagnostic::error(codes::INCLUDE_UNREADABLE, span, message).label("this file").help(help)
}

fn too_many(at: Range<usize>) -> Diagnostic {
    let message = format!("the scenario includes more than {INCLUDES_MAX} files");
    Diagnostic::error(codes::TOO_MANY_INCLUDES, at, message)
        .label("one too many")
        .help("repeat steps with <label> and next, or put them into one file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_no_detours() {
        assert_eq!(key(Path::new("./a/b/../c.xml")), Path::new("a/c.xml"));
        assert_eq!(key(Path::new("../a/./c.xml")), Path::new("../a/c.xml"));
        assert_eq!(key(Path::new("/a/../../c.xml")), Path::new("/../c.xml"));
    }
}
