//! What passes write down for the way back ([`crate::gradient`]).
//!
//! People ask where a prediction came from right after it was made, about one candidate after the other,
//! and about inputs that begin alike: each generated token's is that of the one before and a token. So the
//! last recording stays, and what it has of an input's first tokens is true of them whatever follows. Once
//! somebody has asked, forward passes write down, too, as long as it is little. (It makes a short prompt a
//! fifteenth slower, so not before.)

use std::sync::{MutexGuard, PoisonError};

use tokenscope_tokens::TokenId;

use crate::kv::KvSegment;
use crate::state::{LayerPlaces, LayerTape};
use crate::{Config, Decoder, KvCache, Model};

/// Bytes of a recording that stays: of SmolLM2, of more than a hundred tokens.
const KEPT: usize = 64 << 20;

/// What the way back needs of the way there, `[rows]` of everything.
#[derive(Default)]
pub(crate) struct Recording {
    /// Tokens of each sequence; none while it is of nothing or being written.
    n: usize,
    /// What it is of, `[rows][d_model]`.
    embeddings: Vec<f32>,
    /// Each layer's input, of the same shape.
    pub(crate) inputs: Vec<Vec<f32>>,
    /// What each layer has written down, or the memory for one; perhaps of more rows.
    pub(crate) tapes: Vec<LayerTape>,
    /// The last layer's output, of the shape of its input.
    pub(crate) output: Vec<f32>,
}

impl Recording {
    fn rows(&self, config: &Config) -> usize {
        if self.n == 0 { 0 } else { self.embeddings.len() / config.d_model }
    }

    /// Bytes of memory that it takes, which may be more than its rows need.
    fn bytes(&self) -> usize {
        let vectors = self.inputs.iter().chain([&self.embeddings, &self.output]);
        let numbers: usize = vectors.map(Vec::capacity).sum();
        numbers * size_of::<f32>() + self.tapes.iter().map(LayerTape::bytes).sum::<usize>()
    }

    /// Writes down the last layer's output, after which the recording is complete, of sequences of `n` tokens.
    pub(crate) fn end(&mut self, n: usize, x: &[f32]) {
        self.output.extend_from_slice(x);
        self.n = n;
    }
}

impl Decoder {
    /// Bytes that are written down for one row if all is kept.
    pub(crate) fn row_bytes(&self) -> usize {
        let input = self.config.d_model * size_of::<f32>();
        let layers = self.weights.layers.iter();
        layers.map(|layer| input + LayerTape::row_bytes(&self.config, layer)).sum()
    }

    /// The last recording, or an empty one if there is none or somebody has it.
    pub(crate) fn take_recording(&self) -> Recording {
        self.recorded().take().unwrap_or_default()
    }

    /// Keeps a recording if it is little, else an empty one.
    pub(crate) fn keep_recording(&self, recording: Recording) {
        let is_little = recording.bytes() <= KEPT;
        *self.recorded() = Some(if is_little { recording } else { Recording::default() });
    }

    fn recorded(&self) -> MutexGuard<'_, Option<Recording>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn n_tapes(&self, keeps_all: bool) -> usize {
        let layers = self.weights.layers.len();
        if keeps_all { layers } else { layers.min(1) }
    }

    /// Of how many rows of sequences of `n` tokens a recording has all that is needed.
    pub(crate) fn known(
        &self,
        recording: &Recording,
        n: usize,
        embeddings: &[f32],
        keeps_all: bool,
    ) -> usize {
        let d_model = self.config.d_model;
        let (rows, recorded) = (embeddings.len() / d_model, recording.rows(&self.config));
        if recorded == 0 || recording.tapes.len() != self.n_tapes(keeps_all) {
            return 0;
        }
        if recording.n == n && recording.embeddings == embeddings {
            return rows;
        }
        // Other sequences begin elsewhere, and layers that are run again are run as a whole.
        let is_one = rows == n && recorded == recording.n;
        if !is_one || !keeps_all || self.config.regime(n) != self.config.regime(recording.n) {
            return 0;
        }
        let pairs =
            embeddings.chunks_exact(d_model).zip(recording.embeddings.chunks_exact(d_model));
        pairs.take_while(|(wanted, recorded)| wanted == recorded).count()
    }

    /// Begins to write down rows after the first `known`, of which `embeddings` are the embeddings.
    pub(crate) fn begin(
        &self,
        recording: &mut Recording,
        known: usize,
        embeddings: &[f32],
        keeps_all: bool,
    ) {
        self.cut(recording, known);
        recording.n = 0;
        recording.embeddings.extend_from_slice(embeddings);
        recording.inputs.resize_with(self.weights.layers.len(), Vec::new);
        recording.tapes.resize_with(self.n_tapes(keeps_all), LayerTape::default);
    }

    /// Writes down a layer's input and says where the layer writes the rest.
    pub(crate) fn places<'a>(
        &self,
        recording: &'a mut Recording,
        index: usize,
        x: &[f32],
    ) -> LayerPlaces<'a> {
        let Recording { inputs, tapes, .. } = recording;
        let input = &mut inputs[index];
        let first = input.len() / self.config.d_model;
        input.extend_from_slice(x);
        let rows = first..input.len() / self.config.d_model;
        let tape = index.min(tapes.len() - 1);
        tapes[tape].places(&self.config, &self.weights.layers[index], rows)
    }

    /// Takes back what was written down of sequences of `n` tokens, but for the first rows of one that were there
    /// before. They are of use only where positions are turned as in so short a sequence.
    pub(crate) fn take_back(&self, recording: &mut Recording, rows: usize, n: usize) {
        let rows = if self.config.regime(rows) == self.config.regime(n) { rows } else { 0 };
        self.cut(recording, rows);
        recording.n = rows;
    }

    fn cut(&self, recording: &mut Recording, rows: usize) {
        let Recording { embeddings, inputs, output, .. } = recording;
        let numbers = rows * self.config.d_model;
        embeddings.truncate(numbers);
        output.truncate(numbers);
        inputs.iter_mut().for_each(|input| input.truncate(numbers));
    }

    /// The keys and values of the rows that a recording is complete of, once it has begun to go on.
    pub(crate) fn remembered(&self, recording: &Recording, rows: usize) -> KvSegment {
        let mut segment = KvSegment::of_embeddings(rows, &self.config);
        for (index, tape) in recording.tapes.iter().enumerate() {
            let (keys, values) = segment.layer_mut(index);
            keys.copy_from_slice(&tape.keys[..keys.len()]);
            values.copy_from_slice(&tape.values[..values.len()]);
        }
        segment
    }

    /// What a forward pass of tokens after a past should be written down in. None if nobody has asked for a
    /// gradient yet, if it is too much, or if the past is not written down there.
    pub(crate) fn recording_after(&self, past: &KvCache, ids: &[TokenId]) -> Option<Recording> {
        let rows = past.len() + ids.len();
        if rows * self.row_bytes() > KEPT || past.regime() != self.config.regime(rows) {
            return None;
        }
        let mut recorded = self.recorded();
        let recording = recorded.as_ref()?;
        let embeddings =
            self.embeddings(&past.ids().chain(ids.iter().copied()).collect::<Vec<_>>());
        if self.known(recording, rows, &embeddings, true) < past.len() {
            return None;
        }
        let mut recording = recorded.take()?;
        let new = &embeddings[past.len() * self.config.d_model..];
        self.begin(&mut recording, past.len(), new, true);
        Some(recording)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gradient::tests::{FAMILIES, one_logit, tiny, two_sequences};
    use crate::ops::testing::assert_close;

    /// The gradient for some tokens, and whether only the way back was gone.
    fn ask(model: &Decoder, ids: &[TokenId]) -> (Vec<f32>, bool) {
        let mut asked = 0;
        let go_on = &mut || {
            asked += 1;
            true
        };
        let found = model.gradients(ids.len(), &model.embeddings(ids), &mut one_logit, go_on);
        let layers = model.config().layers.len();
        assert!(asked == layers + 1 || asked == 2 * layers + 1, "{asked}");
        (found.unwrap(), asked == layers + 1)
    }

    /// Numbers are those of a model that knows nothing.
    fn assert_right(family: &str, ids: &[TokenId], found: &[f32]) {
        let (expected, _) = ask(&tiny(family), ids);
        let largest = expected.iter().fold(0.0f32, |m, d| m.max(d.abs()));
        assert_close(found, &expected, 1e-5 * largest);
    }

    #[test]
    fn what_is_recorded_of_the_first_tokens_is_true_whatever_follows() {
        for family in FAMILIES {
            let model = tiny(family);
            let ids: Vec<TokenId> = (0..40).map(|i| TokenId(3 + i * 7 % 200)).collect();
            let mut others = ids.clone();
            others[12] = TokenId(200);
            for (input, is_known) in [
                (&ids[..23], false),
                // What follows is still there afterwards.
                (&ids[..9], true),
                (&ids[..23], true),
                (&ids[..24], false),
                (&ids[..40], false),
                (&others[..30], false),
                (&others[..14], true),
                (&ids[..12], true),
                (&ids[..13], false),
                (&ids[..1], true),
            ] {
                let (found, was_known) = ask(&model, input);
                assert_right(family, input, &found);
                let of_one_regime = family != "phi3_longrope";
                assert!(was_known == is_known || !of_one_regime, "{family}, {}", input.len());
            }
        }
    }

    #[test]
    fn forward_passes_write_down_what_follows_once_somebody_has_asked() {
        for family in FAMILIES {
            let model = tiny(family);
            // Of one regime, whatever the family.
            let ids: Vec<TokenId> = (0..12).map(|i| TokenId(3 + i * 7 % 200)).collect();
            let others: Vec<TokenId> = ids.iter().map(|id| TokenId(id.0 + 1)).collect();
            let empty = KvCache::empty(model.config().regime(ids.len()));
            let run = |past: &KvCache, ids: &[TokenId]| {
                model.forward(past, ids, 1, &|| true).expect("nobody stops it").cache
            };
            let check = |ids: &[TokenId], is_known: bool| {
                let (found, was_known) = ask(&model, ids);
                assert_right(family, ids, &found);
                assert_eq!(was_known, is_known, "{family}, {} tokens", ids.len());
            };
            let five = run(&empty, &ids[..5]);
            check(&ids[..5], false);

            // Several tokens and one, after what a gradient has written down.
            let seven = run(&five, &ids[5..7]);
            let eight = run(&seven, &ids[7..8]);
            check(&ids[..8], true);
            // A branch, and one that was stopped.
            let branch = run(&eight.prefix(6), &others[6..8]);
            check(&[&ids[..6], &others[6..8]].concat(), true);
            assert!(model.forward(&branch, &ids[8..9], 1, &|| false).is_none());
            check(&[&ids[..6], &others[6..8]].concat(), true);
            // A past that is not written down any more.
            let nine = run(&eight, &ids[8..9]);
            check(&[&ids[..6], &others[6..8]].concat(), true);
            check(&ids[..9], false);
            run(&nine, &ids[9..12]);
            check(&ids[..12], true);
            // From the first token on.
            run(&empty, &others);
            check(&others, true);
        }
    }

    #[test]
    fn what_is_left_of_a_long_sequence_that_was_stopped_is_not_taken_for_a_short_one() {
        let family = "phi3_longrope";
        let model = tiny(family);
        let ids: Vec<TokenId> = (0..20).map(|i| TokenId(3 + i * 7 % 200)).collect();
        assert_ne!(model.config().regime(12), model.config().regime(ids.len()));
        let mut others = ids.clone();
        others[12] = TokenId(200);
        ask(&model, &ids);
        let embeddings = model.embeddings(&others);
        let stopped = model.gradients(others.len(), &embeddings, &mut one_logit, &mut || false);
        assert!(stopped.is_none());
        assert_right(family, &ids[..12], &ask(&model, &ids[..12]).0);
    }

    #[test]
    fn memory_of_a_recording_that_was_too_much_is_not_kept() {
        let model = tiny("llama");
        let (rows, layers) = (3 * KEPT / model.row_bytes(), model.config().layers.len());
        let ids = vec![TokenId(3); rows];
        let embeddings = model.embeddings(&ids);
        // Stopped at the last layer on the way there, and not at all.
        for most in [layers - 1, usize::MAX] {
            let mut asked = 0;
            let go_on = &mut || {
                asked += 1;
                asked <= most
            };
            // Sequences of one token, since long ones would take long.
            let slope = &mut |_: usize, _: &[f32], d: &mut [f32]| d[5] = 1.0;
            let found = model.gradients(1, &embeddings, slope, go_on);
            assert_eq!(found.is_some(), most == usize::MAX);
            assert!(model.take_recording().bytes() <= KEPT);
        }
        ask(&model, &ids[..5]);
        assert!(model.take_recording().bytes() > 0);
    }

    #[test]
    fn what_is_recorded_is_gone_through_once_and_changes_nothing() {
        let model = tiny("gemma2");
        let layers = model.config().layers.len();
        let ask = |model: &Decoder, n: usize, embeddings: &[f32], logit: usize, most: usize| {
            let mut asked = 0;
            let slope = &mut |_: usize, _: &[f32], d: &mut [f32]| d[logit] = 1.0;
            let go_on = &mut || {
                asked += 1;
                asked <= most
            };
            (model.gradients(n, embeddings, slope, go_on), asked)
        };
        let anew = |n, embeddings: &[f32], logit| {
            ask(&tiny("gemma2"), n, embeddings, logit, usize::MAX).0.unwrap()
        };
        let embeddings = two_sequences(&model, 23);
        let others = two_sequences(&model, 11);
        // (tokens of a sequence, input, logit, questions it may ask, questions it asks)
        let (all, half) = (2 * layers + 1, layers + 1);
        for (n, input, logit, most, asked) in [
            (23, &embeddings, 5, all, all),
            (23, &embeddings, 6, all, half),
            (46, &embeddings, 6, all, all),
            (11, &others, 5, all, all),
            (11, &others, 7, all, half),
            // Stopped on the way back, it has been recorded; on the way there it has not.
            (23, &embeddings, 5, all - 1, all),
            (23, &embeddings, 5, all, half),
            (11, &others, 5, layers - 1, layers),
            (11, &others, 5, all, all),
        ] {
            let (found, questions) = ask(&model, n, input, logit, most);
            assert_eq!(questions, asked, "{n} tokens, logit {logit}, at most {most}");
            assert_eq!(found.is_some(), asked <= most);
            assert!(found.is_none_or(|found| found == anew(n, input, logit)));
        }
    }
}
