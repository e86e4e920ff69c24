//! SIP, SDP, RTP and RTCP on the wire: borrowed views of what is received, writers, the framing of streams, and digest
//! authentication.
//!
//! One forward pass finds what every message needs (start line, Call-ID, CSeq, branch of the top Via, tag of To); the
//! rest is found on demand. Nothing of a message is copied, nothing is allocated for it, and no input panics: a load
//! tester must take in whatever a broken platform sends, so these views are tolerant and say what is missing instead of
//! refusing.
//!
//! ```
//! let bytes = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a@b>;tag=7\r\nCall-ID: 1@h\r\nCSeq: 1 INVITE\r\n\r\n";
//! let message = busyhour_wire::Message::parse(bytes).unwrap();
//! assert_eq!(message.status(), Some(200));
//! assert_eq!(message.call_id(), b"1@h");
//! ```

mod command;
pub mod digest;
mod framing;
mod head;
mod header;
mod message;
mod parameter;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
mod start_line;

pub use command::{COMMAND_BYTES_MAX, COMMAND_END, CommandFramer, command_call_id};
pub use framing::{Frame, Framer, FramingError};
pub use header::{FirstLetters, HeaderLine, header_lines, long_name};
pub use message::{Message, ParseError, call_id};
pub use parameter::{tag, top_via_branch, uri_in_brackets};
pub use start_line::Start;
