//! The forward pass of a decoder-only transformer, in the order of the paper.

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokenscope_tokens::TokenId;

use crate::kv::KvSegment;
use crate::ops::{add, attention, embedding, linear, mlp, rms_norm, rope};
use crate::weights::{Layer, Weights};
use crate::{Config, Forward, GgufFile, KvCache, Model, ModelError, family};

/// A transformer on the CPU: shape, weights, and the threads it computes with. It holds no state
/// of any sequence.
pub struct Decoder {
    config: Config,
    weights: Weights,
    pool: ThreadPool,
}

impl Decoder {
    /// Prepares the model of an open file for use with `threads` threads.
    ///
    /// # Errors
    /// If the architecture or one of its features is not supported, or a tensor is missing or has
    /// an unexpected shape.
    pub fn from_gguf(file: &GgufFile, threads: usize) -> Result<Self, ModelError> {
        let family::Recipe { config, weights } = family::read(file)?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("model-{index}"))
            .build()
            .map_err(|error| ModelError::Threads { threads, reason: error.to_string() })?;
        Ok(Decoder { config, weights, pool })
    }

    fn run(&self, past: &KvCache, ids: &[TokenId], outputs: usize) -> Forward {
        let (config, weights) = (&self.config, &self.weights);
        let rotations = rope::Rotations::new(&config.rope, past.len(), ids.len());
        let mut written = KvSegment::new(ids.len(), config);

        // The residual stream: [n][d_model]
        let mut x = embedding::embed(&weights.embedding, ids);
        for (index, layer) in weights.layers.iter().enumerate() {
            let attended = self.attention_block(layer, index, &x, past, &rotations, &mut written);
            add(&mut x, &attended);
            let thought = self.mlp_block(layer, &x);
            add(&mut x, &thought);
        }

        // Only the positions that are asked for meet the unembedding; often there are none.
        let last = &x[(ids.len() - outputs) * config.d_model..];
        let logits = if outputs == 0 { Vec::new() } else { self.unembed(last) };
        Forward { logits, cache: past.with(written) }
    }

    /// Logits `[n][n_vocab]` of the last layer's output `x: [n][d_model]`.
    fn unembed(&self, x: &[f32]) -> Vec<Vec<f32>> {
        let normed = rms_norm::rms_norm(x, &self.weights.final_norm, self.config.norm_epsilon);
        let logits = linear::multiply(&self.weights.unembedding, &normed);
        logits.chunks_exact(self.config.n_vocab).map(<[f32]>::to_vec).collect()
    }

    fn attention_block(
        &self,
        layer: &Layer,
        index: usize,
        x: &[f32],
        past: &KvCache,
        rotations: &rope::Rotations,
        written: &mut KvSegment,
    ) -> Vec<f32> {
        let config = &self.config;
        let h = rms_norm::rms_norm(x, &layer.attention_norm, config.norm_epsilon);
        let mut q = linear::linear(&layer.attention.q, &h); // [n][n_heads * head_dim]
        let mut k = linear::linear(&layer.attention.k, &h); // [n][n_kv_heads * head_dim]
        let v = linear::linear(&layer.attention.v, &h); // [n][n_kv_heads * head_dim]
        rotations.apply(&mut q, config.head_dim);
        rotations.apply(&mut k, config.head_dim);
        let n = x.len() / config.d_model;
        written.push_layer(k, v);
        let segments = past.layer(index).chain([written.layer(index, n)]);
        let mixed = attention::attention(config, &q, segments); // [n][n_heads * head_dim]
        linear::linear(&layer.attention.output, &mixed)
    }

    fn mlp_block(&self, layer: &Layer, x: &[f32]) -> Vec<f32> {
        let h = rms_norm::rms_norm(x, &layer.mlp_norm, self.config.norm_epsilon);
        let mut gate = linear::linear(&layer.mlp.gate, &h); // [n][d_ff]
        let up = linear::linear(&layer.mlp.up, &h); // [n][d_ff]
        mlp::silu_times(&mut gate, &up);
        linear::linear(&layer.mlp.down, &gate)
    }
}

impl Model for Decoder {
    fn config(&self) -> &Config {
        &self.config
    }

    fn forward(&self, past: &KvCache, ids: &[TokenId], outputs: usize) -> Forward {
        assert!(!ids.is_empty() && outputs <= ids.len(), "{outputs} outputs of {}", ids.len());
        self.pool.install(|| self.run(past, ids, outputs))
    }
}
