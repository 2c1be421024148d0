//! Embedding: a token's row of the embedding matrix, or a position's of the learned positions.

use crate::weights::Matrix;

/// Some rows of a matrix: `[n][cols]`.
pub(crate) fn rows(matrix: &Matrix, rows: impl ExactSizeIterator<Item = usize>, x: &mut [f32]) {
    for (row, x) in rows.zip(x.chunks_exact_mut(matrix.cols)) {
        let stored = matrix.rows_at(row..row + 1);
        matrix.format.dequantize(stored, x);
    }
}
