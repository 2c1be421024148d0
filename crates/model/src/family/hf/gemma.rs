//! Gemma 1, 2 and 3 (text): embeddings are scaled by the root of their width, and norm weights are
//! stored as their difference from 1. Gemma 2 (arXiv:2408.00118) has norms before and after each
//! part, soft caps, and windows in every other layer; Gemma 3 (arXiv:2503.19786) normalises q and
//! k instead of capping, and turns windowed layers with another rope.

use serde_json::json;

use super::{
    Attention, Config, Layer, Norm, Recipe, RopeSettings, Settings, Tensors, Weights, set_windows,
    usual_attention, usual_config_with, usual_layer, usual_mlp, usual_sizes, usual_weights,
};
use crate::checkpoint::Checkpoint;
use crate::{Activation, ModelError};

pub(super) fn read_1(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({"head_dim": 256, "hidden_act": "gelu_pytorch_tanh"});
    let settings = &settings.or(&defaults);
    let rope = RopeSettings::of(*settings, "rope_theta")?;
    let mut config = gemma_config(settings, tensors, &rope)?;
    // The first Gemmas were trained with the tanh, though their files say "gelu". Early versions of
    // transformers, llama.cpp and the makers' own code correct that; later ones take it literally.
    if settings.optional_text("hidden_activation")?.is_none() {
        config.activation = Activation::GeluTanh;
    }
    let layer = |index| usual_layer(&config, tensors, index);
    let weights = usual_weights(settings, &config, tensors, layer)?;
    Ok(Recipe { weights: with_one_added(weights), config })
}

pub(super) fn read_2(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({
        "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "sliding_window": 4096,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0,
    });
    let settings = &settings.or(&defaults);
    let rope = RopeSettings::of(*settings, "rope_theta")?;
    let mut config = gemma_config(settings, tensors, &rope)?;
    set_attention(settings, &mut config)?;
    let window = settings.optional_count("sliding_window")?;
    set_windows(settings, &mut config, window, |index| index % 2 == 0)?;
    let layer = |index| sandwich_layer(&config, tensors, index);
    let weights = usual_weights(settings, &config, tensors, layer)?;
    Ok(Recipe { weights: with_one_added(weights), config })
}

pub(super) fn read_3(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    // Google's own files leave most of this out.
    let defaults = json!({
        "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256,
        "max_position_embeddings": 131_072, "hidden_activation": "gelu_pytorch_tanh",
        "sliding_window": 4096, "rope_theta": 1e6, "rope_local_base_freq": 1e4,
    });
    let settings = &settings.or(&defaults);
    let local = json!({"rope_theta": settings.number("rope_local_base_freq", 1e4)?});
    let [global_rope, local_rope] = match settings.optional_object("rope_parameters")? {
        None => [
            RopeSettings::of(*settings, "rope_theta")?,
            RopeSettings::of_layers(*settings, Settings::of(&local))?,
        ],
        Some(both) => [
            RopeSettings::of_layers(*settings, both.object("full_attention")?)?,
            RopeSettings::of_layers(*settings, both.object("sliding_attention")?)?,
        ],
    };
    let mut config = gemma_config(settings, tensors, &global_rope)?;
    config.ropes.push(local_rope.rope(&usual_sizes(settings, tensors)?)?);
    if config.short_length().is_some() {
        return Err(ModelError::Feature { what: "longrope in this family".into() });
    }
    set_attention(settings, &mut config)?;
    let pattern = match settings.optional_count("sliding_window_pattern")? {
        Some(pattern) => pattern,
        None => settings.optional_count("_sliding_window_pattern")?.unwrap_or(6),
    };
    let window = settings.optional_count("sliding_window")?;
    set_windows(settings, &mut config, window, |index| (index + 1) % pattern != 0)?;
    let windowed = config.layers.iter_mut().filter(|layer| layer.window.is_some());
    windowed.for_each(|layer| layer.rope = Some(1));
    let weights = usual_weights(settings, &config, tensors, |index| {
        let layer = sandwich_layer(&config, tensors, index)?;
        let norm = |part: &str| {
            tensors.norm(&format!("model.layers.{index}.self_attn.{part}"), config.head_dim)
        };
        let (q_norm, k_norm) = (Some(norm("q_norm")?), Some(norm("k_norm")?));
        Ok(Layer { attention: Attention { q_norm, k_norm, ..layer.attention }, ..layer })
    })?;
    Ok(Recipe { weights: with_one_added(weights), config })
}

/// Whether a tensor is one that Gemma 3 sees with.
pub(super) fn is_sight(name: &str) -> bool {
    let name = name.strip_prefix("model.").unwrap_or(name);
    ["vision_tower.", "multi_modal_projector."].iter().any(|part| name.starts_with(part))
}

/// The text model of a Gemma 3 that sees. Its tensors have had two orders of names.
pub(super) fn text_part<'a>(
    settings: &Settings<'a>,
    checkpoint: &'a Checkpoint,
) -> Result<(Settings<'a>, Tensors<'a>), ModelError> {
    let older = |name: &str| format!("language_model.{name}");
    let newer = |name: &str| match name.strip_prefix("model.") {
        Some(rest) => format!("model.language_model.{rest}"),
        None => name.to_owned(),
    };
    let is_older = checkpoint.get("language_model.model.embed_tokens.weight").is_some();
    let tensors = Tensors::under_other_names(checkpoint, if is_older { older } else { newer });
    Ok((settings.object("text_config")?, tensors))
}

fn gemma_config(
    settings: &Settings<'_>,
    tensors: &Tensors<'_>,
    rope: &RopeSettings<'_>,
) -> Result<Config, ModelError> {
    if settings.flag("use_bidirectional_attention")? == Some(true) {
        return Err(ModelError::Feature { what: "bidirectional attention".into() });
    }
    let config = usual_config_with(settings, tensors, rope)?;
    Ok(Config { embedding_scale: (config.d_model as f32).sqrt(), ..config })
}

/// Scale and caps of Gemma 2 and 3.
fn set_attention(settings: &Settings<'_>, config: &mut Config) -> Result<(), ModelError> {
    config.attention_scale = settings.number("query_pre_attn_scalar", 256.0)?.powf(-0.5);
    config.attention_softcap = settings.optional_number("attn_logit_softcapping")?;
    config.logit_softcap = settings.optional_number("final_logit_softcapping")?;
    Ok(())
}

/// Norms before and after attention and MLP.
fn sandwich_layer(
    config: &Config,
    tensors: &Tensors<'_>,
    index: usize,
) -> Result<Layer, ModelError> {
    let name = |part: &str| format!("model.layers.{index}.{part}");
    let norm = |part: &str| tensors.norm(&name(part), config.d_model).map(Some);
    Ok(Layer {
        attention_norm: norm("input_layernorm")?,
        attention: usual_attention(config, tensors, &name("self_attn"))?,
        attention_post_norm: norm("post_attention_layernorm")?,
        mlp_norm: norm("pre_feedforward_layernorm")?,
        mlp: usual_mlp(config, tensors, &name("mlp"))?,
        mlp_post_norm: norm("post_feedforward_layernorm")?,
    })
}

/// Every norm's weight as the forward pass wants it.
fn with_one_added(mut weights: Weights) -> Weights {
    let add_one = |norm: &mut Norm| norm.weight.iter_mut().for_each(|weight| *weight += 1.0);
    add_one(&mut weights.final_norm);
    for layer in &mut weights.layers {
        let of_parts = [&mut layer.attention_norm, &mut layer.attention_post_norm];
        let of_mlp = [&mut layer.mlp_norm, &mut layer.mlp_post_norm];
        let of_heads = [&mut layer.attention.q_norm, &mut layer.attention.k_norm];
        of_parts.into_iter().chain(of_mlp).chain(of_heads).flatten().for_each(add_one);
    }
    weights
}
