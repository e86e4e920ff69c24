//! Codes of the lints' findings. `W1xx` goes on from the codes of [the other findings](crate::check::codes).

/// A label that no step goes to.
pub const LABEL_UNUSED: &str = "W111";
/// Steps that no call comes to.
pub const NEVER_REACHED: &str = "W112";
/// An optional receive at the end, where every call waits for it.
pub const OPTIONAL_AT_END: &str = "W113";
/// A receive that never takes a message.
pub const NEVER_MATCHES: &str = "W114";
/// A request whose CSeq names another method.
pub const CSEQ_METHOD: &str = "W115";
/// An ACK or CANCEL whose CSeq number is not its INVITE's.
pub const CSEQ_NUMBER: &str = "W116";
/// A CANCEL, or an ACK for a refusal, whose branch is not its INVITE's.
pub const BRANCH: &str = "W117";
/// `[routes]` or `[next_url]` where no receive has recorded any.
pub const ROUTES_UNKNOWN: &str = "W118";
/// A `[len]` that is not the body's length.
pub const LEN_WRONG: &str = "W119";
/// A Content-Length that does not fit the body.
pub const CONTENT_LENGTH: &str = "W120";
/// A last header that may be empty, with which SIPp loses the blank line behind it.
pub const BLANK_LINE_LOST: &str = "W121";
/// Indentation that SIPp takes for a folded header.
pub const FOLDED: &str = "W122";
/// A variable that is used where nothing has set it.
pub const VARIABLE_UNSET: &str = "W123";
/// A `[len]` with more headers behind it and no body: SIPp before 3.8 writes over them.
pub const LEN_OVERWRITES: &str = "W124";
/// Something is played in a medium that no SDP of ours offers.
pub const MEDIUM_NOT_OFFERED: &str = "W126";
/// A capture or digits are played where no SDP can have been received.
pub const PLAYED_TOO_EARLY: &str = "W127";
/// Something is played, and the next step ends the call.
pub const PLAYED_TOO_LATE: &str = "W128";
/// Digits are played with a payload type that no SDP of ours offers.
pub const DIGITS_NOT_OFFERED: &str = "W129";
/// A wait without a timeout for a stream without an end.
pub const ENDLESS_WAIT: &str = "W131";
