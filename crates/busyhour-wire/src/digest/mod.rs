//! Digest authentication: challenges read, credentials written and verified (RFC 2617, 7616, 8760; AKA: RFC 3310, 4169).
//!
//! Nothing here knows a clock or draws a random number: the cnonce and the nonce count are given. Values of quoted
//! strings are taken as they stand between the quotes, escapes included, and go into hashes and back to the peer in
//! the same form.
//!
//! ```
//! use busyhour_wire::digest::{Answer, Challenge};
//!
//! let value = b"Digest realm=\"biloxi.example\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\"";
//! let challenge = Challenge::choose(value, |_| true).unwrap();
//! let mut header = Vec::new();
//! let answer = Answer {
//!     username: b"alice",
//!     password: b"wonderland",
//!     method: b"REGISTER",
//!     uri: b"sip:192.0.2.1:5060",
//!     body: b"",
//!     cnonce: b"0a4f113b11112222",
//!     nonce_count: 1,
//!     auts: None,
//! };
//! challenge.answer(&answer, &mut header);
//! assert!(header.starts_with(b"Digest username=\"alice\",realm=\"biloxi.example\",uri="));
//! ```

mod aka;
mod algorithm;
mod answer;
mod challenge;
mod milenage;
mod parameters;
mod response;
mod verify;

pub use aka::{Accepted, Subscriber};
pub use algorithm::Algorithm;
pub use answer::Answer;
pub use challenge::{Challenge, DigestError};
pub use verify::verify;
