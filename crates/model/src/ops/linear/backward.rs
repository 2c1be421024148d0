//! The gradient with respect to the input of layers: `dx = sum over layers of W^T dy`.
//!
//! Weights are expanded as for [`super::many`], but what is summed over are their rows, so these
//! become the rows of a panel as they are and nothing is transposed.

#![expect(unsafe_code, reason = "several threads write one output, each its own columns of it")]

mod one;

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use super::Scratch;
use super::many::{self, Prefetch};
use crate::format::{BlockFormat, SHORT_BYTES, for_parts, with_format};
use crate::ops::tile::{self, RowsOf};
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
        BUFFERS.with_borrow_mut(|buffers| {
            Columns { level, layers: &layers, n, cols, columns, unit, dx }.multiply(buffers);
        });
    });
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

#[derive(Default)]
struct Buffers {
    /// Panels of weights `[panel][depth][columns]`.
    expanded: Vec<f32>,
    /// What there is of the result so far, `[panel][n][columns]`: closer together than in the result.
    sums: Vec<f32>,
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
    fn multiply(&self, buffers: &mut Buffers) {
        let Columns { columns, .. } = self;
        let panel_columns = self.level.panel_columns();
        let sums = columns.len().div_ceil(panel_columns) * self.n * panel_columns;
        // What there is already is overwritten.
        buffers.sums.resize(sums.max(buffers.sums.len()), 0.0);
        let (at_once, most_expanded) = match many::are_few(self.n) {
            true => (self.unit.max(2 * BLOCK), MOST_EXPANDED_FOR_FEW),
            false => (columns.len(), MOST_EXPANDED),
        };
        let most_depth = most_expanded / at_once.next_multiple_of(panel_columns);
        let most_depth = most_depth.max(1);
        let mut pieces = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            for first in (0..layer.weight.rows).step_by(most_depth) {
                let depths = first..layer.weight.rows.min(first + most_depth);
                let is_first = index == 0 && first == 0;
                pieces.extend(columns.clone().step_by(at_once).map(|first| {
                    let columns = first..columns.end.min(first + at_once);
                    Piece { layer, depths: depths.clone(), columns, is_first }
                }));
            }
        }
        for (index, piece) in pieces.iter().enumerate() {
            self.multiply_piece(piece, pieces.get(index + 1), buffers);
        }
        let panels = buffers.sums.chunks(self.n * panel_columns);
        for (first, panel) in columns.clone().step_by(panel_columns).zip(panels) {
            let len = panel_columns.min(columns.end - first);
            // SAFETY: every task is its own columns, and comes once.
            let mut dx = unsafe { self.dx.rows(first, self.cols, len) };
            for (token, sums) in panel.chunks(panel_columns).enumerate() {
                dx.row_mut(token).copy_from_slice(&sums[..len]);
            }
        }
    }

    /// Adds a piece, while the next one comes from memory.
    fn multiply_piece(
        &self,
        piece: &Piece<'_>,
        next: Option<&Piece<'_>>,
        Buffers { expanded, sums }: &mut Buffers,
    ) {
        let Columns { level, n, .. } = self;
        let Piece { layer: Packed { weight, dy }, depths, columns, is_first } = piece;
        let panel_columns = level.panel_columns();
        let panel_len = depths.len() * panel_columns;
        let tiles = tile::tiles(*level, *n);
        let products = tiles.len() * columns.len().div_ceil(panel_columns);
        let mut ahead = next.into_iter().flat_map(|next| next.stored_in(products));
        // The first products are what there is, the others are added.
        let start = is_first.then_some(&[][..]);
        let len = columns.len().div_ceil(panel_columns) * panel_len;
        // What there is already is overwritten.
        expanded.resize(len.max(expanded.len()), 0.0);
        let expanded = &mut expanded[..len];
        let (stored, row_bytes) = (weight.rows_at(depths.clone()), weight.row_bytes());
        with_format!(weight.format, F => {
            let (columns, format) = (columns.clone(), PhantomData::<F>);
            level.run(Expand { stored, row_bytes, columns, expanded, format });
        });
        for tokens in tiles.iter() {
            let tile = &dy[tokens.start * weight.rows..tokens.end * weight.rows];
            let rows = &tile[depths.start * tokens.len()..depths.end * tokens.len()];
            for panel in 0..columns.len().div_ceil(panel_columns) {
                if let Some(stored) = ahead.next() {
                    level.run(stored);
                }
                let all_panels = (columns.start - self.columns.start) / panel_columns + panel;
                let numbers = &mut sums[(all_panels * n + tokens.start) * panel_columns..];
                level.run(tile::Multiply {
                    rows,
                    n_rows: tokens.len(),
                    panel: &expanded[panel * panel_len..][..panel_len],
                    start,
                    out: RowsOf { numbers, stride: panel_columns, len: panel_columns },
                });
            }
        }
    }
}

/// Some rows of a layer in some of the columns.
struct Piece<'a> {
    layer: &'a Packed<'a>,
    depths: Range<usize>,
    columns: Range<usize>,
    /// Whether it is the first in its columns.
    is_first: bool,
}

impl<'a> Piece<'a> {
    /// The bytes it is stored in, in `parts` parts at most.
    fn stored_in(&self, parts: usize) -> impl Iterator<Item = Prefetch<'a>> + use<'a> {
        let matrix = self.layer.weight;
        let (row_bytes, format) = (matrix.row_bytes(), matrix.format);
        let byte = |block: usize| row_bytes.min(block * format.block_bytes());
        let Range { start, end } = self.columns;
        let bytes = byte(start / format.block_len())..byte(end.div_ceil(format.block_len()));
        let rows = matrix.rows_at(self.depths.clone());
        let part = self.depths.len().div_ceil(parts) * row_bytes;
        rows.chunks(part).map(move |stored| Prefetch { stored, row_bytes, bytes: bytes.clone() })
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
