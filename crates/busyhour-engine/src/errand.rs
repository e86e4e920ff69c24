//! What a call waits for outside of the engine: commands of `exec verify`, names of `setdest`.

use crate::call::{Call, Fate};
use crate::context::Context;
use crate::prepare::Prepared;
use crate::step;
use crate::transport::ErrandResult;

/// Goes on with a call whose errand has been done.
pub(crate) fn done(prepared: &Prepared, context: &mut Context, call: &mut Call, _: ErrandResult) -> Fate {
    step::run(prepared, context, call)
}
