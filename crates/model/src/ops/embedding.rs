//! Embedding: a token's row of the embedding matrix, or a position's of the learned positions.

use std::sync::OnceLock;

use crate::weights::Matrix;
use crate::workers::Workers;

/// Some rows of a matrix: `[n][cols]`.
pub(crate) fn rows(matrix: &Matrix, rows: impl ExactSizeIterator<Item = usize>, x: &mut [f32]) {
    for (row, x) in rows.zip(x.chunks_exact_mut(matrix.cols)) {
        let stored = matrix.rows_at(row..row + 1);
        matrix.format.dequantize(stored, x);
    }
}

/// The mean of all rows of a matrix `[cols]`, summed in double precision.
pub(crate) fn mean(workers: &Workers, matrix: &Matrix) -> Vec<f32> {
    /// Rows whose sum one task takes.
    const ROWS: usize = 1024;
    let sums: Vec<OnceLock<Vec<f64>>> = vec![OnceLock::new(); matrix.rows.div_ceil(ROWS)];
    workers.run(sums.len(), |index| {
        let (mut sum, mut x) = (vec![0.0; matrix.cols], vec![0.0; matrix.cols]);
        for row in index * ROWS..matrix.rows.min((index + 1) * ROWS) {
            rows(matrix, row..row + 1, &mut x);
            for (sum, x) in sum.iter_mut().zip(&x) {
                *sum += f64::from(*x);
            }
        }
        let _ = sums[index].set(sum);
    });
    let mut mean = vec![0.0; matrix.cols];
    for sum in sums.iter().filter_map(OnceLock::get) {
        for (mean, sum) in mean.iter_mut().zip(sum) {
            *mean += sum;
        }
    }
    mean.into_iter().map(|sum| (sum / matrix.rows as f64) as f32).collect()
}
