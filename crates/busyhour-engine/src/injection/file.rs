//! The injection files of a run, and what calls and actions do with them.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use busyhour_media::SplitMix64;

use super::changes::{self, Changes};
use super::keys::Keys;
use super::table::{Order, Table};

/// The injection files of a run, by base name. All workers share them; only `insert` and `replace` take a lock, and who
/// reads after the first of these.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<File>,
    default: Option<usize>,
    refused: AtomicU64,
}

#[derive(Debug)]
struct File {
    table: Table,
    keys: Option<Keys>,
    /// There are changes to look at.
    changed: AtomicBool,
    changes: RwLock<Changes>,
    /// See [`Table::holds_authentication`]; lines come later, too.
    holds_authentication: AtomicBool,
}

/// Why an action can't do something with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// There is no such file.
    NoFile {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// It has no index.
    NoIndex {
        /// Its name.
        name: String,
    },
    /// Its lines are made by `PRINTF`.
    Printf {
        /// Its name.
        name: String,
    },
    /// It has no such line.
    NoLine {
        /// Its name.
        name: String,
        /// The line asked for, as text.
        line: String,
        /// Number of lines.
        lines: u32,
    },
    /// No more lines are taken.
    Full {
        /// Its name.
        name: String,
    },
}

/// The outcome of asking for a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is there.
    Value,
    /// The line has fewer fields.
    NoField,
    /// The file has fewer lines.
    NoLine,
}

/// A call without a line: its file is one by users, and the call has no user.
pub(crate) const NOBODY: u32 = u32::MAX;

/// A call of a user for whom the file has no line.
pub(crate) const BEYOND: u32 = u32::MAX - 1;

impl Files {
    /// Adds a file. The first one with `may_be_default` is what `[fieldN]` means without `file=`. False if it takes the
    /// place of another one of its name.
    pub fn add(&mut self, table: Table, may_be_default: bool) -> bool {
        let file = File {
            holds_authentication: table.holds_authentication().into(),
            table,
            keys: None,
            changed: false.into(),
            changes: RwLock::default(),
        };
        let known = self.position(Some(file.table.name()));
        let place = known.unwrap_or(self.files.len());
        match known {
            Some(known) => self.files[known] = file,
            None => self.files.push(file),
        }
        if may_be_default && self.default.is_none() {
            self.default = Some(place);
        }
        known.is_none()
    }

    /// Makes an index over a field, 0-based, in place of an earlier one; returns the number of lines without that field,
    /// which count as empty. `None` if there is no file of this name.
    pub fn index(&mut self, name: &str, column: u32) -> Option<u64> {
        let place = self.position(Some(name))?;
        let file = &mut self.files[place];
        let (keys, without) = Keys::new(&file.table, column);
        file.keys = Some(keys);
        Some(without)
    }

    /// The file that `[fieldN]` means without `file=`.
    pub fn default_table(&self) -> Option<&Table> {
        Some(&self.files[self.default?].table)
    }

    /// Names of all files.
    pub fn names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.table.name().to_owned()).collect()
    }

    /// True if there is a file of this name; `None` asks for the default one.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.position(name).is_some()
    }

    /// Number of lines that `insert` and `replace` were refused because there is no room.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The line of an indexed file whose key this is.
    pub fn lookup(&self, name: &[u8], key: &[u8]) -> Result<Option<u32>, Unusable> {
        let file = self.file(name)?;
        let keys =
            file.keys.as_ref().ok_or_else(|| Unusable::NoIndex { name: file.table.name().to_owned() })?;
        let changes = file.changes();
        Ok(file.line_of_key(changes.as_deref(), keys, key))
    }

    /// Appends a line. `next_call` is the number of the next call.
    pub fn insert(&self, name: &[u8], row: &[u8], next_call: u64) -> Result<(), Unusable> {
        self.change(name, row, |file, changes| {
            let line = changes.insert(&file.table, row, next_call)?;
            if let Some(keys) = &file.keys {
                file.enter_key(changes, keys, row, line);
            }
            Some(())
        })
    }

    /// Replaces a line, given as text.
    pub fn replace(&self, name: &[u8], line: &[u8], row: &[u8]) -> Result<(), Unusable> {
        let file = self.file(name)?;
        let lines = file.changes().map_or(file.table.lines(), |changes| changes.lines(&file.table));
        let at = line_number(line).flatten().filter(|at| *at < lines).ok_or_else(|| Unusable::NoLine {
            name: file.table.name().to_owned(),
            line: String::from_utf8_lossy(line).into_owned(),
            lines,
        })?;
        self.change(name, row, |file, changes| {
            let mut former = Vec::new();
            if let Some(keys) = &file.keys {
                file.append(Some(changes), at, keys.column, &mut former);
            }
            if !changes.replace(&file.table, at, row) {
                return None;
            }
            if let Some(keys) = &file.keys {
                // Another line with that key may have taken it over.
                if file.line_of_key(Some(changes), keys, &former) == Some(at) {
                    changes.set_key(&former, None, keys.find(&file.table, &former));
                }
                file.enter_key(changes, keys, row, at);
            }
            Some(())
        })
    }

    /// Place of a file; of the default one without a name.
    pub(crate) fn position(&self, name: Option<&str>) -> Option<usize> {
        match name {
            None => self.default,
            Some(name) => self.files.iter().position(|file| file.table.name() == name),
        }
    }

    /// The file at a place.
    pub(crate) fn table(&self, place: usize) -> &Table {
        &self.files[place].table
    }

    /// Whether values of the file at a place may hold `[authentication …]`.
    pub(crate) fn holds_authentication(&self, place: usize) -> bool {
        self.files[place].holds_authentication.load(Ordering::Relaxed)
    }

    /// The line of a call: for one number, user and seed always the same, whatever the number of workers.
    pub(crate) fn line_of_call(&self, place: usize, number: u64, user: u32, seed: u64) -> u32 {
        let file = &self.files[place];
        let changes = file.changes();
        let lines = changes.as_ref().map_or(file.table.lines(), |changes| changes.lines(&file.table));
        // Init has number 0; it sees the first line and takes none.
        let number = number.max(1);
        match file.table.order() {
            Order::Sequential => match &changes {
                None => ((number - 1) % u64::from(lines)) as u32,
                Some(changes) => changes.line_of_call(&file.table, number),
            },
            Order::Random => {
                let drawn = mixed(seed ^ mixed(number ^ mixed(place as u64 + 1)));
                ((u128::from(drawn) * u128::from(lines)) >> 64) as u32
            }
            Order::User if user == 0 => NOBODY,
            Order::User if user > lines => BEYOND,
            Order::User => user - 1,
        }
    }

    /// Where the file's bytes have a line of a call; nowhere if it was inserted.
    pub(crate) fn start(&self, place: usize, line: u32) -> u64 {
        let table = &self.files[place].table;
        if line < table.lines() { table.start(line) } else { u64::MAX }
    }

    /// Appends a field of a line of the file at a place, which starts there.
    pub(crate) fn append_at(
        &self,
        place: usize,
        line: u32,
        start: u64,
        column: u32,
        out: &mut Vec<u8>,
    ) -> Appended {
        let file = &self.files[place];
        match file.changes() {
            Some(changes) => file.append(Some(&changes), line, column, out),
            None if file.table.append_at(start, line, column, out) => Appended::Value,
            None => Appended::NoField,
        }
    }

    /// Appends a field of a line of the file at a place.
    pub(crate) fn append(&self, place: usize, line: u32, column: u32, out: &mut Vec<u8>) -> Appended {
        let file = &self.files[place];
        file.append(file.changes().as_deref(), line, column, out)
    }

    fn file(&self, name: &[u8]) -> Result<&File, Unusable> {
        self.files.iter().find(|file| file.table.name().as_bytes() == name).ok_or_else(|| Unusable::NoFile {
            name: String::from_utf8_lossy(name).into_owned(),
            known: self.names(),
        })
    }

    fn change(
        &self,
        name: &[u8],
        row: &[u8],
        change: impl FnOnce(&File, &mut Changes) -> Option<()>,
    ) -> Result<(), Unusable> {
        let file = self.file(name)?;
        if file.table.is_printf() {
            return Err(Unusable::Printf { name: file.table.name().to_owned() });
        }
        // A row is whole after every change, so a panic elsewhere has not broken anything.
        let mut changes = file.changes.write().unwrap_or_else(PoisonError::into_inner);
        if change(file, &mut changes).is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Unusable::Full { name: file.table.name().to_owned() });
        }
        if memchr::memmem::find(row, b"[authentication").is_some() {
            file.holds_authentication.store(true, Ordering::Relaxed);
        }
        file.changed.store(true, Ordering::Release);
        Ok(())
    }
}

impl File {
    /// The changes, if there are any: without, no lock is taken.
    fn changes(&self) -> Option<RwLockReadGuard<'_, Changes>> {
        self.changed
            .load(Ordering::Acquire)
            .then(|| self.changes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn append(&self, changes: Option<&Changes>, line: u32, column: u32, out: &mut Vec<u8>) -> Appended {
        let found = match changes.and_then(|changes| changes.row(&self.table, line)) {
            Some(row) => changes::append(row, column, out),
            None if line >= self.table.lines() => return Appended::NoLine,
            None => self.table.append(line, column, out),
        };
        if found { Appended::Value } else { Appended::NoField }
    }

    fn line_of_key(&self, changes: Option<&Changes>, keys: &Keys, key: &[u8]) -> Option<u32> {
        match changes.and_then(|changes| changes.find(key)) {
            Some(line) => line,
            None => keys.find(&self.table, key),
        }
    }

    fn enter_key(&self, changes: &mut Changes, keys: &Keys, row: &[u8], line: u32) {
        let mut key = Vec::new();
        changes::append(row, keys.column, &mut key);
        changes.set_key(&key, Some(line), keys.find(&self.table, &key));
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::NoFile { name, known } if known.is_empty() => {
                write!(f, "there is no injection file \"{name}\": none was given by -inf")
            }
            Unusable::NoFile { name, known } => {
                write!(f, "there is no injection file \"{name}\", only {}", known.join(", "))
            }
            Unusable::NoIndex { name } => {
                write!(f, "the injection file {name} has no index: -infindex {name} FIELD makes one")
            }
            Unusable::Printf { name } => {
                write!(f, "the injection file {name} is a PRINTF file: its lines can't be changed")
            }
            Unusable::NoLine { name, line, lines } => {
                write!(f, "the injection file {name} has lines 0 to {}, but no line \"{line}\"", lines - 1)
            }
            Unusable::Full { name } => {
                write!(f, "there is no room for more lines of the injection file {name}")
            }
        }
    }
}

/// Reads a line number as C does: any number, its fraction cut; nothing is 0. `None` if it is no number, `Some(None)` if
/// no line can have it.
pub(crate) fn line_number(text: &[u8]) -> Option<Option<u32>> {
    let number = if text.is_empty() { 0.0 } else { crate::variables::parse_number(text)? };
    let number = number.trunc();
    Some((0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32))
}

/// Spreads a number over all bits.
fn mixed(number: u64) -> u64 {
    SplitMix64(number).draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Files {
        let mut files = Files::default();
        for (name, text) in texts {
            files.add(Table::parse(name, text.as_bytes().to_vec()).unwrap(), true);
        }
        files
    }

    fn value(files: &Files, line: u32, column: u32) -> Option<String> {
        let mut out = Vec::new();
        match files.append(0, line, column, &mut out) {
            Appended::Value => Some(String::from_utf8(out).unwrap()),
            Appended::NoField | Appended::NoLine => None,
        }
    }

    #[test]
    fn the_first_is_the_default() {
        let mut files = Files::default();
        let table = |name| Table::parse(name, b"USER\na\n".to_vec()).unwrap();
        assert!(files.add(table("r.csv"), false));
        assert!(files.default_table().is_none());
        assert!(files.add(table("a.csv"), true));
        assert!(files.add(table("b.csv"), true));
        assert_eq!(files.default_table().map(Table::name), Some("a.csv"));
        assert!(!files.add(Table::parse("a.csv", b"USER\na\nb\n".to_vec()).unwrap(), true));
        assert_eq!(files.default_table().map(Table::lines), Some(2));
        assert!(files.has(Some("r.csv")) && !files.has(Some("./r.csv")));
    }

    #[test]
    fn lines_of_calls() {
        let text = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let files = files(&[
            ("s", &format!("SEQUENTIAL\n{text}")),
            ("r", &format!("RANDOM\n{text}")),
            ("q", &format!("RANDOM\n{text}")),
            ("u", &format!("USER\n{text}")),
        ]);
        let sequence: Vec<u32> = (0..12).map(|call| files.line_of_call(0, call, 0, 1)).collect();
        assert_eq!(sequence, [0, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2]);
        let random =
            |place, seed| (1..2000).map(|call| files.line_of_call(place, call, 0, seed)).collect::<Vec<_>>();
        assert_eq!(random(1, 1), random(1, 1));
        assert_ne!(random(1, 1), random(1, 2));
        assert_ne!(random(1, 1), random(2, 1));
        for line in 0..8 {
            let count = random(1, 1).iter().filter(|drawn| **drawn == line).count();
            assert!((180..320).contains(&count), "line {line}: {count} of 2000");
        }
        let user = |user| files.line_of_call(3, 77, user, 1);
        assert_eq!((user(0), user(1), user(8), user(9)), (NOBODY, 0, 7, BEYOND));
    }

    #[test]
    fn insert_and_replace_change_memory_and_index() {
        let mut files = files(&[("a", "SEQUENTIAL\na;1\nb;2\na;3\nc;4\n")]);
        assert_eq!(files.index("a", 0), Some(0));
        assert_eq!(files.index("b", 0), None);
        let find = |key: &str| files.lookup(b"a", key.as_bytes()).unwrap();
        assert_eq!((find("a"), find("c"), find("z")), (Some(2), Some(3), None));
        files.insert(b"a", b"n;9;x", 1).unwrap();
        assert_eq!((find("n"), value(&files, 4, 2)), (Some(4), Some("x".to_owned())));
        assert_eq!((value(&files, 4, 3), value(&files, 5, 0)), (None, None));
        // Line 0 does not own its key, so that stays.
        files.replace(b"a", b"0", b"R;9").unwrap();
        assert_eq!((find("a"), find("R"), value(&files, 0, 0)), (Some(2), Some(0), Some("R".to_owned())));
        files.replace(b"a", b"2", b"b").unwrap();
        assert_eq!((find("a"), find("b")), (None, Some(2)));
        files.replace(b"a", b"4.7", b"n;10").unwrap();
        assert_eq!((find("n"), value(&files, 4, 1)), (Some(4), Some("10".to_owned())));
        files.insert(b"a", b"a", 1).unwrap();
        assert_eq!(find("a"), Some(5));
    }

    #[test]
    fn former_keys_take_no_room() {
        let mut files = files(&[("a", "SEQUENTIAL\na;1\nb;2\n")]);
        files.index("a", 0);
        for key in 100..200 {
            files.replace(b"a", b"0", format!("k{key};x").as_bytes()).unwrap();
        }
        let size = |files: &Files| files.files[0].changes.read().unwrap().size();
        let find = |key: &str| files.lookup(b"a", key.as_bytes()).unwrap();
        assert_eq!((find("a"), find("k198"), find("k199")), (None, None, Some(0)));
        // That "a" has no line any more, and the line of the last key; and that one row.
        assert_eq!(size(&files), (2, "a".len() + "k199".len() + "k199;x".len()));
        files.replace(b"a", b"0", b"a;9").unwrap();
        assert_eq!((find("a"), find("k199"), size(&files)), (Some(0), None, (0, "a;9".len())));
    }

    #[test]
    fn what_can_not_be_done() {
        let files = files(&[("a", "SEQUENTIAL\na\n"), ("p", "SEQUENTIAL,PRINTF=3\na%d\n")]);
        let said = |outcome: Result<(), Unusable>, part: &str| {
            let text = outcome.unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        };
        said(files.lookup(b"a", b"a").map(drop), "-infindex a FIELD");
        said(files.insert(b"b", b"a", 1), "only a, p");
        said(files.insert(b"p", b"a", 1), "PRINTF");
        said(files.replace(b"p", b"0", b"a"), "PRINTF");
        for line in ["1", "-1", "x", "1x", "1e300"] {
            said(files.replace(b"a", line.as_bytes(), b"a"), &format!("no line \"{line}\""));
        }
        said(Files::default().insert(b"b", b"a", 1), "none was given");
    }

    #[test]
    fn line_numbers_are_read_as_by_c() {
        for (text, wanted) in [
            ("", Some(Some(0))),
            (" 1", Some(Some(1))),
            ("1.9", Some(Some(1))),
            ("-0.5", Some(Some(0))),
            ("0x1", Some(Some(1))),
            ("1e0", Some(Some(1))),
            ("-1.000000", Some(None)),
            ("1e300", Some(None)),
            ("abc", None),
            ("1abc", None),
        ] {
            assert_eq!(line_number(text.as_bytes()), wanted, "{text}");
        }
    }
}
