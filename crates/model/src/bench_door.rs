//! A door for benchmarks: kernels on random numbers, with what they read and compute. Nothing else
//! should use it, and it may change at any time.

use crate::config::Sizes;
use crate::format::StorageFormat;
use crate::ops::attention::attention;
use crate::ops::linear::{Gradient, Output, Scratch, linear, linear_backward};
use crate::weights::Matrix;
use crate::workers::Workers;
use crate::{Config, Pairing, Rope};

/// Numbers in -1..1 that are the same every time.
fn noise(n: usize) -> Vec<f32> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn start(threads: usize) -> Workers {
    Workers::start(threads).expect("the system gives threads")
}

/// `W x` for several `x`.
pub struct Product {
    workers: Workers,
    scratch: Scratch,
    weight: Matrix,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Product {
    /// Weights `[rows][cols]`, all the same, and `n` inputs.
    pub fn new(format: StorageFormat, rows: usize, cols: usize, n: usize, threads: usize) -> Self {
        // Ordinary numbers in every format, those of a block and its scale: with very small ones, products would be
        // denormal, which takes processors a hundred times as long.
        const BYTE: u8 = 0x3C;
        let bytes = vec![BYTE; rows * cols / format.block_len() * format.block_bytes()];
        Product {
            workers: start(threads),
            scratch: Scratch::default(),
            weight: Matrix::of_bytes(format, rows, cols, bytes),
            x: noise(n * cols),
            y: vec![0.0; n * rows],
        }
    }

    /// Multiplies once.
    pub fn run(&mut self) {
        let output = Output { weight: &self.weight, bias: None, y: &mut self.y };
        linear(&self.workers, &mut self.scratch, &self.x, [output]);
    }

    /// The gradient with respect to the inputs, for what the outputs are as that with respect to them.
    pub fn run_backward(&mut self) {
        let gradient = Gradient { weight: &self.weight, dy: &self.y };
        linear_backward(&self.workers, &mut self.scratch, [gradient], &mut self.x);
    }

    /// Bytes of weights that it reads.
    pub fn bytes(&self) -> usize {
        self.weight.rows * self.weight.row_bytes()
    }

    /// Multiplications and additions.
    pub fn operations(&self) -> usize {
        2 * self.weight.cols * self.y.len()
    }
}

/// Attention of the last positions of a sequence over all of it.
pub struct Attention {
    workers: Workers,
    config: Config,
    q: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
    out: Vec<f32>,
}

impl Attention {
    /// `n` queries over `positions`, with grouped heads.
    pub fn new(
        (n_heads, n_kv_heads, head_dim): (usize, usize, usize),
        n: usize,
        positions: usize,
        threads: usize,
    ) -> Self {
        let sizes = Sizes {
            n_layers: 1,
            d_model: n_heads * head_dim,
            n_heads,
            n_kv_heads,
            head_dim,
            d_ff: 1,
            n_vocab: 1,
            context_length: positions,
            norm_epsilon: 0.0,
        };
        let config = Config::plain(&sizes, Rope::new(1.0, 0, Pairing::Halves));
        let config = config.expect("heads can be grouped so");
        Attention {
            workers: start(threads),
            q: noise(n * config.q_dim()),
            keys: noise(positions * config.kv_dim()),
            values: noise(positions * config.kv_dim()),
            out: vec![0.0; n * config.q_dim()],
            config,
        }
    }

    /// Attends once.
    pub fn run(&mut self) {
        let segments = [(&self.keys[..], &self.values[..])];
        attention(&self.workers, &self.config, None, &self.q, &segments, &mut self.out, None);
    }

    /// Bytes of keys and values.
    pub fn bytes(&self) -> usize {
        2 * size_of_val(&self.keys[..])
    }

    /// Multiplications and additions, of positions that are seen.
    pub fn operations(&self) -> usize {
        let positions = self.keys.len() / self.config.kv_dim();
        let n = self.q.len() / self.config.q_dim();
        let seen: usize = (positions - n + 1..=positions).sum();
        4 * seen * self.config.q_dim()
    }
}
