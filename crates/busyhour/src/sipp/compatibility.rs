//! Keeps `docs/compatibility.md` complete and true: every name of the scenario language and every option has a row, every
//! row has a test that exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::row::Status;
use super::table;

/// One row of the tables.
struct Row {
    /// Its line in the file, 1-based.
    line: usize,
    /// What it is about: names stand between backticks.
    feature: String,
    status: String,
    /// `path::function`, or the path of a differential case, below `crates`.
    tests: Vec<String>,
}

impl Row {
    /// Without what stands behind it.
    fn status(&self) -> &str {
        self.status.split(':').next().unwrap_or_default()
    }
}

const STATUSES: &[&str] = &["works", "differs", "no effect", "not yet", "media", "transport", "not wanted"];

/// Rows that stand for many names: any field, variable, header, or keyword of the user's.
const PATTERNS: &[&str] = &["[field0]", "[$name]", "[last_X.value]", "[NAME]"];

/// Rows of these need no test.
const WITHOUT_TEST: &[&str] = &["media", "transport", "not wanted"];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(workspace().join("docs/compatibility.md")).expect("docs/compatibility.md");
    let mut rows = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| line.starts_with('|')) {
        // A | inside of backticks is written \|.
        let line_text = line.replace("\\|", "\u{1}");
        let cells: Vec<String> =
            line_text.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let [feature, status, tests] = cells.as_slice() else {
            panic!("docs/compatibility.md:{}: three columns are expected: {line}", index + 1);
        };
        if feature == "feature" || feature.starts_with("---") {
            continue;
        }
        rows.push(Row {
            line: index + 1,
            feature: feature.clone(),
            status: status.clone(),
            tests: in_backticks(tests),
        });
    }
    rows
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// True if the text has a function of this name with the attribute `#[test]`.
fn is_test(text: &str, function: &str) -> bool {
    let head = format!("fn {function}(");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.iter().enumerate().filter(|(_, line)| line.starts_with(&head)).any(|(at, _)| {
        lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).any(|line| *line == "#[test]")
    })
}

/// What has a name in code, as the tables write it.
fn known() -> BTreeSet<String> {
    let options = table::all().flat_map(|row| row.names).map(|name| format!("-{name}"));
    busyhour_scenario::features().into_iter().chain(options).collect()
}

#[test]
fn every_name_has_one_row() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        for name in in_backticks(&row.feature) {
            assert!(
                seen.insert(name.clone()),
                "docs/compatibility.md:{}: {name} has a row already",
                row.line
            );
        }
    }
    let missing: Vec<_> = known().into_iter().filter(|name| !seen.contains(name)).collect();
    assert!(missing.is_empty(), "docs/compatibility.md has no row for {missing:?}");
}

#[test]
fn no_row_is_about_something_that_is_not_there() {
    let known = known();
    for row in rows() {
        for name in in_backticks(&row.feature) {
            let has_to_be_known = name.starts_with(['-', '<', '[']) && !PATTERNS.contains(&name.as_str());
            assert!(
                !has_to_be_known || known.contains(&name),
                "docs/compatibility.md:{}: {name} is neither an option nor a name of the scenario language",
                row.line
            );
        }
    }
}

#[test]
fn options_have_the_status_of_their_rows_in_the_code() {
    for row in rows() {
        for name in in_backticks(&row.feature) {
            let Some(option) = name.strip_prefix('-').and_then(table::find) else { continue };
            let expected = match row.status() {
                "works" | "differs" => Status::Works,
                "no effect" => Status::NoEffect,
                "not wanted" => Status::Refused,
                _ => Status::Later,
            };
            assert_eq!(
                option.status, expected,
                "docs/compatibility.md:{}: {name} is \"{}\" there, another thing in the tables of options",
                row.line, row.status
            );
        }
    }
}

#[test]
fn only_functions_with_the_attribute_are_tests() {
    let text = "#[test]\nfn a() {}\n\nfn b() {}\n    #[test]\n    #[ignore]\n    fn c() {}\n";
    assert_eq!(["a", "b", "c", "d"].map(|name| is_test(text, name)), [true, false, true, false]);
}

#[test]
fn every_row_has_a_status_and_tests_that_exist() {
    let crates = workspace().join("crates");
    for row in rows() {
        let status = row.status();
        assert!(
            STATUSES.contains(&status),
            "docs/compatibility.md:{}: the status \"{status}\" is none of {STATUSES:?}",
            row.line
        );
        assert!(
            status != "differs" || row.status.len() > "differs: ".len(),
            "docs/compatibility.md:{}: it does not say how",
            row.line
        );
        assert!(
            !row.tests.is_empty() || WITHOUT_TEST.contains(&status),
            "docs/compatibility.md:{}: {} has no test",
            row.line,
            row.feature
        );
        for test in &row.tests {
            let (path, function) = match test.split_once("::") {
                Some((path, function)) => (path, Some(function)),
                None => (test.as_str(), None),
            };
            let text = fs::read_to_string(crates.join(path)).unwrap_or_else(|error| {
                panic!("docs/compatibility.md:{}: crates/{path}: {error}", row.line);
            });
            let exists = match function {
                Some(function) => is_test(&text, function),
                // `differential/cases.rs` sees to it that every case is run.
                None => path.ends_with(".case"),
            };
            assert!(exists, "docs/compatibility.md:{}: there is no test {test}", row.line);
        }
    }
}
