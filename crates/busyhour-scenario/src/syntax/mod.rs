//! The language's words and the grammar of its values: what an element, an attribute, a number or a message text may
//! look like, before anything is known about the rest of the file.

pub(crate) mod cdata;
pub(crate) mod located;
pub(crate) mod names;
pub(crate) mod nearest;
pub mod number;
pub(crate) mod parameters;
pub(crate) mod text;
