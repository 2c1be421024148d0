//! The forward pass of a decoder-only transformer, in the order of the paper.

use std::sync::{Mutex, PoisonError};

use tokenscope_tokens::TokenId;

use crate::kv::KvSegment;
use crate::ops::linear::{Output, linear};
use crate::ops::{activation, add_scaled, attention, embedding, norm, rope, softcap};
use crate::state::State;
use crate::weights::{Attention, Layer, Norm, Weights};
use crate::workers::Workers;
use crate::{
    Config, Forward, GgufFile, HfFolder, KvCache, Model, ModelError, RopeRegime, Trace, family,
};

/// A transformer on the CPU: shape, weights, and the threads it computes with. It holds no state
/// of any sequence.
pub struct Decoder {
    config: Config,
    weights: Weights,
    workers: Workers,
    /// The memory of a pass, used again by the next one.
    state: Mutex<State>,
}

/// Numbers that one thread handles faster than several. (Few in tests, whose models are tiny.)
const ONE_THREADS_SHARE: usize = if cfg!(test) { 100 } else { 16 << 10 };

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
        let workers = Workers::start(threads)
            .map_err(|error| ModelError::Threads { threads, reason: error.to_string() })?;
        Ok(Decoder { config, weights, workers, state: Mutex::default() })
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
        go_on: &dyn Fn() -> bool,
    ) -> Option<Forward> {
        let config = &self.config;
        let rotations = |rope| rope::Rotations::new(rope, past.regime(), past.len(), ids.len());
        let rotations: Vec<rope::Rotations> = config.ropes.iter().map(rotations).collect();
        let mut written = KvSegment::new(ids.len(), config);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = state.for_tokens(config, ids.len());

        self.embed(past.len(), ids, &mut state.x);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            if !go_on() {
                return None;
            }
            if let Some(trace) = &mut trace {
                trace.hidden.push(state.x.clone());
                trace.attention.push(Vec::new());
            }
            let place = LayerPlace { index, past, rotations: &rotations };
            let traced = trace.as_mut().map(|trace| &mut trace.attention[index]);
            self.attend(layer, &place, state, &mut written, traced);
            if config.parallel_residual {
                // Both parts see the same input: what attention adds waits.
                self.think(layer, state);
                self.add(&mut state.x, &state.attended);
            } else {
                self.add(&mut state.x, &state.attended);
                self.think(layer, state);
            }
            self.add(&mut state.x, &state.thought);
        }

        if let Some(trace) = trace {
            let mut last = state.x.clone();
            self.norm(Some(&self.weights.final_norm), &mut last);
            trace.hidden.push(last);
        }
        // Only the positions that are asked for meet the unembedding; often there are none.
        let logits = if outputs == 0 { Vec::new() } else { self.unembed(outputs, state) };
        Some(Forward { logits, cache: past.with(written) })
    }

    /// The tokens at positions `first..` become `x: [n][d_model]`.
    fn embed(&self, first: usize, ids: &[TokenId], x: &mut [f32]) {
        embedding::rows(&self.weights.embedding, ids.iter().map(|id| id.index()), x);
        if self.config.embedding_scale != 1.0 {
            x.iter_mut().for_each(|x| *x *= self.config.embedding_scale);
        }
        if let Some(positions) = &self.weights.positions {
            let mut learned = vec![0.0; x.len()];
            embedding::rows(positions, first..first + ids.len(), &mut learned);
            add_scaled(x, &learned, 1.0);
        }
    }

    /// What the attention of a layer adds to `x` goes to `attended`.
    fn attend(
        &self,
        layer: &Layer,
        place: &LayerPlace<'_>,
        state: &mut State,
        written: &mut KvSegment,
        traced: Option<&mut Vec<f32>>,
    ) {
        let config = &self.config;
        let Attention { q, k, v, output, q_norm, k_norm } = &layer.attention;
        self.normed(layer.attention_norm.as_ref(), &state.x, &mut state.h);

        let (keys, values) = written.layer_mut(place.index);
        let outputs =
            [Output::of(q, &mut state.q), Output::of(k, &mut *keys), Output::of(v, values)];
        linear(&self.workers, &mut state.scratch, &state.h, outputs);
        self.norm(q_norm.as_ref(), &mut state.q);
        self.norm(k_norm.as_ref(), keys);
        let layer_config = &config.layers[place.index];
        if let Some(rope) = layer_config.rope {
            let rotations = &place.rotations[rope];
            for (x, row) in [(&mut state.q[..], config.q_dim()), (keys, config.kv_dim())] {
                self.rows(x, row, |first, x| {
                    for (token, x) in x.chunks_exact_mut(row).enumerate() {
                        rotations.apply(first + token, x, config.head_dim);
                    }
                });
            }
        }

        let n = state.h.len() / config.d_model;
        let segments: Vec<(&[f32], &[f32])> =
            place.past.layer(place.index).chain([written.layer(place.index, n)]).collect();
        let (window, mixed) = (layer_config.window, &mut state.mixed);
        attention::attention(&self.workers, config, window, &state.q, &segments, mixed, traced);
        let outputs = [Output::of(output, &mut state.attended)];
        linear(&self.workers, &mut state.scratch, &state.mixed, outputs);
        self.norm(layer.attention_post_norm.as_ref(), &mut state.attended);
    }

    /// What the MLP of a layer adds to `x` goes to `thought`.
    fn think(&self, layer: &Layer, state: &mut State) {
        let config = &self.config;
        self.normed(layer.mlp_norm.as_ref(), &state.x, &mut state.h);
        let up = Output::of(&layer.mlp.up, &mut state.up);
        // `up` or, with a gate, `act(gate) * up`.
        let inner = match &layer.mlp.gate {
            Some(gate) => {
                let outputs = [Output::of(gate, &mut state.gate), up];
                linear(&self.workers, &mut state.scratch, &state.h, outputs);
                let up = &state.up;
                self.rows(&mut state.gate, 1, |first, gate| {
                    let up = &up[first..first + gate.len()];
                    activation::activate(config.activation, gate, Some(up));
                });
                &state.gate
            }
            None => {
                linear(&self.workers, &mut state.scratch, &state.h, [up]);
                self.rows(&mut state.up, 1, |_, up| {
                    activation::activate(config.activation, up, None);
                });
                &state.up
            }
        };
        let outputs = [Output::of(&layer.mlp.down, &mut state.thought)];
        linear(&self.workers, &mut state.scratch, inner, outputs);
        self.norm(layer.mlp_post_norm.as_ref(), &mut state.thought);
    }

    /// Logits `[n_vocab]` after each of the last `outputs` tokens.
    fn unembed(&self, outputs: usize, state: &mut State) -> Vec<Vec<f32>> {
        let config = &self.config;
        let last = state.x.len() - outputs * config.d_model;
        let x = &mut state.x[last..];
        self.norm(Some(&self.weights.final_norm), x);
        let mut logits = vec![0.0; outputs * config.n_vocab];
        let output = Output { weight: &self.weights.unembedding, bias: None, y: &mut logits };
        linear(&self.workers, &mut state.scratch, x, [output]);
        if config.logit_scale != 1.0 {
            logits.iter_mut().for_each(|logit| *logit *= config.logit_scale);
        }
        if let Some(cap) = config.logit_softcap {
            self.rows(&mut logits, 1, |_, logits| {
                logits.iter_mut().for_each(|logit| *logit = softcap(*logit, cap));
            });
        }
        if outputs == 1 {
            return vec![logits];
        }
        logits.chunks_exact(config.n_vocab).map(<[f32]>::to_vec).collect()
    }

    /// Normalises the rows of `x` in place, if there are weights to do it with.
    fn norm(&self, weights: Option<&Norm>, x: &mut [f32]) {
        let Some(weights) = weights else { return };
        self.rows(x, weights.weight.len(), |_, x| {
            norm::norm(self.config.norm, x, weights, self.config.norm_epsilon);
        });
    }

    /// The rows of `x: [n][d_model]`, normalised if there are weights to do it with.
    fn normed(&self, weights: Option<&Norm>, x: &[f32], h: &mut [f32]) {
        let d_model = self.config.d_model;
        self.rows(h, d_model, |first, h| {
            h.copy_from_slice(&x[first * d_model..][..h.len()]);
            if let Some(weights) = weights {
                norm::norm(self.config.norm, h, weights, self.config.norm_epsilon);
            }
        });
    }

    /// `x += scale * y`
    fn add(&self, x: &mut [f32], y: &[f32]) {
        let scale = self.config.residual_scale;
        self.rows(x, 1, |first, x| add_scaled(x, &y[first..first + x.len()], scale));
    }

    /// Lets threads work on pieces of `x` that are whole rows; the work is told its first row.
    fn rows(&self, x: &mut [f32], row: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let rows = (ONE_THREADS_SHARE / row).max(1);
        self.workers.chunks(x, rows * row, |chunk, x| work(chunk * rows, x));
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

    fn forward(
        &self,
        past: &KvCache,
        ids: &[TokenId],
        outputs: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Forward> {
        assert!(!ids.is_empty() && outputs <= ids.len(), "{outputs} outputs of {}", ids.len());
        self.check_regime(past, ids.len());
        self.run(past, ids, outputs, None, go_on)
    }

    fn trace(&self, past: &KvCache, ids: &[TokenId]) -> Trace {
        assert!(!ids.is_empty(), "there is nothing to trace");
        self.check_regime(past, ids.len());
        let mut trace = Trace::default();
        self.run(past, ids, 0, Some(&mut trace), &|| true);
        trace
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ops::testing::assert_close;

    #[test]
    fn a_pass_of_many_tokens_gives_what_passes_of_one_give() {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny");
        for family in ["llama", "gpt2", "gemma2", "gpt_neox", "olmo2"] {
            let folder = HfFolder::open(&Path::new(fixtures).join(family)).unwrap();
            let model = Decoder::from_folder(&folder, 2).unwrap();
            let ids: Vec<TokenId> = (0..50).map(|i| TokenId(3 + i * 7 % 200)).collect();
            let start = KvCache::empty(model.config().regime(ids.len()));
            let run = |past: &KvCache, ids: &[TokenId]| {
                model.forward(past, ids, 1, &|| true).expect("nobody stops it")
            };
            let mut one_by_one = run(&start, &ids[..1]);
            for id in &ids[1..] {
                one_by_one = run(&one_by_one.cache, &[*id]);
            }
            let expected = &one_by_one.logits[0];
            let largest = expected.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            for piece in [7, 20, 50] {
                let mut last = None;
                let mut cache = start.clone();
                for ids in ids.chunks(piece) {
                    let forward = run(&cache, ids);
                    cache = forward.cache;
                    last = Some(forward.logits);
                }
                assert_close(&last.unwrap()[0], expected, 1e-5 * largest);
            }
        }
    }

    #[test]
    fn a_pass_ends_when_nobody_wants_it() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/llama");
        let folder = HfFolder::open(Path::new(path)).unwrap();
        let model = Decoder::from_folder(&folder, 1).unwrap();
        let start = KvCache::empty(model.config().regime(2));
        assert!(model.forward(&start, &[TokenId(3), TokenId(4)], 1, &|| false).is_none());
    }
}
