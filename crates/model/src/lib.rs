//! Token ids to logits. The only crate that reads model files; it knows no text and no sampling.
//!
//! The forward pass reads like the paper, and its parts are kept apart:
//!
//! 1. [`GgufFile`] and [`HfFolder`] map files into memory: metadata and named tensors.
//! 2. A family maps their metadata and tensor names onto [`Config`] (shape and options) and the
//!    weights (read-only, as stored, behind [`format::BlockFormat`]).
//! 3. [`Decoder`] is the forward pass, one for all families; each step of it is a file in `ops`.
//! 4. The gradients of [`Model::gradients`] take the same steps back; each one's gradient is beside it in
//!    `ops`.
//! 5. [`KvCache`] is the state: immutable, shared, cheap to clone and to cut. It lives outside the
//!    layers, so that forks and rewinds are copies of handles.
//!
//! All activations are float32. Shapes in comments use `n` for the tokens of this pass, `past`
//! for those before it, and the names of [`Config`]'s fields.

#[doc(hidden)]
pub mod bench_door;
mod checkpoint;
mod config;
mod cores;
mod decoder;
mod digits;
mod error;
mod family;
mod files;
pub mod format;
mod gguf;
mod gradient;
mod hf_folder;
mod kv;
mod mapping;
mod ops;
pub mod quadrature;
mod recording;
mod simd;
mod state;
#[cfg(test)]
mod testing;
mod weights;
mod workers;

/// The instruction set that kernels run with: `avx512`, `avx2` or `portable`. It is the widest that
/// this machine has, or the one that the environment variable `TOKENSCOPE_SIMD` names.
///
/// # Errors
/// A sentence for the user, if the variable names none or one that this machine does not have.
pub fn instruction_set() -> Result<&'static str, String> {
    simd::SimdLevel::chosen().map(simd::SimdLevel::name)
}

pub use config::{Activation, Config, LayerConfig, LongRope, NormKind, Pairing, Rope, RopeRegime};
pub use cores::default_threads;
pub use decoder::Decoder;
pub use error::ModelError;
pub use files::{LARGEST_SIDE_FILE, LARGEST_TOKENIZER, read_file, read_text};
pub use gguf::{GgufFile, Value};
pub use hf_folder::HfFolder;
pub use kv::{KvCache, SegmentId};

use tokenscope_tokens::TokenId;

/// What the rest of the program needs of a model. Small on purpose: another backend (an
/// accelerator, a remote server) is another implementation of this.
pub trait Model: Send + Sync {
    /// The model's shape.
    fn config(&self) -> &Config;

    /// Whether its files still are what was loaded. Nothing that was computed of other ones is right, so it
    /// is asked before and after each use.
    ///
    /// # Errors
    /// [`ModelError::Changed`].
    fn check_files(&self) -> Result<(), ModelError>;

    /// Runs `ids` after what `past` holds and returns the logits that follow each of the last
    /// `outputs` ids, with the cache that now covers `past` and `ids`. `past` itself is unchanged.
    ///
    /// `go_on` is asked now and then, before every layer; the pass ends without a result when it
    /// says no.
    ///
    /// # Panics
    /// If `ids` is empty, an id is not below `config().n_vocab`, `outputs` is more than the number
    /// of ids, or the sequence outgrows the regime of `past` ([`Config::regime`]): callers validate
    /// requests before they get here.
    fn forward(
        &self,
        past: &KvCache,
        ids: &[TokenId],
        outputs: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Option<Forward>;

    /// Runs `ids` after what `past` holds once more and returns what went on inside. Meant for few
    /// ids: everything is kept.
    ///
    /// # Panics
    /// As [`Model::forward`].
    fn trace(&self, past: &KvCache, ids: &[TokenId]) -> Trace;

    /// Rows of the embedding table `[n][d_model]`, as stored: before they are scaled and learned
    /// positions are added.
    ///
    /// # Panics
    /// If an id is not below `config().n_vocab`.
    fn embeddings(&self, ids: &[TokenId]) -> Vec<f32>;

    /// The mean of all rows of the embedding table `[d_model]`.
    fn mean_embedding(&self) -> &[f32];

    /// Gradients of one number per sequence with respect to the sequence's embeddings, of which
    /// `embeddings: [sequences][n][d_model]` holds any such as [`Model::embeddings`] gives. All
    /// sequences have `n` tokens, at positions `0..n`. The result has the same shape.
    ///
    /// The number is a function of the logits after the last token, and `slope` gives its derivative.
    ///
    /// `go_on` is asked before each layer in both directions; the pass ends without a result when it
    /// says no. It may itself run other passes of this model.
    ///
    /// # Panics
    /// If `embeddings` are not at least one sequence of `n` tokens, or the sequences are longer than
    /// a model with learned positions has positions.
    fn gradients(
        &self,
        n: usize,
        embeddings: &[f32],
        slope: &mut Slope<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<f32>>;

    /// How many sequences of `n` tokens [`Model::gradients`] should be given at once, so that it
    /// takes a few hundred megabytes and asks `go_on` often enough; at least one.
    fn sequences_at_once(&self, n: usize) -> usize;
}

/// `slope(sequence, logits, d_logits)` is given the logits `[n_vocab]` after a sequence's last token and
/// writes the derivative of the number in question with respect to each of them to `d_logits`, where it
/// finds zeros.
pub type Slope<'a> = dyn FnMut(usize, &[f32], &mut [f32]) + 'a;

/// What a forward pass leaves behind.
pub struct Forward {
    /// Logits `[outputs][n_vocab]`, in order of position.
    pub logits: Vec<Vec<f32>>,
    /// Keys and values of all tokens so far.
    pub cache: KvCache,
}

/// What went on inside a forward pass over `n` ids, `past` others being known.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The residual stream `[n][d_model]` before each layer, and last that after the final norm:
    /// what transformers calls `hidden_states`.
    pub hidden: Vec<Vec<f32>>,
    /// Attention weights `[n][n_heads][past + n]` of each layer; zero where a query does not look.
    pub attention: Vec<Vec<f32>>,
}
