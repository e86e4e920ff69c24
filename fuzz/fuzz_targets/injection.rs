//! Injection files: any bytes as a file, against a plain reading of the same rules; then changes and look-ups.

#![no_main]

use busyhour_engine::injection::{Files, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first two bytes choose what is done to the file.
    let (choice, bytes) = bytes.split_at(bytes.len().min(2));
    let table = match Table::parse("a.csv", bytes.to_vec()) {
        Ok(table) => table,
        Err(error) => {
            assert!(error.line >= 1 && !error.to_string().is_empty());
            return;
        }
    };
    let rows = rows(bytes);
    let is_printf = bytes.split(|byte| *byte == b'\n').next().is_some_and(|line| holds(line, b"PRINTF="));
    if !is_printf {
        assert_eq!(table.lines() as usize, rows.len());
        let least = rows.iter().map(|row| row.split(|byte| *byte == b';').count()).min();
        assert_eq!(Some(table.fields_least() as usize), least);
    }
    let lines = table.lines();
    let mut files = Files::default();
    files.add(table, true);
    // An index over a million made lines would only take time.
    let Some((&column, &line)) = choice.first().zip(choice.get(1)) else { return };
    if lines > 5000 {
        return;
    }
    files.index("a.csv", u32::from(column % 4));
    let column = usize::from(column % 4);
    if !is_printf {
        for row in &rows {
            let key = field(row, column);
            let wanted = rows.iter().rposition(|other| field(other, column) == key).map(|line| line as u32);
            assert_eq!(files.lookup(b"a.csv", key), Ok(wanted));
        }
    }
    let row = rows.first().map_or(&b""[..], |row| row);
    let inserted = files.insert(b"a.csv", row, 1);
    assert_eq!(inserted.is_ok(), !is_printf);
    let replaced = files.replace(b"a.csv", line.to_string().as_bytes(), b"x;y;z;u");
    assert_eq!(replaced.is_ok(), !is_printf && u32::from(line) <= lines);
    if replaced.is_ok() {
        assert_eq!(files.lookup(b"a.csv", [b"x", b"y", b"z", b"u"][column]), Ok(Some(u32::from(line))));
    }
});

/// The data lines, read in the plainest way.
fn rows(bytes: &[u8]) -> Vec<&[u8]> {
    bytes
        .split(|byte| *byte == b'\n')
        .skip(1)
        .map(|line| {
            let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
            &line[..end]
        })
        .take_while(|line| !line.is_empty())
        .filter(|line| line[0] != b'#')
        .collect()
}

fn field(row: &[u8], column: usize) -> &[u8] {
    row.split(|byte| *byte == b';').nth(column).unwrap_or_default()
}

fn holds(line: &[u8], text: &[u8]) -> bool {
    line.windows(text.len()).any(|window| window == text)
}
