//! Products of many rows with panels of weights, in one of two ways: by [`tile`] in vector registers, or
//! by the matrix unit ([`crate::simd::amx`]) where the machine has one. Either wants its operands
//! packed, and both are packed here: the rows once for all panels, a panel once for all rows.

#![expect(unsafe_code, reason = "several threads write one output, each its own tiles of it")]

use std::ops::Range;

use crate::ops::tile::{self, Tiles};
use crate::simd::amx::{MatrixUnit, PIECES, Sums, TILE_COLUMNS, TILE_DEPTH, TILE_ROWS, Tile};
use crate::simd::{Kernel, Simd, SimdLevel, lanes_at, store_at};
use crate::workers::{Shares, Workers};

/// Up to so many rows, expanding and writing a panel takes a good part of the time.
const FEW: usize = 48;

/// Whether so many rows are few. They are not worth the matrix unit, which takes as long for one row as
/// for sixteen, and for which weights must be split.
pub(crate) fn are_few(rows: usize) -> bool {
    rows <= FEW
}

/// How deep panels are for few rows, so that they stay in the first-level cache: in the second-level cache,
/// writing one took as long as multiplying it with twenty rows. More rows would wait longer for their
/// sums, which are put down and picked up after every panel.
const DEPTH_FOR_FEW: usize = 128;
/// How deep panels are for more rows, so that they stay in the second-level cache. A multiple of every
/// format's block.
const MOST_DEPTH: usize = 2048;

/// Numbers of panels that are expanded before they are split, so that they stay in the first-level
/// cache.
const SPLIT_AT_ONCE: usize = 8192;

/// A multiple of every format's block: where a row may be cut.
const LARGEST_BLOCK: usize = 256;

/// Memory for packed rows.
#[derive(Default)]
pub(crate) struct RowMemory {
    floats: Vec<f32>,
    tiles: Vec<Tile>,
}

/// Rows `[n][depth]`, packed.
#[derive(Clone, Copy)]
pub(crate) struct PackedRows<'a> {
    level: SimdLevel,
    depth: usize,
    tiles: Tiles,
    packed: Packed<'a>,
}

/// What rows and panels are packed into.
#[derive(Clone, Copy)]
enum Packed<'a> {
    /// Of rows `[tile][depth][row]`, of panels `[panel][depth][column]`.
    Floats(&'a [f32]),
    /// Of rows `[tile][block of depths][piece]`, of panels `[panel][sixteen columns]` of that.
    Pieces(MatrixUnit, &'a [Tile]),
}

/// Packs rows of `depth` numbers, `x: [n][depth]`.
pub(crate) fn pack_rows<'a>(
    level: SimdLevel,
    workers: &Workers,
    depth: usize,
    x: &[f32],
    memory: &'a mut RowMemory,
) -> PackedRows<'a> {
    let n = x.len() / depth;
    let Some(unit) = level.matrix_unit().filter(|_| !are_few(n)) else {
        let tiles = tile::tiles(level, n);
        let floats = sized(&mut memory.floats, x.len(), 0.0);
        let shares = Shares::of(floats);
        workers.run(tiles.len(), |index| {
            let rows = tiles.get(index);
            let places = rows.start * depth..rows.end * depth;
            // SAFETY: tiles do not overlap, and every index comes once.
            let packed = unsafe { shares.place(places.start, places.len()) };
            level.run(PackTile { depth, x: &x[places], packed });
        });
        return PackedRows { level, depth, tiles, packed: Packed::Floats(floats) };
    };
    let tiles = Tiles::of(n, TILE_ROWS);
    let len = tiles_of(depth);
    let pieces = sized(&mut memory.tiles, tiles.len() * len, Tile::ZERO);
    workers.chunks(pieces, len, |index, packed| {
        let rows = tiles.get(index);
        unit.split_rows(&x[rows.start * depth..rows.end * depth], depth, packed);
    });
    PackedRows { level, depth, tiles, packed: Packed::Pieces(unit, pieces) }
}

/// The first `len` of a vector, which is made longer if need be. What they are is of no interest.
fn sized<T: Copy>(vector: &mut Vec<T>, len: usize, filling: T) -> &mut [T] {
    if vector.len() < len {
        vector.resize(len, filling);
    }
    &mut vector[..len]
}

struct PackTile<'a> {
    depth: usize,
    x: &'a [f32],
    packed: &'a mut [f32],
}

impl Kernel for PackTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        tile::pack_rows(s, self.x, self.depth, self.depth, self.packed);
    }
}

/// How many tiles hold `depth` numbers of sixteen rows or columns.
fn tiles_of(depth: usize) -> usize {
    depth.div_ceil(TILE_DEPTH) * PIECES
}

/// Memory for packed panels.
#[derive(Default)]
pub(crate) struct PanelMemory {
    floats: Vec<f32>,
    tiles: Vec<Tile>,
}

/// Panels of the same depth, packed.
pub(crate) struct PackedPanels<'a> {
    depth: usize,
    packed: Packed<'a>,
}

impl PackedRows<'_> {
    /// How deep panels should be.
    pub(crate) fn most_depth(&self) -> usize {
        match self.packed {
            Packed::Floats(_) if are_few(self.tiles.rows()) => DEPTH_FOR_FEW,
            _ => MOST_DEPTH,
        }
    }

    /// How many panels of a matrix should be packed before they are multiplied. The matrix unit is so
    /// quick that rows must come from the second-level cache, so they are used several times each.
    pub(crate) fn panels_at_once(&self) -> usize {
        match self.packed {
            Packed::Floats(_) => 1,
            Packed::Pieces(..) if self.groups() == 1 => 1,
            Packed::Pieces(..) => 4,
        }
    }

    /// Packs `count` panels for products with these rows. `expand` writes some depths of `together` of
    /// them, `[panel][depth][column]`: it gets the number of the first and the depths, which begin with
    /// a multiple of every format's block if it is one panel, and of 32 if there are several.
    pub(crate) fn pack_panels<'a>(
        &self,
        memory: &'a mut PanelMemory,
        count: usize,
        together: usize,
        depth: usize,
        mut expand: impl FnMut(usize, Range<usize>, &mut [f32]),
    ) -> PackedPanels<'a> {
        let columns = self.level.panel_columns();
        let firsts = (0..count).step_by(together);
        let Packed::Pieces(unit, _) = self.packed else {
            let floats = sized(&mut memory.floats, count * depth * columns, 0.0);
            for (first, floats) in firsts.zip(floats.chunks_mut(together * depth * columns)) {
                expand(first, 0..depth, floats);
            }
            return PackedPanels { depth, packed: Packed::Floats(floats) };
        };
        let len = tiles_of(depth);
        let groups = columns / TILE_COLUMNS;
        let pieces = sized(&mut memory.tiles, count * groups * len, Tile::ZERO);
        let at_once = match together {
            1 => LARGEST_BLOCK,
            _ => (SPLIT_AT_ONCE / (together * columns)).next_multiple_of(TILE_DEPTH),
        };
        for (first, tiles) in firsts.zip(pieces.chunks_mut(together * groups * len)) {
            for start in (0..depth).step_by(at_once) {
                let depths = start..depth.min(start + at_once);
                let panel_len = depths.len() * columns;
                let here = together.min(count - first);
                let floats = sized(&mut memory.floats, here * panel_len, 0.0);
                expand(first, depths, floats);
                let panels = floats.chunks_exact(panel_len);
                for (panel, tiles) in panels.zip(tiles.chunks_exact_mut(groups * len)) {
                    unit.split_panel(panel, columns, &mut tiles[tiles_of(start)..], len);
                }
            }
        }
        PackedPanels { depth, packed: Packed::Pieces(unit, pieces) }
    }

    /// How many groups of rows there are, each multiplied at once.
    pub(crate) fn groups(&self) -> usize {
        self.tiles.len().div_ceil(self.tiles_at_once())
    }

    fn tiles_at_once(&self) -> usize {
        match self.packed {
            Packed::Floats(_) => 1,
            Packed::Pieces(..) => 2,
        }
    }

    /// Multiplies depths `depths` of the rows of a group with a panel that has these depths.
    ///
    /// `start` is what is added to the products of every row, as far as it goes; none means what is
    /// there. `place(row)` is where a row's sums go: the first of the panel's columns, as many as there
    /// is room for.
    pub(crate) fn multiply<'b>(
        &self,
        group: usize,
        depths: &Range<usize>,
        panels: &PackedPanels<'_>,
        panel: usize,
        start: Option<&[f32]>,
        place: impl Fn(usize) -> &'b mut [f32],
    ) {
        debug_assert_eq!(depths.len(), panels.depth);
        let columns = self.level.panel_columns();
        match (self.packed, panels.packed) {
            (Packed::Floats(packed), Packed::Floats(panels)) => {
                let rows = self.tiles.get(group);
                let tile = &packed[rows.start * self.depth..rows.end * self.depth];
                let panel_len = depths.len() * columns;
                self.level.run(tile::Multiply {
                    rows: &tile[depths.start * rows.len()..depths.end * rows.len()],
                    panel: &panels[panel * panel_len..][..panel_len],
                    start,
                    out: &mut tile::places(rows.clone(), place)[..rows.len()],
                });
            }
            (Packed::Pieces(unit, packed), Packed::Pieces(_, panels)) => {
                let (row_len, column_len) = (tiles_of(self.depth), tiles_of(depths.len()));
                let first = tiles_of(depths.start);
                let left = |tile: usize| &packed[tile * row_len + first..][..column_len];
                let right =
                    [0, 1].map(|half| &panels[(2 * panel + half) * column_len..][..column_len]);
                let mut sums = [[Sums::ZERO; 2]; 2];
                let upper = self.tiles.get(2 * group);
                if 2 * group + 1 < self.tiles.len() {
                    let lower = self.tiles.get(2 * group + 1);
                    let sides = [left(2 * group), left(2 * group + 1)];
                    unit.multiply(sides, [upper.len(), lower.len()], right, &mut sums);
                    let [one, other] = &sums;
                    self.level.run(Finish {
                        rows: upper,
                        sums: [one, &NO_SUMS],
                        start,
                        place: &place,
                    });
                    self.level.run(Finish {
                        rows: lower,
                        sums: [other, &NO_SUMS],
                        start,
                        place: &place,
                    });
                } else {
                    unit.multiply_few(left(2 * group), upper.len(), right, &mut sums);
                    let [one, other] = &sums;
                    self.level.run(Finish {
                        rows: upper,
                        sums: [one, other],
                        start,
                        place: &place,
                    });
                }
            }
            _ => unreachable!("panels are packed for the rows they are multiplied with"),
        }
    }
}

const NO_SUMS: [Sums; 2] = [Sums::ZERO; 2];

/// Adds sums to what is there, or to a start, and writes them where they belong.
struct Finish<'a, P> {
    rows: Range<usize>,
    sums: [&'a [Sums; 2]; 2],
    start: Option<&'a [f32]>,
    place: &'a P,
}

impl<'b, P: Fn(usize) -> &'b mut [f32]> Kernel for Finish<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let [one, other] = self.sums;
        for (index, row) in self.rows.enumerate() {
            let out = (self.place)(row);
            for half in 0..out.len().div_ceil(16).min(2) {
                let start = self.start.unwrap_or(&*out);
                let start = match start.len() > 16 * half {
                    true => lanes_at(s, start, half),
                    false => s.splat(0.0),
                };
                let sums = s.add(s.load(&one[half].0[index]), s.load(&other[half].0[index]));
                store_at(s, s.add(start, sums), out, half);
            }
        }
    }
}
