//! The `-slave_cfg` file: names and addresses of the processes of a third-party call control (spec-engine §12).

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::exit::Fatal;
use crate::target::Host;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// Name of the process.
    pub(super) name: String,
    /// Where it is.
    pub(super) host: Host,
    /// Number of the line, from 1.
    pub(super) line: usize,
}

/// Reads the file. Lines of another form and names that stand there already are skipped, with a note.
pub(super) fn read(file: &Path) -> Result<Vec<Address>, Fatal> {
    let text = fs::read(file).map_err(|error| {
        Fatal::new(format!(
            "Can not open -slave_cfg file {}: {error}. Name a file with a line like s1;192.0.2.1:6060 for each process.",
            file.display()
        ))
    })?;
    let mut addresses: Vec<Address> = Vec::new();
    for (line, text) in
        (1..).zip(String::from_utf8_lossy(&text).lines()).filter(|(_, text)| !text.trim().is_empty())
    {
        let Some((name, host)) = read_line(text) else {
            note(file, line, "skipped: it is not like s1;192.0.2.1:6060");
            continue;
        };
        match addresses.iter().find(|known| known.name == name) {
            Some(known) => {
                let why = format!("skipped: {} has its address in line {}", name.escape_debug(), known.line);
                note(file, line, &why);
            }
            None => addresses.push(Address { name, host, line }),
        }
    }
    Ok(addresses)
}

/// Nobody may be reading stderr: nothing to be done about it.
fn note(file: &Path, line: usize, what: &str) {
    let _ = writeln!(io::stderr(), "note: line {line} of {} is {what}", file.display());
}

fn read_line(line: &str) -> Option<(String, Host)> {
    let mut columns = line.split(';');
    let (name, host) = (columns.next()?.trim(), columns.next()?.trim());
    let host = Host::parse(host).ok()?;
    (!name.is_empty()).then(|| (name.to_owned(), host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_name_counts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("peers");
        fs::write(&file, "m;127.0.0.1:1\n\nx\ns;127.0.0.1:2\nm;127.0.0.1:3\n").unwrap();
        let read = read(&file).unwrap();
        let lines: Vec<_> =
            read.iter().map(|known| (known.name.as_str(), known.host.port, known.line)).collect();
        assert_eq!(lines, [("m", Some(1), 1), ("s", Some(2), 4)]);
    }

    #[test]
    fn lines_have_a_name_and_an_address() {
        let line = |text| read_line(text).map(|(name, host)| (name, host.name, host.port));
        assert_eq!(line("s1;127.0.0.1:6061"), Some(("s1".into(), "127.0.0.1".into(), Some(6061))));
        assert_eq!(line(" s 1 ; [::1]:6061 ; more"), Some(("s 1".into(), "::1".into(), Some(6061))));
        assert_eq!(line("s1;host"), Some(("s1".into(), "host".into(), None)));
        for bad in ["s1", "# s1", ";127.0.0.1:1", "s1;", "s1;:5"] {
            assert_eq!(line(bad), None, "{bad:?}");
        }
    }
}
