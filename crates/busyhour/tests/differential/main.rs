//! The same scenario through SIPp 3.8.0 and through busyhour, against the same scripted peer: the same messages on the wire but for
//! random parts, the same exit code, the same counters in the statistics file, the same lines in the log of actions.
//!
//! A case is two files in `scenarios`: `NAME.xml`, the scenario, and `NAME.case`, how it is run and what the peer does
//! (`case.rs` and `script.rs` say how it is written). Its name stands in `cases.rs`. `cargo xtask peers` sets SIPp up.
//!
//! `BUSYHOUR_UNDER_TEST=target/peers/bin/sipp-3.8` puts SIPp in busyhour's place: a case that fails then is not deterministic.

mod case;
mod cases;
mod common_form;
mod dialog;
mod digest;
mod link;
mod media;
mod outcome;
mod peer;
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the interop tests; each test binary uses a part of it"
)]
#[path = "../interop/peers/mod.rs"]
mod peers;
mod script;
mod statistics;
