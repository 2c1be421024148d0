//! Llama 1 to 3, SmolLM2, and Mistral, which adds a sliding window.

use serde_json::json;

use super::{Recipe, Settings, Tensors, usual_config, usual_recipe};
use crate::ModelError;

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    usual_recipe(settings, usual_config(settings, tensors)?, tensors)
}

pub(super) fn read_mistral(
    settings: &Settings<'_>,
    tensors: &Tensors<'_>,
) -> Result<Recipe, ModelError> {
    let defaults = json!({"sliding_window": 4096});
    let settings = &settings.or(&defaults);
    let mut config = usual_config(settings, tensors)?;
    let window = settings.optional_count("sliding_window")?;
    config.layers.iter_mut().for_each(|layer| layer.window = window);
    usual_recipe(settings, config, tensors)
}
