//! The backward pass: how one number changes with the embeddings of the tokens it depends on. Layers
//! are gone through as in [`Decoder`], writing down what the way back needs, and then in reverse.
//!
//! Only activations have gradients here, weights have none. What a layer has written down is kept for
//! the way back if that of all layers fits into a budget; if not, only the layers' inputs are, and each
//! layer is run once more before its gradient is taken.
//!
//! Where the way there has been gone before ([`crate::recording`]), only the way back is left.

use std::ops::RangeInclusive;

use crate::decoder::Pass;
use crate::ops::attention::{Given, Gradients, attention_backward};
use crate::ops::linear::{Gradient, Scratch, linear_backward};
use crate::ops::{activation, norm, softcap_slope};
use crate::recording::Recording;
use crate::state::{LayerTape, Stream};
use crate::weights::{Layer, Norm};
use crate::{Decoder, KvCache, LayerConfig, Slope};

/// Bytes of what is written down for one pass.
///
/// Limit of memory: bytes that are written down for a pass with gradients; the pass is cut into parts.
pub(crate) const BUDGET: usize = 384 << 20;

/// Rows of a pass of several sequences, at least and at most. With fewer, the expansion of weights
/// would weigh; with more, it would weigh no less.
const ROWS: RangeInclusive<usize> = 64..=512;

/// Multiplications and additions of one layer in one direction, which take some 20 ms on a laptop:
/// between layers others may be served.
const OPERATIONS_PER_LAYER: usize = 4_000_000_000;

impl Decoder {
    /// See [`crate::Model::sequences_at_once`].
    pub(crate) fn sequences_that_fit(&self, n: usize) -> usize {
        let layers = self.weights.layers.len().max(1);
        let numbers = |layer: &Layer| {
            let Layer { attention, mlp, .. } = layer;
            let gate = mlp.gate.iter();
            let linear = [&attention.q, &attention.k, &attention.v, &attention.output];
            let linear = linear.into_iter().chain(gate).chain([&mlp.up, &mlp.down]);
            linear.map(|linear| linear.weight.rows * linear.weight.cols).sum::<usize>()
        };
        let weights: usize = self.weights.layers.iter().map(numbers).sum();
        let in_time = OPERATIONS_PER_LAYER / (2 * weights / layers).max(1);
        let in_memory = BUDGET / self.row_bytes().max(1);
        (in_time.clamp(*ROWS.start(), *ROWS.end()).min(in_memory) / n.max(1)).max(1)
    }

    /// See [`crate::Model::gradients`]. What is written down may take `budget` bytes.
    pub(crate) fn gradients_within(
        &self,
        budget: usize,
        n: usize,
        embeddings: &[f32],
        slope: &mut Slope<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<f32>> {
        let config = &self.config;
        let rows = embeddings.len() / config.d_model;
        assert!(
            n > 0
                && rows > 0
                && embeddings.len() == rows * config.d_model
                && rows.is_multiple_of(n),
            "{} numbers are not sequences of {n} embeddings",
            embeddings.len()
        );
        let pass = Pass::new(config, KvCache::empty(config.regime(n)), n);
        let bytes = rows * self.row_bytes();
        let keeps_all = bytes <= budget;
        let mut recording = self.take_recording();
        let known = self.known(&recording, n, embeddings, keeps_all);
        if known < rows {
            let new = &embeddings[known * config.d_model..];
            self.begin(&mut recording, known, new, keeps_all);
            if self.record(&pass, new, known, &mut recording, go_on).is_none() {
                self.take_back(&mut recording, known, n);
                self.keep_recording(recording);
                return None;
            }
        }
        let gradient = self.way_back(&pass, rows, &mut recording, slope, go_on);
        self.keep_recording(recording);
        gradient
    }

    /// Goes from the embeddings of the rows after the first `known` to the last layer's output and writes
    /// down what the way back needs.
    fn record(
        &self,
        pass: &Pass,
        embeddings: &[f32],
        known: usize,
        recording: &mut Recording,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<()> {
        let config = &self.config;
        let rows = embeddings.len() / config.d_model;
        let after_known = (known > 0).then(|| {
            let past = KvCache::empty(config.regime(pass.n));
            Pass::new(config, past.with(self.remembered(recording, known)), rows)
        });
        let whole = pass.n;
        let pass = after_known.as_ref().unwrap_or(pass);
        let mut stream = Stream::default();
        stream.for_rows(config, rows).x.copy_from_slice(embeddings);
        self.place_embeddings(pass, &mut stream.x);
        for index in 0..self.weights.layers.len() {
            if !go_on() {
                return None;
            }
            let mut places = self.places(recording, index, &stream.x);
            self.layer(index, pass, &mut stream, &mut places, None);
        }
        recording.end(whole, &stream.x);
        Some(())
    }

    /// Goes back from what the slope says of the logits to the embeddings.
    fn way_back(
        &self,
        pass: &Pass,
        rows: usize,
        recording: &mut Recording,
        slope: &mut Slope<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<f32>> {
        if !go_on() {
            return None;
        }
        let Recording { inputs, tapes, output, .. } = recording;
        // There may be more rows, of tokens after these.
        let output = &output[..rows * self.config.d_model];
        let keeps_all = tapes.len() == inputs.len();
        let mut stream = Stream::default();
        let mut back = Back::new(self, rows);
        self.unembedding_backward(pass.n, output, slope, &mut back);
        for (index, input) in inputs.iter().enumerate().rev() {
            if !go_on() {
                return None;
            }
            let tape = &mut tapes[if keeps_all { index } else { 0 }];
            if !keeps_all {
                stream.for_rows(&self.config, rows).x.copy_from_slice(input);
                let mut places = tape.places(&self.config, &self.weights.layers[index], 0..rows);
                self.layer(index, pass, &mut stream, &mut places, None);
                if !go_on() {
                    return None;
                }
            }
            self.layer_backward(index, pass, input, tape, &mut back);
        }
        // Learned positions were only added.
        back.dx.iter_mut().for_each(|dx| *dx *= self.config.embedding_scale);
        Some(back.dx)
    }

    /// From the last position of each sequence to its logits and back. `x` is the last layer's output.
    fn unembedding_backward(&self, n: usize, x: &[f32], slope: &mut Slope<'_>, back: &mut Back) {
        let config = &self.config;
        let (d_model, n_vocab) = (config.d_model, config.n_vocab);
        let last_rows = |x: &[f32]| -> Vec<f32> {
            x.chunks_exact(n * d_model).flat_map(|x| &x[(n - 1) * d_model..]).copied().collect()
        };
        let x = last_rows(x);
        let logits = self.logits(&mut x.clone(), &mut back.scratch);
        let mut d_logits = vec![0.0; logits.len()];
        let by_sequence = logits.chunks_exact(n_vocab).zip(d_logits.chunks_exact_mut(n_vocab));
        for (sequence, (logits, d_logits)) in by_sequence.enumerate() {
            slope(sequence, logits, d_logits);
        }
        self.rows(&mut d_logits, 1, |first, d_logits| {
            for (d, logit) in d_logits.iter_mut().zip(&logits[first..]) {
                let slope = config.logit_softcap.map_or(1.0, |cap| softcap_slope(*logit, cap));
                *d *= slope * config.logit_scale;
            }
        });
        let mut dx = vec![0.0; x.len()];
        let layer = Gradient { weight: &self.weights.unembedding, dy: &d_logits };
        linear_backward(&self.workers, &mut back.scratch, [layer], &mut dx);
        self.norm_backward(Some(&self.weights.final_norm), &x, &mut dx);
        let sequences = back.dx.chunks_exact_mut(n * d_model);
        for (sequence, dx) in sequences.zip(dx.chunks_exact(d_model)) {
            sequence[(n - 1) * d_model..].copy_from_slice(dx);
        }
    }

    /// Takes `dx` from a layer's output to its input `x`.
    fn layer_backward(
        &self,
        index: usize,
        pass: &Pass,
        x: &[f32],
        tape: &LayerTape,
        back: &mut Back,
    ) {
        let layer = &self.weights.layers[index];
        if self.config.parallel_residual {
            // Both parts have the same output and the same input.
            self.scale_residual(&back.dx, &mut back.d_thought);
            self.scale_residual(&back.dx, &mut back.d_attended);
            self.think_backward(layer, x, tape, back);
        } else {
            self.scale_residual(&back.dx, &mut back.d_thought);
            self.think_backward(layer, &tape.norms.x_between, tape, back);
            self.scale_residual(&back.dx, &mut back.d_attended);
        }
        self.attend_backward(index, pass, x, tape, back);
    }

    /// Adds to `dx` what comes through the MLP, whose input was `x`.
    fn think_backward(&self, layer: &Layer, x: &[f32], tape: &LayerTape, back: &mut Back) {
        let mlp = &layer.mlp;
        let Back { dx, dh, d_thought, d_gate, d_up, scratch, .. } = back;
        self.norm_backward(layer.mlp_post_norm.as_ref(), &tape.norms.thought, d_thought);
        // What the non-linearity was given: the gate or, without one, all there is.
        let (activated, d_activated) = match &mlp.gate {
            Some(_) => (&tape.gate, &mut *d_gate),
            None => (&tape.up, &mut *d_up),
        };
        let layers = [Gradient::of(&mlp.down, d_thought)];
        linear_backward(&self.workers, scratch, layers, d_activated);
        let kind = self.config.activation;
        match &mlp.gate {
            Some(gate) => {
                self.two_rows(d_gate, d_up, |first, d_gate, d_up| {
                    let place = first..first + d_gate.len();
                    let gated = Some((&tape.up[place.clone()], d_up));
                    activation::backward(kind, &activated[place], d_gate, gated);
                });
                let layers = [Gradient::of(gate, d_gate), Gradient::of(&mlp.up, d_up)];
                linear_backward(&self.workers, scratch, layers, dh);
            }
            None => {
                self.rows(d_up, 1, |first, d_up| {
                    let x = &activated[first..first + d_up.len()];
                    activation::backward(kind, x, d_up, None);
                });
                let layers = [Gradient::of(&mlp.up, d_up)];
                linear_backward(&self.workers, scratch, layers, dh);
            }
        }
        self.add_through_norm(layer.mlp_norm.as_ref(), x, dh, dx);
    }

    /// Adds to `dx` what comes through attention, whose input was `x`.
    fn attend_backward(
        &self,
        index: usize,
        pass: &Pass,
        x: &[f32],
        tape: &LayerTape,
        back: &mut Back,
    ) {
        let (config, layer) = (&self.config, &self.weights.layers[index]);
        let attention = &layer.attention;
        let LayerConfig { window, rope } = config.layers[index];
        let Back { dx, dh, d_attended, d_mixed, d_q, d_keys, d_values, scratch, .. } = back;
        self.norm_backward(layer.attention_post_norm.as_ref(), &tape.norms.attended, d_attended);
        let layers = [Gradient::of(&attention.output, d_attended)];
        linear_backward(&self.workers, scratch, layers, d_mixed);
        let (q, kv) = (d_q.len(), d_keys.len());
        let (keys, values) = (&tape.keys[..kv], &tape.values[..kv]);
        let given = Given { q: &tape.q[..q], keys, values, d_out: d_mixed };
        let gradients = Gradients { q: d_q, keys: d_keys, values: d_values };
        attention_backward(&self.workers, config, window, pass.n, &given, gradients);
        if let Some(rope) = rope {
            for (d, row) in [(&mut **d_q, config.q_dim()), (d_keys, config.kv_dim())] {
                self.turn(pass, d, row, |token, d| {
                    pass.rotations[rope].backward(token, d, config.head_dim);
                });
            }
        }
        self.norm_backward(attention.q_norm.as_ref(), &tape.norms.q, d_q);
        self.norm_backward(attention.k_norm.as_ref(), &tape.norms.keys, d_keys);
        let layers = [
            Gradient::of(&attention.q, d_q),
            Gradient::of(&attention.k, d_keys),
            Gradient::of(&attention.v, d_values),
        ];
        linear_backward(&self.workers, scratch, layers, dh);
        self.add_through_norm(layer.attention_norm.as_ref(), x, dh, dx);
    }

    /// `d` becomes the gradient with respect to a part's output, which the residual stream has taken
    /// in scaled.
    fn scale_residual(&self, dx: &[f32], d: &mut [f32]) {
        let scale = self.config.residual_scale;
        self.rows(d, 1, |first, d| {
            for (d, dx) in d.iter_mut().zip(&dx[first..]) {
                *d = scale * dx;
            }
        });
    }

    /// The gradient `dh` with respect to `h`, the normalised `x`, is brought to `x` and added to
    /// `dx`.
    fn add_through_norm(&self, weights: Option<&Norm>, x: &[f32], dh: &mut [f32], dx: &mut [f32]) {
        self.norm_backward(weights, x, dh);
        let dh = &*dh;
        self.rows(dx, 1, |first, dx| {
            for (dx, dh) in dx.iter_mut().zip(&dh[first..]) {
                *dx += dh;
            }
        });
    }

    /// The gradient of normalising the rows of `x`, in place, if there are weights to do it with.
    fn norm_backward(&self, weights: Option<&Norm>, x: &[f32], d: &mut [f32]) {
        let Some(weights) = weights else { return };
        let row = weights.weight.len();
        self.rows(d, row, |first, d| {
            let x = &x[first * row..][..d.len()];
            norm::backward(self.config.norm, x, d, weights, self.config.norm_epsilon);
        });
    }
}

/// Gradients with respect to what has these names in [`Stream`] and [`LayerTape`].
struct Back {
    dx: Vec<f32>,
    dh: Vec<f32>,
    d_attended: Vec<f32>,
    d_thought: Vec<f32>,
    d_mixed: Vec<f32>,
    d_q: Vec<f32>,
    d_keys: Vec<f32>,
    d_values: Vec<f32>,
    d_gate: Vec<f32>,
    d_up: Vec<f32>,
    scratch: Scratch,
}

impl Back {
    fn new(model: &Decoder, rows: usize) -> Self {
        let config = &model.config;
        let room = |len: usize| vec![0.0; rows * len];
        Back {
            dx: room(config.d_model),
            dh: room(config.d_model),
            d_attended: room(config.d_model),
            d_thought: room(config.d_model),
            d_mixed: room(config.q_dim()),
            d_q: room(config.q_dim()),
            d_keys: room(config.kv_dim()),
            d_values: room(config.kv_dim()),
            d_gate: room(config.d_ff),
            d_up: room(config.d_ff),
            scratch: Scratch::default(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use tokenscope_tokens::TokenId;

    use super::*;
    use crate::ops::testing::assert_close;
    use crate::{HfFolder, Model};

    /// One for every kind of layer and position.
    pub(crate) const FAMILIES: [&str; 10] = [
        "llama",
        "mistral",
        "gemma2",
        "gemma3_text",
        "gpt_neox",
        "gpt2",
        "olmo2",
        "qwen3",
        "granite",
        "phi3_longrope",
    ];

    pub(crate) fn tiny(family: &str) -> Decoder {
        let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny");
        let folder = HfFolder::open(&Path::new(fixtures).join(family)).unwrap();
        Decoder::from_folder(&folder, 2).unwrap()
    }

    /// Two sequences of `n` tokens.
    pub(crate) fn two_sequences(model: &Decoder, n: u32) -> Vec<f32> {
        let ids: Vec<TokenId> = (0..2 * n).map(|i| TokenId(3 + i * 7 % 200)).collect();
        model.embeddings(&ids)
    }

    /// The slope of one logit of each sequence, and another for the second.
    pub(crate) fn one_logit(sequence: usize, _: &[f32], d_logits: &mut [f32]) {
        d_logits[5 + sequence] = 1.0;
    }

    #[test]
    fn layers_run_again_give_exactly_what_layers_kept_give() {
        let n = 23;
        for family in FAMILIES {
            let model = tiny(family);
            let embeddings = two_sequences(&model, n);
            let run = |budget| {
                let slope = &mut one_logit;
                model.gradients_within(budget, n as usize, &embeddings, slope, &mut || true)
            };
            let kept = run(BUDGET).unwrap();
            assert!(kept.iter().any(|d| *d != 0.0), "{family}");
            assert!(kept == run(0).unwrap(), "{family}");
        }
    }

    #[test]
    fn sequences_do_not_see_each_other() {
        for family in ["llama", "gemma3_text", "gpt2"] {
            let model = tiny(family);
            for n in [1, 2, 23] {
                let embeddings = two_sequences(&model, n);
                let n = n as usize;
                let both = model.gradients(n, &embeddings, &mut one_logit, &mut || true).unwrap();
                let half = embeddings.len() / 2;
                for sequence in 0..2 {
                    let slope = &mut |_: usize, logits: &[f32], d: &mut [f32]| {
                        one_logit(sequence, logits, d);
                    };
                    let own = &embeddings[sequence * half..][..half];
                    let alone = model.gradients(n, own, slope, &mut || true).unwrap();
                    let largest = alone.iter().fold(0.0f32, |m, d| m.max(d.abs()));
                    let together = &both[sequence * half..][..half];
                    assert_close(together, &alone, 1e-5 * largest);
                }
            }
        }
    }

    #[test]
    fn it_asks_before_every_layer_and_the_unembedding_and_ends_when_nobody_wants_it() {
        let model = tiny("llama");
        let asked_before = |end: usize| {
            let embeddings = two_sequences(&model, 4);
            // What was recorded would not be gone through again.
            model.take_recording();
            let mut asked = 0;
            let go_on = &mut || {
                asked += 1;
                // Whoever is asked may use the model meanwhile.
                let start = KvCache::empty(model.config().regime(1));
                assert!(model.forward(&start, &[TokenId(3)], 1, &|| true).is_some());
                asked < end
            };
            let result = model.gradients(4, &embeddings, &mut one_logit, go_on);
            (asked, result.is_some())
        };
        let questions = 2 * model.config().layers.len() + 1;
        assert_eq!(asked_before(usize::MAX), (questions, true));
        for end in 1..=questions {
            assert_eq!(asked_before(end), (end, false));
        }
    }

    #[test]
    fn passes_are_of_hundreds_of_rows_and_at_least_one_sequence() {
        let model = tiny("llama");
        for (n, sequences) in [(1, 512), (25, 20), (512, 1), (513, 1), (100_000, 1)] {
            assert_eq!(model.sequences_at_once(n), sequences);
        }
    }

    #[test]
    fn the_mean_embedding_is_the_mean_of_all_rows() {
        let model = tiny("llama");
        let n_vocab = model.config().n_vocab;
        let ids: Vec<TokenId> = (0..n_vocab as u32).map(TokenId).collect();
        let rows = model.embeddings(&ids);
        let d_model = model.config().d_model;
        let mut mean = vec![0.0; d_model];
        for (mean, column) in mean.iter_mut().zip(0..) {
            let column = rows.chunks_exact(d_model).map(|row| f64::from(row[column]));
            *mean = (column.sum::<f64>() / n_vocab as f64) as f32;
        }
        assert_close(model.mean_embedding(), &mean, 1e-6);
    }
}
