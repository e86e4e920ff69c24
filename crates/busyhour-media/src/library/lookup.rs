//! Where a named file lies (spec-media §3).

use std::path::{Path, PathBuf};

use super::BadMedia;

/// Finds a file by the rules of [`super::Library`].
pub(super) fn find(name: &str, folder: Option<&Path>) -> Result<PathBuf, BadMedia> {
    if name.is_empty() {
        return Err(BadMedia {
            what: "no file name".to_owned(),
            help: "name a file; where the name is made of keywords, check that they have values".to_owned(),
        });
    }
    if name.contains('\0') {
        return Err(BadMedia {
            what: format!("{name:?}: a file name with a NUL character"),
            help: "check the keywords that the name is made of".to_owned(),
        });
    }
    if let Some(rest) = name.strip_prefix('~') {
        let (user, rest) = rest.split_once('/').unwrap_or((rest, ""));
        return existing(home(name, user)?.join(rest), name);
    }
    let path = Path::new(name);
    if path.is_absolute() {
        return existing(path.to_owned(), name);
    }
    // A scenario named without a folder lies in the working folder.
    let beside = folder.filter(|folder| !folder.as_os_str().is_empty()).map(|folder| folder.join(path));
    match beside {
        Some(beside) if beside.exists() => Ok(beside),
        Some(beside) if !path.exists() => Err(BadMedia {
            what: format!("{name}: no such file: neither {} nor in the working folder", beside.display()),
            help: "put it beside the scenario, or give its whole path".to_owned(),
        }),
        _ => existing(path.to_owned(), name),
    }
}

fn existing(path: PathBuf, name: &str) -> Result<PathBuf, BadMedia> {
    if path.exists() {
        return Ok(path);
    }
    if path.is_relative() {
        return Err(BadMedia {
            what: format!("{name}: no such file in the working folder"),
            help: "check the name, or give its whole path".to_owned(),
        });
    }
    Err(BadMedia {
        what: format!("{name}: no such file: {}", path.display()),
        help: "check the name".to_owned(),
    })
}

fn home(name: &str, user: &str) -> Result<PathBuf, BadMedia> {
    if user.is_empty() {
        return std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from).ok_or_else(
            || BadMedia {
                what: format!("{name}: ~ is the home folder, but HOME is not set"),
                help: "give the whole path".to_owned(),
            },
        );
    }
    let accounts = std::fs::read("/etc/passwd").unwrap_or_default();
    home_of(user, &String::from_utf8_lossy(&accounts)).map(PathBuf::from).ok_or_else(|| BadMedia {
        what: format!("{name}: /etc/passwd has no home folder of {user}"),
        help: "give the whole path".to_owned(),
    })
}

/// The sixth field of the user's line (passwd(5)).
fn home_of<'a>(user: &str, accounts: &'a str) -> Option<&'a str> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(user))?;
    line.split(':').nth(5).filter(|home| !home.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_read_from_the_accounts() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\nnobody:x:1:1:::\nann:x:2:2::/home/ann:/bin/sh\n";
        assert_eq!(home_of("ann", accounts), Some("/home/ann"));
        assert_eq!(home_of("nobody", accounts), None);
        assert_eq!(home_of("an", accounts), None);
        let error = find("~nobody-of-this-name/x.pcap", None).unwrap_err();
        assert!(error.what.contains("no home folder of nobody-of-this-name"), "{}", error.what);
    }

    #[test]
    fn a_missing_file_says_where_it_was_looked_for() {
        let error = find("gone.pcap", Some(Path::new("/nowhere"))).unwrap_err();
        assert!(error.what.contains("/nowhere/gone.pcap"), "{}", error.what);
        for folder in [None, Some(Path::new(""))] {
            let error = find("gone.pcap", folder).unwrap_err();
            assert_eq!(error.what, "gone.pcap: no such file in the working folder");
        }
        assert!(find("", None).is_err());
        assert!(find("a\0b", None).is_err());
    }

    #[test]
    fn beside_the_scenario_comes_first() {
        let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(find("Cargo.toml", Some(crate_folder)), Ok(crate_folder.join("Cargo.toml")));
        let here = find("Cargo.toml", Some(Path::new("/nowhere")));
        assert_eq!(here, Ok(PathBuf::from("Cargo.toml")));
    }
}
