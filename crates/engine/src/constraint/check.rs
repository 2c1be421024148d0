//! Whether a constraint can be used.

use std::time::Duration;

use tokenscope_sampling::SamplingError;

use super::ConstraintQuery;
use crate::EngineError;
use crate::loaded::LoadedModel;

/// A constraint that can be used.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// How many tokens it allows at its beginning.
    pub legal_tokens: usize,
    /// Whether the empty text is one it allows.
    pub may_be_empty: bool,
    /// What it says but does not enforce.
    pub warnings: Vec<String>,
    /// Time taken, waiting included.
    pub elapsed: Duration,
}

/// Compiles a constraint. Its anchor does not matter.
///
/// # Errors
/// What is wrong with it; [`SamplingError::NothingAllowed`] if that is only that no text fits.
pub(crate) fn check(
    model: &mut LoadedModel,
    query: &ConstraintQuery,
) -> Result<CheckReport, EngineError> {
    let constraint = query.constraint()?;
    super::prepared(model, &constraint)?;
    let warnings = model.grammars.warnings(&constraint)?;
    let position = model.grammars.position(&model.tokenizer, &constraint, &[])?;
    if position.n_legal == 0 && !position.may_end {
        return Err(SamplingError::NothingAllowed.into());
    }
    Ok(CheckReport {
        legal_tokens: position.n_legal,
        may_be_empty: position.may_end,
        warnings,
        elapsed: Duration::ZERO,
    })
}
