//! The product of many rows with a panel of columns, in registers: what linear layers and attention
//! spend their time in when there are several tokens.
//!
//! `out[r][c] += sum over k of rows[r][k] * panel[k][c]`, for a tile of few rows and few columns
//! whose sums stay in registers for all `k`. Both operands are packed so that `k` goes through
//! memory in a straight line: rows as `[k][rows of the tile]`, the panel as `[k][columns]`.
//!
//! The `gemm` crate does the same job for whole matrices. But it packs both operands itself, so that
//! weights which must be expanded on the way would be written and read once more, and its tiles could
//! not serve attention.

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]

use std::ops::Range;

use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};

/// Rows divided into tiles.
#[derive(Clone, Copy)]
pub(crate) struct Tiles {
    rows: usize,
    count: usize,
}

/// Divides rows into tiles as evenly as can be: a tile of one row takes as long as one of four.
pub(crate) fn tiles(level: SimdLevel, rows: usize) -> Tiles {
    Tiles { rows, count: rows.div_ceil(level.tile_rows()) }
}

impl Tiles {
    pub(crate) fn len(self) -> usize {
        self.count
    }

    /// The rows of a tile.
    pub(crate) fn get(self, tile: usize) -> Range<usize> {
        tile * self.rows / self.count..(tile + 1) * self.rows / self.count
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.count).map(move |tile| self.get(tile))
    }
}

/// Packs the rows of one tile, `stride` numbers from each beginning to the next, from `[n][depth]` to
/// `[depth][n]`. There are as many as `packed` has room for.
#[inline(always)]
pub(crate) fn pack_rows<S: Simd>(
    s: S,
    rows: &[f32],
    stride: usize,
    depth: usize,
    packed: &mut [f32],
) {
    let n = packed.len() / depth;
    debug_assert!(n <= 16 && packed.len() == n * depth);
    for index in 0..depth.div_ceil(16) {
        let mut square = [s.splat(0.0); 16];
        for (row, side) in rows.chunks(stride).zip(&mut square[..n]) {
            *side = lanes_at(s, &row[..depth], index);
        }
        let columns = s.transpose(square);
        for i in 0..(depth - 16 * index).min(16) {
            // Where there is room, more is written than belongs here; the next row overwrites it.
            store_at(s, columns[i], &mut packed[(16 * index + i) * n..], 0);
        }
    }
}

/// Packs columns `[columns][depth]`, as many as a panel has or fewer, into a panel.
#[inline(always)]
pub(crate) fn panel_of_columns<'a, S: Simd>(
    s: S,
    columns: impl Iterator<Item = &'a [f32]> + Clone,
    depth: usize,
    panel: &mut [f32],
) {
    let width = 16 * S::TILE_COLUMNS;
    for group in 0..S::TILE_COLUMNS {
        let columns = columns.clone().skip(16 * group).take(16);
        for index in 0..depth.div_ceil(16) {
            let mut square = [s.splat(0.0); 16];
            for (side, column) in square.iter_mut().zip(columns.clone()) {
                *side = lanes_at(s, column, index);
            }
            let square = s.transpose(square);
            for (i, row) in (0..depth - 16 * index).zip(&square) {
                let place = (16 * index + i) * width + 16 * group;
                store_at(s, *row, &mut panel[place..place + 16], 0);
            }
        }
    }
}

/// Multiplies packed rows `[depth][n_rows]` with a panel `[depth][columns]`, where columns are as
/// many as the instruction set's panels have.
pub(crate) struct Multiply<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) n_rows: usize,
    pub(crate) panel: &'a [f32],
    /// What is added to the products of every row, as far as it goes; none means what `out` holds.
    pub(crate) start: Option<&'a [f32]>,
    pub(crate) out: RowsOf<'a>,
}

/// Where the sums of a tile go: rows in one slice.
pub(crate) struct RowsOf<'a> {
    /// From the first row's place on.
    pub(crate) numbers: &'a mut [f32],
    /// From a row's place to that of the next one.
    pub(crate) stride: usize,
    /// Columns there is room for.
    pub(crate) len: usize,
}

impl RowsOf<'_> {
    /// The place for the first columns of a row, as many as there is room for.
    #[inline(always)]
    fn row(&mut self, row: usize) -> &mut [f32] {
        &mut self.numbers[row * self.stride..][..self.len]
    }
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // Rows and columns of a tile must be known when this is compiled, or they are no registers.
        macro_rules! widths {
            ($columns:literal: $($rows:literal)*) => {
                match self.n_rows {
                    $($rows => tile::<S, $rows, $columns>(s, self),)*
                    rows => unreachable!("a tile of {rows} rows"),
                }
            };
        }
        match (S::TILE_COLUMNS, S::TILE_ROWS) {
            (2, 12) => widths!(2: 1 2 3 4 5 6 7 8 9 10 11 12),
            (1, 6) => widths!(1: 1 2 3 4 5 6),
            (1, 3) => widths!(1: 1 2 3),
            (1, 2) => widths!(1: 1 2),
            _ => unreachable!("every instruction set's tile is listed here"),
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const ROWS: usize, const COLUMNS: usize>(s: S, job: Multiply<'_>) {
    let Multiply { rows, panel, start, mut out, .. } = job;
    let mut sums = [[s.splat(0.0); COLUMNS]; ROWS];
    match start {
        Some(start) => sums = [row_at(s, start); ROWS],
        None => {
            for r in 0..ROWS {
                sums[r] = row_at(s, out.row(r));
            }
        }
    }
    let rows = rows.as_chunks::<ROWS>().0;
    let panel = panel.as_chunks::<16>().0.as_chunks::<COLUMNS>().0;
    if S::TILE_RUN == usize::MAX {
        sums = add_products(s, rows, panel, sums);
    } else {
        for (rows, panel) in rows.chunks(S::TILE_RUN).zip(panel.chunks(S::TILE_RUN)) {
            let run = add_products(s, rows, panel, [[s.splat(0.0); COLUMNS]; ROWS]);
            for r in 0..ROWS {
                for c in 0..COLUMNS {
                    sums[r][c] = s.add(sums[r][c], run[r][c]);
                }
            }
        }
    }
    for r in 0..ROWS {
        store_row_at(s, sums[r], out.row(r));
    }
}

/// The first columns of a row, with zeros where it ends before.
///
/// As many as are known when this is compiled, here and in [`store_row_at`]: sums counted at run time are
/// kept in memory, and moving them took an eighth of a tile's time for few tokens.
#[inline(always)]
fn row_at<S: Simd, const COLUMNS: usize>(s: S, row: &[f32]) -> [S::F; COLUMNS] {
    let mut lanes = [s.splat(0.0); COLUMNS];
    if let Some(whole) = row.as_chunks::<16>().0.first_chunk::<COLUMNS>() {
        for c in 0..COLUMNS {
            lanes[c] = s.load(&whole[c]);
        }
    } else {
        let mut padded = [[0.0; 16]; COLUMNS];
        padded.as_flattened_mut()[..row.len()].copy_from_slice(row);
        for c in 0..COLUMNS {
            lanes[c] = s.load(&padded[c]);
        }
    }
    lanes
}

/// Writes the first columns of a row, as far as it goes.
#[inline(always)]
fn store_row_at<S: Simd, const COLUMNS: usize>(s: S, lanes: [S::F; COLUMNS], row: &mut [f32]) {
    if let Some(whole) = row.as_chunks_mut::<16>().0.first_chunk_mut::<COLUMNS>() {
        for c in 0..COLUMNS {
            s.store(lanes[c], &mut whole[c]);
        }
    } else {
        let mut padded = [[0.0; 16]; COLUMNS];
        for c in 0..COLUMNS {
            s.store(lanes[c], &mut padded[c]);
        }
        row.copy_from_slice(&padded.as_flattened()[..row.len()]);
    }
}

#[inline(always)]
fn add_products<S: Simd, const ROWS: usize, const COLUMNS: usize>(
    s: S,
    rows: &[[f32; ROWS]],
    panel: &[[[f32; 16]; COLUMNS]],
    mut sums: [[S::F; COLUMNS]; ROWS],
) -> [[S::F; COLUMNS]; ROWS] {
    for (row, panel) in rows.iter().zip(panel) {
        let mut columns = [s.splat(0.0); COLUMNS];
        for c in 0..COLUMNS {
            columns[c] = s.load(&panel[c]);
        }
        for r in 0..ROWS {
            let x = s.splat(row[r]);
            for c in 0..COLUMNS {
                sums[r][c] = s.fma(x, columns[c], sums[r][c]);
            }
        }
    }
    sums
}
