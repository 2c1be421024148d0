//! GPT-NeoX and Pythia: attention and MLP side by side (or not), a rotary embedding of part of each
//! head, and q, k and v interleaved head by head in one matrix (arXiv:2204.06745).

use super::{
    Attention, Config, Layer, Mlp, Recipe, RopeSettings, Settings, Sizes, Tensors, Weights,
    activation, unembedding,
};
use crate::{ModelError, NormKind};

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let d = settings.count("hidden_size")?;
    let n_heads = settings.count("num_attention_heads")?;
    let head_dim = d / n_heads;
    let sizes = Sizes {
        n_layers: settings.count("num_hidden_layers")?,
        d_model: d,
        n_heads,
        n_kv_heads: n_heads,
        head_dim,
        d_ff: settings.count("intermediate_size")?,
        n_vocab: tensors.rows("gpt_neox.embed_in.weight")?,
        context_length: settings.count("max_position_embeddings")?,
        norm_epsilon: settings.number("layer_norm_eps", 1e-5)?,
    }
    .checked()?;
    let rope = RopeSettings::of(*settings, "rotary_emb_base")?;
    let part = settings.optional_number("rotary_pct")?.or(rope.part()).unwrap_or(0.25);
    let rope = rope.partial_rope(&sizes, part)?;
    let config = Config {
        norm: NormKind::Layer,
        parallel_residual: settings.flag("use_parallel_residual")?.unwrap_or(true),
        activation: activation(settings)?,
        ..Config::plain(&sizes, rope)?
    };

    let layers = (0..sizes.n_layers)
        .map(|index| {
            let name = |part: &str| format!("gpt_neox.layers.{index}.{part}");
            let qkv = tensors.linear(&name("attention.query_key_value"), 3 * config.q_dim(), d)?;
            // Rows are [head][q, k, v][head_dim].
            let rows_of = |which: usize| {
                (0..n_heads).flat_map(move |head| {
                    let start = (head * 3 + which) * head_dim;
                    start..start + head_dim
                })
            };
            Ok(Layer {
                attention_norm: Some(tensors.norm(&name("input_layernorm"), d)?),
                attention: Attention {
                    q: qkv.gather(rows_of(0)),
                    k: qkv.gather(rows_of(1)),
                    v: qkv.gather(rows_of(2)),
                    output: tensors.linear(&name("attention.dense"), d, config.q_dim())?,
                    q_norm: None,
                    k_norm: None,
                },
                attention_post_norm: None,
                mlp_norm: Some(tensors.norm(&name("post_attention_layernorm"), d)?),
                mlp: Mlp {
                    gate: None,
                    up: tensors.linear(&name("mlp.dense_h_to_4h"), config.d_ff, d)?,
                    down: tensors.linear(&name("mlp.dense_4h_to_h"), d, config.d_ff)?,
                },
                mlp_post_norm: None,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    let embedding = tensors.matrix("gpt_neox.embed_in.weight", config.n_vocab, d)?;
    let weights = Weights {
        unembedding: unembedding(settings, &config, tensors, "embed_out.weight", &embedding)?,
        embedding,
        positions: None,
        layers,
        final_norm: tensors.norm("gpt_neox.final_layer_norm", d)?,
    };
    Ok(Recipe { config, weights })
}
