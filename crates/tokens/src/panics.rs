//! Running other crates' code on what hostile files say.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs work that may panic on damaged input, as some steps of the tokenizers crate do. What the work touches must be dropped afterwards, or only have been read by it.
///
/// # Errors
/// What the work says, or that it could not be carried out.
pub(crate) fn caught<T, E: ToString>(work: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("one of its steps cannot be carried out".into()),
    }
}
