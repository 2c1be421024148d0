//! SmolLM3: Llama in which every few layers have no rotary embedding (arXiv:2501.18795), and those
//! a window, if there are windows.

use serde_json::json;

use super::settings::unusable;
use super::{Recipe, Settings, Tensors, optional_window, set_windows, usual_config, usual_recipe};
use crate::ModelError;

pub(super) fn read(settings: &Settings<'_>, tensors: &Tensors<'_>) -> Result<Recipe, ModelError> {
    let defaults = json!({"rope_theta": 2_000_000.0});
    let settings = &settings.or(&defaults);
    let mut config = usual_config(settings, tensors)?;
    let n_layers = config.layers.len();
    let interval = settings.optional_count("no_rope_layer_interval")?.unwrap_or(4);
    let listed = settings.per_layer("no_rope_layers", n_layers)?;
    for (index, layer) in config.layers.iter_mut().enumerate() {
        // Despite the list's name, a 1 in it means that the layer has one.
        let has_rope = match listed {
            Some(listed) => match listed[index].as_u64() {
                Some(flag) => flag != 0,
                None => return Err(unusable("no_rope_layers", "a list of 0 and 1")),
            },
            None => (index + 1) % interval != 0,
        };
        layer.rope = has_rope.then_some(0);
    }
    let has_no_rope: Vec<bool> = config.layers.iter().map(|layer| layer.rope.is_none()).collect();
    let window = optional_window(settings)?;
    set_windows(settings, &mut config, window, |index| has_no_rope[index])?;
    usual_recipe(settings, config, tensors)
}
