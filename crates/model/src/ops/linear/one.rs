//! One token: blocks are expanded in registers and multiplied there, every weight is read once.

#![expect(unsafe_code, reason = "several threads write one output, each its own rows of it")]

use std::marker::PhantomData;

use super::{Shared, find_part};
use crate::digits::{self, Digits, Order};
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
    in_fixed_point: &mut InFixedPoint,
    outputs: &[Shared<'_>],
) {
    let order = |matrix: &Matrix| with_format!(matrix.format, F => F::DIGITS);
    let InFixedPoint { straight, sixteens } = in_fixed_point;
    for (wanted, digits) in [(Order::Straight, &mut *straight), (Order::Sixteens, &mut *sixteens)] {
        if outputs.iter().any(|output| order(output.weight) == Some(wanted)) {
            digits::take(level, wanted, x, digits);
        }
    }
    let (straight, sixteens) = (&straight[..], &sixteens[..]);
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
            let digits = if F::DIGITS == Some(Order::Straight) { straight } else { sixteens };
            level.run(AddRows::<F> { stored, x, digits, y, format: PhantomData });
        });
    });
}

/// An input once more, as the formats of its weights want it.
#[derive(Default)]
pub(super) struct InFixedPoint {
    straight: Vec<Digits>,
    sixteens: Vec<Digits>,
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
            if F::DIGITS.is_some() {
                add_integer_products::<S, F>(s, row, self.digits, &mut sums);
                *y += s.sum(s.add(sums[0], sums[1]));
                continue;
            }
            let blocks = row.chunks_exact(F::BLOCK_BYTES);
            let rest = blocks.remainder();
            for (block, x) in blocks.zip(self.x.chunks_exact(F::BLOCK_LEN)) {
                if F::ATOM_LEN > 1 {
                    s.prefetch(block.as_ptr().wrapping_add(AHEAD));
                }
                add_block::<S, F>(s, block, x, &mut sums);
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

/// The products of a row whose format takes them as integers.
#[inline(always)]
fn add_integer_products<S: Simd, F: BlockFormat>(
    s: S,
    row: &[u8],
    digits: &[Digits],
    sums: &mut [S::F; 2],
) {
    if F::BLOCK_LEN == digits::BLOCK {
        for (block, x) in row.chunks_exact(F::BLOCK_BYTES).zip(digits) {
            F::add_products(s, [block; 4], x, 0, sums);
        }
        return;
    }
    /// Blocks that a row does not have: scales of zero.
    const NONE: [u8; 32] = [0; 32];
    let fours = row.chunks_exact(4 * F::BLOCK_BYTES);
    let rest = fours.remainder();
    let count = fours.len();
    for (index, four) in fours.enumerate() {
        // Ahead by bytes that this loop goes through, so that every line is asked for once.
        for line in (0..4 * F::BLOCK_BYTES).step_by(64) {
            s.prefetch(four.as_ptr().wrapping_add(AHEAD + line));
        }
        let block = |b: usize| &four[b * F::BLOCK_BYTES..(b + 1) * F::BLOCK_BYTES];
        let blocks = [block(0), block(1), block(2), block(3)];
        F::add_products(s, blocks, &digits[index / 2], index % 2, sums);
    }
    if !rest.is_empty() {
        let mut blocks = [&NONE[..F::BLOCK_BYTES]; 4];
        for (block, stored) in blocks.iter_mut().zip(rest.chunks_exact(F::BLOCK_BYTES)) {
            *block = stored;
        }
        F::add_products(s, blocks, &digits[count / 2], count % 2, sums);
    }
}
