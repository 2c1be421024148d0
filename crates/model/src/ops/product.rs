//! Products of matrices in memory, either of which may be transposed, by [`super::tile`]. For the
//! small ones of attention, on the thread that asks.

use crate::ops::tile::{self, Multiply, RowsOf};
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};

/// Rows of numbers that may lie apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) numbers: &'a [f32],
    /// From the beginning of a row to that of the next one.
    pub(crate) stride: usize,
    /// Numbers of a row.
    pub(crate) len: usize,
    pub(crate) count: usize,
}

impl<'a> Rows<'a> {
    /// Rows that lie one after the other.
    #[inline(always)]
    pub(crate) fn packed(numbers: &'a [f32], len: usize) -> Self {
        Rows { numbers, stride: len, len, count: numbers.len() / len }
    }

    #[inline(always)]
    fn get(self, row: usize) -> &'a [f32] {
        &self.numbers[row * self.stride..][..self.len]
    }
}

/// A matrix.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'a> {
    /// By its rows.
    Plain(Rows<'a>),
    /// By its columns.
    Transposed(Rows<'a>),
}

impl Operand<'_> {
    /// Rows and columns.
    fn shape(self) -> (usize, usize) {
        match self {
            Operand::Plain(rows) => (rows.count, rows.len),
            Operand::Transposed(columns) => (columns.len, columns.count),
        }
    }
}

/// Memory for packed operands, used again and again.
#[derive(Default)]
pub(crate) struct Buffers {
    packed: Vec<f32>,
    panel: Vec<f32>,
}

/// `out = left * right`, or `out += left * right`.
pub(crate) struct Product<'a> {
    pub(crate) level: SimdLevel,
    pub(crate) left: Operand<'a>,
    pub(crate) right: Operand<'a>,
    pub(crate) adds: bool,
    /// The product's rows, from each beginning to the next one `stride` numbers.
    pub(crate) out: &'a mut [f32],
    pub(crate) stride: usize,
    pub(crate) buffers: &'a mut Buffers,
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Product { level, left, right, adds, out, stride, buffers } = self;
        let ((rows, depth), (right_rows, columns)) = (left.shape(), right.shape());
        debug_assert_eq!(depth, right_rows);
        let tiles = tile::tiles(level, rows);
        buffers.packed.resize(rows * depth, 0.0);
        for tile in tiles.iter() {
            let packed = &mut buffers.packed[tile.start * depth..tile.end * depth];
            match left {
                Operand::Plain(rows) => {
                    let numbers = &rows.numbers[tile.start * rows.stride..];
                    tile::pack_rows(s, numbers, rows.stride, depth, packed);
                }
                Operand::Transposed(columns) => {
                    for (k, place) in (0..depth).zip((0..).step_by(tile.len())) {
                        let lanes = lanes_at(s, &columns.get(k)[tile.start..], 0);
                        // What is beyond the tile's is overwritten by the next.
                        store_at(s, lanes, &mut packed[place..], 0);
                    }
                }
            }
        }
        let width = 16 * S::TILE_COLUMNS;
        buffers.panel.resize(depth * width, 0.0);
        for first in (0..columns).step_by(width) {
            let here = first..columns.min(first + width);
            match right {
                Operand::Plain(rows) => {
                    for (k, panel) in buffers.panel.chunks_exact_mut(width).enumerate() {
                        let row = &rows.get(k)[here.clone()];
                        for index in 0..row.len().div_ceil(16) {
                            store_at(s, lanes_at(s, row, index), panel, index);
                        }
                    }
                }
                Operand::Transposed(columns) => {
                    let columns = here.clone().map(|column| columns.get(column));
                    tile::panel_of_columns(s, columns, depth, &mut buffers.panel);
                }
            }
            for tile in tiles.iter() {
                let numbers = &mut out[tile.start * stride + here.start..];
                level.run(Multiply {
                    rows: &buffers.packed[tile.start * depth..tile.end * depth],
                    n_rows: tile.len(),
                    panel: &buffers.panel,
                    start: (!adds).then_some(&[]),
                    out: RowsOf { numbers, stride, len: here.len() },
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::testing::{assert_close, noise};

    /// A random matrix whose rows (or columns) lie three numbers further apart than they are long.
    struct Stored {
        numbers: Vec<f32>,
        len: usize,
        count: usize,
        is_plain: bool,
    }

    impl Stored {
        fn new(seed: u64, rows: usize, columns: usize, is_plain: bool) -> Self {
            let (count, len) = if is_plain { (rows, columns) } else { (columns, rows) };
            Stored { numbers: noise(seed, count * (len + 3)), len, count, is_plain }
        }

        fn at(&self, row: usize, column: usize) -> f64 {
            let (i, j) = if self.is_plain { (row, column) } else { (column, row) };
            f64::from(self.numbers[i * (self.len + 3) + j])
        }

        fn operand(&self) -> Operand<'_> {
            let &Stored { len, count, .. } = self;
            let rows = Rows { numbers: &self.numbers, stride: len + 3, len, count };
            if self.is_plain { Operand::Plain(rows) } else { Operand::Transposed(rows) }
        }
    }

    #[test]
    fn equals_its_slow_twin_for_all_shapes_and_orders() {
        for (rows, depth, columns) in [(1, 1, 1), (2, 17, 3), (13, 5, 40), (30, 64, 33)] {
            for order in 0..8 {
                let (left, right) = (
                    Stored::new(1, rows, depth, order & 1 == 0),
                    Stored::new(2, depth, columns, order & 2 == 0),
                );
                let (adds, stride) = (order & 4 == 0, columns + 2);
                let before = noise(3, rows * stride);
                let mut expected = before.clone();
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let sum: f64 = (0..depth).map(|k| left.at(i, k) * right.at(k, j)).sum();
                    let place = &mut expected[i * stride + j];
                    *place = (sum + if adds { f64::from(*place) } else { 0.0 }) as f32;
                }
                for level in SimdLevel::available() {
                    let mut out = before.clone();
                    level.run(Product {
                        level,
                        left: left.operand(),
                        right: right.operand(),
                        adds,
                        out: &mut out,
                        stride,
                        buffers: &mut Buffers::default(),
                    });
                    assert_close(&out, &expected, 1e-5);
                }
            }
        }
    }
}
