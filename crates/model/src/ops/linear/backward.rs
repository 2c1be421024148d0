//! The gradient with respect to the input of layers: `dx = sum over layers of W^T dy`.
//!
//! Weights are expanded as for [`super::many`], but what is summed over are their rows, so these
//! become the rows of a panel as they are and nothing is transposed.

#![expect(unsafe_code, reason = "several threads write one output, each its own columns of it")]

mod one;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use super::{Scratch, many};
use crate::format::{BlockFormat, SHORT_BYTES, for_parts, with_format};
use crate::ops::tile;
use crate::simd::{Kernel, Simd, SimdLevel, store_at};
use crate::weights::{Linear, Matrix};
use crate::workers::{Shares, Workers};

/// Up to so many tokens, every thread has one task: expanding takes a good part of the time then, and
/// narrower strips of the weights, which lie in memory row by row, would be read in smaller pieces.
const FEW: usize = 64;
/// Tasks per thread where there are more.
const TASKS_PER_THREAD: usize = 4;

/// Columns that stay together: a block, or half a super-block, whose scales are then read once for
/// four parts of it.
const BLOCK: usize = 32;
const HALF_SUPER_BLOCK: usize = 128;

/// How many rows ahead weights are asked for.
const ROWS_AHEAD: usize = 16;

/// Weights that are expanded at a time, so that they stay in the second-level cache.
const MOST_EXPANDED: usize = 1 << 16;

/// A layer and the gradient with respect to its output.
pub(crate) struct Gradient<'a> {
    pub(crate) weight: &'a Matrix,
    /// `[n][rows]`
    pub(crate) dy: &'a [f32],
}

impl<'a> Gradient<'a> {
    pub(crate) fn of(layer: &'a Linear, dy: &'a [f32]) -> Self {
        Gradient { weight: &layer.weight, dy }
    }
}

/// The gradient `dx: [n][cols]` with respect to the input of up to three layers, which is
/// overwritten.
pub(crate) fn linear_backward<const N: usize>(
    workers: &Workers,
    scratch: &mut Scratch,
    layers: [Gradient<'_>; N],
    dx: &mut [f32],
) {
    backward_at(SimdLevel::current(), workers, scratch, layers, dx);
}

/// A layer and the gradient with respect to its output, packed into tiles.
struct Packed<'a> {
    weight: &'a Matrix,
    dy: &'a [f32],
}

pub(super) fn backward_at<const N: usize>(
    level: SimdLevel,
    workers: &Workers,
    scratch: &mut Scratch,
    layers: [Gradient<'_>; N],
    dx: &mut [f32],
) {
    let cols = layers[0].weight.cols;
    let n = dx.len() / cols;
    if n == 1 {
        one::backward(level, workers, &mut scratch.gradients[0], &layers, dx);
        return;
    }
    let mut memory = scratch.gradients.iter_mut();
    let layers = layers.map(|Gradient { weight, dy }| {
        debug_assert_eq!((weight.cols, dy.len()), (cols, n * weight.rows));
        let memory = memory.next().expect("no input has more than three layers");
        Packed { weight, dy: many::pack(level, workers, weight.rows, dy, memory) }
    });
    let has_super_blocks = layers.iter().any(|layer| layer.weight.format.block_len() > BLOCK);
    let unit = if has_super_blocks { HALF_SUPER_BLOCK } else { BLOCK };
    let units = cols.div_ceil(unit);
    let tasks_per_thread = if n <= FEW { 1 } else { TASKS_PER_THREAD };
    let tasks = units.min(tasks_per_thread * workers.threads());
    let dx = &Shares::of(dx);
    workers.run(tasks, |index| {
        let cut = |task: usize| cols.min(task * units / tasks * unit);
        let columns = cut(index)..cut(index + 1);
        EXPANDED.with_borrow_mut(|expanded| {
            Columns { level, layers: &layers, n, cols, columns, dx }.multiply(expanded);
        });
    });
}

thread_local! {
    /// Panels of weights `[panel][depth][columns]`.
    static EXPANDED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Some columns of the result.
struct Columns<'a> {
    level: SimdLevel,
    layers: &'a [Packed<'a>],
    n: usize,
    cols: usize,
    columns: Range<usize>,
    dx: &'a Shares<'a>,
}

impl Columns<'_> {
    fn multiply(&self, expanded: &mut Vec<f32>) {
        let Columns { level, n, cols, columns, dx, .. } = self;
        let panel_columns = level.panel_columns();
        let panels = columns.len().div_ceil(panel_columns);
        let most_depth = MOST_EXPANDED / (panels * panel_columns);
        let mut is_first = true;
        for Packed { weight, dy } in self.layers {
            for start in (0..weight.rows).step_by(most_depth) {
                let depths = start..weight.rows.min(start + most_depth);
                expanded.resize(panels * depths.len() * panel_columns, 0.0);
                let (stored, row_bytes) = (weight.rows_at(depths.clone()), weight.row_bytes());
                with_format!(weight.format, F => {
                    let (columns, format) = (columns.clone(), PhantomData::<F>);
                    level.run(Expand { stored, row_bytes, columns, expanded, format });
                });
                for tokens in tile::tiles(*level, *n).iter() {
                    let tile = &dy[tokens.start * weight.rows..tokens.end * weight.rows];
                    let rows = &tile[depths.start * tokens.len()..depths.end * tokens.len()];
                    for (panel, first) in columns.clone().step_by(panel_columns).enumerate() {
                        let len = panel_columns.min(columns.end - first);
                        let panel_len = depths.len() * panel_columns;
                        // SAFETY: every task is its own columns, and comes once, and every token
                        // is asked for once.
                        let place = |token: usize| unsafe { dx.place(token * cols + first, len) };
                        level.run(tile::Multiply {
                            rows,
                            panel: &expanded[panel * panel_len..][..panel_len],
                            // The first products are what there is, the others are added.
                            start: is_first.then_some(&[]),
                            out: &mut tile::places(tokens.clone(), place)[..tokens.len()],
                        });
                    }
                }
                is_first = false;
            }
        }
    }
}

/// Expands some columns of rows of weights into panels `[panel][rows][columns]`. The first column
/// begins 32 weights of a block.
struct Expand<'a, F> {
    stored: &'a [u8],
    row_bytes: usize,
    columns: Range<usize>,
    expanded: &'a mut [f32],
    format: PhantomData<F>,
}

impl<F: BlockFormat> Kernel for Expand<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Expand { stored, row_bytes, columns, expanded, .. } = self;
        let width = 16 * S::TILE_COLUMNS;
        let panel_len = stored.len() / row_bytes * width;
        let blocks = columns.start / F::BLOCK_LEN..columns.end.div_ceil(F::BLOCK_LEN);
        let strip = blocks.start * F::BLOCK_BYTES..blocks.end * F::BLOCK_BYTES;
        for (depth, row) in stored.chunks_exact(row_bytes).enumerate() {
            // Strips of long rows lie too far apart for a processor to guess that they follow.
            let ahead = row.as_ptr().wrapping_add(ROWS_AHEAD * row_bytes);
            for byte in strip.clone().step_by(64) {
                s.prefetch(ahead.wrapping_add(byte));
            }
            for block in blocks.clone() {
                let stored = &row[block * F::BLOCK_BYTES..];
                let mut cut = [0; SHORT_BYTES];
                let stored = match stored.get(..F::BLOCK_BYTES) {
                    Some(whole) => whole,
                    // Where a row has been cut short, zeros follow.
                    None => {
                        cut[..stored.len()].copy_from_slice(stored);
                        &cut[..F::BLOCK_BYTES]
                    }
                };
                let scales = F::scales(s, stored);
                for_parts!(F, PART => {
                    let first = block * F::BLOCK_LEN + 32 * PART;
                    if columns.contains(&first) {
                        let weights = F::expand(s, stored, &scales, PART);
                        for (half, weights) in weights.into_iter().enumerate() {
                            let column = first + 16 * half - columns.start;
                            if column < columns.len() {
                                let panel = column / width * panel_len;
                                let place = panel + depth * width + column % width;
                                store_at(s, weights, &mut expanded[place..place + 16], 0);
                            }
                        }
                    }
                });
            }
        }
    }
}
