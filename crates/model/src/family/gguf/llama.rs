//! Llama and its relatives (SmolLM2, Mistral 7B without a window ...), as GGUF names them.

use super::Recipe;
use crate::config::{Config, Pairing, Rope, Sizes};
use crate::family::LARGEST_COUNT;
use crate::weights::{Attention, Layer, Mlp, Tensors, Weights};
use crate::{GgufFile, ModelError};

/// Reads shape and weights.
///
/// Converters to GGUF reorder the rows of q and k so that the two numbers that rotary embedding
/// turns together lie side by side.
pub(super) fn read(file: &GgufFile) -> Result<Recipe, ModelError> {
    refuse_unsupported(file)?;
    let tensors = Tensors::of(file.checkpoint());
    let config = read_config(file, &tensors)?;
    let (d, q, kv, ff) = (config.d_model, config.q_dim(), config.kv_dim(), config.d_ff);

    let layers = (0..config.layers.len())
        .map(|layer| {
            let name = |part: &str| format!("blk.{layer}.{part}");
            Ok(Layer {
                attention_norm: Some(tensors.norm(&name("attn_norm"), d)?),
                attention: Attention {
                    q: tensors.linear(&name("attn_q"), q, d)?,
                    k: tensors.linear(&name("attn_k"), kv, d)?,
                    v: tensors.linear(&name("attn_v"), kv, d)?,
                    output: tensors.linear(&name("attn_output"), d, q)?,
                    q_norm: None,
                    k_norm: None,
                },
                attention_post_norm: None,
                mlp_norm: Some(tensors.norm(&name("ffn_norm"), d)?),
                mlp: Mlp {
                    gate: Some(tensors.linear(&name("ffn_gate"), ff, d)?),
                    up: tensors.linear(&name("ffn_up"), ff, d)?,
                    down: tensors.linear(&name("ffn_down"), d, ff)?,
                },
                mlp_post_norm: None,
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
        positions: None,
        layers,
        final_norm: tensors.norm("output_norm", d)?,
        unembedding,
    };
    tensors.refuse_unread(|_| false)?;
    Ok(Recipe { config, weights })
}

fn read_config(file: &GgufFile, tensors: &Tensors<'_>) -> Result<Config, ModelError> {
    // Absent and unusable are different: an absent count may have a default, an odd one (zero, a
    // list per layer) means a model we would get wrong.
    let optional_count = |key: &str| -> Result<Option<usize>, ModelError> {
        let key = format!("llama.{key}");
        match file.value(&key) {
            None => Ok(None),
            Some(_) => match file.uint(&key) {
                Some(n) if (1..=LARGEST_COUNT).contains(&n) => Ok(Some(n)),
                _ => Err(ModelError::Metadata { key, expected: "a positive integer" }),
            },
        }
    };
    let count = |key: &str| {
        optional_count(key)?.ok_or(ModelError::Metadata {
            key: format!("llama.{key}"),
            expected: "a positive integer",
        })
    };
    let number = |key: &str, default: f32| {
        file.float(&format!("llama.{key}")).map_or(default, |number| number as f32)
    };
    let d_model = count("embedding_length")?;
    let n_heads = count("attention.head_count")?;
    let n_kv_heads = optional_count("attention.head_count_kv")?.unwrap_or(n_heads);
    let head_dim = optional_count("attention.key_length")?.unwrap_or(d_model / n_heads);
    // The tensor's real size bounds what the metadata claims, before anything is computed from it.
    let q_rows = tensors.rows("blk.0.attn_q.weight")?;
    if head_dim == 0 || n_heads * head_dim != q_rows {
        return Err(ModelError::Feature {
            what: format!("{n_heads} heads of {head_dim} with {q_rows} rows of queries"),
        });
    }
    let rope_dimensions = optional_count("rope.dimension_count")?.unwrap_or(head_dim);
    if rope_dimensions % 2 != 0 || rope_dimensions > head_dim {
        return Err(ModelError::Feature {
            what: format!("rotary embedding of {rope_dimensions} of {head_dim} dimensions"),
        });
    }
    let theta = number("rope.freq_base", 10_000.0);
    let mut rope = Rope::new(theta, rope_dimensions, Pairing::Neighbours);
    if let Some(factors) = tensors.optional_vector("rope_freqs.weight", rope_dimensions / 2)? {
        rope = rope.divided_by(&factors);
    }
    let sizes = Sizes {
        n_layers: count("block_count")?,
        d_model,
        n_heads,
        n_kv_heads,
        head_dim,
        d_ff: count("feed_forward_length")?,
        n_vocab: tensors.rows("token_embd.weight")?,
        context_length: count("context_length")?,
        norm_epsilon: number("attention.layer_norm_rms_epsilon", 1e-5),
    }
    .checked()?;
    Config::plain(&sizes, rope)
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
    // Without a type, a factor means linear scaling; older files have it under another key.
    let scaling = file.text("llama.rope.scaling.type").unwrap_or("linear");
    let factor = ["llama.rope.scaling.factor", "llama.rope.scale_linear"]
        .into_iter()
        .find_map(|key| file.float(key))
        .unwrap_or(1.0);
    let is_off = scaling == "none" || (scaling == "linear" && (factor == 0.0 || factor == 1.0));
    if !is_off {
        let what = format!("{scaling} scaling of rotary positions by {factor}");
        return Err(ModelError::Feature { what });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TinyGguf, Value::*};
    use crate::{GgufFile, family};

    /// A one-layer model of width 8 that is read without complaint.
    fn tiny() -> TinyGguf {
        let mut file = TinyGguf::new("llama");
        for (key, n) in [
            ("block_count", 1),
            ("context_length", 16),
            ("embedding_length", 8),
            ("feed_forward_length", 4),
            ("attention.head_count", 2),
            ("attention.head_count_kv", 1),
        ] {
            file.set(&format!("llama.{key}"), U32(n));
        }
        for (name, extents) in [
            ("token_embd.weight", &[8, 3][..]),
            ("output_norm.weight", &[8]),
            ("blk.0.attn_norm.weight", &[8]),
            ("blk.0.attn_q.weight", &[8, 8]),
            ("blk.0.attn_k.weight", &[8, 4]),
            ("blk.0.attn_v.weight", &[8, 4]),
            ("blk.0.attn_output.weight", &[8, 8]),
            ("blk.0.ffn_norm.weight", &[8]),
            ("blk.0.ffn_gate.weight", &[8, 4]),
            ("blk.0.ffn_up.weight", &[8, 4]),
            ("blk.0.ffn_down.weight", &[4, 8]),
        ] {
            file.tensor(name, extents);
        }
        file
    }

    fn error_of(change: impl FnOnce(&mut TinyGguf)) -> Option<String> {
        let mut file = tiny();
        change(&mut file);
        let file = file.write();
        let file = GgufFile::open(file.path()).unwrap();
        family::read_gguf(&file).err().map(|error| error.to_string())
    }

    #[test]
    fn a_sound_file_is_read() {
        assert_eq!(error_of(|_| {}), None);
        assert_eq!(error_of(|file| file.set("llama.rope.scaling.factor", F32(1.0))), None);
    }

    #[test]
    fn what_we_would_get_wrong_is_refused_by_name() {
        for (key, value, complaint) in [
            ("general.architecture", Text("mamba"), "\"mamba\"; supported: llama"),
            ("llama.expert_count", U32(8), "mixture of experts"),
            ("llama.attention.sliding_window", U32(4), "sliding attention window"),
            ("llama.rope.scaling.type", Text("yarn"), "yarn scaling"),
            ("llama.rope.scaling.factor", F32(4.0), "linear scaling of rotary positions by 4"),
            ("llama.rope.scale_linear", F32(4.0), "linear scaling"),
            ("llama.attention.head_count", U32(0), "llama.attention.head_count"),
            ("llama.attention.head_count", U32(16), "16 heads of 0"),
            ("llama.attention.head_count", U32(3), "3 heads of 2 with 8 rows"),
            ("llama.attention.head_count_kv", U32(3), "do not divide"),
            ("llama.attention.head_count_kv", Text("2"), "llama.attention.head_count_kv"),
            ("llama.attention.head_count_kv", U32(2), "expected 8 x 8, found 4 x 8"),
            ("llama.attention.key_length", U32(1 << 30), "heads of 1073741824"),
            ("llama.attention.key_length", U32(u32::MAX), "llama.attention.key_length"),
            ("llama.rope.dimension_count", U32(3), "rotary embedding of 3 of 4"),
            ("llama.block_count", U32(1 << 31), "2147483648 layers"),
            ("llama.block_count", U32(2), "\"blk.1.attn_norm.weight\""),
        ] {
            let error = error_of(|file| file.set(key, value)).unwrap_or_default();
            assert!(error.contains(complaint), "{key}: {error:?} should say {complaint:?}");
        }
        for name in ["output.bias", "blk.0.attn_q_norm.weight", "blk.0.attn_sinks.weight"] {
            let error = error_of(|file| file.tensor(name, &[8])).unwrap_or_default();
            assert!(error.contains(name), "{name}: {error:?}");
        }
    }
}
