//! Several tokens: a panel of weights is expanded once and multiplied with all of them.

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]
#![expect(unsafe_code, reason = "several threads write one output, each its own columns of it")]

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use super::{Shared, find_part};
use crate::format::{BlockFormat, SHORT_BYTES, for_parts, with_format};
use crate::ops::tile;
use crate::simd::{Kernel, Simd, SimdLevel, store_at};
use crate::weights::Matrix;
use crate::workers::{Shares, Workers};

/// How much of a long row is expanded at a time, so that a panel stays in the second-level cache. A
/// multiple of every format's block.
const MOST_DEPTH: usize = 2048;

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
        PANEL.with_borrow_mut(|expanded| panel.multiply(expanded));
    });
}

thread_local! {
    /// A panel's weights `[depth][columns]`.
    static PANEL: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
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
    fn multiply(&self, expanded: &mut Vec<f32>) {
        let (matrix, level) = (self.matrix, self.level);
        let stored = matrix.rows_at(self.rows.clone());
        for start in (0..matrix.cols).step_by(MOST_DEPTH) {
            let depths = start..matrix.cols.min(start + MOST_DEPTH);
            expanded.resize(depths.len() * level.panel_columns(), 0.0);
            let row_bytes = matrix.row_bytes();
            with_format!(matrix.format, F => {
                let depths = depths.clone();
                let format = PhantomData::<F>;
                level.run(Expand { stored, row_bytes, depths, panel: expanded, format });
            });
            // The first depths start from the bias, the others from what these have left.
            let bias = self.bias.map_or(&[][..], |bias| &bias[self.rows.clone()]);
            for tokens in tile::tiles(level, self.n).iter() {
                let tile = &self.packed[tokens.start * matrix.cols..tokens.end * matrix.cols];
                let n = tokens.len();
                // SAFETY: every panel is its own rows of the matrix, and comes once, and every
                // token is asked for once.
                let place = |token: usize| unsafe {
                    self.y.place(token * matrix.rows + self.rows.start, self.rows.len())
                };
                level.run(tile::Multiply {
                    rows: &tile[depths.start * n..depths.end * n],
                    panel: expanded,
                    start: (start == 0).then_some(bias),
                    out: &mut tile::places(tokens, place)[..n],
                });
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
        let columns = 16 * S::TILE_COLUMNS;
        let first_byte = depths.start / F::BLOCK_LEN * F::BLOCK_BYTES;
        for (group, rows) in stored.chunks(16 * row_bytes).enumerate() {
            for (index, depth) in (0..depths.len()).step_by(F::BLOCK_LEN).enumerate() {
                let panel = &mut panel[depth * columns + 16 * group..];
                let n = F::BLOCK_LEN.min(depths.len() - depth);
                let first_byte = first_byte + index * F::BLOCK_BYTES;
                let blocks = rows.chunks_exact(row_bytes).map(|row| &row[first_byte..]);
                expand_blocks::<S, F>(s, blocks, n, columns, panel);
            }
        }
    }
}

/// Expands one block of each of up to 16 rows. The blocks' first `n` weights become 16 columns of
/// the next `n` rows of a panel, whose rows have `columns` columns.
#[inline(always)]
fn expand_blocks<'a, S: Simd, F: BlockFormat>(
    s: S,
    blocks: impl ExactSizeIterator<Item = &'a [u8]>,
    n: usize,
    columns: usize,
    panel: &mut [f32],
) {
    let mut whole = [&[][..]; 16];
    let rows = blocks.len();
    // Where a row has been cut short, zeros follow.
    let mut cut = (n < F::BLOCK_LEN).then_some([[0; SHORT_BYTES]; 16]);
    match &mut cut {
        None => {
            for (whole, block) in whole.iter_mut().zip(blocks) {
                *whole = &block[..F::BLOCK_BYTES];
            }
        }
        Some(cut) => {
            for ((whole, cut), block) in whole.iter_mut().zip(cut).zip(blocks) {
                cut[..block.len()].copy_from_slice(block);
                *whole = &cut[..F::BLOCK_BYTES];
            }
        }
    }
    let mut scales = [F::scales(s, whole[0]); 16];
    for r in 1..rows {
        scales[r] = F::scales(s, whole[r]);
    }
    for_parts!(F, PART => {
        let mut squares = [[s.splat(0.0); 16]; 2];
        for r in 0..rows {
            let weights = F::expand(s, whole[r], &scales[r], PART);
            squares[0][r] = weights[0];
            squares[1][r] = weights[1];
        }
        for half in 0..2 {
            let first = 32 * PART + 16 * half;
            let square = s.transpose(squares[half]);
            for i in 0..n.saturating_sub(first).min(16) {
                store_at(s, square[i], &mut panel[(first + i) * columns..][..16], 0);
            }
        }
    });
}
