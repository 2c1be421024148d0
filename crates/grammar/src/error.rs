//! What can be wrong with a constraint, or with a completion under it.

use std::fmt;

use tokenscope_tokens::TokenId;

use crate::{Kind, Place};

/// Why there is no mask. The first words of its sentences are part of the HTTP contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// The text is not what its kind wants.
    #[error("Invalid constrained sampling schema: {0}")]
    Invalid(Fault),
    /// The text is understood, but nothing can be made of it.
    #[error("Failed to initialize constrained sampling ({kind}): {fault}")]
    Unusable {
        /// The constraint's kind.
        kind: Kind,
        /// What is wrong.
        fault: Fault,
    },
    /// A grammar that took too long is still being compiled, and this one has to wait.
    #[error(
        "Failed to initialize constrained sampling ({kind}): an earlier grammar is still being \
         compiled."
    )]
    Busy {
        /// The constraint's kind.
        kind: Kind,
    },
    /// The helper process in which it would be tried cannot be had, or has no time.
    #[error(
        "Failed to initialize constrained sampling ({kind}): it cannot be tried out: {reason}."
    )]
    NotTried {
        /// The constraint's kind.
        kind: Kind,
        /// Why not.
        reason: String,
    },
    /// Following the grammar takes more than a request may.
    #[error(
        "Failed to apply constrained sampling ({kind}): the grammar is too complex here: {limit}."
    )]
    TooComplex {
        /// The constraint's kind.
        kind: Kind,
        /// The limit that was met.
        limit: String,
    },
    /// The completion is none that the constraint allows.
    #[error("Failed to apply constrained sampling ({kind}): {violation}")]
    Violated {
        /// The constraint's kind.
        kind: Kind,
        /// Where.
        violation: Violation,
    },
    /// The grammar counts from beyond the completion's end.
    #[error("The constraint cannot count from behind {anchor} tokens of a completion of {tokens}.")]
    Anchor {
        /// What was asked for.
        anchor: i64,
        /// The completion's length.
        tokens: usize,
    },
}

/// What is wrong with a text, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, without a full stop.
    pub message: String,
    /// Where, if it is at one place.
    pub place: Option<Place>,
    /// What to do.
    pub hint: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.trim_end_matches('.');
        match &self.place {
            Some(place) => {
                write!(f, "{message} (line {}, column {}).", place.line, place.column)
            }
            None => write!(f, "{message}."),
        }
    }
}

/// The token with which a completion leaves its grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The token's place in the completion.
    pub index: usize,
    /// The token.
    pub token: TokenId,
    /// Its text.
    pub text: String,
    /// How many of its bytes the grammar still allows.
    pub legal_bytes: usize,
    /// What the constraint allows instead.
    pub ended: bool,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { index, token, text, legal_bytes, ended } = self;
        // People count from 1.
        write!(f, "token {} of the completion, {text:?} (id {token}), ", index + 1)?;
        match legal_bytes {
            _ if *ended => f.write_str("comes after the end of what the grammar allows."),
            0 => f.write_str("is none that the grammar allows there."),
            1 => f.write_str("fits the grammar with its first byte only."),
            bytes => write!(f, "fits the grammar with its first {bytes} bytes only."),
        }
    }
}

impl GrammarError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            GrammarError::Invalid(_) => "invalid_constraint",
            GrammarError::Unusable { .. } => "constraint_unusable",
            GrammarError::Busy { .. } | GrammarError::NotTried { .. } => "constraint_busy",
            GrammarError::TooComplex { .. } => "constraint_too_complex",
            GrammarError::Violated { .. } => "constraint_violated",
            GrammarError::Anchor { .. } => "anchor_out_of_range",
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            GrammarError::Invalid(fault) | GrammarError::Unusable { fault, .. } => fault.hint,
            GrammarError::Busy { .. } => "Try again in a moment.",
            GrammarError::NotTried { .. } => {
                "Constraints that are not plainly cheap are tried in a process of their own. Try again, or \
                 make it smaller."
            }
            GrammarError::TooComplex { .. } => "Make the grammar smaller or less ambiguous.",
            GrammarError::Violated { .. } => {
                "Rewind to before that token, or let the constraint count from here."
            }
            GrammarError::Anchor { .. } => {
                "Let it count from the start of the completion, or from a place within it."
            }
        }
    }

    /// The completion's token that is wrong, by its index.
    pub fn token_index(&self) -> Option<usize> {
        match self {
            GrammarError::Violated { violation, .. } => Some(violation.index),
            _ => None,
        }
    }

    /// Where in the constraint's text it is, if it is at one place.
    pub fn place(&self) -> Option<&Place> {
        match self {
            GrammarError::Invalid(fault) | GrammarError::Unusable { fault, .. } => {
                fault.place.as_ref()
            }
            _ => None,
        }
    }
}
