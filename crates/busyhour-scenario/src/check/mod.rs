//! The rules that a scenario must keep as a whole, and the findings about it.

pub mod codes;
pub(crate) mod findings;
pub(crate) mod flow;
pub(crate) mod timers;
pub(crate) mod transactions;
