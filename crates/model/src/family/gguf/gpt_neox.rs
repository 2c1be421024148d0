//! GPT-NeoX and Pythia: attention and MLP side by side (or not). Converters sort the rows of q, k and v,
//! which Hugging Face's checkpoints interleave head by head.

use super::{Config, Recipe, Source, recipe, usual_config, usual_layer};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let parallel_residual = source.settings.flag("use_parallel_residual")?.unwrap_or(true);
    let config = Config { parallel_residual, ..usual_config(source)? };
    recipe(source, config, usual_layer)
}
