//! Granite 3: Llama with four multipliers.

use super::{Recipe, Settings, Tensors, usual_config, usual_recipe};
use crate::ModelError;

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let mut config = usual_config(settings, tensors)?;
    config.embedding_scale = settings.number("embedding_multiplier", 1.0)?;
    config.attention_scale = settings.number("attention_multiplier", 1.0)?;
    config.residual_scale = settings.number("residual_multiplier", 1.0)?;
    config.logit_scale = 1.0 / settings.number("logits_scaling", 1.0)?;
    usual_recipe(settings, config, tensors)
}
