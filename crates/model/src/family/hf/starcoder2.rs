//! StarCoder 2: Llama's attention with biases, LayerNorm, and an MLP without a gate.

use super::{
    Config, Layer, Mlp, Recipe, Settings, Tensors, usual_attention, usual_config, usual_weights,
};
use crate::{ModelError, NormKind};

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let mut config = Config {
        norm: NormKind::Layer,
        norm_epsilon: settings.number("norm_epsilon", 1e-5)?,
        ..usual_config(settings, tensors)?
    };
    let window = settings.optional_count("sliding_window")?;
    config.layers.iter_mut().for_each(|layer| layer.window = window);
    let (d, ff) = (config.d_model, config.d_ff);
    let weights = usual_weights(settings, &config, tensors, |index| {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        Ok(Layer {
            attention_norm: Some(tensors.norm(&name("input_layernorm"), d)?),
            attention: usual_attention(&config, tensors, &name("self_attn"))?,
            attention_post_norm: None,
            mlp_norm: Some(tensors.norm(&name("post_attention_layernorm"), d)?),
            mlp: Mlp {
                gate: None,
                up: tensors.linear(&name("mlp.c_fc"), ff, d)?,
                down: tensors.linear(&name("mlp.c_proj"), d, ff)?,
            },
            mlp_post_norm: None,
        })
    })?;
    Ok(Recipe { config, weights })
}
