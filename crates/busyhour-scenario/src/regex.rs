//! POSIX extended regular expressions by the C library (`regcomp`, `regexec`), which is what SIPp means by a regular
//! expression: leftmost-longest, `.` matches line ends, `\d` is the letter d.
//!
//! The process never calls `setlocale`, so expressions work on bytes: `.` matches one byte of a UTF-8 character.
#![allow(unsafe_code)] // The C library's interface; the only unsafe code outside busyhour-net.

mod simple;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;

use simple::Simple;

/// Longest expression in bytes.
pub const PATTERN_BYTES_MAX: usize = 16 * 1024;

/// Deepest nesting of parentheses; the C library compiles by recursion.
const NESTING_MAX: usize = 200;

/// Largest number of states that repetitions like `(a{100}){100}` may unfold to; the C library writes them all out.
const UNFOLDED_MAX: u64 = 200_000;

/// Number of groups that a match reports: the whole match and nine sub-expressions, as SIPp does.
pub const GROUPS: usize = 10;

/// Byte ranges of the whole match and of the sub-expressions; `None` for one that took no part.
pub type Groups = [Option<Range<usize>>; GROUPS];

/// An expression that is known to compile. The engine compiles its own [`Regex`] from it for each worker, because
/// glibc takes a lock inside `regex_t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The expression as the engine sees it.
    pub source: String,
}

impl Pattern {
    /// Checks an expression by compiling it.
    pub fn new(source: &str) -> Result<Pattern, RegexError> {
        compile(source)?;
        Ok(Pattern { source: source.to_owned() })
    }
}

/// A compiled expression, for one thread at a time.
pub struct Regex {
    /// Boxed: the C library may keep pointers into it, so it must not move.
    compiled: Box<libc::regex_t>,
    /// The same, where it is of the kind that needs no general matcher.
    simple: Option<Simple>,
    /// The text with a NUL behind it, where the C library cannot take a length.
    #[cfg(not(target_env = "gnu"))]
    text: Vec<u8>,
}

// SAFETY: a `regex_t` owns its memory and has no tie to the thread that compiled it; POSIX lets any thread use it.
// `regex_t` is not Sync because of its raw pointers, and neither is `Regex`, so that no two threads share one.
unsafe impl Send for Regex {}

impl Regex {
    /// Compiles a pattern. Fails only if memory is short or if the pattern was not made by [`Pattern::new`].
    pub fn new(pattern: &Pattern) -> Result<Regex, RegexError> {
        compile(&pattern.source)
    }

    /// Searches the text for the leftmost-longest match and gives its groups. Groups are all `None` without a match.
    /// Does not allocate by itself. The text may hold NUL bytes (on glibc, where `.` does not match them; elsewhere the
    /// text ends at the first).
    pub fn captures(&mut self, text: &[u8], groups: &mut Groups) -> bool {
        // What sets and `.` make of other bytes is for the C library to say.
        if let Some(simple) =
            self.simple.as_ref().filter(|_| text.is_ascii() && memchr::memchr(0, text).is_none())
        {
            return simple.captures(text, groups);
        }
        let mut found = [libc::regmatch_t { rm_so: -1, rm_eo: -1 }; GROUPS];
        let matched = self.execute(text, &mut found);
        for (group, range) in groups.iter_mut().zip(found) {
            *group = match (usize::try_from(range.rm_so), usize::try_from(range.rm_eo)) {
                (Ok(start), Ok(end)) if matched && start <= end && end <= text.len() => Some(start..end),
                _ => None,
            };
        }
        matched
    }

    /// Whether the expression matches anywhere in the text.
    pub fn is_match(&mut self, text: &[u8]) -> bool {
        // glibc reads the text's bounds from the first entry, so one is needed even if nobody looks at it.
        self.execute(text, &mut [libc::regmatch_t { rm_so: -1, rm_eo: -1 }])
    }

    /// Runs the search. A text longer than `regoff_t` can tell (2 GiB on glibc) does not match.
    #[cfg(target_env = "gnu")]
    fn execute(&mut self, text: &[u8], found: &mut [libc::regmatch_t]) -> bool {
        let Ok(length) = libc::regoff_t::try_from(text.len()) else { return false };
        found[0] = libc::regmatch_t { rm_so: 0, rm_eo: length };
        // SAFETY: `compiled` was made by regcomp. With REG_STARTEND the text is read only between the offsets 0 and
        // its length given in the first entry and needs no NUL; `found` has as many entries as told.
        let result = unsafe {
            let text = text.as_ptr().cast::<c_char>();
            libc::regexec(&*self.compiled, text, found.len(), found.as_mut_ptr(), libc::REG_STARTEND)
        };
        result == 0
    }

    /// Runs the search on a copy that ends with NUL; the copy's buffer is used again.
    #[cfg(not(target_env = "gnu"))]
    fn execute(&mut self, text: &[u8], found: &mut [libc::regmatch_t]) -> bool {
        self.text.clear();
        self.text.extend_from_slice(text);
        self.text.push(0);
        // SAFETY: `compiled` was made by regcomp, the copy ends with NUL, `found` has as many entries as told.
        let result = unsafe {
            let text = self.text.as_ptr().cast::<c_char>();
            libc::regexec(&*self.compiled, text, found.len(), found.as_mut_ptr(), 0)
        };
        result == 0
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: `compiled` was made by a regcomp that succeeded and is freed once.
        unsafe { libc::regfree(&mut *self.compiled) }
    }
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Regex").finish_non_exhaustive()
    }
}

/// Why an expression does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The C library's words, or ours for a limit.
    pub message: String,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegexError {}

/// Finds Perl's escapes (`\d \D \h \v \A \z \Q \E \K`, `\t \n \r \f \e \a \x`), which POSIX takes for the bare letter,
/// and `\s \S \w \W \b \B` inside brackets, where POSIX sees a backslash and a letter. (glibc knows the latter outside
/// brackets.) Gives the range of each escape.
pub fn perl_escapes(source: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut bracket_start = None;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let here = at;
            at += 1;
            match bytes[here] {
                b'\\' => {
                    let Some(letter) = bytes.get(at) else { continue };
                    at += 1;
                    let anywhere = b"dDhHvVAzZQEKRtnrfeax".contains(letter);
                    if anywhere || (bracket_start.is_some() && b"sSwWbB".contains(letter)) {
                        return Some(here..at);
                    }
                    // Inside brackets a backslash is an ordinary character, so `[\]` ends at its `]`.
                    if bracket_start.is_some() {
                        at -= 1;
                    }
                }
                b'[' => match bracket_start {
                    None => {
                        bracket_start = Some(here);
                        at += usize::from(bytes.get(at) == Some(&b'^'));
                        at += usize::from(bytes.get(at) == Some(&b']'));
                    }
                    // `[:alpha:]`, `[.x.]`, `[=x=]`.
                    Some(_) => {
                        if let Some(kind @ (b':' | b'.' | b'=')) = bytes.get(at) {
                            let end = memchr::memmem::find(&bytes[at + 1..], &[*kind, b']']);
                            at = end.map_or(at, |offset| at + 1 + offset + 2);
                        }
                    }
                },
                b']' => bracket_start = None,
                _ => {}
            }
        }
        None
    })
}

fn compile(source: &str) -> Result<Regex, RegexError> {
    check_limits(source)?;
    let text = CString::new(source).map_err(|error| RegexError {
        message: format!("the expression holds a NUL character at byte {}", error.nul_position()),
    })?;
    let mut compiled = Box::new(MaybeUninit::<libc::regex_t>::uninit());
    // SAFETY: `compiled` has room for a regex_t, the text ends with NUL.
    let result = unsafe { libc::regcomp(compiled.as_mut_ptr(), text.as_ptr(), libc::REG_EXTENDED) };
    if result != 0 {
        return Err(RegexError { message: error_text(result, compiled.as_ptr()) });
    }
    // SAFETY: regcomp succeeded, so it has filled the structure in.
    let compiled = unsafe { compiled.assume_init() };
    Ok(Regex {
        compiled,
        simple: Simple::new(source),
        #[cfg(not(target_env = "gnu"))]
        text: Vec::new(),
    })
}

fn error_text(result: c_int, compiled: *const libc::regex_t) -> String {
    let mut buffer = [0 as c_char; 256];
    // SAFETY: regerror takes the regex_t that regcomp failed on and writes at most the buffer's length, NUL included.
    unsafe { libc::regerror(result, compiled, buffer.as_mut_ptr(), buffer.len()) };
    // SAFETY: regerror always ends what it writes with NUL, and the buffer was all NUL before.
    let text = unsafe { CStr::from_ptr(buffer.as_ptr()) };
    text.to_string_lossy().into_owned()
}

/// Refuses what would exhaust stack or memory inside the C library.
fn check_limits(source: &str) -> Result<(), RegexError> {
    let refuse = |message: String| Err(RegexError { message });
    if source.len() > PATTERN_BYTES_MAX {
        return refuse(format!(
            "the expression has {} bytes, the limit is {PATTERN_BYTES_MAX}",
            source.len()
        ));
    }
    // One entry for each open parenthesis: states of the group so far, and of its last piece.
    let mut groups = vec![(0u64, 0u64)];
    let bytes = source.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let depth = groups.len();
        // The list is never empty: the last entry is only popped when there are two.
        let top = &mut groups[depth - 1];
        match byte {
            b'(' if depth > NESTING_MAX => {
                return refuse(format!("parentheses are nested more than {NESTING_MAX} deep"));
            }
            b'(' => groups.push((0, 0)),
            b')' if depth > 1 => {
                let (total, last) = *top;
                groups.pop();
                let outer = &mut groups[depth - 2];
                *outer = (outer.0.saturating_add(outer.1), total.saturating_add(last).max(1));
            }
            b'{' => top.1 = top.1.saturating_mul(repetitions(&source[at..])),
            b'*' | b'+' | b'?' => {}
            _ => {
                match byte {
                    b'\\' => at += 1,
                    b'[' => at = bracket_end(bytes, at),
                    _ => {}
                }
                *top = (top.0.saturating_add(top.1), 1);
            }
        }
        if groups.iter().fold(0u64, |sum, (total, last)| sum.saturating_add(*total).saturating_add(*last))
            > UNFOLDED_MAX
        {
            return refuse(format!(
                "its repetitions unfold to more than {UNFOLDED_MAX} states; use smaller counts"
            ));
        }
    }
    Ok(())
}

/// The place behind the bracket expression whose content starts at `at`.
fn bracket_end(bytes: &[u8], mut at: usize) -> usize {
    at += usize::from(bytes.get(at) == Some(&b'^'));
    at += usize::from(bytes.get(at) == Some(&b']'));
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, bytes.get(at)) {
            (b']', _) => return at,
            (b'[', Some(kind @ (b':' | b'.' | b'='))) => {
                let end = memchr::memmem::find(&bytes[at + 1..], &[*kind, b']']);
                at = end.map_or(at, |offset| at + 1 + offset + 2);
            }
            _ => {}
        }
    }
    at
}

/// The number of copies that an interval such as `{2,7}` makes, given what follows its brace.
fn repetitions(interval: &str) -> u64 {
    let end = interval.find('}').unwrap_or(0);
    let counts = interval[..end].split(',').map(|count| count.parse::<u64>().unwrap_or(1));
    counts.max().unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captures(pattern: &str, text: &str) -> Option<Vec<Option<String>>> {
        let mut groups = Groups::default();
        let mut regex = Regex::new(&Pattern::new(pattern).unwrap()).unwrap();
        let matched = regex.captures(text.as_bytes(), &mut groups);
        assert_eq!(matched, regex.is_match(text.as_bytes()));
        matched.then(|| groups.into_iter().map(|group| group.map(|range| text[range].to_owned())).collect())
    }

    fn whole(pattern: &str, text: &str) -> Option<String> {
        captures(pattern, text).and_then(|groups| groups[0].clone())
    }

    #[test]
    fn means_what_posix_means() {
        assert_eq!(whole("a|ab", "ab").as_deref(), Some("ab"));
        assert_eq!(whole("(a|ab)*(b)?", "abab").as_deref(), Some("abab"));
        assert_eq!(whole("a.b", "a\nb").as_deref(), Some("a\nb"));
        assert_eq!(whole("a{,3}b", "aab").as_deref(), Some("aab"));
        assert_eq!(whole("A", "a"), None);
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn means_what_glibc_means() {
        assert_eq!(whole(r"\d+", "123d").as_deref(), Some("d"));
        assert_eq!(whole(r"[\d]+", r"12d\").as_deref(), Some(r"d\"));
        assert_eq!(whole(r"\w+\s", "ab c").as_deref(), Some("ab "));
    }

    #[test]
    fn gives_groups_that_took_part() {
        let groups = captures("(a)|(b)(c)", "xbc").unwrap();
        let text: Vec<Option<&str>> = groups.iter().map(Option::as_deref).collect();
        assert_eq!(text[..5], [Some("bc"), None, Some("b"), Some("c"), None]);
        assert_eq!(whole("x*", "").as_deref(), Some(""));
    }

    #[test]
    fn ten_groups_are_the_most() {
        let groups = captures("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", "abcdefghijk").unwrap();
        assert_eq!(groups[9].as_deref(), Some("i"));
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn a_text_may_hold_nul_and_need_not_end_with_it() {
        let mut regex = Regex::new(&Pattern::new("b[^x]*").unwrap()).unwrap();
        let mut groups = Groups::default();
        assert!(regex.captures(&b"a\0b\0cd"[..5], &mut groups));
        assert_eq!(groups[0], Some(2..5));
        assert!(!regex.captures(b"", &mut groups));
        assert_eq!(groups, Groups::default());
    }

    #[test]
    fn expressions_that_do_not_compile_say_why() {
        assert!(!Pattern::new("a(b").unwrap_err().message.is_empty());
        assert!(!Pattern::new("[a").unwrap_err().message.is_empty());
        assert!(Pattern::new("a\0b").unwrap_err().message.contains("NUL"));
        assert!(Pattern::new(&"(".repeat(5000)).unwrap_err().message.contains("nested"));
        assert!(Pattern::new("((a{200}){200}){200}").unwrap_err().message.contains("unfold"));
        assert!(Pattern::new(&"a".repeat(PATTERN_BYTES_MAX + 1)).unwrap_err().message.contains("limit"));
        assert!(Pattern::new(&format!("{}a{}", "(".repeat(NESTING_MAX), ")".repeat(NESTING_MAX))).is_ok());
        assert!(Pattern::new(&"[^](\\]".repeat(NESTING_MAX + 1)).is_ok());
        assert!(Pattern::new("([0-9]{1,3}\\.){3}[0-9]{1,3}:[0-9]{1,5}").is_ok());
    }

    #[test]
    fn can_be_sent_to_a_worker() {
        let mut regex = Regex::new(&Pattern::new("a").unwrap()).unwrap();
        assert!(std::thread::spawn(move || regex.is_match(b"cba")).join().unwrap());
    }

    #[test]
    fn finds_perl_escapes() {
        let found =
            |source: &str| perl_escapes(source).map(|range| source[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(found(r"a\d+\.\\d[\w\]x\s"), [r"\d", r"\w"]);
        assert_eq!(found(r"[^]\s][[:alpha:]\d]\w"), [r"\s", r"\d"]);
        assert_eq!(found(r"\"), Vec::<String>::new());
    }
}
