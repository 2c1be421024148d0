//! One token: blocks are expanded in registers and multiplied there, every weight is read once.

#![expect(unsafe_code, reason = "several threads write one output, each its own rows of it")]

use std::marker::PhantomData;

use super::{Shared, find_part};
use crate::digits::{self, Digits};
use crate::format::{BlockFormat, SHORT_BYTES, for_parts, with_format};
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at};
use crate::weights::Matrix;
use crate::workers::Workers;

/// Bytes of weights for one task: more than it costs to take one, and few enough that all threads
/// end at about the same time.
const TASK_BYTES: usize = 16 << 10;

/// How far ahead weights in small blocks are asked for. Their arithmetic keeps the machine so busy
/// that it does not look far ahead itself; for other formats, asking only costs time.
const AHEAD: usize = 2048;

pub(super) fn multiply(
    level: SimdLevel,
    workers: &Workers,
    x: &[f32],
    digits: &mut Vec<Digits>,
    outputs: &[Shared<'_>],
) {
    let has_digits = |matrix: &Matrix| with_format!(matrix.format, F => F::HAS_DIGITS);
    if outputs.iter().any(|output| has_digits(output.weight)) {
        digits::take(level, x, digits);
    }
    let digits = &digits[..];
    let rows_of_task = |matrix: &Matrix| TASK_BYTES.div_ceil(matrix.row_bytes());
    let tasks = |matrix: &Matrix| matrix.rows.div_ceil(rows_of_task(matrix));
    let total = outputs.iter().map(|output| tasks(output.weight)).sum();
    workers.run(total, |index| {
        let (output, part) = find_part(outputs, tasks, index);
        let matrix = output.weight;
        let count = rows_of_task(matrix);
        let rows = part * count..matrix.rows.min((part + 1) * count);
        // SAFETY: every part is its own rows, and comes once.
        let y = unsafe { output.y.place(rows.start, rows.len()) };
        match output.bias {
            Some(bias) => y.copy_from_slice(&bias[rows.clone()]),
            None => y.fill(0.0),
        }
        let stored = matrix.rows_at(rows);
        with_format!(matrix.format, F => {
            level.run(AddRows::<F> { stored, x, digits, y, format: PhantomData });
        });
    });
}

/// Adds the products of some rows with one input to `y`.
struct AddRows<'a, F> {
    stored: &'a [u8],
    x: &'a [f32],
    /// The input once more, if the format has use for it.
    digits: &'a [Digits],
    y: &'a mut [f32],
    format: PhantomData<F>,
}

impl<F: BlockFormat> Kernel for AddRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let row_bytes = self.stored.len() / self.y.len();
        let mut short_x = [0.0; 32];
        let short = self.x.len() % F::BLOCK_LEN;
        if F::ATOM_LEN == 1 {
            short_x[..short].copy_from_slice(&self.x[self.x.len() - short..]);
        }
        for (row, y) in self.stored.chunks_exact(row_bytes).zip(self.y) {
            let mut sums = [s.splat(0.0); 2];
            let blocks = row.chunks_exact(F::BLOCK_BYTES);
            let rest = blocks.remainder();
            if F::HAS_DIGITS {
                for (block, x) in blocks.zip(self.digits) {
                    F::add_products(s, block, x, &mut sums);
                }
            } else {
                for (block, x) in blocks.zip(self.x.chunks_exact(F::BLOCK_LEN)) {
                    if F::ATOM_LEN > 1 {
                        s.prefetch(block.as_ptr().wrapping_add(AHEAD));
                    }
                    add_block::<S, F>(s, block, x, &mut sums);
                }
            }
            if F::ATOM_LEN == 1 && !rest.is_empty() {
                let mut whole = [0; SHORT_BYTES];
                whole[..rest.len()].copy_from_slice(rest);
                add_block::<S, F>(s, &whole[..F::BLOCK_BYTES], &short_x, &mut sums);
            }
            *y += s.sum(s.add(sums[0], sums[1]));
        }
    }
}

#[inline(always)]
fn add_block<S: Simd, F: BlockFormat>(s: S, block: &[u8], x: &[f32], sums: &mut [S::F; 2]) {
    let scales = F::scales(s, block);
    for_parts!(F, PART => {
        let weights = F::expand(s, block, &scales, PART);
        sums[0] = s.fma(weights[0], lanes_at(s, x, 2 * PART), sums[0]);
        sums[1] = s.fma(weights[1], lanes_at(s, x, 2 * PART + 1), sums[1]);
    });
}
