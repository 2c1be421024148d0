//! The debugger: what a grammar does to one position, and what it has done on the way there.

use std::time::Duration;

use tokenscope_grammar::{Kind, Stall, TextRange, document_path, schema_places, stall};
use tokenscope_sampling::Explained;
use tokenscope_tokens::display::display_form;

use super::{ActiveConstraint, trail};
use crate::EngineError;
use crate::job::Cancelled;
use crate::loaded::LoadedModel;
use crate::prompt::PromptIds;
use crate::report::TokenPill;

/// Forbidden tokens that are named.
const MOST_WANTED: usize = 8;

/// What a grammar says about the position after a completion.
#[derive(Debug, Clone)]
pub struct GrammarReport {
    /// Raw probability of all tokens that it allows.
    pub legal_mass: f64,
    /// How many they are.
    pub legal_tokens: usize,
    /// Whether the completion may end here.
    pub may_end: bool,
    /// Whether it has ended.
    pub has_ended: bool,
    /// The completion's index from which the grammar counts.
    pub anchor: usize,
    /// The forbidden tokens that the model wanted most.
    pub wanted: Vec<Wanted>,
    /// What must come next.
    pub forced: Option<ForcedReport>,
    /// For JSON, the place in the document, such as `$.items[0].name`.
    pub path: Option<String>,
    /// The parts of the schema that are about that place.
    pub schema_places: Vec<TextRange>,
    /// Whether the completion goes round in circles.
    pub stall: Option<Stall>,
    /// The legal mass at every position from the anchor to this one; NaN before the first token of an
    /// input without a prompt.
    pub history: Vec<f64>,
    /// The natural logarithm of the product of all masses before this one: the log-probability that the
    /// model has lost to the grammar so far.
    pub log_cost: f64,
    /// What the constraint says but does not enforce.
    pub warnings: Vec<String>,
    /// How long the mask took when it was found; what is asked again is looked up.
    pub mask_time: Duration,
}

/// A forbidden token.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The token.
    pub pill: TokenPill,
    /// Its raw probability.
    pub p_base: f32,
    /// Its place among all tokens by that, from 1.
    pub rank_base: usize,
    /// How many of its bytes the grammar allows: the index of the byte with which it leaves.
    pub legal_bytes: usize,
    /// Those bytes as text, and then the others, marked as on the screen.
    pub split: (String, String),
}

/// What a grammar leaves no choice about.
#[derive(Debug, Clone)]
pub struct ForcedReport {
    /// The text.
    pub text: String,
    /// The tokens that can be taken now. The last ones of the text are not among them if they might
    /// become others together with what follows.
    pub tokens: Vec<TokenPill>,
}

/// Bytes as on the screen; nothing for none.
fn shown(bytes: &[u8]) -> String {
    if bytes.is_empty() { String::new() } else { display_form(bytes) }
}

/// Looks at the position after the completion, whose distribution `explained` is.
pub(crate) fn debug(
    model: &mut LoadedModel,
    active: &ActiveConstraint,
    ids: &PromptIds,
    explained: &Explained,
    cancelled: &Cancelled,
) -> Result<GrammarReport, EngineError> {
    let position = active.position(model, &ids.completion)?;
    let counted = &ids.completion[active.anchor..];
    let legal_mass = explained.legal_mass().unwrap_or(1.0);
    let history = trail::masses(model, active, ids, legal_mass, cancelled)?;
    let before = &history[..history.len() - 1];

    let LoadedModel { grammars, tokenizer, .. } = model;
    let vocabulary = tokenizer.vocabulary();
    let rows = explained.wanted(MOST_WANTED);
    let wanted_ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let legal_bytes = grammars.legal_bytes(tokenizer, &active.constraint, counted, &wanted_ids)?;
    let wanted = rows.iter().zip(legal_bytes).map(|(row, legal_bytes)| {
        let (legal, rest) = vocabulary.bytes(row.id).split_at(legal_bytes);
        Wanted {
            pill: TokenPill::of(vocabulary, row.id),
            p_base: row.p_base,
            rank_base: row.rank_base,
            legal_bytes,
            split: (shown(legal), shown(rest)),
        }
    });
    let forced = position.forced.as_ref().map(|forced| ForcedReport {
        text: forced.text.clone(),
        tokens: forced.tokens.iter().map(|id| TokenPill::of(vocabulary, *id)).collect(),
    });
    let is_json = active.constraint.kind == Kind::JsonSchema;
    let text = || -> Vec<u8> {
        let words = counted.iter().filter(|id| !vocabulary.is_special(**id));
        words.flat_map(|id| vocabulary.bytes(*id)).copied().collect()
    };
    let path = is_json.then(|| document_path(&text())).flatten();
    Ok(GrammarReport {
        legal_mass,
        legal_tokens: position.n_legal,
        may_end: position.may_end,
        has_ended: position.has_ended,
        anchor: active.anchor,
        wanted: wanted.collect(),
        forced,
        schema_places: path
            .as_ref()
            .map_or_else(Vec::new, |path| schema_places(&active.constraint.text, path)),
        path: path.map(|path| path.to_string()),
        stall: stall(vocabulary, counted),
        log_cost: before
            .iter()
            .filter(|mass| !mass.is_nan())
            .fold(0.0, |sum, mass| sum + mass.ln()),
        history,
        warnings: grammars.warnings(&active.constraint)?,
        mask_time: position.mask_time,
    })
}
