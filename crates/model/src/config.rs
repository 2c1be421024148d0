//! The shape of a model.

/// Everything about a decoder that is not a weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Transformer blocks.
    pub n_layers: usize,
    /// Width of the residual stream (the hidden or embedding size).
    pub d_model: usize,
    /// Query heads.
    pub n_heads: usize,
    /// Key and value heads; each serves `n_heads / n_kv_heads` query heads.
    pub n_kv_heads: usize,
    /// Width of one head.
    pub head_dim: usize,
    /// Width inside the MLP.
    pub d_ff: usize,
    /// Rows of the embedding, and so the number of logits.
    pub n_vocab: usize,
    /// Longest input the model was trained for, in tokens.
    pub context_length: usize,
    /// Added to the mean square in RMSNorm.
    pub norm_epsilon: f32,
    /// Rotary position embedding.
    pub rope: Rope,
}

impl Config {
    /// Width of the keys (or values) of one token: all heads together.
    pub fn kv_dim(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    /// Width of the queries of one token.
    pub fn q_dim(&self) -> usize {
        self.n_heads * self.head_dim
    }
}

/// Rotary position embedding (RoFormer, arXiv:2104.09864): pair `i` of a head is turned by
/// `position * inverse_frequencies[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Radians per position, one for each rotated pair.
    pub inverse_frequencies: Vec<f32>,
}

impl Rope {
    /// The usual geometric series `theta^(-2i / dimensions)`, each divided by its factor if there
    /// are factors (Llama 3.1 stores its long-context scaling that way).
    pub fn new(theta: f32, dimensions: usize, factors: Option<&[f32]>) -> Self {
        let inverse_frequencies = (0..dimensions / 2)
            .map(|i| {
                let frequency = 1.0 / theta.powf((2 * i) as f32 / dimensions as f32);
                frequency / factors.map_or(1.0, |factors| factors[i])
            })
            .collect();
        Rope { inverse_frequencies }
    }
}
