//! busyhour.
fn main() {}
