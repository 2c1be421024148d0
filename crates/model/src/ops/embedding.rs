//! Embedding: a token's row of the embedding matrix.

use tokenscope_tokens::TokenId;

use crate::format::{BlockFormat as _, with_format};
use crate::weights::Matrix;

/// The embeddings of `ids`: `[n][d_model]`.
pub(crate) fn embed(embedding: &Matrix, ids: &[TokenId]) -> Vec<f32> {
    let mut x = vec![0.0; ids.len() * embedding.cols];
    for (id, x) in ids.iter().zip(x.chunks_exact_mut(embedding.cols)) {
        let row = embedding.rows_at(id.index()..id.index() + 1);
        with_format!(embedding.format, F => F::dequantize(row, x));
    }
    x
}
