//! Model families: each maps a checkpoint's configuration and tensor names onto the one decoder.
//!
//! A family is a small file that says how it differs: `hf/` for Hugging Face's layout, `gguf/` for
//! GGUF's. `docs/recipes/add-a-model-family.md` shows how to add one.

mod gguf;
mod hf;

pub(crate) use gguf::read as read_gguf;
pub(crate) use hf::read as read_folder;

use crate::Config;
use crate::weights::Weights;

/// A family's reading of a checkpoint.
pub(crate) struct Recipe {
    pub(crate) config: Config,
    pub(crate) weights: Weights,
}

/// No size of a model is larger, and products of two fit `usize`.
///
/// Limit of model files: any size of a model; refused.
const LARGEST_COUNT: usize = 1 << 31;
