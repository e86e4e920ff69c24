//! Ways of older versions of SIPp (`-compat`).

/// A version of SIPp to be like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// 3.6.
    V3_6,
    /// 3.7.
    V3_7,
    /// 3.8.
    #[default]
    V3_8,
}

/// Ways of older SIPp that a scenario may rely on. None of them by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compat {
    /// A number with a leading 0 is octal (before 3.8).
    pub octal_numbers: bool,
    /// `ereg search_in="hdr"` looks anywhere in the message, also for plain header names (before 3.8).
    pub header_search_anywhere: bool,
    /// Blanks behind a tab at the start of a line of a message stay, which makes it a folded one (spec-scenario §4.1). 3.8.0
    /// keeps them too (spec-3.8 §J 11), which nobody can want of a scenario written today.
    pub blanks_behind_tabs: bool,
}

impl Version {
    /// All of them.
    pub const ALL: [Version; 3] = [Version::V3_6, Version::V3_7, Version::V3_8];

    /// Reads a version: `3.6`, `3.7` or `3.8`. `None` for any other.
    pub fn parse(text: &str) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.name() == text)
    }

    /// The version as it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Version::V3_6 => "3.6",
            Version::V3_7 => "3.7",
            Version::V3_8 => "3.8",
        }
    }
}

impl From<Version> for Compat {
    fn from(version: Version) -> Compat {
        let before_3_8 = version != Version::V3_8;
        Compat {
            octal_numbers: before_3_8,
            header_search_anywhere: before_3_8,
            blanks_behind_tabs: before_3_8,
        }
    }
}
