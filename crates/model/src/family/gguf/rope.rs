//! The rotary embedding that a file asks for. What scaling means is said in `hf/rope.rs`; a file
//! names it more tersely.

use super::{Settings, Source};
use crate::ModelError;
use crate::config::{LongRopeScaling, Pairing, Rope, Sizes, YarnScaling};

pub(super) fn rope(
    source: &Source<'_>,
    pairing: Pairing,
    sizes: &Sizes,
) -> Result<Rope, ModelError> {
    let settings = &source.settings;
    let head_dim = sizes.head_dim;
    let rotated = settings.optional_count("rope.dimension_count")?.unwrap_or(head_dim);
    if rotated % 2 != 0 || rotated > head_dim {
        let what = format!("rotary embedding of {rotated} of {head_dim} dimensions");
        return Err(ModelError::Feature { what });
    }
    let pairs = rotated / 2;
    let theta = settings.number("rope.freq_base", 10_000.0)?;
    if theta <= 1.0 {
        return Err(ModelError::Feature { what: format!("a rotary base of {theta}") });
    }
    let rope = Rope::new(theta, rotated, pairing);
    // Llama 3.1's scaling by wavelength comes as a divisor per frequency.
    let divisors = divisors_of(source, "rope_freqs.weight", pairs)?;
    // LongRoPE's for short and for long sequences.
    let factors = match (
        divisors_of(source, "rope_factors_short.weight", pairs)?,
        divisors_of(source, "rope_factors_long.weight", pairs)?,
    ) {
        (None, None) => None,
        (Some(short), Some(long)) => Some((short, long)),
        _ => {
            let what = "rope_factors for short or for long sequences alone".into();
            return Err(ModelError::Feature { what });
        }
    };
    let kind = settings.optional_text("rope.scaling.type")?;
    match (kind, divisors, factors) {
        (Some("none"), None, None) => Ok(rope),
        // Without a type, a factor means linear scaling.
        (None | Some("linear"), None, None) => Ok(rope.divided_by(&vec![factor(settings)?; pairs])),
        (None | Some("none"), Some(divisors), None) => Ok(rope.divided_by(&divisors)),
        (Some("yarn"), None, None) => Ok(rope.scaled_as_yarn(theta, &yarn(settings, sizes)?)),
        (None | Some("longrope"), None, Some((short_factors, long_factors))) => Ok(rope
            .scaled_as_longrope(&LongRopeScaling {
                attention_factor: settings.positive("rope.scaling.attn_factor")?,
                trained_length: settings.count("rope.scaling.original_context_length")?,
                short_factors,
                long_factors,
            })),
        (kind, divisors, factors) => {
            let what = format!(
                "{} scaling of rotary positions {} rope_freqs and {} rope_factors",
                kind.unwrap_or("linear"),
                divisors.map_or("without", |_| "with"),
                factors.map_or("without", |_| "with"),
            );
            Err(ModelError::Feature { what })
        }
    }
}

/// What frequencies are divided by, pair by pair.
fn divisors_of(
    source: &Source<'_>,
    name: &str,
    pairs: usize,
) -> Result<Option<Vec<f32>>, ModelError> {
    let divisors = source.tensors.optional_vector(name, pairs)?;
    let odd = divisors.iter().flatten().find(|divisor| !(**divisor > 0.0 && divisor.is_finite()));
    match odd {
        None => Ok(divisors),
        Some(odd) => Err(ModelError::Tensor {
            name: name.to_owned(),
            expected: "positive numbers".into(),
            found: odd.to_string(),
        }),
    }
}

/// By what positions are slowed down; older files have it under another key, and 0 is none.
fn factor(settings: &Settings<'_>) -> Result<f32, ModelError> {
    let factor = match settings.optional_number("rope.scaling.factor")? {
        Some(factor) => factor,
        None => settings.number("rope.scale_linear", 1.0)?,
    };
    match factor {
        0.0 => Ok(1.0),
        factor if factor > 0.0 => Ok(factor),
        _ => Err(ModelError::Feature { what: format!("rotary positions slowed down by {factor}") }),
    }
}

fn yarn(settings: &Settings<'_>, sizes: &Sizes) -> Result<YarnScaling, ModelError> {
    let factor = settings.positive("rope.scaling.factor")?;
    let trained_length = settings.optional_count("rope.scaling.original_context_length")?;
    // Converters write these where a checkpoint sets them. At 1 they change nothing.
    for key in ["rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor"] {
        let factor = settings.number(key, 1.0)?;
        if factor != 1.0 {
            return Err(ModelError::Feature { what: format!("{key} = {factor}") });
        }
    }
    Ok(YarnScaling {
        factor,
        // The paper's recommendation.
        attention_factor: if factor <= 1.0 { 1.0 } else { 0.1 * factor.ln() + 1.0 },
        beta_fast: settings.number("rope.scaling.yarn_beta_fast", 32.0)?,
        beta_slow: settings.number("rope.scaling.yarn_beta_slow", 1.0)?,
        trained_length: trained_length.unwrap_or(sizes.context_length) as f32,
        truncate: true,
    })
}
