//! Why a schema cannot become a grammar.

use super::document::ValueId;

/// What a mask cannot follow, or what no document can satisfy.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) at: Option<ValueId>,
    pub(super) hint: &'static str,
    /// Whether a schema was asked for its shape while that was being found.
    pub(super) is_circular: bool,
}

impl Refusal {
    pub(super) fn unsupported(what: impl Into<String>, hint: &'static str) -> Self {
        let message = format!("not supported: {}", what.into());
        Refusal { message, at: None, hint, is_circular: false }
    }

    pub(super) fn of(message: impl Into<String>, hint: &'static str) -> Self {
        Refusal { message: message.into(), at: None, hint, is_circular: false }
    }

    /// The same, at a value if it had no place.
    pub(super) fn at(self, id: ValueId) -> Self {
        Refusal { at: self.at.or(Some(id)), ..self }
    }
}

/// What there is to say of keywords that a mask cannot follow.
pub(super) const REMOVE: &str =
    "Such keywords cannot be enforced; remove them, and check the result yourself.";
