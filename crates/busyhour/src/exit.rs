//! How a process ends: SIPp 3.8.0's exit statuses and quitting level, and the error that ends a run before or while
//! it goes.

use std::fmt;

/// No call failed.
pub(crate) const SUCCESS: u8 = 0;
/// The run ended in good order, but a call failed.
pub(crate) const CALLS_FAILED: u8 = 1;
/// `-timeout` ended the run and no call had ended, well or badly.
pub(crate) const NOTHING_DONE: u8 = 97;
/// Help, version, `-sd`, and the parent of `-bg`.
pub(crate) const ONLY_TOLD: u8 = 99;
/// A pattern did not come back as it was sent (rtpcheck); goes before success and failed calls.
pub(crate) const MEDIA_CHECK_FAILED: u8 = 253;
/// The local port is in use.
pub(crate) const ADDRESS_IN_USE: u8 = 254;
/// Any other error that makes the run pointless.
pub(crate) const FATAL: u8 = 255;

/// Why the run can't start, or can't go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fatal {
    /// Exit status of the process.
    pub(crate) status: u8,
    /// What is wrong and how to mend it, for a person.
    pub(crate) text: String,
}

impl Fatal {
    /// An error with exit status 255.
    pub(crate) fn new(text: impl Into<String>) -> Fatal {
        Fatal { status: FATAL, text: text.into() }
    }

    /// The same error, with what it is about in front.
    pub(crate) fn of(self, subject: &str) -> Fatal {
        Fatal { text: format!("{subject}{}", self.text), ..self }
    }
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Quitting level from which on open calls are aborted (spec-engine §1.1).
pub(crate) const ABORT_LEVEL: u32 = 11;
