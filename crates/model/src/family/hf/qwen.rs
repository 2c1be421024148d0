//! Qwen 2 and 2.5 (Llama with biases on q, k and v) and Qwen 3 (norms of each head's q and k).

use serde_json::json;

use super::{
    Attention, Config, Layer, Recipe, Settings, Tensors, optional_window, set_windows,
    usual_config, usual_layer, usual_recipe, usual_weights,
};
use crate::ModelError;

pub(super) fn read_2(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    usual_recipe(settings, qwen_config(settings, tensors)?, tensors)
}

pub(super) fn read_3(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({"head_dim": 128});
    let settings = &settings.or(&defaults);
    let config = qwen_config(settings, tensors)?;
    let weights = usual_weights(settings, &config, tensors, |index| {
        let layer = usual_layer(&config, tensors, index)?;
        let norm = |part: &str| {
            tensors.norm(&format!("model.layers.{index}.self_attn.{part}"), config.head_dim)
        };
        let (q_norm, k_norm) = (Some(norm("q_norm")?), Some(norm("k_norm")?));
        Ok(Layer { attention: Attention { q_norm, k_norm, ..layer.attention }, ..layer })
    })?;
    Ok(Recipe { config, weights })
}

/// If windows are in use, the first `max_window_layers` layers have none.
fn qwen_config(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Config, ModelError> {
    let mut config = usual_config(settings, tensors)?;
    let first = settings.optional_index("max_window_layers")?.unwrap_or(28);
    set_windows(settings, &mut config, optional_window(settings)?, |index| index >= first)?;
    Ok(config)
}
