//! Phi 3 and 4: what their table row says, and a window in all layers. llama.cpp reads it and
//! leaves it out; transformers, and so this reader, has it.

use super::{Recipe, Source, recipe, usual_config, usual_layer};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let mut config = usual_config(source)?;
    let mut window = source.settings.count_or_none("attention.sliding_window")?;
    // The first files do not say it: the models for 4096 tokens have a window of 2047.
    if window.is_none() && config.context_length == 4096 {
        window = Some(2047);
    }
    config.layers.iter_mut().for_each(|layer| layer.window = window);
    recipe(source, config, usual_layer)
}
