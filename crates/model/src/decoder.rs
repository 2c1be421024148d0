//! The forward pass of a decoder-only transformer, in the order of the paper.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokenscope_tokens::TokenId;

use crate::checkpoint::Checkpoint;
use crate::kv::KvSegment;
use crate::mapping::MappedFile;
use crate::ops::linear::{Output, Scratch, linear};
use crate::ops::{activation, add_scaled, attention, embedding, norm, rope, softcap};
use crate::recording::Recording;
use crate::state::{LayerPlaces, State, Stream};
use crate::weights::{Attention, Layer, Norm, Weights};
use crate::workers::Workers;
use crate::{
    Config, Forward, GgufFile, HfFolder, KvCache, LayerConfig, Model, ModelError, RopeRegime,
    Slope, Trace, family, gradient,
};

/// A transformer on the CPU: shape, weights, and the threads it computes with. It holds no state
/// of any sequence.
pub struct Decoder {
    pub(crate) config: Config,
    pub(crate) weights: Weights,
    pub(crate) workers: Workers,
    /// What the weights are, or were, in.
    files: Vec<Arc<MappedFile>>,
    /// The memory of a pass, used again by the next one.
    state: Mutex<State>,
    /// What was last written down for gradients, if it is little.
    pub(crate) recorded: Mutex<Option<Recording>>,
    mean_embedding: OnceLock<Vec<f32>>,
}

/// Numbers that one thread handles faster than several. (Few in tests, whose models are tiny.)
const ONE_THREADS_SHARE: usize = if cfg!(test) { 100 } else { 6 << 10 };

impl Decoder {
    /// Prepares the model of an open GGUF file for use with `threads` threads.
    ///
    /// # Errors
    /// If the architecture or one of its features is not supported, or a tensor is missing or has
    /// an unexpected shape.
    pub fn from_gguf(file: &GgufFile, threads: usize) -> Result<Self, ModelError> {
        Decoder::new(family::read_gguf(file)?, file.checkpoint(), threads)
    }

    /// Prepares the model of an open Hugging Face folder.
    ///
    /// # Errors
    /// As [`Decoder::from_gguf`].
    pub fn from_folder(folder: &HfFolder, threads: usize) -> Result<Self, ModelError> {
        Decoder::new(family::read_folder(folder)?, folder.checkpoint(), threads)
    }

    fn new(
        recipe: family::Recipe,
        checkpoint: &Checkpoint,
        threads: usize,
    ) -> Result<Self, ModelError> {
        let family::Recipe { config, weights } = recipe;
        let workers = Workers::start(threads)
            .map_err(|error| ModelError::Threads { threads, reason: error.to_string() })?;
        let (state, recorded, mean_embedding) = Default::default();
        let files = checkpoint.files();
        Ok(Decoder { config, weights, workers, files, state, recorded, mean_embedding })
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
        let pass = Pass::new(config, past.clone(), ids.len());
        let mut written = KvSegment::of_tokens(ids, config);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { stream, q, gate, up } = state.for_tokens(config, ids.len());

        embedding::rows(&self.weights.embedding, ids.iter().map(|id| id.index()), &mut stream.x);
        let mut recording = match trace {
            None => self.recording_after(past, ids),
            Some(_) => None,
        };
        self.place_embeddings(&pass, &mut stream.x);
        for index in 0..config.layers.len() {
            if !go_on() {
                if let Some(mut recording) = recording {
                    self.take_back(&mut recording, past.len(), past.len() + ids.len());
                    self.keep_recording(recording);
                }
                return None;
            }
            if let Some(trace) = &mut trace {
                trace.hidden.push(stream.x.clone());
                trace.attention.push(Vec::new());
            }
            let (keys, values) = written.layer_mut(index);
            if let Some(recording) = &mut recording {
                let mut places = self.places(recording, index, &stream.x);
                self.layer(index, &pass, stream, &mut places, None);
                keys.copy_from_slice(places.keys);
                values.copy_from_slice(places.values);
            } else {
                let mut places = LayerPlaces { q, keys, values, gate, up, norms: None };
                let traced = trace.as_mut().map(|trace| &mut trace.attention[index]);
                self.layer(index, &pass, stream, &mut places, traced);
            }
        }
        let cache = past.with(written);
        if let Some(mut recording) = recording {
            recording.end(cache.len(), &stream.x);
            self.keep_recording(recording);
        }

        if let Some(trace) = trace {
            let mut last = stream.x.clone();
            self.norm(Some(&self.weights.final_norm), &mut last);
            trace.hidden.push(last);
        }
        // Only the positions that are asked for meet the unembedding; often there are none.
        let logits = if outputs == 0 { Vec::new() } else { self.last_logits(outputs, stream) };
        Some(Forward { logits, cache })
    }

    /// Rows of the embedding matrix become the input of the first layer, `x: [rows][d_model]`.
    pub(crate) fn place_embeddings(&self, pass: &Pass, x: &mut [f32]) {
        if self.config.embedding_scale != 1.0 {
            x.iter_mut().for_each(|x| *x *= self.config.embedding_scale);
        }
        if let Some(positions) = &self.weights.positions {
            let mut learned = vec![0.0; pass.n * self.config.d_model];
            let first = pass.past.len();
            embedding::rows(positions, first..first + pass.n, &mut learned);
            for x in x.chunks_exact_mut(learned.len()) {
                add_scaled(x, &learned, 1.0);
            }
        }
    }

    /// A layer takes the residual stream from its input to its output.
    pub(crate) fn layer(
        &self,
        index: usize,
        pass: &Pass,
        stream: &mut Stream,
        places: &mut LayerPlaces<'_>,
        traced: Option<&mut Vec<f32>>,
    ) {
        let layer = &self.weights.layers[index];
        self.attend(index, pass, stream, places, traced);
        if self.config.parallel_residual {
            // Both parts see the same input: what attention adds waits.
            self.think(layer, stream, places);
            self.add(&mut stream.x, &stream.attended);
        } else {
            self.add(&mut stream.x, &stream.attended);
            if let Some(norms) = &mut places.norms {
                norms.x_between.copy_from_slice(&stream.x);
            }
            self.think(layer, stream, places);
        }
        self.add(&mut stream.x, &stream.thought);
    }

    /// What the attention of a layer adds to `x` goes to `attended`.
    fn attend(
        &self,
        index: usize,
        pass: &Pass,
        stream: &mut Stream,
        places: &mut LayerPlaces<'_>,
        traced: Option<&mut Vec<f32>>,
    ) {
        let (config, layer) = (&self.config, &self.weights.layers[index]);
        let Attention { q, k, v, output, q_norm, k_norm } = &layer.attention;
        let LayerConfig { window, rope } = config.layers[index];
        self.normed(layer.attention_norm.as_ref(), &stream.x, &mut stream.h);

        let LayerPlaces { q: queries, keys, values, norms, .. } = places;
        let outputs = [Output::of(q, queries), Output::of(k, keys), Output::of(v, values)];
        linear(&self.workers, &mut stream.scratch, &stream.h, outputs);
        self.norm_kept(q_norm.as_ref(), queries, norms.as_mut().map(|norms| &mut *norms.q));
        self.norm_kept(k_norm.as_ref(), keys, norms.as_mut().map(|norms| &mut *norms.keys));
        if let Some(rope) = rope {
            for (x, row) in [(&mut **queries, config.q_dim()), (keys, config.kv_dim())] {
                self.turn(pass, x, row, |token, x| {
                    pass.rotations[rope].apply(token, x, config.head_dim);
                });
            }
        }

        // Each sequence looks at itself only.
        let (q_len, kv_len) = (pass.n * config.q_dim(), pass.n * config.kv_dim());
        let look = |sequence: usize, mixed: &mut [f32], traced| {
            let own = sequence * kv_len..(sequence + 1) * kv_len;
            let own = [(&keys[own.clone()], &values[own])];
            let segments: Vec<(&[f32], &[f32])> = pass.past.layer(index).chain(own).collect();
            let queries = &queries[sequence * q_len..][..q_len];
            attention::attention(&self.workers, config, window, queries, &segments, mixed, traced);
        };
        if traced.is_some() {
            look(0, &mut stream.mixed, traced);
        } else {
            let sequences = |sequence, mixed: &mut [f32]| look(sequence, mixed, None);
            self.workers.chunks(&mut stream.mixed, q_len, sequences);
        }
        let outputs = [Output::of(output, &mut stream.attended)];
        linear(&self.workers, &mut stream.scratch, &stream.mixed, outputs);
        let kept = norms.as_mut().map(|norms| &mut *norms.attended);
        self.norm_kept(layer.attention_post_norm.as_ref(), &mut stream.attended, kept);
    }

    /// What the MLP of a layer adds to `x` goes to `thought`.
    fn think(&self, layer: &Layer, stream: &mut Stream, places: &mut LayerPlaces<'_>) {
        let config = &self.config;
        self.normed(layer.mlp_norm.as_ref(), &stream.x, &mut stream.h);
        let LayerPlaces { gate, up, norms, .. } = places;
        let up_output = Output::of(&layer.mlp.up, up);
        // `act(up)` or, with a gate, `act(gate) * up`.
        let (activated, other_half): (&[f32], Option<&[f32]>) = match &layer.mlp.gate {
            Some(gate_layer) => {
                let outputs = [Output::of(gate_layer, gate), up_output];
                linear(&self.workers, &mut stream.scratch, &stream.h, outputs);
                (gate, Some(up))
            }
            None => {
                linear(&self.workers, &mut stream.scratch, &stream.h, [up_output]);
                (up, None)
            }
        };
        self.rows(&mut stream.inner, 1, |first, inner| {
            let place = first..first + inner.len();
            let other_half = other_half.map(|half| &half[place.clone()]);
            activation::activate(config.activation, &activated[place], other_half, inner);
        });
        let outputs = [Output::of(&layer.mlp.down, &mut stream.thought)];
        linear(&self.workers, &mut stream.scratch, &stream.inner, outputs);
        let kept = norms.as_mut().map(|norms| &mut *norms.thought);
        self.norm_kept(layer.mlp_post_norm.as_ref(), &mut stream.thought, kept);
    }

    /// Logits `[n_vocab]` after each of the last `outputs` tokens.
    fn last_logits(&self, outputs: usize, stream: &mut Stream) -> Vec<Vec<f32>> {
        let last = stream.x.len() - outputs * self.config.d_model;
        let logits = self.logits(&mut stream.x[last..], &mut stream.scratch);
        if outputs == 1 {
            return vec![logits];
        }
        logits.chunks_exact(self.config.n_vocab).map(<[f32]>::to_vec).collect()
    }

    /// Logits `[rows][n_vocab]` after some rows of the residual stream, which are normalised in
    /// place.
    pub(crate) fn logits(&self, x: &mut [f32], scratch: &mut Scratch) -> Vec<f32> {
        let config = &self.config;
        self.norm(Some(&self.weights.final_norm), x);
        let mut logits = vec![0.0; x.len() / config.d_model * config.n_vocab];
        let output = Output { weight: &self.weights.unembedding, bias: None, y: &mut logits };
        linear(&self.workers, scratch, x, [output]);
        if config.logit_scale != 1.0 {
            logits.iter_mut().for_each(|logit| *logit *= config.logit_scale);
        }
        if let Some(cap) = config.logit_softcap {
            self.rows(&mut logits, 1, |_, logits| {
                logits.iter_mut().for_each(|logit| *logit = softcap(*logit, cap));
            });
        }
        logits
    }

    /// Turns the rows of `x` by their places in their sequences.
    pub(crate) fn turn(
        &self,
        pass: &Pass,
        x: &mut [f32],
        row: usize,
        turn: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        self.rows(x, row, |first, x| {
            for (index, x) in x.chunks_exact_mut(row).enumerate() {
                turn((first + index) % pass.n, x);
            }
        });
    }

    /// As [`Decoder::norm`], and what is normalised is kept, if somebody wants it.
    fn norm_kept(&self, weights: Option<&Norm>, x: &mut [f32], kept: Option<&mut [f32]>) {
        if let (Some(_), Some(kept)) = (weights, kept) {
            kept.copy_from_slice(x);
        }
        self.norm(weights, x);
    }

    /// Normalises the rows of `x` in place, if there are weights to do it with.
    pub(crate) fn norm(&self, weights: Option<&Norm>, x: &mut [f32]) {
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
    pub(crate) fn add(&self, x: &mut [f32], y: &[f32]) {
        let scale = self.config.residual_scale;
        self.rows(x, 1, |first, x| add_scaled(x, &y[first..first + x.len()], scale));
    }

    /// Lets threads work on pieces of `x` that are whole rows; the work is told its first row.
    pub(crate) fn rows(&self, x: &mut [f32], row: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let rows = (ONE_THREADS_SHARE / row).max(1);
        self.workers.chunks(x, rows * row, |chunk, x| work(chunk * rows, x));
    }

    /// The same with pieces of two outputs that are equally long, for single numbers.
    pub(crate) fn two_rows(
        &self,
        x: &mut [f32],
        y: &mut [f32],
        work: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
    ) {
        let place = |chunk: usize| chunk * ONE_THREADS_SHARE;
        self.workers.two_chunks(x, y, ONE_THREADS_SHARE, |chunk, x, y| work(place(chunk), x, y));
    }
}

/// What the layers of a pass need to know of where its tokens are.
pub(crate) struct Pass {
    past: KvCache,
    /// Tokens of each sequence.
    pub(crate) n: usize,
    pub(crate) rotations: Vec<rope::Rotations>,
}

impl Pass {
    /// A pass over sequences of `n` tokens after a past that they share.
    pub(crate) fn new(config: &Config, past: KvCache, n: usize) -> Self {
        let rotations = |rope| rope::Rotations::new(rope, past.regime(), past.len(), n);
        let rotations = config.ropes.iter().map(rotations).collect();
        Pass { past, n, rotations }
    }
}

impl Model for Decoder {
    fn config(&self) -> &Config {
        &self.config
    }

    fn check_files(&self) -> Result<(), ModelError> {
        self.files.iter().try_for_each(|file| file.check())
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

    fn embeddings(&self, ids: &[TokenId]) -> Vec<f32> {
        let mut rows = vec![0.0; ids.len() * self.config.d_model];
        embedding::rows(&self.weights.embedding, ids.iter().map(|id| id.index()), &mut rows);
        rows
    }

    fn mean_embedding(&self) -> &[f32] {
        let mean = || embedding::mean(&self.workers, &self.weights.embedding);
        self.mean_embedding.get_or_init(mean)
    }

    fn gradients(
        &self,
        n: usize,
        embeddings: &[f32],
        slope: &mut Slope<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<f32>> {
        self.gradients_within(gradient::BUDGET, n, embeddings, slope, go_on)
    }

    fn sequences_at_once(&self, n: usize) -> usize {
        self.sequences_that_fit(n)
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
