//! Constraints: a grammar for the completion, and what can be asked about it.
//!
//! 1. A [`ConstraintQuery`] is resolved into an active constraint, which gives masks.
//! 2. [`GrammarReport`] is the debugger's view of one position.
//! 3. [`ChoicesReport`] compares the options of a multiple choice as whole texts.
//! 4. [`CheckReport`] tells whether a constraint can be used at all.

mod check;
mod choices;
mod debugger;
mod trail;

use std::sync::Arc;

pub use check::CheckReport;
pub(crate) use check::check;
pub(crate) use choices::choices;
pub use choices::{ChoiceReport, ChoicesReport};
pub(crate) use debugger::debug;
pub use debugger::{ForcedReport, GrammarReport, Wanted};
use tokenscope_grammar::{Constraint, Position};
pub use tokenscope_grammar::{
    EXAMPLES, Example, GrammarError, Helper, Kind, Place, Stall, StallKind, TextRange, Whitespace,
    serve_trials,
};
use tokenscope_tokens::TokenId;
pub(crate) use trail::Trails;

use crate::EngineError;
use crate::loaded::LoadedModel;
use crate::prompt::PromptIds;

/// A constraint as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstraintQuery {
    /// The name of its kind.
    pub kind: String,
    /// The choices, pattern, grammar or schema.
    pub text: String,
    /// White space in JSON.
    pub whitespace: Whitespace,
    /// The completion's index from which the grammar counts. Unchecked.
    pub anchor: i64,
}

impl ConstraintQuery {
    /// The constraint itself.
    ///
    /// # Errors
    /// If there is no such kind.
    fn constraint(&self) -> Result<Constraint, EngineError> {
        let kind = Kind::from_name(&self.kind).ok_or(EngineError::UnsupportedConstraint)?;
        let (text, whitespace) = (self.text.clone(), self.whitespace);
        Ok(Constraint { kind, text, whitespace })
    }
}

/// Insists that a constraint has been compiled, or refused, outside the model's thread.
///
/// # Errors
/// What is to be done first.
fn prepared(model: &LoadedModel, constraint: &Constraint) -> Result<(), EngineError> {
    match model.grammars.preparation(constraint) {
        Some(preparation) => Err(EngineError::Unprepared(preparation)),
        None => Ok(()),
    }
}

/// A constraint that can be used, and from where it counts.
pub(crate) struct ActiveConstraint {
    constraint: Constraint,
    anchor: usize,
}

impl ActiveConstraint {
    /// The constraint that was asked for, compiled; none if none was.
    ///
    /// # Errors
    /// If the constraint cannot be used, or its anchor is beyond the completion.
    pub(crate) fn of(
        model: &mut LoadedModel,
        asked: Option<&ConstraintQuery>,
        ids: &PromptIds,
    ) -> Result<Option<Self>, EngineError> {
        let Some(asked) = asked else { return Ok(None) };
        let constraint = asked.constraint()?;
        prepared(model, &constraint)?;
        model.grammars.warnings(&constraint)?;
        let tokens = ids.completion.len();
        let anchor = usize::try_from(asked.anchor).ok().filter(|anchor| *anchor <= tokens);
        let anchor = anchor.ok_or(GrammarError::Anchor { anchor: asked.anchor, tokens })?;
        Ok(Some(ActiveConstraint { constraint, anchor }))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.constraint.kind
    }

    /// Where a completion stands in the grammar.
    ///
    /// # Errors
    /// If the completion violates it, or it is too complex there.
    pub(crate) fn position(
        &self,
        model: &mut LoadedModel,
        completion: &[TokenId],
    ) -> Result<Arc<Position>, EngineError> {
        let counted = &completion[self.anchor..];
        let position = model.grammars.position(&model.tokenizer, &self.constraint, counted);
        position.map_err(|mut error| {
            if let GrammarError::Violated { violation, .. } = &mut error {
                violation.index += self.anchor;
            }
            error.into()
        })
    }
}
