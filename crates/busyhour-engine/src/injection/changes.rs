//! What `insert` and `replace` have done to a file: it lies beside the table, which stays as it was loaded.

use std::collections::HashMap;

use super::LINES_MAX;
use super::table::{Table, field};

/// Most lines that `insert` and `replace` may put beside a file.
const ROWS_MAX: usize = 10_000_000;

/// Most bytes that these and their keys may have together: from then on there is no room for a line.
const BYTES_MAX: usize = 4 << 30;

/// The changes of one file.
#[derive(Debug)]
pub(super) struct Changes {
    replaced: HashMap<u32, Box<[u8]>>,
    /// The lines behind the table's.
    inserted: Vec<Box<[u8]>>,
    /// Of rows and keys.
    bytes: usize,
    /// Keys whose line is another one than the table's index says, or none.
    keys: HashMap<Box<[u8]>, Option<u32>>,
    /// From this call on the sequence goes on at `first_line`.
    first_call: u64,
    first_line: u32,
}

impl Default for Changes {
    fn default() -> Changes {
        Changes {
            replaced: HashMap::new(),
            inserted: Vec::new(),
            bytes: 0,
            keys: HashMap::new(),
            first_call: 1,
            first_line: 0,
        }
    }
}

impl Changes {
    /// All lines, the table's and the inserted ones.
    pub(super) fn lines(&self, table: &Table) -> u32 {
        // Never more: `insert` refuses them.
        table.lines().saturating_add(self.inserted.len() as u32)
    }

    /// A line that is not as in the table.
    pub(super) fn row(&self, table: &Table, line: u32) -> Option<&[u8]> {
        match line.checked_sub(table.lines()) {
            Some(inserted) => self.inserted.get(inserted as usize).map(AsRef::as_ref),
            None => self.replaced.get(&line).map(AsRef::as_ref),
        }
    }

    /// The line of a call in sequential order.
    pub(super) fn line_of_call(&self, table: &Table, number: u64) -> u32 {
        let steps = i128::from(number) - i128::from(self.first_call);
        (i128::from(self.first_line) + steps).rem_euclid(i128::from(self.lines(table))) as u32
    }

    /// What is known of a key beside the table's index.
    pub(super) fn find(&self, key: &[u8]) -> Option<Option<u32>> {
        self.keys.get(key).copied()
    }

    /// Notes a key's line, or that it has none any more; nothing needs to be kept where the table's index says so too.
    pub(super) fn set_key(&mut self, key: &[u8], line: Option<u32>, of_table: Option<u32>) {
        if line == of_table {
            if self.keys.remove(key).is_some() {
                self.bytes -= key.len();
            }
        } else if self.keys.insert(key.into(), line).is_none() {
            self.bytes += key.len();
        }
    }

    /// Adds a line behind all others, and returns its number; `None` if there is no room. The sequence goes on where it
    /// stood: `next_call` is the number of the next call.
    pub(super) fn insert(&mut self, table: &Table, row: &[u8], next_call: u64) -> Option<u32> {
        let lines = self.lines(table);
        if lines >= LINES_MAX || !self.has_room(row.len()) {
            return None;
        }
        (self.first_line, self.first_call) = (self.line_of_call(table, next_call), next_call);
        self.bytes += row.len();
        self.inserted.push(row.into());
        Some(lines)
    }

    /// Puts another row in the place of a line that exists; false if there is no room.
    pub(super) fn replace(&mut self, table: &Table, line: u32, row: &[u8]) -> bool {
        let place = match line.checked_sub(table.lines()) {
            Some(inserted) => self.inserted.get_mut(inserted as usize),
            None => self.replaced.get_mut(&line),
        };
        if let Some(place) = place {
            if self.bytes - place.len() + row.len() > BYTES_MAX {
                return false;
            }
            self.bytes = self.bytes - place.len() + row.len();
            *place = row.into();
            return true;
        }
        if !self.has_room(row.len()) {
            return false;
        }
        self.bytes += row.len();
        self.replaced.insert(line, row.into());
        true
    }

    /// Number of keys, and bytes of all changes.
    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize) {
        (self.keys.len(), self.bytes)
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.replaced.len() + self.inserted.len() < ROWS_MAX && self.bytes + bytes <= BYTES_MAX
    }
}

/// Appends a field of a changed line, if there is one.
pub(super) fn append(row: &[u8], column: u32, out: &mut Vec<u8>) -> bool {
    let value = field(row, column);
    out.extend_from_slice(value.unwrap_or_default());
    value.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_goes_on_where_it_stood() {
        let table = Table::parse("x.csv", b"SEQUENTIAL\na\nb\nc\n".to_vec()).unwrap();
        let mut changes = Changes::default();
        let line = |changes: &Changes, call| changes.line_of_call(&table, call);
        assert_eq!((line(&changes, 1), line(&changes, 5)), (0, 1));
        // Call 5 has line 1; a new line comes in its turn, behind line 2.
        assert_eq!(changes.insert(&table, b"d", 6), Some(3));
        let lines: Vec<u32> = (5..11).map(|call| line(&changes, call)).collect();
        assert_eq!(lines, [1, 2, 3, 0, 1, 2]);
        // Call 7 was the last of the round: as in SIPp, the next one is the first of a new round.
        assert_eq!(changes.insert(&table, b"e", 8), Some(4));
        let lines: Vec<u32> = (8..14).map(|call| line(&changes, call)).collect();
        assert_eq!(lines, [0, 1, 2, 3, 4, 0]);
    }

    #[test]
    fn replaced_lines_are_found_wherever_they_are() {
        let table = Table::parse("x.csv", b"SEQUENTIAL\na\nb\n".to_vec()).unwrap();
        let mut changes = Changes::default();
        changes.insert(&table, b"c", 1);
        for (line, row) in [(0, &b"A"[..]), (2, b"C"), (0, b"AA")] {
            assert!(changes.replace(&table, line, row));
        }
        let rows: Vec<_> = (0..4).map(|line| changes.row(&table, line)).collect();
        assert_eq!(rows, [Some(&b"AA"[..]), None, Some(b"C"), None]);
        assert_eq!((changes.bytes, changes.lines(&table)), (3, 3));
    }
}
