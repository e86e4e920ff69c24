//! Which Debian mirror this machine is set up to use.

use std::fs;
use std::path::PathBuf;

/// Address of the machine's own Debian archive, from its apt settings; `None` leaves the choice to debootstrap.
pub(crate) fn configured() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    files.iter().filter_map(|file| fs::read_to_string(file).ok()).find_map(|text| archive(&text))
}

/// The first address in a sources file that is a Debian archive, in either of apt's formats.
fn archive(text: &str) -> Option<String> {
    let is_archive = |word: &&str| {
        word.starts_with("http") && word.contains("://") && word.trim_end_matches('/').ends_with("/debian")
    };
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("deb ") || line.to_ascii_lowercase().starts_with("uris:"))
        .find_map(|line| line.split_whitespace().find(is_archive))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::archive;

    #[test]
    fn finds_the_archive_in_both_formats() {
        let deb822 = "Types: deb\nURIs: http://mirror.test/debian-security\n\nTypes: deb\nURIs: http://mirror.test/debian/\n";
        assert_eq!(archive(deb822).as_deref(), Some("http://mirror.test/debian/"));
        let line =
            "# deb http://old.test/debian x\ndeb [arch=amd64] https://mirror.test/debian bookworm main\n";
        assert_eq!(archive(line).as_deref(), Some("https://mirror.test/debian"));
        assert_eq!(archive("deb http://other.test/apt stable main\n"), None);
    }
}
