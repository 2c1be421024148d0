//! Where there is no matrix unit: as `amx`, of values that cannot exist.

/// See `amx` for what these are.
pub(crate) const TILE_ROWS: usize = 16;
pub(crate) const TILE_DEPTH: usize = 32;
pub(crate) const TILE_COLUMNS: usize = 16;
pub(crate) const PIECES: usize = 3;

#[derive(Clone, Copy)]
pub(crate) struct Tile(());

impl Tile {
    pub(crate) const ZERO: Self = Tile(());
}

#[derive(Clone, Copy)]
pub(crate) struct Sums(pub(crate) [[f32; 16]; 16]);

impl Sums {
    pub(crate) const ZERO: Self = Sums([[0.0; 16]; 16]);
}

#[derive(Clone, Copy)]
pub(crate) enum MatrixUnit {}

impl MatrixUnit {
    pub(crate) fn split_rows(self, _: &[f32], _: usize, _: &mut [Tile]) {
        match self {}
    }

    pub(crate) fn split_panel(self, _: &[f32], _: usize, _: &mut [Tile], _: usize) {
        match self {}
    }

    pub(crate) fn multiply(
        self,
        _: [&[Tile]; 2],
        _: [usize; 2],
        _: [&[Tile]; 2],
        _: &mut [[Sums; 2]; 2],
    ) {
        match self {}
    }

    pub(crate) fn multiply_few(
        self,
        _: &[Tile],
        _: usize,
        _: [&[Tile]; 2],
        _: &mut [[Sums; 2]; 2],
    ) {
        match self {}
    }
}
