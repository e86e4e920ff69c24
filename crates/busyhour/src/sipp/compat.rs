//! `-compat`: ways of older SIPps that are off unless asked for (spec-3.8 §K). `docs/compatibility.md` lists them.

use busyhour_scenario::Version;

use crate::exit::{CALLS_FAILED, FATAL};

/// Reads `-compat`'s argument.
pub(crate) fn parse(text: &str) -> Result<Version, String> {
    Version::parse(text).ok_or_else(|| {
        let [first, second, last] = Version::ALL.map(Version::name);
        format!("\"{text}\" is no version of SIPp known here. Known are {first}, {second} and {last}.")
    })
}

/// The version that a command line asks for, found without reading the rest of it: an error in it has an exit status,
/// too.
pub(crate) fn wanted<'w>(words: impl IntoIterator<Item = &'w str>) -> Version {
    let mut words = words.into_iter();
    let mut wanted = Version::default();
    while let Some(word) = words.next() {
        if matches!(word, "-compat" | "--compat") {
            wanted = words.next().and_then(Version::parse).unwrap_or(wanted);
        }
    }
    wanted
}

/// True if repartition tables have columns without `(P)` and `(C)`.
pub(crate) fn plain_repartition(version: Version) -> bool {
    version != Version::V3_8
}

/// Exit status of a run that can't start for what it was given: options, scenarios, files.
pub(crate) fn bad_start(version: Version) -> u8 {
    match version {
        Version::V3_6 | Version::V3_7 => CALLS_FAILED,
        Version::V3_8 => FATAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(Version::ALL.map(|version| parse(version.name())), Version::ALL.map(Ok));
        assert!(parse("3.9").unwrap_err().contains("3.6, 3.7 and 3.8"));
        assert_eq!(wanted(["x", "--compat", "3.7", "-zzz"]), Version::V3_7);
        assert_eq!(wanted(["-compat", "3.7", "-compat", "3.8"]), Version::V3_8);
        assert_eq!(wanted(["-compat"]), Version::V3_8);
    }

    #[test]
    fn what_changes() {
        let (old, new) = (Version::V3_7, Version::V3_8);
        assert_eq!((bad_start(old), bad_start(new)), (1, 255));
        assert!(plain_repartition(old) && !plain_repartition(new));
    }
}
