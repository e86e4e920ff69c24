//! `-compat`: ways of older SIPps that are off unless asked for (spec-3.8 §K). `docs/compatibility.md` lists them.

use crate::exit::{CALLS_FAILED, FATAL};

/// The SIPp to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Compat {
    /// 3.6.
    V3_6,
    /// 3.7.
    V3_7,
    /// 3.8.
    #[default]
    V3_8,
}

impl Compat {
    /// Reads `-compat`'s argument.
    pub(crate) fn parse(text: &str) -> Result<Compat, String> {
        match text {
            "3.6" => Ok(Compat::V3_6),
            "3.7" => Ok(Compat::V3_7),
            "3.8" => Ok(Compat::V3_8),
            _ => Err(format!("\"{text}\" is no version of SIPp known here. Known are 3.6, 3.7 and 3.8.")),
        }
    }

    /// The version that a command line asks for, found without reading the rest of it: an error in it has an exit status,
    /// too.
    pub(crate) fn wanted<'w>(words: impl IntoIterator<Item = &'w str>) -> Compat {
        let mut words = words.into_iter();
        let mut wanted = Compat::default();
        while let Some(word) = words.next() {
            if matches!(word, "-compat" | "--compat") {
                wanted = words.next().and_then(|text| Compat::parse(text).ok()).unwrap_or(wanted);
            }
        }
        wanted
    }

    /// How scenarios are read.
    pub(crate) fn scenario(self) -> busyhour_scenario::Compat {
        let version = match self {
            Compat::V3_6 => "3.6",
            Compat::V3_7 => "3.7",
            Compat::V3_8 => "3.8",
        };
        busyhour_scenario::Compat::of_version(version).unwrap_or_default()
    }

    /// Repartition tables have columns without `(P)` and `(C)`.
    pub(crate) fn plain_repartition(self) -> bool {
        self != Compat::V3_8
    }

    /// Exit status of a run that can't start for what it was given: options, scenarios, files.
    pub(crate) fn bad_start(self) -> u8 {
        match self {
            Compat::V3_6 | Compat::V3_7 => CALLS_FAILED,
            Compat::V3_8 => FATAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(
            ["3.6", "3.7", "3.8"].map(Compat::parse),
            [Ok(Compat::V3_6), Ok(Compat::V3_7), Ok(Compat::V3_8)]
        );
        assert!(Compat::parse("3.9").unwrap_err().contains("3.6, 3.7 and 3.8"));
        assert_eq!(Compat::wanted(["x", "--compat", "3.7", "-zzz"]), Compat::V3_7);
        assert_eq!(Compat::wanted(["-compat", "3.7", "-compat", "3.8"]), Compat::V3_8);
        assert_eq!(Compat::wanted(["-compat"]), Compat::V3_8);
    }

    #[test]
    fn what_changes() {
        let (old, new) = (Compat::V3_7, Compat::V3_8);
        assert_eq!((old.bad_start(), new.bad_start()), (1, 255));
        assert!(old.plain_repartition() && !new.plain_repartition());
        assert!(old.scenario().octal_numbers && old.scenario().header_search_anywhere);
        assert_eq!(new.scenario(), busyhour_scenario::Compat::default());
    }
}
