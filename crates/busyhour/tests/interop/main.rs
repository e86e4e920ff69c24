//! busyhour against real peers on loopback. `cargo xtask peers` sets them up; a peer that is missing is a failure.
//!
//! `BUSYHOUR_UNDER_TEST=FILE` puts another program with SIPp's command line in busyhour's place, for instance
//! `target/peers/bin/sipp-3.8`: so the tests themselves are tested.

mod asterisk;
mod baresip;
mod calls;
mod capture;
mod impairment;
mod input;
mod kamailio;
mod media;
mod peers;
mod places;
mod rtpengine;
mod signals;
mod third_party;
mod wire;
