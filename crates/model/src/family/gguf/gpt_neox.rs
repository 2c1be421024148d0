//! GPT-NeoX and Pythia: attention and MLP side by side (or not). Converters sort the rows of q, k
//! and v, which Hugging Face's checkpoints interleave head by head.

use super::{Config, Recipe, Source, recipe, usual_config, usual_layer};
use crate::{Activation, ModelError};

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let parallel_residual = source.settings.flag("use_parallel_residual")?.unwrap_or(true);
    let mut config = Config { parallel_residual, ..usual_config(source)? };
    // Files do not name the activation. This one model was trained with another than the Pythias.
    let is_20b = (config.layers.len(), config.d_model) == (44, 6144);
    if is_20b {
        config.activation = Activation::GeluTanh;
    }
    recipe(source, config, usual_layer)
}
