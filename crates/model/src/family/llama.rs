//! Llama and its relatives (SmolLM2, Mistral 7B without a window ...), as GGUF names them.

use super::Recipe;
use crate::weights::{Attention, Layer, Linear, Mlp, Tensors, Weights};
use crate::{Config, GgufFile, ModelError, Rope};

/// Reads shape and weights.
///
/// Converters to GGUF reorder the rows of q and k so that the two numbers that rotary embedding
/// turns together lie side by side, which is the order `ops::rope` works in.
pub(super) fn read(file: &GgufFile) -> Result<Recipe, ModelError> {
    refuse_unsupported(file)?;
    let tensors = Tensors::of(file);
    let config = read_config(file, &tensors)?;
    let (d, q, kv, ff) = (config.d_model, config.q_dim(), config.kv_dim(), config.d_ff);

    let layers = (0..config.n_layers)
        .map(|layer| {
            let name = |part: &str| format!("blk.{layer}.{part}");
            let linear = |part: &str, rows, cols| -> Result<Linear, ModelError> {
                Ok(Linear {
                    weight: tensors.matrix(&name(&format!("{part}.weight")), rows, cols)?,
                    bias: tensors.optional_vector(&name(&format!("{part}.bias")), rows)?,
                })
            };
            Ok(Layer {
                attention_norm: tensors.vector(&name("attn_norm.weight"), d)?,
                attention: Attention {
                    q: linear("attn_q", q, d)?,
                    k: linear("attn_k", kv, d)?,
                    v: linear("attn_v", kv, d)?,
                    output: linear("attn_output", d, q)?,
                },
                mlp_norm: tensors.vector(&name("ffn_norm.weight"), d)?,
                mlp: Mlp {
                    gate: linear("ffn_gate", ff, d)?,
                    up: linear("ffn_up", ff, d)?,
                    down: linear("ffn_down", d, ff)?,
                },
            })
        })
        .collect::<Result<_, ModelError>>()?;

    let embedding = tensors.matrix("token_embd.weight", config.n_vocab, d)?;
    let unembedding = match tensors.optional_matrix("output.weight", config.n_vocab, d)? {
        Some(matrix) => matrix,
        None => embedding.clone(),
    };
    let weights = Weights {
        embedding,
        layers,
        final_norm: tensors.vector("output_norm.weight", d)?,
        unembedding,
    };
    Ok(Recipe { config, weights })
}

fn read_config(file: &GgufFile, tensors: &Tensors<'_>) -> Result<Config, ModelError> {
    let count = |key: &str| {
        let key = format!("llama.{key}");
        file.uint(&key)
            .filter(|&n| n > 0)
            .ok_or(ModelError::Metadata { key, expected: "a positive integer" })
    };
    let number = |key: &str, default: f32| {
        file.float(&format!("llama.{key}")).map_or(default, |number| number as f32)
    };
    let d_model = count("embedding_length")?;
    let n_heads = count("attention.head_count")?;
    let n_kv_heads = count("attention.head_count_kv").unwrap_or(n_heads);
    if n_heads % n_kv_heads != 0 {
        return Err(ModelError::Feature {
            what: format!("{n_heads} query heads that {n_kv_heads} key heads do not divide"),
        });
    }
    let head_dim = count("attention.key_length").unwrap_or(d_model / n_heads);
    let rope_dimensions = count("rope.dimension_count").unwrap_or(head_dim);
    if rope_dimensions % 2 != 0 || rope_dimensions > head_dim {
        return Err(ModelError::Feature {
            what: format!("rotary embedding of {rope_dimensions} of {head_dim} dimensions"),
        });
    }
    let factors = tensors.optional_vector("rope_freqs.weight", rope_dimensions / 2)?;
    Ok(Config {
        n_layers: count("block_count")?,
        d_model,
        n_heads,
        n_kv_heads,
        head_dim,
        d_ff: count("feed_forward_length")?,
        n_vocab: tensors.rows("token_embd.weight")?,
        context_length: count("context_length")?,
        norm_epsilon: number("attention.layer_norm_rms_epsilon", 1e-5),
        rope: Rope::new(number("rope.freq_base", 10_000.0), rope_dimensions, factors.as_deref()),
    })
}

/// Features that change the numbers and are not implemented: a model that uses one must not run.
fn refuse_unsupported(file: &GgufFile) -> Result<(), ModelError> {
    let unsupported = [
        ("llama.expert_count", "a mixture of experts"),
        ("llama.attention.sliding_window", "a sliding attention window"),
    ];
    for (key, what) in unsupported {
        if file.uint(key).is_some_and(|n| n > 0) {
            return Err(ModelError::Feature { what: format!("{what} ({key})") });
        }
    }
    let scaling = file.text("llama.rope.scaling.type").unwrap_or("none");
    if scaling != "none" {
        let what = format!("{scaling} scaling of rotary positions (llama.rope.scaling.type)");
        return Err(ModelError::Feature { what });
    }
    Ok(())
}
