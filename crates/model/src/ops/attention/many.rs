//! Many queries, as of a prompt: a block of keys and values is looked at by a tile of queries while
//! it is in the nearest caches.
//!
//! The softmax is taken on the way: each query keeps its largest score so far, and when a block has
//! a larger one, what was added up before is scaled down to it (arXiv:2205.14135).

#![expect(unsafe_code, reason = "several threads write one output, each its own queries and heads")]

use std::cell::RefCell;
use std::ops::Range;

use super::{Pass, few};
use crate::ops::softcap;
use crate::ops::tile::{self, Multiply, RowsOf};
use crate::simd::{Kernel, Simd, lanes_at, store_at};
use crate::workers::{Shares, Workers};

/// Rows (queries times heads that share keys) of a task, about.
pub(super) const TASK_ROWS: usize = 96;

/// Fewer than these, and packing keys and values would take as long as looking at them.
const LEAST_ROWS: usize = 24;

/// So many tasks that threads are ready at about the same time.
const TASKS_PER_THREAD: usize = 4;

/// Positions of a block. A multiple of every panel's columns.
const BLOCK: usize = 64;

pub(super) fn attention(pass: &Pass<'_>, workers: &Workers, out: &mut [f32]) {
    let kv_heads = pass.config.n_kv_heads;
    // Of a short pass, tasks are smaller: with one and a half for each thread, half of them would wait.
    let pieces = (TASKS_PER_THREAD * workers.threads()).div_ceil(kv_heads);
    let queries = pass.n.div_ceil(pieces).max(LEAST_ROWS.div_ceil(pass.group()));
    let queries = queries.min(TASK_ROWS.div_ceil(pass.group()));
    let tasks = pass.n.div_ceil(queries) * kv_heads;
    let shares = Shares::of(out);
    workers.run(tasks, |index| {
        // The last queries look at the most positions, so they come first.
        let tile = (tasks - 1 - index) / kv_heads;
        let queries = tile * queries..pass.n.min((tile + 1) * queries);
        let kv_head = index % kv_heads;
        BUFFERS.with_borrow_mut(|buffers| {
            let out = &shares;
            pass.level.run(AttendTile { pass, queries, kv_head, out, buffers });
        });
    });
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Memory that a thread uses again and again. Rows are queries times heads of the group.
#[derive(Default)]
struct Buffers {
    /// Scaled queries `[rows][head_dim]`, and the same packed in tiles.
    queries: Vec<f32>,
    packed_queries: Vec<f32>,
    /// A panel of keys `[head_dim][columns]` or of values `[BLOCK][columns]`.
    panel: Vec<f32>,
    /// `[rows][BLOCK]`, and the same packed in tiles.
    scores: Vec<f32>,
    packed_scores: Vec<f32>,
    /// The values' sums `[rows][head_dim]`.
    sums: Vec<f32>,
    /// The largest score so far and the sum of the weights, of each row.
    largest: Vec<f32>,
    totals: Vec<f32>,
}

struct AttendTile<'a> {
    pass: &'a Pass<'a>,
    queries: Range<usize>,
    kv_head: usize,
    out: &'a Shares<'a>,
    buffers: &'a mut Buffers,
}

impl Kernel for AttendTile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let AttendTile { pass, queries, kv_head, out, buffers } = self;
        let (config, group) = (pass.config, pass.group());
        let d = config.head_dim;
        let rows = queries.len() * group;
        let tiles = tile::tiles(pass.level, rows);

        buffers.queries.clear();
        for query in queries.clone() {
            buffers.queries.extend_from_slice(pass.heads(pass.q, query, kv_head));
        }
        scale(s, &mut buffers.queries, config.attention_scale);
        buffers.packed_queries.resize(rows * d, 0.0);
        for tile in tiles.iter() {
            let places = tile.start * d..tile.end * d;
            let packed = &mut buffers.packed_queries[places.clone()];
            tile::pack_rows(s, &buffers.queries[places], d, d, packed);
        }
        buffers.sums.clear();
        buffers.sums.resize(rows * d, 0.0);
        buffers.largest.clear();
        buffers.largest.resize(rows, f32::NEG_INFINITY);
        buffers.totals.clear();
        buffers.totals.resize(rows, 0.0);
        buffers.scores.resize(rows * BLOCK, 0.0);
        buffers.packed_scores.resize(rows * BLOCK, 0.0);

        let (first, last) = (pass.visible(queries.start), pass.visible(queries.end - 1));
        for start in (first.start..last.end).step_by(BLOCK) {
            let positions = start..last.end.min(start + BLOCK);
            score_block(s, pass, kv_head, &positions, tiles, buffers);
            for (row, scores) in
                buffers.scores.as_chunks_mut::<BLOCK>().0[..rows].iter_mut().enumerate()
            {
                if let Some(cap) = config.attention_softcap {
                    scores.iter_mut().for_each(|score| *score = softcap(*score, cap));
                }
                let visible = pass.visible(queries.start + row / group);
                let seen = visible.start.saturating_sub(start).min(BLOCK)
                    ..visible.end.saturating_sub(start).min(BLOCK);
                if seen != (0..BLOCK) {
                    scores[..seen.start].fill(f32::NEG_INFINITY);
                    scores[seen.end.max(seen.start)..].fill(f32::NEG_INFINITY);
                }

                let before = buffers.largest[row];
                let sums = &mut buffers.sums[row * d..(row + 1) * d];
                let (largest, total) = few::exponentials(s, scores, before);
                if largest > before {
                    let factor = (before - largest).exp();
                    scale(s, sums, factor);
                    buffers.totals[row] *= factor;
                    buffers.largest[row] = largest;
                }
                buffers.totals[row] += total;
            }
            mix_block(s, pass, kv_head, &positions, tiles, buffers);
        }

        for (index, query) in queries.enumerate() {
            // SAFETY: every task is its own queries and heads.
            let out = unsafe { out.place(query * config.q_dim() + kv_head * group * d, group * d) };
            let places = index * group * d..(index + 1) * group * d;
            out.copy_from_slice(&buffers.sums[places]);
            for (out, total) in out.chunks_exact_mut(d).zip(&buffers.totals[index * group..]) {
                scale(s, out, 1.0 / total);
            }
        }
    }
}

#[inline(always)]
pub(super) fn scale<S: Simd>(s: S, x: &mut [f32], factor: f32) {
    for index in 0..x.len().div_ceil(16) {
        let scaled = s.mul(lanes_at(s, x, index), s.splat(factor));
        store_at(s, scaled, x, index);
    }
}

/// Fills the scores of a block of positions.
#[inline(always)]
fn score_block<S: Simd>(
    s: S,
    pass: &Pass<'_>,
    kv_head: usize,
    positions: &Range<usize>,
    tiles: tile::Tiles,
    buffers: &mut Buffers,
) {
    let d = pass.config.head_dim;
    let columns = 16 * S::TILE_COLUMNS;
    let mut keys = [&[][..]; BLOCK];
    collect(pass, kv_head, positions, |(keys, _)| keys, &mut keys);
    buffers.panel.resize(d * columns, 0.0);
    for (panel, keys) in keys[..positions.len()].chunks(columns).enumerate() {
        tile::panel_of_columns(s, keys.iter().copied(), d, &mut buffers.panel);
        for tile in tiles.iter() {
            let rows = &buffers.packed_queries[tile.start * d..tile.end * d];
            let scores = &mut buffers.scores[tile.start * BLOCK..tile.end * BLOCK];
            pass.level.run(Multiply {
                rows,
                n_rows: tile.len(),
                panel: &buffers.panel,
                start: Some(&[]),
                out: rest_of_rows(scores, BLOCK, panel * columns),
            });
        }
    }
}

/// Adds a block's values, weighted by the scores.
#[inline(always)]
fn mix_block<S: Simd>(
    s: S,
    pass: &Pass<'_>,
    kv_head: usize,
    positions: &Range<usize>,
    tiles: tile::Tiles,
    buffers: &mut Buffers,
) {
    let d = pass.config.head_dim;
    let columns = 16 * S::TILE_COLUMNS;
    let mut values = [&[][..]; BLOCK];
    collect(pass, kv_head, positions, |(_, values)| values, &mut values);
    let values = &values[..positions.len()];
    for tile in tiles.iter() {
        let places = tile.start * BLOCK..tile.end * BLOCK;
        let packed = &mut buffers.packed_scores[places.clone()];
        tile::pack_rows(s, &buffers.scores[places], BLOCK, BLOCK, packed);
    }
    buffers.panel.resize(positions.len() * columns, 0.0);
    for first in (0..d).step_by(columns) {
        let width = (d - first).min(columns);
        for (value, panel) in values.iter().zip(buffers.panel.chunks_exact_mut(columns)) {
            for index in 0..width.div_ceil(16) {
                let lanes = lanes_at(s, &value[first..], index);
                store_at(s, lanes, panel, index);
            }
        }
        for tile in tiles.iter() {
            let rows = &buffers.packed_scores[tile.start * BLOCK..][..tile.len() * positions.len()];
            let sums = &mut buffers.sums[tile.start * d..tile.end * d];
            pass.level.run(Multiply {
                rows,
                n_rows: tile.len(),
                panel: &buffers.panel,
                start: None,
                out: rest_of_rows(sums, d, first),
            });
        }
    }
}

/// What is left of each row of a tile from column `first` on.
#[inline(always)]
fn rest_of_rows(rows: &mut [f32], row_len: usize, first: usize) -> RowsOf<'_> {
    RowsOf { numbers: &mut rows[first..], stride: row_len, len: row_len - first }
}

/// The vectors of one head at some positions.
#[inline(always)]
fn collect<'a>(
    pass: &Pass<'a>,
    kv_head: usize,
    positions: &Range<usize>,
    of: impl Fn(&(&'a [f32], &'a [f32])) -> &'a [f32],
    vectors: &mut [&'a [f32]; BLOCK],
) {
    let config = pass.config;
    let pieces = pass.pieces(positions.clone(), of);
    let found = pieces.flat_map(|piece| piece.chunks_exact(config.kv_dim()));
    for (vector, position) in vectors.iter_mut().zip(found) {
        *vector = &position[kv_head * config.head_dim..][..config.head_dim];
    }
}
