//! The gradient of one token: every weight is read once, row by row as they lie in memory, and every
//! task sums into a row of its own.

#![expect(unsafe_code, reason = "several threads write one list of sums, each its own")]

use std::marker::PhantomData;

use super::Gradient;
use crate::format::{BlockFormat, SHORT_BYTES, for_parts, with_format};
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};
use crate::workers::{Shares, Workers};

/// Tasks per thread: more than one, so that all end at about the same time.
const TASKS_PER_THREAD: usize = 4;

pub(super) fn backward(
    level: SimdLevel,
    workers: &Workers,
    sums: &mut Vec<f32>,
    layers: &[Gradient<'_>],
    dx: &mut [f32],
) {
    let cols = dx.len();
    let tasks = TASKS_PER_THREAD * workers.threads();
    sums.clear();
    sums.resize(tasks * cols, 0.0);
    let shares = Shares::of(sums);
    workers.run(tasks, |task| {
        // SAFETY: every task has a row of sums of its own, and comes once.
        let sums = unsafe { shares.place(task * cols, cols) };
        for Gradient { weight, dy } in layers {
            let cut = |task: usize| task * weight.rows / tasks;
            let rows = cut(task)..cut(task + 1);
            let (stored, dy) = (weight.rows_at(rows.clone()), &dy[rows]);
            let row_bytes = weight.row_bytes();
            with_format!(weight.format, F => {
                let format = PhantomData::<F>;
                level.run(AddRows { stored, row_bytes, dy, sums: &mut *sums, format });
            });
        }
    });
    dx.copy_from_slice(&sums[..cols]);
    for more in sums[cols..].chunks_exact(cols) {
        dx.iter_mut().zip(more).for_each(|(dx, more)| *dx += more);
    }
}

/// Adds rows of weights, each times its factor, to `sums`.
struct AddRows<'a, F> {
    stored: &'a [u8],
    row_bytes: usize,
    dy: &'a [f32],
    sums: &'a mut [f32],
    format: PhantomData<F>,
}

impl<F: BlockFormat> Kernel for AddRows<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (row, dy) in self.stored.chunks_exact(self.row_bytes).zip(self.dy) {
            let dy = s.splat(*dy);
            let blocks = row.chunks(F::BLOCK_BYTES).zip(self.sums.chunks_mut(F::BLOCK_LEN));
            for (block, sums) in blocks {
                let mut filled = [0; SHORT_BYTES];
                let block = if block.len() == F::BLOCK_BYTES {
                    block
                } else {
                    // Where a row has been cut short, zeros follow.
                    filled[..block.len()].copy_from_slice(block);
                    &filled[..F::BLOCK_BYTES]
                };
                let scales = F::scales(s, block);
                for_parts!(F, PART => {
                    let weights = F::expand(s, block, &scales, PART);
                    for (half, weights) in weights.into_iter().enumerate() {
                        let place = 2 * PART + half;
                        if 16 * place < sums.len() {
                            let sum = s.fma(dy, weights, lanes_at(s, sums, place));
                            store_at(s, sum, sums, place);
                        }
                    }
                });
            }
        }
    }
}
