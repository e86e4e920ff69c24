//! Commands from the other processes of a third-party call control (spec-engine §12.4).

use crate::engine::Engine;

/// Delivers a command to its call, or makes a call for it.
pub(crate) fn receive(engine: &mut Engine, bytes: &[u8]) {
    let text = [b"third-party call control is not available yet, discarded: ".as_slice(), bytes].concat();
    engine.context.warn(|| text);
}
