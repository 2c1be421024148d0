//! Families in GGUF files, by `general.architecture`.
//!
//! GGUF names tensors and settings alike in all architectures, but leaves to the architecture's
//! name what a `config.json` spells out: which numbers of a head rotary embedding pairs, the kind
//! of norm, the activation, the shape of the MLP. Those are columns of one table here,
//! [`FAMILIES`]; one usual reader serves a third of its rows, and a short file of its own is for a
//! family that differs in more. (A file per family, as `hf` has, would have been as many copies of
//! one call with other constants, and would have hidden the pairing, which nothing in a file
//! reveals.) What a column should say is what llama.cpp computes for the name.

mod gemma;
mod gpt_neox;
mod granite;
mod olmo2;
mod phi3;
mod qwen3;
mod rope;
mod settings;
mod smollm3;
#[cfg(test)]
mod tests;

use super::Recipe;
use crate::config::{Activation, Config, NormKind, Pairing, Rope, Sizes};
use crate::weights::{Attention, Layer, Mlp, Norm, Tensors, Weights};
use crate::{GgufFile, ModelError, Value};
use settings::Settings;

/// What an architecture's name implies, and how to read the rest.
struct Family {
    name: &'static str,
    positions: Positions,
    norm: NormKind,
    activation: Activation,
    mlp: MlpShape,
    read: fn(&Source<'_>) -> Result<Recipe, ModelError>,
}

/// How the model knows where a token stands.
#[derive(Clone, Copy)]
enum Positions {
    /// Rotary embedding. Converters put the rows of q and k in an order in which paired numbers
    /// are neighbours for some architectures, and leave the order of Hugging Face for the others.
    Rotary(Pairing),
    /// A learned vector per position, in `position_embd`.
    Learned,
}

#[derive(Clone, Copy)]
enum MlpShape {
    /// `down(act(gate(x)) * up(x))`
    Gated,
    /// The same, with the rows of the gate above those of up in the matrix `ffn_up`.
    GateAboveUp,
    /// `down(act(up(x)))`
    Plain,
}

const FAMILIES: &[Family] = {
    use Activation::{Gelu, GeluTanh, Silu};
    use MlpShape::{GateAboveUp, Gated, Plain};
    use NormKind::{Layer, Rms};
    use Pairing::{Halves, Neighbours};
    use Positions::{Learned, Rotary};
    &[
        Family::new("gemma", Rotary(Halves), Rms, GeluTanh, Gated, gemma::read_1),
        Family::new("gemma2", Rotary(Halves), Rms, GeluTanh, Gated, gemma::read_2),
        Family::new("gemma3", Rotary(Halves), Rms, GeluTanh, Gated, gemma::read_3),
        Family::new("gpt2", Learned, Layer, GeluTanh, Plain, usual_recipe),
        // llama.cpp has the tanh here; the Pythias were trained with the exact function, and
        // GPT-NeoX 20B, which its reader knows by its size, with the tanh.
        Family::new("gptneox", Rotary(Halves), Layer, Gelu, Plain, gpt_neox::read),
        Family::new("granite", Rotary(Neighbours), Rms, Silu, Gated, granite::read),
        Family::new("llama", Rotary(Neighbours), Rms, Silu, Gated, usual_recipe),
        Family::new("olmo2", Rotary(Halves), Rms, Silu, Gated, olmo2::read),
        Family::new("phi3", Rotary(Halves), Rms, Silu, GateAboveUp, phi3::read),
        Family::new("qwen2", Rotary(Halves), Rms, Silu, Gated, usual_recipe),
        Family::new("qwen3", Rotary(Halves), Rms, Silu, Gated, qwen3::read),
        Family::new("smollm3", Rotary(Neighbours), Rms, Silu, Gated, smollm3::read),
        Family::new("starcoder2", Rotary(Halves), Layer, GeluTanh, Plain, usual_recipe),
    ]
};

impl Family {
    const fn new(
        name: &'static str,
        positions: Positions,
        norm: NormKind,
        activation: Activation,
        mlp: MlpShape,
        read: fn(&Source<'_>) -> Result<Recipe, ModelError>,
    ) -> Self {
        Family { name, positions, norm, activation, mlp, read }
    }
}

/// A file with the family it names.
struct Source<'a> {
    family: &'static Family,
    settings: Settings<'a>,
    tensors: Tensors<'a>,
}

/// Reads a file with the family it names.
pub(crate) fn read(file: &GgufFile) -> Result<Recipe, ModelError> {
    let found = file.text("general.architecture").ok_or_else(|| ModelError::Metadata {
        key: "general.architecture".into(),
        expected: "text",
    })?;
    let family = FAMILIES.iter().find(|family| family.name == found);
    let family = family.ok_or_else(|| ModelError::Architecture {
        found: found.to_owned(),
        supported: FAMILIES.iter().map(|family| family.name).collect::<Vec<_>>().join(", "),
    })?;
    let settings = Settings::of(file, family.name);
    let source = Source { family, settings, tensors: Tensors::of(file.checkpoint()) };
    // These would fail at some tensor; their own names say more.
    source.settings.refuse("expert_count", "a mixture of experts")?;
    if source.settings.flag("attention.causal")? == Some(false) {
        return Err(ModelError::Feature { what: "attention to later tokens".into() });
    }
    let recipe = (family.read)(&source)?;
    source.tensors.refuse_unread(|_| false)?;
    source.settings.refuse_unread(|key, value| is_harmless(&recipe.config, key, value))?;
    Ok(recipe)
}

/// Settings that need not be read: what the tensors say anyway, how a model came about, and a
/// window that hides nothing.
fn is_harmless(config: &Config, key: &str, value: &Value) -> bool {
    match (key, value) {
        ("vocab_size" | "tensor_data_layout", _) => true,
        ("rope.scaling.finetuned" | "rope.scaling.original_context_length", _) => true,
        // An early converter wrote it for all; the one family that it means something to reads it.
        ("use_parallel_residual", _) => true,
        // Of the part that sees, whose tensors are in a file of their own.
        (key, _) if key.starts_with("mm.") || key.starts_with("vision.") => true,
        ("attention.sliding_window", Value::Int(window)) => {
            usize::try_from(*window).is_ok_and(|window| window >= config.context_length)
        }
        _ => false,
    }
}

fn usual_sizes(source: &Source<'_>) -> Result<Sizes, ModelError> {
    let settings = &source.settings;
    let d_model = settings.count("embedding_length")?;
    let n_heads = settings.count("attention.head_count")?;
    let head_dim = settings.optional_count("attention.key_length")?.unwrap_or(d_model / n_heads);
    let value_dim = settings.optional_count("attention.value_length")?.unwrap_or(head_dim);
    if value_dim != head_dim {
        let what = format!("keys of {head_dim} with values of {value_dim} dimensions");
        return Err(ModelError::Feature { what });
    }
    Sizes {
        n_layers: settings.count("block_count")?,
        d_model,
        n_heads,
        n_kv_heads: settings.optional_count("attention.head_count_kv")?.unwrap_or(n_heads),
        head_dim,
        d_ff: settings.count("feed_forward_length")?,
        n_vocab: source.tensors.rows("token_embd.weight")?,
        context_length: settings.count("context_length")?,
        norm_epsilon: settings.needed_number(match source.family.norm {
            NormKind::Rms => "attention.layer_norm_rms_epsilon",
            NormKind::Layer => "attention.layer_norm_epsilon",
        })?,
    }
    .checked()
}

/// The config of a family whose differences are in the table.
fn usual_config(source: &Source<'_>) -> Result<Config, ModelError> {
    let sizes = usual_sizes(source)?;
    let Family { norm, activation, .. } = *source.family;
    let config = match source.family.positions {
        Positions::Rotary(pairing) => Config::plain(&sizes, rope::rope(source, pairing, &sizes)?)?,
        Positions::Learned => {
            let mut config = Config::plain(&sizes, Rope::new(1.0, 0, Pairing::Halves))?;
            config.ropes.clear();
            config.layers.iter_mut().for_each(|layer| layer.rope = None);
            config
        }
    };
    Ok(Config { norm, activation, ..config })
}

/// The projections of a block `blk.N`; q, k and v each for itself or one below the other.
fn usual_attention(
    source: &Source<'_>,
    config: &Config,
    block: &str,
) -> Result<Attention, ModelError> {
    let (d, q, kv) = (config.d_model, config.q_dim(), config.kv_dim());
    let linear =
        |part: &str, rows, cols| source.tensors.linear(&format!("{block}.{part}"), rows, cols);
    let output = linear("attn_output", d, q)?;
    let (q, k, v) = if source.tensors.has(&format!("{block}.attn_qkv.weight")) {
        let qkv = linear("attn_qkv", q + 2 * kv, d)?;
        (qkv.gather(0..q), qkv.gather(q..q + kv), qkv.gather(q + kv..q + 2 * kv))
    } else {
        (linear("attn_q", q, d)?, linear("attn_k", kv, d)?, linear("attn_v", kv, d)?)
    };
    Ok(Attention { q, k, v, output, q_norm: None, k_norm: None })
}

/// Adds norms of q and k, of these lengths.
fn with_norms(
    source: &Source<'_>,
    block: &str,
    attention: Attention,
    (q_len, k_len): (usize, usize),
) -> Result<Attention, ModelError> {
    Ok(Attention {
        q_norm: norm(source, block, "attn_q_norm", q_len)?,
        k_norm: norm(source, block, "attn_k_norm", k_len)?,
        ..attention
    })
}

fn usual_mlp(source: &Source<'_>, config: &Config, block: &str) -> Result<Mlp, ModelError> {
    let (d, ff) = (config.d_model, config.d_ff);
    let linear =
        |part: &str, rows, cols| source.tensors.linear(&format!("{block}.{part}"), rows, cols);
    let (gate, up) = match source.family.mlp {
        MlpShape::Gated => (Some(linear("ffn_gate", ff, d)?), linear("ffn_up", ff, d)?),
        MlpShape::GateAboveUp => {
            let both = linear("ffn_up", 2 * ff, d)?;
            (Some(both.gather(0..ff)), both.gather(ff..2 * ff))
        }
        MlpShape::Plain => (None, linear("ffn_up", ff, d)?),
    };
    Ok(Mlp { gate, up, down: linear("ffn_down", d, ff)? })
}

fn norm(
    source: &Source<'_>,
    block: &str,
    part: &str,
    len: usize,
) -> Result<Option<Norm>, ModelError> {
    source.tensors.norm(&format!("{block}.{part}"), len).map(Some)
}

/// A block with a norm before each part.
fn usual_layer(source: &Source<'_>, config: &Config, block: &str) -> Result<Layer, ModelError> {
    Ok(Layer {
        attention_norm: norm(source, block, "attn_norm", config.d_model)?,
        attention: usual_attention(source, config, block)?,
        attention_post_norm: None,
        mlp_norm: norm(source, block, "ffn_norm", config.d_model)?,
        mlp: usual_mlp(source, config, block)?,
        mlp_post_norm: None,
    })
}

/// All weights, with blocks as a family reads them.
fn usual_weights(
    source: &Source<'_>,
    config: &Config,
    layer: impl Fn(&Source<'_>, &Config, &str) -> Result<Layer, ModelError>,
) -> Result<Weights, ModelError> {
    let Source { family, tensors, .. } = source;
    let (n_vocab, d) = (config.n_vocab, config.d_model);
    let embedding = tensors.matrix("token_embd.weight", n_vocab, d)?;
    let unembedding = tensors.optional_matrix("output.weight", n_vocab, d)?;
    let blocks = 0..config.layers.len();
    Ok(Weights {
        unembedding: unembedding.unwrap_or_else(|| embedding.clone()),
        embedding,
        positions: match family.positions {
            Positions::Rotary(_) => None,
            Positions::Learned => {
                Some(tensors.matrix("position_embd.weight", config.context_length, d)?)
            }
        },
        layers: blocks
            .map(|index| layer(source, config, &format!("blk.{index}")))
            .collect::<Result<_, _>>()?,
        final_norm: tensors.norm("output_norm", d)?,
    })
}

/// A family whose differences are in the table.
fn usual_recipe(source: &Source<'_>) -> Result<Recipe, ModelError> {
    recipe(source, usual_config(source)?, usual_layer)
}

fn recipe(
    source: &Source<'_>,
    config: Config,
    layer: impl Fn(&Source<'_>, &Config, &str) -> Result<Layer, ModelError>,
) -> Result<Recipe, ModelError> {
    let weights = usual_weights(source, &config, layer)?;
    Ok(Recipe { config, weights })
}
