//! Phi 3 and Phi 4 mini: Llama with q, k and v in one matrix and gate and up in another, and a
//! context extended by LongRoPE.

use serde_json::json;

use super::{
    Attention, Config, Layer, Mlp, Recipe, RopeSettings, Settings, Tensors, activation,
    usual_sizes, usual_weights,
};
use crate::ModelError;

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({"rms_norm_eps": 1e-5});
    let settings = &settings.or(&defaults);
    let sizes = usual_sizes(settings, tensors)?;
    let rope = RopeSettings::of(*settings, "rope_theta")?;
    let rope = rope.partial_rope(&sizes, rope.part().unwrap_or(1.0))?;
    let mut config = Config::plain(&sizes, rope)?;
    config.activation = activation(settings)?;
    let window = settings.optional_count("sliding_window")?;
    config.layers.iter_mut().for_each(|layer| layer.window = window);
    let (d, q, kv, ff) = (config.d_model, config.q_dim(), config.kv_dim(), config.d_ff);
    let weights = usual_weights(settings, &config, tensors, |index| {
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let qkv = tensors.linear(&name("self_attn.qkv_proj"), q + 2 * kv, d)?;
        let gate_up = tensors.linear(&name("mlp.gate_up_proj"), 2 * ff, d)?;
        Ok(Layer {
            attention_norm: Some(tensors.norm(&name("input_layernorm"), d)?),
            attention: Attention {
                q: qkv.gather(0..q),
                k: qkv.gather(q..q + kv),
                v: qkv.gather(q + kv..q + 2 * kv),
                output: tensors.linear(&name("self_attn.o_proj"), d, q)?,
                q_norm: None,
                k_norm: None,
            },
            attention_post_norm: None,
            mlp_norm: Some(tensors.norm(&name("post_attention_layernorm"), d)?),
            mlp: Mlp {
                gate: Some(gate_up.gather(0..ff)),
                up: gate_up.gather(ff..2 * ff),
                down: tensors.linear(&name("mlp.down_proj"), d, ff)?,
            },
            mlp_post_norm: None,
        })
    })?;
    Ok(Recipe { config, weights })
}
