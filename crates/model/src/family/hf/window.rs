//! Sliding windows: which layers see only the latest positions.

use super::settings::Settings;
use crate::{Config, ModelError};

/// Gives layers their window: those that `layer_types` lists, or else those of the family's
/// `pattern`, which holds only if there is a window at all.
pub(super) fn set_windows(
    settings: &Settings<'_>,
    config: &mut Config,
    window: Option<usize>,
    pattern: impl Fn(usize) -> bool,
) -> Result<(), ModelError> {
    let listed = settings.per_layer("layer_types", config.layers.len())?;
    for (index, layer) in config.layers.iter_mut().enumerate() {
        let is_windowed = match listed.map(|listed| &listed[index]) {
            None => window.is_some() && pattern(index),
            Some(kind) => match kind.as_str() {
                Some("full_attention") => false,
                Some("sliding_attention") => true,
                _ => return Err(ModelError::Feature { what: format!("a layer of type {kind}") }),
            },
        };
        if is_windowed && window.is_none() {
            let what = "\"sliding_attention\" layers without a \"sliding_window\" in use".into();
            return Err(ModelError::Feature { what });
        }
        layer.window = window.filter(|_| is_windowed);
    }
    Ok(())
}

/// The window in families that have one only if `use_sliding_window` says so.
pub(super) fn optional_window(settings: &Settings<'_>) -> Result<Option<usize>, ModelError> {
    match settings.flag("use_sliding_window")? {
        Some(true) => settings.optional_count("sliding_window"),
        _ => Ok(None),
    }
}
