//! Gemma 1, 2 and 3 (text): embeddings are scaled by the root of their width, and norm weights are
//! stored as their difference from 1. Gemma 2 (arXiv:2408.00118) has norms before and after each
//! part, soft caps, and windows in every other layer; Gemma 3 (arXiv:2503.19786) normalises q and
//! k instead of capping, and turns windowed layers with another rope.

use super::{
    Attention, Config, Layer, Norm, Recipe, Settings, Tensors, Weights, usual_attention,
    usual_config, usual_layer, usual_mlp, usual_weights,
};
use crate::ModelError;
use crate::config::{LayerConfig, Pairing, Rope};

pub(super) fn read_1(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let config = gemma_config(settings, tensors)?;
    let layer = |index| usual_layer(&config, tensors, index);
    let weights = usual_weights(settings, &config, tensors, layer)?;
    Ok(Recipe { weights: with_one_added(weights), config })
}

pub(super) fn read_2(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let mut config = gemma_config(settings, tensors)?;
    config.attention_scale = settings.number("query_pre_attn_scalar", 256.0)?.powf(-0.5);
    config.attention_softcap = settings.optional_number("attn_logit_softcapping")?;
    config.logit_softcap = settings.optional_number("final_logit_softcapping")?;
    // Without a list, even layers have the window.
    set_windows(settings, &mut config, |index| index % 2 == 0, Some(0))?;
    let layer = |index| sandwich_layer(&config, tensors, index);
    let weights = usual_weights(settings, &config, tensors, layer)?;
    Ok(Recipe { weights: with_one_added(weights), config })
}

pub(super) fn read_3(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let mut config = gemma_config(settings, tensors)?;
    config.attention_scale = settings.number("query_pre_attn_scalar", 256.0)?.powf(-0.5);
    config.attention_softcap = settings.optional_number("attn_logit_softcapping")?;
    config.logit_softcap = settings.optional_number("final_logit_softcapping")?;
    if settings.flag("use_bidirectional_attention")? == Some(true) {
        return Err(ModelError::Feature { what: "bidirectional attention".into() });
    }
    let local_theta = settings.number("rope_local_base_freq", 10_000.0)?;
    config.ropes.push(Rope::new(local_theta, config.head_dim, Pairing::Halves));
    let pattern = match settings.optional_count("sliding_window_pattern")? {
        Some(pattern) => pattern,
        None => settings.optional_count("_sliding_window_pattern")?.unwrap_or(6),
    };
    set_windows(settings, &mut config, |index| (index + 1) % pattern != 0, Some(1))?;
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

fn gemma_config(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Config, ModelError> {
    let config = usual_config(settings, tensors)?;
    Ok(Config { embedding_scale: (config.d_model as f32).sqrt(), ..config })
}

/// Gives the windowed layers their window and their rope, by the list in the settings or else by
/// the family's pattern.
fn set_windows(
    settings: &Settings<'_>,
    config: &mut Config,
    pattern: impl Fn(usize) -> bool,
    windowed_rope: Option<usize>,
) -> Result<(), ModelError> {
    let window = settings.count("sliding_window")?;
    let listed = settings.per_layer("layer_types", config.layers.len())?;
    for (index, layer) in config.layers.iter_mut().enumerate() {
        let is_windowed = match listed {
            Some(listed) => listed[index] == "sliding_attention",
            None => pattern(index),
        };
        if is_windowed {
            *layer = LayerConfig { window: Some(window), rope: windowed_rope };
        }
    }
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
