//! The shape of a model: everything that is not a weight.

use crate::ModelError;

/// The options that cover all families: each picks a value for each of these.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
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
    /// What each block is, in order.
    pub layers: Vec<LayerConfig>,
    /// Which normalisation is used everywhere.
    pub norm: NormKind,
    /// Added to the variance or mean square.
    pub norm_epsilon: f32,
    /// The MLP's non-linearity.
    pub activation: Activation,
    /// Whether attention and MLP read the same input and are added together (GPT-NeoX), rather
    /// than one after the other.
    pub parallel_residual: bool,
    /// Rotary embeddings, for layers to choose from.
    pub ropes: Vec<Rope>,
    /// What queries times keys are multiplied with; usually `head_dim^-0.5`.
    pub attention_scale: f32,
    /// Attention scores are squeezed into +-this by `cap * tanh(x / cap)`.
    pub attention_softcap: Option<f32>,
    /// Multiplies embeddings.
    pub embedding_scale: f32,
    /// Multiplies what each block adds to the residual stream.
    pub residual_scale: f32,
    /// Multiplies logits.
    pub logit_scale: f32,
    /// Logits are squeezed into +-this.
    pub logit_softcap: Option<f32>,
}

/// What differs from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerConfig {
    /// How many positions a query sees, its own included; none means all.
    pub window: Option<usize>,
    /// Which of [`Config::ropes`] turns queries and keys; none leaves them.
    pub rope: Option<usize>,
}

/// Kinds of normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormKind {
    /// Divides by the root mean square.
    Rms,
    /// Takes the mean off, divides by the standard deviation.
    Layer,
}

/// Kinds of non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x / (1 + e^-x)`
    Silu,
    /// `x * Phi(x)`, with the normal distribution's `Phi`.
    Gelu,
    /// Gelu with a tanh for `Phi`.
    GeluTanh,
}

impl Config {
    /// A config with every option at its commonest value: pre-norm, RMSNorm, SiLU, one rope, all
    /// layers alike. Families say how they differ.
    ///
    /// # Errors
    /// If the heads contradict each other.
    pub(crate) fn plain(sizes: &Sizes, rope: Rope) -> Result<Self, ModelError> {
        let Sizes { n_layers, d_model, n_heads, n_kv_heads, head_dim, .. } = *sizes;
        if n_kv_heads == 0 || n_heads % n_kv_heads != 0 {
            return Err(ModelError::Feature {
                what: format!("{n_heads} query heads that {n_kv_heads} key heads do not divide"),
            });
        }
        let rotated = 2 * rope.inverse_frequencies.len();
        if head_dim == 0 || rotated > head_dim {
            return Err(ModelError::Feature {
                what: format!("rotary embedding of {rotated} of {head_dim} dimensions"),
            });
        }
        Ok(Config {
            d_model,
            n_heads,
            n_kv_heads,
            head_dim,
            d_ff: sizes.d_ff,
            n_vocab: sizes.n_vocab,
            context_length: sizes.context_length,
            layers: vec![LayerConfig { window: None, rope: Some(0) }; n_layers],
            norm: NormKind::Rms,
            norm_epsilon: sizes.norm_epsilon,
            activation: Activation::Silu,
            parallel_residual: false,
            ropes: vec![rope],
            attention_scale: (head_dim as f32).powf(-0.5),
            attention_softcap: None,
            embedding_scale: 1.0,
            residual_scale: 1.0,
            logit_scale: 1.0,
            logit_softcap: None,
        })
    }

    /// Width of the keys (or values) of one token: all heads together.
    pub fn kv_dim(&self) -> usize {
        self.n_kv_heads * self.head_dim
    }

    /// Width of the queries of one token.
    pub fn q_dim(&self) -> usize {
        self.n_heads * self.head_dim
    }
}

/// The numbers every family has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) n_layers: usize,
    pub(crate) d_model: usize,
    pub(crate) n_heads: usize,
    pub(crate) n_kv_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) d_ff: usize,
    pub(crate) n_vocab: usize,
    pub(crate) context_length: usize,
    pub(crate) norm_epsilon: f32,
}

impl Sizes {
    /// Far above any model there is; what a file claims is allocated for before its tensors are
    /// looked at.
    const MOST_LAYERS: usize = 10_000;
    const LARGEST_HEAD: usize = 65_536;

    /// Refuses absurd sizes.
    pub(crate) fn checked(self) -> Result<Self, ModelError> {
        if self.n_layers > Self::MOST_LAYERS {
            return Err(ModelError::Feature { what: format!("{} layers", self.n_layers) });
        }
        if self.head_dim == 0 || self.head_dim > Self::LARGEST_HEAD {
            return Err(ModelError::Feature { what: format!("heads of {}", self.head_dim) });
        }
        Ok(self)
    }

    /// How many dimensions of a head are turned, if it is this part of them.
    pub(crate) fn rotated(&self, part: f32) -> Result<usize, ModelError> {
        if !(0.0..=1.0).contains(&part) {
            let what = format!("rotary embedding of {part} of a head");
            return Err(ModelError::Feature { what });
        }
        Ok((part * self.head_dim as f32) as usize)
    }
}

/// Rotary position embedding (RoFormer, arXiv:2104.09864): pair `i` of a head is turned by
/// `position * inverse_frequencies[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Radians per position, one for each rotated pair.
    pub inverse_frequencies: Vec<f32>,
    /// Which numbers of a head form a pair.
    pub pairing: Pairing,
}

/// How a head's rotated numbers are paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// 0 with 1, 2 with 3 ...: the paper's order, and that of Llama GGUF files.
    Neighbours,
    /// The first half with the second: the order of Hugging Face's checkpoints.
    Halves,
}

impl Rope {
    /// The usual geometric series `theta^(-2i / dimensions)`.
    pub fn new(theta: f32, dimensions: usize, pairing: Pairing) -> Self {
        let inverse_frequencies = (0..dimensions / 2)
            .map(|i| 1.0 / theta.powf((2 * i) as f32 / dimensions as f32))
            .collect();
        Rope { inverse_frequencies, pairing }
    }

    /// Each frequency divided by its factor (Llama 3.1's GGUF files store its long-context scaling
    /// that way).
    pub(crate) fn divided_by(mut self, factors: &[f32]) -> Self {
        for (frequency, factor) in self.inverse_frequencies.iter_mut().zip(factors) {
            *frequency /= factor;
        }
        self
    }

    /// Llama 3.1's scaling by wavelength: long waves are slowed down by `factor`, short ones kept,
    /// those between blended (`_compute_llama3_parameters` of transformers).
    pub(crate) fn scaled_as_llama3(mut self, scaling: &Llama3Scaling) -> Self {
        let Llama3Scaling { factor, low_frequency_factor, high_frequency_factor, trained_length } =
            *scaling;
        for frequency in &mut self.inverse_frequencies {
            let wavelength = 2.0 * std::f32::consts::PI / *frequency;
            if wavelength > trained_length / low_frequency_factor {
                *frequency /= factor;
            } else if wavelength >= trained_length / high_frequency_factor {
                let smooth = (trained_length / wavelength - low_frequency_factor)
                    / (high_frequency_factor - low_frequency_factor);
                *frequency = (1.0 - smooth) * *frequency / factor + smooth * *frequency;
            }
        }
        self
    }
}

/// The parameters of [`Rope::scaled_as_llama3`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Llama3Scaling {
    pub(crate) factor: f32,
    pub(crate) low_frequency_factor: f32,
    pub(crate) high_frequency_factor: f32,
    pub(crate) trained_length: f32,
}
