//! The rotary embedding that settings ask for.
//!
//! Up to version 4, transformers writes `rope_theta`, `partial_rotary_factor` and an object
//! `rope_scaling`; from version 5 on, one object `rope_parameters` with all of it, or with one such
//! object per type of layer. The rules of scaling are those of `modeling_rope_utils.py` there.

use serde_json::Value;

use super::settings::{Settings, unusable};
use crate::ModelError;
use crate::config::{Llama3Scaling, LongRopeScaling, Pairing, Rope, Sizes, YarnScaling};

/// The base where nothing is said.
const USUAL_THETA: f32 = 10_000.0;

/// What the settings say about one rotary embedding.
pub(super) struct RopeSettings<'a> {
    /// The whole configuration.
    settings: Settings<'a>,
    /// The object that describes the scaling; empty if there is none.
    scaling: Settings<'a>,
    /// The type of scaling.
    kind: &'a str,
    theta: f32,
    /// How much of a head is turned, if it is said.
    part: Option<f32>,
}

impl<'a> RopeSettings<'a> {
    /// The rotary embedding of all layers. Its base has a name of its own in some families.
    pub(super) fn of(settings: Settings<'a>, theta_key: &'static str) -> Result<Self, ModelError> {
        let old = settings.optional_object("rope_scaling")?;
        let new = settings.optional_object("rope_parameters")?;
        let (scaling, kind) = match (old, new) {
            (None, None) => (Settings::of(&Value::Null), "default"),
            (Some(old), None) => (old, old.text("rope_type").or_else(|_| old.text("type"))?),
            (None, Some(new)) if new.holds_objects() => {
                let what = "a rotary embedding per type of layer (\"rope_parameters\")".into();
                return Err(ModelError::Feature { what });
            }
            (None, Some(new)) => (new, new.optional_text("rope_type")?.unwrap_or("default")),
            (Some(_), Some(_)) => {
                let what = "both \"rope_scaling\" and \"rope_parameters\"".into();
                return Err(ModelError::Feature { what });
            }
        };
        let theta = match scaling.optional_number("rope_theta")? {
            Some(theta) => theta,
            None => settings.number(theta_key, USUAL_THETA)?,
        };
        RopeSettings::new(settings, scaling, kind, theta)
    }

    /// The rotary embedding of the layers of one type, described by an object of their own.
    pub(super) fn of_layers(
        settings: Settings<'a>,
        described: Settings<'a>,
    ) -> Result<Self, ModelError> {
        let kind = described.optional_text("rope_type")?.unwrap_or("default");
        let theta = described.positive("rope_theta")? as f32;
        RopeSettings::new(settings, described, kind, theta)
    }

    fn new(
        settings: Settings<'a>,
        scaling: Settings<'a>,
        kind: &'a str,
        theta: f32,
    ) -> Result<Self, ModelError> {
        if !(theta > 1.0 && theta.is_finite()) {
            return Err(ModelError::Feature { what: format!("a rotary base of {theta}") });
        }
        let part = match scaling.optional_number("partial_rotary_factor")? {
            Some(part) => Some(part),
            None => settings.optional_number("partial_rotary_factor")?,
        };
        Ok(RopeSettings { settings, scaling, kind, theta, part })
    }

    /// How much of a head is turned, if it is said.
    pub(super) fn part(&self) -> Option<f32> {
        self.part
    }

    /// The rotary embedding of this part of a head, in a family that can turn a part.
    pub(super) fn partial_rope(&self, sizes: &Sizes, part: f32) -> Result<Rope, ModelError> {
        let rope = Rope::new(self.theta, sizes.rotated(part)?, Pairing::Halves);
        match self.kind {
            // Dynamic scaling begins with the first sequence that is longer than the context, and
            // those are never run.
            "default" | "dynamic" => Ok(rope),
            "linear" => {
                let factor = self.scaling.positive("factor")? as f32;
                let factors = vec![factor; rope.inverse_frequencies.len()];
                Ok(rope.divided_by(&factors))
            }
            "llama3" => Ok(rope.scaled_as_llama3(&Llama3Scaling {
                factor: self.scaling.positive("factor")? as f32,
                low_frequency_factor: self.scaling.positive("low_freq_factor")? as f32,
                high_frequency_factor: self.scaling.positive("high_freq_factor")? as f32,
                trained_length: self.needed_trained_length()? as f32,
            })),
            "yarn" => Ok(rope.scaled_as_yarn(self.theta, &self.yarn(sizes)?)),
            // "su" is what the first Phi 3 files call it.
            "longrope" | "su" => {
                let pairs = rope.inverse_frequencies.len();
                Ok(rope.scaled_as_longrope(&self.longrope(sizes, pairs)?))
            }
            other => {
                Err(ModelError::Feature { what: format!("{other} scaling of rotary positions") })
            }
        }
    }

    /// The rotary embedding of whole heads.
    pub(super) fn rope(&self, sizes: &Sizes) -> Result<Rope, ModelError> {
        match self.part {
            None | Some(1.0) => self.partial_rope(sizes, 1.0),
            Some(part) => Err(ModelError::Feature {
                what: format!("a rotary embedding of {part} of a head in this family"),
            }),
        }
    }

    fn yarn(&self, sizes: &Sizes) -> Result<YarnScaling, ModelError> {
        let factor = self.scaling.positive("factor")?;
        // The paper's factor, with transformers' two knobs; 0 turns a knob off.
        let stretch_by =
            |knob: f64| if factor <= 1.0 { 1.0 } else { 0.1 * knob * factor.ln() + 1.0 };
        let knob =
            |key| Ok::<_, ModelError>(self.scaling.optional_number(key)?.filter(|x| *x != 0.0));
        let stretch = match (knob("mscale")?, knob("mscale_all_dim")?) {
            (Some(own), Some(all)) => stretch_by(f64::from(own)) / stretch_by(f64::from(all)),
            _ => stretch_by(1.0),
        };
        Ok(YarnScaling {
            factor: factor as f32,
            attention_factor: self.attention_factor(stretch)?,
            beta_fast: self.scaling.optional_positive("beta_fast")?.unwrap_or(32.0) as f32,
            beta_slow: self.scaling.optional_positive("beta_slow")?.unwrap_or(1.0) as f32,
            trained_length: self.trained_length()?.unwrap_or(sizes.context_length) as f32,
            truncate: self.scaling.flag("truncate")?.unwrap_or(true),
        })
    }

    fn longrope(&self, sizes: &Sizes, pairs: usize) -> Result<LongRopeScaling, ModelError> {
        let trained_length = self.needed_trained_length()?;
        let ratio = sizes.context_length as f64 / trained_length as f64;
        if let Some(factor) = self.scaling.optional_positive("factor")?.filter(|x| *x != ratio) {
            let what = format!("a longrope factor of {factor} for a context {ratio} times as long");
            return Err(ModelError::Feature { what });
        }
        let stretch = match ratio {
            ..=1.0 => 1.0,
            _ => (1.0 + ratio.ln() / (trained_length as f64).ln()).sqrt(),
        };
        Ok(LongRopeScaling {
            attention_factor: self.attention_factor(stretch)?,
            trained_length,
            short_factors: self.scaling.positive_list("short_factor", pairs)?,
            long_factors: self.scaling.positive_list("long_factor", pairs)?,
        })
    }

    /// What is given, or else what the other settings imply.
    fn attention_factor(&self, implied: f64) -> Result<f32, ModelError> {
        let factor = self.scaling.optional_positive("attention_factor")?.unwrap_or(implied);
        if factor > 0.0 && factor.is_finite() {
            return Ok(factor as f32);
        }
        Err(ModelError::Feature { what: format!("a rotary attention factor of {factor}") })
    }

    /// The context before it was extended: beside the scaling (Phi 3) or in it.
    fn trained_length(&self) -> Result<Option<usize>, ModelError> {
        let key = "original_max_position_embeddings";
        let beside = self.settings.optional_count(key)?;
        let inside = self.scaling.optional_count(key)?;
        match (beside, inside) {
            (Some(beside), Some(inside)) if beside != inside => Err(ModelError::Feature {
                what: format!("two values of {key:?}, {beside} and {inside}"),
            }),
            _ => Ok(beside.or(inside)),
        }
    }

    fn needed_trained_length(&self) -> Result<usize, ModelError> {
        let key = "original_max_position_embeddings";
        self.trained_length()?.ok_or_else(|| unusable(key, "a positive integer"))
    }
}
