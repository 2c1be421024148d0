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
use crate::simd::{Kernel, Simd, SimdLevel};
use crate::weights::{Linear, Matrix};
use crate::workers::{Shares, Workers};

/// Tasks per thread. For few tokens there is one: expanding takes a good part of the time then, and
/// narrower strips of the weights, which lie in memory row by row, would be read in smaller pieces.
const TASKS_PER_THREAD: usize = 4;

/// Columns that stay together: a block, or half a super-block, whose scales are then read once for
/// four parts of it.
const BLOCK: usize = 32;
const HALF_SUPER_BLOCK: usize = 128;

/// How many rows ahead weights are asked for.
const ROWS_AHEAD: usize = 16;

/// Weights that are expanded at a time, so that they stay in the second-level cache; and for few tokens,
/// as for products, in the first-level cache.
const MOST_EXPANDED: usize = 1 << 16;
const MOST_EXPANDED_FOR_FEW: usize = 1 << 13;

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
    let tasks_per_thread = if many::are_few(n) { 1 } else { TASKS_PER_THREAD };
    let tasks = units.min(tasks_per_thread * workers.threads());
    let dx = &Shares::of(dx);
    workers.run(tasks, |index| {
        let cut = |task: usize| cols.min(task * units / tasks * unit);
        let columns = cut(index)..cut(index + 1);
        EXPANDED.with_borrow_mut(|expanded| {
            Columns { level, layers: &layers, n, cols, columns, unit, dx }.multiply(expanded);
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
    /// How many of them stay together.
    unit: usize,
    dx: &'a Shares<'a>,
}

impl Columns<'_> {
    fn multiply(&self, expanded: &mut Vec<f32>) {
        let Columns { columns, .. } = self;
        let (at_once, most_expanded) = match many::are_few(self.n) {
            true => (self.unit.max(2 * BLOCK), MOST_EXPANDED_FOR_FEW),
            false => (columns.len(), MOST_EXPANDED),
        };
        let most_depth = most_expanded / at_once.next_multiple_of(self.level.panel_columns());
        let mut is_first = true;
        for layer in self.layers {
            for start in (0..layer.weight.rows).step_by(most_depth) {
                let depths = start..layer.weight.rows.min(start + most_depth);
                // The first products are what there is, the others are added.
                let start = is_first.then_some(&[][..]);
                for first in columns.clone().step_by(at_once) {
                    let columns = first..columns.end.min(first + at_once);
                    self.multiply_some(layer, &depths, columns, start, expanded);
                }
                is_first = false;
            }
        }
    }

    /// The part of some rows of a layer in some of the columns.
    fn multiply_some(
        &self,
        Packed { weight, dy }: &Packed<'_>,
        depths: &Range<usize>,
        columns: Range<usize>,
        start: Option<&[f32]>,
        expanded: &mut Vec<f32>,
    ) {
        let Columns { level, n, cols, dx, .. } = self;
        let panel_columns = level.panel_columns();
        let panel_len = depths.len() * panel_columns;
        let len = columns.len().div_ceil(panel_columns) * panel_len;
        // What there is already is overwritten.
        expanded.resize(len.max(expanded.len()), 0.0);
        let expanded = &mut expanded[..len];
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
                level.run(tile::Multiply {
                    rows,
                    n_rows: tokens.len(),
                    panel: &expanded[panel * panel_len..][..panel_len],
                    start,
                    // SAFETY: every task is its own columns, and comes once.
                    out: unsafe { dx.rows(tokens.start * cols + first, *cols, len) },
                });
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
        // Where a row has been cut short, zeros follow.
        let mut cut = [0; SHORT_BYTES];
        // Block by block, since all rows of one then go to the same place of a panel.
        for block in columns.start / F::BLOCK_LEN..columns.end.div_ceil(F::BLOCK_LEN) {
            for (depth, row) in stored.chunks_exact(row_bytes).enumerate() {
                let rest = &row[block * F::BLOCK_BYTES..];
                // Strips of long rows lie too far apart for a processor to guess that they follow.
                let ahead = rest.as_ptr().wrapping_add(ROWS_AHEAD * row_bytes);
                for line in 0..F::BLOCK_BYTES.div_ceil(64) {
                    s.prefetch(ahead.wrapping_add(64 * line));
                }
                let stored = match rest.get(..F::BLOCK_BYTES) {
                    Some(whole) => whole,
                    None => {
                        cut[..rest.len()].copy_from_slice(rest);
                        &cut[..F::BLOCK_BYTES]
                    }
                };
                let scales = F::scales(s, stored);
                for_parts!(F, PART => {
                    let first = block * F::BLOCK_LEN + 32 * PART;
                    if columns.contains(&first) {
                        let column = first - columns.start;
                        let mut put = |column: usize, weights: S::F| {
                            let place = column / width * panel_len + depth * width + column % width;
                            let sixteen = expanded[place..].first_chunk_mut();
                            s.store(weights, sixteen.expect("panels have whole sixteens of columns"));
                        };
                        let [lower, upper] = F::expand(s, stored, &scales, PART);
                        put(column, lower);
                        if column + 16 < columns.len() {
                            put(column + 16, upper);
                        }
                    }
                });
            }
        }
    }
}
