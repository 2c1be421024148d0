//! Several tokens: a panel of weights is expanded once and multiplied with all of them.

#![expect(unsafe_code, reason = "several threads write one output, each its own columns of it")]

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use super::{Shared, find_part};
use crate::format::{BlockFormat, Blocks, Columns, SHORT_BYTES, with_format};
use crate::ops::tile::{self, RowsOf};
use crate::simd::{Kernel, Simd, SimdLevel};
use crate::weights::Matrix;
use crate::workers::{Shares, Workers};

/// How much of a long row is expanded at a time, so that a panel stays in the second-level cache. A
/// multiple of every format's block.
const MOST_DEPTH: usize = 2048;
/// How much of it, or a block if that is longer, for few tokens, so that a panel stays in the first-level
/// cache: in the second-level cache, writing one took as long as multiplying it with twenty tokens. More
/// tokens would wait longer for their sums, which are put down and picked up after every panel.
const DEPTH_FOR_FEW: usize = 128;

/// Whether expanding and writing panels takes a good part of the time.
pub(super) fn are_few(tokens: usize) -> bool {
    tokens <= 48
}

/// Packs the inputs `x: [n][cols]` into tiles ([`tile::pack_rows`]), one after the other.
pub(super) fn pack<'a>(
    level: SimdLevel,
    workers: &Workers,
    cols: usize,
    x: &[f32],
    packed: &'a mut Vec<f32>,
) -> &'a [f32] {
    packed.resize(x.len(), 0.0);
    let tiles = tile::tiles(level, x.len() / cols);
    let shares = Shares::of(packed);
    workers.run(tiles.len(), |index| {
        let rows = tiles.get(index);
        let places = rows.start * cols..rows.end * cols;
        // SAFETY: tiles do not overlap, and every index comes once.
        let packed = unsafe { shares.place(places.start, places.len()) };
        level.run(Pack { cols, x: &x[places], packed });
    });
    packed
}

struct Pack<'a> {
    cols: usize,
    x: &'a [f32],
    packed: &'a mut [f32],
}

impl Kernel for Pack<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        tile::pack_rows(s, self.x, self.cols, self.cols, self.packed);
    }
}

/// Multiplies packed inputs with all outputs' weights.
pub(super) fn multiply(
    level: SimdLevel,
    workers: &Workers,
    n: usize,
    packed: &[f32],
    outputs: &[Shared<'_>],
) {
    let columns = level.panel_columns();
    let panels = |matrix: &Matrix| matrix.rows.div_ceil(columns);
    let total = outputs.iter().map(|output| panels(output.weight)).sum();
    workers.run(total, |index| {
        let (output, part) = find_part(outputs, panels, index);
        let matrix = output.weight;
        let rows = part * columns..matrix.rows.min((part + 1) * columns);
        let panel = Panel { level, matrix, bias: output.bias, rows, n, packed, y: &output.y };
        SCRATCH.with_borrow_mut(|scratch| panel.multiply(scratch));
    });
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { expanded: Vec::new(), sums: Vec::new() }) };
}

struct Scratch {
    /// A panel's weights `[depth][columns]`.
    expanded: Vec<f32>,
    /// What a panel's depths so far have added up to, `[n][columns]`. Closer together than in the output, where
    /// reading and writing them for every few depths took longer.
    sums: Vec<f32>,
}

/// Some rows of a matrix, as many as a panel has columns, or fewer at the end.
struct Panel<'a> {
    level: SimdLevel,
    matrix: &'a Matrix,
    bias: Option<&'a [f32]>,
    rows: Range<usize>,
    n: usize,
    packed: &'a [f32],
    y: &'a Shares<'a>,
}

impl Panel<'_> {
    fn multiply(&self, Scratch { expanded, sums }: &mut Scratch) {
        let (matrix, level, columns) = (self.matrix, self.level, self.level.panel_columns());
        let stored = matrix.rows_at(self.rows.clone());
        let tiles = tile::tiles(level, self.n);
        // The next panel comes from memory while this one is multiplied, a piece for each product.
        let next = self.rows.end..matrix.rows.min(self.rows.end + columns);
        let most_depth = match are_few(self.n) {
            true => DEPTH_FOR_FEW.max(matrix.format.block_len()),
            false => MOST_DEPTH,
        };
        let products = matrix.cols.div_ceil(most_depth) * tiles.len();
        let ahead = matrix.rows_at(next);
        let mut ahead = ahead.chunks(ahead.len().div_ceil(products).max(1).next_multiple_of(64));
        // What there is already is overwritten.
        sums.resize(sums.len().max(self.n * columns), 0.0);
        // The first depths start from the bias, the others from what these have left.
        let bias = self.bias.map_or(&[][..], |bias| &bias[self.rows.clone()]);
        for start in (0..matrix.cols).step_by(most_depth) {
            let depths = start..matrix.cols.min(start + most_depth);
            let panel_len = depths.len() * columns;
            expanded.resize(panel_len.max(expanded.len()), 0.0);
            let expanded = &mut expanded[..panel_len];
            let row_bytes = matrix.row_bytes();
            with_format!(matrix.format, F => {
                let depths = depths.clone();
                let format = PhantomData::<F>;
                level.run(Expand { stored, row_bytes, depths, panel: expanded, format });
            });
            for tokens in tiles.iter() {
                if let Some(stored) = ahead.next() {
                    let (row_bytes, bytes) = (stored.len(), 0..stored.len());
                    level.run(Prefetch { stored, row_bytes, bytes });
                }
                let tile = &self.packed[tokens.start * matrix.cols..tokens.end * matrix.cols];
                let n = tokens.len();
                let numbers = &mut sums[tokens.start * columns..];
                level.run(tile::Multiply {
                    rows: &tile[depths.start * n..depths.end * n],
                    n_rows: n,
                    panel: expanded,
                    start: (start == 0).then_some(bias),
                    out: RowsOf { numbers, stride: columns, len: columns },
                });
            }
        }
        // SAFETY: every panel is its own rows of the matrix, and comes once.
        let mut y = unsafe { self.y.rows(self.rows.start, matrix.rows, self.rows.len()) };
        for (token, sums) in sums.chunks(columns).take(self.n).enumerate() {
            y.row_mut(token).copy_from_slice(&sums[..self.rows.len()]);
        }
    }
}

/// Fetches what will soon be read: some bytes of each of some rows.
pub(super) struct Prefetch<'a> {
    pub(super) stored: &'a [u8],
    pub(super) row_bytes: usize,
    pub(super) bytes: Range<usize>,
}

impl Kernel for Prefetch<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Prefetch { stored, row_bytes, bytes } = self;
        for row in stored.chunks_exact(row_bytes) {
            let bytes = &row[bytes.clone()];
            for at in (0..bytes.len()).step_by(64) {
                s.prefetch(bytes[at..].as_ptr());
            }
            // They may end in one more line.
            if let Some(last) = bytes.last() {
                s.prefetch(last);
            }
        }
    }
}

/// Expands columns `depths` of some rows of weights into a panel `[depths][columns]`, in which rows
/// are columns.
struct Expand<'a, F> {
    stored: &'a [u8],
    row_bytes: usize,
    depths: Range<usize>,
    panel: &'a mut [f32],
    format: PhantomData<F>,
}

impl<F: BlockFormat> Kernel for Expand<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Expand { stored, row_bytes, depths, panel, .. } = self;
        let pieces = panel.as_chunks_mut().0;
        let first_byte = depths.start / F::BLOCK_LEN * F::BLOCK_BYTES;
        for (group, sixteen) in stored.chunks(16 * row_bytes).enumerate() {
            // What stands in columns without rows is never looked at.
            let mut rows = [&sixteen[..row_bytes]; 16];
            for r in 0..sixteen.len() / row_bytes {
                rows[r] = &sixteen[r * row_bytes..][..row_bytes];
            }
            for index in 0..depths.len().div_ceil(F::BLOCK_LEN) {
                let depth = index * F::BLOCK_LEN;
                let pieces = &mut pieces[depth * S::TILE_COLUMNS + group..];
                let n = F::BLOCK_LEN.min(depths.len() - depth);
                let start = first_byte + index * F::BLOCK_BYTES;
                if n == F::BLOCK_LEN {
                    let blocks = Blocks { rows: &rows, start };
                    let pieces = &mut pieces[..(n - 1) * S::TILE_COLUMNS + 1];
                    F::expand_columns(s, blocks, &mut Columns { pieces, stride: S::TILE_COLUMNS });
                } else {
                    expand_short::<S, F>(s, Blocks { rows: &rows, start }, n, pieces);
                }
            }
        }
    }
}

/// Expands blocks that are cut short after `n` weights.
#[inline(always)]
fn expand_short<S: Simd, F: BlockFormat>(
    s: S,
    blocks: Blocks<'_>,
    n: usize,
    pieces: &mut [[f32; 16]],
) {
    let mut filled = [[0; SHORT_BYTES]; 16];
    for (filled, row) in filled.iter_mut().zip(blocks.rows) {
        let rest = &row[blocks.start..];
        filled[..rest.len()].copy_from_slice(rest);
    }
    let rows = filled.each_ref().map(|row| &row[..F::BLOCK_BYTES]);
    let mut expanded = [[0.0; 16]; 32];
    let mut columns = Columns { pieces: &mut expanded, stride: 1 };
    F::expand_columns(s, Blocks { rows: &rows, start: 0 }, &mut columns);
    for (to, from) in pieces.iter_mut().step_by(S::TILE_COLUMNS).zip(&expanded[..n]) {
        *to = *from;
    }
}
