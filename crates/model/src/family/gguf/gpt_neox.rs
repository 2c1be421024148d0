//! GPT-NeoX and Pythia: attention and MLP side by side. Converters sort the rows of q, k and v,
//! which Hugging Face's checkpoints interleave head by head.

use super::{Config, Recipe, Source, recipe, usual_config, usual_layer};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    if source.settings.flag("use_parallel_residual")? != Some(true) {
        return Err(ModelError::Feature { what: "GPT-NeoX without parallel residual".into() });
    }
    let config = Config { parallel_residual: true, ..usual_config(source)? };
    recipe(source, config, usual_layer)
}
