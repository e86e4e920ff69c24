//! Codecs that we can speak ourselves: G.711 and G.722.

pub mod g711;
pub mod g722;
