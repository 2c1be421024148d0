//! The probability that a grammar left the model at every position of a completion.

use std::collections::VecDeque;

use tokenscope_grammar::Constraint;
use tokenscope_sampling::legal_mass;
use tokenscope_tokens::TokenId;

use super::ActiveConstraint;
use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prompt::PromptIds;
use crate::step::{logits_after, logits_per_pass};

/// Trails that are kept: branches that somebody goes back and forth between.
const KEPT: usize = 32;

/// What is known about completions, the latest last.
#[derive(Default)]
pub(crate) struct Trails(VecDeque<Trail>);

struct Trail {
    constraint: Constraint,
    /// Prompt and completion.
    ids: Vec<TokenId>,
    /// How many of them come before the grammar.
    start: usize,
    /// The legal mass after `start` ids, after one more, and so on.
    masses: Vec<f64>,
}

impl Trails {
    /// What is known from `start` on, as far as a trail goes the same way.
    fn known(&self, constraint: &Constraint, start: usize, ids: &[TokenId]) -> &[f64] {
        let alike = |trail: &&Trail| trail.start == start && trail.constraint == *constraint;
        let known = self.0.iter().filter(alike).map(|trail| {
            let n_alike = trail.ids.iter().zip(ids).take_while(|(a, b)| a == b).count();
            let n_known = (n_alike + 1).saturating_sub(start).min(trail.masses.len());
            &trail.masses[..n_known]
        });
        known.max_by_key(|masses| masses.len()).unwrap_or_default()
    }

    fn insert(&mut self, trail: Trail) {
        // What the new trail says, too, is not needed any more.
        let is_within = |old: &Trail| {
            old.start == trail.start
                && trail.ids.starts_with(&old.ids)
                && old.constraint == trail.constraint
        };
        self.0.retain(|old| !is_within(old));
        self.0.push_back(trail);
        if self.0.len() > KEPT {
            self.0.pop_front();
        }
    }
}

/// The legal mass at every position of the completion, from the grammar's anchor to the last, whose
/// mass `here` is known. What no request has asked about yet is computed. NaN where there is none.
pub(super) fn masses(
    model: &mut LoadedModel,
    active: &ActiveConstraint,
    ids: &PromptIds,
    here: f64,
    cancelled: &Cancelled,
) -> Result<Vec<f64>, EngineError> {
    let start = ids.prompt.len() + active.anchor;
    let all = ids.all();
    let mut masses = model.trails.known(&active.constraint, start, &all).to_vec();
    masses.truncate(all.len() - start);
    if start == 0 && masses.is_empty() && !all.is_empty() {
        // Without a prompt there is no distribution before the first token.
        masses.push(f64::NAN);
    }
    while start + masses.len() < all.len() {
        let first = start + masses.len();
        let last = (first + logits_per_pass(model) - 1).min(all.len() - 1);
        let logits = logits_after(model, &all[..last], last - first + 1, cancelled)?;
        for (length, logits) in (first..).zip(logits) {
            let completion = &all[ids.prompt.len()..length];
            let position = active.position(model, completion)?;
            masses.push(legal_mass(logits, &position.mask)?);
        }
    }
    masses.push(here);
    let constraint = active.constraint.clone();
    model.trails.insert(Trail { constraint, ids: all, start, masses: masses.clone() });
    Ok(masses)
}
