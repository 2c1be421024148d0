//! The memory of a pass. That of a forward pass belongs to the model and is used again by the next
//! one, so that a token costs no allocations but those of what it leaves behind.

use std::ops::Range;

use crate::Config;
use crate::ops::linear::Scratch;
use crate::weights::Layer;

/// What flows through the layers of a pass, for its rows: one for each token, and where there are
/// several sequences, one sequence after the other.
#[derive(Default)]
pub(crate) struct Stream {
    /// The residual stream `[rows][d_model]`.
    pub(crate) x: Vec<f32>,
    /// `x` normalised.
    pub(crate) h: Vec<f32>,
    /// What the heads made of the values `[rows][n_heads * head_dim]`.
    pub(crate) mixed: Vec<f32>,
    /// What attention adds to the residual stream `[rows][d_model]`.
    pub(crate) attended: Vec<f32>,
    /// What is inside the MLP after its non-linearity `[rows][d_ff]`.
    pub(crate) inner: Vec<f32>,
    /// What the MLP adds to the residual stream `[rows][d_model]`.
    pub(crate) thought: Vec<f32>,
    pub(crate) scratch: Scratch,
}

impl Stream {
    /// Has room for some rows. What was there before may still be there.
    pub(crate) fn for_rows(&mut self, config: &Config, rows: usize) -> &mut Self {
        for (vector, len) in [
            (&mut self.x, config.d_model),
            (&mut self.h, config.d_model),
            (&mut self.mixed, config.q_dim()),
            (&mut self.attended, config.d_model),
            (&mut self.inner, config.d_ff),
            (&mut self.thought, config.d_model),
        ] {
            vector.resize(rows * len, 0.0);
        }
        self
    }
}

/// What a layer computes on its way that its gradient needs again. In a forward pass, all layers
/// write it to the same places, but for keys and values, which go to the cache.
pub(crate) struct LayerPlaces<'a> {
    /// Queries `[rows][n_heads * head_dim]`, turned.
    pub(crate) q: &'a mut [f32],
    /// Keys `[rows][n_kv_heads * head_dim]`, turned.
    pub(crate) keys: &'a mut [f32],
    /// Values, as many.
    pub(crate) values: &'a mut [f32],
    /// `[rows][d_ff]`, before the non-linearity; not used where the MLP has no gate.
    pub(crate) gate: &'a mut [f32],
    /// `[rows][d_ff]`; without a gate, before the non-linearity.
    pub(crate) up: &'a mut [f32],
    /// What else only a gradient needs.
    pub(crate) norms: Option<Norms<&'a mut [f32]>>,
}

/// What norms are given, as gradients need it. What no norm is given is empty.
#[derive(Default)]
pub(crate) struct Norms<T> {
    /// The residual stream between attention and MLP `[rows][d_model]`; empty where both see the
    /// same.
    pub(crate) x_between: T,
    /// Queries and keys before they are normalised.
    pub(crate) q: T,
    pub(crate) keys: T,
    /// What attention and MLP would have added without their post norms.
    pub(crate) attended: T,
    pub(crate) thought: T,
}

/// The memory of a forward pass.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) stream: Stream,
    pub(crate) q: Vec<f32>,
    pub(crate) gate: Vec<f32>,
    pub(crate) up: Vec<f32>,
}

impl State {
    /// Has room for `n` tokens. What was there before may still be there.
    pub(crate) fn for_tokens(&mut self, config: &Config, n: usize) -> &mut Self {
        self.stream.for_rows(config, n);
        self.q.resize(n * config.q_dim(), 0.0);
        self.gate.resize(n * config.d_ff, 0.0);
        self.up.resize(n * config.d_ff, 0.0);
        self
    }
}

/// Everything that the gradient of a layer needs, but its input.
#[derive(Default)]
pub(crate) struct LayerTape {
    pub(crate) q: Vec<f32>,
    pub(crate) keys: Vec<f32>,
    pub(crate) values: Vec<f32>,
    pub(crate) gate: Vec<f32>,
    pub(crate) up: Vec<f32>,
    pub(crate) norms: Norms<Vec<f32>>,
}

impl LayerTape {
    /// Bytes of all rows there is room for.
    pub(crate) fn bytes(&self) -> usize {
        let LayerTape { q, keys, values, gate, up, norms } = self;
        let Norms { x_between, q: norm_q, keys: norm_keys, attended, thought } = norms;
        let vectors = [q, keys, values, gate, up, x_between, norm_q, norm_keys, attended, thought];
        vectors.iter().map(|vector| size_of_val(&vector[..])).sum()
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(config: &Config, layer: &Layer) -> usize {
        let mut empty = LayerTape::default();
        let floats = empty.vectors(config, layer).map(|(_, len)| len);
        floats.iter().sum::<usize>() * size_of::<f32>()
    }

    /// All vectors, and how long a row of each is.
    fn vectors(&mut self, config: &Config, layer: &Layer) -> [(&mut Vec<f32>, usize); 10] {
        let if_needed = |is_needed: bool, len: usize| if is_needed { len } else { 0 };
        let (d_model, q_dim, kv_dim) = (config.d_model, config.q_dim(), config.kv_dim());
        let attention = &layer.attention;
        let Norms { x_between, q, keys, attended, thought } = &mut self.norms;
        [
            (&mut self.q, q_dim),
            (&mut self.keys, kv_dim),
            (&mut self.values, kv_dim),
            (&mut self.gate, if_needed(layer.mlp.gate.is_some(), config.d_ff)),
            (&mut self.up, config.d_ff),
            (x_between, if_needed(!config.parallel_residual, d_model)),
            (q, if_needed(attention.q_norm.is_some(), q_dim)),
            (keys, if_needed(attention.k_norm.is_some(), kv_dim)),
            (attended, if_needed(layer.attention_post_norm.is_some(), d_model)),
            (thought, if_needed(layer.mlp_post_norm.is_some(), d_model)),
        ]
    }

    /// Where a layer writes some rows of it. What was there before may still be there, and so may what comes
    /// after them: to fill with zeros what is then overwritten takes as long as to write it.
    pub(crate) fn places(
        &mut self,
        config: &Config,
        layer: &Layer,
        rows: Range<usize>,
    ) -> LayerPlaces<'_> {
        let [q, keys, values, gate, up, x_between, norm_q, norm_keys, attended, thought] =
            self.vectors(config, layer).map(|(vector, len)| {
                vector.resize(vector.len().max(rows.end * len), 0.0);
                &mut vector[rows.start * len..rows.end * len]
            });
        let norms = Norms { x_between, q: norm_q, keys: norm_keys, attended, thought };
        LayerPlaces { q, keys, values, gate, up, norms: Some(norms) }
    }
}
