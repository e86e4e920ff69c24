//! The last row of a statistics file, without what depends on time.

use std::collections::BTreeMap;

/// Columns by name, in a form that two runs can be compared in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Names of all columns, in order.
    pub(crate) columns: Vec<String>,
    /// Those that depend on what happened and not on when. All ranges of a repartition are one number.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Statistics {
    /// Reads a statistics file.
    ///
    /// # Panics
    /// If there is no such file, or a count is no number.
    pub(crate) fn read(text: &str) -> Statistics {
        let mut rows = text.lines().filter(|line| !line.is_empty());
        let (Some(header), Some(last)) = (rows.next(), rows.next_back()) else {
            panic!("no statistics were written");
        };
        let columns: Vec<String> = header.split(';').map(str::to_owned).collect();
        let mut counts = BTreeMap::new();
        for (column, cell) in columns.iter().zip(last.split(';')) {
            if counted(column) {
                let count: u64 = cell.parse().unwrap_or_else(|_| panic!("{cell:?} in column {column}"));
                *counts.entry(name(column)).or_default() += count;
            }
        }
        Statistics { columns, counts }
    }
}

fn counted(column: &str) -> bool {
    let other = ["ElapsedTime", "CallRate", "Warnings", "FatalErrors", "Watchdog"];
    let time = ["ResponseTime", "CallLength"].iter().any(|start| column.starts_with(start))
        && !column.contains("Repartition");
    let counts = column.ends_with("(C)") || column == "TotalCallCreated" || column == "CurrentCall";
    counts && !time && !other.iter().any(|start| column.starts_with(start))
}

/// The column's name; for a range of a repartition that of the whole.
fn name(column: &str) -> String {
    let whole = column.starts_with("ResponseTimeRepartition") || column.starts_with("CallLengthRepartition");
    let range = column.find("_<").or_else(|| column.find("_>="));
    match range {
        Some(end) if whole => column[..end].to_owned(),
        _ => column.to_owned(),
    }
}
