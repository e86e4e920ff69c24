//! Media with SIPp 3.8 as the other end, under tshark's eyes, and with bad input.

mod bad_input;
mod call;
mod digits;
mod echo;
mod exhaustion;
mod heard;
mod scripted;
mod srtp;
mod stage;
mod streams;
