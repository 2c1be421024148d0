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

    /// The longest sequence of the short regime; none if all sequences are in it.
    pub(crate) fn short_length(&self) -> Option<usize> {
        self.ropes.iter().find_map(|rope| rope.long.as_ref()).map(|long| long.trained_length)
    }

    /// The regime of a sequence of this length.
    pub fn regime(&self, len: usize) -> RopeRegime {
        match self.short_length() {
            Some(longest) if len > longest => RopeRegime::Long,
            _ => RopeRegime::Short,
        }
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
    ///
    /// Limit of model files: layers; refused.
    const MOST_LAYERS: usize = 10_000;
    /// Limit of model files: numbers of a head; refused.
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
        let rotated = (part * self.head_dim as f32) as usize;
        if !rotated.is_multiple_of(2) {
            let what = format!("rotary embedding of {rotated} dimensions, which are not pairs");
            return Err(ModelError::Feature { what });
        }
        Ok(rotated)
    }
}

/// Rotary position embedding (RoFormer, arXiv:2104.09864): pair `i` of a head is turned by
/// `position * inverse_frequencies[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Radians per position, one for each rotated pair.
    pub inverse_frequencies: Vec<f32>,
    /// What takes their place in long sequences, in models with LongRoPE.
    pub long: Option<LongRope>,
    /// Multiplies every turned number (YaRN and LongRoPE stretch queries and keys a little).
    pub attention_factor: f32,
    /// Which numbers of a head form a pair.
    pub pairing: Pairing,
}

/// The other half of LongRoPE (arXiv:2402.13753).
#[derive(Debug, Clone, PartialEq)]
pub struct LongRope {
    /// Longer sequences are turned by the frequencies below, all their positions.
    pub trained_length: usize,
    /// As many as those for short sequences.
    pub inverse_frequencies: Vec<f32>,
}

/// How a sequence is turned as a whole. It depends on the sequence's length in models with
/// LongRoPE and is always `Short` in others. Nothing computed in one regime is of use in the other:
/// from the second layer on, every number depends on how all earlier positions were turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RopeRegime {
    /// Of the length the model was first trained for, or shorter.
    Short,
    /// Longer.
    Long,
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
        Rope { inverse_frequencies, long: None, attention_factor: 1.0, pairing }
    }

    /// Radians per position in a regime.
    pub(crate) fn frequencies(&self, regime: RopeRegime) -> &[f32] {
        match (&self.long, regime) {
            (Some(long), RopeRegime::Long) => &long.inverse_frequencies,
            _ => &self.inverse_frequencies,
        }
    }

    /// Each frequency divided by its factor (Llama 3.1's GGUF files store its long-context scaling
    /// that way).
    pub(crate) fn divided_by(mut self, factors: &[f32]) -> Self {
        divide(&mut self.inverse_frequencies, factors);
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

    /// YaRN (arXiv:2309.00071): pairs that turn often within the trained length keep their
    /// frequency, those that turn seldom are slowed down by `factor`, with a linear ramp over the
    /// pairs between (`_compute_yarn_parameters` of transformers). The rope must be unscaled.
    pub(crate) fn scaled_as_yarn(mut self, theta: f32, scaling: &YarnScaling) -> Self {
        let YarnScaling {
            factor,
            attention_factor,
            beta_fast,
            beta_slow,
            trained_length,
            truncate,
        } = *scaling;
        let dimensions = (2 * self.inverse_frequencies.len()) as f64;
        // The pair, as a fraction, that turns so many times within the trained length.
        let pair_that_turns = |times: f32| {
            let length =
                f64::from(trained_length) / (f64::from(times) * 2.0 * std::f64::consts::PI);
            dimensions * length.ln() / (2.0 * f64::from(theta).ln())
        };
        let (mut first, mut last) = (pair_that_turns(beta_fast), pair_that_turns(beta_slow));
        if truncate {
            (first, last) = (first.floor(), last.ceil());
        }
        let (first, mut last) = (first.max(0.0), last.min(dimensions - 1.0));
        if first == last {
            last += 0.001;
        }
        for (pair, frequency) in self.inverse_frequencies.iter_mut().enumerate() {
            let slowed = ((pair as f32 - first as f32) / (last - first) as f32).clamp(0.0, 1.0);
            *frequency = *frequency / factor * slowed + *frequency * (1.0 - slowed);
        }
        Rope { attention_factor, ..self }
    }

    /// LongRoPE: frequencies are divided by one list of factors in sequences up to
    /// `trained_length`, by another in longer ones (`_compute_longrope_parameters` of
    /// transformers). The lists must be as long as the frequencies.
    pub(crate) fn scaled_as_longrope(self, scaling: &LongRopeScaling) -> Self {
        let LongRopeScaling { attention_factor, trained_length, short_factors, long_factors } =
            scaling;
        let mut inverse_frequencies = self.inverse_frequencies.clone();
        divide(&mut inverse_frequencies, long_factors);
        let long = Some(LongRope { trained_length: *trained_length, inverse_frequencies });
        Rope { long, attention_factor: *attention_factor, ..self.divided_by(short_factors) }
    }
}

fn divide(frequencies: &mut [f32], factors: &[f32]) {
    for (frequency, factor) in frequencies.iter_mut().zip(factors) {
        *frequency /= factor;
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

/// The parameters of [`Rope::scaled_as_yarn`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct YarnScaling {
    pub(crate) factor: f32,
    pub(crate) attention_factor: f32,
    /// Pairs that turn more often than this within the trained length are kept.
    pub(crate) beta_fast: f32,
    /// Pairs that turn less often than this are slowed down.
    pub(crate) beta_slow: f32,
    pub(crate) trained_length: f32,
    /// Whether the ramp begins and ends at whole pairs.
    pub(crate) truncate: bool,
}

/// The parameters of [`Rope::scaled_as_longrope`].
#[derive(Debug, Clone)]
pub(crate) struct LongRopeScaling {
    pub(crate) attention_factor: f32,
    pub(crate) trained_length: usize,
    pub(crate) short_factors: Vec<f32>,
    pub(crate) long_factors: Vec<f32>,
}
