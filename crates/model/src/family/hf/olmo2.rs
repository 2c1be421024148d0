//! OLMo 2: norms stand after attention and MLP, not before, and q and k are normalised over all
//! heads together (arXiv:2501.00656).

use serde_json::json;

use super::{
    Attention, Layer, Recipe, Settings, Tensors, usual_attention, usual_config, usual_mlp,
    usual_weights,
};
use crate::ModelError;

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({"rms_norm_eps": 1e-5});
    let settings = &settings.or(&defaults);
    let config = usual_config(settings, tensors)?;
    let weights = usual_weights(settings, &config, tensors, |index| {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let norm = |part: &str, len| tensors.norm(&name(part), len).map(Some);
        Ok(Layer {
            attention_norm: None,
            attention: Attention {
                q_norm: norm("self_attn.q_norm", config.q_dim())?,
                k_norm: norm("self_attn.k_norm", config.kv_dim())?,
                ..usual_attention(&config, tensors, &name("self_attn"))?
            },
            attention_post_norm: norm("post_attention_layernorm", config.d_model)?,
            mlp_norm: None,
            mlp: usual_mlp(&config, tensors, &name("mlp"))?,
            mlp_post_norm: norm("post_feedforward_layernorm", config.d_model)?,
        })
    })?;
    Ok(Recipe { config, weights })
}
