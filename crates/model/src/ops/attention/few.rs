//! Few queries, such as that of the next token: every key and value is read once for all heads that
//! share it.
//!
//! Long sequences are cut into parts, so that all threads have work. Each part gives the sum of its
//! values weighted by `e^(score - m)`, with the largest score `m` of the part and the sum of the
//! weights; parts are then brought to a common `m` and added.

#![expect(
    clippy::needless_range_loop,
    reason = "registers are counted; iterators over them are not always inlined, and then they would \
              not be registers"
)]
#![expect(unsafe_code, reason = "several threads write one list of parts, each its own")]

use std::cell::RefCell;
use std::ops::Range;

use super::Pass;
use crate::Config;
use crate::ops::softcap;
use crate::simd::{self, Kernel, Simd, lanes_at, store_at};
use crate::workers::{Shares, Workers};

/// Fewest positions of a part.
const SHORTEST_PART: usize = 32;

/// Parts per thread: more than one, so that all end at about the same time.
const PARTS_PER_THREAD: usize = 3;

thread_local! {
    /// Scores `[group][positions]`, positions filled up to whole registers.
    static SCORES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    /// What all parts gave, on the thread that adds them up.
    static PARTS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn attention(pass: &Pass<'_>, workers: &Workers, out: &mut [f32]) {
    let config = pass.config;
    let longest = pass.visible(pass.n - 1).len();
    let n_parts = match workers.threads() {
        1 => 1,
        threads => (threads * PARTS_PER_THREAD).min(longest / SHORTEST_PART).max(1),
    };
    let part_len = config.n_heads * (config.head_dim + 2);
    PARTS.with_borrow_mut(|parts| {
        parts.resize(pass.n * n_parts * part_len, 0.0);
        let shares = Shares::of(parts);
        let part = |index: usize| {
            let query = index / n_parts;
            let visible = pass.visible(query);
            let cut = |part: usize| visible.start + visible.len() * part / n_parts;
            let positions = cut(index % n_parts)..cut(index % n_parts + 1);
            // SAFETY: every index is its own part, and comes once.
            let part = unsafe { shares.place(index * part_len, part_len) };
            SCORES.with_borrow_mut(|scores| {
                pass.level.run(Attend { pass, query, positions, part, scores });
            });
        };
        // What is done in a few microseconds is not worth another thread.
        if pass.n * longest < 2 * SHORTEST_PART {
            (0..pass.n * n_parts).for_each(part);
        } else {
            workers.run(pass.n * n_parts, part);
        }
        let by_query = parts.chunks_exact(n_parts * part_len);
        for (out, parts) in out.chunks_exact_mut(config.q_dim()).zip(by_query) {
            pass.level.run(Combine { head_dim: config.head_dim, parts, part_len, out });
        }
    });
}

/// The same, one query after the other, with the weights `[n][n_heads][positions]`.
pub(super) fn with_weights(pass: &Pass<'_>, out: &mut [f32], weights: &mut Vec<f32>) {
    let config = pass.config;
    *weights = vec![0.0; pass.n * config.n_heads * pass.n_keys];
    let part_len = config.n_heads * (config.head_dim + 2);
    let (mut part, mut scores) = (vec![0.0; part_len], Vec::new());
    let by_query = weights.chunks_exact_mut(config.n_heads * pass.n_keys);
    for (query, (out, weights)) in out.chunks_exact_mut(config.q_dim()).zip(by_query).enumerate() {
        let positions = pass.visible(query);
        let visible = positions.clone();
        pass.level.run(Attend { pass, query, positions, part: &mut part, scores: &mut scores });
        pass.level.run(Combine { head_dim: config.head_dim, parts: &part, part_len, out });
        let totals = &part[config.n_heads * (config.head_dim + 1)..];
        let scores = scores.chunks_exact(visible.len().next_multiple_of(16));
        let rows = weights.chunks_exact_mut(pass.n_keys).zip(scores).zip(totals);
        for ((weights, scores), total) in rows {
            for (weight, score) in weights[visible.clone()].iter_mut().zip(scores) {
                *weight = score / total;
            }
        }
    }
}

/// One query and some positions.
struct Attend<'a> {
    pass: &'a Pass<'a>,
    query: usize,
    positions: Range<usize>,
    /// The weighted sums of values `[n_heads][head_dim]`, the largest scores `[n_heads]`, the sums
    /// of the weights `[n_heads]`.
    part: &'a mut [f32],
    /// Left behind: the weights, not yet divided by their sum.
    scores: &'a mut Vec<f32>,
}

/// Positions whose keys or values are gone through for one head after the other: few enough to be
/// in the nearest cache for the second head, enough to keep sums in registers meanwhile.
const BLOCK: usize = 16;

impl Kernel for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Attend { pass, query, positions, part, scores } = self;
        let config = pass.config;
        let (d, kv_dim) = (config.head_dim, config.kv_dim());
        let queries = &pass.q[query * config.q_dim()..(query + 1) * config.q_dim()];
        let stride = positions.len().next_multiple_of(16);
        scores.clear();
        scores.resize(config.n_heads * stride, f32::NEG_INFINITY);

        let mut done = 0;
        let mut blocks =
            RowBlocks::new(s, kv_dim, pass.pieces(positions.clone(), |(keys, _)| keys));
        while let Some(keys) = blocks.next(s) {
            let keys = keys.rows();
            for heads in head_blocks(config) {
                let queries = &queries[heads.first * d..];
                let at = heads.kv_head * d;
                let scores = &mut scores[heads.first * stride + done..];
                match heads.count {
                    1 => score::<S, 1>(s, queries, keys, at..at + d, scores, stride),
                    2 => score::<S, 2>(s, queries, keys, at..at + d, scores, stride),
                    3 => score::<S, 3>(s, queries, keys, at..at + d, scores, stride),
                    _ => score::<S, 4>(s, queries, keys, at..at + d, scores, stride),
                }
            }
            done += keys.len();
        }

        let (sums, bounds) = part.split_at_mut(config.q_dim());
        let (largest, totals) = bounds.split_at_mut(config.n_heads);
        for (head, scores) in scores.chunks_exact_mut(stride).enumerate() {
            for score in scores[..positions.len()].iter_mut() {
                *score *= config.attention_scale;
            }
            if let Some(cap) = config.attention_softcap {
                for score in scores[..positions.len()].iter_mut() {
                    *score = softcap(*score, cap);
                }
            }
            (largest[head], totals[head]) = exponentials(s, scores, f32::NEG_INFINITY);
        }

        sums.fill(0.0);
        let mut done = 0;
        let values = pass.pieces(positions.clone(), |(_, values)| values);
        let mut blocks = RowBlocks::new(s, kv_dim, values);
        while let Some(values) = blocks.next(s) {
            let values = values.rows();
            for heads in head_blocks(config) {
                let sums = &mut sums[heads.first * d..];
                let at = heads.kv_head * d;
                let scores = &scores[heads.first * stride + done..];
                match heads.count {
                    1 => mix::<S, 1>(s, scores, stride, values, at..at + d, sums),
                    2 => mix::<S, 2>(s, scores, stride, values, at..at + d, sums),
                    3 => mix::<S, 3>(s, scores, stride, values, at..at + d, sums),
                    _ => mix::<S, 4>(s, scores, stride, values, at..at + d, sums),
                }
            }
            done += values.len();
        }
    }
}

/// Keys or values, [`BLOCK`] positions after the other, whatever pieces they lie in. While one block is
/// used, the next one is on its way from memory.
struct RowBlocks<'a, P> {
    row_len: usize,
    pieces: P,
    /// What is left of a piece.
    piece: &'a [f32],
    next: RowBlock<'a>,
}

/// The keys or values of some positions, `[kv_dim]` each.
struct RowBlock<'a> {
    rows: [&'a [f32]; BLOCK],
    len: usize,
}

impl<'a> RowBlock<'a> {
    #[inline(always)]
    fn rows(&self) -> &[&'a [f32]] {
        &self.rows[..self.len]
    }
}

impl<'a, P: Iterator<Item = &'a [f32]>> RowBlocks<'a, P> {
    #[inline(always)]
    fn new<S: Simd>(s: S, row_len: usize, pieces: P) -> Self {
        let none = RowBlock { rows: [&[]; BLOCK], len: 0 };
        let mut blocks = RowBlocks { row_len, pieces, piece: &[], next: none };
        blocks.next(s);
        blocks
    }

    #[inline(always)]
    fn next<S: Simd>(&mut self, s: S) -> Option<RowBlock<'a>> {
        let mut next = RowBlock { rows: [&[]; BLOCK], len: 0 };
        while next.len < BLOCK {
            if self.piece.is_empty() {
                let Some(piece) = self.pieces.next() else { break };
                self.piece = piece;
            }
            let (row, rest) = self.piece.split_at(self.row_len);
            for line in row.chunks(16) {
                s.prefetch_far(line.as_ptr().cast());
            }
            next.rows[next.len] = row;
            next.len += 1;
            self.piece = rest;
        }
        let block = std::mem::replace(&mut self.next, next);
        (block.len > 0).then_some(block)
    }
}

/// Up to four heads that share keys and values: as many as have their sums in registers.
struct HeadBlock {
    first: usize,
    count: usize,
    kv_head: usize,
}

#[inline(always)]
fn head_blocks(config: &Config) -> impl Iterator<Item = HeadBlock> {
    let group = config.n_heads / config.n_kv_heads;
    (0..config.n_kv_heads).flat_map(move |kv_head| {
        (0..group).step_by(4).map(move |within| HeadBlock {
            first: kv_head * group + within,
            count: (group - within).min(4),
            kv_head,
        })
    })
}

/// The products of some heads' queries `[HEADS][head_dim]` with their place of the keys; row `h` of the
/// scores gets those of head `h`. Four keys at a time, since adding up the lanes of one product takes
/// longer than the product.
#[inline(always)]
fn score<S: Simd, const HEADS: usize>(
    s: S,
    queries: &[f32],
    keys: &[&[f32]],
    place: Range<usize>,
    scores: &mut [f32],
    stride: usize,
) {
    let d = place.len();
    for (four, keys) in keys.chunks(4).enumerate() {
        // The last key stands for those there are none of.
        let key = |k: usize| &keys[k.min(keys.len() - 1)][place.clone()];
        let four_keys = [key(0), key(1), key(2), key(3)];
        let mut sums = [[s.splat(0.0); 4]; HEADS];
        for index in 0..d.div_ceil(16) {
            for k in 0..4 {
                let key = lanes_at(s, four_keys[k], index);
                for head in 0..HEADS {
                    let query = lanes_at(s, &queries[head * d..(head + 1) * d], index);
                    sums[head][k] = s.fma(query, key, sums[head][k]);
                }
            }
        }
        for head in 0..HEADS {
            let sums = s.sums_of_fours(s.fours_of_rows(sums[head]));
            let scores = &mut scores[head * stride + 4 * four..][..keys.len()];
            scores.copy_from_slice(&sums[..keys.len()]);
        }
    }
}

/// Turns scores into `e^(score - m)`, where `m` is the largest of them and of `before`; returns `m`
/// and the sum. Where all is -infinity, all becomes zero.
#[inline(always)]
pub(super) fn exponentials<S: Simd>(s: S, scores: &mut [f32], before: f32) -> (f32, f32) {
    let scores = scores.as_chunks_mut::<16>().0;
    let mut largest = s.splat(before);
    for lanes in scores.iter() {
        largest = s.max(s.load(lanes), largest);
    }
    let largest = s.largest(largest);
    let mut sum = s.splat(0.0);
    let base = s.splat(if largest == f32::NEG_INFINITY { 0.0 } else { largest });
    for lanes in scores.iter_mut() {
        let e = simd::exp(s, s.sub(s.load(lanes), base));
        sum = s.add(sum, e);
        s.store(e, lanes);
    }
    (largest, s.sum(sum))
}

/// Adds a place of the values, weighted by some heads' scores, to the sums `[HEADS][head_dim]`.
#[inline(always)]
fn mix<S: Simd, const HEADS: usize>(
    s: S,
    scores: &[f32],
    stride: usize,
    values: &[&[f32]],
    place: Range<usize>,
    sums: &mut [f32],
) {
    let d = place.len();
    // Four registers of each head at a time. A head of 64 is done in one go through the values.
    for first in (0..d.div_ceil(16)).step_by(4) {
        let width = (d.div_ceil(16) - first).min(4);
        let mut mixed = [[s.splat(0.0); 4]; HEADS];
        for head in 0..HEADS {
            for i in 0..width {
                mixed[head][i] = lanes_at(s, &sums[head * d..(head + 1) * d], first + i);
            }
        }
        for (position, value) in values.iter().enumerate() {
            let value = &value[place.clone()];
            let mut lanes = [s.splat(0.0); 4];
            match value[16 * first..].first_chunk::<64>() {
                Some(value) => {
                    for i in 0..4 {
                        lanes[i] = s.load(&value.as_chunks::<16>().0[i]);
                    }
                }
                None => {
                    for i in 0..width {
                        lanes[i] = lanes_at(s, value, first + i);
                    }
                }
            }
            for head in 0..HEADS {
                let weight = s.splat(scores[head * stride + position]);
                for i in 0..4 {
                    mixed[head][i] = s.fma(weight, lanes[i], mixed[head][i]);
                }
            }
        }
        for head in 0..HEADS {
            for i in 0..width {
                store_at(s, mixed[head][i], &mut sums[head * d..(head + 1) * d], first + i);
            }
        }
    }
}

/// Brings the parts of a query to a common scale, adds them, and divides by the sum of the
/// weights.
struct Combine<'a> {
    head_dim: usize,
    parts: &'a [f32],
    part_len: usize,
    out: &'a mut [f32],
}

impl Kernel for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Combine { head_dim, parts, part_len, out } = self;
        let n_heads = out.len() / head_dim;
        let parts = parts.chunks_exact(part_len);
        for (head, out) in out.chunks_exact_mut(head_dim).enumerate() {
            let largest_at = n_heads * head_dim + head;
            let largest = parts.clone().map(|part| part[largest_at]);
            let largest = largest.fold(f32::NEG_INFINITY, f32::max);
            out.fill(0.0);
            let mut total = 0.0;
            for part in parts.clone() {
                let factor = (part[largest_at] - largest).exp();
                total += factor * part[largest_at + n_heads];
                let factor = s.splat(factor);
                let sums = &part[head * head_dim..(head + 1) * head_dim];
                for index in 0..head_dim.div_ceil(16) {
                    let sum = s.fma(factor, lanes_at(s, sums, index), lanes_at(s, out, index));
                    store_at(s, sum, out, index);
                }
            }
            let inverse = s.splat(1.0 / total);
            for index in 0..head_dim.div_ceil(16) {
                store_at(s, s.mul(lanes_at(s, out, index), inverse), out, index);
            }
        }
    }
}
