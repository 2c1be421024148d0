//! Where a completion stands in its grammar.

use std::time::Duration;

use tokenscope_tokens::{TokenId, TokenMask};

/// What a grammar says about the token that comes next.
#[derive(Debug, Clone)]
pub struct Position {
    /// The tokens it allows.
    pub mask: TokenMask,
    /// How many they are.
    pub n_legal: usize,
    /// Whether the completion may end here.
    pub may_end: bool,
    /// Whether it has ended: an end token is its last.
    pub has_ended: bool,
    /// What must come next, if there is no choice.
    pub forced: Option<Forced>,
    /// How long it took to get there from where the grammar stood before, and to find the mask.
    pub mask_time: Duration,
}

/// Text about which a grammar leaves no choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forced {
    /// The text.
    pub text: String,
    /// The tokens that it becomes, without those that might be others if what follows were known:
    /// a model that has seen `": "` as one token would be surprised by `":`. May be empty.
    pub tokens: Vec<TokenId>,
}
