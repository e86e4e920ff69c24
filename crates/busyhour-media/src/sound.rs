//! Sounds: encoded audio or video without packets around it.

/// Bytes of a codec, encoded once and shared by all calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sound {
    /// In the order of time; never empty.
    pub bytes: Vec<u8>,
}
