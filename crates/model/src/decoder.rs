//! The forward pass of a decoder-only transformer, in the order of the paper.

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokenscope_tokens::TokenId;

use crate::kv::KvSegment;
use crate::ops::{activation, add_scaled, attention, embedding, linear, norm, rope, softcap};
use crate::weights::{Attention, Layer, Mlp, Norm, Weights};
use crate::{
    Config, Forward, GgufFile, HfFolder, KvCache, Model, ModelError, RopeRegime, Trace, family,
};

/// A transformer on the CPU: shape, weights, and the threads it computes with. It holds no state
/// of any sequence.
pub struct Decoder {
    config: Config,
    weights: Weights,
    pool: ThreadPool,
}

impl Decoder {
    /// Prepares the model of an open GGUF file for use with `threads` threads.
    ///
    /// # Errors
    /// If the architecture or one of its features is not supported, or a tensor is missing or has
    /// an unexpected shape.
    pub fn from_gguf(file: &GgufFile, threads: usize) -> Result<Self, ModelError> {
        Decoder::new(family::read_gguf(file)?, threads)
    }

    /// Prepares the model of an open Hugging Face folder.
    ///
    /// # Errors
    /// As [`Decoder::from_gguf`].
    pub fn from_folder(folder: &HfFolder, threads: usize) -> Result<Self, ModelError> {
        Decoder::new(family::read_folder(folder)?, threads)
    }

    fn new(recipe: family::Recipe, threads: usize) -> Result<Self, ModelError> {
        let family::Recipe { config, weights } = recipe;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|index| format!("model-{index}"))
            .build()
            .map_err(|error| ModelError::Threads { threads, reason: error.to_string() })?;
        Ok(Decoder { config, weights, pool })
    }

    fn check_regime(&self, past: &KvCache, more: usize) {
        let len = past.len() + more;
        let fits =
            self.config.regime(len) == RopeRegime::Short || past.regime() == RopeRegime::Long;
        assert!(fits, "{len} positions in a cache for short sequences");
    }

    fn run(
        &self,
        past: &KvCache,
        ids: &[TokenId],
        outputs: usize,
        mut trace: Option<&mut Trace>,
    ) -> Forward {
        let config = &self.config;
        let rotations = |rope| rope::Rotations::new(rope, past.regime(), past.len(), ids.len());
        let rotations: Vec<rope::Rotations> = config.ropes.iter().map(rotations).collect();
        let mut written = KvSegment::new(ids.len(), config);

        // The residual stream: [n][d_model]
        let mut x = self.embed(past.len(), ids);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            if let Some(trace) = &mut trace {
                trace.hidden.push(x.clone());
                trace.attention.push(Vec::new());
            }
            let h = self.norm(layer.attention_norm.as_ref(), &x);
            let place = LayerPlace { index, past, rotations: &rotations };
            let traced = trace.as_mut().map(|trace| &mut trace.attention[index]);
            let attended = self.attend(&layer.attention, &place, &h, &mut written, traced);
            let attended = self.norm_owned(layer.attention_post_norm.as_ref(), attended);
            if !config.parallel_residual {
                add_scaled(&mut x, &attended, config.residual_scale);
            }
            let thought = self.think(layer, &x);
            if config.parallel_residual {
                add_scaled(&mut x, &attended, config.residual_scale);
            }
            add_scaled(&mut x, &thought, config.residual_scale);
        }

        if let Some(trace) = trace {
            trace.hidden.push(self.norm(Some(&self.weights.final_norm), &x));
        }
        // Only the positions that are asked for meet the unembedding; often there are none.
        let last = &x[(ids.len() - outputs) * config.d_model..];
        let logits = if outputs == 0 { Vec::new() } else { self.unembed(last) };
        Forward { logits, cache: past.with(written) }
    }

    /// `[n][d_model]` for tokens at positions `first..`.
    fn embed(&self, first: usize, ids: &[TokenId]) -> Vec<f32> {
        let rows = ids.iter().map(|id| id.index());
        let mut x = embedding::rows(&self.weights.embedding, rows);
        if self.config.embedding_scale != 1.0 {
            x.iter_mut().for_each(|x| *x *= self.config.embedding_scale);
        }
        if let Some(positions) = &self.weights.positions {
            add_scaled(&mut x, &embedding::rows(positions, first..first + ids.len()), 1.0);
        }
        x
    }

    fn attend(
        &self,
        attention: &Attention,
        place: &LayerPlace<'_>,
        h: &[f32],
        written: &mut KvSegment,
        traced: Option<&mut Vec<f32>>,
    ) -> Vec<f32> {
        let config = &self.config;
        let layer = &config.layers[place.index];
        let q = linear::linear(&attention.q, h); // [n][n_heads * head_dim]
        let k = linear::linear(&attention.k, h); // [n][n_kv_heads * head_dim]
        let v = linear::linear(&attention.v, h); // [n][n_kv_heads * head_dim]
        let mut q = self.norm_owned(attention.q_norm.as_ref(), q);
        let mut k = self.norm_owned(attention.k_norm.as_ref(), k);
        if let Some(rope) = layer.rope {
            place.rotations[rope].apply(&mut q, config.head_dim);
            place.rotations[rope].apply(&mut k, config.head_dim);
        }
        let n = h.len() / config.d_model;
        written.push_layer(k, v);
        let segments = place.past.layer(place.index).chain([written.layer(place.index, n)]);
        let mixed = attention::attention(config, layer.window, &q, segments, traced);
        linear::linear(&attention.output, &mixed)
    }

    /// What the MLP of a layer adds to `x`.
    fn think(&self, layer: &Layer, x: &[f32]) -> Vec<f32> {
        let h = self.norm(layer.mlp_norm.as_ref(), x);
        let Mlp { gate, up, down } = &layer.mlp;
        let up = linear::linear(up, &h); // [n][d_ff]
        let inner = match gate {
            Some(gate) => {
                let mut gate = linear::linear(gate, &h); // [n][d_ff]
                activation::activate(self.config.activation, &mut gate);
                activation::multiply(&mut gate, &up);
                gate
            }
            None => {
                let mut up = up;
                activation::activate(self.config.activation, &mut up);
                up
            }
        };
        self.norm_owned(layer.mlp_post_norm.as_ref(), linear::linear(down, &inner))
    }

    /// Logits `[n][n_vocab]` of the last layer's output `x: [n][d_model]`.
    fn unembed(&self, x: &[f32]) -> Vec<Vec<f32>> {
        let config = &self.config;
        let normed = self.norm(Some(&self.weights.final_norm), x);
        let mut logits = linear::multiply(&self.weights.unembedding, &normed);
        if config.logit_scale != 1.0 {
            logits.iter_mut().for_each(|logit| *logit *= config.logit_scale);
        }
        if let Some(cap) = config.logit_softcap {
            logits.iter_mut().for_each(|logit| *logit = softcap(*logit, cap));
        }
        logits.chunks_exact(config.n_vocab).map(<[f32]>::to_vec).collect()
    }

    fn norm(&self, weights: Option<&Norm>, x: &[f32]) -> Vec<f32> {
        match weights {
            Some(weights) => norm::norm(self.config.norm, x, weights, self.config.norm_epsilon),
            None => x.to_vec(),
        }
    }

    fn norm_owned(&self, weights: Option<&Norm>, x: Vec<f32>) -> Vec<f32> {
        if weights.is_some() { self.norm(weights, &x) } else { x }
    }
}

/// What a layer's attention needs to know of where it is.
struct LayerPlace<'a> {
    index: usize,
    past: &'a KvCache,
    rotations: &'a [rope::Rotations],
}

impl Model for Decoder {
    fn config(&self) -> &Config {
        &self.config
    }

    fn forward(&self, past: &KvCache, ids: &[TokenId], outputs: usize) -> Forward {
        assert!(!ids.is_empty() && outputs <= ids.len(), "{outputs} outputs of {}", ids.len());
        self.check_regime(past, ids.len());
        self.pool.install(|| self.run(past, ids, outputs, None))
    }

    fn trace(&self, past: &KvCache, ids: &[TokenId]) -> Trace {
        assert!(!ids.is_empty(), "there is nothing to trace");
        self.check_regime(past, ids.len());
        let mut trace = Trace::default();
        self.pool.install(|| self.run(past, ids, 0, Some(&mut trace)));
        trace
    }
}
