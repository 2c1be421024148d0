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

/// How far ahead weights are asked for, in bytes: so far into the second-level cache, which can wait for
/// more lines at once than the first-level one.
const FAR: usize = 8192;
/// And so far into the first-level cache.
const NEAR: usize = 1024;

/// Asks for the weights that come after these, of which the machine itself sees too few coming.
#[inline(always)]
fn ask_ahead<S: Simd>(s: S, weights: &[u8]) {
    for line in (0..weights.len()).step_by(64) {
        s.prefetch_far(weights.as_ptr().wrapping_add(FAR + line));
        s.prefetch(weights.as_ptr().wrapping_add(NEAR + line));
    }
}

pub(super) fn multiply(
    level: SimdLevel,
    workers: &Workers,
    x: &[f32],
    in_fixed_point: &mut InFixedPoint,
    outputs: &[Shared<'_>],
) {
    let order = |matrix: &Matrix| with_format!(matrix.format, F => F::DIGITS);
    let InFixedPoint { straight, fours } = in_fixed_point;
    for (wanted, digits) in [(Order::Straight, &mut *straight), (Order::Fours, &mut *fours)] {
        if outputs.iter().any(|output| order(output.weight) == Some(wanted)) {
            digits::take(level, wanted, x, digits);
        }
    }
    let (straight, fours) = (&straight[..], &fours[..]);
    // In fours, as they are taken.
    let rows_of_task =
        |matrix: &Matrix| TASK_BYTES.div_ceil(matrix.row_bytes()).next_multiple_of(4);
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
            let digits = if F::DIGITS == Some(Order::Straight) { straight } else { fours };
            level.run(AddRows::<F> { stored, x, digits, y, format: PhantomData });
        });
    });
}

/// An input once more, as the formats of its weights want it.
#[derive(Default)]
pub(super) struct InFixedPoint {
    straight: Vec<Digits>,
    fours: Vec<Digits>,
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
        // Four rows at a time, since adding up the lanes of one takes as long as some of its blocks.
        for (stored, y) in self.stored.chunks(4 * row_bytes).zip(self.y.chunks_mut(4)) {
            // The last row stands for those there are none of.
            let row = |r: usize| &stored[r.min(y.len() - 1) * row_bytes..][..row_bytes];
            let rows = [row(0), row(1), row(2), row(3)];
            let mut sums = [s.splat(0.0); 4];
            for (row, sum) in rows.iter().zip(&mut sums) {
                *sum = match F::DIGITS {
                    Some(_) => integer_products::<S, F>(s, row, self.digits),
                    None => products::<S, F>(s, row, self.x, &short_x),
                };
            }
            let mut sums = s.fours_of_rows(sums);
            if F::DIGITS == Some(Order::Fours) {
                sums = s.add(sums, products_of_rests::<S, F>(s, rows, self.digits));
            }
            for (y, sum) in y.iter_mut().zip(s.sums_of_fours(sums)) {
                *y += sum;
            }
        }
    }
}

/// The products of a row, to be added up.
#[inline(always)]
fn products<S: Simd, F: BlockFormat>(s: S, row: &[u8], x: &[f32], short_x: &[f32; 32]) -> S::F {
    let mut sums = [s.splat(0.0); 2];
    let blocks = row.chunks_exact(F::BLOCK_BYTES);
    let rest = blocks.remainder();
    for (block, x) in blocks.zip(x.chunks_exact(F::BLOCK_LEN)) {
        ask_ahead(s, block);
        add_block::<S, F>(s, block, x, &mut sums);
    }
    if F::ATOM_LEN == 1 && !rest.is_empty() {
        let mut whole = [0; SHORT_BYTES];
        whole[..rest.len()].copy_from_slice(rest);
        add_block::<S, F>(s, &whole[..F::BLOCK_BYTES], short_x, &mut sums);
    }
    s.add(sums[0], sums[1])
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

/// The products of a row whose format takes them as integers; of small blocks, those of whole fours.
#[inline(always)]
fn integer_products<S: Simd, F: BlockFormat>(s: S, row: &[u8], digits: &[Digits]) -> S::F {
    let mut sums = [s.splat(0.0); 2];
    if F::DIGITS == Some(Order::Straight) {
        for (block, x) in row.chunks_exact(F::BLOCK_BYTES).zip(digits) {
            ask_ahead(s, block);
            F::add_products(s, [block; 4], x, 0, &mut sums);
        }
    } else {
        for (index, four) in row.chunks_exact(4 * F::BLOCK_BYTES).enumerate() {
            ask_ahead(s, four);
            let block = |b: usize| &four[b * F::BLOCK_BYTES..(b + 1) * F::BLOCK_BYTES];
            let blocks = [block(0), block(1), block(2), block(3)];
            F::add_products(s, blocks, &digits[index / 2], index % 2, &mut sums);
        }
    }
    s.add(sums[0], sums[1])
}

/// The products of the blocks after a row's last four, of four rows: one block of each makes a four,
/// too. Those of row `r` are in lanes `4 * r..4 * r + 4`.
#[inline(always)]
fn products_of_rests<S: Simd, F: BlockFormat>(s: S, rows: [&[u8]; 4], digits: &[Digits]) -> S::F {
    let mut sums = [s.splat(0.0); 2];
    let fours = rows[0].len() / (4 * F::BLOCK_BYTES);
    let rests = rows.map(|row| &row[fours * 4 * F::BLOCK_BYTES..]);
    for index in 0..rests[0].len() / F::BLOCK_BYTES {
        let blocks = rests.map(|rest| &rest[index * F::BLOCK_BYTES..][..F::BLOCK_BYTES]);
        let four = fours + index;
        F::add_products(s, blocks, &digits[four / 2], four % 2, &mut sums);
    }
    s.add(sums[0], sums[1])
}
