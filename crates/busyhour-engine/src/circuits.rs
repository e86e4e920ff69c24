//! TDM circuits of `-tdmmap` (spec-scenario §5, `[tdmmap]`).

/// The circuits of `-tdmmap`: all combinations of three ranges behind a fixed first part, shown as `a.h.b/c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircuitRange {
    /// Lowest and highest of each part, inclusive.
    pub parts: [(u32, u32); 4],
}
