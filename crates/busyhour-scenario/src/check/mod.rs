//! The rules that a scenario must keep as a whole, and the findings about it.
//!
//! What SIPp refuses is found while the scenario is compiled; [`lint`](lint::lint) looks at the compiled one for what would
//! go wrong in a run.

pub mod codes;
pub(crate) mod findings;
pub(crate) mod flow;
pub mod lint;
pub(crate) mod timers;
pub(crate) mod transactions;
