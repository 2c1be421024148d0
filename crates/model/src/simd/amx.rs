//! Intel AMX: a unit that multiplies matrices of 16 x 32 brain floats (bf16), sixteen times as fast as
//! vector registers multiply float32.
//!
//! Numbers lose nothing on the way. A float32 is the sum of three brain floats, each the nearest to
//! what the ones before leave ([`split`]): its 24 bits are theirs. Of the nine products of two such
//! sums, six are computed; the other three are below 2^-26 of the whole, less than float32 rounds
//! off. Sums are float32, as everywhere.
//!
//! Instructions are written as assembly, since Rust has no stable names for them yet. They are those of
//! the "Intel 64 and IA-32 Architectures Software Developer's Manual", volume 1, chapter 18.

#![expect(
    unsafe_code,
    reason = "instructions need CPU features, of which a value of MatrixUnit is the proof; what is read \
              or written through pointers are slices whose lengths are checked first"
)]

use std::arch::asm;
use std::arch::x86_64::*;

/// Rows of a tile.
pub(crate) const TILE_ROWS: usize = 16;
/// Numbers that a tile holds of a row of the left side, or of a column of the right side.
pub(crate) const TILE_DEPTH: usize = 32;
/// Columns of a tile of the right side.
pub(crate) const TILE_COLUMNS: usize = 16;
/// Brain floats that make a float32.
pub(crate) const PIECES: usize = 3;

/// Brain floats in pairs, as the unit reads them. Of the left side: `[row][pair of depths]`; of the
/// right side: `[pair of depths][column]`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Tile([[u32; 16]; 16]);

impl Tile {
    pub(crate) const ZERO: Self = Tile([[0; 16]; 16]);
}

/// Float32 sums `[row][column]`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Sums(pub(crate) [[f32; 16]; 16]);

impl Sums {
    pub(crate) const ZERO: Self = Sums([[0.0; 16]; 16]);
}

/// Proof that this machine has AMX for brain floats and AVX-512 F and BW, and that the system lets this
/// process use the former.
#[derive(Clone, Copy)]
pub(crate) struct MatrixUnit(());

impl MatrixUnit {
    /// Asks the machine and the system.
    pub(super) fn find() -> Option<Self> {
        (super::avx512::is_available() && has_instructions() && system_allows())
            .then_some(MatrixUnit(()))
    }

    /// Splits rows of `depth` numbers, `[n][depth]`, into a left side `[block of depths][piece]`. There
    /// may be up to sixteen of them. Zeros fill the last block.
    pub(crate) fn split_rows(self, rows: &[f32], depth: usize, tiles: &mut [Tile]) {
        assert!(rows.len() <= TILE_ROWS * depth);
        assert_eq!(tiles.len(), depth.div_ceil(TILE_DEPTH) * PIECES);
        // SAFETY: `self` proves the features.
        unsafe { split_rows(rows, depth, tiles) }
    }

    /// Splits some rows of a panel, `[depth][columns]`, into parts of right sides
    /// `[sixteen columns][block of depths][piece]`, of which `blocks` are those of the first sixteen
    /// columns that the panel's rows are in; the next sixteen columns are `stride` tiles further.
    /// Zeros fill the last block.
    pub(crate) fn split_panel(
        self,
        panel: &[f32],
        columns: usize,
        tiles: &mut [Tile],
        stride: usize,
    ) {
        assert!(columns.is_multiple_of(TILE_COLUMNS) && panel.len().is_multiple_of(columns));
        let blocks = (panel.len() / columns).div_ceil(TILE_DEPTH);
        assert!(tiles.len() >= (columns / TILE_COLUMNS - 1) * stride + blocks * PIECES);
        // SAFETY: `self` proves the features.
        unsafe { split_panel(panel, columns, tiles, stride) }
    }

    /// `left * right`, of up to 32 rows and of 32 columns, in tiles of `rows` rows. Both sides are
    /// `[block of depths][piece]` for each sixteen columns and each tile of rows.
    pub(crate) fn multiply(
        self,
        left: [&[Tile]; 2],
        rows: [usize; 2],
        right: [&[Tile]; 2],
        sums: &mut [[Sums; 2]; 2],
    ) {
        let len = left[0].len();
        assert!(len.is_multiple_of(PIECES) && len > 0);
        assert!(left[1].len() == len && right.iter().all(|right| right.len() == len));
        assert!(rows.iter().all(|rows| (1..=TILE_ROWS).contains(rows)));
        // SAFETY: `self` proves the features; all slices are `blocks` times three tiles long.
        unsafe { multiply(left, rows, right, len / PIECES, sums) }
    }

    /// As [`MatrixUnit::multiply`], for one tile of rows. The result is the sum of both sums.
    pub(crate) fn multiply_few(
        self,
        left: &[Tile],
        rows: usize,
        right: [&[Tile]; 2],
        sums: &mut [[Sums; 2]; 2],
    ) {
        let len = left.len();
        assert!(len.is_multiple_of(PIECES) && len > 0);
        assert!(right.iter().all(|right| right.len() == len));
        assert!((1..=TILE_ROWS).contains(&rows));
        // SAFETY: as above.
        unsafe { multiply_few(left, rows, right, len / PIECES, sums) }
    }
}

/// Leaf 7 of CPUID: bit 22 of EDX is AMX-BF16, bit 24 AMX-TILE.
fn has_instructions() -> bool {
    let features = __cpuid_count(7, 0).edx;
    features & (1 << 22) != 0 && features & (1 << 24) != 0
}

/// Registers of eight kilobytes are saved only for processes that asked for them
/// (`Documentation/arch/x86/xstate.rst` of Linux).
#[cfg(target_os = "linux")]
fn system_allows() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call changes nothing but this permission, and no pointer is given.
    let answer =
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) };
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn system_allows() -> bool {
    false
}

/// Three brain floats in the upper halves of the lanes, the largest first. Halves are rounded away from
/// zero, so that what is left is as small as can be and of either sign.
///
/// # Safety
/// The caller must be compiled for AVX-512 F.
#[inline(always)]
unsafe fn split(numbers: &[f32; 16]) -> [__m512i; PIECES] {
    // SAFETY: by the caller's promise, and it is an array of that size.
    unsafe {
        let half = _mm512_set1_epi32(0x8000);
        let upper = _mm512_set1_epi32(0xFFFF_0000u32 as i32);
        let x = _mm512_loadu_ps(numbers.as_ptr());
        let first = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), upper);
        let x = _mm512_sub_ps(x, _mm512_castsi512_ps(first));
        let second = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), upper);
        let x = _mm512_sub_ps(x, _mm512_castsi512_ps(second));
        let third = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(x), half), upper);
        [first, second, third]
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn split_rows(rows: &[f32], depth: usize, tiles: &mut [Tile]) {
    // The upper halves of two vectors, one after the other.
    let mut upper_halves = [0i16; 32];
    for (word, index) in upper_halves.iter_mut().zip((1..).step_by(2)) {
        *word = index;
    }
    // SAFETY: it is an array of that size.
    let upper_halves = unsafe { _mm512_loadu_epi16(upper_halves.as_ptr()) };
    for (index, row) in rows.chunks_exact(depth).enumerate() {
        for (numbers, tiles) in row.chunks(TILE_DEPTH).zip(tiles.as_chunks_mut::<PIECES>().0) {
            let mut filled = [[0.0; 16]; 2];
            let halves = match numbers.as_chunks().0.first_chunk() {
                Some(whole) => whole,
                None => {
                    filled.as_flattened_mut()[..numbers.len()].copy_from_slice(numbers);
                    &filled
                }
            };
            // SAFETY: this function is compiled for AVX-512.
            let (first, second) = unsafe { (split(&halves[0]), split(&halves[1])) };
            for piece in 0..PIECES {
                let pairs = _mm512_permutex2var_epi16(first[piece], upper_halves, second[piece]);
                // SAFETY: a row of a tile has that size.
                unsafe { _mm512_store_si512(tiles[piece].0[index].as_mut_ptr().cast(), pairs) };
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn split_panel(panel: &[f32], columns: usize, tiles: &mut [Tile], stride: usize) {
    const NOTHING: [f32; TILE_COLUMNS] = [0.0; TILE_COLUMNS];
    let groups = columns / TILE_COLUMNS;
    let rows = panel.as_chunks::<TILE_COLUMNS>().0;
    let depth = rows.len() / groups;
    for group in 0..groups {
        let tiles = tiles[group * stride..].as_chunks_mut::<PIECES>().0;
        for (block, tiles) in (0..depth.div_ceil(TILE_DEPTH)).zip(tiles) {
            for pair in 0..TILE_DEPTH / 2 {
                let row = (block * TILE_DEPTH + 2 * pair) * groups + group;
                let even = rows.get(row).unwrap_or(&NOTHING);
                let odd = rows.get(row + groups).unwrap_or(&NOTHING);
                // SAFETY: this function is compiled for AVX-512.
                let (even, odd) = unsafe { (split(even), split(odd)) };
                for piece in 0..PIECES {
                    let pairs = _mm512_or_si512(_mm512_srli_epi32::<16>(even[piece]), odd[piece]);
                    // SAFETY: a row of a tile has that size.
                    unsafe { _mm512_store_si512(tiles[piece].0[pair].as_mut_ptr().cast(), pairs) };
                }
            }
        }
    }
}

/// What `LDTILECFG` reads: how many rows the tile registers have and how long these are.
#[repr(C, align(64))]
struct Registers {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_per_row: [u16; 16],
    rows: [u8; 16],
}

impl Registers {
    fn new(rows: [usize; 8]) -> Self {
        let mut registers = Registers {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            bytes_per_row: [0; 16],
            rows: [0; 16],
        };
        for (index, rows) in rows.into_iter().enumerate() {
            registers.bytes_per_row[index] = 64;
            registers.rows[index] = rows as u8;
        }
        registers
    }
}

/// # Safety
/// The machine must have AMX and the system allow it; all slices must be `3 * blocks` long.
unsafe fn multiply(
    left: [&[Tile]; 2],
    [upper, lower]: [usize; 2],
    right: [&[Tile]; 2],
    blocks: usize,
    sums: &mut [[Sums; 2]; 2],
) {
    let registers = Registers::new([upper, upper, lower, lower, upper, lower, 16, 16]);
    // The products of one piece of each side: 4 and 5 are the left side, 6 and 7 the right side.
    macro_rules! products {
        () => {
            "tdpbf16ps tmm0, tmm4, tmm6
             tdpbf16ps tmm1, tmm4, tmm7
             tdpbf16ps tmm2, tmm5, tmm6
             tdpbf16ps tmm3, tmm5, tmm7"
        };
    }
    macro_rules! left {
        ($piece:literal) => {
            concat!(
                "tileloadd tmm4, [{left_0} + {row} + 1024 * ",
                $piece,
                "]\n",
                "tileloadd tmm5, [{left_1} + {row} + 1024 * ",
                $piece,
                "]",
            )
        };
    }
    macro_rules! right {
        ($piece:literal) => {
            concat!(
                "tileloadd tmm6, [{right_0} + {row} + 1024 * ",
                $piece,
                "]\n",
                "tileloadd tmm7, [{right_1} + {row} + 1024 * ",
                $piece,
                "]",
            )
        };
    }
    // SAFETY: by the caller's promise, the loop reads what the slices hold, and the sums are four
    // tiles one after the other. No register stays in use.
    unsafe {
        asm!(
            "ldtilecfg [{registers}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            left!("2"), right!("0"), products!(),
            left!("1"), products!(), right!("1"), products!(),
            left!("0"), products!(), right!("2"), products!(), right!("0"), products!(),
            "add {left_0}, 3072", "add {left_1}, 3072", "add {right_0}, 3072", "add {right_1}, 3072",
            "dec {blocks}",
            "jnz 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 1024], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 3072], tmm3",
            "tilerelease",
            registers = in(reg) &registers,
            left_0 = inout(reg) left[0].as_ptr() => _,
            left_1 = inout(reg) left[1].as_ptr() => _,
            right_0 = inout(reg) right[0].as_ptr() => _,
            right_1 = inout(reg) right[1].as_ptr() => _,
            blocks = inout(reg) blocks => _,
            sums = in(reg) sums.as_mut_ptr(),
            row = in(reg) 64usize,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// # Safety
/// As [`multiply`].
unsafe fn multiply_few(
    left: &[Tile],
    rows: usize,
    right: [&[Tile]; 2],
    blocks: usize,
    sums: &mut [[Sums; 2]; 2],
) {
    let registers = Registers::new([rows, rows, rows, rows, rows, rows, 16, 16]);
    // A product takes as long as three others begin, so two sums alone would be waited for.
    macro_rules! products {
        (0) => {
            "tdpbf16ps tmm0, tmm4, tmm6
             tdpbf16ps tmm1, tmm4, tmm7"
        };
        (1) => {
            "tdpbf16ps tmm2, tmm4, tmm6
             tdpbf16ps tmm3, tmm4, tmm7"
        };
    }
    macro_rules! left {
        ($piece:literal) => {
            concat!("tileloadd tmm4, [{left} + {row} + 1024 * ", $piece, "]")
        };
    }
    macro_rules! right {
        ($piece:literal) => {
            concat!(
                "tileloadd tmm6, [{right_0} + {row} + 1024 * ",
                $piece,
                "]\n",
                "tileloadd tmm7, [{right_1} + {row} + 1024 * ",
                $piece,
                "]",
            )
        };
    }
    // SAFETY: as above.
    unsafe {
        asm!(
            "ldtilecfg [{registers}]",
            "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
            "2:",
            left!("2"), right!("0"), products!(0),
            left!("1"), products!(1), right!("1"), products!(0),
            left!("0"), products!(1), right!("2"), products!(0), right!("0"), products!(1),
            "add {left}, 3072", "add {right_0}, 3072", "add {right_1}, 3072",
            "dec {blocks}",
            "jnz 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 1024], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 3072], tmm3",
            "tilerelease",
            registers = in(reg) &registers,
            left = inout(reg) left.as_ptr() => _,
            right_0 = inout(reg) right[0].as_ptr() => _,
            right_1 = inout(reg) right[1].as_ptr() => _,
            blocks = inout(reg) blocks => _,
            sums = in(reg) sums.as_mut_ptr(),
            row = in(reg) 64usize,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_a_number_are_the_number() {
        let Some(unit) = MatrixUnit::find() else { return };
        let numbers = [0.0, -0.0, 1.0, -1.0, 0.1, -0.3, 16_777_215.0, 1.000_000_1, -1e30, 3e-30];
        for number in numbers.into_iter().chain((1..3000).map(|i| (i as f32).sin() * 1e3)) {
            let (mut left, mut right) = ([Tile::ZERO; PIECES], [Tile::ZERO; PIECES]);
            // In the second of a pair, and in the last row or column.
            let mut row = [0.0; TILE_DEPTH];
            row[5] = number;
            let rows = [[[0.0; TILE_DEPTH]; 15].as_flattened(), &row].concat();
            unit.split_rows(&rows, TILE_DEPTH, &mut left);
            let mut panel = [[0.0; TILE_COLUMNS]; 6];
            panel[5][15] = number;
            unit.split_panel(panel.as_flattened(), TILE_COLUMNS, &mut right, 0);
            let sum = |pieces: [u32; PIECES]| -> f32 {
                // The smallest first, or what the sums of the others lose would be missing.
                pieces.into_iter().rev().map(|pair| f32::from_bits(pair & 0xFFFF_0000)).sum()
            };
            assert_eq!(sum(left.map(|tile| tile.0[15][2])), number);
            assert_eq!(sum(right.map(|tile| tile.0[2][15])), number);
            // Numbers between the pieces' places are zero: each piece is in one place only.
            let filled =
                |tile: &Tile| tile.0.as_flattened().iter().filter(|pair| **pair << 1 != 0).count();
            assert!(left.iter().chain(&right).all(|tile| filled(tile) <= 1));
        }
    }

    /// One product at a time, so that nothing hides behind the rounding of sums.
    #[test]
    fn products_are_those_of_float32() {
        let Some(unit) = MatrixUnit::find() else { return };
        const DEPTH: usize = 40;
        // The first two are all but half a brain float above one, so all their pieces are large.
        let number = |i: usize| match i {
            0 => 1.003_890_9,
            1 => -1.003_898_5,
            _ => (i as f32 * 1.7).sin() * 3.0,
        };
        let panel = |group: usize| -> Vec<f32> {
            (0..DEPTH * 16).map(|i| number(16 * group + i % 16)).collect()
        };
        let mut right = [[Tile::ZERO; 2 * PIECES]; 2];
        for (group, tiles) in right.iter_mut().enumerate() {
            unit.split_panel(&panel(group), TILE_COLUMNS, tiles, 0);
        }
        let right = right.each_ref().map(|tiles| &tiles[..]);
        for count in [1, 7, 16] {
            let mut left = [[Tile::ZERO; 2 * PIECES]; 2];
            for (tile, tiles) in left.iter_mut().enumerate() {
                let mut rows = vec![0.0; count * DEPTH];
                for row in 0..count {
                    rows[row * DEPTH + (row * 5 + tile) % DEPTH] = number(row + tile);
                }
                unit.split_rows(&rows, DEPTH, tiles);
            }
            let left = left.each_ref().map(|tiles| &tiles[..]);
            let check = |found: f32, tile: usize, row: usize, group: usize, column: usize| {
                let expected =
                    f64::from(number(row + tile)) * f64::from(number(16 * group + column));
                let off = (f64::from(found) - expected).abs() / expected.abs();
                assert!(off < 2f64.powi(-23), "{found} is not {expected}: off by {off}");
            };
            let mut sums = [[Sums::ZERO; 2]; 2];
            unit.multiply(left, [count, count], right, &mut sums);
            let mut few = [[Sums::ZERO; 2]; 2];
            unit.multiply_few(left[1], count, right, &mut few);
            for (row, column) in (0..count).flat_map(|row| (0..16).map(move |column| (row, column)))
            {
                for group in 0..2 {
                    check(sums[0][group].0[row][column], 0, row, group, column);
                    check(sums[1][group].0[row][column], 1, row, group, column);
                    let both = few[0][group].0[row][column] + few[1][group].0[row][column];
                    check(both, 1, row, group, column);
                }
            }
        }
    }
}
