//! `y = W x + b` for weights in any storage format.
//!
//! One token reads every weight once, so it should read them at the speed of memory: [`one`] expands
//! blocks in registers and multiplies them there. Several tokens share the cost of expanding:
//! [`many`] expands a panel of weights once and multiplies it with all of them, and so does the
//! gradient in [`backward`].

mod backward;
mod many;
mod one;

use crate::simd::SimdLevel;
use crate::weights::{Linear, Matrix};
use crate::workers::{Shares, Workers};

pub(crate) use backward::{Gradient, linear_backward};

/// A layer and the place for what it makes of the input.
pub(crate) struct Output<'a> {
    pub(crate) weight: &'a Matrix,
    pub(crate) bias: Option<&'a [f32]>,
    /// `[n][rows]`
    pub(crate) y: &'a mut [f32],
}

impl<'a> Output<'a> {
    pub(crate) fn of(layer: &'a Linear, y: &'a mut [f32]) -> Self {
        Output { weight: &layer.weight, bias: layer.bias.as_deref(), y }
    }
}

/// Applies layers to the same input `x: [n][cols]`. (All at once, since threads that wait for each
/// other after every one of them would wait longer than they work.)
pub(crate) fn linear<const N: usize>(
    workers: &Workers,
    scratch: &mut Scratch,
    x: &[f32],
    outputs: [Output<'_>; N],
) {
    linear_at(SimdLevel::current(), workers, scratch, x, outputs);
}

/// Memory that is used again from pass to pass.
#[derive(Default)]
pub(crate) struct Scratch {
    /// Inputs in tiles.
    packed: Vec<f32>,
    /// One input in fixed point.
    digits: one::InFixedPoint,
    /// Gradients with respect to the outputs of layers with one input, in tiles.
    gradients: [Vec<f32>; 3],
}

/// A layer whose output several threads write.
struct Shared<'a> {
    weight: &'a Matrix,
    bias: Option<&'a [f32]>,
    y: Shares<'a>,
}

fn linear_at<const N: usize>(
    level: SimdLevel,
    workers: &Workers,
    scratch: &mut Scratch,
    x: &[f32],
    outputs: [Output<'_>; N],
) {
    let cols = outputs[0].weight.cols;
    let n = x.len() / cols;
    let outputs = outputs.map(|output| {
        debug_assert_eq!(output.weight.cols, cols);
        debug_assert_eq!(output.y.len(), n * output.weight.rows);
        Shared { weight: output.weight, bias: output.bias, y: Shares::of(output.y) }
    });
    if n == 1 {
        one::multiply(level, workers, x, &mut scratch.digits, &outputs);
    } else {
        let packed = many::pack(level, workers, cols, x, &mut scratch.packed);
        many::multiply(level, workers, n, packed, &outputs);
    }
}

/// Calls `$task` with the output and the number of its part for one of the parts of all outputs.
fn find_part<'a, 'b>(
    outputs: &'a [Shared<'b>],
    parts: impl Fn(&Matrix) -> usize,
    mut index: usize,
) -> (&'a Shared<'b>, usize) {
    for output in outputs {
        let count = parts(output.weight);
        if index < count {
            return (output, index);
        }
        index -= count;
    }
    unreachable!("there are fewer parts than that")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::StorageFormat;
    use crate::ops::testing::{assert_close, noise};

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
        Matrix::of_bytes(format, rows, cols, bytes)
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
        let workers = Workers::start(2).unwrap();
        for format in StorageFormat::ALL {
            for (rows, cols, n) in [
                (1, 32usize, 1),
                (1, 1, 2),
                (16, 64, 2),
                (17, 96, 1),
                (50, 160, 5),
                (33, 576, 3),
                (70, 64, 13),
                (200, 32, 29),
                // More tokens than are few, and more columns than are expanded at a time.
                (33, 2112, 50),
            ] {
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
                    let mut y = vec![f32::NAN; n * rows];
                    let output = Output { weight: &matrix, bias: None, y: &mut y };
                    linear_at(level, &workers, &mut Scratch::default(), &x, [output]);
                    assert_close(&y, &expected, 1e-5 * size);
                }
            }
        }
    }

    /// The definition of the gradient: `dx[i] = sum over rows of dy[row] * W[row][i]`.
    fn backward_slow(matrix: &Matrix, dy: &[f32], dx: &mut [f64]) {
        let mut weights = vec![0.0; matrix.rows * matrix.cols];
        matrix.format.dequantize(matrix.rows_at(0..matrix.rows), &mut weights);
        for (dx, dy) in dx.chunks_exact_mut(matrix.cols).zip(dy.chunks_exact(matrix.rows)) {
            for (row, dy) in weights.chunks_exact(matrix.cols).zip(dy) {
                for (dx, weight) in dx.iter_mut().zip(row) {
                    *dx += f64::from(*dy) * f64::from(*weight);
                }
            }
        }
    }

    #[test]
    fn gradients_equal_their_slow_twin_for_every_format_shape_and_instruction_set() {
        let workers = Workers::start(2).unwrap();
        for (index, format) in StorageFormat::ALL.into_iter().enumerate() {
            // Rows of a second layer, in another format, where there is one. The last are more than
            // are expanded at a time.
            for (rows, cols, n, other_rows) in [
                (1, 1, 1, 0),
                (16, 64, 2, 3),
                (17, 96, 1, 40),
                (50, 160, 5, 1),
                (33, 576, 13, 0),
                (2100, 40, 3, 7),
                (9, 300, 29, 600),
                (2100, 300, 50, 20),
            ] {
                let cols: usize = match format.block_len() {
                    1 => cols + 3,
                    _ => cols.next_multiple_of(256),
                };
                let other = match format.block_len() {
                    1 => StorageFormat::Bf16,
                    _ => StorageFormat::ALL[3 + (index + 4) % 10],
                };
                let layers =
                    [random_matrix(format, rows, cols), random_matrix(other, other_rows, cols)];
                let dy = [noise(4, n * rows), noise(5, n * other_rows)];
                let mut expected = vec![0.0; n * cols];
                for (layer, dy) in layers.iter().zip(&dy) {
                    if layer.rows > 0 {
                        backward_slow(layer, dy, &mut expected);
                    }
                }
                let expected: Vec<f32> = expected.into_iter().map(|dx| dx as f32).collect();
                let size = expected.iter().fold(1.0f32, |m, y| m.max(y.abs()));
                for level in SimdLevel::available() {
                    let mut dx = vec![f32::NAN; n * cols];
                    let mut scratch = Scratch::default();
                    let gradient = |i: usize| Gradient { weight: &layers[i], dy: &dy[i] };
                    if other_rows == 0 {
                        backward::backward_at(
                            level,
                            &workers,
                            &mut scratch,
                            [gradient(0)],
                            &mut dx,
                        );
                    } else {
                        let both = [gradient(0), gradient(1)];
                        backward::backward_at(level, &workers, &mut scratch, both, &mut dx);
                    }
                    assert_close(&dx, &expected, 1e-5 * size);
                }
            }
        }
    }

    #[test]
    fn several_layers_get_their_own_outputs_and_biases() {
        let bytes: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|w| w.to_le_bytes()).collect();
        let first = Matrix::of_bytes(StorageFormat::F32, 2, 2, bytes.clone());
        let second = Matrix::of_bytes(StorageFormat::F32, 1, 2, bytes[..8].to_vec());
        let workers = Workers::start(2).unwrap();
        for level in SimdLevel::available() {
            for (x, expected, plain) in [
                (&[1.0f32, 1.0][..], &[13.0f32, 27.0][..], &[3.0f32][..]),
                (&[1.0, 1.0, 0.0, 2.0], &[13.0, 27.0, 14.0, 28.0], &[3.0, 4.0]),
            ] {
                let (mut y, mut z) = (vec![0.0; expected.len()], vec![0.0; plain.len()]);
                let outputs = [
                    Output { weight: &first, bias: Some(&[10.0, 20.0]), y: &mut y },
                    Output { weight: &second, bias: None, y: &mut z },
                ];
                linear_at(level, &workers, &mut Scratch::default(), x, outputs);
                assert_close(&y, expected, 0.0);
                assert_close(&z, plain, 0.0);
            }
        }
    }
}
