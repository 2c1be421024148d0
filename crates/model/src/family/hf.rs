//! Families in Hugging Face's layout, by the `model_type` of `config.json`.

mod gemma;
mod gpt2;
mod gpt_neox;
mod granite;
mod llama;
mod olmo2;
mod phi3;
mod qwen;
mod rope;
mod settings;
mod smollm3;
mod starcoder2;
mod window;

use super::Recipe;
use crate::config::{Activation, Config, Sizes};
use crate::weights::{Attention, Layer, Linear, Matrix, Mlp, Norm, Tensors, Weights};
use crate::{HfFolder, ModelError};
use rope::RopeSettings;
use settings::Settings;
use window::{optional_window, set_windows};

type Reader = fn(&Settings<'_>, &Tensors<'_>) -> Result<Recipe, ModelError>;

const FAMILIES: &[(&str, Reader)] = &[
    ("gemma", gemma::read_1),
    ("gemma2", gemma::read_2),
    ("gemma3", gemma::read_3),
    ("gemma3_text", gemma::read_3),
    ("gpt2", gpt2::read),
    ("gpt_neox", gpt_neox::read),
    ("granite", granite::read),
    ("llama", llama::read),
    ("mistral", llama::read_mistral),
    ("olmo2", olmo2::read),
    ("phi3", phi3::read),
    ("qwen2", qwen::read_2),
    ("qwen3", qwen::read_3),
    ("smollm3", smollm3::read),
    ("starcoder2", starcoder2::read),
];

/// Reads a folder with the family it names.
pub(crate) fn read(folder: &HfFolder) -> Result<Recipe, ModelError> {
    let settings = Settings::of(folder.config());
    let found = settings.text("model_type")?;
    let reader = FAMILIES.iter().find(|(name, _)| *name == found);
    let (_, read) = reader.ok_or_else(|| ModelError::Architecture {
        found: found.to_owned(),
        supported: FAMILIES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
    })?;
    if settings.optional_object("quantization_config")?.is_some() {
        let what = "quantized weights (\"quantization_config\")".into();
        return Err(ModelError::Feature { what });
    }
    // A Gemma 3 that sees has a text model in it, and that is what we run.
    let sees = found == "gemma3";
    let (settings, tensors) = if sees {
        gemma::text_part(&settings, folder.checkpoint())?
    } else {
        (settings, Tensors::of(folder.checkpoint()))
    };
    let recipe = read(&settings, &tensors)?;
    tensors.refuse_unread(|name| is_harmless(name) || (sees && gemma::is_sight(name)))?;
    Ok(recipe)
}

/// Tensors that checkpoints carry but that follow from the configuration: masks, rotary
/// frequencies, and a copy of a tied unembedding.
fn is_harmless(name: &str) -> bool {
    let endings = [".inv_freq", ".attn.bias", ".attention.bias", ".masked_bias", "lm_head.weight"];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// The sizes under the names that most families use.
fn usual_sizes(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Sizes, ModelError> {
    let d_model = settings.count("hidden_size")?;
    let n_heads = settings.count("num_attention_heads")?;
    let head_dim = settings.optional_count("head_dim")?.unwrap_or(d_model / n_heads);
    Sizes {
        n_layers: settings.count("num_hidden_layers")?,
        d_model,
        n_heads,
        n_kv_heads: settings.optional_count("num_key_value_heads")?.unwrap_or(n_heads),
        head_dim,
        d_ff: settings.count("intermediate_size")?,
        n_vocab: tensors.rows("model.embed_tokens.weight")?,
        context_length: settings.count("max_position_embeddings")?,
        norm_epsilon: settings.number("rms_norm_eps", 1e-6)?,
    }
    .checked()
}

/// The config of a family that differs from [`Config::plain`] in little or nothing.
fn usual_config(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Config, ModelError> {
    usual_config_with(settings, tensors, &RopeSettings::of(*settings, "rope_theta")?)
}

/// That config with another reading of the rotary embedding.
fn usual_config_with(
    settings: &Settings<'_>,
    tensors: &Tensors<'_>,
    rope: &RopeSettings<'_>,
) -> Result<Config, ModelError> {
    let sizes = usual_sizes(settings, tensors)?;
    let mut config = Config::plain(&sizes, rope.rope(&sizes)?)?;
    config.activation = activation(settings)?;
    Ok(config)
}

fn activation(settings: &Settings<'_>) -> Result<Activation, ModelError> {
    let mut name = None;
    for key in ["activation_function", "hidden_act", "hidden_activation"] {
        name = settings.optional_text(key)?.or(name);
    }
    match name {
        Some("silu") => Ok(Activation::Silu),
        Some("gelu") => Ok(Activation::Gelu),
        // Three implementations of one formula.
        Some("gelu_pytorch_tanh" | "gelu_new" | "gelu_fast") => Ok(Activation::GeluTanh),
        other => Err(ModelError::Feature { what: format!("the activation {other:?}") }),
    }
}

/// The four projections `q_proj`, `k_proj`, `v_proj`, `o_proj` below a name.
fn usual_attention(
    config: &Config,
    tensors: &Tensors<'_>,
    name: &str,
) -> Result<Attention, ModelError> {
    let (d, q, kv) = (config.d_model, config.q_dim(), config.kv_dim());
    Ok(Attention {
        q: tensors.linear(&format!("{name}.q_proj"), q, d)?,
        k: tensors.linear(&format!("{name}.k_proj"), kv, d)?,
        v: tensors.linear(&format!("{name}.v_proj"), kv, d)?,
        output: tensors.linear(&format!("{name}.o_proj"), d, q)?,
        q_norm: None,
        k_norm: None,
    })
}

/// The gated MLP `gate_proj`, `up_proj`, `down_proj` below a name.
fn usual_mlp(config: &Config, tensors: &Tensors<'_>, name: &str) -> Result<Mlp, ModelError> {
    let (d, ff) = (config.d_model, config.d_ff);
    Ok(Mlp {
        gate: Some(tensors.linear(&format!("{name}.gate_proj"), ff, d)?),
        up: tensors.linear(&format!("{name}.up_proj"), ff, d)?,
        down: tensors.linear(&format!("{name}.down_proj"), d, ff)?,
    })
}

/// A pre-norm layer under Llama's names.
fn usual_layer(config: &Config, tensors: &Tensors<'_>, index: usize) -> Result<Layer, ModelError> {
    let name = |part: &str| format!("model.layers.{index}.{part}");
    Ok(Layer {
        attention_norm: Some(tensors.norm(&name("input_layernorm"), config.d_model)?),
        attention: usual_attention(config, tensors, &name("self_attn"))?,
        attention_post_norm: None,
        mlp_norm: Some(tensors.norm(&name("post_attention_layernorm"), config.d_model)?),
        mlp: usual_mlp(config, tensors, &name("mlp"))?,
        mlp_post_norm: None,
    })
}

/// All weights under Llama's names, with layers as a family reads them.
fn usual_weights(
    settings: &Settings<'_>,
    config: &Config,
    tensors: &Tensors<'_>,
    layer: impl Fn(usize) -> Result<Layer, ModelError>,
) -> Result<Weights, ModelError> {
    let embedding = tensors.matrix("model.embed_tokens.weight", config.n_vocab, config.d_model)?;
    Ok(Weights {
        unembedding: unembedding(settings, config, tensors, "lm_head.weight", &embedding)?,
        embedding,
        positions: None,
        layers: (0..config.layers.len()).map(layer).collect::<Result<_, _>>()?,
        final_norm: tensors.norm("model.norm", config.d_model)?,
    })
}

/// The unembedding: the embedding where the two are tied. Where the settings are silent, a
/// checkpoint that has a tensor of its own is not tied.
fn unembedding(
    settings: &Settings<'_>,
    config: &Config,
    tensors: &Tensors<'_>,
    name: &str,
    embedding: &Matrix,
) -> Result<Matrix, ModelError> {
    let tied = settings.flag("tie_word_embeddings")?.unwrap_or(!tensors.has(name));
    if tied {
        return Ok(embedding.clone());
    }
    tensors.matrix(name, config.n_vocab, config.d_model)
}

/// A family whose layers are all the usual ones.
fn usual_recipe(
    settings: &Settings<'_>,
    config: Config,
    tensors: &Tensors<'_>,
) -> Result<Recipe, ModelError> {
    let layer = |index| usual_layer(&config, tensors, index);
    let weights = usual_weights(settings, &config, tensors, layer)?;
    Ok(Recipe { config, weights })
}
