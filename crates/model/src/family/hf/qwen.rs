//! Qwen 2 and 2.5 (Llama with biases on q, k and v) and Qwen 3 (norms of each head's q and k).

use super::{
    Attention, Layer, Recipe, Settings, Tensors, refuse_window, usual_config, usual_layer,
    usual_recipe, usual_weights,
};
use crate::ModelError;

pub(super) fn read_2(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    refuse_window(settings)?;
    usual_recipe(settings, usual_config(settings, tensors)?, tensors)
}

pub(super) fn read_3(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    refuse_window(settings)?;
    let config = usual_config(settings, tensors)?;
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
