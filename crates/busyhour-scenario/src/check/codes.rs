//! Codes of the findings about a scenario's meaning. `E` is an error, `W` a warning. Codes below 100 are the reader's.

/// The document has no `<scenario>` root.
pub const NO_SCENARIO: &str = "E100";
/// An element that the language does not know.
pub const UNKNOWN_ELEMENT: &str = "E101";
/// An action that the language does not know, or an `<exec>` without a known attribute.
pub const UNKNOWN_ACTION: &str = "E102";
/// A `[keyword]` that is neither built in nor given by `-key`.
pub const UNKNOWN_KEYWORD: &str = "E103";
/// An empty, unclosed or overlong `[keyword]`, or one with a missing parameter.
pub const KEYWORD_SYNTAX: &str = "E104";
/// Something that SIPp has and busyhour will not have.
pub const NOT_AVAILABLE: &str = "E105";
/// A value that should be a whole number.
pub const BAD_INTEGER: &str = "E106";
/// A value that should be a number.
pub const BAD_NUMBER: &str = "E107";
/// A value that should be true or false.
pub const BAD_BOOLEAN: &str = "E108";
/// A value outside of the allowed set or range.
pub const BAD_VALUE: &str = "E109";
/// A required attribute is missing.
pub const MISSING_ATTRIBUTE: &str = "E110";
/// Two attributes that exclude each other.
pub const EXCLUSIVE_ATTRIBUTES: &str = "E111";
/// An attribute where it is not allowed.
pub const MISPLACED_ATTRIBUTE: &str = "E112";
/// A message step without a CDATA section.
pub const NO_CDATA: &str = "E113";
/// A CDATA section of white space only.
pub const EMPTY_CDATA: &str = "E114";
/// A keyword where the method or the status code must stand literally.
pub const METHOD_IS_KEYWORD: &str = "E115";
/// A first line that is neither a request nor a status line.
pub const BAD_START_LINE: &str = "E116";
/// A label that no `<label>` defines.
pub const LABEL_UNDEFINED: &str = "E117";
/// A label defined twice.
pub const LABEL_TWICE: &str = "E118";
/// A variable mentioned only once.
pub const VARIABLE_ONCE: &str = "E119";
/// A `<Reference>` to a variable not mentioned before.
pub const VARIABLE_UNKNOWN: &str = "E120";
/// A `<Global>` or `<User>` declaration behind the variable's first use.
pub const DECLARED_LATE: &str = "E121";
/// A timer that is started and never stopped.
pub const TIMER_NEVER_STOPPED: &str = "E122";
/// An optional receive without a mandatory one behind it.
pub const OPTIONAL_BEFORE: &str = "E123";
/// A step behind `<timewait>`.
pub const TIMEWAIT_NOT_LAST: &str = "E124";
/// A transaction that is not started, not answered, or not acknowledged as it must be.
pub const TRANSACTION: &str = "E125";
/// No step at all.
pub const NO_MESSAGES: &str = "E126";
/// Steps, but none that says who starts.
pub const NO_ROLE: &str = "E127";
/// A regular expression that does not compile.
pub const BAD_EXPRESSION: &str = "E128";
/// A name with characters that names may not have.
pub const BAD_NAME: &str = "E129";
/// Borders of a repartition that cannot be read.
pub const BAD_TABLE: &str = "E130";
/// Something else than `<nop>` and `<label>` inside `<init>`.
pub const BAD_INIT: &str = "E131";
/// A distribution that the language does not know.
pub const UNKNOWN_DISTRIBUTION: &str = "E132";
/// A pause whose 99th percentile is beyond 2^31-1 ms.
pub const PAUSE_TOO_LONG: &str = "E133";
/// More of something than fits.
pub const TOO_MANY: &str = "E134";
/// An injection file that the run does not have.
pub const UNKNOWN_FILE: &str = "E135";
/// A media file that cannot be played.
pub const BAD_MEDIA: &str = "E136";

/// An attribute that the element does not have: SIPp ignores it, so do we.
pub const UNKNOWN_ATTRIBUTE: &str = "W100";
/// Text between elements: it is ignored.
pub const TEXT_IGNORED: &str = "W101";
/// A second CDATA section: only the first counts.
pub const CDATA_TWICE: &str = "W102";
/// `crlf="false"`: any value turns it on.
pub const CRLF_FALSE: &str = "W103";
/// A receive timeout behind optional receives: it never fires while the call waits at one of them.
pub const TIMEOUT_NEVER_FIRES: &str = "W104";
/// `\d`, `\s`, `\w` and the like in a POSIX expression.
pub const NOT_POSIX: &str = "W105";
/// An attribute that has no effect where it stands.
pub const NO_EFFECT: &str = "W106";
/// A child element that is ignored.
pub const ELEMENT_IGNORED: &str = "W107";
/// A value that SIPp takes for another one.
pub const VALUE_TAKEN_FOR: &str = "W109";
/// There are more findings than are kept.
pub const MORE_FINDINGS: &str = "W110";
/// A capture that is not there, in whose place one of our own is played.
pub const STAND_IN: &str = "W125";
/// A capture with packets that are left out, or that are no RTP.
pub const STRANGE_CAPTURE: &str = "W130";
