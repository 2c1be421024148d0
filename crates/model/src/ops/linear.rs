//! `y = W x + b` for weights in any storage format.
//!
//! A block of rows is expanded to float32 once, into a buffer that stays in the nearest cache, and
//! multiplied with every input while it is there. So the cost of expanding is shared by all tokens
//! of a pass, and the result does not depend on how many there are.

use rayon::prelude::*;

use crate::format::{BlockFormat, with_format};
use crate::simd::{self, SimdLevel, multiversioned};
use crate::weights::{Linear, Matrix};

/// Rows that one task expands at a time: few enough for the cache, enough to be worth a task.
const BLOCK_ROWS: usize = 16;

/// Applies a layer to `x: [n][cols]`, giving `[n][rows]`.
pub(crate) fn linear(layer: &Linear, x: &[f32]) -> Vec<f32> {
    let mut y = multiply(&layer.weight, x);
    if let Some(bias) = &layer.bias {
        for y in y.chunks_exact_mut(bias.len()) {
            super::add_scaled(y, bias, 1.0);
        }
    }
    y
}

/// `x W^T`: from `[n][cols]` to `[n][rows]`.
pub(crate) fn multiply(matrix: &Matrix, x: &[f32]) -> Vec<f32> {
    multiply_at(SimdLevel::best(), matrix, x)
}

fn multiply_at(level: SimdLevel, matrix: &Matrix, x: &[f32]) -> Vec<f32> {
    let (rows, cols) = (matrix.rows, matrix.cols);
    let n = x.len() / cols;
    // Tasks own whole rows of W, so they write W-major; tokens come first only afterwards.
    let mut by_row = vec![0.0; rows * n];
    by_row.par_chunks_mut(BLOCK_ROWS * n).enumerate().for_each_init(
        || vec![0.0; BLOCK_ROWS * cols],
        |expanded, (block, out)| {
            let first = block * BLOCK_ROWS;
            let count = out.len() / n;
            let stored = matrix.rows_at(first..first + count);
            let expanded = &mut expanded[..count * cols];
            with_format!(matrix.format, F => {
                multiply_block::<F>(level, cols, stored, expanded, x, out);
            });
        },
    );
    if n == 1 { by_row } else { transpose(&by_row, rows, n) }
}

multiversioned! {
    /// Expands `stored` rows into `expanded: [count][cols]` and writes their products with
    /// `x: [n][cols]` to `out: [count][n]`.
    fn multiply_block<F: BlockFormat>(
        cols: usize,
        stored: &[u8],
        expanded: &mut [f32],
        x: &[f32],
        out: &mut [f32],
    ) = multiply_block_body
}

#[inline(always)]
fn multiply_block_body<F: BlockFormat, const FMA: bool>(
    cols: usize,
    stored: &[u8],
    expanded: &mut [f32],
    x: &[f32],
    out: &mut [f32],
) {
    F::dequantize(stored, expanded);
    let n = x.len() / cols;
    for (row, out) in expanded.chunks_exact(cols).zip(out.chunks_exact_mut(n)) {
        for (x, out) in x.chunks_exact(cols).zip(out) {
            *out = simd::dot::<FMA>(row, x);
        }
    }
}

fn transpose(by_row: &[f32], rows: usize, n: usize) -> Vec<f32> {
    let mut by_token = vec![0.0; by_row.len()];
    by_token.par_chunks_mut(rows).enumerate().for_each(|(token, out)| {
        for (row, out) in out.iter_mut().enumerate() {
            *out = by_row[row * n + token];
        }
    });
    by_token
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::StorageFormat;
    use crate::ops::testing::{assert_close, noise};
    use crate::weights::testing::matrix_of_bytes;

    /// Random bytes as a matrix: whatever they mean, both twins must read them alike. Scales are
    /// made harmless, since random bits would often be infinite.
    fn random_matrix(format: StorageFormat, rows: usize, cols: usize) -> Matrix {
        let n_bytes = rows * cols / format.block_len() * format.block_bytes();
        let mut bytes: Vec<u8> =
            noise(7, n_bytes).iter().map(|x| (x * 127.0) as i8 as u8).collect();
        for block in bytes.chunks_exact_mut(format.block_bytes()) {
            match format {
                StorageFormat::F32 => block[3] = 0x3F,
                StorageFormat::F16 | StorageFormat::Bf16 => block[1] = 0x3C,
                StorageFormat::Q4_0 | StorageFormat::Q5_0 | StorageFormat::Q8_0 => block[1] = 0x20,
                StorageFormat::Q4_1 | StorageFormat::Q5_1 => {
                    (block[1], block[3]) = (0x20, 0xA8);
                }
                StorageFormat::Q2_K => (block[81], block[83]) = (0x20, 0x20),
                StorageFormat::Q3_K => block[109] = 0x20,
                StorageFormat::Q4_K | StorageFormat::Q5_K => (block[1], block[3]) = (0x20, 0x20),
                StorageFormat::Q6_K => block[209] = 0x20,
            }
        }
        matrix_of_bytes(format, rows, cols, &bytes)
    }

    /// The definition: one weight at a time, sums in double precision.
    fn multiply_slow(matrix: &Matrix, x: &[f32]) -> Vec<f32> {
        let mut weights = vec![0.0; matrix.rows * matrix.cols];
        matrix.format.dequantize(matrix.rows_at(0..matrix.rows), &mut weights);
        x.chunks_exact(matrix.cols)
            .flat_map(|x| {
                weights.chunks_exact(matrix.cols).map(move |row| {
                    row.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>()
                        as f32
                })
            })
            .collect()
    }

    #[test]
    fn equals_its_slow_twin_for_every_format_shape_and_instruction_set() {
        for format in StorageFormat::ALL {
            for (rows, cols, n) in
                [(1, 32usize, 1), (16, 64, 2), (17, 96, 1), (50, 160, 5), (33, 576, 3)]
            {
                // Whole blocks where there are blocks, else a length that no vector divides.
                let cols = match format.block_len() {
                    1 => cols + 3,
                    block_len => cols.next_multiple_of(block_len),
                };
                let matrix = random_matrix(format, rows, cols);
                let x = noise(3, n * cols);
                let expected = multiply_slow(&matrix, &x);
                let size = expected.iter().fold(1.0f32, |m, y| m.max(y.abs()));
                for level in SimdLevel::available() {
                    let found = multiply_at(level, &matrix, &x);
                    assert_close(&found, &expected, 1e-5 * size);
                }
            }
        }
    }

    #[test]
    fn a_bias_is_added_to_every_token() {
        let bytes: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|w| w.to_le_bytes()).collect();
        let weight = matrix_of_bytes(StorageFormat::F32, 2, 2, &bytes);
        let layer = Linear { weight, bias: Some(vec![10.0, 20.0]) };
        assert_close(&linear(&layer, &[1.0, 1.0, 0.0, 2.0]), &[13.0, 27.0, 14.0, 28.0], 0.0);
    }
}
