//! SmolLM3: Llama in which every fourth layer has no rotary embedding (arXiv:2501.18795). Files do
//! not say which: the fourth is what llama.cpp takes for the name.

use super::{Recipe, Source, recipe, usual_config, usual_layer};
use crate::ModelError;

pub(super) fn read(source: &Source<'_>) -> Result<Recipe, ModelError> {
    let mut config = usual_config(source)?;
    config.layers.iter_mut().skip(3).step_by(4).for_each(|layer| layer.rope = None);
    recipe(source, config, usual_layer)
}
