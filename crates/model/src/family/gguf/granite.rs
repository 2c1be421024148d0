//! Granite 3: Llama with four multipliers, of which zero or none means that there is none.

use super::{Recipe, Source, recipe, usual_config, usual_layer};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    // Granite's files say with this flag whether there is a rotary embedding at all.
    if source.settings.flag("rope.scaling.finetuned")? == Some(false) {
        return Err(ModelError::Feature { what: "Granite without rotary embedding".into() });
    }
    let mut config = usual_config(source)?;
    let scale = |key: &str, usual: f32| {
        let scale = source.settings.number(key, usual)?;
        Ok::<f32, ModelError>(if scale == 0.0 { usual } else { scale })
    };
    config.embedding_scale = scale("embedding_scale", 1.0)?;
    config.attention_scale = scale("attention.scale", config.attention_scale)?;
    config.residual_scale = scale("residual_scale", 1.0)?;
    config.logit_scale = 1.0 / scale("logit_scale", 1.0)?;
    recipe(source, config, usual_layer)
}
