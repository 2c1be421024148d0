//! Gemma 1, 2 and 3 (text). Their norm weights are stored as the forward pass wants them, with the
//! 1 added that Hugging Face's checkpoints leave out. What scores are scaled with is in no file:
//! it follows from the sizes.

use super::{
    Config, Layer, Pairing, Recipe, Rope, Source, norm, recipe, usual_attention, usual_config,
    usual_layer, usual_mlp, with_norms,
};
use crate::ModelError;
use crate::config::LayerConfig;

/// Layers of the 27B models, the ones that do not scale scores by their heads' width.
const LAYERS_OF_GEMMA_2_27B: usize = 46;
const LAYERS_OF_GEMMA_3_27B: usize = 62;

pub(super) fn read_1(source: &Source<'_>) -> Result<Recipe, ModelError> {
    recipe(source, gemma_config(source)?, usual_layer)
}

pub(super) fn read_2(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let mut config = gemma_config(source)?;
    scale_scores(&mut config, LAYERS_OF_GEMMA_2_27B);
    // The first files came without these three; llama.cpp has Gemma 2's published values for them.
    config.attention_softcap = softcap(source, "attn_logit_softcapping", 50.0)?;
    config.logit_softcap = softcap(source, "final_logit_softcapping", 30.0)?;
    let window = source.settings.optional_count("attention.sliding_window")?.unwrap_or(4096);
    set_windows(source, &mut config, 2, LayerConfig { window: Some(window), rope: Some(0) })?;
    recipe(source, config, sandwich_layer)
}

pub(super) fn read_3(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let mut config = gemma_config(source)?;
    scale_scores(&mut config, LAYERS_OF_GEMMA_3_27B);
    config.logit_softcap = softcap(source, "final_logit_softcapping", 0.0)?;
    if let Some(window) = source.settings.count_or_none("attention.sliding_window")? {
        let theta = source.settings.number("rope.freq_base_swa", 10_000.0)?;
        config.ropes.push(Rope::new(theta, config.head_dim, Pairing::Halves));
        set_windows(source, &mut config, 6, LayerConfig { window: Some(window), rope: Some(1) })?;
    }
    recipe(source, config, |source, config, block| {
        let layer = sandwich_layer(source, config, block)?;
        let lengths = (config.head_dim, config.head_dim);
        Ok(Layer { attention: with_norms(source, block, layer.attention, lengths)?, ..layer })
    })
}

fn gemma_config(source: &Source<'_>) -> Result<Config, ModelError> {
    let config = usual_config(source)?;
    Ok(Config { embedding_scale: (config.d_model as f32).sqrt(), ..config })
}

/// By the root of a head's width; in the 27B models, by that of a head's part of the residual
/// stream (Gemma's `config.py`: `query_pre_attn_scalar`).
fn scale_scores(config: &mut Config, layers_of_27b: usize) {
    let width = match config.layers.len() == layers_of_27b {
        true => config.d_model / config.n_heads,
        false => config.head_dim,
    };
    config.attention_scale = (width as f32).powf(-0.5);
}

fn softcap(source: &Source<'_>, key: &str, default: f32) -> Result<Option<f32>, ModelError> {
    Ok(Some(source.settings.number(key, default)?).filter(|cap| *cap != 0.0))
}

/// Makes layers windowed: those that a list in the file marks, or all but the last of every
/// `period`.
fn set_windows(
    source: &Source<'_>,
    config: &mut Config,
    period: usize,
    windowed: LayerConfig,
) -> Result<(), ModelError> {
    let n = config.layers.len();
    let is_windowed = match source.settings.flags("attention.sliding_window_pattern", n)? {
        Some(flags) => flags,
        None => (0..n).map(|index| (index + 1) % period != 0).collect(),
    };
    for (layer, is_windowed) in config.layers.iter_mut().zip(is_windowed) {
        if is_windowed {
            *layer = windowed;
        }
    }
    Ok(())
}

/// Norms before and after attention and MLP.
fn sandwich_layer(source: &Source<'_>, config: &Config, block: &str) -> Result<Layer, ModelError> {
    Ok(Layer {
        attention_norm: norm(source, block, "attn_norm", config.d_model)?,
        attention: usual_attention(source, config, block)?,
        attention_post_norm: norm(source, block, "post_attention_norm", config.d_model)?,
        mlp_norm: norm(source, block, "ffn_norm", config.d_model)?,
        mlp: usual_mlp(source, config, block)?,
        mlp_post_norm: norm(source, block, "post_ffw_norm", config.d_model)?,
    })
}
