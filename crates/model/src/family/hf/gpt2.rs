//! GPT-2: learned positions, LayerNorm, an MLP without a gate, and linear layers stored as
//! `[inputs][outputs]` ("Conv1D").

use super::{
    Attention, Config, Layer, Linear, Mlp, Recipe, Settings, Sizes, Tensors, Weights, activation,
    unembedding,
};
use crate::config::{Pairing, Rope};
use crate::{ModelError, NormKind};

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    for (key, usual) in [("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false)] {
        if settings.flag(key)?.unwrap_or(usual) != usual {
            return Err(ModelError::Feature { what: format!("{key} = {}", !usual) });
        }
    }
    // The first checkpoints have no prefix.
    let prefix = if tensors.has("wte.weight") { "" } else { "transformer." };
    let top = |part: &str| format!("{prefix}{part}");
    let d = settings.count("n_embd")?;
    let n_heads = settings.count("n_head")?;
    let sizes = Sizes {
        n_layers: settings.count("n_layer")?,
        d_model: d,
        n_heads,
        n_kv_heads: n_heads,
        head_dim: d / n_heads,
        d_ff: settings.optional_count("n_inner")?.unwrap_or(4 * d),
        n_vocab: tensors.rows(&top("wte.weight"))?,
        context_length: settings.count("n_positions")?,
        norm_epsilon: settings.number("layer_norm_epsilon", 1e-5)?,
    }
    .checked()?;
    let mut config = Config {
        norm: NormKind::Layer,
        activation: activation(settings)?,
        ..Config::plain(&sizes, Rope::new(1.0, 0, Pairing::Halves))?
    };
    config.ropes.clear();
    config.layers.iter_mut().for_each(|layer| layer.rope = None);

    let layers = (0..sizes.n_layers)
        .map(|index| {
            let name = |part: &str| top(&format!("h.{index}.{part}"));
            let q = config.q_dim();
            let qkv = conv1d(tensors, &name("attn.c_attn"), 3 * q, d)?;
            Ok(Layer {
                attention_norm: Some(tensors.norm(&name("ln_1"), d)?),
                attention: Attention {
                    q: qkv.gather(0..q),
                    k: qkv.gather(q..2 * q),
                    v: qkv.gather(2 * q..3 * q),
                    output: conv1d(tensors, &name("attn.c_proj"), d, q)?,
                    q_norm: None,
                    k_norm: None,
                },
                attention_post_norm: None,
                mlp_norm: Some(tensors.norm(&name("ln_2"), d)?),
                mlp: Mlp {
                    gate: None,
                    up: conv1d(tensors, &name("mlp.c_fc"), config.d_ff, d)?,
                    down: conv1d(tensors, &name("mlp.c_proj"), d, config.d_ff)?,
                },
                mlp_post_norm: None,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    let embedding = tensors.matrix(&top("wte.weight"), config.n_vocab, d)?;
    let weights = Weights {
        unembedding: unembedding(settings, &config, tensors, "lm_head.weight", &embedding)?,
        embedding,
        positions: Some(tensors.matrix(&top("wpe.weight"), config.context_length, d)?),
        layers,
        final_norm: tensors.norm(&top("ln_f"), d)?,
    };
    Ok(Recipe { config, weights })
}

fn conv1d(
    tensors: &Tensors<'_>,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Linear, ModelError> {
    let stored = tensors.matrix(&format!("{name}.weight"), inputs, outputs)?;
    let bias = tensors.optional_vector(&format!("{name}.bias"), outputs)?;
    Ok(Linear { weight: stored.transposed()?, bias })
}
