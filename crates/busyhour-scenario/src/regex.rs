//! POSIX extended regular expressions by the C library (`regcomp`, `regexec`), which is what SIPp means by a regular
//! expression: leftmost-longest, `.` matches line ends, `\d` is the letter d.
#![allow(unsafe_code)] // The C library's interface; the only unsafe code outside busyhour-net.

/// An expression that is known to compile. The engine compiles its own [`Regex`] from it for each worker, because
/// glibc takes a lock inside `regex_t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The expression as the engine sees it.
    pub source: String,
}
