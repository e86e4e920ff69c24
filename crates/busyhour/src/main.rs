//! busyhour: the program.
mod exit;
mod signals;
mod sipp;
mod target;
fn main() {}
