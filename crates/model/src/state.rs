//! The memory of a forward pass. It belongs to the model and is used again by every pass, so that a
//! token costs no allocations but those of what it leaves behind.

use crate::Config;
use crate::ops::linear::Scratch;

/// Activations of `n` tokens, named as in [`crate::Decoder`].
#[derive(Default)]
pub(crate) struct State {
    /// The residual stream `[n][d_model]`.
    pub(crate) x: Vec<f32>,
    /// `x` normalised.
    pub(crate) h: Vec<f32>,
    /// Queries `[n][n_heads * head_dim]`.
    pub(crate) q: Vec<f32>,
    /// What the heads made of the values `[n][n_heads * head_dim]`.
    pub(crate) mixed: Vec<f32>,
    /// What attention adds to the residual stream `[n][d_model]`.
    pub(crate) attended: Vec<f32>,
    /// `[n][d_ff]`
    pub(crate) up: Vec<f32>,
    /// `[n][d_ff]`
    pub(crate) gate: Vec<f32>,
    /// What the MLP adds to the residual stream `[n][d_model]`.
    pub(crate) thought: Vec<f32>,
    pub(crate) scratch: Scratch,
}

impl State {
    /// Has room for `n` tokens. What was there before may still be there.
    pub(crate) fn for_tokens(&mut self, config: &Config, n: usize) -> &mut Self {
        for (vector, len) in [
            (&mut self.x, config.d_model),
            (&mut self.h, config.d_model),
            (&mut self.q, config.q_dim()),
            (&mut self.mixed, config.q_dim()),
            (&mut self.attended, config.d_model),
            (&mut self.up, config.d_ff),
            (&mut self.gate, config.d_ff),
            (&mut self.thought, config.d_model),
        ] {
            vector.resize(n * len, 0.0);
        }
        self
    }
}
