//! The neutral input that integrated gradients start from and that occlusion puts in place of tokens.

use tokenscope_model::Model;
use tokenscope_tokens::{TokenId, Tokenizer};

use super::options::Baseline;

/// The token that stands for nothing: the one for unknown text; if there is none, that for padding,
/// which in vocabularies without one is the end token (or, without that too, the beginning token).
/// That is the rule of inseq after the preparations of the program ours follows.
///
/// A token that a tokenizer's class has added beyond the model's `n_embeddings` is passed over: the model
/// has no numbers for it.
pub(super) fn token(tokenizer: &Tokenizer, n_embeddings: usize) -> Option<TokenId> {
    let candidates = [tokenizer.unknown(), tokenizer.padding(), tokenizer.eos(), tokenizer.bos()];
    candidates.into_iter().flatten().find(|id| id.index() < n_embeddings)
}

/// `ids` with the baseline token in every place but those that hold the end token, which keep it, as
/// in inseq. None if the vocabulary has no token for it.
pub(super) fn ids(
    tokenizer: &Tokenizer,
    n_embeddings: usize,
    ids: &[TokenId],
) -> Option<Vec<TokenId>> {
    let neutral = token(tokenizer, n_embeddings)?;
    let keep = |id: &TokenId| if Some(*id) == tokenizer.eos() { *id } else { neutral };
    Some(ids.iter().map(keep).collect())
}

/// Embeddings `[n][d_model]` of a neutral input as long as `context`. Zeros where the vocabulary has
/// no token for it.
pub(super) fn embeddings(
    baseline: Baseline,
    model: &dyn Model,
    tokenizer: &Tokenizer,
    context: &[TokenId],
) -> Vec<f32> {
    let zeros = || vec![0.0; context.len() * model.config().d_model];
    match baseline {
        Baseline::Unknown => {
            let ids = ids(tokenizer, model.config().n_vocab, context);
            ids.map_or_else(zeros, |ids| model.embeddings(&ids))
        }
        Baseline::Zero => zeros(),
        Baseline::Mean => model.mean_embedding().repeat(context.len()),
    }
}
