//! `-infindex`: from the value of a field to its line, over the table's own bytes.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::table::Table;

/// The lines of a table by one of its fields. Of several lines with one value the last counts.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) column: u32,
    lines: HashTable<u32>,
}

impl Keys {
    /// Reads the whole table. A line without that field counts as one whose field is empty; also returns their number.
    pub(super) fn new(table: &Table, column: u32) -> (Keys, u64) {
        let mut lines = HashTable::with_capacity(table.lines() as usize);
        let mut without = 0;
        let (mut key, mut other) = (Vec::new(), Vec::new());
        for line in 0..table.lines() {
            key.clear();
            without += u64::from(!table.append(line, column, &mut key));
            let key_hash = hash(&key);
            let entry = lines.entry(
                key_hash,
                |at| is_key(table, *at, column, &key, &mut other),
                |at| {
                    let mut key = Vec::new();
                    table.append(*at, column, &mut key);
                    hash(&key)
                },
            );
            match entry {
                Entry::Occupied(mut earlier) => *earlier.get_mut() = line,
                Entry::Vacant(vacant) => _ = vacant.insert(line),
            }
        }
        (Keys { column, lines }, without)
    }

    /// The line of a key.
    pub(super) fn find(&self, table: &Table, key: &[u8]) -> Option<u32> {
        let mut other = Vec::new();
        self.lines.find(hash(key), |at| is_key(table, *at, self.column, key, &mut other)).copied()
    }
}

fn is_key(table: &Table, line: u32, column: u32, key: &[u8], other: &mut Vec<u8>) -> bool {
    other.clear();
    table.append(line, column, other);
    other == key
}

fn hash(key: &[u8]) -> u64 {
    FixedState::default().hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::parse("x.csv", text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_last_line_of_a_key_counts() {
        let table = table("SEQUENTIAL\na;1\nb;2\na;3\nc\n");
        let (keys, without) = Keys::new(&table, 0);
        let find = |key: &str| keys.find(&table, key.as_bytes());
        assert_eq!(
            (find("a"), find("b"), find("c"), find("z"), find("")),
            (Some(2), Some(1), Some(3), None, None)
        );
        assert_eq!(without, 0);
        let (keys, without) = Keys::new(&table, 1);
        assert_eq!((keys.find(&table, b"3"), keys.find(&table, b""), without), (Some(2), Some(3), 1));
    }

    #[test]
    fn many_keys() {
        let text: String = (0..20_000).map(|line| format!("user{line};x\n")).collect();
        let table = table(&format!("SEQUENTIAL\n{text}"));
        let (keys, _) = Keys::new(&table, 0);
        for line in (0..20_000).step_by(7) {
            assert_eq!(keys.find(&table, format!("user{line}").as_bytes()), Some(line));
        }
    }

    #[test]
    fn virtual_lines_are_indexed_as_filled_in() {
        let table = table("SEQUENTIAL,PRINTF=100\nu%03d\n");
        let (keys, _) = Keys::new(&table, 0);
        assert_eq!((keys.find(&table, b"u042"), keys.find(&table, b"u%03d")), (Some(42), None));
    }
}
