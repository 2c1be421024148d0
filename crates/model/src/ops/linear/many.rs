//! Several tokens: a panel of weights is expanded once and multiplied with all of them.

#![expect(unsafe_code, reason = "several threads write one output, each its own columns of it")]

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Range;

use super::{Shared, find_part};
use crate::format::{BlockFormat, Blocks, Columns, SHORT_BYTES, with_format};
use crate::ops::panels::{PackedRows, PanelMemory};
use crate::simd::{Kernel, Simd, SimdLevel};
use crate::weights::Matrix;
use crate::workers::{Shares, Workers};

/// Multiplies packed inputs with all outputs' weights.
pub(super) fn multiply(
    level: SimdLevel,
    workers: &Workers,
    inputs: PackedRows<'_>,
    outputs: &[Shared<'_>],
) {
    let columns = level.panel_columns();
    let panels = |matrix: &Matrix| matrix.rows.div_ceil(columns);
    // As many for every thread.
    let strips = |matrix: &Matrix| {
        let rounds = panels(matrix).div_ceil(inputs.panels_at_once() * workers.threads());
        panels(matrix).min(rounds * workers.threads())
    };
    let total = outputs.iter().map(|output| strips(output.weight)).sum();
    workers.run(total, |index| {
        let (output, part) = find_part(outputs, strips, index);
        let matrix = output.weight;
        let (panels, strips) = (panels(matrix), strips(matrix));
        let rows = part * panels / strips * columns..(part + 1) * panels / strips * columns;
        let rows = rows.start..rows.end.min(matrix.rows);
        let strip = Strip { level, matrix, bias: output.bias, rows, inputs, y: &output.y };
        PANELS.with_borrow_mut(|memory| strip.multiply(memory));
    });
}

thread_local! {
    static PANELS: RefCell<PanelMemory> = RefCell::default();
}

/// Some rows of a matrix, as many as a few panels have columns, or fewer at the end.
struct Strip<'a> {
    level: SimdLevel,
    matrix: &'a Matrix,
    bias: Option<&'a [f32]>,
    rows: Range<usize>,
    inputs: PackedRows<'a>,
    y: &'a Shares<'a>,
}

impl Strip<'_> {
    fn multiply(&self, memory: &mut PanelMemory) {
        let Strip { level, matrix, inputs, .. } = self;
        let columns = level.panel_columns();
        let panels = self.rows.len().div_ceil(columns);
        let rows_of = |panel: usize| {
            let first = self.rows.start + panel * columns;
            first..self.rows.end.min(first + columns)
        };
        let row_bytes = matrix.row_bytes();
        let most_depth = inputs.most_depth().max(matrix.format.block_len());
        for start in (0..matrix.cols).step_by(most_depth) {
            let depths = start..matrix.cols.min(start + most_depth);
            let packed =
                inputs.pack_panels(memory, panels, 1, depths.len(), |index, part, panel| {
                    let stored = matrix.rows_at(rows_of(index));
                    let depths = start + part.start..start + part.end;
                    with_format!(matrix.format, F => {
                        let format = PhantomData::<F>;
                        level.run(Expand { stored, row_bytes, depths, panel, format });
                    });
                });
            for group in 0..inputs.groups() {
                for panel in 0..panels {
                    let rows = rows_of(panel);
                    // The first depths start from the bias, the others from what these have left.
                    let bias = self.bias.map_or(&[][..], |bias| &bias[rows.clone()]);
                    // SAFETY: every strip is its own rows of the matrix, and comes once, and every
                    // token is asked for once.
                    let place = |token: usize| unsafe {
                        self.y.place(token * matrix.rows + rows.start, rows.len())
                    };
                    let bias = (start == 0).then_some(bias);
                    inputs.multiply(group, &depths, &packed, panel, bias, place);
                }
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
            let mut rest = sixteen;
            for row in &mut rows {
                let Some((bytes, others)) = rest.split_at_checked(row_bytes) else { break };
                (*row, rest) = (bytes, others);
            }
            for index in 0..depths.len().div_ceil(F::BLOCK_LEN) {
                let depth = index * F::BLOCK_LEN;
                let pieces = &mut pieces[depth * S::TILE_COLUMNS + group..];
                let n = F::BLOCK_LEN.min(depths.len() - depth);
                let start = first_byte + index * F::BLOCK_BYTES;
                // The next sixteen rows, in the order in which they lie in memory.
                let ahead = sixteen.as_ptr().wrapping_add(16 * (row_bytes + start));
                for line in 0..(16 * F::BLOCK_BYTES).div_ceil(64) {
                    s.prefetch(ahead.wrapping_add(64 * line));
                }
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
