//! The memory of a pass. That of a forward pass belongs to the model and is used again by the next
//! one, so that a token costs no allocations but those of what it leaves behind.

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
    pub(crate) tape: Option<&'a mut Tape>,
}

/// What norms are given, as gradients need it. What no norm is given is empty.
#[derive(Default)]
pub(crate) struct Tape {
    /// The residual stream between attention and MLP `[rows][d_model]`; empty where both see the
    /// same.
    pub(crate) x_between: Vec<f32>,
    /// Queries and keys before they are normalised.
    pub(crate) q: Vec<f32>,
    pub(crate) keys: Vec<f32>,
    /// What attention and MLP would have added without their post norms.
    pub(crate) attended: Vec<f32>,
    pub(crate) thought: Vec<f32>,
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
    pub(crate) norms: Tape,
}

impl LayerTape {
    /// Has room for a layer's rows. What was there before may still be there.
    pub(crate) fn make_room(&mut self, config: &Config, layer: &Layer, rows: usize) {
        for (vector, len) in self.vectors(config, layer) {
            vector.resize(rows * len, 0.0);
        }
    }

    /// Takes what another tape has of the tokens after these.
    pub(crate) fn append(&mut self, config: &Config, layer: &Layer, more: &mut LayerTape) {
        let more = more.vectors(config, layer);
        for ((vector, _), (more, _)) in self.vectors(config, layer).into_iter().zip(more) {
            vector.append(more);
        }
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
        let Tape { x_between, q, keys, attended, thought } = &mut self.norms;
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

    /// Where a layer writes it.
    pub(crate) fn places(&mut self) -> LayerPlaces<'_> {
        LayerPlaces {
            q: &mut self.q,
            keys: &mut self.keys,
            values: &mut self.values,
            gate: &mut self.gate,
            up: &mut self.up,
            tape: Some(&mut self.norms),
        }
    }
}
