//! Trace files, record by record. Each function adds bytes to a buffer that its caller writes out and uses again.

pub mod errors;
pub mod logs;
pub mod messages;
