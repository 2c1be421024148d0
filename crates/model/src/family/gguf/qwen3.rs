//! Qwen 3: each head's q and k are normalised.

use super::{Layer, Recipe, Source, recipe, usual_config, usual_layer, with_norms};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    recipe(source, usual_config(source)?, |source, config, block| {
        let layer = usual_layer(source, config, block)?;
        let lengths = (config.head_dim, config.head_dim);
        Ok(Layer { attention: with_norms(source, block, layer.attention, lengths)?, ..layer })
    })
}
